//! Approvals.

use mira_protocol::approval::{Approval, DecidedBy, Decision};
use mira_protocol::{ApprovalId, OperationId, UtcMs};
use sqlx::sqlite::SqliteConnection;

use crate::encoding::{from_json, from_word, json, word};
use crate::{Store, StoreError};

/// How an approval ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidedApproval {
    pub decision: Decision,
    pub by: DecidedBy,
    pub at: UtcMs,
}

impl Store {
    /// What was asked, and how it was decided if it was.
    pub async fn approval(
        &self,
        id: &ApprovalId,
    ) -> Result<(Approval, Option<DecidedApproval>), StoreError> {
        let row = sqlx::query!(
            "SELECT approval, decision, decided_by, decided_at FROM approvals WHERE id = ?1",
            id.0
        )
        .fetch_optional(self.reader())
        .await?
        .ok_or_else(|| StoreError::NotFound {
            what: "approval",
            id: id.0.clone(),
        })?;
        let decided = match (row.decision, row.decided_by, row.decided_at) {
            (Some(decision), Some(by), Some(at)) => Some(DecidedApproval {
                decision: from_word("decision", decision)?,
                by: from_word("decided by", by)?,
                at,
            }),
            _ => None,
        };
        Ok((from_json("approval", &row.approval)?, decided))
    }
}

pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    approval: &Approval,
) -> Result<(), StoreError> {
    let text = json("approval", approval)?;
    sqlx::query!(
        "INSERT INTO approvals (id, session_id, operation_id, approval, requested_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        approval.id.0,
        approval.session_id.0,
        approval.operation_id.0,
        text,
        approval.requested_at,
        approval.expires_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The first decision counts.
pub(crate) async fn decide(
    connection: &mut SqliteConnection,
    id: &ApprovalId,
    decision: Decision,
    by: DecidedBy,
    at: UtcMs,
) -> Result<(), StoreError> {
    let decision = word("decision", &decision)?;
    let by = word("decided by", &by)?;
    sqlx::query!(
        "UPDATE approvals SET decision = ?2, decided_by = ?3, decided_at = ?4
         WHERE id = ?1 AND decided_at IS NULL",
        id.0,
        decision,
        by,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Denies what still waits when an operation ends: nobody is left to hear an answer.
pub(crate) async fn close_all(
    connection: &mut SqliteConnection,
    operation: &OperationId,
    at: UtcMs,
) -> Result<(), StoreError> {
    let decision = word("decision", &Decision::Deny)?;
    let by = word("decided by", &DecidedBy::Operation)?;
    sqlx::query!(
        "UPDATE approvals SET decision = ?2, decided_by = ?3, decided_at = ?4
         WHERE operation_id = ?1 AND decided_at IS NULL",
        operation.0,
        decision,
        by,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
