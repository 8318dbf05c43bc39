//! The meaning of pieces: each one's vector, made in the background, the important ones first,
//! and gone with its text.

mod commits;
mod needs;

use std::collections::HashMap;
use std::sync::Arc;

use mira_vectors::{
    Collection, Embedder, Filter, Hit, Payload, Point, PointId, Reach, Role, VectorIndex,
};
use mira_workspace::Workspace;
use serde::Serialize;
use sqlx::Connection as _;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tokio_util::sync::CancellationToken;

use crate::model::{CHUNK_COLUMNS, Chunk};
use crate::reading::{decode, short_hash};
use crate::tokens::parts_of;
use crate::{Index, IndexError};

pub use needs::{Needs, carry_notes};

/// Vectors of one piece: more of a long one is not read.
const MOST_PARTS: usize = 4;

/// A model, where its vectors lie, and which of them are this project's.
#[derive(Clone)]
pub struct Meaning {
    embedder: Arc<dyn Embedder>,
    vectors: Arc<dyn VectorIndex>,
    project: String,
    collection: Collection,
}

/// How much of the project has vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// In pieces.
    pub done: u64,
    pub total: u64,
}

/// What making vectors did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EmbedReport {
    /// Pieces that got vectors.
    pub made: u64,
    /// Pieces whose vectors left, because their text did.
    pub gone: u64,
    /// Pieces whose file changed meanwhile: the next sync sees to them.
    pub passed_over: u64,
}

/// A piece that is near in meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Near {
    pub chunk: Chunk,
    /// Cosine.
    pub score: f64,
}

impl Meaning {
    /// `project` names the project among all whose vectors lie there.
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

    /// The project's points nearest to the question.
    async fn nearest(&self, question: &str, k: usize) -> mira_vectors::Result<Vec<Hit>> {
        if let Reach::Away { why, .. } = self.vectors.reach() {
            let place = self.vectors.place();
            return Err(mira_vectors::Error::Unreachable { place, why });
        }
        let question = [question.to_owned()];
        let vector = self.embedder.embed(&question, Role::Query).await?;
        let Some(vector) = vector.first() else {
            return Ok(Vec::new());
        };
        let own = self.own();
        self.vectors.query(&self.collection, vector, &own, k).await
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
        let missing = self.missing(meaning).await?;
        let mut coverage = self.coverage(meaning).await?;
        progress(coverage);
        for batch in missing.chunks(meaning.embedder.pieces_at_once().max(1)) {
            if cancel.is_cancelled() {
                return Err(IndexError::Cancelled);
            }
            let made = self.embed_batch(meaning, batch).await?;
            report.made += made;
            report.passed_over += batch.len() as u64 - made;
            coverage.done += made;
            progress(coverage);
        }
        Ok(report)
    }

    /// Removes vectors whose text is gone, without making any; how many pieces that were.
    ///
    /// # Errors
    /// Those of where the vectors lie.
    pub async fn tidy(&self, meaning: &Meaning) -> Result<u64, IndexError> {
        self.agree_with(meaning).await?;
        self.forget_gone(meaning, "SELECT hash FROM chunks").await
    }

