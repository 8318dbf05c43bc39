//! Vectors in one SQLite file, searched in memory: short codes of all vectors are looked through,
//! and the best are compared exactly. For what one machine holds this is quicker than a graph
//! would be to build, filters and deletions cost nothing, and what was stored is what is found.

mod codes;
mod file;
mod shelf;
mod shelves;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Collection, Condition, Error, Filter, Hit, Page, Point, PointId, Reach, Result, Value,
    VectorIndex,
};
use file::File;
use shelf::{Found, Shelf};
use shelves::Shelves;

/// Candidates that are compared exactly, for codes of 8 bits and of 1 bit a number, at least.
const RESCORED_BYTES: usize = 40;
const RESCORED_BITS: usize = 1_000;

/// A file of vectors. Clones share it; a second process may use the same file.
#[derive(Clone)]
pub struct Embedded {
    place: Arc<str>,
    inner: Arc<Mutex<Inner>>,
}

/// What belongs together: a shelf shows what the file holds.
struct Inner {
    file: File,
    shelves: Shelves,
}

impl Embedded {
    /// Opens or makes the file. One that is damaged or of another version is put aside: it can be
    /// made anew from what its vectors stand for.
    ///
    /// # Errors
    /// [`Error::Storage`] where the folder cannot be written.
    pub async fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            place: path.display().to_string().into(),
            inner: Arc::new(Mutex::new(Inner {
                file: File::open(path).await?,
                shelves: Shelves::default(),
            })),
        })
    }

    /// The file's state, after what other processes did to it.
    async fn now(&self) -> Result<MutexGuard<'_, Inner>> {
        let mut inner = self.inner.lock().await;
        if inner.file.was_changed_by_others().await? {
            inner.shelves.clear();
        }
        Ok(inner)
    }
}

impl Inner {
    /// The shelves that the filter may mean.
    async fn shelves_for(
        &mut self,
        key: i64,
        collection: &Collection,
        filter: &Filter,
    ) -> Result<Vec<Arc<Shelf>>> {
        let parts = match parts_named(collection, filter) {
            Some(parts) => parts,
            None => self.file.parts(key).await?,
        };
        let mut found = Vec::with_capacity(parts.len());
        for part in parts {
            let shelf = match self.shelves.get(key, &part) {
                Some(shelf) => shelf,
                None => {
                    let shelf = Arc::new(self.file.shelf(key, collection, &part).await?);
                    self.shelves.put(key, &part, Arc::clone(&shelf));
                    shelf
                }
            };
            found.push(shelf);
        }
        Ok(found)
    }

    /// Rows in the file of what the filter means.
    async fn rows(
        &mut self,
        key: i64,
        collection: &Collection,
        filter: &Filter,
    ) -> Result<Vec<i64>> {
        let mut rows = Vec::new();
        for shelf in self.shelves_for(key, collection, filter).await? {
            let filter = filter.clone();
            rows.extend(aside(move || shelf.rows(&filter)).await?);
        }
        Ok(rows)
    }
}

#[async_trait]
impl VectorIndex for Embedded {
    async fn ensure(&self, collection: &Collection) -> Result<()> {
        self.now().await?.file.key_or_new(collection).await?;
        Ok(())
    }

    async fn upsert(&self, collection: &Collection, mut points: Vec<Point>) -> Result<()> {
        for point in &mut points {
            fit(collection, &mut point.vector)?;
        }
        let mut inner = self.now().await?;
        let key = inner.file.key_or_new(collection).await?;
        let parts: Vec<String> = points
            .iter()
            .map(|point| part_of(collection, point))
            .collect();
        let rows = inner.file.put(key, &parts, &points).await?;
        inner.shelves.placed(key, &parts, &rows, points);
        Ok(())
    }

    async fn delete(&self, collection: &Collection, filter: &Filter) -> Result<()> {
        filter.check(collection)?;
        let mut inner = self.now().await?;
        let Some(key) = inner.file.key(collection).await? else {
            return Ok(());
        };
        let rows = match ids_only(filter) {
            Some(ids) => inner.file.rows_of(key, ids).await?,
            None => inner.rows(key, collection, filter).await?,
        };
        let ids = inner.file.take(&rows).await?;
        inner.shelves.taken(key, &ids);
        Ok(())
    }

