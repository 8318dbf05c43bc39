//! Search by meaning in one project: the parts that all share, and how far the vectors of its code,
//! its commits and its messages are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mira_index::{Coverage, Index, IndexError, Meaning, With};
use mira_protocol::ProjectId;
use mira_protocol::code::MeaningState;
use mira_tools::NoMeaning;

use super::agreement::is_question;
use super::messages::Texts;
use super::{Held, Knowledge};
use crate::vectors::{Missing, Parts};

/// A place or a model that does not answer is asked again after this, twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Each call of a model elsewhere stands in the ledger, a failed one too.
const LONGEST_WAIT_ASKED: Duration = Duration::from_secs(600);

/// A project's part.
pub(crate) struct Sense {
    pub(super) meaning: Result<Meaning, Missing>,
    commits: Result<Meaning, Missing>,
    messages: Result<Meaning, Missing>,
    pub(super) parts: Arc<Parts>,
    progress: Mutex<[Progress; 3]>,
}

/// What vectors stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    Commits,
    Messages,
}

impl Kind {
    /// In this order vectors are made.
    pub const ALL: [Self; 3] = [Self::Code, Self::Commits, Self::Messages];

    pub fn noun(self) -> &'static str {
        match self {
            Self::Code => "vectors of this project are not made yet",
            Self::Commits => "vectors of its commits are not made yet",
            Self::Messages => "vectors of its messages are not made yet",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Code => "They are made in the background.",
            Self::Commits | Self::Messages => {
                "They are made in the background; `mira index --vectors` waits for them."
            }
        }
    }
}

#[derive(Default, Clone)]
struct Progress {
    coverage: Coverage,
    /// Why no more vectors are made just now.
    problem: Option<Missing>,
    /// For the person's word.
    waits: bool,
}

impl Sense {
    pub(super) async fn new(
        parts: Arc<Parts>,
        index: &Index,
        project: &ProjectId,
        texts: Texts,
    ) -> Self {
        let texts = Arc::new(texts);
        let meaning = match (&parts.maker, &parts.index) {
            (Ok(maker), Ok(index)) => Ok(Meaning::new(
                maker.of(project),
                index.clone(),
                project.as_str(),
            )),
            (Err(missing), _) | (_, Err(missing)) => Err(missing.clone()),
        };
        let sense = Self {
            commits: meaning
                .as_ref()
                .map(Meaning::of_commits)
                .map_err(Clone::clone),
            messages: meaning
                .as_ref()
                .map(|meaning| meaning.of_messages(texts))
                .map_err(Clone::clone),
            meaning,
            parts,
            progress: Mutex::default(),
        };
        for kind in Kind::ALL {
            if let Ok(coverage) = sense.coverage(kind, index).await {
                sense.set(kind, |now| now.coverage = coverage);
            }
        }
        sense
    }

    pub(super) fn of(&self, kind: Kind) -> &Result<Meaning, Missing> {
        match kind {
            Kind::Code => &self.meaning,
            Kind::Commits => &self.commits,
            Kind::Messages => &self.messages,
        }
    }

    async fn coverage(&self, kind: Kind, index: &Index) -> Result<Coverage, IndexError> {
        match self.of(kind) {
            Err(_) => Ok(Coverage::default()),
            Ok(meaning) => index.coverage(meaning).await,
        }
    }

    /// Whether somebody bills what is asked for.
    pub fn is_paid(&self) -> bool {
        self.parts.maker.as_ref().is_ok_and(|maker| maker.is_paid)
    }

    fn now(&self, kind: Kind) -> Progress {
        let progress = self.progress.lock();
        progress.unwrap_or_else(PoisonError::into_inner)[kind as usize].clone()
    }

    fn set(&self, kind: Kind, change: impl FnOnce(&mut Progress)) {
        let progress = self.progress.lock();
        change(&mut progress.unwrap_or_else(PoisonError::into_inner)[kind as usize]);
    }

    /// In pieces, commits and messages that have vectors.
    fn done(&self) -> u64 {
        Kind::ALL
            .iter()
            .map(|kind| self.now(*kind).coverage.done)
            .sum()
    }

