//! The file: all SQL of the embedded vectors.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use futures::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};

use super::shelf::Shelf;
use crate::{Collection, Error, Hit, Page, Payload, Point, PointId, Result};

/// Of the tables below; a file of another version is put aside.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS collections (
        key INTEGER PRIMARY KEY,
        identity TEXT NOT NULL UNIQUE,
        spec TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS points (
        row INTEGER PRIMARY KEY,
        collection INTEGER NOT NULL REFERENCES collections (key) ON DELETE CASCADE,
        part TEXT NOT NULL,
        id BLOB NOT NULL,
        payload TEXT NOT NULL,
        UNIQUE (collection, id)
    );
    CREATE INDEX IF NOT EXISTS points_by_part ON points (collection, part);
    -- Apart, because they are wide: what does not need them does not read over them.
    CREATE TABLE IF NOT EXISTS vectors (
        row INTEGER PRIMARY KEY REFERENCES points (row) ON DELETE CASCADE,
        vector BLOB NOT NULL
    );
";

/// One connection: what others change shows in its `data_version`.
pub(super) struct File {
    path: PathBuf,
    connection: SqliteConnection,
    seen: i64,
}

impl File {
    pub async fn open(path: &Path) -> Result<Self> {
        match Self::open_as_is(path).await {
            Ok(file) => Ok(file),
            Err(error) if path.exists() => {
                tracing::warn!(%error, file = %path.display(), "vectors are put aside and made anew");
                put_aside(path).map_err(|error| storage(path, &error))?;
                Self::open_as_is(path)
                    .await
                    .map_err(|error| storage(path, &error))
            }
            Err(error) => Err(storage(path, &error)),
        }
    }