    async fn query(
        &self,
        collection: &Collection,
        vector: &[f32],
        filter: &Filter,
        k: usize,
    ) -> Result<Vec<Hit>> {
        filter.check(collection)?;
        let mut wanted = vector.to_vec();
        fit(collection, &mut wanted)?;
        let shelves = {
            let mut inner = self.now().await?;
            match inner.file.key(collection).await? {
                Some(key) => inner.shelves_for(key, collection, filter).await?,
                None => return Ok(Vec::new()),
            }
        };
        let (filter, asked) = (filter.clone(), wanted.clone());
        // Looked through without holding up anybody.
        let candidates = aside(move || candidates(&shelves, &asked, &filter, k)).await?;
        let rows: Vec<i64> = candidates.iter().map(|found| found.row).collect();
        let mut inner = self.inner.lock().await;
        let scored = inner
            .file
            .vectors(&rows)
            .await?
            .into_iter()
            .map(|(row, vector)| {
                let score: f32 = vector.iter().zip(&wanted).map(|(a, b)| a * b).sum();
                (row, score)
            });
        let mut scored: Vec<(i64, f32)> = scored.collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scored.truncate(k);
        inner.file.hits(&scored).await
    }

    async fn count(&self, collection: &Collection, filter: &Filter) -> Result<u64> {
        filter.check(collection)?;
        let mut inner = self.now().await?;
        let Some(key) = inner.file.key(collection).await? else {
            return Ok(0);
        };
        if filter.is_all() {
            return inner.file.count(key).await;
        }
        let rows = inner.rows(key, collection, filter).await?;
        Ok(rows.len() as u64)
    }

    async fn page(
        &self,
        collection: &Collection,
        from: Option<PointId>,
        limit: usize,
    ) -> Result<Page> {
        let mut inner = self.now().await?;
        match inner.file.key(collection).await? {
            Some(key) => inner.file.page(key, from, limit).await,
            None => Ok(Page::default()),
        }
    }

    async fn collections(&self) -> Result<Vec<Collection>> {
        self.now().await?.file.collections().await
    }

    async fn remove(&self, collection: &Collection) -> Result<()> {
        let mut inner = self.now().await?;
        if let Some(key) = inner.file.key(collection).await? {
            inner.file.remove(key).await?;
            inner.shelves.clear();
        }
        Ok(())
    }

    fn reach(&self) -> Reach {
        Reach::Ready
    }

    fn place(&self) -> String {
        self.place.to_string()
    }
}

/// The best of all shelves by their codes: enough of them that the `k` best are among them.
fn candidates(shelves: &[Arc<Shelf>], vector: &[f32], filter: &Filter, k: usize) -> Vec<Found> {
    let total: usize = shelves.iter().map(|shelf| shelf.len()).sum();
    let enough = match codes::are_bits(vector.len()) {
        true => RESCORED_BITS.max(total / 50),
        false => RESCORED_BYTES,
    };
    let enough = enough.max(k.saturating_mul(4));
    let mut best = Vec::new();
    for shelf in shelves {
        best.extend(shelf.nearest(vector, filter, enough));
    }
    shelf::keep_best(&mut best, enough);
    best
}

/// Work for the processor alone, away from the threads that wait for others.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Storage {
        file: "memory".to_owned(),
        why: error.to_string(),
    })
}

/// Checks the length and scales to length 1, so that a product is a cosine.
fn fit(collection: &Collection, vector: &mut [f32]) -> Result<()> {
    if vector.len() != collection.dimensions {
        return Err(Error::Dimensions {
            collection: collection.name.clone(),
            wanted: collection.dimensions,
            found: vector.len(),
        });
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 && length.is_finite() && (length - 1.0).abs() > 1e-6 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    Ok(())
}

/// Which part of the collection a point is kept in; points without the field have one too.
fn part_of(collection: &Collection, point: &Point) -> String {
    let field = collection.partition_field();
    let value = field.and_then(|field| point.payload.get(field));
    value.map_or_else(String::new, part_name)
}

fn part_name(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("t{text}"),
        Value::Integer(number) => format!("i{number}"),
    }
}

/// The parts that the filter names, where it names any.
fn parts_named(collection: &Collection, filter: &Filter) -> Option<Vec<String>> {
    let partition = collection.partition_field()?;
    filter.must.iter().find_map(|condition| match condition {
        Condition::OneOf { field, values } if field == partition => {
            Some(values.iter().map(part_name).collect())
        }
        _ => None,
    })
}

fn ids_only(filter: &Filter) -> Option<&[PointId]> {
    match (filter.must.as_slice(), filter.must_not.as_slice()) {
        ([Condition::Ids(ids)], []) => Some(ids),
        _ => None,
    }
}
