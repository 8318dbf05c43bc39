//! Texts to vectors ([`Embedder`]), and vectors kept and searched ([`VectorIndex`]).
//!
//! Knows nothing of code, sessions or commits: whoever stores a point says what it stands for in
//! its payload, and declares in the [`Collection`] which fields of it are searched. Vectors of two
//! models never meet, because model and length are part of a collection's identity.

mod cache;
mod collection;
mod embedded;
mod embedder;
mod error;
mod filter;
mod index;
mod local;
mod migrate;
mod point;
mod qdrant;

pub use cache::Cached;
pub use collection::{Collection, Field, FieldKind};
pub use embedded::Embedded;
pub use embedder::{Embedder, ModelId, Role};
pub use error::{Error, Result};
pub use filter::{Condition, Filter};
pub use index::{Reach, VectorIndex};
pub use local::{FOLDER_VARIABLE, LocalEmbedder, Places};
pub use migrate::{Moved, Progress, migrate};
pub use point::{Hit, Page, Payload, Point, PointId, Value};
pub use qdrant::Qdrant;
