//! The log of a session, and what follows from each event in the other tables.

use mira_protocol::operation::OperationState;
use mira_protocol::{EventKind, OperationId, SessionId, StoredEvent, UtcMs};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnection, SqliteTransaction};

use crate::encoding::{from_json, json, signed, unsigned, word};
use crate::{NewOperation, Store, StoreError};

/// Characters of a message that a list of sessions shows.
const PREVIEW_CHARS: usize = 160;

impl Store {
    /// Numbers and stores steps of a session in one transaction, together with everything that
    /// follows from them: the session's activity, its messages, the operation's row, approvals.
    ///
    /// Fails with [`StoreError::Conflict`], storing nothing, on a second terminal event of an
    /// operation or a change of state after it; with [`StoreError::NotFound`] without session.
    pub async fn append(
        &self,
        session: &SessionId,
        operation: Option<&OperationId>,
        at: UtcMs,
        kinds: &[EventKind],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let encoded = encode(kinds)?;
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let stored = append_in(&mut tx, session, operation, at, kinds, &encoded).await?;
        tx.commit().await?;
        drop(writer);
        if kinds
            .iter()
            .any(|kind| matches!(kind, EventKind::OperationFinished { .. }))
        {
            self.index_in_background();
        }
        Ok(stored)
    }

    /// Makes an operation's row and stores its first events in one transaction.
    pub async fn begin_operation(
        &self,
        operation: &NewOperation,
        kinds: &[EventKind],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let encoded = encode(kinds)?;
        let NewOperation {
            id,
            session_id,
            created_at,
            ..
        } = operation;
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        crate::operations::insert(&mut tx, operation).await?;
        let stored = append_in(&mut tx, session_id, Some(id), *created_at, kinds, &encoded).await?;
        tx.commit().await?;
        Ok(stored)
    }

    /// Events with `seq` over `since_seq`, in order, at most `limit`.
    pub async fn events_since(
        &self,
        session: &SessionId,
        since_seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let since = signed(since_seq);
        let limit = i64::from(limit);
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT session_id, seq, operation_id, at, event_type, data FROM operation_events
             WHERE session_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            session.0,
            since,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }

    /// The last events before number `before` (0: the end), in order, and whether there are
    /// earlier ones. About `limit` of them: none of the operations in it is cut through.
    pub async fn events_before(
        &self,
        session: &SessionId,
        before: u64,
        limit: u32,
    ) -> Result<(Vec<StoredEvent>, bool), StoreError> {
        let before = match before {
            0 => i64::MAX,
            before => signed(before),
        };
        let last = sqlx::query_scalar!(
            r#"SELECT coalesce(max(seq), 0) AS "last!: i64" FROM operation_events
               WHERE session_id = ?1 AND seq < ?2"#,
            session.0,
            before,
        )
        .fetch_one(self.reader())
        .await?;
        let mut from = (last - i64::from(limit) + 1).max(1);
        loop {
            // A message may have been queued within an operation that began earlier still.
            let first = sqlx::query_scalar!(
                r#"SELECT coalesce(min(e.seq), ?2) AS "first!: i64" FROM operation_events e
                   WHERE e.session_id = ?1 AND e.operation_id IN
                     (SELECT DISTINCT i.operation_id FROM operation_events i
                      WHERE i.session_id = ?1 AND i.seq >= ?2 AND i.seq <= ?3
                        AND i.operation_id IS NOT NULL)"#,
                session.0,
                from,
                last,
            )
            .fetch_one(self.reader())
            .await?;
            if first >= from {
                break;
            }
            from = first;
        }
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT session_id, seq, operation_id, at, event_type, data FROM operation_events
             WHERE session_id = ?1 AND seq >= ?2 AND seq <= ?3 ORDER BY seq",
            session.0,
            from,
            last,
        )
        .fetch_all(self.reader())
        .await?;
        Ok((rows.into_iter().map(StoredEvent::from).collect(), from > 1))
    }

    /// All events of an operation, in order, from the session it ran in.
    pub async fn events_of_operation(
        &self,
        operation: &OperationId,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT e.session_id, e.seq, e.operation_id, e.at, e.event_type, e.data
             FROM operations o
             JOIN operation_events e ON e.operation_id = o.id AND e.session_id = o.session_id
             WHERE o.id = ?1 ORDER BY e.seq",
            operation.0,
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }
}

/// An event as its two columns.
pub(crate) struct Encoded {
    pub event_type: String,
    pub data: Box<RawValue>,
}

pub(crate) fn encode(kinds: &[EventKind]) -> Result<Vec<Encoded>, StoreError> {
    #[derive(Deserialize)]
    struct Parts {
        event_type: String,
        data: Box<RawValue>,
    }
    kinds
        .iter()
        .map(|kind| {
            let Parts { event_type, data } = from_json("event", &json("event", kind)?)?;
            Ok(Encoded { event_type, data })
        })
        .collect()
}

