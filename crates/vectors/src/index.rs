//! The port to where vectors are kept.

use async_trait::async_trait;

use crate::{Collection, Filter, Hit, Page, Point, PointId, Result};

/// Keeps points and finds the nearest. Cheap to share; calls may run beside each other. What was
/// acknowledged survives a crash.
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// Makes the collection where it is not there yet, with its fields. Every other call does so
    /// by itself when it has to; this one is for being told early that it cannot be.
    async fn ensure(&self, collection: &Collection) -> Result<()>;

    /// Puts points, replacing those with the same ids.
    ///
    /// # Errors
    /// [`crate::Error::Dimensions`] before anything is stored; else as of the place. What a failed
    /// call stored of its points is not said: putting them again is safe.
    async fn upsert(&self, collection: &Collection, points: Vec<Point>) -> Result<()>;

    /// Removes what the filter means; removing nothing is no error.
    async fn delete(&self, collection: &Collection, filter: &Filter) -> Result<()>;

    /// The `k` nearest by cosine among what the filter means, the nearest first.
    async fn query(
        &self,
        collection: &Collection,
        vector: &[f32],
        filter: &Filter,
        k: usize,
    ) -> Result<Vec<Hit>>;

    /// How many points the filter means.
    async fn count(&self, collection: &Collection, filter: &Filter) -> Result<u64>;

    /// At most `limit` points in the order of their ids, from `from` on (that one included).
    async fn page(
        &self,
        collection: &Collection,
        from: Option<PointId>,
        limit: usize,
    ) -> Result<Page>;

    /// The collections that are there and were made by Mira.
    async fn collections(&self) -> Result<Vec<Collection>>;

    /// Removes a collection with all its points.
    async fn remove(&self, collection: &Collection) -> Result<()>;

    /// Whether it can be asked just now, without asking.
    fn reach(&self) -> Reach;

    /// Where the vectors are, for people: a file or an address without secrets.
    fn place(&self) -> String;
}

/// Whether an index answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It answered when it was last asked, or was not asked yet.
    Ready,
    /// It did not: why, and in how many milliseconds it is tried again.
    Away { why: String, again_ms: u64 },
}