    async fn open_as_is(path: &Path) -> sqlx::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged survives a power cut too: it is said to be stored elsewhere.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(std::time::Duration::from_secs(10))
            .disable_statement_logging();
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let version: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await?;
        if version == 0 {
            sqlx::raw_sql(TABLES).execute(&mut connection).await?;
            sqlx::raw_sql("PRAGMA user_version = 1")
                .execute(&mut connection)
                .await?;
        } else if version != VERSION {
            connection.close().await?;
            return Err(sqlx::Error::Configuration(
                format!("version {version}, not {VERSION}").into(),
            ));
        }
        let mut file = Self {
            path: path.to_owned(),
            connection,
            seen: 0,
        };
        file.seen = file.data_version().await?;
        Ok(file)
    }

    async fn data_version(&mut self) -> sqlx::Result<i64> {
        let version = sqlx::query_scalar("PRAGMA data_version");
        version.fetch_one(&mut self.connection).await
    }

    fn fault(&self, error: &dyn std::fmt::Display) -> Error {
        storage(&self.path, error)
    }

    pub async fn was_changed_by_others(&mut self) -> Result<bool> {
        let now = self
            .data_version()
            .await
            .map_err(|error| self.fault(&error))?;
        let changed = now != self.seen;
        self.seen = now;
        Ok(changed)
    }

    pub async fn key(&mut self, collection: &Collection) -> Result<Option<i64>> {
        let found = sqlx::query_scalar("SELECT key FROM collections WHERE identity = ?")
            .bind(collection.identity())
            .fetch_optional(&mut self.connection)
            .await;
        found.map_err(|error| self.fault(&error))
    }

    /// The collection's fields are those that were named last.
    pub async fn key_or_new(&mut self, collection: &Collection) -> Result<i64> {
        if let Some(key) = self.key(collection).await? {
            return Ok(key);
        }
        let spec = serde_json::to_string(collection).map_err(|error| self.fault(&error))?;
        let made = sqlx::query_scalar(
            "INSERT INTO collections (identity, spec) VALUES (?, ?)
             ON CONFLICT (identity) DO UPDATE SET spec = excluded.spec RETURNING key",
        )
        .bind(collection.identity())
        .bind(spec)
        .fetch_one(&mut self.connection)
        .await;
        made.map_err(|error| self.fault(&error))
    }

    pub async fn collections(&mut self) -> Result<Vec<Collection>> {
        let specs: Vec<String> =
            sqlx::query_scalar("SELECT spec FROM collections ORDER BY identity")
                .fetch_all(&mut self.connection)
                .await
                .map_err(|error| self.fault(&error))?;
        let read = specs.iter().map(|spec| serde_json::from_str(spec));
        read.collect::<Result<_, _>>()
            .map_err(|error| self.fault(&error))
    }

    pub async fn remove(&mut self, key: i64) -> Result<()> {
        let removed = sqlx::query("DELETE FROM collections WHERE key = ?")
            .bind(key)
            .execute(&mut self.connection)
            .await;
        removed.map_err(|error| self.fault(&error))?;
        // What it took is given back to the disk.
        let shrunk = sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
        let shrunk = shrunk.execute(&mut self.connection).await;
        shrunk.map(|_| ()).map_err(|error| self.fault(&error))
    }

    /// All or none; the rows of the points, in order.
    pub async fn put(&mut self, key: i64, parts: &[String], points: &[Point]) -> Result<Vec<i64>> {
        let put = put(&mut self.connection, key, parts, points).await;
        put.map_err(|error| self.fault(&error))
    }

    /// Removes rows; the ids of those that were there.
    pub async fn take(&mut self, rows: &[i64]) -> Result<Vec<PointId>> {
        let taken: sqlx::Result<Vec<Vec<u8>>> = sqlx::query_scalar(
            "DELETE FROM points WHERE row IN (SELECT value FROM json_each(?)) RETURNING id",
        )
        .bind(json(rows))
        .fetch_all(&mut self.connection)
        .await;
        let taken = taken.and_then(|ids| ids.iter().map(|bytes| id(bytes)).collect());
        taken.map_err(|error| self.fault(&error))
    }

    pub async fn rows_of(&mut self, key: i64, ids: &[PointId]) -> Result<Vec<i64>> {
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            let row: sqlx::Result<Option<i64>> =
                sqlx::query_scalar("SELECT row FROM points WHERE collection = ? AND id = ?")
                    .bind(key)
                    .bind(id.as_bytes().as_slice())
                    .fetch_optional(&mut self.connection)
                    .await;
            rows.extend(row.map_err(|error| self.fault(&error))?);
        }
        Ok(rows)
    }

    pub async fn parts(&mut self, key: i64) -> Result<Vec<String>> {
        let parts = sqlx::query_scalar("SELECT DISTINCT part FROM points WHERE collection = ?")
            .bind(key)
            .fetch_all(&mut self.connection)
            .await;
        parts.map_err(|error| self.fault(&error))
    }

    pub async fn count(&mut self, key: i64) -> Result<u64> {
        let count: sqlx::Result<i64> =
            sqlx::query_scalar("SELECT count(*) FROM points WHERE collection = ?")
                .bind(key)
                .fetch_one(&mut self.connection)
                .await;
        count
            .map(i64::cast_unsigned)
            .map_err(|error| self.fault(&error))
    }

    pub async fn shelf(&mut self, key: i64, collection: &Collection, part: &str) -> Result<Shelf> {
        let shelf = shelf(&mut self.connection, key, collection, part).await;
        shelf.map_err(|error| self.fault(&error))
    }

    /// The vectors of rows, those that are still there.
    pub async fn vectors(&mut self, rows: &[i64]) -> Result<Vec<(i64, Vec<f32>)>> {
        let found = sqlx::query(
            "SELECT row, vector FROM vectors WHERE row IN (SELECT value FROM json_each(?))",
        )
        .bind(json(rows))
        .fetch_all(&mut self.connection)
        .await
        .map_err(|error| self.fault(&error))?;
        let read = found
            .iter()
            .map(|row| Ok((row.try_get(0)?, numbers(row.try_get(1)?))));
        read.collect::<sqlx::Result<_>>()
            .map_err(|error| self.fault(&error))
    }

    /// The points of rows with their scores, in the same order.
    pub async fn hits(&mut self, scored: &[(i64, f32)]) -> Result<Vec<Hit>> {
        let mut hits = Vec::with_capacity(scored.len());
        for (row, score) in scored {
            let found = sqlx::query("SELECT id, payload FROM points WHERE row = ?")
                .bind(row)
                .fetch_optional(&mut self.connection)
                .await
                .map_err(|error| self.fault(&error))?;
            let Some(found) = found else { continue };
            let hit = identified(&found).map_err(|error| self.fault(&error))?;
            hits.push(Hit {
                id: hit.0,
                score: *score,
                payload: hit.1,
            });
        }
        Ok(hits)
    }

    pub async fn page(&mut self, key: i64, from: Option<PointId>, limit: usize) -> Result<Page> {
        let page = page(&mut self.connection, key, from.unwrap_or_default(), limit).await;
        page.map_err(|error| self.fault(&error))
    }
}

