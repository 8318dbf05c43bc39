//! Forks: a session that begins as a copy of another.

use std::collections::{BTreeMap, BTreeSet};

use mira_protocol::operation::{OperationState, Usage};
use mira_protocol::{
    CallId, Code, EventKind, Failure, OperationId, ProjectId, SessionId, StoredEvent, UtcMs,
};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnection, SqliteTransaction};

use crate::events::{Encoded, EventRow, append_in, encode};
use crate::{Store, StoreError, sessions};

/// What stands in the copy for everything after the cut.
const CUT: &str = "This copy of the conversation was cut here.";

impl Store {
    /// Copies the events of `source` up to and including `up_to_seq` (None: all) into the new
    /// session `fork`, with the same numbers and operation ids, and ends with a `forked` event.
    ///
    /// Where the cut goes through an operation, the copy closes it: open calls get a result and
    /// the operation an end, so that the copy reads like any finished conversation. Costs stay
    /// with the source.
    pub async fn fork_session(
        &self,
        source: &SessionId,
        fork: &SessionId,
        up_to_seq: Option<u64>,
        name: Option<&str>,
        at: UtcMs,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let cut = copy_session(&mut tx, source, fork, up_to_seq, name, at).await?;
        copy_events(&mut tx, source, fork, cut).await?;
        let open = open_ends(&mut tx, fork).await?;
        for (operation, calls) in open {
            close_copy(&mut tx, fork, &operation, calls, at).await?;
        }
        let forked = [EventKind::Forked {
            from_session_id: source.clone(),
            up_to_seq: cut.cast_unsigned(),
        }];
        let stored = append_in(&mut tx, fork, None, at, &forked, &encode(&forked)?).await?;
        tx.commit().await?;
        drop(writer);
        self.index_in_background();
        Ok(stored)
    }
}

