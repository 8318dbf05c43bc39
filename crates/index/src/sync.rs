//! Bringing the index up to date: which files to read, on all cores, in batches.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use mira_workspace::{Walked, Workspace};
use sqlx::Row as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::languages::Languages;
use crate::open::COMPLETE;
use crate::reading::{self, Candidate, Hash, Known, Outcome, Stamp};
use crate::state::Phase;
use crate::{Index, IndexError};

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Every file; those that look as they did when they were read are not read again.
    Whole,
    /// These files and folders, relative to the root: read again whatever they look like.
    Paths(Vec<String>),
}

/// What a sync did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct SyncReport {
    /// Files that were looked at.
    pub seen: u64,
    /// Files that were new or changed.
    pub changed: u64,
    /// Files that are not there any more.
    pub gone: u64,
    pub batches: u64,
    /// What it took to find out what names mean: look-ups that nothing before had answered. Grows
    /// with the project, on any machine alike.
    pub steps: u64,
}

/// The first batch is small, so that something is found at once; later ones grow, in source bytes.
const FIRST_BATCH: u64 = 256 * 1024;
const LARGEST_BATCH: u64 = 8 * 1024 * 1024;
/// Outcomes that wait for the writer.
const WAITING: usize = 256;
/// A change so soon after reading may have left the time of the file as it was, in milliseconds.
const RACY_MS: i64 = 2_000;

impl Index {
    /// Looks which files are new, changed or gone, reads them and writes them, batch by batch.
    /// What was committed before an error or `cancel` stays; running it again does the rest.
    pub async fn sync(
        &self,
        what: What,
        cancel: &CancellationToken,
    ) -> Result<SyncReport, IndexError> {
        let result = self.sync_inner(what, cancel).await;
        self.tell(|state| {
            state.phase = Phase::Idle;
            match &result {
                Ok(_) => state.failure = None,
                Err(IndexError::Cancelled) => {}
                Err(error) => state.failure = Some(error.to_string()),
            }
        });
        result
    }

    /// Takes over a change that was just made to these files and folders: what is there now can be
    /// found when this returns. What names mean is found out behind it.
    pub async fn apply(&self, paths: Vec<String>) -> Result<SyncReport, IndexError> {
        let cancel = CancellationToken::new();
        let is_ignore = |path: &String| path.ends_with(".gitignore") || path.ends_with(".ignore");
        let what = match paths.iter().any(is_ignore) {
            true => What::Whole,
            false => What::Paths(paths),
        };
        let report = self.read_changes(what, &cancel).await?;
        let index = self.clone();
        tokio::spawn(async move {
            if let Err(error) = index.resolve(&cancel).await {
                tracing::warn!(%error, "names of a changed file could not be resolved");
            }
            index.tell(|state| state.phase = Phase::Idle);
        });
        Ok(report)
    }

    async fn sync_inner(
        &self,
        what: What,
        cancel: &CancellationToken,
    ) -> Result<SyncReport, IndexError> {
        let mut report = self.read_changes(what, cancel).await?;
        report.steps = self.resolve(cancel).await?;
        Ok(report)
    }

    async fn read_changes(
        &self,
        what: What,
        cancel: &CancellationToken,
    ) -> Result<SyncReport, IndexError> {
        let _running = self.shared.order.begin();
        let whole = what == What::Whole;
        if whole {
            self.tell(|state| (state.phase, state.done, state.total) = (Phase::Scanning, 0, 0));
        }
        let plan = self.plan(what, cancel).await?;
        let mut report = SyncReport {
            seen: plan.seen,
            ..SyncReport::default()
        };
        self.read_and_write(plan, &mut report, cancel).await?;
        if whole {
            self.finish_whole().await?;
        }
        Ok(report)
    }

    /// Which files to read, and which are gone.
    async fn plan(&self, what: What, cancel: &CancellationToken) -> Result<Plan, IndexError> {
        let known = self.known(&what).await?;
        let languages = self.known_languages();
        let workspace = self.shared.workspace.clone();
        let begun = self.shared.order.stamp();
        let cancel = cancel.clone();
        let plan = tokio::task::spawn_blocking(move || {
            Plan::make(&workspace, what, known, languages, begun, &cancel)
        })
        .await
        .map_err(|error| IndexError::Broken(error.to_string()))??;
        Ok(plan)
    }

