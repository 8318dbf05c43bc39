//! Changes on disk, followed as they happen.
//!
//! Each folder that counts as the project is watched by itself: what .gitignore hides costs
//! nothing. Events only say where to look; what is there now is read from disk. So it does no harm
//! that they come late, twice or in another order, and where some were lost the whole project is
//! looked at.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::state::Watching;
use crate::sync::What;
use crate::{Index, IndexError};

/// Without news for so long, what came is looked at.
const QUIET: Duration = Duration::from_millis(30);
/// It is looked at after so long whatever comes.
const PATIENCE: Duration = Duration::from_millis(250);
/// While git holds its lock, a switch is going on.
const GIT_PATIENCE: Duration = Duration::from_secs(10);
/// More paths than this are not asked for one by one.
const MANY: usize = 1_000;
/// Where folders cannot be watched.
const POLL: Duration = Duration::from_secs(5);
/// After a failed sync.
const AGAIN: Duration = Duration::from_secs(2);

/// Follows changes until it is dropped.
#[must_use = "changes are followed until this is dropped"]
pub struct Watch {
    _stop: DropGuard,
}

impl Index {
    /// Follows changes on disk: brings the whole index up to date, then keeps it there. Needs a
    /// Tokio runtime. What it does is told by [`Index::state`].
    pub fn watch(&self) -> Watch {
        let stop = CancellationToken::new();
        let index = self.clone();
        let stopped = stop.clone();
        tokio::spawn(async move {
            let run = Follower::run(&index, stopped.clone());
            tokio::select! {
                () = run => {}
                () = stopped.cancelled() => {}
            }
            index.tell(|state| state.watching = Watching::Off);
        });
        Watch {
            _stop: stop.drop_guard(),
        }
    }
}

struct Follower<'i> {
    index: &'i Index,
    stop: CancellationToken,
    watcher: RecommendedWatcher,
    watched: HashSet<PathBuf>,
    git: Option<PathBuf>,
    /// Why some folders cannot be watched.
    trouble: Option<String>,
}

/// What is to be looked at.
#[derive(Default)]
struct News {
    /// Absolute.
    paths: BTreeSet<PathBuf>,
    /// Folders that appeared or moved, perhaps.
    moved: BTreeSet<PathBuf>,
    is_whole: bool,
}

