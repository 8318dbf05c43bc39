//! Operations: the row that sums up a run. Its events tell the rest.

use mira_protocol::operation::{
    Access, ApproveMode, Focus, Operation, OperationState, Tier, Usage,
};
use mira_protocol::{EventKind, MicroUsd, OperationId, ProjectId, SessionId, UtcMs};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;

use crate::encoding::{from_json, from_optional_json, from_word, json, signed, unsigned, word};
use crate::{Store, StoreError};

/// An operation that is about to exist; its state is PENDING.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOperation {
    pub id: OperationId,
    pub session_id: SessionId,
    pub project_id: Option<ProjectId>,
    pub user_message: String,
    pub request: OperationRequest,
    pub created_at: UtcMs,
}

/// How an operation was asked for: what a resumed one needs again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationRequest {
    pub access: Access,
    pub approve: ApproveMode,
    pub tier: Option<Tier>,
    pub model: Option<String>,
    pub max_cost_micro_usd: Option<MicroUsd>,
    pub timeout_ms: Option<u64>,
    pub focus: Option<Focus>,
    /// The operation that this one goes on with.
    pub resumes: Option<OperationId>,
}

/// An operation with what only the engine needs.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRow {
    pub operation: Operation,
    pub provider: Option<String>,
    pub request: OperationRequest,
    pub started_at: Option<UtcMs>,
}

struct Columns {
    id: String,
    session_id: String,
    project_id: Option<String>,
    state: String,
    kind: Option<String>,
    user_message: String,
    tier: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    input_tokens: i64,
    cached_tokens: i64,
    cache_write_tokens: i64,
    output_tokens: i64,
    reasoning_tokens: i64,
    cost_micro_usd: i64,
    failure: Option<String>,
    request: String,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    undone: bool,
}

impl TryFrom<Columns> for OperationRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            provider: row.provider,
            request: from_json("operation request", &row.request)?,
            started_at: row.started_at,
            operation: Operation {
                id: OperationId(row.id),
                session_id: SessionId(row.session_id),
                project_id: row.project_id.map(ProjectId),
                state: from_word("operation state", row.state)?,
                kind: row
                    .kind
                    .map(|kind| from_word("operation kind", kind))
                    .transpose()?,
                user_message: row.user_message,
                tier: row.tier.map(|tier| from_word("tier", tier)).transpose()?,
                model: row.model,
                usage: Usage {
                    input_tokens: unsigned(row.input_tokens),
                    cached_tokens: unsigned(row.cached_tokens),
                    cache_write_tokens: unsigned(row.cache_write_tokens),
                    output_tokens: unsigned(row.output_tokens),
                    reasoning_tokens: unsigned(row.reasoning_tokens),
                },
                cost_micro_usd: row.cost_micro_usd,
                failure: from_optional_json("failure", row.failure.as_deref())?,
                created_at: row.created_at,
                finished_at: row.finished_at,
                undone: row.undone,
            },
        })
    }
}

/// `query_as!` needs one literal; this one is shared and ends differently.
macro_rules! select {
    ($store:expr, $end:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Columns,
            r#"SELECT o.id, o.session_id, o.project_id, o.state, o.kind, o.user_message, o.tier,
                 o.model, o.provider, o.input_tokens, o.cached_tokens, o.cache_write_tokens,
                 o.output_tokens, o.reasoning_tokens, o.cost_micro_usd, o.failure, o.request,
                 o.created_at, o.started_at, o.finished_at,
                 (EXISTS (SELECT 1 FROM checkpoint_files f WHERE f.operation_id = o.id)
                  AND NOT EXISTS (SELECT 1 FROM checkpoint_files f
                                  WHERE f.operation_id = o.id AND NOT f.undone))
                   AS "undone!: bool"
               FROM operations o "# + $end
            $(, $arg)*
        )
        .fetch_all($store.reader())
        .await?
        .into_iter()
        .map(OperationRow::try_from)
        .collect::<Result<Vec<_>, StoreError>>()
    };
}

