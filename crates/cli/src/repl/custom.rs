//! The person's own slash commands: Markdown files.
//!
//! `commands/git/pr.md` is `/git:pr`. `$ARGUMENTS` stands for what is written behind the command.
//! Those of the person always count. Those of a project count once the person has trusted that
//! folder, since whoever wrote the repository wrote them; they win over the person's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mira_engine::settings::Settings;

use crate::input::Input;

/// Folders below `commands/` that are looked into.
const DEEPEST: usize = 4;
/// Larger files are no prompts.
const LARGEST: u64 = 256 << 10;

/// What each command says.
#[derive(Debug, Default)]
pub struct Custom(BTreeMap<String, String>);

impl Custom {
    /// With the slash, for completion.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|name| format!("/{name}"))
    }

    /// Name and first line.
    pub fn list(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| {
            let first = text.lines().map(str::trim).find(|line| !line.is_empty());
            (
                name.as_str(),
                first.unwrap_or_default().trim_start_matches('#').trim(),
            )
        })
    }

    /// The prompt; None for an unknown command.
    pub fn expand(&self, name: &str, arguments: &str) -> Option<String> {
        let text = self.0.get(name)?;
        if text.contains("$ARGUMENTS") {
            return Some(text.replace("$ARGUMENTS", arguments));
        }
        Some(if arguments.is_empty() {
            text.clone()
        } else {
            format!("{text}\n\n{arguments}")
        })
    }

    fn read(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let (path, Ok(name)) = (entry.path(), entry.file_name().into_string()) else {
                continue;
            };
            // Links are not followed: they may lead out of the folder.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => {
                    self.read(&path, &format!("{prefix}{name}:"), depth + 1);
                }
                Ok(kind) if kind.is_file() => {
                    let small = entry.metadata().is_ok_and(|data| data.len() <= LARGEST);
                    if let (Some(name), true) = (name.strip_suffix(".md"), small)
                        && let Ok(text) = fs::read_to_string(&path)
                    {
                        self.0.insert(format!("{prefix}{name}"), text);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Reads all commands that count; asks whether the project is trusted where that is open.
pub fn load(settings: &Settings, project: &Path, input: &mut Input) -> Custom {
    let mut custom = Custom::default();
    custom.read(&settings.config_dir.join("commands"), "", 0);
    if let Some(home) = std::env::home_dir() {
        custom.read(&home.join(".mira").join("commands"), "", 0);
    }
    let folder = project.join(".mira").join("commands");
    let own = std::env::home_dir().is_some_and(|home| home == project);
    if folder.is_dir() && !own {
        let trust = Trust {
            file: settings.data_dir.join("trusted-folders"),
        };
        let trusted = trust.has(project) || (input.is_terminal() && trust.ask(project));
        if trusted {
            custom.read(&folder, "", 0);
        } else {
            eprintln!(
                "The commands in {} are left out: you have not trusted this folder.",
                folder.display()
            );
        }
    }
    custom
}

/// Folders that the person trusts, a path a line.
struct Trust {
    file: PathBuf,
}

impl Trust {
    fn has(&self, project: &Path) -> bool {
        let known = fs::read_to_string(&self.file).unwrap_or_default();
        project
            .to_str()
            .is_some_and(|project| known.lines().any(|line| line == project))
    }

    fn ask(&self, project: &Path) -> bool {
        eprintln!(
            "{} has commands of its own in .mira/commands.",
            project.display()
        );
        eprint!("Trust this folder and use them? [y/N] ");
        let _ = io::stderr().flush();
        let mut answer = String::new();
        let _ = io::stdin().read_line(&mut answer);
        let yes = answer.trim().eq_ignore_ascii_case("y");
        if yes && let Err(error) = self.remember(project) {
            eprintln!(
                "This could not be remembered in {}: {error}.",
                self.file.display()
            );
        }
        yes
    }

    fn remember(&self, project: &Path) -> io::Result<()> {
        let path = project.to_str().filter(|path| !path.contains('\n'));
        let path = path.ok_or(io::ErrorKind::InvalidFilename)?;
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)?;
        file.write_all(format!("{path}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_become_commands_with_arguments() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("git")).unwrap();
        fs::write(
            folder.path().join("git/pr.md"),
            "# Write a pull request\nFor $ARGUMENTS.",
        )
        .unwrap();
        fs::write(folder.path().join("plain.md"), "Do it.").unwrap();
        fs::write(folder.path().join("note.txt"), "no").unwrap();
        let mut custom = Custom::default();
        custom.read(folder.path(), "", 0);
        let list: Vec<_> = custom.list().collect();
        assert_eq!(
            list,
            [("git:pr", "Write a pull request"), ("plain", "Do it.")]
        );
        let pr = custom.expand("git:pr", "issue 4").unwrap();
        assert_eq!(pr, "# Write a pull request\nFor issue 4.");
        assert_eq!(custom.expand("plain", "now").unwrap(), "Do it.\n\nnow");
        assert_eq!(custom.expand("gone", ""), None);
    }

    #[test]
    fn trust_is_remembered_for_exactly_that_folder() {
        let folder = tempfile::tempdir().unwrap();
        let trust = Trust {
            file: folder.path().join("trusted-folders"),
        };
        assert!(!trust.has(Path::new("/a/b")));
        trust.remember(Path::new("/a/b")).unwrap();
        assert!(trust.has(Path::new("/a/b")));
        for other in ["/a", "/a/b/c", "/a/bc"] {
            assert!(!trust.has(Path::new(other)), "{other}");
        }
    }
}