    pub async fn coverage(&self, meaning: &Meaning) -> Result<Coverage, IndexError> {
        let (total, done): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(e.hash)
             FROM (SELECT DISTINCT c.hash FROM chunks c JOIN files f ON f.id = c.file_id
                   WHERE f.roles & 2 = 0) c
             LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?",
        )
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
            let mut writer = self.shared.writer.lock().await;
            sqlx::query("DELETE FROM embedded WHERE collection = ?")
                .bind(meaning.name())
                .execute(&mut writer.connection)
                .await?;
        }
        Ok(())
    }

    /// Vectors of what the query `known` does not give any more leave; how many pieces those were.
    async fn forget_gone(&self, meaning: &Meaning, known: &str) -> Result<u64, IndexError> {
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
            let mut writer = self.shared.writer.lock().await;
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

    /// Pieces without vectors, one of each content: code before tests, what is called often first.
    async fn missing(&self, meaning: &Meaning) -> Result<Vec<i64>, IndexError> {
        let ids = sqlx::query_scalar(
            "SELECT min(c.id) FROM chunks c JOIN files f ON f.id = c.file_id
             LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?
             WHERE e.hash IS NULL AND f.roles & 2 = 0
             GROUP BY c.hash
             ORDER BY f.roles & 5, c.element_id IS NULL,
               (SELECT count(*) FROM call_graph g WHERE g.callee_id = c.element_id) DESC, 1",
        )
        .bind(meaning.name())
        .fetch_all(self.reader())
        .await?;
        Ok(ids)
    }

    /// How many of the pieces have vectors now.
    async fn embed_batch(&self, meaning: &Meaning, ids: &[i64]) -> Result<u64, IndexError> {
        let pieces = self.pieces(ids).await?;
        let workspace = self.workspace().clone();
        let limit = meaning.embedder.reads_bytes();
        let read = move || {
            let texts = texts(&workspace, &pieces, limit);
            (pieces, texts)
        };
        let (pieces, texts) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| IndexError::Broken(error.to_string()))?;
        let flat: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut vectors = meaning
            .embedder
            .embed(&flat, Role::Document)
            .await?
            .into_iter();
        let mut points = Vec::with_capacity(flat.len());
        let mut made = Vec::new();
        for (piece, texts) in pieces.iter().zip(&texts) {
            for (part, vector) in (0..texts.len()).zip(vectors.by_ref()) {
                let id = meaning.id(&piece.hash, part);
                let payload = piece.payload(&meaning.project);
                points.push(Point {
                    id,
                    vector,
                    payload,
                });
            }
            if !texts.is_empty() {
                made.push((piece.hash.clone(), texts.len() as i64));
            }
        }
        meaning.vectors.upsert(&meaning.collection, points).await?;
        self.note_embedded(meaning, &made).await?;
        Ok(made.len() as u64)
    }

    /// These pieces have vectors now: their hashes, and how many each.
    async fn note_embedded(
        &self,
        meaning: &Meaning,
        made: &[(Vec<u8>, i64)],
    ) -> Result<(), IndexError> {
        let mut writer = self.shared.writer.lock().await;
        let mut all = writer.connection.begin().await?;
        for (hash, parts) in made {
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
        Ok(())
    }

    async fn pieces(&self, ids: &[i64]) -> Result<Vec<Piece>, IndexError> {
        let rows = sqlx::query(
            "SELECT c.hash, f.path, f.language, f.hash, c.start_byte, c.end_byte, e.kind,
               e.qualified_name, e.doc
             FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value
             JOIN files f ON f.id = c.file_id LEFT JOIN elements e ON e.id = c.element_id",
        )
        .bind(crate::rows::json(ids.iter().copied()))
        .fetch_all(self.reader())
        .await?;
        Ok(rows.iter().map(Piece::of).collect::<Result<_, _>>()?)
    }

    /// The pieces nearest to the question, the nearest first.
    pub(crate) async fn near(
        &self,
        meaning: &Meaning,
        question: &str,
        limit: usize,
    ) -> Result<Vec<Near>, IndexError> {
        // Several parts of one piece may be near.
        let hits = meaning.nearest(question, limit.saturating_mul(2)).await?;
        let mut best: HashMap<String, f64> = HashMap::new();
        for hit in hits {
            if let Some(hash) = hit.payload.get("hash").and_then(|value| value.as_text()) {
                let score = best.entry(hash.to_owned()).or_insert(f64::MIN);
                *score = score.max(f64::from(hit.score));
            }
        }
        let hashes: Vec<&String> = best.keys().collect();
        let sql = format!(
            "SELECT {CHUNK_COLUMNS}, lower(hex(c.hash)) FROM json_each(?) wanted
             JOIN chunks c ON c.hash = unhex(wanted.value) JOIN files f ON f.id = c.file_id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(serde_json::to_string(&hashes).unwrap_or_default())
            .fetch_all(self.reader())
            .await?;
        let mut near = Vec::with_capacity(rows.len());
        for row in &rows {
            let hash: String = row.try_get(9)?;
            let score = best.get(&hash).copied().unwrap_or_default();
            near.push(Near {
                chunk: Chunk::of(row)?,
                score,
            });
        }
        near.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then(a.chunk.id.cmp(&b.chunk.id))
        });
        near.truncate(limit);
        Ok(near)
    }
}