impl Store {
    pub async fn operation(&self, id: &OperationId) -> Result<OperationRow, StoreError> {
        select!(self, "WHERE o.id = ?1", id.0)?
            .pop()
            .ok_or_else(|| StoreError::NotFound {
                what: "operation",
                id: id.0.clone(),
            })
    }

    /// Operations that ran in a session, oldest first.
    pub async fn operations(&self, session: &SessionId) -> Result<Vec<OperationRow>, StoreError> {
        select!(
            self,
            "WHERE o.session_id = ?1 ORDER BY o.created_at, o.rowid",
            session.0
        )
    }

    /// Operations without a terminal event, oldest first: at start, those that a crash cut off.
    pub async fn open_operations(&self) -> Result<Vec<OperationRow>, StoreError> {
        select!(
            self,
            "WHERE o.finished_at IS NULL ORDER BY o.created_at, o.rowid"
        )
    }
}

pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    new: &NewOperation,
) -> Result<(), StoreError> {
    let NewOperation {
        id,
        session_id,
        project_id,
        user_message,
        request,
        created_at,
    } = new;
    let state = word("operation state", &OperationState::Pending)?;
    let tier = request.tier.map(|tier| word("tier", &tier)).transpose()?;
    let request = json("operation request", request)?;
    let project_id = project_id.as_ref().map(ProjectId::as_str);
    sqlx::query!(
        "INSERT INTO operations
           (id, session_id, project_id, state, user_message, tier, request, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        id.0,
        session_id.0,
        project_id,
        state,
        user_message,
        tier,
        request,
        created_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a model call's figures, so that a crash loses none that were reported.
pub(crate) async fn add_usage(
    connection: &mut SqliteConnection,
    operation: &OperationId,
    usage: &Usage,
    cost: MicroUsd,
) -> Result<(), StoreError> {
    let figures = figures(usage);
    sqlx::query!(
        "UPDATE operations SET input_tokens = input_tokens + ?2,
           cached_tokens = cached_tokens + ?3, cache_write_tokens = cache_write_tokens + ?4,
           output_tokens = output_tokens + ?5, reasoning_tokens = reasoning_tokens + ?6,
           cost_micro_usd = cost_micro_usd + ?7
         WHERE id = ?1",
        operation.0,
        figures[0],
        figures[1],
        figures[2],
        figures[3],
        figures[4],
        cost,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the end that `event` tells; false where the operation had ended (or never was).
pub(crate) async fn finish(
    connection: &mut SqliteConnection,
    operation: &OperationId,
    event: &EventKind,
    at: UtcMs,
) -> Result<bool, StoreError> {
    let EventKind::OperationFinished {
        state,
        failure,
        usage,
        cost_micro_usd,
        ..
    } = event
    else {
        return Ok(false);
    };
    let state = word("operation state", state)?;
    let failure = failure
        .as_ref()
        .map(|failure| json("failure", failure))
        .transpose()?;
    let figures = figures(usage);
    let changed = sqlx::query!(
        "UPDATE operations SET state = ?2, failure = ?3, finished_at = ?4, input_tokens = ?5,
           cached_tokens = ?6, cache_write_tokens = ?7, output_tokens = ?8,
           reasoning_tokens = ?9, cost_micro_usd = ?10
         WHERE id = ?1 AND finished_at IS NULL",
        operation.0,
        state,
        failure,
        at,
        figures[0],
        figures[1],
        figures[2],
        figures[3],
        figures[4],
        cost_micro_usd,
    )
    .execute(connection)
    .await?
    .rows_affected();
    Ok(changed == 1)
}

/// In the order of the columns.
pub(crate) fn figures(usage: &Usage) -> [i64; 5] {
    [
        signed(usage.input_tokens),
        signed(usage.cached_tokens),
        signed(usage.cache_write_tokens),
        signed(usage.output_tokens),
        signed(usage.reasoning_tokens),
    ]
}
