//! The life of a request for more rights, and the record of what became of each.

use mira_protocol::sudo::{ListSudoRequests, ReadSudoAudit, SudoAudit, SudoRequest, SudoStatus};
use mira_protocol::{ApprovalId, OperationId, SessionId, UtcMs};

use crate::encoding::{from_json, from_word, json, signed, unsigned, word};
use crate::{Store, StoreError};

impl Store {
    pub async fn add_sudo_request(&self, request: &SudoRequest) -> Result<(), StoreError> {
        let argv = json("argv", &request.argv)?;
        let status = word("sudo status", &request.status)?;
        sqlx::query!(
            "INSERT INTO sudo_approval_requests
               (id, session_id, operation_id, command, argv, as_user, working_dir, reason, status,
                binding, permission_id, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            request.id.0,
            request.session_id.0,
            request.operation_id.0,
            request.command,
            argv,
            request.user,
            request.working_dir,
            request.reason,
            status,
            request.binding,
            request.permission_id,
            request.created_at,
            request.expires_at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Newest first, at most `limit`.
    pub async fn sudo_requests(
        &self,
        list: &ListSudoRequests,
        limit: u32,
    ) -> Result<Vec<SudoRequest>, StoreError> {
        let status = match &list.status {
            Some(status) => Some(word("sudo status", status)?),
            None => None,
        };
        let rows = sqlx::query!(
            "SELECT id, session_id, operation_id, command, argv, as_user, working_dir, reason,
                    status, binding, permission_id, created_at, expires_at, responded_at,
                    executed_at, exit_code
             FROM sudo_approval_requests
             WHERE (?1 IS NULL OR status = ?1)
               AND (?2 IS NULL OR instr(lower(command || ' ' || working_dir || ' ' || reason), lower(?2)) > 0)
             ORDER BY created_at DESC, rowid DESC LIMIT ?3",
            status,
            list.search,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(SudoRequest {
                    id: ApprovalId(row.id),
                    session_id: SessionId(row.session_id),
                    operation_id: OperationId(row.operation_id),
                    command: row.command,
                    argv: from_json("argv", &row.argv)?,
                    user: row.as_user,
                    working_dir: row.working_dir,
                    reason: row.reason,
                    status: from_word("sudo status", row.status)?,
                    binding: row.binding,
                    created_at: row.created_at,
                    expires_at: row.expires_at,
                    responded_at: row.responded_at,
                    executed_at: row.executed_at,
                    exit_code: row.exit_code.and_then(|code| i32::try_from(code).ok()),
                    permission_id: row.permission_id,
                })
            })
            .collect()
    }

    /// The answer to one that still waits. False: it waits no more.
    pub async fn answer_sudo_request(
        &self,
        id: &ApprovalId,
        status: SudoStatus,
        at: UtcMs,
    ) -> Result<bool, StoreError> {
        let status = word("sudo status", &status)?;
        let changed = sqlx::query!(
            "UPDATE sudo_approval_requests SET status = ?2, responded_at = ?3
             WHERE id = ?1 AND status = 'pending'",
            id.0,
            status,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        Ok(changed == 1)
    }

    /// Takes an approval, for exactly these words and this binding, before it expires. True once.
    pub async fn take_sudo_request(
        &self,
        id: &ApprovalId,
        argv: &[String],
        binding: &str,
        at: UtcMs,
    ) -> Result<bool, StoreError> {
        let argv = json("argv", &argv)?;
        let changed = sqlx::query!(
            "UPDATE sudo_approval_requests SET status = 'running', executed_at = ?4
             WHERE id = ?1 AND status = 'approved' AND argv = ?2 AND binding = ?3
               AND expires_at > ?4",
            id.0,
            argv,
            binding,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        Ok(changed == 1)
    }

    /// How one that was approved ended.
    pub async fn end_sudo_request(
        &self,
        id: &ApprovalId,
        status: SudoStatus,
        exit_code: Option<i32>,
    ) -> Result<(), StoreError> {
        let status = word("sudo status", &status)?;
        sqlx::query!(
            "UPDATE sudo_approval_requests SET status = ?2, exit_code = ?3
             WHERE id = ?1 AND status IN ('approved', 'running')",
            id.0,
            status,
            exit_code,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// After a crash: nobody waits for an answer, and nothing runs.
    pub async fn close_sudo_requests(&self, at: UtcMs) -> Result<u64, StoreError> {
        let closed = sqlx::query!(
            "UPDATE sudo_approval_requests
             SET status = CASE status WHEN 'running' THEN 'executed' ELSE 'cancelled' END,
                 responded_at = coalesce(responded_at, ?1)
             WHERE status IN ('pending', 'approved', 'running')",
            at
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        Ok(closed)
    }

    /// `entry.id` does not count.
    pub async fn add_sudo_audit(&self, entry: &SudoAudit) -> Result<(), StoreError> {
        let outcome = word("sudo outcome", &entry.outcome)?;
        let request = entry.request_id.as_ref().map(ApprovalId::as_str);
        let duration = entry.duration_ms.map(signed);
        sqlx::query!(
            "INSERT INTO sudo_audit_log
               (at, outcome, command, working_dir, session_id, operation_id, request_id, rule,
                authorized_by, exit_code, duration_ms, output, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            entry.at,
            outcome,
            entry.command,
            entry.working_dir,
            entry.session_id.0,
            entry.operation_id.0,
            request,
            entry.rule,
            entry.authorized_by,
            entry.exit_code,
            duration,
            entry.output,
            entry.detail,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Newest first, at most `limit`.
    pub async fn sudo_audit(
        &self,
        read: &ReadSudoAudit,
        limit: u32,
    ) -> Result<Vec<SudoAudit>, StoreError> {
        let outcome = match &read.outcome {
            Some(outcome) => Some(word("sudo outcome", outcome)?),
            None => None,
        };
        let session = read.session_id.as_ref().map(SessionId::as_str);
        let rows = sqlx::query!(
            "SELECT id, at, outcome, command, working_dir, session_id, operation_id, request_id,
                    rule, authorized_by, exit_code, duration_ms, output, detail
             FROM sudo_audit_log
             WHERE (?1 IS NULL OR instr(lower(command || ' ' || working_dir || ' ' ||
                    coalesce(rule, '') || ' ' || output || ' ' || detail), lower(?1)) > 0)
               AND (?2 IS NULL OR outcome = ?2)
               AND (?3 IS NULL OR session_id = ?3)
               AND (?4 IS NULL OR id < ?4)
             ORDER BY id DESC LIMIT ?5",
            read.search,
            outcome,
            session,
            read.before,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(SudoAudit {
                    id: row.id,
                    at: row.at,
                    outcome: from_word("sudo outcome", row.outcome)?,
                    command: row.command,
                    working_dir: row.working_dir,
                    session_id: SessionId(row.session_id),
                    operation_id: OperationId(row.operation_id),
                    request_id: row.request_id.map(ApprovalId),
                    rule: row.rule,
                    authorized_by: row.authorized_by,
                    exit_code: row.exit_code.and_then(|code| i32::try_from(code).ok()),
                    duration_ms: row.duration_ms.map(unsigned),
                    output: row.output,
                    detail: row.detail,
                })
            })
            .collect()
    }
}
