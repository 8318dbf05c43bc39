//! Every table of the truth (`mira.db`), one module an aggregate: the only SQL on that file.
//!
//! [`Store`] is a handle that is cheap to clone: one connection writes, a few read (WAL), so a
//! long listing never waits for a write nor holds one up. All functions are methods of it, each
//! in the module of its tables. Queries are checked at compile time against `migrations/`.
//!
//! The heart is [`Store::append`]: it numbers events and writes, in one transaction, everything
//! that follows from them, so that after a crash the tables agree with the log. Unknown events
//! of a newer version never break reading.
//!
//! What is not here: decisions. This crate knows no clock, no disk besides its file, no model.

mod agreements;
mod answers;
mod approvals;
mod caps;
mod checkpoints;
mod code_names;
mod comments;
mod context_choices;
mod drafts;
mod egress;
mod encoding;
mod events;
mod forks;
mod hooks;
mod ledger;
mod messages;
mod open;
mod operations;
mod prefixes;
mod projects;
mod routes;
mod rules;
mod search;
mod sessions;
mod settings;
mod spend;
mod sudo;
mod sudo_requests;
mod trust;
mod unsent;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};

pub use agreements::Agreed;
pub use answers::CachedAnswer;
pub use approvals::DecidedApproval;
pub use checkpoints::{
    Checkpoint, CheckpointFile, FileBeforeAfter, LiveContent, PruneWhich, Restore, RowState, Scope,
    Step, StepCounts, StepFiles, StepRow,
};
pub use code_names::CodeName;
pub use egress::EgressEnd;
pub use ledger::{LedgerRow, ReservedCall, day, local_day, month_of};
pub use messages::{FoundMessage, StandingMessage};
pub use operations::{NewOperation, OperationRequest, OperationRow};
pub use prefixes::ToldFile;
pub use projects::ProjectRow;
pub use routes::RoutedOperation;
pub use rules::PastToolCall;
pub use sessions::NewSession;
pub use trust::FolderTrust;

/// The truth on disk. Clones share connections.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    options: SqliteConnectOptions,
    writer: Mutex<SqliteConnection>,
    readers: SqlitePool,
    /// Keeps the folder of an in-memory store alive.
    _scratch: Option<open::Scratch>,
}

impl Store {
    /// The database file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The one connection that writes, with no transaction open on it.
    pub(crate) async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        let mut writer = self.shared.writer.lock().await;
        // SQLite ends a transaction by itself where the disk is full or does not answer. The
        // driver's rollback then finds none, and it goes on counting one as open: on this
        // connection every later write would fail. (A rollback that only waits for its turn is
        // done before the ping.)
        if writer.is_in_transaction() && writer.ping().await.is_ok() && writer.is_in_transaction() {
            match SqliteConnection::connect_with(&self.shared.options).await {
                Ok(fresh) => *writer = fresh,
                Err(error) => tracing::error!(%error, "the database was not opened anew"),
            }
        }
        writer
    }

    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.shared.readers
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.shared.path).finish()
    }
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row that the call is about does not exist.
    #[error("{what} {id} was not found")]
    NotFound { what: &'static str, id: String },
    /// The row is in a state that excludes the change (an operation that has ended).
    #[error("{0}")]
    Conflict(String),
    /// The file is damaged or is no database. It is left as it is.
    #[error("{} is damaged or is not a Mira database: {reason}", path.display())]
    Corrupt { path: PathBuf, reason: String },
    /// A newer program wrote the file.
    #[error(
        "{} was written by a newer version of Mira (schema {found}; this version knows {known})",
        path.display()
    )]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    /// The file's schema is not what this program's migrations make.
    #[error("{} cannot be brought up to date: {reason}", path.display())]
    Migration { path: PathBuf, reason: String },
    /// Folder or file could not be made, copied or opened.
    #[error("{} could not be used: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}", in_words(.0))]
    Sql(#[from] sqlx::Error),
    /// A stored or given value does not have the expected form.
    #[error("{what} could not be encoded or decoded: {source}")]
    Encoding {
        what: &'static str,
        source: serde_json::Error,
    },
}

impl StoreError {
    /// What SQLite says is wrong, where it was SQLite that failed.
    pub fn trouble(&self) -> Option<Trouble> {
        let Self::Sql(sqlx::Error::Database(error)) = self else {
            return None;
        };
        // The extended codes keep the plain one in their last byte.
        match error.code()?.parse::<u32>().ok()? & 0xff {
            5 | 6 => Some(Trouble::Locked),
            8 | 14 => Some(Trouble::Unwritable),
            11 | 26 => Some(Trouble::Damaged),
            13 => Some(Trouble::Full),
            _ => None,
        }
    }
}

/// What a person can do something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Another program holds the file.
    Locked,
    Unwritable,
    Damaged,
    /// The disk, or what of it this program may use.
    Full,
}

/// SQLite's own words, without the driver's before them.
fn in_words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mira_protocol::SessionId;
    use mira_protocol::session::SessionKind;

    use super::*;

    async fn write(store: &Store, session: &SessionId) -> Result<(), StoreError> {
        let name = mira_protocol::EventKind::Renamed {
            name: "word ".repeat(20_000),
            by_person: true,
        };
        let stored = store.append(session, None, 2, &[name]).await;
        stored.map(|_| ())
    }

    #[tokio::test]
    async fn after_a_full_disk_it_writes_again() {
        let store = Store::in_memory().await.unwrap();
        let session = NewSession {
            id: SessionId::from("ses_a"),
            project_id: None,
            name: String::new(),
            kind: SessionKind::Voice,
            created_at: 1,
        };
        store.create_session(&session).await.unwrap();
        // On this connection; the least that is possible is what there is.
        sqlx::query("PRAGMA max_page_count = 1")
            .execute(&mut *store.writer().await)
            .await
            .unwrap();
        let error = write(&store, &session.id).await.unwrap_err();
        assert_eq!(error.trouble(), Some(Trouble::Full), "{error:?}");
        assert_eq!(error.to_string(), "database or disk is full");

        write(&store, &session.id).await.unwrap();
        assert_eq!(store.quick_check().await.unwrap(), Vec::<String>::new());
        let events = store.events_since(&session.id, 0, 9).await.unwrap();
        assert_eq!(events.len(), 1);
    }
}
