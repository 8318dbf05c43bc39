//! Commits of a project: read behind the index, newest first, and found by words and meaning.

use std::path::PathBuf;
use std::time::Duration;

use mira_index::Sense;
use mira_protocol::code::{CommitsState, RankReason};
use mira_protocol::git::{Commit, CommitHit, CommitHits, SearchCommits};
use mira_protocol::{Code, Failure};
use mira_secrets::Masker;
use tokio::sync::{Mutex, Notify, watch};

use super::meaning::Kind;
use super::{Held, Knowledge, by_words, from_index, masked};
use crate::changes::blocking;

/// Older commits are not searched.
const MOST_COMMITS: usize = 20_000;
/// Commits read, and stored, at once.
const BATCH: usize = 200;
/// Of a message's first line, and of its body; more is a log of something.
const MOST_SUBJECT_BYTES: usize = 500;
const MOST_BODY_BYTES: usize = 8_000;
/// How often is looked whether there is a new commit, and how often where that went wrong.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long a search waits for commits that are being read.
const WAIT: Duration = Duration::from_secs(2);
const MOST_HITS: u32 = 200;
/// Names of files that a hit tells.
const SHOWN_PATHS: usize = 20;
/// What is noted as read where there is no history.
const NO_HISTORY: &str = "none";

/// How far a project's commits are read.
pub(super) struct Reading {
    now: watch::Sender<Now>,
    again: Notify,
    alone: Mutex<()>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Now {
    /// That can be found.
    known: u64,
    /// Of those under way.
    read: u64,
    total: u64,
    /// All were read, or cannot be, since the project was opened.
    is_done: bool,
    failure: Option<String>,
}

impl Reading {
    pub fn new() -> Self {
        Self {
            now: watch::Sender::default(),
            again: Notify::new(),
            alone: Mutex::default(),
        }
    }

    /// Hears of each step.
    pub fn follow(&self) -> watch::Receiver<Now> {
        self.now.subscribe()
    }

    pub fn is_done(&self) -> bool {
        self.now.borrow().is_done
    }

    pub async fn until_done(&self) {
        // An error says that the sender is gone; it lives as long as this.
        let _ = self.now.subscribe().wait_for(|now| now.is_done).await;
    }
}

impl Held {
    pub(super) fn commits_state(&self) -> CommitsState {
        let now = self.commits.now.borrow().clone();
        CommitsState {
            known: now.known,
            is_read: now.is_done,
            failure: now.failure,
            meaning: self.sense().state(Kind::Commits, now.known),
        }
    }

    /// Brings the commits that are known to those that can be reached.
    async fn read_commits(&self, masker: &Masker) {
        let _alone = self.commits.alone.lock().await;
        let failure = self.try_read_commits(masker).await.err();
        if let Some(failure) = &failure {
            tracing::debug!(%failure, project = %self.project.id, "commits were not read");
        }
        let known = self.index.commit_count().await.unwrap_or_default();
        self.commits.now.send_if_modified(|now| {
            let ended = Now {
                known,
                is_done: true,
                failure: failure.map(|failure| failure.message),
                ..Now::default()
            };
            let is_news = *now != ended;
            *now = ended;
            is_news
        });
    }

    async fn newest(&self) -> Result<String, Failure> {
        let root = PathBuf::from(&self.project.path);
        let head = blocking(move || mira_git::head(&root)).await?;
        match head {
            Ok(head) => Ok(head.unwrap_or_else(|| NO_HISTORY.to_owned())),
            Err(mira_git::GitError::NotARepository(_)) => Ok(NO_HISTORY.to_owned()),
            Err(error) => Err(Failure::new(Code::Internal, error.to_string())),
        }
    }

    async fn are_commits_read(&self) -> Result<bool, Failure> {
        let read = self.index.commits_read().await.map_err(from_index)?;
        Ok(read == Some(self.newest().await?))
    }

