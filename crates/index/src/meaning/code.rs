//! The meaning of code: pieces of files, read from the project when their vectors are made.

use std::collections::HashMap;

use mira_vectors::Payload;
use mira_workspace::Workspace;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Item, MOST_PARTS, Meaning, hex, windows};
use crate::model::{CHUNK_COLUMNS, Chunk};
use crate::reading::{decode, short_hash};
use crate::tokens::parts_of;
use crate::{Index, IndexError};

/// A piece that is near in meaning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Near {
    pub chunk: Chunk,
    /// Cosine.
    pub score: f64,
}

impl Index {
    /// Pieces as they are given to a model; without a text where the file is not what it was.
    pub(super) async fn code_items(
        &self,
        meaning: &Meaning,
        ids: &[i64],
    ) -> Result<Vec<Item>, IndexError> {
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
        let item = |(piece, texts): (Piece, Vec<String>)| {
            let payload = piece.payload(&meaning.project);
            let parts = texts.into_iter().map(|text| (text, payload.clone()));
            Item {
                parts: parts.collect(),
                hash: piece.hash,
            }
        };
        Ok(pieces.into_iter().zip(texts).map(item).collect())
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
        let k = limit.saturating_mul(2);
        let hits = meaning.nearest(question, &meaning.own(), k).await?;
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
