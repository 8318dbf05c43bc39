//! What a repository's own settings make git run: a folder that somebody else packed may have a
//! `.git` of theirs, and then `git status` runs what they wrote.

use std::path::{Path, PathBuf};

use crate::sandbox::repositories;

/// Hooks that git runs when it only looks.
const LOOKING_HOOKS: [&str; 1] = ["post-index-change"];

/// Programs that git would run while it only looks at the repository in `root`, as the settings
/// name them ("core.fsmonitor = ./x"); empty where there are none. Settings of the person and of
/// the machine are theirs and do not count.
pub fn programs_of_git(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for git in repositories(root) {
        let mut hooks = git.join("hooks");
        for name in ["config", "config.worktree"] {
            let Ok(text) = std::fs::read_to_string(git.join(name)) else {
                continue;
            };
            for (key, value) in entries(&text) {
                if key == "core.hookspath" {
                    hooks = root.join(&value);
                } else if runs(&key, &value) {
                    found.push(format!("{key} = {value}"));
                }
            }
        }
        let of_hooks = LOOKING_HOOKS.map(|name| hooks.join(name));
        let there = of_hooks.iter().filter(|path| path.is_file());
        found.extend(there.map(|path: &PathBuf| path.display().to_string()));
    }
    found
}

/// Whether git runs the value of this key when it shows a status, a difference or a log.
fn runs(key: &str, value: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default();
    let first = key.split('.').next().unwrap_or_default();
    match (first, last) {
        ("core", "fsmonitor") => !matches!(value, "" | "true" | "false" | "0" | "1"),
        ("core", "alternaterefscommand") => true,
        ("diff", "external" | "command" | "textconv") => true,
        ("filter", "clean" | "smudge" | "process") => !value.starts_with("git-lfs "),
        ("gpg", "program") => true,
        // What is in another file is not known here.
        ("include" | "includeif", "path") => true,
        _ => false,
    }
}

/// Keys in lower case with their section, and values without quotes.
fn entries(text: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    // A line that ends with a backslash goes on.
    let text = text.replace("\\\r\n", "").replace("\\\n", "");
    for line in text.lines() {
        let mut line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let Some((name, after)) = rest.split_once(']') else {
                continue;
            };
            section = name
                .replace('"', "")
                .trim()
                .replace([' ', '\t'], ".")
                .to_lowercase();
            line = after.trim();
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let value = value.trim().trim_matches('"').to_owned();
        found.push((format!("{section}.{}", key.trim().to_lowercase()), value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        std::fs::create_dir_all(&git).unwrap();
        std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::write(git.join("config"), config).unwrap();
        programs_of_git(folder.path())
    }

    #[test]
    fn what_runs_is_named_and_the_rest_is_not() {
        for (config, expected) in [
            ("[core]\n\tfsmonitor = ./x\n", "core.fsmonitor = ./x"),
            ("[CORE] FSMonitor=\"./x y\"\n", "core.fsmonitor = ./x y"),
            ("[core]\n\tfsmoni\\\ntor = ./x\n", "core.fsmonitor = ./x"),
            (
                "[diff \"pdf\"]\n\ttextconv = ./x\n",
                "diff.pdf.textconv = ./x",
            ),
            ("[filter \"a\"]\n\tclean = ./x\n", "filter.a.clean = ./x"),
            ("[include]\n\tpath = ../x\n", "include.path = ../x"),
            ("[gpg \"ssh\"]\n\tprogram = ./x\n", "gpg.ssh.program = ./x"),
        ] {
            assert_eq!(found(config), [expected], "{config}");
        }
        let usual = "[core]\n\tbare = false\n\tfsmonitor = true\n[remote \"origin\"]\n\turl = x\n\
                     [filter \"lfs\"]\n\tprocess = git-lfs filter-process\n# fsmonitor = ./x\n";
        assert_eq!(found(usual), [] as [String; 0]);
    }

    #[test]
    fn hooks_of_looking_are_found_where_the_settings_put_them() {
        let folder = tempfile::tempdir().unwrap();
        let git = folder.path().join(".git");
        std::fs::create_dir_all(git.join("hooks")).unwrap();
        std::fs::create_dir_all(folder.path().join("mine")).unwrap();
        std::fs::write(git.join("hooks/pre-commit"), "").unwrap();
        assert!(programs_of_git(folder.path()).is_empty());
        std::fs::write(git.join("config"), "[core]\n\thooksPath = mine\n").unwrap();
        std::fs::write(folder.path().join("mine/post-index-change"), "").unwrap();
        assert_eq!(programs_of_git(folder.path()).len(), 1);
    }
}
