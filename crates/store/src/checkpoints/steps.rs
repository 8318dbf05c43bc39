//! Steps: one row for each call, background command, undo, review and rewind that changed files,
//! with what it found and what it left.

use mira_protocol::change::ReviewMark;
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::{
    CallId, CheckpointId, EventKind, OperationId, ProjectId, SessionId, StoredEvent, UtcMs,
};
use serde_json::Value;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use super::FileBeforeAfter;
use crate::encoding::{from_json, from_optional_json, from_word, json, signed, unsigned, word};
use crate::events::{append_in, encode};
use crate::{Store, StoreError, sessions};

/// Paths that a list shows of a step.
const FIRST_PATHS: usize = 3;

/// A step that is about to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub session_id: SessionId,
    pub project_id: Option<ProjectId>,
    pub operation_id: Option<OperationId>,
    pub call_id: Option<CallId>,
    pub kind: CheckpointKind,
    pub title: String,
    pub at: UtcMs,
    pub not_covered: Vec<String>,
    /// Marks as they were before, to be put back with it; JSON that this crate passes on.
    pub marks: Option<Value>,
    /// The name of the journal that guards the restore.
    pub journal: Option<String>,
}

/// What becomes of an operation's file with a restore.
#[derive(Debug, Clone, PartialEq)]
pub struct RowState {
    pub operation_id: OperationId,
    pub path: String,
    pub undone: bool,
    pub standing: Option<Value>,
    /// The person's mark with the hunks kept and rejected one by one; None: as it was.
    pub review: Option<(ReviewMark, Vec<String>, Vec<String>)>,
}

/// A restore of files with all that it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    pub step: Step,
    pub files: Vec<FileBeforeAfter>,
    pub rows: Vec<RowState>,
}

/// A recorded step, without its files.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    pub id: CheckpointId,
    pub step: Step,
    pub session_name: String,
    pub seq: u64,
    /// Files and links; the first of them.
    pub files: u64,
    pub first_paths: Vec<String>,
    pub logical_bytes: u64,
    pub pruned_at: Option<UtcMs>,
    pub swept_at: Option<UtcMs>,
}

/// A step with its files by path.
pub type StepFiles = (StepRow, Vec<FileBeforeAfter>);

struct Columns {
    id: i64,
    session_id: String,
    session_name: String,
    project_id: Option<String>,
    operation_id: Option<String>,
    call_id: Option<String>,
    kind: String,
    title: String,
    seq: i64,
    created_at: i64,
    not_covered: String,
    files: i64,
    first_paths: String,
    logical_bytes: i64,
    marks: Option<String>,
    journal: Option<String>,
    pruned_at: Option<i64>,
    swept_at: Option<i64>,
}

impl TryFrom<Columns> for StepRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            step: Step {
                session_id: SessionId(row.session_id),
                project_id: row.project_id.map(ProjectId),
                operation_id: row.operation_id.map(OperationId),
                call_id: row.call_id.map(CallId),
                kind: from_word("checkpoint kind", row.kind)?,
                title: row.title,
                at: row.created_at,
                not_covered: from_json("not covered", &row.not_covered)?,
                marks: from_optional_json("marks", row.marks.as_deref())?,
                journal: row.journal,
            },
            session_name: row.session_name,
            seq: unsigned(row.seq),
            files: unsigned(row.files),
            first_paths: from_json("first paths", &row.first_paths)?,
            logical_bytes: unsigned(row.logical_bytes),
            pruned_at: row.pruned_at,
            swept_at: row.swept_at,
        })
    }
}

/// `query_as!` needs one literal; this one is shared and ends differently.
macro_rules! select {
    ($store:expr, $end:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Columns,
            r#"SELECT s.id, s.session_id, c.name AS session_name, s.project_id, s.operation_id,
                 s.call_id, s.kind, s.title, s.seq, s.created_at, s.not_covered, s.files,
                 s.first_paths, s.logical_bytes, s.marks, s.journal, s.pruned_at, s.swept_at
               FROM checkpoint_steps s JOIN chat_sessions c ON c.id = s.session_id "# + $end
            $(, $arg)*
        )
        .fetch_all($store.reader())
        .await?
        .into_iter()
        .map(StepRow::try_from)
        .collect::<Result<Vec<_>, StoreError>>()
    };
}

impl Store {
    /// Keeps a step that is no operation's own (a background command's later changes).
    pub async fn record_step(
        &self,
        step: &Step,
        files: &[FileBeforeAfter],
    ) -> Result<CheckpointId, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let id = insert(&mut tx, step, files).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Notes a restore in one transaction: the step (where files changed), what becomes of
    /// operations' files, and the event that tells of it.
    pub async fn record_restore(
        &self,
        restore: &Restore,
        event: impl FnOnce(Option<CheckpointId>) -> EventKind + Send,
    ) -> Result<(Option<CheckpointId>, Vec<StoredEvent>), StoreError> {
        let Restore { step, files, rows } = restore;
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let id = match files.is_empty() {
            true => None,
            false => Some(insert(&mut tx, step, files).await?),
        };
        for row in rows {
            set_row(&mut tx, row).await?;
        }
        let mut operations: Vec<&OperationId> = rows.iter().map(|row| &row.operation_id).collect();
        operations.sort_unstable();
        operations.dedup();
        for operation in operations {
            touch_undone(&mut tx, operation, step.at).await?;
        }
        let kinds = [event(id)];
        let encoded = encode(&kinds)?;
        let stored = append_in(&mut tx, &step.session_id, None, step.at, &kinds, &encoded).await?;
        tx.commit().await?;
        Ok((id, stored))
    }

