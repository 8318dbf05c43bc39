//! How work on a project fails.

use std::io;

/// Why something was not done. Each text is a whole sentence that a model or a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The guard does not let this path (or this access) through.
    #[error("{0}")]
    Denied(String),
    /// The file or folder is not there.
    #[error("{0}")]
    Missing(String),
    /// It is there, but not of the kind asked for: a folder, a binary, too large, a bad pattern.
    #[error("{0}")]
    Unsuitable(String),
    /// This machine failed: disk full, I/O error. What was on disk before is still there.
    #[error("{0}")]
    Broken(String),
    #[error("Cancelled.")]
    Cancelled,
}

impl Refusal {
    /// An I/O error met while doing `what` ("write src/a.rs").
    pub(crate) fn io(what: impl std::fmt::Display, error: &io::Error) -> Self {
        use io::ErrorKind as K;
        let reason = match error.kind() {
            K::NotFound => return Self::Missing(format!("Could not {what}: it does not exist.")),
            K::PermissionDenied => "permission denied; the operating system does not allow it",
            K::ReadOnlyFilesystem => "the file system is read-only",
            K::IsADirectory => "it is a folder",
            K::NotADirectory => "a part of the path is a file, not a folder",
            K::StorageFull | K::QuotaExceeded => {
                return Self::Broken(format!(
                    "Could not {what}: the disk is full. Free some space and try again; nothing was changed."
                ));
            }
            _ => return Self::Broken(format!("Could not {what}: {error}.")),
        };
        Self::Denied(format!("Could not {what}: {reason}."))
    }
}