async fn put(
    connection: &mut SqliteConnection,
    key: i64,
    parts: &[String],
    points: &[Point],
) -> sqlx::Result<Vec<i64>> {
    let mut rows = Vec::with_capacity(points.len());
    let mut all = connection.begin().await?;
    for (part, point) in parts.iter().zip(points) {
        let payload = serde_json::to_string(&point.payload);
        let row: i64 = sqlx::query_scalar(
            "INSERT INTO points (collection, part, id, payload) VALUES (?, ?, ?, ?)
             ON CONFLICT (collection, id)
             DO UPDATE SET part = excluded.part, payload = excluded.payload RETURNING row",
        )
        .bind(key)
        .bind(part)
        .bind(point.id.as_bytes().as_slice())
        .bind(payload.map_err(|error| sqlx::Error::Encode(error.into()))?)
        .fetch_one(&mut *all)
        .await?;
        sqlx::query("INSERT OR REPLACE INTO vectors (row, vector) VALUES (?, ?)")
            .bind(row)
            .bind(blob(&point.vector))
            .execute(&mut *all)
            .await?;
        rows.push(row);
    }
    all.commit().await?;
    Ok(rows)
}

async fn shelf(
    connection: &mut SqliteConnection,
    key: i64,
    collection: &Collection,
    part: &str,
) -> sqlx::Result<Shelf> {
    let shelf = Shelf::new(collection);
    let mut points = sqlx::query(
        "SELECT id, payload, row, vector FROM points JOIN vectors USING (row)
         WHERE collection = ? AND part = ? ORDER BY row",
    )
    .bind(key)
    .bind(part)
    .fetch(connection);
    while let Some(found) = points.try_next().await? {
        let (id, payload) = identified(&found)?;
        let vector = numbers(found.try_get(3)?);
        if vector.len() == collection.dimensions {
            shelf.put(id, found.try_get(2)?, &vector, &payload);
        }
    }
    Ok(shelf)
}

async fn page(
    connection: &mut SqliteConnection,
    key: i64,
    from: PointId,
    limit: usize,
) -> sqlx::Result<Page> {
    let found = sqlx::query(
        "SELECT id, payload, vector FROM points JOIN vectors USING (row)
         WHERE collection = ? AND id >= ? ORDER BY id LIMIT ?",
    )
    .bind(key)
    .bind(from.as_bytes().as_slice())
    .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let mut points = Vec::with_capacity(found.len());
    for row in &found {
        let (id, payload) = identified(row)?;
        let vector = numbers(row.try_get(2)?);
        points.push(Point {
            id,
            vector,
            payload,
        });
    }
    let next = points.get(limit).map(|point| point.id);
    points.truncate(limit);
    Ok(Page { points, next })
}

/// Of a row whose first two columns these are.
fn identified(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<(PointId, Payload)> {
    let payload: &str = row.try_get(1)?;
    let payload = serde_json::from_str(payload);
    Ok((
        id(row.try_get(0)?)?,
        payload.map_err(|error| sqlx::Error::Decode(error.into()))?,
    ))
}

fn id(bytes: &[u8]) -> sqlx::Result<PointId> {
    PointId::from_slice(bytes).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn json(rows: &[i64]) -> String {
    let rows: Vec<String> = rows.iter().map(i64::to_string).collect();
    format!("[{}]", rows.join(","))
}

fn blob(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn numbers(blob: &[u8]) -> Vec<f32> {
    let (numbers, _) = blob.as_chunks::<4>();
    numbers
        .iter()
        .map(|four| f32::from_le_bytes(*four))
        .collect()
}

fn storage(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Storage {
        file: path.display().to_string(),
        why: error.to_string(),
    }
}

/// The file and what SQLite keeps beside it, under other names.
fn put_aside(path: &Path) -> std::io::Result<()> {
    let aside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    std::fs::rename(path, aside(".damaged"))?;
    for ending in ["-wal", "-shm"] {
        match std::fs::remove_file(aside(ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