    /// One step with its files.
    pub async fn step(&self, id: CheckpointId) -> Result<StepFiles, StoreError> {
        let row =
            select!(self, "WHERE s.id = ?1", id)?
                .pop()
                .ok_or_else(|| StoreError::NotFound {
                    what: "checkpoint",
                    id: id.to_string(),
                })?;
        self.with_files(row).await
    }

    /// Steps of a session from event `seq` and from step `from` on, oldest first.
    pub async fn steps_since(
        &self,
        session: &SessionId,
        seq: u64,
        from: CheckpointId,
    ) -> Result<Vec<StepFiles>, StoreError> {
        let seq = signed(seq);
        let rows = select!(
            self,
            "WHERE s.session_id = ?1 AND s.seq >= ?2 AND s.id >= ?3 ORDER BY s.id",
            session.0,
            seq,
            from
        )?;
        self.all_with_files(rows).await
    }

    /// Steps of an operation's own calls, and of what was taken back of it, oldest first.
    pub async fn steps_of(&self, operation: &OperationId) -> Result<Vec<StepFiles>, StoreError> {
        let rows = select!(self, "WHERE s.operation_id = ?1 ORDER BY s.id", operation.0)?;
        self.all_with_files(rows).await
    }

    /// Steps in a project after one of them, oldest first.
    pub async fn steps_after(
        &self,
        project: &ProjectId,
        after: CheckpointId,
    ) -> Result<Vec<StepFiles>, StoreError> {
        let rows = select!(
            self,
            "WHERE s.project_id = ?1 AND s.id > ?2 ORDER BY s.id",
            project.0,
            after
        )?;
        self.all_with_files(rows).await
    }

    /// The newest step there is; 0 where there is none.
    pub async fn last_step(&self) -> Result<CheckpointId, StoreError> {
        let last = sqlx::query_scalar!(
            r#"SELECT coalesce(max(id), 0) AS "last!: i64" FROM checkpoint_steps"#
        );
        Ok(last.fetch_one(self.reader()).await?)
    }

    /// The first step of a call; None where it changed nothing.
    pub async fn step_of_call(
        &self,
        session: &SessionId,
        call: &CallId,
    ) -> Result<Option<CheckpointId>, StoreError> {
        let first = sqlx::query_scalar!(
            r#"SELECT min(id) AS "id: i64" FROM checkpoint_steps
               WHERE session_id = ?1 AND call_id = ?2"#,
            session.0,
            call.0,
        );
        Ok(first.fetch_one(self.reader()).await?)
    }