/// Makes the fork's row and returns the number of the last event to copy.
async fn copy_session(
    connection: &mut SqliteConnection,
    source: &SessionId,
    fork: &SessionId,
    up_to_seq: Option<u64>,
    name: Option<&str>,
    at: UtcMs,
) -> Result<i64, StoreError> {
    let row = sqlx::query!(
        "SELECT project_id, name, session_type, last_seq FROM chat_sessions WHERE id = ?1",
        source.0
    )
    .fetch_optional(&mut *connection)
    .await?
    .ok_or_else(|| sessions::missing(source))?;
    let wanted = up_to_seq.map_or(row.last_seq, crate::encoding::signed);
    let cut = wanted.min(row.last_seq);
    let project_id = row.project_id.map(ProjectId);
    let project_id = project_id.as_ref().map(ProjectId::as_str);
    let by_person = name.is_some();
    let name = name.map_or(row.name, str::to_owned);
    sqlx::query!(
        "INSERT INTO chat_sessions
           (id, project_id, name, name_by_person, session_type, created_at, last_active_at, last_seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        fork.0,
        project_id,
        name,
        by_person,
        row.session_type,
        at,
        cut,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO session_forks (forked_session_id, source_session_id, up_to_seq, created_at)
         VALUES (?1, ?2, ?3, ?4)",
        fork.0,
        source.0,
        cut,
        at,
    )
    .execute(connection)
    .await?;
    Ok(cut)
}

async fn copy_events(
    connection: &mut SqliteConnection,
    source: &SessionId,
    fork: &SessionId,
    cut: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO operation_events (session_id, seq, operation_id, at, event_type, data)
         SELECT ?2, seq, operation_id, at, event_type, data FROM operation_events
         WHERE session_id = ?1 AND seq <= ?3 ORDER BY seq",
        source.0,
        fork.0,
        cut,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO memory_entries (event_id, session_id, message_id, role, content, at)
         SELECT copy.id, ?2, m.message_id, m.role, m.content, m.at
         FROM memory_entries m
         JOIN operation_events original ON original.id = m.event_id
         JOIN operation_events copy ON copy.session_id = ?2 AND copy.seq = original.seq
         WHERE m.session_id = ?1",
        source.0,
        fork.0,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE chat_sessions SET
           message_count = (SELECT count(*) FROM memory_entries WHERE session_id = ?2),
           last_message_preview = (SELECT last_message_preview FROM chat_sessions WHERE id = ?1)
         WHERE id = ?2",
        source.0,
        fork.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Operations of the copy without an end, each with its calls that have no result.
async fn open_ends(
    connection: &mut SqliteConnection,
    fork: &SessionId,
) -> Result<Vec<(OperationId, Vec<(CallId, String)>)>, StoreError> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT session_id, seq, operation_id, at, event_type, data FROM operation_events
         WHERE session_id = ?1 AND operation_id IS NOT NULL
           AND event_type IN ('tool_call', 'tool_result')
         ORDER BY seq",
        fork.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut calls: BTreeMap<String, Vec<(CallId, String)>> = BTreeMap::new();
    for event in rows.into_iter().map(StoredEvent::from) {
        let Some(operation) = event.operation_id else {
            continue;
        };
        let open = calls.entry(operation.0).or_default();
        match event.kind {
            EventKind::ToolCall { call_id, tool, .. } => open.push((call_id, tool)),
            EventKind::ToolResult { call_id, .. } => open.retain(|(id, _)| *id != call_id),
            _ => {}
        }
    }
    let begun = sqlx::query!(
        r#"SELECT operation_id AS "operation_id!", min(seq) AS "first!: i64",
             max(event_type = 'operation_finished') AS "ended!: bool"
           FROM operation_events WHERE session_id = ?1 AND operation_id IS NOT NULL
           GROUP BY operation_id ORDER BY min(seq)"#,
        fork.0
    )
    .fetch_all(connection)
    .await?;
    let mut seen = BTreeSet::new();
    Ok(begun
        .into_iter()
        .filter(|row| !row.ended && seen.insert(row.operation_id.clone()))
        .map(|row| {
            let open = calls.remove(&row.operation_id).unwrap_or_default();
            (OperationId(row.operation_id), open)
        })
        .collect())
}

/// Events only: the operation's own row belongs to the source and goes on.
async fn close_copy(
    tx: &mut SqliteTransaction<'_>,
    fork: &SessionId,
    operation: &OperationId,
    calls: Vec<(CallId, String)>,
    at: UtcMs,
) -> Result<(), StoreError> {
    let mut kinds: Vec<_> = calls
        .into_iter()
        .map(|(call_id, tool)| EventKind::ToolResult {
            call_id,
            tool,
            success: false,
            output: format!("No result. {CUT}"),
            coloured: None,
            summary: "no result in this copy".into(),
            duration_ms: 0,
            truncated: false,
            changes: Vec::new(),
        })
        .collect();
    kinds.push(EventKind::OperationFinished {
        state: OperationState::Cancelled,
        failure: Some(Failure::new(Code::Cancelled, CUT)),
        content: String::new(),
        usage: Usage::default(),
        cost_micro_usd: 0,
        duration_ms: 0,
        changes: Vec::new(),
    });
    insert_plain(tx, fork, operation, at, &encode(&kinds)?).await
}

/// Inserts events without what follows from them elsewhere.
async fn insert_plain(
    tx: &mut SqliteTransaction<'_>,
    session: &SessionId,
    operation: &OperationId,
    at: UtcMs,
    encoded: &[Encoded],
) -> Result<(), StoreError> {
    for Encoded { event_type, data } in encoded {
        let data = data.get();
        sqlx::query!(
            "INSERT INTO operation_events (session_id, seq, operation_id, at, event_type, data)
             SELECT ?1, last_seq + 1, ?2, ?3, ?4, ?5 FROM chat_sessions WHERE id = ?1",
            session.0,
            operation.0,
            at,
            event_type,
            data,
        )
        .execute(&mut **tx)
        .await?;
        sqlx::query!(
            "UPDATE chat_sessions SET last_seq = last_seq + 1 WHERE id = ?1",
            session.0
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
