//! Checkpoints: what each operation did to files in sum, and ([`steps`]) what each call, undo and
//! rewind did one after the other. Contents lie in the blob store; here are the entries (as JSON
//! of which this crate knows `hash` and `size`) and the marks of the review.

mod retention;
mod steps;

use mira_protocol::change::ReviewMark;
use mira_protocol::{CheckpointId, OperationId, ProjectId, SessionId, UtcMs};
use serde_json::Value;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::encoding::{from_json, from_optional_json, from_word, json};
use crate::{Store, StoreError};

pub use retention::{LiveContent, PruneWhich, StepCounts};
pub use steps::{Restore, RowState, Step, StepFiles, StepRow};

/// An operation's checkpoint, without its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    pub operation_id: OperationId,
    pub session_id: SessionId,
    pub project_id: Option<ProjectId>,
    /// When the operation first changed a file.
    pub created_at: UtcMs,
    /// What could not be covered, in words.
    pub not_covered: Vec<String>,
}

/// A file that an operation changed.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointFile {
    pub path: String,
    /// The entry before the operation; None where there was no file.
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub mark: ReviewMark,
    /// Hunks that were kept one by one.
    pub kept_hunks: Vec<String>,
    /// Hunks that are not on disk.
    pub rejected_hunks: Vec<String>,
    pub undone: bool,
    /// What stands on disk in place of what the marks say, as JSON that this crate passes on.
    pub standing: Option<Value>,
}

/// One change to take into a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct FileBeforeAfter {
    pub path: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Where to look for an operation to undo or redo.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    Session(SessionId),
    Project(ProjectId),
}

impl Store {
    /// Adds changes to an operation's checkpoint, making it with the first, and keeps them as a
    /// step of their own. Of several changes of a path the first "before" and the last "after"
    /// stay; a path that is back where it was before is no change any more. A renewed change is
    /// pending and not undone.
    pub async fn record_changes(
        &self,
        checkpoint: &Checkpoint,
        step: &Step,
        files: &[FileBeforeAfter],
    ) -> Result<CheckpointId, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        upsert(&mut tx, checkpoint).await?;
        for file in files {
            merge_file(&mut tx, &checkpoint.operation_id, file).await?;
        }
        let id = steps::insert(&mut tx, step, files).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A checkpoint with its files by path; None where the operation changed nothing.
    pub async fn checkpoint(
        &self,
        operation: &OperationId,
    ) -> Result<Option<(Checkpoint, Vec<CheckpointFile>)>, StoreError> {
        let Some(row) = sqlx::query!(
            "SELECT operation_id, session_id, project_id, created_at, not_covered
             FROM checkpoints WHERE operation_id = ?1",
            operation.0
        )
        .fetch_optional(self.reader())
        .await?
        else {
            return Ok(None);
        };
        let checkpoint = Checkpoint {
            operation_id: OperationId(row.operation_id),
            session_id: SessionId(row.session_id),
            project_id: row.project_id.map(ProjectId),
            created_at: row.created_at,
            not_covered: from_json("not covered", &row.not_covered)?,
        };
        let files = sqlx::query!(
            r#"SELECT path, "before", "after", mark, kept_hunks, rejected_hunks,
                 undone AS "undone: bool", standing
               FROM checkpoint_files WHERE operation_id = ?1 ORDER BY path"#,
            operation.0
        )
        .fetch_all(self.reader())
        .await?
        .into_iter()
        .map(|row| {
            Ok(CheckpointFile {
                path: row.path,
                before: from_optional_json("entry", row.before.as_deref())?,
                after: from_optional_json("entry", row.after.as_deref())?,
                mark: from_word("mark", row.mark)?,
                kept_hunks: from_json("kept hunks", &row.kept_hunks)?,
                rejected_hunks: from_json("rejected hunks", &row.rejected_hunks)?,
                undone: row.undone,
                standing: from_optional_json("standing state", row.standing.as_deref())?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
        Ok(Some((checkpoint, files)))
    }

    /// What undo takes back next: the newest operation with a change that is in force.
    pub async fn next_undo(&self, scope: &Scope) -> Result<Option<OperationId>, StoreError> {
        let (session, project) = scope.columns();
        let found = sqlx::query_scalar!(
            "SELECT c.operation_id FROM checkpoints c
             WHERE (?1 IS NULL OR c.session_id = ?1) AND (?2 IS NULL OR c.project_id = ?2)
               AND EXISTS (SELECT 1 FROM checkpoint_files f
                           WHERE f.operation_id = c.operation_id
                             AND (NOT f.undone OR json_extract(f.standing, '$.partial')))
             ORDER BY c.created_at DESC, c.rowid DESC LIMIT 1",
            session,
            project,
        )
        .fetch_optional(self.reader())
        .await?;
        Ok(found.map(OperationId))
    }

    /// What redo brings back next: the operation that was taken back last.
    pub async fn next_redo(&self, scope: &Scope) -> Result<Option<OperationId>, StoreError> {
        let (session, project) = scope.columns();
        let found = sqlx::query_scalar!(
            "SELECT c.operation_id FROM checkpoints c
             WHERE (?1 IS NULL OR c.session_id = ?1) AND (?2 IS NULL OR c.project_id = ?2)
               AND c.undone_at IS NOT NULL
             ORDER BY c.undone_at DESC, c.created_at, c.rowid LIMIT 1",
            session,
            project,
        )
        .fetch_optional(self.reader())
        .await?;
        Ok(found.map(OperationId))
    }
}

impl Scope {
    fn columns(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Session(id) => (Some(id.as_str()), None),
            Self::Project(id) => (None, Some(id.as_str())),
        }
    }
}

async fn upsert(
    connection: &mut SqliteConnection,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let Checkpoint {
        operation_id,
        session_id,
        project_id,
        created_at,
        not_covered,
    } = checkpoint;
    let project_id = project_id.as_ref().map(ProjectId::as_str);
    let known = sqlx::query_scalar!(
        "SELECT not_covered FROM checkpoints WHERE operation_id = ?1",
        operation_id.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    let mut all: Vec<String> = match known {
        Some(text) => from_json("not covered", &text)?,
        None => Vec::new(),
    };
    for line in not_covered {
        if !all.contains(line) {
            all.push(line.clone());
        }
    }
    let all = json("not covered", &all)?;
    sqlx::query!(
        "INSERT INTO checkpoints (operation_id, session_id, project_id, created_at, not_covered)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (operation_id) DO UPDATE SET not_covered = excluded.not_covered",
        operation_id.0,
        session_id.0,
        project_id,
        created_at,
        all,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn merge_file(
    connection: &mut SqliteConnection,
    operation: &OperationId,
    file: &FileBeforeAfter,
) -> Result<(), StoreError> {
    let FileBeforeAfter {
        path,
        before,
        after,
    } = file;
    let text = |entry: &Option<Value>| entry.as_ref().map(|entry| json("entry", entry)).transpose();
    let (before, after) = (text(before)?, text(after)?);
    sqlx::query!(
        r#"INSERT INTO checkpoint_files (operation_id, path, "before", "after")
           VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT (operation_id, path) DO UPDATE SET
             "after" = excluded."after", mark = 'pending', kept_hunks = '[]',
             rejected_hunks = '[]', undone = 0, standing = NULL"#,
        operation.0,
        path,
        before,
        after,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"DELETE FROM checkpoint_files
           WHERE operation_id = ?1 AND path = ?2 AND "before" IS "after""#,
        operation.0,
        path,
    )
    .execute(connection)
    .await?;
    Ok(())
}