pub(crate) struct EventRow {
    pub session_id: String,
    pub seq: i64,
    pub operation_id: Option<String>,
    pub at: i64,
    pub event_type: String,
    pub data: String,
}

impl From<EventRow> for StoredEvent {
    fn from(row: EventRow) -> Self {
        Self {
            kind: decode(&row.event_type, &row.data),
            session_id: SessionId(row.session_id),
            seq: unsigned(row.seq),
            operation_id: row.operation_id.map(OperationId),
            at: row.at,
        }
    }
}

/// What cannot be read (a newer version's event, a damaged row) becomes a notice in its place,
/// so that numbers keep their meaning and everything around it can be read.
fn decode(event_type: &str, data: &str) -> EventKind {
    let text = format!("{{\"event_type\":\"{event_type}\",\"data\":{data}}}");
    serde_json::from_str(&text).unwrap_or_else(|_| EventKind::Notice {
        level: mira_protocol::event::NoticeLevel::Warning,
        code: "unknown_event".into(),
        text: format!("A step of kind {event_type:?} that this version cannot show."),
        until: None,
    })
}

/// Numbers and inserts; the caller commits.
pub(crate) async fn append_in(
    tx: &mut SqliteTransaction<'_>,
    session: &SessionId,
    operation: Option<&OperationId>,
    at: UtcMs,
    kinds: &[EventKind],
    encoded: &[Encoded],
) -> Result<Vec<StoredEvent>, StoreError> {
    let last = touch_session(tx, session, at, kinds).await?;
    let mut seq = last - signed(kinds.len() as u64);
    let mut stored = Vec::with_capacity(kinds.len());
    for (kind, encoded) in kinds.iter().zip(encoded) {
        seq += 1;
        let operation_id = operation.map(OperationId::as_str);
        let data = encoded.data.get();
        let event_id = sqlx::query!(
            "INSERT INTO operation_events (session_id, seq, operation_id, at, event_type, data)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            session.0,
            seq,
            operation_id,
            at,
            encoded.event_type,
            data,
        )
        .execute(&mut **tx)
        .await?
        .last_insert_rowid();
        follow(tx, session, operation, at, event_id, kind).await?;
        stored.push(StoredEvent {
            session_id: session.clone(),
            seq: unsigned(seq),
            operation_id: operation.cloned(),
            at,
            kind: kind.clone(),
        });
    }
    Ok(stored)
}

/// Reserves numbers for `kinds` and notes the activity; returns the last number reserved.
async fn touch_session(
    connection: &mut SqliteConnection,
    session: &SessionId,
    at: UtcMs,
    kinds: &[EventKind],
) -> Result<i64, StoreError> {
    let count = signed(kinds.len() as u64);
    let messages = signed(kinds.iter().filter_map(message).count() as u64);
    let preview = kinds
        .iter()
        .filter_map(message)
        .next_back()
        .map(|message| preview(message.content));
    let row = sqlx::query!(
        r#"UPDATE chat_sessions SET
             last_seq = last_seq + ?2,
             last_active_at = max(last_active_at, ?3),
             message_count = message_count + ?4,
             last_message_preview = coalesce(?5, last_message_preview)
           WHERE id = ?1 RETURNING last_seq AS "last_seq!""#,
        session.0,
        count,
        at,
        messages,
        preview,
    )
    .fetch_optional(connection)
    .await?;
    match row {
        Some(row) => Ok(row.last_seq),
        None => Err(StoreError::NotFound {
            what: "session",
            id: session.0.clone(),
        }),
    }
}

struct Message<'a> {
    id: &'a str,
    role: &'static str,
    content: &'a str,
}

fn message(kind: &EventKind) -> Option<Message<'_>> {
    match kind {
        EventKind::UserMessage {
            message_id,
            content,
            ..
        } => Some(Message {
            id: message_id.as_str(),
            role: "user",
            content,
        }),
        EventKind::AssistantMessage {
            message_id,
            content,
            ..
        } => Some(Message {
            id: message_id.as_str(),
            role: "assistant",
            content,
        }),
        _ => None,
    }
}

