//! The meaning of pieces of code, of commits and of messages: each one's vectors, made in the
//! background, the important or the newest first, and gone with its text.

mod code;
mod commits;
mod messages;
mod needs;

use std::sync::Arc;

use mira_vectors::{
    Collection, Embedder, Filter, Hit, Payload, Point, PointId, Reach, Role, VectorIndex,
};
use serde::Serialize;
use sqlx::Connection as _;
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;

use crate::{Index, IndexError};

pub(crate) use code::Near;
pub use messages::{Message, MessageRow, MessageTexts, NearMessage};
pub use needs::{Needs, carry_notes, forget_messages};

/// Vectors of one piece: more of a long one is not read.
const MOST_PARTS: usize = 4;

/// A model, where its vectors lie, and which of them are this project's.
#[derive(Clone)]
pub struct Meaning {
    embedder: Arc<dyn Embedder>,
    vectors: Arc<dyn VectorIndex>,
    project: String,
    collection: Collection,
    of: Of,
}

/// What the vectors stand for.
#[derive(Clone)]
enum Of {
    Code,
    Commits,
    Messages(Arc<dyn MessageTexts>),
}

/// How much of it has vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// In pieces, commits or messages.
    pub done: u64,
    pub total: u64,
}

/// What making vectors did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EmbedReport {
    /// Those that got vectors.
    pub made: u64,
    /// Those whose vectors left, because their text did.
    pub gone: u64,
    /// Those that changed or left meanwhile: the next pass sees to them.
    pub passed_over: u64,
}

/// Something that is to get vectors.
struct Item {
    hash: Vec<u8>,
    /// One vector each; none where what it stands for is not there any more.
    parts: Vec<(String, Payload)>,
}

impl Of {
    /// Hashes of all there is: vectors of anything else leave.
    fn known(&self) -> &'static str {
        match self {
            Self::Code => "SELECT hash FROM chunks",
            Self::Commits => "SELECT hash FROM commits WHERE is_here = 1",
            Self::Messages(_) => "SELECT hash FROM messages",
        }
    }

    /// Hashes of what is to have vectors.
    fn wanted(&self) -> &'static str {
        match self {
            Self::Code => {
                "SELECT DISTINCT c.hash FROM chunks c JOIN files f ON f.id = c.file_id
                 WHERE f.roles & 2 = 0"
            }
            Self::Commits | Self::Messages(_) => self.known(),
        }
    }

    /// Ids of what has no vectors in the collection ?1. Of code one piece of each content, code
    /// before tests, what is called often first; of the others the newest first.
    fn missing(&self) -> &'static str {
        match self {
            Self::Code => {
                "SELECT min(c.id) FROM chunks c JOIN files f ON f.id = c.file_id
                 LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?1
                 WHERE e.hash IS NULL AND f.roles & 2 = 0
                 GROUP BY c.hash
                 ORDER BY f.roles & 5, c.element_id IS NULL,
                   (SELECT count(*) FROM call_graph g WHERE g.callee_id = c.element_id) DESC, 1"
            }
            Self::Commits => {
                "SELECT c.id FROM commits c
                 LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?1
                 WHERE c.is_here = 1 AND e.hash IS NULL ORDER BY c.at DESC, c.id"
            }
            Self::Messages(_) => {
                "SELECT m.id FROM messages m
                 LEFT JOIN embedded e ON e.hash = m.hash AND e.collection = ?1
                 WHERE e.hash IS NULL ORDER BY m.id DESC"
            }
        }
    }
}

impl Meaning {
    /// Of code. `project` names the project among all whose vectors lie there.
    pub fn new(
        embedder: Arc<dyn Embedder>,
        vectors: Arc<dyn VectorIndex>,
        project: impl Into<String>,
    ) -> Self {
        let collection = Collection::code(embedder.model().clone(), embedder.dimensions());
        Self {
            embedder,
            vectors,
            project: project.into(),
            collection,
            of: Of::Code,
        }
    }

