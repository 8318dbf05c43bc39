//! Messages of a project's sessions: known to the index by their numbers, found by words and
//! meaning.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use mira_index::{Coverage, Found, IndexError, Joined, Meaning, Message, MessageRow, MessageTexts};
use mira_protocol::code::RankReason;
use mira_protocol::session::{SearchHit, SearchHits, SearchRole, SearchSessions};
use mira_protocol::{Failure, ProjectId, SessionId};
use mira_secrets::Masker;
use mira_store::{FoundMessage, Store};
use mira_vectors::{Condition, Filter};
use tokio::sync::{Mutex, watch};

use super::meaning::Kind;
use super::{Held, Knowledge, by_words, masked};
use crate::failure::from_store;
use crate::vectors::Missing;

/// Of a message; more is something that was pasted.
const MOST_BYTES: usize = 24_000;
const USUAL_HITS: u32 = 20;
const MOST_HITS: u32 = 200;
/// Messages that meaning brings.
const MOST_NEAR: usize = 20;
/// Cosines below this say nothing: there is always something that is nearest.
const FAR: f64 = 0.2;
/// A place by meaning counts as much as the same by words, which are exact here.
const WEIGHT: f64 = 1.0;
const SNIPPET_CHARS: usize = 160;

/// How far the index knows what was said.
pub(super) struct Heard {
    changed: watch::Sender<u64>,
    known: Mutex<u64>,
}

impl Heard {
    pub fn new() -> Self {
        Self {
            changed: watch::Sender::new(1),
            known: Mutex::default(),
        }
    }

