//! Opening the file, or making it anew.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mira_workspace::Workspace;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqlitePool};

use crate::languages::{LanguageConfig, Languages};
use crate::state::State;
use crate::write::Writer;
use crate::{Index, IndexError, Shared, languages, sync};

const SCHEMA: &str = concat!(
    include_str!("schema.sql"),
    include_str!("insight/schema.sql")
);
/// How long a connection waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;

impl Index {
    /// Opens the index of a project at `database`, making file and folder where they are not
    /// there. A file of another schema, or a damaged one, is made anew and empty: the next
    /// [`Index::sync`] fills it. Settings of languages are carried over where they can be read.
    pub async fn open(database: &Path, workspace: Arc<Workspace>) -> Result<Self, IndexError> {
        if let Some(folder) = database.parent() {
            std::fs::create_dir_all(folder).map_err(|source| IndexError::Io {
                path: folder.to_owned(),
                source,
            })?;
        }
        let mut connection = match connect(database).await {
            Ok(connection) => connection,
            Err(error) if is_damage(&error) => {
                tracing::warn!(%error, "the code index is damaged and is made anew");
                remove(database)?;
                connect(database).await?
            }
            Err(error) => return Err(error.into()),
        };
        if version(&mut connection).await? != wanted_version() {
            connection = rebuild(connection, database).await?;
        }
        let configs = languages::stored(&mut connection).await?;
        let is_complete: i64 = sqlx::query_scalar("PRAGMA application_id")
            .fetch_one(&mut connection)
            .await?;
        let state = State {
            is_complete: is_complete == COMPLETE,
            ..State::default()
        };
        let shared = Shared {
            path: database.to_owned(),
            workspace,
            writer: tokio::sync::Mutex::new(Writer::new(connection)),
            readers: readers(database),
            state: tokio::sync::watch::Sender::new(state),
            languages: std::sync::RwLock::new(Languages::new(configs)),
            symbols: std::sync::RwLock::default(),
            manifests: std::sync::RwLock::default(),
            resolving: tokio::sync::Mutex::default(),
            ranks: crate::map::KeptRanks::default(),
            order: sync::Order::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }
}

impl Index {
    /// The one connection that writes, with no transaction open on it.
    pub(crate) async fn writer(&self) -> tokio::sync::MutexGuard<'_, Writer> {
        let mut writer = self.shared.writer.lock().await;
        let connection = &mut writer.connection;
        // SQLite ends a transaction by itself where the disk is full or does not answer. The
        // driver goes on counting it as open: on this connection every later write would fail.
        // (A rollback that only waits for its turn is done before the ping.)
        if connection.is_in_transaction()
            && connection.ping().await.is_ok()
            && connection.is_in_transaction()
        {
            match connect(&self.shared.path).await {
                Ok(fresh) => *writer = Writer::new(fresh),
                Err(error) => tracing::error!(%error, "the index was not opened anew"),
            }
        }
        writer
    }
}

/// Written to `application_id` when a sync of the whole project has ended once.
pub(crate) const COMPLETE: i64 = 0x4d69_7261;

/// The text of the schema is its version: no number that somebody forgets to raise.
fn wanted_version() -> i64 {
    let hash = blake3::hash(SCHEMA.as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    // A positive 32-bit number that is not the 0 of a new file.
    i64::from(u32::from_le_bytes([a, b, c, d]) & 0x7fff_ffff).max(1)
}

async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
}

/// An empty index in place of what is there.
async fn rebuild(
    mut connection: SqliteConnection,
    database: &Path,
) -> Result<SqliteConnection, IndexError> {
    // From a file of unknown shape: what cannot be read is lost.
    let kept: Vec<LanguageConfig> = languages::stored(&mut connection).await.unwrap_or_default();
    connection.close().await?;
    remove(database)?;
    let mut connection = connect(database).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
    for config in &kept {
        languages::store(&mut transaction, config).await?;
    }
    let set = format!("PRAGMA user_version = {}", wanted_version());
    sqlx::raw_sql(sqlx::AssertSqlSafe(set))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(connection)
}

fn options(database: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .optimize_on_close(false, None)
        .pragma("cache_size", "-32000")
        .pragma("temp_store", "memory")
}

async fn connect(database: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = options(database)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    // The first read tells whether it is a database at all.
    sqlx::query("SELECT count(*) FROM sqlite_master")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Readers open when somebody first reads; they cannot write.
fn readers(database: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options(database).pragma("query_only", "on"))
}

fn is_damage(error: &sqlx::Error) -> bool {
    const CORRUPT: &str = "11";
    const NOT_A_DATABASE: &str = "26";
    matches!(error, sqlx::Error::Database(error)
        if matches!(error.code().as_deref(), Some(CORRUPT | NOT_A_DATABASE)))
}

fn remove(database: &Path) -> Result<(), IndexError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(IndexError::Io {
                    path: path.into(),
                    source,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mira_workspace::{Access, Blobs};

    use super::*;

    #[tokio::test]
    async fn after_a_full_disk_it_writes_again() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir(&root).unwrap();
        let workspace = Workspace::open(&root, Access::Project, blobs, vec![]).unwrap();
        let index = Index::open(&folder.path().join("index.db"), workspace)
            .await
            .unwrap();
        {
            let mut writer = index.writer().await;
            // On this connection; the least that is possible is what there is.
            sqlx::query("PRAGMA max_page_count = 1")
                .execute(&mut writer.connection)
                .await
                .unwrap();
            let begun = writer.connection.begin_with("BEGIN IMMEDIATE").await;
            let mut transaction = begun.unwrap();
            let grown = sqlx::query("CREATE TABLE large AS SELECT randomblob(1000000)")
                .execute(&mut *transaction)
                .await;
            assert!(grown.unwrap_err().to_string().contains("full"));
        }
        let mut writer = index.writer().await;
        let begun = writer.connection.begin_with("BEGIN IMMEDIATE").await;
        begun.unwrap().commit().await.unwrap();
    }
}