    pub(super) fn coverage_now(&self, kind: Kind) -> Coverage {
        self.now(kind).coverage
    }

    pub(super) fn state(&self, kind: Kind, there: u64) -> MeaningState {
        let now = self.now(kind);
        // Equal pieces share a vector, and brought-in files have none: until they were counted,
        // what is there.
        let total = match now.coverage.total {
            0 => there,
            total => total,
        };
        match self.of(kind) {
            Ok(meaning) => MeaningState {
                model: Some(meaning.embedder().model().to_string()),
                place: Some(meaning.vectors().place()),
                done: now.coverage.done,
                total,
                note: now.problem.map(|problem| problem.to_string()),
                waits: now.waits,
            },
            Err(missing) => MeaningState {
                total,
                note: Some(missing.to_string()),
                ..MeaningState::default()
            },
        }
    }

    /// Why a search goes by words alone; none where there are vectors to ask.
    pub(super) fn off(&self, kind: Kind) -> Option<Missing> {
        let now = self.now(kind);
        match (self.of(kind), now.problem) {
            (Err(missing), _) => Some(missing.clone()),
            (Ok(_), _) if now.coverage.done > 0 => None,
            (Ok(_), Some(problem)) => Some(problem),
            (Ok(_), None) => Some(Missing {
                why: kind.noun().to_owned(),
                hint: kind.hint().to_owned(),
            }),
        }
    }
}

/// How a search of a moment goes about it.
pub(super) struct How {
    sense: Arc<Sense>,
    kind: Kind,
    off: Option<Missing>,
}

impl How {
    pub fn with(&self) -> With<'_> {
        match (self.sense.of(self.kind), &self.off) {
            (Ok(meaning), None) => With::Meaning(meaning),
            (_, Some(missing)) | (Err(missing), None) => With::Words {
                why: &missing.why,
                hint: &missing.hint,
            },
        }
    }
}

impl Held {
    pub(crate) fn sense(&self) -> Arc<Sense> {
        let sense = self.sense.read();
        Arc::clone(&sense.unwrap_or_else(PoisonError::into_inner))
    }

    /// The model to search with, or why there is none.
    pub(super) fn meaning(&self) -> Result<Meaning, NoMeaning> {
        let sense = self.sense();
        let missing = match (&sense.meaning, sense.off(Kind::Code)) {
            (Ok(meaning), None) => return Ok(meaning.clone()),
            (_, Some(missing)) => missing,
            (Err(missing), None) => missing.clone(),
        };
        Err(NoMeaning {
            why: missing.why,
            hint: missing.hint.to_string(),
        })
    }

    pub(super) fn how(&self, kind: Kind) -> How {
        let sense = self.sense();
        How {
            off: sense.off(kind),
            kind,
            sense,
        }
    }
}

/// Why making vectors came to rest.
enum Rest {
    /// Everything has its vectors, or waits for the person: until something changes.
    UntilChange,
    /// It may go well later.
    For(Duration),
}

impl Knowledge {
    /// Makes vectors of what changed, again after each change and after each change of the parts,
    /// until the index is closed.
    pub(super) async fn embed(&self, held: Arc<Held>) {
        let mut parts = self.0.vectors.follow();
        loop {
            let now = parts.borrow_and_update().clone();
            let sense = held.sense();
            let same = |now: &Arc<Parts>| Arc::ptr_eq(now, &sense.parts);
            if let Some(now) = now.filter(|now| !same(now)) {
                let sense = Sense::new(now, &held.index, &held.project.id, self.texts()).await;
                let mut slot = held.sense.write().unwrap_or_else(PoisonError::into_inner);
                *slot = Arc::new(sense);
                drop(slot);
                self.say(&held);
                continue;
            }
            tokio::select! {
                () = self.keep_embedded(&held, &sense) => return,
                changed = parts.changed() => if changed.is_err() { return },
                () = held.closed.cancelled() => return,
            }
        }
    }

    /// What kept vectors from being made may be gone: the settings or a cap changed.
    pub fn nudge(&self) {
        self.0.agreed.send_modify(|count| *count += 1);
    }