    /// The same model and place, for the project's commits.
    #[must_use]
    pub fn of_commits(&self) -> Self {
        let (model, dimensions) = (self.embedder.model().clone(), self.embedder.dimensions());
        Self {
            collection: Collection::git(model, dimensions),
            of: Of::Commits,
            ..self.clone()
        }
    }

    /// The same model and place, for messages of the project's sessions.
    #[must_use]
    pub fn of_messages(&self, texts: Arc<dyn MessageTexts>) -> Self {
        let (model, dimensions) = (self.embedder.model().clone(), self.embedder.dimensions());
        Self {
            collection: Collection::conversation(model, dimensions),
            of: Of::Messages(texts),
            ..self.clone()
        }
    }

    pub fn vectors(&self) -> &Arc<dyn VectorIndex> {
        &self.vectors
    }

    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// All points of this project.
    pub fn own(&self) -> Filter {
        Filter::is("project", self.project.as_str())
    }

    /// In the place where the vectors lie; the same vectors elsewhere are others.
    fn name(&self) -> String {
        format!("{} {}", self.vectors.place(), self.collection.identity())
    }

    /// The points nearest to the question among what the filter means.
    async fn nearest(
        &self,
        question: &str,
        filter: &Filter,
        k: usize,
    ) -> mira_vectors::Result<Vec<Hit>> {
        if let Reach::Away { why, .. } = self.vectors.reach() {
            let place = self.vectors.place();
            return Err(mira_vectors::Error::Unreachable { place, why });
        }
        let question = [question.to_owned()];
        let vector = self.embedder.embed(&question, Role::Query).await?;
        let Some(vector) = vector.first() else {
            return Ok(Vec::new());
        };
        self.vectors
            .query(&self.collection, vector, filter, k)
            .await
    }

    fn id(&self, hash: &[u8], part: usize) -> PointId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.project.as_bytes()).update(b"\0");
        hasher.update(hash).update(&(part as u64).to_le_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        PointId::from_bytes(bytes)
    }
}

impl Index {
    /// Makes the vectors that are missing and removes those whose text is gone. Can be ended at any
    /// time and goes on where it was; `progress` hears of each batch.
    ///
    /// # Errors
    /// Those of the model and of where the vectors lie; what was stored stays.
    pub async fn embed(
        &self,
        meaning: &Meaning,
        cancel: &CancellationToken,
        mut progress: impl FnMut(Coverage) + Send,
    ) -> Result<EmbedReport, IndexError> {
        let mut report = EmbedReport {
            gone: self.tidy(meaning).await?,
            ..EmbedReport::default()
        };
        let missing: Vec<i64> = sqlx::query_scalar(meaning.of.missing())
            .bind(meaning.name())
            .fetch_all(self.reader())
            .await?;
        let mut coverage = self.coverage(meaning).await?;
        progress(coverage);
        for batch in missing.chunks(meaning.embedder.pieces_at_once().max(1)) {
            if cancel.is_cancelled() {
                return Err(IndexError::Cancelled);
            }
            let items = match &meaning.of {
                Of::Code => self.code_items(meaning, batch).await?,
                Of::Commits => self.commit_items(meaning, batch).await?,
                Of::Messages(texts) => self.message_items(meaning, &**texts, batch).await?,
            };
            let made = self.put(meaning, items).await?;
            report.made += made;
            report.passed_over += batch.len() as u64 - made;
            coverage.done += made;
            progress(coverage);
        }
        Ok(report)
    }

    /// Removes vectors whose text is gone, without making any; of how many pieces.
    ///
    /// # Errors
    /// Those of where the vectors lie.
    pub async fn tidy(&self, meaning: &Meaning) -> Result<u64, IndexError> {
        self.agree_with(meaning).await?;
        self.forget_gone(meaning).await
    }

    pub async fn coverage(&self, meaning: &Meaning) -> Result<Coverage, IndexError> {
        let sql = format!(
            "SELECT count(*), count(e.hash) FROM ({}) w
             LEFT JOIN embedded e ON e.hash = w.hash AND e.collection = ?",
            meaning.of.wanted()
        );
        let (total, done): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(meaning.name())
            .fetch_one(self.reader())
            .await?;
        Ok(Coverage {
            done: done.unsigned_abs(),
            total: total.unsigned_abs(),
        })
    }