impl<'i> Follower<'i> {
    async fn run(index: &'i Index, stop: CancellationToken) {
        let (sender, mut events) = mpsc::unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            // Nobody listens any more: the watch was dropped.
            let _ = sender.send(event);
        };
        let watcher = match notify::recommended_watcher(tell) {
            Ok(watcher) => watcher,
            Err(error) => return poll(index, &stop, error.to_string()).await,
        };
        let mut follower = Self {
            git: git_folder(index.workspace().root()),
            index,
            stop,
            watcher,
            watched: HashSet::new(),
            trouble: None,
        };
        follower.cover_all().await;
        follower.look(What::Whole).await;
        loop {
            let first = match &follower.trouble {
                None => events.recv().await,
                Some(_) => match tokio::time::timeout(POLL, events.recv()).await {
                    Ok(event) => event,
                    Err(_) => {
                        follower.look(What::Whole).await;
                        continue;
                    }
                },
            };
            let Some(first) = first else { return };
            let mut news = News::default();
            follower.take(first, &mut news);
            follower.gather(&mut events, &mut news).await;
            follower.follow(news).await;
        }
    }

    /// Waits until it is quiet, and until git is done.
    async fn gather(
        &mut self,
        events: &mut mpsc::UnboundedReceiver<notify::Result<Event>>,
        news: &mut News,
    ) {
        let begun = Instant::now();
        loop {
            let is_git_busy = self
                .git
                .as_ref()
                .is_some_and(|git| git.join("index.lock").exists());
            let patience = if is_git_busy { GIT_PATIENCE } else { PATIENCE };
            if begun.elapsed() > patience {
                return;
            }
            match tokio::time::timeout(QUIET, events.recv()).await {
                Ok(Some(event)) => self.take(event, news),
                Ok(None) => return,
                Err(_) if is_git_busy => news.is_whole = true,
                Err(_) => return,
            }
        }
    }

    fn take(&self, event: notify::Result<Event>, news: &mut News) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                tracing::debug!(%error, "the watcher of files reports an error");
                news.is_whole = true;
                return;
            }
        };
        if event.need_rescan() {
            news.is_whole = true;
        }
        let says_nothing = matches!(event.kind, EventKind::Access(kind)
            if kind != AccessKind::Close(AccessMode::Write));
        if says_nothing {
            return;
        }
        let may_move = matches!(
            event.kind,
            EventKind::Create(_)
                | EventKind::Remove(_)
                | EventKind::Modify(ModifyKind::Name(_))
                | EventKind::Any
        );
        for path in event.paths {
            if let Some(git) = &self.git
                && path.starts_with(git)
            {
                news.is_whole |= path == git.join("HEAD");
                continue;
            }
            let name = path.file_name().and_then(|name| name.to_str());
            news.is_whole |= matches!(name, Some(".gitignore" | ".ignore"));
            if may_move {
                news.moved.insert(path.clone());
            }
            news.paths.insert(path);
        }
        news.is_whole |= news.paths.len() > MANY;
    }

    async fn follow(&mut self, news: News) {
        if news.is_whole {
            self.forget_gone();
            for path in &news.moved {
                self.forget(path);
            }
            self.cover_all().await;
            return self.look(What::Whole).await;
        }
        for path in &news.moved {
            self.forget(path);
            let is_folder = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
            if is_folder {
                self.cover(path).await;
            }
        }
        let root = self.index.workspace().root();
        let below = news
            .paths
            .iter()
            .filter_map(|path| path.strip_prefix(root).ok());
        let paths: Vec<String> = below
            .map(|path| path.to_string_lossy().into_owned())
            .filter(|path| !path.is_empty())
            .collect();
        if !paths.is_empty() {
            self.look(What::Paths(paths)).await;
        }
    }

    /// Looks until it goes well: what the events told must not be lost.
    async fn look(&mut self, what: What) {
        let mut what = what;
        loop {
            match self.index.sync(what, &self.stop).await {
                Ok(_) | Err(IndexError::Cancelled) => break,
                Err(error) => {
                    tracing::warn!(%error, "the code index could not follow a change");
                    tokio::time::sleep(AGAIN).await;
                    what = What::Whole;
                }
            }
        }
        let trouble = self.trouble.clone();
        self.index.tell(|state| {
            let watching = match trouble {
                None => Watching::On,
                Some(why) => Watching::Polling { why },
            };
            state.watching = watching;
        });
    }

    async fn cover_all(&mut self) {
        self.trouble = None;
        let root = self.index.workspace().root().to_owned();
        if let Some(git) = self.git.clone() {
            self.watch(&git, RecursiveMode::NonRecursive);
        }
        if cfg!(target_os = "linux") {
            self.cover(&root).await;
        } else {
            self.watch(&root, RecursiveMode::Recursive);
        }
    }

    /// Watches a folder and all below it. Folders that appear meanwhile are met in the next round.
    async fn cover(&mut self, folder: &Path) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let root = self.index.workspace().root().to_owned();
        let Ok(relative) = folder.strip_prefix(&root) else {
            return;
        };
        let relative = relative.to_string_lossy().into_owned();
        if !relative.is_empty() && !self.is_visible(folder).await {
            return;
        }
        self.watch(folder, RecursiveMode::NonRecursive);
        loop {
            let workspace = self.index.workspace().clone();
            let (asked, stop) = (relative.clone(), self.stop.clone());
            let walk = tokio::task::spawn_blocking(move || workspace.entries(&asked, None, &stop));
            let Ok(Ok(walk)) = walk.await else {
                return;
            };
            let folders = walk
                .entries
                .into_iter()
                .filter(|entry| entry.metadata.is_dir());
            let new: Vec<PathBuf> = folders
                .map(|entry| entry.absolute)
                .filter(|path| !self.watched.contains(path))
                .collect();
            if new.is_empty() || self.trouble.is_some() {
                return;
            }
            for path in new {
                self.watch(&path, RecursiveMode::NonRecursive);
            }
        }
    }

    /// Whether the folder is one of those that a walk of the project meets.
    async fn is_visible(&self, folder: &Path) -> bool {
        let workspace = self.index.workspace().clone();
        let (folder, stop) = (folder.to_owned(), self.stop.clone());
        let look = move || {
            let above = folder.parent()?.strip_prefix(workspace.root()).ok()?;
            let above = above.to_string_lossy().into_owned();
            let walk = workspace.entries(&above, Some(1), &stop).ok()?;
            walk.entries
                .iter()
                .any(|entry| entry.absolute == folder)
                .then_some(())
        };
        matches!(tokio::task::spawn_blocking(look).await, Ok(Some(())))
    }

    fn watch(&mut self, path: &Path, mode: RecursiveMode) {
        if self.watched.contains(path) {
            return;
        }
        match self.watcher.watch(path, mode) {
            Ok(()) => {
                self.watched.insert(path.to_owned());
            }
            Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
            Err(error) if !path.exists() => {
                tracing::debug!(%error, "a folder was gone before it could be watched");
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "a folder cannot be watched");
                self.trouble = Some(format!("{} cannot be watched: {error}", path.display()));
            }
        }
    }

    /// A watch follows its folder when that is moved, and would go on telling the old name.
    fn forget(&mut self, folder: &Path) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let below: Vec<PathBuf> = self
            .watched
            .iter()
            .filter(|path| path.starts_with(folder))
            .cloned()
            .collect();
        for path in below {
            // A folder that is gone took its watch with it.
            let _ = self.watcher.unwatch(&path);
            self.watched.remove(&path);
        }
    }

    fn forget_gone(&mut self) {
        let gone: Vec<PathBuf> = self
            .watched
            .iter()
            .filter(|path| !path.is_dir())
            .cloned()
            .collect();
        for path in gone {
            self.forget(&path);
        }
    }
}

async fn poll(index: &Index, stop: &CancellationToken, why: String) {
    tracing::warn!(
        why,
        "files cannot be watched; the project is looked at every few seconds"
    );
    index.tell(|state| state.watching = Watching::Polling { why });
    loop {
        if let Err(error) = index.sync(What::Whole, stop).await {
            tracing::warn!(%error, "the code index could not be brought up to date");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The folder where git keeps HEAD, for the root or a folder above it.
fn git_folder(root: &Path) -> Option<PathBuf> {
    let git = root
        .ancestors()
        .map(|dir| dir.join(".git"))
        .find(|git| git.exists())?;
    if git.is_dir() {
        return Some(git);
    }
    // A worktree or a submodule: the file says where.
    let text = std::fs::read_to_string(&git).ok()?;
    let path = text.strip_prefix("gitdir:")?.trim();
    git.parent()?.join(path).canonicalize().ok()
}
