//! A project in a temporary folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with files, gone when dropped.
pub struct TempProject {
    dir: tempfile::TempDir,
}

impl TempProject {
    /// From a text fixture: each file begins with a line `-- path`, its content follows. Every
    /// line's ending is kept as written.
    ///
    /// ```
    /// let project = mira_testkit::TempProject::new("-- a.txt\nhello\n-- src/b.txt\nthere\n");
    /// assert_eq!(project.read("src/b.txt"), "there\n");
    /// ```
    pub fn new(fixture: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("mira-project-")
            .tempdir()
            .expect("a temporary folder");
        let project = Self { dir };
        let mut file: Option<(String, String)> = None;
        for line in fixture.split_inclusive('\n') {
            if let Some(path) = line.trim_end().strip_prefix("-- ") {
                if let Some((path, content)) = file.take() {
                    project.write(&path, content);
                }
                file = Some((path.to_owned(), String::new()));
            } else if let Some((_, content)) = &mut file {
                content.push_str(line);
            }
        }
        if let Some((path, content)) = file {
            project.write(&path, content);
        }
        project
    }

    /// Makes it a git repository with one commit of everything in it.
    pub fn with_git(self) -> Self {
        self.git(&["init", "-q", "-b", "main"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "Begin"]);
        self
    }

    /// Runs git in the project, unaffected by the machine's own configuration.
    pub fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.root())
            .args([
                "-c",
                "user.name=Test",
                "-c",
                "user.email=test@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Canonical.
    pub fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().expect("the folder is there")
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("inside the project")).expect("a folder");
        std::fs::write(&path, content)
            .unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path))
            .unwrap_or_else(|error| panic!("read {path}: {error}"))
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Everything in it but `.git`: path → mode and content (of links: where they point), to
    /// compare trees byte for byte.
    pub fn tree(&self) -> BTreeMap<String, (u32, Vec<u8>)> {
        tree_of(&self.root())
    }
}

/// See [`TempProject::tree`].
pub fn tree_of(root: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    let mut tree = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path
                .strip_prefix(root)
                .expect("below the root")
                .to_string_lossy()
                .into_owned();
            let meta = path.symlink_metadata().expect("it is there");
            if name == ".git" {
                continue;
            }
            let content = if meta.is_dir() {
                folders.push(path);
                Vec::new()
            } else if meta.is_symlink() {
                std::fs::read_link(&path)
                    .expect("a link")
                    .as_os_str()
                    .as_bytes()
                    .to_vec()
            } else {
                std::fs::read(&path).expect("a file")
            };
            tree.insert(name, (meta.permissions().mode(), content));
        }
    }
    tree
}