    /// What the index has, by path; with paths only what can be concerned.
    async fn known(&self, what: &What) -> Result<HashMap<String, Known>, IndexError> {
        const COLUMNS: &str = "SELECT path, hash, size_bytes, modified_ns, changed_ns, inode,
               reading, indexed_ms FROM files";
        let mut rows = Vec::new();
        match what {
            What::Whole => rows = sqlx::query(COLUMNS).fetch_all(self.reader()).await?,
            What::Paths(paths) => {
                let sql: Arc<str> = format!(
                    "{COLUMNS} WHERE path = ?1 OR (path >= ?1 || '/' AND path < ?1 || '0')"
                )
                .into();
                for path in paths {
                    let path = path.trim_matches('/');
                    let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(path);
                    rows.extend(query.fetch_all(self.reader()).await?);
                }
            }
        }
        let known = rows.iter().map(|row| {
            let hash: Option<&[u8]> = row.try_get(1)?;
            let known = Known {
                hash: hash.and_then(|bytes| Hash::try_from(bytes).ok()),
                stamp: Stamp {
                    size: row.try_get(2)?,
                    modified_ns: row.try_get(3)?,
                    changed_ns: row.try_get(4)?,
                    inode: row.try_get(5)?,
                },
                reading: row.try_get(6)?,
                indexed_ms: row.try_get(7)?,
            };
            Ok((row.try_get(0)?, known))
        });
        Ok(known.collect::<Result<_, sqlx::Error>>()?)
    }

    async fn read_and_write(
        &self,
        plan: Plan,
        report: &mut SyncReport,
        cancel: &CancellationToken,
    ) -> Result<(), IndexError> {
        let total = (plan.candidates.len() + plan.gone.len()) as u64;
        if total == 0 {
            return Ok(());
        }
        self.tell(|state| (state.phase, state.done, state.total) = (Phase::Reading, 0, total));
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let order = self.shared.clone();
        let stop = cancel.clone();
        let readers = tokio::task::spawn_blocking(move || {
            read_all(plan, &order.order, &sender, &stop);
        });
        let mut batch = Batch::default();
        let mut limit = FIRST_BATCH;
        while let Some(outcome) = receiver.recv().await {
            batch.push(outcome);
            if batch.bytes >= limit {
                self.write(std::mem::take(&mut batch), report).await?;
                limit = (limit * 4).min(LARGEST_BATCH);
            }
        }
        readers
            .await
            .map_err(|error| IndexError::Broken(error.to_string()))?;
        self.write(batch, report).await?;
        if cancel.is_cancelled() {
            return Err(IndexError::Cancelled);
        }
        Ok(())
    }

    async fn write(&self, batch: Batch, report: &mut SyncReport) -> Result<(), IndexError> {
        if batch.outcomes.is_empty() {
            return Ok(());
        }
        let done = batch.outcomes.len() as u64;
        let mut writer = self.writer().await;
        let outcomes = self.shared.order.newest(batch.outcomes);
        let committed = self.commit(&mut writer, outcomes, now_ms()).await?;
        drop(writer);
        report.batches += 1;
        report.changed += committed.written.len() as u64;
        report.gone += committed.gone.len() as u64;
        let has_changed = !committed.written.is_empty() || !committed.gone.is_empty();
        self.tell(|state| {
            state.done += done;
            state.generation += u64::from(has_changed);
        });
        Ok(())
    }

    async fn finish_whole(&self) -> Result<(), IndexError> {
        if self.state().is_complete {
            return Ok(());
        }
        let mut writer = self.writer().await;
        let set = format!("PRAGMA application_id = {COMPLETE}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(set))
            .execute(&mut writer.connection)
            .await?;
        self.tell(|state| state.is_complete = true);
        Ok(())
    }
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[derive(Default)]
struct Batch {
    outcomes: Vec<(u64, Outcome)>,
    bytes: u64,
}

impl Batch {
    fn push(&mut self, (order, outcome): (u64, Outcome)) {
        // Each file costs something, however small it is.
        self.bytes += 1_000;
        if let Outcome::Read(read) = &outcome {
            self.bytes += read.stamp.size.unsigned_abs();
        }
        self.outcomes.push((order, outcome));
    }
}

/// Two syncs may read the same file at different times and write it in the other order. Each
/// reading has a number; what was read before the newest written one is dropped.
#[derive(Default)]
pub(crate) struct Order {
    next: AtomicU64,
    running: AtomicUsize,
    written: Mutex<HashMap<String, u64>>,
}

/// A sync is running while this lives.
struct Running<'o>(&'o Order);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut written = self
                .0
                .written
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Another may have begun meanwhile; it needs what is in there.
            if self.0.running.load(Ordering::Acquire) == 0 {
                written.clear();
            }
        }
    }
}

impl Order {
    fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::AcqRel);
        Running(self)
    }

    fn stamp(&self) -> u64 {
        self.next.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Without what was read before something that is written already.
    fn newest(&self, outcomes: Vec<(u64, Outcome)>) -> Vec<Outcome> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept: Vec<Outcome> = Vec::with_capacity(outcomes.len());
        for (order, outcome) in outcomes {
            let newest = written.entry(outcome.path().to_owned()).or_default();
            if *newest < order {
                *newest = order;
                kept.push(outcome);
            }
        }
        kept
    }
}

struct Plan {
    candidates: Vec<Candidate>,
    gone: Vec<String>,
    seen: u64,
    languages: Languages,
    /// When looking began: for what is gone.
    begun: u64,
}

