//! How hooks ran.

use mira_protocol::hook::{HookRun, ReadHookLog};
use mira_protocol::{CallId, OperationId, ProjectId, SessionId};

use crate::encoding::{from_word, signed, unsigned, word};
use crate::{Store, StoreError};

/// Runs that are kept; older ones go when new ones come.
const KEPT: i64 = 10_000;

impl Store {
    /// Stores a run and gives it its number.
    pub async fn add_hook_run(&self, run: &HookRun) -> Result<i64, StoreError> {
        let source = word("hook source", &run.source)?;
        let point = word("hook point", &run.point)?;
        let outcome = word("hook outcome", &run.outcome)?;
        let project = run.project_id.as_ref().map(|id| &id.0);
        let session = run.session_id.as_ref().map(|id| &id.0);
        let operation = run.operation_id.as_ref().map(|id| &id.0);
        let call = run.call_id.as_ref().map(|id| &id.0);
        let duration = signed(run.duration_ms);
        let mut writer = self.writer().await;
        let id = sqlx::query!(
            "INSERT INTO hook_runs (at, hook, source, point, project_id, session_id, operation_id,
                 call_id, tool, outcome, reason, output, duration_ms, exit_code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            run.at,
            run.hook,
            source,
            point,
            project,
            session,
            operation,
            call,
            run.tool,
            outcome,
            run.reason,
            run.output,
            duration,
            run.exit_code,
        )
        .execute(&mut *writer)
        .await?
        .last_insert_rowid();
        let oldest = id - KEPT;
        sqlx::query!("DELETE FROM hook_runs WHERE id <= ?1", oldest)
            .execute(&mut *writer)
            .await?;
        Ok(id)
    }

    /// Runs that fit, newest first, at most `limit`.
    pub async fn hook_runs(
        &self,
        wanted: &ReadHookLog,
        limit: u32,
    ) -> Result<Vec<HookRun>, StoreError> {
        let project = wanted.project_id.as_ref().map(|id| &id.0);
        let search = wanted.search.as_deref().unwrap_or_default();
        let before = wanted.before_id.unwrap_or(i64::MAX);
        let limit = i64::from(limit);
        let rows = sqlx::query!(
            "SELECT id, at, hook, source, point, project_id, session_id, operation_id, call_id,
                    tool, outcome, reason, output, duration_ms, exit_code
             FROM hook_runs
             WHERE (?1 IS NULL OR project_id = ?1) AND id < ?2
               AND (?3 = '' OR instr(lower(hook), lower(?3)) > 0
                    OR instr(lower(reason), lower(?3)) > 0)
               AND (NOT ?4 OR outcome IN ('failed', 'timed_out', 'garbage'))
             ORDER BY id DESC LIMIT ?5",
            project,
            before,
            search,
            wanted.failed,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(HookRun {
                    id: row.id,
                    at: row.at,
                    hook: row.hook,
                    source: from_word("hook source", row.source)?,
                    point: from_word("hook point", row.point)?,
                    project_id: row.project_id.map(ProjectId),
                    session_id: row.session_id.map(SessionId),
                    operation_id: row.operation_id.map(OperationId),
                    call_id: row.call_id.map(CallId),
                    tool: row.tool,
                    outcome: from_word("hook outcome", row.outcome)?,
                    reason: row.reason,
                    output: row.output,
                    duration_ms: unsigned(row.duration_ms),
                    exit_code: row.exit_code.and_then(|code| i32::try_from(code).ok()),
                })
            })
            .collect()
    }
}
