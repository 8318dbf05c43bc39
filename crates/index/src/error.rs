//! How it fails.

use std::path::PathBuf;

/// Why the index could not do it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Folder or file of the database could not be made or opened.
    #[error("{} could not be used: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the code index failed: {0}")]
    Sql(#[from] sqlx::Error),
    /// The project could not be read.
    #[error(transparent)]
    Project(#[from] mira_workspace::Refusal),
    /// The model of embeddings, or where its vectors lie.
    #[error(transparent)]
    Vectors(#[from] mira_vectors::Error),
    #[error("{0}")]
    Unsuitable(String),
    #[error("Cancelled.")]
    Cancelled,
    /// A thread of the reading ended early; what was committed before stands.
    #[error("reading the project ended early: {0}")]
    Broken(String),
}
