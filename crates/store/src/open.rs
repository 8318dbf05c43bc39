//! Opening the file: settings of its connections, migrations, the backup before them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlitePool};
use tokio::sync::Mutex;

use crate::{Shared, Store, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// How long a connection waits for another's lock before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 3;

impl Store {
    /// Opens the database at `path`, making it (and its folder) where it does not exist.
    ///
    /// Runs the migrations that are missing; where that changes an existing database, a copy is
    /// left beside it as `<file>.backup-<old version>` first. Fails with [`StoreError::Newer`] or
    /// [`StoreError::Corrupt`] without touching the file.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::open_with(path.into(), None).await
    }

    /// A store in a temporary folder that goes when the last clone goes.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let scratch = Scratch::new()?;
        Self::open_with(scratch.0.join("mira.db"), Some(scratch)).await
    }

    async fn open_with(path: PathBuf, scratch: Option<Scratch>) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| StoreError::Io {
                path: folder.to_owned(),
                source,
            })?;
        }
        make_private(&path).map_err(|source| StoreError::Io {
            path: path.clone(),
            source,
        })?;
        let options = options(&path);
        let writer = open_writer(&path, &options)
            .await
            .map_err(|error| explain(&path, error))?;
        let shared = Shared {
            readers: readers(options.clone()),
            path,
            options,
            writer: Mutex::new(writer),
            _scratch: scratch,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// What SQLite's own check has to say; empty when the file is sound.
    pub async fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(20)")
            .fetch_all(self.reader())
            .await?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }
}

/// What was said is the owner's alone, wherever the file lies. SQLite gives the files beside it
/// the same permissions.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match new {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn make_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .optimize_on_close(false, None)
}

/// Readers open when somebody first reads; they cannot write.
fn readers(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options.create_if_missing(false).pragma("query_only", "on"))
}

async fn open_writer(
    path: &Path,
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, StoreError> {
    let mut connection = SqliteConnection::connect_with(options).await?;
    let state = state(&mut connection, path).await?;
    // Only now: it changes the file, and it stays with it.
    sqlx::query("PRAGMA journal_mode = WAL")
        .execute(&mut connection)
        .await?;
    match state {
        State::Current => {}
        State::Empty => migrate(&mut connection, path).await?,
        State::Behind { version } => {
            back_up(&mut connection, path, version).await?;
            migrate(&mut connection, path).await?;
        }
    }
    Ok(connection)
}

enum State {
    /// No table at all: a new file.
    Empty,
    Behind {
        version: i64,
    },
    Current,
}

/// Compares what the file has with what this program knows, with two reads at most.
async fn state(connection: &mut SqliteConnection, path: &Path) -> Result<State, StoreError> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&mut *connection)
            .await?;
    if tables.is_empty() {
        return Ok(State::Empty);
    }
    if !tables.iter().any(|name| name == "_sqlx_migrations") {
        let reason = "it has tables, but none that Mira made".to_owned();
        return Err(StoreError::Corrupt {
            path: path.to_owned(),
            reason,
        });
    }
    let applied: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut *connection)
            .await?;
    let known: Vec<_> = MIGRATIONS.iter().collect();
    let newest_known = known.last().map_or(0, |migration| migration.version);
    let found = applied.last().map_or(0, |(version, ..)| *version);
    if found > newest_known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: newest_known,
        });
    }
    for (version, checksum, success) in &applied {
        let matches = known
            .iter()
            .any(|known| known.version == *version && known.checksum[..] == checksum[..]);
        if !*success || !matches {
            let reason = format!("its schema step {version} is not the one this version made");
            return Err(StoreError::Migration {
                path: path.to_owned(),
                reason,
            });
        }
    }
    Ok(if applied.len() == known.len() {
        State::Current
    } else if applied.is_empty() {
        State::Empty
    } else {
        State::Behind { version: found }
    })
}

async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    MIGRATIONS
        .run(&mut *connection)
        .await
        .map_err(|error| StoreError::Migration {
            path: path.to_owned(),
            reason: error.to_string(),
        })
}

/// Copies the database, what lies in its log included, to `<file>.backup-<version>`.
async fn back_up(
    connection: &mut SqliteConnection,
    path: &Path,
    version: i64,
) -> Result<(), StoreError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".backup-{version}"));
    let target = path.with_file_name(&name);
    name.push(".part");
    let part = path.with_file_name(&name);
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Io { path, source }
    };
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&part)(error)),
        _ => {}
    }
    make_private(&part).map_err(io(&part))?;
    sqlx::query("VACUUM INTO ?1")
        .bind(part.to_string_lossy().into_owned())
        .execute(&mut *connection)
        .await?;
    std::fs::rename(&part, &target).map_err(io(&target))?;
    tracing::info!(backup = %target.display(), "database copied before its schema changes");
    Ok(())
}

/// SQLite's words for a damaged file, as our own error.
fn explain(path: &Path, error: StoreError) -> StoreError {
    const CORRUPT: &str = "11";
    const NOT_A_DATABASE: &str = "26";
    match error {
        StoreError::Sql(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some(CORRUPT | NOT_A_DATABASE)) =>
        {
            StoreError::Corrupt {
                path: path.to_owned(),
                reason: error.message().to_owned(),
            }
        }
        other => other,
    }
}

/// A folder of its own under the system's temporary one, removed on drop.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, StoreError> {
        let name = format!("mira-store-{}", mira_protocol::SessionId::new());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).map_err(|source| StoreError::Io {
            path: path.clone(),
            source,
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A temporary folder that cannot be removed is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
