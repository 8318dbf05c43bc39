//! The meaning of commits: one vector each, the newest first, gone with the commit.

use std::collections::HashMap;

use mira_vectors::{Collection, Payload, Point, Role};
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;

use super::needs::BYTES_A_TOKEN;
use super::{Coverage, EmbedReport, Meaning, Needs};
use crate::commits::{COLUMNS, Commit, of};
use crate::{Index, IndexError};

impl Meaning {
    /// The same model and place, for the project's commits.
    #[must_use]
    pub fn of_commits(&self) -> Self {
        let embedder = &self.embedder;
        Self {
            collection: Collection::git(embedder.model().clone(), embedder.dimensions()),
            ..self.clone()
        }
    }
}

/// With a [`Meaning`] of commits.
impl Index {
    /// As [`Index::embed`], for commits.
    ///
    /// # Errors
    /// Those of the model and of where the vectors lie; what was stored stays.
    pub async fn embed_commits(
        &self,
        meaning: &Meaning,
        cancel: &CancellationToken,
        mut progress: impl FnMut(Coverage) + Send,
    ) -> Result<EmbedReport, IndexError> {
        let mut report = EmbedReport {
            gone: self.tidy_commits(meaning).await?,
            ..EmbedReport::default()
        };
        let mut coverage = self.commit_coverage(meaning).await?;
        progress(coverage);
        loop {
            if cancel.is_cancelled() {
                return Err(IndexError::Cancelled);
            }
            let room = meaning.embedder.pieces_at_once().max(1);
            let batch = self.unembedded_commits(meaning, room).await?;
            if batch.is_empty() {
                return Ok(report);
            }
            let made = batch.len() as u64;
            self.embed_commit_batch(meaning, batch).await?;
            report.made += made;
            coverage.done += made;
            progress(coverage);
        }
    }

    /// Removes vectors of commits that are not known any more; how many.
    ///
    /// # Errors
    /// Those of where the vectors lie.
    pub async fn tidy_commits(&self, meaning: &Meaning) -> Result<u64, IndexError> {
        self.agree_with(meaning).await?;
        let known = "SELECT hash FROM commits WHERE is_here = 1";
        self.forget_gone(meaning, known).await
    }

    pub async fn commit_coverage(&self, meaning: &Meaning) -> Result<Coverage, IndexError> {
        let (total, done): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(e.hash) FROM commits c
             LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ? WHERE c.is_here = 1",
        )
        .bind(meaning.name())
        .fetch_one(self.reader())
        .await?;
        Ok(Coverage {
            done: done.unsigned_abs(),
            total: total.unsigned_abs(),
        })
    }

    /// What a model would be given of commits now.
    pub async fn commit_needs(&self, meaning: &Meaning) -> Result<Needs, IndexError> {
        let (pieces, bytes): (i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(min(?1, octet_length(c.subject) + octet_length(c.body)
               + octet_length(c.paths) + 2)), 0) FROM commits c
             LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?2
             WHERE c.is_here = 1 AND e.hash IS NULL",
        )
        .bind(meaning.embedder.reads_bytes() as i64)
        .bind(meaning.name())
        .fetch_one(self.reader())
        .await?;
        Ok(Needs {
            pieces: pieces.unsigned_abs(),
            tokens: bytes.unsigned_abs().div_ceil(BYTES_A_TOKEN),
        })
    }

    async fn unembedded_commits(
        &self,
        meaning: &Meaning,
        most: usize,
    ) -> Result<Vec<Commit>, IndexError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM commits c
             LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?1
             WHERE c.is_here = 1 AND e.hash IS NULL ORDER BY c.at DESC, c.id LIMIT ?2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(meaning.name())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
        Ok(rows.iter().map(of).collect::<Result<_, _>>()?)
    }

    async fn embed_commit_batch(
        &self,
        meaning: &Meaning,
        batch: Vec<Commit>,
    ) -> Result<(), IndexError> {
        let limit = meaning.embedder.reads_bytes();
        let texts: Vec<String> = batch.iter().map(|one| text(one, limit)).collect();
        let vectors = meaning.embedder.embed(&texts, Role::Document).await?;
        let mut points = Vec::with_capacity(batch.len());
        let mut made = Vec::with_capacity(batch.len());
        for (commit, vector) in batch.iter().zip(vectors) {
            let hash = bytes(&commit.hash);
            points.push(Point {
                id: meaning.id(&hash, 0),
                vector,
                payload: payload(commit, &meaning.project),
            });
            made.push((hash, 1));
        }
        meaning.vectors.upsert(&meaning.collection, points).await?;
        self.note_embedded(meaning, &made).await
    }

    /// The commits nearest to the question, the nearest first.
    pub(crate) async fn near_commits(
        &self,
        meaning: &Meaning,
        question: &str,
        limit: usize,
    ) -> Result<Vec<(i64, Commit, f64)>, IndexError> {
        let mut scores = HashMap::new();
        for hit in meaning.nearest(question, limit).await? {
            if let Some(hash) = hit.payload.get("commit").and_then(|one| one.as_text()) {
                scores.insert(hash.to_owned(), f64::from(hit.score));
            }
        }
        let hashes: Vec<&String> = scores.keys().collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM json_each(?) wanted
             JOIN commits c ON c.hash = unhex(wanted.value) WHERE c.is_here = 1"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(serde_json::to_string(&hashes).unwrap_or_default())
            .fetch_all(self.reader())
            .await?;
        let mut near = Vec::with_capacity(rows.len());
        for row in &rows {
            let commit = of(row)?;
            let score = scores.get(&commit.hash).copied().unwrap_or_default();
            near.push((row.try_get(0)?, commit, score));
        }
        near.sort_by(|a, b| b.2.total_cmp(&a.2).then(b.1.at.cmp(&a.1.at)));
        Ok(near)
    }
}

/// What the model is given: what was said, then the files, which get a third at least.
fn text(commit: &Commit, limit: usize) -> String {
    let paths = commit.paths.join("\n");
    let said = format!("{}\n{}", commit.subject, commit.body);
    let said = said.trim_end();
    let room = limit.saturating_sub(paths.len().min(limit / 3) + 1);
    let said = &said[..said.floor_char_boundary(room)];
    let mut text = format!("{said}\n{paths}");
    text.truncate(text.floor_char_boundary(limit));
    text
}

fn payload(commit: &Commit, project: &str) -> Payload {
    Payload::from([
        ("project".to_owned(), project.into()),
        ("commit".to_owned(), commit.hash.as_str().into()),
        ("author".to_owned(), commit.author.as_str().into()),
        ("at".to_owned(), commit.at.div_euclid(1_000).into()),
    ])
}

fn bytes(hash: &str) -> Vec<u8> {
    let digits: Vec<u8> = hash
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|two| two.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect()
}
