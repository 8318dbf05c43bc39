//! What can go wrong with vectors.

/// Outcome of whatever has to do with vectors.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there are no vectors, or no answer about them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no model: it was not fetched at set-up, or its files are damaged.
    #[error("no local model of embeddings: {why}")]
    NoModel { why: String },
    /// The model took the text and failed.
    #[error("the model {model} made no vector: {why}")]
    Model { model: String, why: String },
    /// A model elsewhere was not asked, or did not answer.
    #[error("{model} made no vectors: {why}")]
    Asked {
        model: String,
        why: String,
        hint: String,
        /// Asking again later may help.
        passing: bool,
    },
    /// A server is not there, or does not answer.
    #[error("the vectors at {place} cannot be reached: {why}")]
    Unreachable { place: String, why: String },
    /// Mira is offline and the server is not on this machine.
    #[error("Mira is offline, so {host} was not asked")]
    Offline { host: String },
    /// A server answered and said no.
    #[error("{place} refused: {why}")]
    Refused { place: String, why: String },
    /// A vector's length is not that of its collection.
    #[error("a vector of {found} numbers does not belong into {collection}, which holds {wanted}")]
    Dimensions {
        collection: String,
        wanted: usize,
        found: usize,
    },
    /// A filter names a field that the collection does not declare.
    #[error("{collection} has no field {field} to filter by")]
    UnknownField { collection: String, field: String },
    /// The file that holds the vectors cannot be read or written.
    #[error("the vectors in {file}: {why}")]
    Storage { file: String, why: String },
}

impl Error {
    /// Asking again later may help, without anybody doing something.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Offline { .. } | Self::Asked { passing: true, .. }
        )
    }

    /// What the person can do next, as a sentence.
    pub fn hint(&self) -> &str {
        match self {
            Self::Asked { hint, .. } => hint,
            Self::NoModel { .. } => {
                "Run `npm run setup` in the source folder, install Mira anew, or point \
                 MIRA_EMBEDDING_MODEL_DIR at the model's folder; until then search is by words."
            }
            Self::Unreachable { .. } => {
                "Start the server or correct QDRANT_URL; Mira goes on trying, and search is by \
                 words until then."
            }
            Self::Offline { .. } => "Go online to ask it; search is by words until then.",
            Self::Refused { .. } => "Check QDRANT_API_KEY and what the key may do.",
            Self::Model { .. } | Self::Dimensions { .. } | Self::UnknownField { .. } => {
                "This is a fault of Mira; search is by words for what it concerns."
            }
            Self::Storage { .. } => {
                "Free space on the disk, or delete the file: it is made anew from the sources."
            }
        }
    }
}
