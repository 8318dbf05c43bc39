//! Which paths .gitignore files hide.
//!
//! Used where files are listed and where undo decides which folders are somebody's build output.
//! (Search walks with the `ignore` crate itself.)

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The ignore files of one project; each is read again only when it changed.
pub(crate) struct Ignores {
    /// From the user, the repository and the folders above the root; nearest last.
    above: Vec<Arc<Gitignore>>,
    below: HashMap<PathBuf, (Stamp, Arc<Gitignore>)>,
}

type Stamp = (Option<SystemTime>, u64);

/// The ignore files that apply at a place, nearest last.
pub(crate) type Stack = Vec<Arc<Gitignore>>;

impl Ignores {
    pub fn new(root: &Path) -> Self {
        let mut above = vec![Arc::new(GitignoreBuilder::new(root).build_global().0)];
        let repository = root.ancestors().find(|dir| dir.join(".git").exists());
        if let Some(repository) = repository {
            above.extend(parse(&repository.join(".git/info/exclude"), repository));
            let between: Vec<&Path> = root
                .ancestors()
                .skip(1)
                .take_while(|dir| dir.starts_with(repository))
                .collect();
            above.extend(
                between
                    .iter()
                    .rev()
                    .filter_map(|dir| parse(&dir.join(".gitignore"), dir)),
            );
        }
        Self {
            above,
            below: HashMap::new(),
        }
    }

    /// What applies in the root itself, but for its own .gitignore.
    pub fn stack(&self) -> Stack {
        self.above.clone()
    }

    /// Adds the .gitignore of `dir`, if it has one.
    pub fn enter(&mut self, dir: &Path, stack: &mut Stack) {
        let file = dir.join(".gitignore");
        let Ok(meta) = std::fs::symlink_metadata(&file) else {
            return;
        };
        let stamp = (meta.modified().ok(), meta.len());
        match self.below.get(dir) {
            Some((known, rules)) if *known == stamp => stack.push(rules.clone()),
            _ => {
                let Some(rules) = parse(&file, dir) else {
                    return;
                };
                self.below.insert(dir.to_owned(), (stamp, rules.clone()));
                stack.push(rules);
            }
        }
    }
}

/// Whether the rules hide `path` (absolute); the nearest that says something decides. Folders
/// above `path` are not asked about: who walks down knows already.
pub(crate) fn is_ignored(stack: &Stack, path: &Path, is_dir: bool) -> bool {
    stack
        .iter()
        .rev()
        .map(|rules| rules.matched(path, is_dir))
        .find(|found| !found.is_none())
        .is_some_and(|found| found.is_ignore())
}

fn parse(file: &Path, dir: &Path) -> Option<Arc<Gitignore>> {
    let mut builder = GitignoreBuilder::new(dir);
    // A rule that cannot be read is passed over, as git does; the others count.
    let _ = builder.add(file);
    builder
        .build()
        .ok()
        .filter(|rules| !rules.is_empty())
        .map(Arc::new)
}
