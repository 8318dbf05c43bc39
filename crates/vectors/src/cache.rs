//! Vectors of texts that were seen before, by content: a file that comes back, in a branch or
//! under another name, is not embedded again.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use crate::{Embedder, Error, ModelId, Result, Role};

/// Space for vectors; those not used for longest leave first.
const MOST_BYTES: u64 = 256 << 20;
/// How often what is too much is looked for, in stored texts.
const PRUNED_EVERY: u64 = 2_000;

/// An embedder that remembers. Questions pass through: nobody asks the same one for years.
#[derive(Clone)]
pub struct Cached {
    inner: Arc<dyn Embedder>,
    /// None where the file cannot be used: then it remembers nothing.
    memory: Option<Arc<Mutex<Memory>>>,
    most_bytes: u64,
}

struct Memory {
    connection: SqliteConnection,
    stored: u64,
}

impl Cached {
    /// Remembers in this file; one that cannot be used is said in the log and done without.
    pub async fn open(inner: Arc<dyn Embedder>, file: &Path) -> Self {
        Self::open_with(inner, file, MOST_BYTES).await
    }

    /// With another limit, in bytes of vectors.
    pub async fn open_with(inner: Arc<dyn Embedder>, file: &Path, most_bytes: u64) -> Self {
        let memory = match Memory::open(file).await {
            Ok(memory) => Some(Arc::new(Mutex::new(memory))),
            Err(error) => {
                tracing::warn!(%error, file = %file.display(), "vectors are not remembered");
                None
            }
        };
        Self {
            inner,
            memory,
            most_bytes,
        }
    }

    /// The same memory before another way to ask the same model.
    #[must_use]
    pub fn before(&self, inner: Arc<dyn Embedder>) -> Self {
        Self {
            inner,
            ..self.clone()
        }
    }

    async fn embed_and_remember(
        &self,
        memory: &Mutex<Memory>,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>> {
        let model = self.inner.model().as_str();
        let keys: Vec<[u8; 32]> = texts
            .iter()
            .map(|text| *blake3::hash(text.as_bytes()).as_bytes())
            .collect();
        // What the file does not give is made anew; it is a memory, not the truth.
        let mut vectors = memory
            .lock()
            .await
            .find(model, &keys)
            .await
            .unwrap_or_default();
        vectors.resize(texts.len(), None);
        let width = self.inner.dimensions();
        let missing: Vec<usize> = (0..texts.len())
            .filter(|at| {
                vectors[*at]
                    .as_ref()
                    .is_none_or(|vector| vector.len() != width)
            })
            .collect();
        let asked: Vec<String> = missing.iter().map(|at| texts[*at].clone()).collect();
        let fresh = match asked.is_empty() {
            true => Vec::new(),
            false => self.inner.embed(&asked, Role::Document).await?,
        };
        let new: Vec<(&[u8; 32], &Vec<f32>)> =
            missing.iter().map(|at| &keys[*at]).zip(&fresh).collect();
        let kept = memory.lock().await.keep(model, &new, self.most_bytes).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "vectors are not remembered");
        }
        for (at, vector) in missing.into_iter().zip(fresh) {
            vectors[at] = Some(vector);
        }
        let whole: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
        whole.ok_or_else(|| Error::Model {
            model: model.to_owned(),
            why: "fewer vectors came than were asked for".to_owned(),
        })
    }
}

#[async_trait]
impl Embedder for Cached {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn reads_bytes(&self) -> usize {
        self.inner.reads_bytes()
    }

    fn pieces_at_once(&self) -> usize {
        self.inner.pieces_at_once()
    }

    async fn embed(&self, texts: &[String], role: Role) -> Result<Vec<Vec<f32>>> {
        match (&self.memory, role) {
            (Some(memory), Role::Document) => self.embed_and_remember(memory, texts).await,
            _ => self.inner.embed(texts, role).await,
        }
    }
}

impl Memory {
    async fn open(file: &Path) -> sqlx::Result<Self> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let table = "CREATE TABLE IF NOT EXISTS texts (
            model TEXT NOT NULL,
            hash BLOB NOT NULL,
            vector BLOB NOT NULL,
            used INTEGER NOT NULL,
            PRIMARY KEY (model, hash)
        )";
        sqlx::query(table).execute(&mut connection).await?;
        Ok(Self {
            connection,
            stored: 0,
        })
    }

    async fn find(
        &mut self,
        model: &str,
        keys: &[[u8; 32]],
    ) -> sqlx::Result<Vec<Option<Vec<f32>>>> {
        let mut found = Vec::with_capacity(keys.len());
        let mut all = self.connection.begin().await?;
        for key in keys {
            let vector: Option<Vec<u8>> = sqlx::query_scalar(
                "UPDATE texts SET used = ?3 WHERE model = ?1 AND hash = ?2 RETURNING vector",
            )
            .bind(model)
            .bind(key.as_slice())
            .bind(now())
            .fetch_optional(&mut *all)
            .await?;
            found.push(vector.map(|bytes| {
                let (numbers, _) = bytes.as_chunks::<4>();
                numbers
                    .iter()
                    .map(|four| f32::from_le_bytes(*four))
                    .collect()
            }));
        }
        all.commit().await?;
        Ok(found)
    }

    async fn keep(
        &mut self,
        model: &str,
        new: &[(&[u8; 32], &Vec<f32>)],
        most_bytes: u64,
    ) -> sqlx::Result<()> {
        let mut all = self.connection.begin().await?;
        for (key, vector) in new {
            let bytes: Vec<u8> = vector
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            sqlx::query(
                "INSERT OR REPLACE INTO texts (model, hash, vector, used) VALUES (?, ?, ?, ?)",
            )
            .bind(model)
            .bind(key.as_slice())
            .bind(bytes)
            .bind(now())
            .execute(&mut *all)
            .await?;
        }
        all.commit().await?;
        let before = self.stored / PRUNED_EVERY;
        self.stored += new.len() as u64;
        match before == self.stored / PRUNED_EVERY && most_bytes >= MOST_BYTES {
            true => Ok(()),
            false => self.prune(most_bytes).await,
        }
    }

    /// Those used last stay, as many as the space holds.
    async fn prune(&mut self, most_bytes: u64) -> sqlx::Result<()> {
        let pruned = sqlx::query(
            "DELETE FROM texts WHERE rowid IN (
               SELECT rowid FROM (
                 SELECT rowid, sum(length(vector)) OVER (ORDER BY used DESC, rowid DESC) AS total
                 FROM texts)
               WHERE total > ?)",
        );
        let most = i64::try_from(most_bytes).unwrap_or(i64::MAX);
        pruned.bind(most).execute(&mut self.connection).await?;
        Ok(())
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_millis() as i64)
}
