//! What making vectors would take, and notes of vectors that were moved elsewhere or removed.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{MOST_PARTS, Meaning, Of};
use crate::{Index, IndexError};

/// Bytes that stand before each text: names and place.
const HEAD_BYTES: i64 = 120;
/// Bytes of text that a token stands for, about.
const BYTES_A_TOKEN: u64 = 3;

/// What has no vectors yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Needs {
    pub pieces: u64,
    /// About: the sizes are known, the model's way of counting is not.
    pub tokens: u64,
}

impl Of {
    /// How many have no vectors in the collection ?2, and bytes of their texts, where a model reads
    /// ?1 of each.
    fn needs(&self) -> String {
        match self {
            Self::Code => format!(
                "SELECT count(*),
                   sum(min(size, ?1 * {MOST_PARTS}) + {HEAD_BYTES} * min({MOST_PARTS}, 1 + size / ?1))
                 FROM (SELECT max(c.end_byte - c.start_byte) AS size
                       FROM chunks c JOIN files f ON f.id = c.file_id
                       LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?2
                       WHERE e.hash IS NULL AND f.roles & 2 = 0 GROUP BY c.hash)"
            ),
            Self::Commits => {
                "SELECT count(*), sum(min(?1, octet_length(c.subject) + octet_length(c.body)
                   + octet_length(c.paths) + 2)) FROM commits c
                 LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?2
                 WHERE c.is_here = 1 AND e.hash IS NULL"
                    .to_owned()
            }
            Self::Messages(_) => format!(
                "SELECT count(*), sum(min(m.bytes, ?1 * {MOST_PARTS})) FROM messages m
                 LEFT JOIN embedded e ON e.hash = m.hash AND e.collection = ?2
                 WHERE e.hash IS NULL"
            ),
        }
    }
}

impl Index {
    /// What a model would be given now.
    pub async fn needs(&self, meaning: &Meaning) -> Result<Needs, IndexError> {
        let room = meaning.embedder.reads_bytes() as i64;
        let (pieces, bytes): (i64, Option<i64>) =
            sqlx::query_as(sqlx::AssertSqlSafe(meaning.of.needs()))
                .bind(room.max(1))
                .bind(meaning.name())
                .fetch_one(self.reader())
                .await?;
        let bytes = bytes.unwrap_or_default().unsigned_abs();
        Ok(Needs {
            pieces: pieces.unsigned_abs(),
            tokens: bytes.div_ceil(BYTES_A_TOKEN),
        })
    }
}

/// Vectors of this index were moved from one place to another, as those places call themselves: what
/// is noted of the one is true of the other now. The index may be open.
///
/// # Errors
/// Where the file is no index, or cannot be written.
pub async fn carry_notes(index: &Path, from: &str, to: &str) -> Result<(), IndexError> {
    let mut connection = open(index).await?;
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (from, to) = (format!("{from} "), format!("{to} "));
    sqlx::query("DELETE FROM embedded WHERE substr(collection, 1, length(?1)) = ?1")
        .bind(&to)
        .execute(&mut *all)
        .await?;
    sqlx::query(
        "INSERT INTO embedded (collection, hash, parts)
         SELECT ?2 || substr(collection, length(?1) + 1), hash, parts FROM embedded
         WHERE substr(collection, 1, length(?1)) = ?1",
    )
    .bind(&from)
    .bind(&to)
    .execute(&mut *all)
    .await?;
    all.commit().await?;
    connection.close().await?;
    Ok(())
}

/// The vectors of a session's messages were removed where they lay: nothing is noted of them, nor of
/// the messages.
///
/// # Errors
/// As [`carry_notes`].
pub async fn forget_messages(index: &Path, session: &str) -> Result<(), IndexError> {
    let mut connection = open(index).await?;
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    for sql in [
        "DELETE FROM embedded WHERE hash IN (SELECT hash FROM messages WHERE session = ?)",
        "DELETE FROM messages WHERE session = ?",
    ] {
        sqlx::query(sql).bind(session).execute(&mut *all).await?;
    }
    all.commit().await?;
    connection.close().await?;
    Ok(())
}

async fn open(index: &Path) -> Result<SqliteConnection, IndexError> {
    let options = SqliteConnectOptions::new()
        .filename(index)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging();
    Ok(SqliteConnection::connect_with(&options).await?)
}