/// One line of a message, cut at [`PREVIEW_CHARS`].
fn preview(content: &str) -> String {
    let mut line = String::new();
    for part in content.split_whitespace() {
        if line.chars().count() >= PREVIEW_CHARS {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
    }
    match line.char_indices().nth(PREVIEW_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Writes what follows from an event.
async fn follow(
    connection: &mut SqliteConnection,
    session: &SessionId,
    operation: Option<&OperationId>,
    at: UtcMs,
    event_id: i64,
    kind: &EventKind,
) -> Result<(), StoreError> {
    if let Some(Message { id, role, content }) = message(kind) {
        sqlx::query!(
            "INSERT INTO memory_entries (event_id, session_id, message_id, role, content, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            event_id,
            session.0,
            id,
            role,
            content,
            at,
        )
        .execute(&mut *connection)
        .await?;
        if let (EventKind::AssistantMessage { .. }, Some(operation)) = (kind, operation) {
            crate::drafts::clear(connection, id, operation).await?;
        }
        return Ok(());
    }
    match (kind, operation) {
        (
            EventKind::MessageEdited {
                message_id,
                content,
                ..
            },
            Some(operation),
        ) => {
            crate::search::reword(connection, session, message_id, content).await?;
            sqlx::query!(
                "UPDATE operations SET user_message = ?2 WHERE id = ?1",
                operation.0,
                content,
            )
            .execute(connection)
            .await?;
        }
        (EventKind::Renamed { name, by_person }, _) => {
            sqlx::query!(
                "UPDATE chat_sessions SET name = ?2, name_by_person = ?3
                 WHERE id = ?1 AND (?3 OR NOT name_by_person)",
                session.0,
                name,
                by_person,
            )
            .execute(connection)
            .await?;
        }
        (EventKind::Rewound { hidden, shown, .. }, _) => {
            for (ranges, rewound) in [(shown, false), (hidden, true)] {
                for range in ranges {
                    set_rewound(connection, session, *range, rewound).await?;
                }
            }
        }
        (EventKind::ApprovalRequested { approval }, _) => {
            crate::approvals::insert(connection, approval).await?;
        }
        (
            EventKind::ApprovalDecided {
                approval_id,
                decision,
                by,
            },
            _,
        ) => {
            crate::approvals::decide(connection, approval_id, *decision, *by, at).await?;
        }
        (EventKind::OperationState { state, kind, .. }, Some(operation)) => {
            let state_word = word("operation state", state)?;
            let kind = kind.map(|kind| word("operation kind", &kind)).transpose()?;
            let started_at = (*state == OperationState::Started).then_some(at);
            let changed = sqlx::query!(
                "UPDATE operations SET state = ?2, kind = coalesce(?3, kind),
                   started_at = coalesce(started_at, ?4)
                 WHERE id = ?1 AND finished_at IS NULL",
                operation.0,
                state_word,
                kind,
                started_at,
            )
            .execute(connection)
            .await?
            .rows_affected();
            if changed == 0 {
                return Err(ended(operation));
            }
        }
        (
            EventKind::Routed {
                tier,
                model,
                provider,
                ..
            },
            Some(operation),
        ) => {
            let tier = word("tier", tier)?;
            sqlx::query!(
                "UPDATE operations SET tier = ?2, model = ?3, provider = ?4 WHERE id = ?1",
                operation.0,
                tier,
                model,
                provider,
            )
            .execute(connection)
            .await?;
        }
        (
            EventKind::ModelCallFinished {
                usage,
                cost_micro_usd,
                ..
            },
            Some(operation),
        ) => {
            crate::operations::add_usage(connection, operation, usage, cost_micro_usd.unwrap_or(0))
                .await?;
        }
        (EventKind::OperationFinished { .. }, Some(operation)) => {
            if !crate::operations::finish(connection, operation, kind, at).await? {
                return Err(ended(operation));
            }
            crate::approvals::close_all(connection, operation, at).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Operations whose message lies there are no longer part of the conversation, or are again.
async fn set_rewound(
    connection: &mut SqliteConnection,
    session: &SessionId,
    range: mira_protocol::rewind::SeqRange,
    rewound: bool,
) -> Result<(), StoreError> {
    let (first, last) = (signed(range.first), signed(range.last));
    sqlx::query!(
        "UPDATE operations SET rewound = ?4 WHERE id IN
           (SELECT operation_id FROM operation_events
            WHERE session_id = ?1 AND seq BETWEEN ?2 AND ?3 AND event_type = 'user_message'
              AND NOT json_extract(data, '$.steering'))",
        session.0,
        first,
        last,
        rewound,
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn ended(operation: &OperationId) -> StoreError {
    StoreError::Conflict(format!("operation {operation} does not run (any more)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_one_line_and_cut_between_characters() {
        assert_eq!(preview("  a\n\tb  "), "a b");
        let long = preview(&"äöü ".repeat(200));
        assert_eq!(long.chars().count(), PREVIEW_CHARS + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn events_survive_their_two_columns() {
        let kind = EventKind::ToolCall {
            call_id: "c\"1".into(),
            tool: "run".into(),
            arguments: serde_json::json!({"event_type": "x", "data": {"deep": [1, "ü\u{0}"]}}),
        };
        let encoded = encode(std::slice::from_ref(&kind)).unwrap();
        assert_eq!(encoded[0].event_type, "tool_call");
        assert_eq!(decode(&encoded[0].event_type, encoded[0].data.get()), kind);
    }

    #[test]
    fn what_cannot_be_read_becomes_a_notice() {
        for (event_type, data) in [
            ("from_the_future", "{}"),
            ("tool_call", "{}"),
            ("tool_call", "not json"),
            ("\"", ""),
        ] {
            let EventKind::Notice { code, .. } = decode(event_type, data) else {
                panic!("{event_type} was understood");
            };
            assert_eq!(code, "unknown_event");
        }
    }
}
