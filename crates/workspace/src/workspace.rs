//! The handle on one project.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::Refusal;
use crate::blobs::Blobs;
use crate::guard::Access;
use crate::snapshot::Tree;

/// One project folder, how far it may be left, and where old contents are kept.
///
/// Cheap to make: what is expensive (the memory of file states that makes snapshots fast) lives
/// with the [`Blobs`] and is found again by root.
pub struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) access: Access,
    pub(crate) home: Option<PathBuf>,
    pub(crate) protected: Arc<[PathBuf]>,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) tree: Arc<Mutex<Tree>>,
}

impl Workspace {
    /// Opens the folder `root`. `protected` are folders that no path may enter whatever the
    /// access (Mira's own data); a root that itself lies in one of them can still be used.
    ///
    /// Fails where `root` is not a folder that can be read.
    pub fn open(
        root: &Path,
        access: Access,
        blobs: Arc<Blobs>,
        protected: Vec<PathBuf>,
    ) -> Result<Arc<Self>, Refusal> {
        let shown = root.display();
        let root = root.canonicalize().map_err(|error| {
            Refusal::io(format_args!("open the project folder {shown}"), &error)
        })?;
        if !root.is_dir() {
            return Err(Refusal::Unsuitable(format!(
                "Could not open the project {shown}: it is not a folder."
            )));
        }
        if root.to_str().is_none() {
            return Err(Refusal::Unsuitable(format!(
                "Could not open the project {shown}: its path is not valid UTF-8. Rename the folder."
            )));
        }
        let protected = protected
            .into_iter()
            .map(|path| path.canonicalize().unwrap_or(path))
            .collect();
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .filter(|home| home.is_absolute())
            .and_then(|home| home.canonicalize().ok());
        let tree = blobs.tree(&root);
        Ok(Arc::new(Self {
            root,
            access,
            home,
            protected,
            blobs,
            tree,
        }))
    }

    /// The same project under another access mode.
    pub fn with_access(&self, access: Access) -> Arc<Self> {
        Arc::new(Self {
            root: self.root.clone(),
            access,
            home: self.home.clone(),
            protected: self.protected.clone(),
            blobs: self.blobs.clone(),
            tree: self.tree.clone(),
        })
    }

    /// Canonical and absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn access(&self) -> Access {
        self.access
    }

    pub fn blobs(&self) -> &Arc<Blobs> {
        &self.blobs
    }
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspace")
            .field("root", &self.root)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}