impl Plan {
    fn make(
        workspace: &Workspace,
        what: What,
        mut known: HashMap<String, Known>,
        languages: Languages,
        begun: u64,
        cancel: &CancellationToken,
    ) -> Result<Self, IndexError> {
        let is_whole = what == What::Whole;
        let entries = match what {
            What::Whole => workspace.entries("", None, cancel)?.entries,
            What::Paths(paths) => entries_at(workspace, &paths, cancel)?,
        };
        let mut plan = Self {
            candidates: Vec::new(),
            gone: Vec::new(),
            seen: entries.len() as u64,
            languages,
            begun,
        };
        for entry in entries {
            if entry.metadata.is_dir() {
                continue;
            }
            let known = known.remove(&entry.path);
            let is_same = is_whole
                && known
                    .as_ref()
                    .is_some_and(|known| plan.looks_the_same(&entry, known));
            if !is_same {
                plan.candidates.push(Candidate {
                    path: entry.path,
                    absolute: entry.absolute,
                    metadata: entry.metadata,
                    known,
                });
            }
        }
        plan.gone = known.into_keys().collect();
        // Code before data, then as it lies on disk: what is asked for first is found first.
        let language = |one: &Candidate| mira_syntax::language(&one.path).is_none();
        plan.candidates.sort_by_cached_key(language);
        Ok(plan)
    }

    fn looks_the_same(&self, entry: &Walked, known: &Known) -> bool {
        let stamp = Stamp::of(&entry.metadata);
        let racy = |ns: i64| ns / 1_000_000 + RACY_MS > known.indexed_ms;
        stamp == known.stamp
            && !racy(stamp.modified_ns.max(stamp.changed_ns))
            && known.reading == self.languages.manner(&entry.path).fingerprint
    }
}

/// The entries at and below these paths, as far as they count as the project.
fn entries_at(
    workspace: &Workspace,
    paths: &[String],
    cancel: &CancellationToken,
) -> Result<Vec<Walked>, IndexError> {
    let mut visible = Visible {
        workspace,
        cancel,
        folders: HashMap::new(),
    };
    let mut entries = Vec::new();
    let mut below = Vec::new();
    let paths: BTreeSet<&str> = paths.iter().map(|path| path.trim_matches('/')).collect();
    for path in paths {
        if path.is_empty() {
            return Ok(workspace.entries("", None, cancel)?.entries);
        }
        match visible.take(path)? {
            Some(entry) if entry.metadata.is_dir() => below.push(path),
            Some(entry) => entries.push(entry),
            None => {}
        }
    }
    for folder in below {
        // Gone meanwhile: then it has no entries.
        match workspace.entries(folder, None, cancel) {
            Ok(walk) => entries.extend(walk.entries),
            Err(mira_workspace::Refusal::Cancelled) => return Err(IndexError::Cancelled),
            Err(_) => {}
        }
    }
    entries.sort_by(|left, right| left.path.cmp(&right.path));
    entries.dedup_by(|left, right| left.path == right.path);
    Ok(entries)
}

/// Folders that were listed, so that a path counts only when every folder on the way to it does.
struct Visible<'w> {
    workspace: &'w Workspace,
    cancel: &'w CancellationToken,
    folders: HashMap<String, HashMap<String, Walked>>,
}

impl Visible<'_> {
    fn take(&mut self, path: &str) -> Result<Option<Walked>, IndexError> {
        let mut at = 0;
        while let Some(next) = path[at..].find('/') {
            let folder = &path[..at + next];
            let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
            let is_folder = |entry: &Walked| entry.metadata.is_dir();
            if !self.list(above)?.get(folder).is_some_and(is_folder) {
                return Ok(None);
            }
            at += next + 1;
        }
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        Ok(self.list(above)?.remove(path))
    }

    fn list(&mut self, folder: &str) -> Result<&mut HashMap<String, Walked>, IndexError> {
        if !self.folders.contains_key(folder) {
            let entries = match self.workspace.entries(folder, Some(1), self.cancel) {
                Ok(walk) => walk.entries,
                Err(mira_workspace::Refusal::Cancelled) => return Err(IndexError::Cancelled),
                Err(_) => Vec::new(),
            };
            let entries = entries
                .into_iter()
                .map(|entry| (entry.path.clone(), entry))
                .collect();
            self.folders.insert(folder.to_owned(), entries);
        }
        Ok(self.folders.entry(folder.to_owned()).or_default())
    }
}

/// Reads on all cores; ends early when nobody listens or it is told to stop.
fn read_all(
    plan: Plan,
    order: &Order,
    sender: &mpsc::Sender<(u64, Outcome)>,
    cancel: &CancellationToken,
) {
    for path in plan.gone {
        if sender
            .blocking_send((plan.begun, Outcome::Gone(path)))
            .is_err()
        {
            return;
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        while !cancel.is_cancelled() {
            let Some(candidate) = plan.candidates.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let at = order.stamp();
            let outcome = reading::read(candidate, &plan.languages);
            if sender.blocking_send((at, outcome)).is_err() {
                return;
            }
        }
    };
    if plan.candidates.len() < 4 {
        work();
        return;
    }
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}