    /// Something was said, or sessions left or came back.
    pub fn change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub fn follow(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

/// What was said, as a model is given it.
pub(super) struct Texts {
    pub store: Store,
    pub masker: Masker,
}

impl Texts {
    fn shown(&self, content: &str) -> String {
        masked(&self.masker, content, MOST_BYTES)
    }
}

#[async_trait]
impl MessageTexts for Texts {
    async fn read(&self, ids: &[i64]) -> Result<Vec<Message>, String> {
        let found = self.store.messages(ids).await;
        let found = found.map_err(|error| error.to_string())?;
        let message = found.into_iter().map(|one| Message {
            id: one.event_id,
            session: one.hit.session_id.0,
            role: one.hit.role.word().to_owned(),
            at: one.hit.at,
            text: self.shown(&one.content),
        });
        Ok(message.collect())
    }
}

impl Knowledge {
    pub(super) fn texts(&self) -> Texts {
        Texts {
            store: self.0.store.clone(),
            masker: self.0.events.masker().clone(),
        }
    }

    /// Brings the messages that the index knows to those that stand.
    pub(super) async fn take_in_messages(&self, held: &Held) -> Result<(), IndexError> {
        let mut known = held.messages.known.lock().await;
        let now = *held.messages.changed.borrow();
        if *known == now {
            return Ok(());
        }
        let standing = self.0.store.standing_messages(&held.project.id).await;
        let standing = standing.map_err(|error| IndexError::Broken(error.to_string()))?;
        let rows = standing.into_iter().map(|message| MessageRow {
            id: message.event_id,
            session: message.session_id.0,
            bytes: message.bytes.min(MOST_BYTES as u64),
        });
        let rows: Vec<MessageRow> = rows.collect();
        held.index.set_messages(&rows).await?;
        *known = now;
        Ok(())
    }

    /// The vectors of a deleted session leave. Where its project's index is open, they do so by
    /// themselves.
    pub async fn session_gone(&self, id: &SessionId) {
        let session = self.0.store.session(id).await;
        let Some(project) = session.ok().and_then(|session| session.project_id) else {
            return;
        };
        let file = self.database(&project);
        if !file.is_file() || self.opened(&project).await.is_some() {
            return;
        }
        let gone = async {
            self.0.vectors.forget("session", id.as_str()).await?;
            mira_index::forget_messages(&file, id.as_str()).await
        };
        if let Err(error) = gone.await {
            // They do with the next look at the project.
            tracing::warn!(%error, "the vectors of a deleted session stay for now");
        }
    }

    /// Words in messages and tools' output, and meaning in messages, the best first.
    pub async fn search_sessions(&self, request: SearchSessions) -> Result<SearchHits, Failure> {
        let hits = self.0.store.search(&request).await.map_err(from_store)?;
        if !request.query.chars().any(char::is_alphanumeric) {
            return Ok(SearchHits {
                hits,
                notes: Vec::new(),
            });
        }
        let (near, notes) = match self.near(&request).await {
            Ok(found) => found,
            Err(missing) => (Vec::new(), vec![by_words(&missing.why, &missing.hint)]),
        };
        let limit = request.limit.unwrap_or(USUAL_HITS).min(MOST_HITS) as usize;
        let words = hits.into_iter().map(|hit| found(hit, String::new()));
        let near = near
            .into_iter()
            .map(|(hit, cosine)| found(hit, format!("{cosine:.2}")));
        let all = mira_index::join(words.collect(), near.collect(), WEIGHT, |a, b| {
            b.at.cmp(&a.at).then(b.seq.cmp(&a.seq))
        });
        Ok(SearchHits {
            hits: all.into_iter().take(limit).map(told).collect(),
            notes,
        })
    }

    /// The messages that are near, with their cosines, and what is to be said of that; why there
    /// are none.
    async fn near(
        &self,
        request: &SearchSessions,
    ) -> Result<(Vec<(SearchHit, f64)>, Vec<String>), Missing> {
        if request.tool.is_some() || request.role == Some(SearchRole::Tool) {
            return Err(Missing {
                why: "what tools printed has no vectors".to_owned(),
                hint: "Leave out the tool, or the role, to find what was said.".to_owned(),
            });
        }
        let projects: Vec<ProjectId> = match &request.project_id {
            Some(id) => vec![id.clone()],
            None => {
                let all = self.0.projects.list().await?.projects;
                all.into_iter().map(|project| project.id).collect()
            }
        };
        let any = self.0.store.has_standing_messages(&projects).await;
        if !any.map_err(from_store)? {
            return Ok((Vec::new(), Vec::new()));
        }
        let parts = self.0.vectors.parts().await;
        let maker = parts.maker.as_ref().map_err(Clone::clone)?;
        let index = parts.index.as_ref().map_err(Clone::clone)?;
        let embedder = match &request.project_id {
            Some(id) => {
                // Its messages get vectors from now on.
                self.of(id).await?;
                maker.of(id)
            }
            None => maker.embedder.clone(),
        };
        let texts = Arc::new(self.texts());
        let meaning = Meaning::new(embedder, index.clone(), "").of_messages(texts.clone());
        let within = projects.iter().map(|id| id.as_str().into()).collect();
        let within = Filter::all().and(Condition::one_of("project", within));
        let Coverage { done, total } = match self.heard_of(&projects).await {
            Some(coverage) => coverage,
            None => self.counted(&meaning, &within, &projects).await?,
        };
        if done == 0 {
            return Err(self.why_none(&projects).await);
        }
        let mut notes = Vec::new();
        if done < total {
            notes.push(format!(
                "{done} of {total} messages have vectors so far; the others are found by words"
            ));
        }
        let filter = narrowed(within, request);
        let near = meaning
            .near_messages(&request.query, &filter, MOST_NEAR)
            .await?;
        let ids: Vec<i64> = near.iter().map(|one| one.id).collect();
        let messages = self.0.store.messages(&ids).await.map_err(from_store)?;
        let mut messages: HashMap<i64, FoundMessage> = messages
            .into_iter()
            .map(|one| (one.event_id, one))
            .collect();
        let mut hits = Vec::new();
        for one in near.iter().filter(|one| one.score >= FAR) {
            if let Some(FoundMessage {
                mut hit, content, ..
            }) = messages.remove(&one.id)
                && fits(&hit, request, &projects)
            {
                let text = texts.shown(&content);
                hit.snippet = beginning(meaning.message_part(&text, one.part));
                hits.push((hit, one.score));
            }
        }
        Ok((hits, notes))
    }

    /// How far the messages of these are, where their indexes are open and know them.
    async fn heard_of(&self, projects: &[ProjectId]) -> Option<Coverage> {
        let mut all = Coverage::default();
        for id in projects {
            let held = self.opened(id).await?;
            if *held.messages.known.try_lock().ok()? == 0 {
                return None;
            }
            let own = held.sense().coverage_now(Kind::Messages);
            all.done += own.done;
            all.total += own.total;
        }
        Some(all)
    }

    async fn counted(
        &self,
        meaning: &Meaning,
        within: &Filter,
        projects: &[ProjectId],
    ) -> Result<Coverage, Missing> {
        let begun = within.clone().and(Condition::is("part", 0));
        let done = meaning.vectors().count(meaning.collection(), &begun);
        let total = self.0.store.standing_message_count(projects);
        Ok(Coverage {
            done: done.await?,
            total: total.await.map_err(from_store)?,
        })
    }

    /// Why no message of these has a vector.
    async fn why_none(&self, projects: &[ProjectId]) -> Missing {
        for id in projects {
            if let Some(held) = self.opened(id).await
                && let Some(missing) = held.sense().off(Kind::Messages)
            {
                return missing;
            }
        }
        Missing {
            why: Kind::Messages.noun().to_owned(),
            hint: "They are made once its project is searched in, or asked about its code; `mira \
                   index --vectors` there waits for them."
                .to_owned(),
        }
    }
}

/// What the vectors' place can leave out by itself.
fn narrowed(filter: Filter, request: &SearchSessions) -> Filter {
    let mut filter = filter;
    if let Some(session) = &request.session_id {
        filter = filter.and(Condition::is("session", session.as_str()));
    }
    if let Some(role) = request.role {
        filter = filter.and(Condition::is("role", role.word()));
    }
    if request.since.is_some() || request.until.is_some() {
        let seconds = |at: i64| at.div_euclid(1_000);
        let (from, to) = (request.since.map(seconds), request.until.map(seconds));
        filter = filter.and(Condition::between("at", from, to));
    }
    filter
}

/// All that was asked for, by what stands in the database.
fn fits(hit: &SearchHit, request: &SearchSessions, projects: &[ProjectId]) -> bool {
    hit.project_id
        .as_ref()
        .is_some_and(|id| projects.contains(id))
        && request
            .session_id
            .as_ref()
            .is_none_or(|id| *id == hit.session_id)
        && request.role.is_none_or(|role| role == hit.role)
        && (request.model.is_none() || request.model == hit.model)
        && request.since.is_none_or(|since| hit.at >= since)
        && request.until.is_none_or(|until| hit.at < until)
}

fn found(hit: SearchHit, detail: String) -> Found<(String, u64), SearchHit> {
    Found {
        id: (hit.session_id.0.clone(), hit.seq),
        what: hit,
        detail,
    }
}

fn told(joined: Joined<SearchHit>) -> SearchHit {
    let reason = joined.why.into_iter().map(|why| RankReason {
        signal: why.signal.to_owned(),
        detail: why.text,
        share: why.points,
    });
    SearchHit {
        reasons: reason.collect(),
        ..joined.what
    }
}

/// One line of it.
fn beginning(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if line.chars().count() + word.chars().count() > SNIPPET_CHARS {
            line.extend(
                word.chars()
                    .take(SNIPPET_CHARS.saturating_sub(line.chars().count())),
            );
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
