//! Quality, history, concepts and patterns of each open project: computed behind the index, one
//! project at a time, when code or history changed and rested for a while, or when somebody asks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use mira_git::GitError;
use mira_index::{Insights, Phase, Step, Window};
use mira_protocol::Failure;
use mira_protocol::code::InsightState;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Held, Knowledge, from_index};
use crate::changes::blocking;

/// How many commits are counted.
const COMMITS: usize = 1_000;
/// Before the first look after a change, unless somebody asks.
const REST: Duration = Duration::from_secs(2);
/// The rest after a look, in looks: so that it takes a small share of a machine's time at most.
const RESTS: u32 = 10;
const LONGEST_REST: Duration = Duration::from_secs(120);
/// How often is looked whether there is a new commit.
const SEE_COMMITS: Duration = Duration::from_secs(5);
/// The known history is of a folder without a repository, or without a commit.
const NO_HISTORY: &str = "none";

/// A project's part.
pub(super) struct Look {
    seen: RwLock<Seen>,
    /// Somebody asked for what is not there yet: look now.
    wanted: watch::Sender<bool>,
}

/// What the last look found, and of what.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// Of the index.
    generation: Option<u64>,
    head: Option<String>,
    is_running: bool,
    failure: Option<String>,
    counts: Insights,
    window: Window,
}

impl Look {
    pub fn new() -> Self {
        Self {
            seen: RwLock::default(),
            wanted: watch::Sender::new(false),
        }
    }

