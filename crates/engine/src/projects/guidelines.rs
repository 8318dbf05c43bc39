//! Guideline files: what the person wants a coding assistant to know and to keep to.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use mira_protocol::project::GuidelineFile;

/// In one folder in this order: what is said to Mira by name has the last word.
const NAMES: [&str; 3] = ["AGENTS.md", "CLAUDE.md", "MIRA.md"];
/// The most of one file that is read, in bytes.
const MOST_BYTES: u64 = 32 * 1024;

/// The guidelines for work on `focus` (a file or folder; relative to `root`, or absolute) in the
/// project at `root` (canonical), nearest last: the person's own in `config_dir`, then from the
/// top of the git repository down to the root and on to the focus.
///
/// A file that says the same as an earlier one (a link, a copy) is left out; so is a link that
/// leads out of the repository, whatever it points at. Files over 32 KiB are cut.
pub fn guidelines(
    root: &Path,
    focus: Option<&Path>,
    config_dir: Option<&Path>,
) -> Vec<GuidelineFile> {
    let top = repository_of(root).unwrap_or(root);
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    if let Some(folder) = config_dir {
        // The person's own folder may link wherever they like.
        collect(folder, None, root, &mut seen, &mut files);
    }
    for folder in folders(top, root, focus) {
        collect(&folder, Some(top), root, &mut seen, &mut files);
    }
    files
}

/// The nearest folder upwards that holds `.git` (a folder, or a file in worktrees).
fn repository_of(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.join(".git").exists())
}

/// From `top` to `root`, and on towards `focus` as far as it lies inside.
fn folders(top: &Path, root: &Path, focus: Option<&Path>) -> Vec<PathBuf> {
    let mut folders: Vec<_> = root
        .ancestors()
        .take_while(|folder| folder.starts_with(top))
        .map(Path::to_path_buf)
        .collect();
    folders.reverse();
    let inside = focus.and_then(|focus| match focus.is_absolute() {
        true => focus.strip_prefix(root).ok(),
        false => Some(focus),
    });
    let mut folder = root.to_owned();
    for part in inside.into_iter().flat_map(Path::components) {
        match part {
            Component::Normal(name) => folder.push(name),
            Component::CurDir => continue,
            _ => break,
        }
        if !folder.is_dir() {
            break;
        }
        folders.push(folder.clone());
    }
    folders
}

fn collect(
    folder: &Path,
    confined_to: Option<&Path>,
    root: &Path,
    seen: &mut HashSet<String>,
    files: &mut Vec<GuidelineFile>,
) {
    for name in NAMES {
        let path = folder.join(name);
        let Ok(real) = std::fs::canonicalize(&path) else {
            continue;
        };
        if confined_to.is_some_and(|top| !real.starts_with(top)) || !real.is_file() {
            continue;
        }
        let Some((bytes, content)) = read_capped(&real) else {
            continue;
        };
        if content.trim().is_empty() || !seen.insert(content.clone()) {
            continue;
        }
        let shown = path.strip_prefix(root).unwrap_or(&path);
        files.push(GuidelineFile {
            path: shown.to_string_lossy().replace('\\', "/"),
            bytes,
            content,
        });
    }
}

/// The file's size and its beginning as text, cut between characters.
fn read_capped(path: &Path) -> Option<(u64, String)> {
    let file = std::fs::File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut content = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut content).ok()?;
    if bytes <= MOST_BYTES {
        return Some((bytes, String::from_utf8_lossy(&content).into_owned()));
    }
    let end = match std::str::from_utf8(&content) {
        // A character that the cut went through.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => content.len(),
    };
    let text = String::from_utf8_lossy(&content[..end]);
    Some((
        bytes,
        format!("{text}\n[cut: the file has {bytes} bytes]\n"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(files: &[(&str, &str)]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for (path, text) in files {
                let path = tree.path(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            tree
        }

        fn path(&self, path: &str) -> PathBuf {
            std::fs::canonicalize(self.0.path()).unwrap().join(path)
        }

        fn names(&self, root: &str, focus: Option<&str>) -> Vec<String> {
            let config = self.path("config");
            guidelines(&self.path(root), focus.map(Path::new), Some(&config))
                .into_iter()
                .map(|file| file.content)
                .collect()
        }
    }

    #[test]
    fn they_are_ordered_from_the_person_to_the_focus() {
        let tree = Tree::new(&[
            ("AGENTS.md", "outside the repository"),
            ("config/AGENTS.md", "person"),
            ("repo/.git/HEAD", ""),
            ("repo/MIRA.md", "top mira"),
            ("repo/AGENTS.md", "top agents"),
            ("repo/app/CLAUDE.md", "root"),
            ("repo/app/src/deep/AGENTS.md", "focus"),
            ("repo/app/other/AGENTS.md", "elsewhere"),
            ("repo/app/src/deep/x.rs", ""),
        ]);
        let expected = ["person", "top agents", "top mira", "root", "focus"];
        assert_eq!(tree.names("repo/app", Some("src/deep/x.rs")), expected);
        let absolute = tree.path("repo/app/src/deep/x.rs");
        assert_eq!(tree.names("repo/app", absolute.to_str()), expected);
        assert_eq!(tree.names("repo/app", None), expected[..4]);
        assert_eq!(
            tree.names("repo/app", Some("../app/src/deep/x.rs")),
            expected[..4]
        );
    }

    #[test]
    fn without_a_repository_nothing_above_the_root_counts() {
        let tree = Tree::new(&[("AGENTS.md", "above"), ("app/AGENTS.md", "here")]);
        assert_eq!(tree.names("app", None), ["here"]);
    }

    #[test]
    fn copies_and_empty_files_are_left_out_and_large_ones_cut() {
        let tree = Tree::new(&[
            ("app/AGENTS.md", "same"),
            ("app/CLAUDE.md", "same"),
            ("app/MIRA.md", " \n"),
            ("app/sub/MIRA.md", &"ü".repeat(20_000)),
        ]);
        let files = guidelines(&tree.path("app"), Some(Path::new("sub")), None);
        assert_eq!(files.len(), 2);
        assert_eq!(
            (files[1].path.as_str(), files[1].bytes),
            ("sub/MIRA.md", 40_000)
        );
        assert!(files[1].content.len() < 33_000);
        assert!(
            files[1]
                .content
                .ends_with("[cut: the file has 40000 bytes]\n")
        );
        assert!(!files[1].content.contains('\u{fffd}'));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_repository_is_not_followed() {
        let tree = Tree::new(&[
            ("secret", "key"),
            ("app/docs/a.md", "inside"),
            ("app/x", ""),
        ]);
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(tree.path(target), tree.path(name)).unwrap();
        };
        link("secret", "app/AGENTS.md");
        link("app/docs/a.md", "app/CLAUDE.md");
        assert_eq!(tree.names("app", None), ["inside"]);
    }
}
