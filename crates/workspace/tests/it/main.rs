//! The workspace through its public functions, on real folders.

mod checkpoints;
mod edits;
mod escapes;
mod files;
mod guard;
mod histories;
mod hosts;
mod hunks;
mod odd_files;
mod processes;
mod search;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mira_workspace::{Access, Blobs, Workspace};
use tempfile::TempDir;

/// A project folder, a folder beside it, and a store of contents, gone at the end.
struct Place {
    dir: TempDir,
    blobs: Arc<Blobs>,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::create_dir(dir.path().join("project")).unwrap();
        std::fs::create_dir(dir.path().join("outside")).unwrap();
        let blobs = Blobs::open(&dir.path().join("data/blobs")).unwrap();
        Self { dir, blobs }
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let place = Self::new();
        for (path, text) in files {
            place.put(path, text);
        }
        place
    }

    fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("project")
    }

    fn outside(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("outside")
    }

    fn workspace(&self) -> Arc<Workspace> {
        self.workspace_with(Access::Project)
    }

    fn workspace_with(&self, access: Access) -> Arc<Workspace> {
        let protected = vec![self.dir.path().join("data")];
        Workspace::open(&self.root(), access, self.blobs.clone(), protected).unwrap()
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }
}

/// Everything below a folder, to compare byte for byte: path, mode, and content or target.
fn tree(root: &Path) -> Vec<(String, u32, Vec<u8>)> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    fn walk(root: &Path, dir: &Path, out: &mut Vec<(String, u32, Vec<u8>)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = std::fs::symlink_metadata(&path).unwrap();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let mode = meta.permissions().mode();
            if meta.is_symlink() {
                let target = std::fs::read_link(&path).unwrap();
                out.push((name, mode, target.as_os_str().as_bytes().to_vec()));
            } else if meta.is_dir() {
                out.push((name, mode, Vec::new()));
                walk(root, &path, out);
            } else {
                out.push((name, mode, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    walk(root, root, &mut out);
    out.sort();
    out
}
