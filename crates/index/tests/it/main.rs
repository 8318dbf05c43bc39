//! The index through its public functions, on real folders and repositories.

mod files;
mod graph;
mod histories;
mod insight;
mod search;
mod values;
mod vectors;
mod watching;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mira_index::{Index, SyncReport, Weights, What};
use mira_workspace::{Access, Blobs, Workspace};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A project folder and a folder for data, gone at the end.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::create_dir(dir.path().join("project")).unwrap();
        Self { dir }
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

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn database(&self) -> PathBuf {
        self.dir.path().join("data/index.db")
    }

    fn workspace(&self) -> Arc<Workspace> {
        let data = self.dir.path().join("data");
        let blobs = Blobs::open(&data.join("blobs")).unwrap();
        Workspace::open(&self.root(), Access::Project, blobs, vec![data]).unwrap()
    }

    async fn open(&self) -> Index {
        self.open_at(&self.database()).await
    }

    async fn open_at(&self, database: &Path) -> Index {
        Index::open(database, self.workspace()).await.unwrap()
    }

    async fn synced(&self) -> Index {
        let index = self.open().await;
        whole(&index).await;
        index
    }

    fn git(&self, args: &[&str]) {
        let output = Command::new("git")
            .current_dir(self.root())
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(args)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {error}");
    }
}

async fn whole(index: &Index) -> SyncReport {
    let cancel = CancellationToken::new();
    index.sync(What::Whole, &cancel).await.unwrap()
}

async fn sync(index: &Index, paths: &[&str]) -> SyncReport {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let cancel = CancellationToken::new();
    index.sync(What::Paths(paths), &cancel).await.unwrap()
}

/// Paths of the files in which the words are found, the best first, each once.
async fn found(index: &Index, words: &str) -> Vec<String> {
    let hits = index.lexical(words, Weights::default(), 50).await.unwrap();
    let mut paths: Vec<String> = Vec::new();
    for hit in hits {
        if !paths.contains(&hit.chunk.path) {
            paths.push(hit.chunk.path);
        }
    }
    paths
}
