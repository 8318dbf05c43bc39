//! The meaning of commits: one vector each.

use std::collections::HashMap;

use mira_vectors::Payload;
use sqlx::Row as _;

use super::{Item, Meaning};
use crate::commits::{COLUMNS, Commit, of};
use crate::search::join::Found;
use crate::{Index, IndexError};

/// With a [`Meaning`] of commits.
impl Index {
    pub(super) async fn commit_items(
        &self,
        meaning: &Meaning,
        ids: &[i64],
    ) -> Result<Vec<Item>, IndexError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM json_each(?) wanted JOIN commits c ON c.id = wanted.value"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(crate::rows::json(ids.iter().copied()))
            .fetch_all(self.reader())
            .await?;
        let limit = meaning.embedder.reads_bytes();
        let item = |commit: Commit| Item {
            hash: bytes(&commit.hash),
            parts: vec![(text(&commit, limit), payload(&commit, &meaning.project))],
        };
        let items = rows.iter().map(|row| of(row).map(item));
        Ok(items.collect::<Result<_, _>>()?)
    }

    /// The commits nearest to the question, the nearest first.
    pub(crate) async fn near_commits(
        &self,
        meaning: &Meaning,
        question: &str,
        limit: usize,
    ) -> Result<Vec<Found<i64, Commit>>, IndexError> {
        let mut scores = HashMap::new();
        for hit in meaning.nearest(question, &meaning.own(), limit).await? {
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
        let mut near: Vec<(f64, i64, Commit)> = Vec::with_capacity(rows.len());
        for row in &rows {
            let commit = of(row)?;
            let score = scores.get(&commit.hash).copied().unwrap_or_default();
            near.push((score, row.try_get(0)?, commit));
        }
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.2.at.cmp(&a.2.at)));
        let found = |(score, id, what): (f64, i64, Commit)| Found {
            id,
            what,
            detail: format!("{score:.2}"),
        };
        Ok(near.into_iter().map(found).collect())
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
