//! What making vectors would take, and notes of vectors that were moved elsewhere.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{MOST_PARTS, Meaning};
use crate::{Index, IndexError};

/// Bytes that stand before each text: names and place.
const HEAD_BYTES: i64 = 120;
/// Bytes of code that a token stands for, about.
pub(super) const BYTES_A_TOKEN: u64 = 3;

/// What has no vectors yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Needs {
    pub pieces: u64,
    /// About: the sizes are known, the model's way of counting is not.
    pub tokens: u64,
}

impl Index {
    /// What a model would be given now.
    pub async fn needs(&self, meaning: &Meaning) -> Result<Needs, IndexError> {
        let room = meaning.embedder.reads_bytes() as i64;
        let (pieces, bytes): (i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(min(size, ?1 * ?2) + ?3 * min(?2, 1 + size / ?1)), 0)
             FROM (SELECT max(c.end_byte - c.start_byte) AS size
                   FROM chunks c JOIN files f ON f.id = c.file_id
                   LEFT JOIN embedded e ON e.hash = c.hash AND e.collection = ?4
                   WHERE e.hash IS NULL AND f.roles & 2 = 0 GROUP BY c.hash)",
        )
        .bind(room.max(1))
        .bind(MOST_PARTS as i64)
        .bind(HEAD_BYTES)
        .bind(meaning.name())
        .fetch_one(self.reader())
        .await?;
        Ok(Needs {
            pieces: pieces.unsigned_abs(),
            tokens: bytes.unsigned_abs().div_ceil(BYTES_A_TOKEN),
        })
    }
}

/// Vectors of this index were moved from one place to another, as those places call themselves: what
/// is noted of the one is true of the other now. The index may be open.
///
/// # Errors
/// Where the file is no index, or cannot be written.
pub async fn carry_notes(index: &Path, from: &str, to: &str) -> Result<(), IndexError> {
    let options = SqliteConnectOptions::new()
        .filename(index)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
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