    /// Whether the restore of that journal was recorded.
    pub async fn knows_journal(&self, name: &str) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM checkpoint_steps WHERE journal = ?1) AS "found!: bool""#,
            name,
        );
        Ok(found.fetch_one(self.reader()).await?)
    }

    /// Steps, newest first, and how many there are in all.
    pub async fn steps(
        &self,
        list: &mira_protocol::checkpoint::ListCheckpoints,
    ) -> Result<(Vec<StepRow>, u64), StoreError> {
        let session = list.session_id.as_ref().map(SessionId::as_str);
        let project = list.project_id.as_ref().map(ProjectId::as_str);
        let operation = list.operation_id.as_ref().map(OperationId::as_str);
        let search = list.search.as_deref().filter(|text| !text.is_empty());
        let pruned = list.pruned.unwrap_or(false);
        let before = list.before.unwrap_or(i64::MAX);
        let limit = i64::from(list.limit.unwrap_or(50).clamp(1, 500));
        let rows = select!(
            self,
            "WHERE (?1 IS NULL OR s.session_id = ?1) AND (?2 IS NULL OR s.project_id = ?2)
               AND (?3 IS NULL OR s.operation_id = ?3)
               AND (?4 IS NULL OR instr(lower(s.title), lower(?4)) > 0
                    OR EXISTS (SELECT 1 FROM checkpoint_step_files f
                               WHERE f.step_id = s.id AND instr(lower(f.path), lower(?4)) > 0))
               AND (s.pruned_at IS NOT NULL) = ?5 AND s.id < ?6
             ORDER BY s.id DESC LIMIT ?7",
            session,
            project,
            operation,
            search,
            pruned,
            before,
            limit
        )?;
        let total = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!: i64" FROM checkpoint_steps s
               WHERE (?1 IS NULL OR s.session_id = ?1) AND (?2 IS NULL OR s.project_id = ?2)
                 AND (?3 IS NULL OR s.operation_id = ?3)
                 AND (?4 IS NULL OR instr(lower(s.title), lower(?4)) > 0
                      OR EXISTS (SELECT 1 FROM checkpoint_step_files f
                                 WHERE f.step_id = s.id AND instr(lower(f.path), lower(?4)) > 0))
                 AND (s.pruned_at IS NOT NULL) = ?5"#,
            session,
            project,
            operation,
            search,
            pruned,
        )
        .fetch_one(self.reader())
        .await?;
        Ok((rows, unsigned(total)))
    }

    async fn all_with_files(&self, rows: Vec<StepRow>) -> Result<Vec<StepFiles>, StoreError> {
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(self.with_files(row).await?);
        }
        Ok(all)
    }

    async fn with_files(&self, row: StepRow) -> Result<StepFiles, StoreError> {
        let files = sqlx::query!(
            r#"SELECT path, "before", "after" FROM checkpoint_step_files
               WHERE step_id = ?1 ORDER BY path"#,
            row.id,
        )
        .fetch_all(self.reader())
        .await?
        .into_iter()
        .map(|file| {
            Ok(FileBeforeAfter {
                path: file.path,
                before: from_optional_json("entry", file.before.as_deref())?,
                after: from_optional_json("entry", file.after.as_deref())?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
        Ok((row, files))
    }
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    step: &Step,
    files: &[FileBeforeAfter],
) -> Result<CheckpointId, StoreError> {
    let is_dir = |file: &FileBeforeAfter| {
        let mut entries = file.before.iter().chain(&file.after);
        entries.all(|entry| entry["kind"] == "dir")
    };
    let shown: Vec<&str> = files
        .iter()
        .filter(|file| !is_dir(file))
        .map(|file| file.path.as_str())
        .collect();
    let size = |entry: &Value| entry["size"].as_u64().unwrap_or(0);
    let bytes: u64 = files
        .iter()
        .flat_map(|file| file.before.iter().chain(&file.after))
        .map(size)
        .sum();
    let project = step.project_id.as_ref().map(ProjectId::as_str);
    let operation = step.operation_id.as_ref().map(OperationId::as_str);
    let call = step.call_id.as_ref().map(CallId::as_str);
    let kind = word("checkpoint kind", &step.kind)?;
    let not_covered = json("not covered", &step.not_covered)?;
    let count = signed(shown.len() as u64);
    let first_paths = json("first paths", &&shown[..shown.len().min(FIRST_PATHS)])?;
    let bytes = signed(bytes);
    let marks = step
        .marks
        .as_ref()
        .map(|marks| json("marks", marks))
        .transpose()?;
    let id = sqlx::query_scalar!(
        r#"INSERT INTO checkpoint_steps
             (session_id, project_id, operation_id, call_id, kind, title, seq, created_at,
              not_covered, files, first_paths, logical_bytes, marks, journal)
           SELECT ?1, ?2, ?3, ?4, ?5, ?6, last_seq, ?7, ?8, ?9, ?10, ?11, ?12, ?13
           FROM chat_sessions WHERE id = ?1
           RETURNING id AS "id!: i64""#,
        step.session_id.0,
        project,
        operation,
        call,
        kind,
        step.title,
        step.at,
        not_covered,
        count,
        first_paths,
        bytes,
        marks,
        step.journal,
    )
    .fetch_optional(&mut *connection)
    .await?
    .ok_or_else(|| sessions::missing(&step.session_id))?;
    for file in files {
        let text =
            |entry: &Option<Value>| entry.as_ref().map(|entry| json("entry", entry)).transpose();
        let (before, after) = (text(&file.before)?, text(&file.after)?);
        sqlx::query!(
            r#"INSERT INTO checkpoint_step_files (step_id, path, "before", "after")
               VALUES (?1, ?2, ?3, ?4)"#,
            id,
            file.path,
            before,
            after,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(id)
}

async fn set_row(connection: &mut SqliteConnection, row: &RowState) -> Result<(), StoreError> {
    let standing = row
        .standing
        .as_ref()
        .map(|standing| json("standing state", standing));
    let standing = standing.transpose()?;
    sqlx::query!(
        "UPDATE checkpoint_files SET undone = ?3, standing = ?4
         WHERE operation_id = ?1 AND path = ?2",
        row.operation_id.0,
        row.path,
        row.undone,
        standing,
    )
    .execute(&mut *connection)
    .await?;
    let Some((mark, kept, rejected)) = &row.review else {
        return Ok(());
    };
    let mark = word("mark", mark)?;
    let kept = json("kept hunks", kept)?;
    let rejected = json("rejected hunks", rejected)?;
    sqlx::query!(
        "UPDATE checkpoint_files SET mark = ?3, rejected_hunks = ?4, kept_hunks = ?5
         WHERE operation_id = ?1 AND path = ?2",
        row.operation_id.0,
        row.path,
        mark,
        rejected,
        kept,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// When something of the operation was last taken back; null while all of it is in force.
async fn touch_undone(
    connection: &mut SqliteConnection,
    operation: &OperationId,
    at: UtcMs,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE checkpoints SET undone_at = CASE
           WHEN EXISTS (SELECT 1 FROM checkpoint_files WHERE operation_id = ?1 AND undone) THEN ?2
           END
         WHERE operation_id = ?1",
        operation.0,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