    /// Where the two do not hold the same number, one of them was lost or put aside: begun anew.
    async fn agree_with(&self, meaning: &Meaning) -> Result<(), IndexError> {
        let noted: i64 =
            sqlx::query_scalar("SELECT coalesce(sum(parts), 0) FROM embedded WHERE collection = ?")
                .bind(meaning.name())
                .fetch_one(self.reader())
                .await?;
        let there = meaning
            .vectors
            .count(&meaning.collection, &meaning.own())
            .await?;
        if there != noted.unsigned_abs() {
            meaning
                .vectors
                .delete(&meaning.collection, &meaning.own())
                .await?;
            let mut writer = self.writer().await;
            sqlx::query("DELETE FROM embedded WHERE collection = ?")
                .bind(meaning.name())
                .execute(&mut writer.connection)
                .await?;
        }
        Ok(())
    }

    /// Vectors of what is not known any more leave; of how many pieces.
    async fn forget_gone(&self, meaning: &Meaning) -> Result<u64, IndexError> {
        let known = meaning.of.known();
        let sql = format!(
            "SELECT hash, parts FROM embedded WHERE collection = ? AND hash NOT IN ({known})"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(meaning.name())
            .fetch_all(self.reader())
            .await?;
        let mut ids = Vec::new();
        let mut hashes: Vec<Vec<u8>> = Vec::with_capacity(rows.len());
        for row in &rows {
            let hash: Vec<u8> = row.try_get(0)?;
            let parts: i64 = row.try_get(1)?;
            ids.extend((0..parts as usize).map(|part| meaning.id(&hash, part)));
            hashes.push(hash);
        }
        if !ids.is_empty() {
            meaning
                .vectors
                .delete(&meaning.collection, &Filter::ids(ids))
                .await?;
            let mut writer = self.writer().await;
            let mut all = writer.connection.begin().await?;
            for hash in &hashes {
                sqlx::query("DELETE FROM embedded WHERE collection = ? AND hash = ?")
                    .bind(meaning.name())
                    .bind(hash)
                    .execute(&mut *all)
                    .await?;
            }
            all.commit().await?;
        }
        Ok(hashes.len() as u64)
    }

    /// Makes these vectors and notes them; of how many items.
    async fn put(&self, meaning: &Meaning, items: Vec<Item>) -> Result<u64, IndexError> {
        let parts = items.iter().flat_map(|item| &item.parts);
        let texts: Vec<String> = parts.map(|(text, _)| text.clone()).collect();
        let embedded = meaning.embedder.embed(&texts, Role::Document).await?;
        let mut vectors = embedded.into_iter();
        let mut points = Vec::with_capacity(texts.len());
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            let parts = item.parts.len();
            for ((part, (_, payload)), vector) in
                item.parts.into_iter().enumerate().zip(vectors.by_ref())
            {
                points.push(Point {
                    id: meaning.id(&item.hash, part),
                    vector,
                    payload,
                });
            }
            if parts > 0 {
                made.push((item.hash, parts as i64));
            }
        }
        meaning.vectors.upsert(&meaning.collection, points).await?;
        let mut writer = self.writer().await;
        let mut all = writer.connection.begin().await?;
        for (hash, parts) in &made {
            sqlx::query(
                "INSERT OR REPLACE INTO embedded (collection, hash, parts) VALUES (?, ?, ?)",
            )
            .bind(meaning.name())
            .bind(hash)
            .bind(parts)
            .execute(&mut *all)
            .await?;
        }
        all.commit().await?;
        Ok(made.len() as u64)
    }
}

/// The text in parts of at most so many bytes, cut at lines where that is possible.
fn windows(text: &str, room: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.trim().is_empty() {
            return None;
        }
        let mut end = rest.floor_char_boundary(room);
        if end < rest.len() {
            end = rest[..end]
                .rfind('\n')
                .filter(|at| *at > room / 2)
                .unwrap_or(end);
        }
        let (part, after) = rest.split_at(end.max(1));
        rest = after;
        Some(part)
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