    async fn try_read_commits(&self, masker: &Masker) -> Result<(), Failure> {
        let newest = self.newest().await?;
        if self
            .index
            .commits_read()
            .await
            .map_err(from_index)?
            .as_ref()
            == Some(&newest)
        {
            return Ok(());
        }
        let root = PathBuf::from(&self.project.path);
        let walked = root.clone();
        let there = blocking(move || mira_git::reachable(&walked, MOST_COMMITS))
            .await?
            .map_err(from_git)?;
        let mut known = self.index.known_commits().await.map_err(from_index)?;
        let mut new = Vec::new();
        for hash in there {
            if !known.remove(&hash) {
                new.push(hash);
            }
        }
        // What is left can not be reached any more.
        let gone: Vec<String> = known.into_iter().collect();
        self.index.forget_commits(&gone).await.map_err(from_index)?;
        let total = new.len() as u64;
        for batch in new.chunks(BATCH) {
            if self.closed.is_cancelled() {
                return Err(Failure::new(Code::Cancelled, "Cancelled."));
            }
            let (root, hashes) = (root.clone(), batch.to_vec());
            let told = blocking(move || mira_git::messages(&root, &hashes))
                .await?
                .map_err(from_git)?;
            let masked: Vec<mira_index::Commit> =
                told.into_iter().map(|one| stored(masker, one)).collect();
            self.index.add_commits(&masked).await.map_err(from_index)?;
            let known = self.index.commit_count().await.map_err(from_index)?;
            self.commits.now.send_modify(|now| {
                now.known = known;
                now.read += batch.len() as u64;
                now.total = total;
                now.is_done = false;
            });
        }
        self.index
            .set_commits_read(&newest)
            .await
            .map_err(from_index)
    }
}

impl Knowledge {
    /// Reads commits now and whenever there are others, until the index is closed.
    pub(super) async fn follow_commits(&self, held: std::sync::Arc<Held>) {
        loop {
            let before = held.commits_state();
            tokio::select! {
                () = held.read_commits(self.0.events.masker()) => {}
                () = held.closed.cancelled() => return,
            }
            let state = held.commits_state();
            let pause = match state.failure {
                Some(_) => LOOK_AGAIN,
                None => LOOK,
            };
            if state != before {
                self.say(&held);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = held.commits.again.notified() => {}
                () = held.closed.cancelled() => return,
            }
        }
    }

    /// Commits by words and meaning, the best first.
    pub async fn search_commits(&self, request: SearchCommits) -> Result<CommitHits, Failure> {
        if request.query.trim().is_empty() {
            let text = "There is nothing to search for: `query` is empty.";
            return Err(Failure::new(Code::BadParams, text));
        }
        let held = self.of(&request.project_id).await?;
        if !held.are_commits_read().await? {
            held.commits.again.notify_one();
            let mut steps = held.commits.follow();
            let read = async {
                while !held.are_commits_read().await.unwrap_or(true) {
                    let _ = steps.changed().await;
                }
            };
            let _ = tokio::time::timeout(WAIT, read).await;
        }
        let limit = request.limit.unwrap_or(20).clamp(1, MOST_HITS) as usize;
        let how = held.how(Kind::Commits);
        let path = request.path.as_deref();
        let found = held
            .index
            .search_commits(&request.query, path, limit + 1, how.with())
            .await
            .map_err(from_index)?;
        let is_complete = held.are_commits_read().await.unwrap_or(false);
        let mut hits: Vec<CommitHit> = found
            .hits
            .into_iter()
            .map(|hit| shown(hit, request.explain))
            .collect();
        let truncated = hits.len() > limit;
        hits.truncate(limit);
        Ok(CommitHits {
            hits,
            truncated,
            notes: held.commit_notes(is_complete, &found.meaning),
            is_reading: !is_complete && held.commits.now.borrow().failure.is_none(),
        })
    }
}

impl Held {
    fn commit_notes(&self, is_complete: bool, meaning: &Sense) -> Vec<String> {
        let now = self.commits.now.borrow().clone();
        let mut notes = Vec::new();
        match (&now.failure, is_complete) {
            (Some(failure), _) => notes.push(format!("commits could not be read: {failure}")),
            (None, false) => notes.push(format!(
                "commits are being read: {} of {} so far",
                now.read, now.total
            )),
            (None, true) if now.known == 0 && now.is_done => {
                notes.push("this project has no commits".to_owned());
                return notes;
            }
            (None, true) => {}
        }
        match meaning {
            Sense::Off { why, hint } => notes.push(by_words(why, hint)),
            Sense::Used { coverage } if coverage.done < coverage.total => notes.push(format!(
                "{} of {} commits have vectors so far; the others are found by words",
                coverage.done, coverage.total
            )),
            Sense::Used { .. } => {}
        }
        notes
    }
}

fn shown(hit: mira_index::CommitHit, explain: bool) -> CommitHit {
    let commit = hit.commit;
    let more = commit.paths.len().saturating_sub(SHOWN_PATHS);
    let why = hit.why.into_iter().map(|why| RankReason {
        signal: why.signal.to_owned(),
        detail: why.text,
        share: why.points,
    });
    CommitHit {
        body: commit.body,
        paths: commit.paths.into_iter().take(SHOWN_PATHS).collect(),
        more_paths: u32::try_from(more).unwrap_or(u32::MAX),
        score: hit.score,
        reasons: if explain { why.collect() } else { vec![] },
        commit: Commit {
            hash: commit.hash,
            author: commit.author,
            email: commit.email,
            at: commit.at,
            subject: commit.subject,
        },
    }
}

/// As it is stored and given to a model.
fn stored(masker: &Masker, message: mira_git::Message) -> mira_index::Commit {
    let commit = message.commit;
    mira_index::Commit {
        hash: commit.hash,
        author: commit.author,
        email: commit.email,
        at: commit.at,
        subject: masked(masker, &commit.subject, MOST_SUBJECT_BYTES),
        body: masked(masker, &commit.body, MOST_BODY_BYTES),
        paths: message.paths,
        is_here: message.is_here,
    }
}

fn from_git(error: mira_git::GitError) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}
