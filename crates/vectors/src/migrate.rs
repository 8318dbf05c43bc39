//! Points from one place to another: resumed where it broke off, checked at the end.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Collection, Condition, Error, Filter, PointId, Result, VectorIndex};

/// Points read and put at once.
const PAGE: usize = 200;

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The collection under way, as stores name it.
    pub collection: String,
    /// Points of all collections that were there before or are there now.
    pub done: u64,
    pub total: u64,
}

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    pub collections: u64,
    pub points: u64,
    /// Points at the destination that the source does not have any more.
    pub removed: u64,
}

/// Where a broken-off migration goes on. Lost, it begins anew and puts the same points again.
struct Journal {
    file: PathBuf,
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize, PartialEq)]
struct State {
    from: String,
    to: String,
    finished: Vec<String>,
    collection: Option<String>,
    next: Option<String>,
}

/// Copies every collection and leaves the source as it is. At the end both hold the same points,
/// provided that nobody changed the source meanwhile.
///
/// # Errors
/// Those of both places; called again with the same journal it goes on.
pub async fn migrate(
    from: &dyn VectorIndex,
    to: &dyn VectorIndex,
    journal: &Path,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Moved> {
    let mut journal = Journal::open(journal, &from.place(), &to.place());
    let collections = from.collections().await?;
    let mut counts = Vec::with_capacity(collections.len());
    for collection in &collections {
        counts.push(from.count(collection, &Filter::all()).await?);
    }
    let total = counts.iter().sum();
    let mut moved = Moved::default();
    let mut done = 0;
    for (collection, count) in collections.iter().zip(counts) {
        let identity = collection.identity();
        let tell = |more: u64| Progress {
            collection: identity.clone(),
            done: (done + more).min(total),
            total,
        };
        progress(tell(0));
        if !journal.state.finished.contains(&identity) {
            to.ensure(collection).await?;
            let mut copy = Copy {
                from,
                to,
                collection,
                count,
                moved: &mut moved,
            };
            let resumed = journal.resume(&identity);
            let mut tell = |copied: u64| progress(tell(copied));
            copy.run(resumed, &mut journal, &mut tell).await?;
            if resumed.is_some() && !copy.is_whole().await? {
                // The source went on while it was broken off: points that came are anywhere.
                copy.run(None, &mut journal, &mut tell).await?;
            }
            journal.finished(&identity)?;
        }
        moved.collections += 1;
        done += count;
    }
    journal.close();
    Ok(moved)
}

/// One collection on its way.
struct Copy<'a> {
    from: &'a dyn VectorIndex,
    to: &'a dyn VectorIndex,
    collection: &'a Collection,
    count: u64,
    moved: &'a mut Moved,
}

impl Copy<'_> {
    /// From this point on, in the order of ids; then what the source does not hold leaves.
    async fn run(
        &mut self,
        mut next: Option<PointId>,
        journal: &mut Journal,
        tell: &mut (dyn FnMut(u64) + Send),
    ) -> Result<()> {
        // What was put before it broke off counts as done.
        let mut copied = match next {
            Some(_) => self.to.count(self.collection, &Filter::all()).await?,
            None => 0,
        };
        loop {
            let page = self.from.page(self.collection, next, PAGE).await?;
            let points = page.points.len() as u64;
            self.to.upsert(self.collection, page.points).await?;
            self.moved.points += points;
            copied += points;
            tell(copied.min(self.count));
            next = page.next;
            if next.is_none() {
                break;
            }
            journal.at(&self.collection.identity(), next)?;
        }
        self.moved.removed += sweep(self.from, self.to, self.collection).await?;
        Ok(())
    }

    async fn is_whole(&self) -> Result<bool> {
        let all = Filter::all();
        let there = self.to.count(self.collection, &all).await?;
        Ok(there == self.from.count(self.collection, &all).await?)
    }
}

/// Removes at the destination what the source does not hold.
async fn sweep(
    from: &dyn VectorIndex,
    to: &dyn VectorIndex,
    collection: &Collection,
) -> Result<u64> {
    let all = Filter::all();
    if from.count(collection, &all).await? == to.count(collection, &all).await? {
        return Ok(0);
    }
    let mut left_over = Vec::new();
    let mut next = None;
    loop {
        let page = to.page(collection, next, PAGE).await?;
        let ids: Vec<PointId> = page.points.iter().map(|point| point.id).collect();
        let there = from.count(collection, &Filter::ids(ids.clone())).await?;
        if there != ids.len() as u64 {
            for id in ids {
                if from.count(collection, &Filter::ids(vec![id])).await? == 0 {
                    left_over.push(id);
                }
            }
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    let removed = left_over.len() as u64;
    if removed > 0 {
        let gone = all.and(Condition::Ids(left_over));
        to.delete(collection, &gone).await?;
    }
    Ok(removed)
}

impl Journal {
    /// That of another migration is not gone on with.
    fn open(file: &Path, from: &str, to: &str) -> Self {
        let read = std::fs::read(file).ok();
        let read = read.and_then(|bytes| serde_json::from_slice::<State>(&bytes).ok());
        let fresh = State {
            from: from.to_owned(),
            to: to.to_owned(),
            ..State::default()
        };
        Self {
            file: file.to_owned(),
            state: read
                .filter(|old| old.from == from && old.to == to)
                .unwrap_or(fresh),
        }
    }

    fn resume(&self, identity: &str) -> Option<PointId> {
        let same = self.state.collection.as_deref() == Some(identity);
        self.state.next.as_ref().filter(|_| same)?.parse().ok()
    }

    fn at(&mut self, identity: &str, next: Option<PointId>) -> Result<()> {
        self.state.collection = Some(identity.to_owned());
        self.state.next = next.map(|id| id.to_string());
        self.write()
    }

    fn finished(&mut self, identity: &str) -> Result<()> {
        self.state.finished.push(identity.to_owned());
        (self.state.collection, self.state.next) = (None, None);
        self.write()
    }

    fn write(&self) -> Result<()> {
        let fault = |error: &dyn std::fmt::Display| Error::Storage {
            file: self.file.display().to_string(),
            why: error.to_string(),
        };
        let bytes = serde_json::to_vec(&self.state).map_err(|error| fault(&error))?;
        let unfinished = self.file.with_extension("part");
        std::fs::write(&unfinished, bytes).map_err(|error| fault(&error))?;
        std::fs::rename(&unfinished, &self.file).map_err(|error| fault(&error))
    }

    fn close(self) {
        if let Err(error) = std::fs::remove_file(&self.file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.file.display(), "the journal of moved vectors stays");
        }
    }
}