    /// With these parts. Dropped at any time, it goes on where it was.
    async fn keep_embedded(&self, held: &Held, sense: &Sense) {
        if sense.meaning.is_err() {
            return std::future::pending().await;
        }
        let (mut states, mut still) = (held.index.follow(), self.0.vectors.still());
        let mut commits = held.commits.follow();
        let mut messages = held.messages.follow();
        let mut agreed = self.0.agreed.subscribe();
        let mut wait = FIRST_WAIT;
        loop {
            // Not before the project was looked at: what is read is found by its words first.
            held.until_fresh().await;
            if still.wait_for(|still| !still).await.is_err() {
                return;
            }
            states.borrow_and_update();
            agreed.borrow_and_update();
            commits.borrow_and_update();
            messages.borrow_and_update();
            let rest = tokio::select! {
                rest = self.pass(held, sense, &mut wait) => rest,
                moving = still.wait_for(|still| *still) => match moving {
                    Ok(_) => continue,
                    Err(_) => return,
                },
            };
            let rested = async {
                match rest {
                    Rest::UntilChange => std::future::pending().await,
                    Rest::For(time) => tokio::time::sleep(time).await,
                }
            };
            tokio::select! {
                () = rested => {}
                changed = states.changed() => if changed.is_err() { return },
                changed = commits.changed() => if changed.is_err() { return },
                changed = messages.changed() => if changed.is_err() { return },
                changed = agreed.changed() => if changed.is_err() { return },
                moving = still.wait_for(|still| *still) => if moving.is_err() { return },
            }
        }
    }

    /// Makes what is missing, as far as that is agreed and goes well.
    async fn pass(&self, held: &Held, sense: &Sense, wait: &mut Duration) -> Rest {
        let _at_work = self.0.vectors.at_work().await;
        let mut rest = Rest::UntilChange;
        for kind in Kind::ALL {
            let done = sense.done();
            let problem = match self.try_pass(held, sense, kind).await {
                Ok(problem) => problem,
                Err(IndexError::Vectors(error)) => {
                    if error.is_passing() {
                        rest = Rest::For(*wait);
                    }
                    let next = if sense.done() > done {
                        FIRST_WAIT
                    } else {
                        *wait * 2
                    };
                    *wait = next.min(match &error {
                        mira_vectors::Error::Asked { .. } => LONGEST_WAIT_ASKED,
                        _ => LONGEST_WAIT,
                    });
                    // Whoever cannot make the one cannot make the other.
                    let problem = Missing::from(error);
                    for kind in Kind::ALL {
                        sense.set(kind, |now| now.problem = Some(problem.clone()));
                    }
                    self.say(held);
                    return rest;
                }
                Err(error) => {
                    tracing::warn!(%error, ?kind, "new vectors are not made");
                    None
                }
            };
            let waits = matches!(&problem, Some(problem) if is_question(problem));
            sense.set(kind, |now| {
                now.waits = waits;
                now.problem = problem;
            });
        }
        *wait = FIRST_WAIT;
        self.say(held);
        rest
    }

    /// What it waits for, where that is the person.
    async fn try_pass(
        &self,
        held: &Held,
        sense: &Sense,
        kind: Kind,
    ) -> Result<Option<Missing>, IndexError> {
        let Ok(meaning) = sense.of(kind) else {
            return Ok(None);
        };
        match kind {
            Kind::Code => {}
            // What is read is found by its words first.
            Kind::Commits if !held.commits.is_done() => return Ok(None),
            Kind::Commits => {}
            Kind::Messages => self.take_in_messages(held).await?,
        }
        let tell = |coverage: Coverage| {
            sense.set(kind, |now| {
                now.coverage = coverage;
                now.problem = None;
                now.waits = false;
            });
            self.say(held);
        };
        if sense.is_paid() {
            held.index.tidy(meaning).await?;
            if let Some(question) = self.question(held, sense, kind).await? {
                tell(sense.coverage(kind, &held.index).await?);
                return Ok(Some(question));
            }
        }
        held.index.embed(meaning, &held.closed, tell).await?;
        Ok(None)
    }
}