/// A piece that is to get vectors.
struct Piece {
    hash: Vec<u8>,
    path: String,
    language: Option<String>,
    file_hash: Option<Vec<u8>>,
    start: usize,
    end: usize,
    kind: Option<String>,
    qualified_name: Option<String>,
    doc: Option<String>,
}

impl Piece {
    fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let place = |at: usize| row.try_get::<i64, _>(at).map(|byte| byte as usize);
        Ok(Self {
            hash: row.try_get(0)?,
            path: row.try_get(1)?,
            language: row.try_get(2)?,
            file_hash: row.try_get(3)?,
            start: place(4)?,
            end: place(5)?,
            kind: row.try_get(6)?,
            qualified_name: row.try_get(7)?,
            doc: row.try_get(8)?,
        })
    }

    fn payload(&self, project: &str) -> Payload {
        let mut payload = Payload::from([
            ("project".to_owned(), project.into()),
            ("path".to_owned(), self.path.as_str().into()),
            ("hash".to_owned(), hex(&self.hash).into()),
        ]);
        if let Some(language) = &self.language {
            payload.insert("language".to_owned(), language.as_str().into());
        }
        if let Some(kind) = &self.kind {
            payload.insert("kind".to_owned(), kind.as_str().into());
        }
        payload
    }

    /// What the model is given: where it stands and what it is called in plain words, then the
    /// text, in parts that the model reads whole.
    fn texts(&self, text: &str, limit: usize) -> Vec<String> {
        let mut head = String::new();
        if let Some(name) = &self.qualified_name {
            head.push_str(name);
            head.push_str(": ");
            let words = name
                .split(|c: char| !c.is_alphanumeric())
                .flat_map(parts_of);
            let words: Vec<String> = words.map(str::to_lowercase).collect();
            head.push_str(&words.join(" "));
            head.push('\n');
        }
        head.push_str(&self.path);
        head.push('\n');
        // A comment above is part of the text; one inside, as in Python, stands before what is cut.
        if let Some(doc) = &self.doc
            && !text.contains(doc.lines().next().unwrap_or_default())
        {
            head.push_str(&doc[..doc.floor_char_boundary(300)]);
            head.push('\n');
        }
        head.truncate(head.floor_char_boundary(limit / 2));
        let room = limit.saturating_sub(head.len()).max(200);
        let parts = windows(text, room);
        parts
            .take(MOST_PARTS)
            .map(|part| format!("{head}{part}"))
            .collect()
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

/// Of each piece; none where the file is not what it was when it was indexed.
fn texts(workspace: &Workspace, pieces: &[Piece], limit: usize) -> Vec<Vec<String>> {
    let mut files: HashMap<&str, Option<String>> = HashMap::new();
    let mut all = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let text = files.entry(&piece.path).or_insert_with(|| {
            let bytes = workspace.read(&piece.path).ok()?.bytes;
            let same = piece.file_hash.as_deref() == Some(short_hash(&bytes).as_slice());
            same.then(|| decode(&bytes).ok())
                .flatten()
                .map(|(text, _)| text)
        });
        let text = text
            .as_deref()
            .and_then(|text| text.get(piece.start..piece.end));
        all.push(text.map_or_else(Vec::new, |text| piece.texts(text, limit)));
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