    fn seen(&self) -> Seen {
        self.seen
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Held {
    pub(super) fn insight_state(&self) -> InsightState {
        let seen = self.look.seen();
        InsightState {
            is_current: seen.failure.is_none() && self.is_looked_at(&seen),
            is_running: seen.is_running,
            issues: seen.counts.issues,
            concepts: seen.counts.concepts,
            clusters: seen.counts.clusters,
            patterns: seen.counts.patterns,
            commits: seen.window.commits,
            failure: seen.failure,
        }
    }

    /// Also while files are compared once more, until one is found that has changed.
    fn is_looked_at(&self, seen: &Seen) -> bool {
        self.is_fresh() && seen.generation == Some(self.index.state().generation)
    }

    /// What an answer from the last look lacks; where that is something, a look begins.
    pub(super) async fn insight_notes(&self) -> Vec<String> {
        self.see_commits().await;
        let mut notes = self.notes();
        let seen = self.look.seen();
        if let Some(failure) = &seen.failure {
            notes.push(format!(
                "quality, history and concepts may be out of date: {failure}"
            ));
        }
        if !self.is_looked_at(&seen) {
            self.look.wanted.send_replace(true);
            notes.push(
                "the code is being looked at: quality, history and concepts are from before, or \
                 not known yet"
                    .to_owned(),
            );
        }
        notes
    }

    /// A commit changes no file: whether there is a new one is looked up now and then, and when
    /// somebody asks.
    pub(super) async fn see_commits(&self) {
        let seen = self.look.seen();
        if seen.is_running || seen.generation.is_none() {
            return;
        }
        let root = PathBuf::from(&self.project.path);
        let head = blocking(move || head(&root)).await;
        if let Ok(Ok(head)) = head
            && head != seen.head
        {
            self.look.note(|seen| seen.generation = None);
            self.look.wanted.send_replace(true);
        }
    }

    /// Returns when there is something to look at that nobody looked at yet.
    async fn until_stale(&self) {
        let mut states = self.index.follow();
        let mut wanted = self.look.wanted.subscribe();
        loop {
            self.until_fresh().await;
            let state = states.borrow_and_update().clone();
            let seen = self.look.seen().generation;
            if state.phase == Phase::Idle && seen != Some(state.generation) {
                return;
            }
            wanted.borrow_and_update();
            // Both senders live as long as this.
            tokio::select! {
                _ = states.changed() => {}
                _ = wanted.changed() => {}
                () = tokio::time::sleep(SEE_COMMITS) => self.see_commits().await,
            }
        }
    }
}

impl Knowledge {
    /// Looks at what changed, again and again, until the index is closed.
    pub(super) async fn look_into(&self, held: Arc<Held>) {
        let looks = async {
            let mut rest = REST;
            loop {
                held.until_stale().await;
                let mut wanted = held.look.wanted.subscribe();
                tokio::select! {
                    () = tokio::time::sleep(rest) => {}
                    _ = wanted.wait_for(|wanted| *wanted) => {}
                }
                held.until_stale().await;
                // Never closed.
                let Ok(_one_at_a_time) = self.0.looking.acquire().await else {
                    return;
                };
                let begun = Instant::now();
                self.look_once(&held).await;
                rest = (begun.elapsed() * RESTS).clamp(REST, LONGEST_REST);
            }
        };
        tokio::select! {
            () = looks => {}
            () = held.closed.cancelled() => {}
        }
    }

    async fn look_once(&self, held: &Held) {
        held.look.wanted.send_replace(false);
        let generation = held.index.state().generation;
        held.look.note(|seen| seen.is_running = true);
        self.say(held);
        let history = held.read_history().await;
        let counts = held.index.insights(&held.closed).await;
        let window = held.index.history_window().await.unwrap_or_default();
        held.look.note(|seen| {
            seen.is_running = false;
            seen.generation = Some(generation);
            seen.window = window;
            seen.failure = None;
            match history {
                Ok(head) => seen.head = head,
                Err(failure) => seen.failure = Some(failure),
            }
            match counts {
                Ok(counts) => seen.counts = counts,
                Err(error) => {
                    tracing::warn!(%error, "the code could not be looked at");
                    seen.failure = Some(error.to_string());
                }
            }
        });
        self.say(held);
    }
}

impl Held {
    /// Reads the history where it is not the one that is known. Returns the newest commit.
    async fn read_history(&self) -> Result<Option<String>, String> {
        let said = |failure: Failure| failure.message;
        let (root, closed) = (PathBuf::from(&self.project.path), self.closed.clone());
        let known = self.index.history_made_from().await;
        let known = known.map_err(|error| error.to_string())?;
        let read = blocking(move || read(&root, known.as_deref(), &closed))
            .await
            .map_err(said)?;
        let (head, steps) = read.map_err(|error| error.to_string())?;
        if let Some(steps) = steps {
            let made_from = made_from(head.as_deref());
            let set = self.index.set_history(&made_from, &steps).await;
            set.map_err(from_index).map_err(said)?;
        }
        Ok(head)
    }
}

fn made_from(head: Option<&str>) -> String {
    match head {
        Some(head) => format!("{head}/{COMMITS}"),
        None => NO_HISTORY.to_owned(),
    }
}

/// None: no repository, or no commit in it.
fn head(root: &Path) -> Result<Option<String>, GitError> {
    match mira_git::head(root) {
        Err(GitError::NotARepository(_)) => Ok(None),
        head => head,
    }
}

type Read = (Option<String>, Option<Vec<Step>>);

/// The newest commit; and what came to be since, unless that is known.
fn read(root: &Path, known: Option<&str>, closed: &CancellationToken) -> Result<Read, GitError> {
    let head = head(root)?;
    if known == Some(&made_from(head.as_deref())) {
        return Ok((head, None));
    }
    let steps = match head {
        Some(_) => mira_git::history(root, COMMITS, &|| closed.is_cancelled())?,
        None => Vec::new(),
    };
    if closed.is_cancelled() {
        // It may have ended early.
        return Ok((head, None));
    }
    let step = |step: mira_git::Step| Step {
        author: step.author,
        at: step.at,
        subject: step.subject,
        files: step
            .files
            .into_iter()
            .map(|file| (file.path, u64::from(file.added) + u64::from(file.removed)))
            .collect(),
    };
    Ok((head, Some(steps.into_iter().map(step).collect())))
}
