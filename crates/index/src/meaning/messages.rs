//! The meaning of messages. What was said lies elsewhere: known here are numbers and sizes.

use std::collections::HashSet;

use async_trait::async_trait;
use mira_vectors::{Filter, Payload, Value};
use sqlx::Connection as _;

use super::{Item, MOST_PARTS, Meaning, windows};
use crate::{Index, IndexError};

/// Gives what was said.
#[async_trait]
pub trait MessageTexts: Send + Sync {
    /// Those of these that are there, without secrets.
    ///
    /// # Errors
    /// Where they cannot be read, in words.
    async fn read(&self, ids: &[i64]) -> Result<Vec<Message>, String>;
}

/// A message as it is given to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: i64,
    pub session: String,
    /// "user" or "assistant".
    pub role: String,
    /// UTC, milliseconds.
    pub at: i64,
    pub text: String,
}

/// A message that is to have vectors; later ones have greater numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub id: i64,
    pub session: String,
    pub bytes: u64,
}

/// A message that is near in meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct NearMessage {
    pub id: i64,
    /// Which part of it: what [`Meaning::message_part`] gives.
    pub part: usize,
    /// Cosine.
    pub score: f64,
}

/// Of messages.
impl Meaning {
    /// The messages nearest to the question, the nearest first, each once. The filter names fields
    /// of [`mira_vectors::Collection::conversation`].
    ///
    /// # Errors
    /// Those of the model and of where the vectors lie.
    pub async fn near_messages(
        &self,
        question: &str,
        filter: &Filter,
        limit: usize,
    ) -> mira_vectors::Result<Vec<NearMessage>> {
        let k = limit.saturating_mul(2);
        let mut seen = HashSet::new();
        let mut near = Vec::new();
        for hit in self.nearest(question, filter, k).await? {
            let number = |field: &str| hit.payload.get(field).and_then(Value::as_integer);
            let (Some(id), Some(part)) = (number("event"), number("part")) else {
                continue;
            };
            if seen.insert(id) {
                near.push(NearMessage {
                    id,
                    part: part as usize,
                    score: f64::from(hit.score),
                });
            }
        }
        near.truncate(limit);
        Ok(near)
    }

    /// A part of a message; all of it where it has no such part.
    pub fn message_part<'a>(&self, text: &'a str, part: usize) -> &'a str {
        windows(text, self.embedder.reads_bytes())
            .take(MOST_PARTS)
            .nth(part)
            .unwrap_or(text)
    }
}

impl Index {
    /// These messages are to have vectors, and no others.
    pub async fn set_messages(&self, rows: &[MessageRow]) -> Result<(), IndexError> {
        let known: Vec<i64> = sqlx::query_scalar("SELECT id FROM messages")
            .fetch_all(self.reader())
            .await?;
        let mut gone: HashSet<i64> = known.into_iter().collect();
        let new: Vec<&MessageRow> = rows.iter().filter(|row| !gone.remove(&row.id)).collect();
        if new.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let mut writer = self.writer().await;
        let mut all = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        for id in &gone {
            sqlx::query("DELETE FROM messages WHERE id = ?")
                .bind(id)
                .execute(&mut *all)
                .await?;
        }
        for row in new {
            sqlx::query("INSERT INTO messages (id, hash, session, bytes) VALUES (?, ?, ?, ?)")
                .bind(row.id)
                .bind(hash(row.id))
                .bind(&row.session)
                .bind(i64::try_from(row.bytes).unwrap_or(i64::MAX))
                .execute(&mut *all)
                .await?;
        }
        all.commit().await?;
        Ok(())
    }

    pub(super) async fn message_items(
        &self,
        meaning: &Meaning,
        texts: &dyn MessageTexts,
        ids: &[i64],
    ) -> Result<Vec<Item>, IndexError> {
        let read = texts.read(ids).await.map_err(IndexError::Broken)?;
        let limit = meaning.embedder.reads_bytes();
        let item = |message: Message| {
            // Something stands for what is only blank, so that it counts as done.
            let text = match message.text.trim() {
                "" => "…",
                _ => &message.text,
            };
            let parts = windows(text, limit).take(MOST_PARTS).enumerate();
            let part = |(at, text): (usize, &str)| {
                let payload = payload(&message, at, &meaning.project);
                (text.to_owned(), payload)
            };
            Item {
                hash: hash(message.id),
                parts: parts.map(part).collect(),
            }
        };
        Ok(read.into_iter().map(item).collect())
    }
}

fn payload(message: &Message, part: usize, project: &str) -> Payload {
    Payload::from([
        ("project".to_owned(), project.into()),
        ("session".to_owned(), message.session.as_str().into()),
        ("role".to_owned(), message.role.as_str().into()),
        ("at".to_owned(), message.at.div_euclid(1_000).into()),
        ("part".to_owned(), Value::Integer(part as i64)),
        ("event".to_owned(), message.id.into()),
    ])
}

fn hash(id: i64) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}
