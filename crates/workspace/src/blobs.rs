//! Contents of files by their hash: what undo and redo restore from.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::snapshot::Tree;

/// BLAKE3 of a content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    pub fn from_hex(hex: &str) -> Option<Self> {
        blake3::Hash::from_hex(hex)
            .ok()
            .map(|hash| Self(*hash.as_bytes()))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_hex()[..12])
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::from_hex(&hex)
            .ok_or_else(|| serde::de::Error::custom("a hash of 64 hexadecimal digits was expected"))
    }
}

/// A folder of contents, each under its hash (`ab/cdef…`). Safe to use from several threads and
/// several processes: a content appears whole or not at all.
pub struct Blobs {
    dir: PathBuf,
    /// Contents that this process knows to be stored; spares asking the disk.
    known: Mutex<HashSet<Hash>>,
    trees: Mutex<HashMap<PathBuf, Arc<Mutex<Tree>>>>,
    counter: AtomicU64,
}

impl Blobs {
    /// Opens (and makes) the folder.
    pub fn open(dir: &Path) -> Result<Arc<Self>, Refusal> {
        let what = || format!("open the store of file contents at {}", dir.display());
        fs::create_dir_all(dir).map_err(|error| Refusal::io(what(), &error))?;
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            known: Mutex::default(),
            trees: Mutex::default(),
            counter: AtomicU64::new(0),
        }))
    }

    /// Stores `bytes` (once, however often it is put).
    pub fn put(&self, bytes: &[u8]) -> Result<Hash, Refusal> {
        let hash = Hash::of(bytes);
        self.put_hashed(hash, bytes)?;
        Ok(hash)
    }

    pub(crate) fn put_hashed(&self, hash: Hash, bytes: &[u8]) -> Result<(), Refusal> {
        if let Some(file) = self.put_new(hash, bytes)? {
            crate::flush::soon(file);
        }
        Ok(())
    }

    /// As [`put_hashed`](Self::put_hashed) for what is on disk elsewhere too: were it lost with
    /// the power, so would be little.
    pub(crate) fn put_unsynced(&self, hash: Hash, bytes: &[u8]) -> Result<(), Refusal> {
        self.put_new(hash, bytes).map(|_| ())
    }

    /// The file, if it had to be written.
    fn put_new(&self, hash: Hash, bytes: &[u8]) -> Result<Option<fs::File>, Refusal> {
        if self.lock_known().contains(&hash) {
            return Ok(None);
        }
        let path = self.path(hash);
        let stored = fs::metadata(&path).is_ok_and(|meta| meta.len() == bytes.len() as u64);
        let mut file = None;
        if !stored {
            let written = self.store(&path, bytes);
            file = Some(
                written.map_err(|error| Refusal::io("store a file's content for undo", &error))?,
            );
        }
        self.lock_known().insert(hash);
        Ok(file)
    }

    fn store(&self, path: &Path, bytes: &[u8]) -> io::Result<fs::File> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
        let created = fs::File::create(&temporary).or_else(|error| {
            // The first content of its folder.
            let folder = path
                .parent()
                .filter(|_| error.kind() == io::ErrorKind::NotFound);
            fs::create_dir_all(folder.ok_or(error)?)?;
            fs::File::create(&temporary)
        });
        let result = created.and_then(|mut file| {
            file.write_all(bytes)?;
            fs::rename(&temporary, path)?;
            Ok(file)
        });
        if result.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        result
    }

    /// The content, checked against its hash. None: not stored, or damaged on disk.
    pub fn get(&self, hash: Hash) -> Result<Option<Vec<u8>>, Refusal> {
        match fs::read(self.path(hash)) {
            Ok(bytes) if Hash::of(&bytes) == hash => Ok(Some(bytes)),
            Ok(_) => {
                tracing::warn!(?hash, "a stored content is damaged");
                self.lock_known().remove(&hash);
                let _ = fs::remove_file(self.path(hash));
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.lock_known().remove(&hash);
                Ok(None)
            }
            Err(error) => Err(Refusal::io("read a stored content", &error)),
        }
    }

    pub(crate) fn contains(&self, hash: Hash) -> bool {
        self.lock_known().contains(&hash) || self.path(hash).is_file()
    }

    /// Deletes every content that `keep` does not want, that no file of a project that was looked
    /// at is known to have, and that was stored longer than `young` ago (a younger one may belong
    /// to an operation that has not been recorded yet). Returns how many bytes were freed.
    pub fn sweep(&self, young: Duration, keep: impl Fn(Hash) -> bool) -> Result<u64, Refusal> {
        let mut freed = 0;
        let remembered = self.remembered();
        let mut old = Vec::new();
        self.files(|hash, path, meta| {
            let age = meta.modified().ok().and_then(|at| at.elapsed().ok());
            let is_old = age.is_some_and(|age| age > young);
            let wanted = hash.is_some_and(|hash| keep(hash) || remembered.contains(&hash));
            if is_old && !wanted {
                old.push((hash, path, meta.len()));
            }
        })?;
        for (hash, path, bytes) in old {
            // Under the lock: whoever stores it meanwhile finds it known, or stores it again.
            let mut known = self.lock_known();
            if let Some(hash) = hash {
                known.remove(&hash);
            }
            if fs::remove_file(path).is_ok() {
                freed += bytes;
            }
        }
        Ok(freed)
    }

    /// Tells each content that is stored, with its bytes on disk.
    pub fn each(&self, mut tell: impl FnMut(Hash, u64)) -> Result<(), Refusal> {
        self.files(|hash, _, meta| {
            if let Some(hash) = hash {
                tell(hash, meta.len());
            }
        })
    }

    /// Contents that files of the projects looked at had when last looked at: what the next
    /// command would change.
    pub fn remembered(&self) -> HashSet<Hash> {
        let trees: Vec<Arc<Mutex<Tree>>> = self.lock_trees().values().cloned().collect();
        let mut hashes = HashSet::new();
        for tree in trees {
            let tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
            hashes.extend(tree.hashes());
        }
        hashes
    }

    /// Every file of the store; without hash: one that a dead process left half-written.
    fn files(
        &self,
        mut tell: impl FnMut(Option<Hash>, PathBuf, fs::Metadata),
    ) -> Result<(), Refusal> {
        let failed = |error: io::Error| Refusal::io("look through stored contents", &error);
        for folder in fs::read_dir(&self.dir).map_err(failed)? {
            let folder = folder.map_err(failed)?;
            let Ok(entries) = fs::read_dir(folder.path()) else {
                continue;
            };
            for entry in entries.flatten() {
                let Ok(meta) = entry.metadata() else { continue };
                let name = format!(
                    "{}{}",
                    folder.file_name().to_string_lossy(),
                    entry.file_name().to_string_lossy()
                );
                tell(Hash::from_hex(&name), entry.path(), meta);
            }
        }
        Ok(())
    }

    /// What is remembered of the files below `root`.
    pub(crate) fn tree(&self, root: &Path) -> Arc<Mutex<Tree>> {
        self.lock_trees()
            .entry(root.to_owned())
            .or_default()
            .clone()
    }

    fn path(&self, hash: Hash) -> PathBuf {
        let hex = hash.to_hex();
        self.dir.join(&hex[..2]).join(&hex[2..])
    }

    fn lock_known(&self) -> std::sync::MutexGuard<'_, HashSet<Hash>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_trees(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<Mutex<Tree>>>> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
