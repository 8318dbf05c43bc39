//! Requests that left this machine.

use mira_protocol::egress::{EgressEntry, EgressTotal, ListEgress};
use mira_protocol::{OperationId, SessionId, UtcMs};

use crate::encoding::{signed, unsigned};
use crate::{Store, StoreError};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EgressEnd {
    pub id: u64,
    pub received_bytes: u64,
    /// Where it was not known when it left.
    pub sent_bytes: Option<u64>,
    pub status: Option<u16>,
    pub ended_at: UtcMs,
}

impl Store {
    /// The number that the next entry gets.
    pub async fn next_egress_id(&self) -> Result<u64, StoreError> {
        let last = sqlx::query_scalar!("SELECT coalesce(max(id), 0) FROM egress_log")
            .fetch_one(self.reader())
            .await?;
        Ok(unsigned(last) + 1)
    }

    /// Writes down what left and what ended, in one transaction.
    pub async fn log_egress(
        &self,
        left: &[EgressEntry],
        ended: &[EgressEnd],
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let mut tx = sqlx::Connection::begin(&mut *writer).await?;
        for entry in left {
            let (id, port) = (signed(entry.id), i64::from(entry.port));
            let (session, operation) = (
                entry.session_id.as_ref().map(|id| id.0.as_str()),
                entry.operation_id.as_ref().map(|id| id.0.as_str()),
            );
            let (sent, received) = (
                entry.sent_bytes.map(signed),
                entry.received_bytes.map(signed),
            );
            sqlx::query!(
                "INSERT INTO egress_log (id, at, host, port, method, path, purpose, local, held,
                                         session_id, operation_id, sent_bytes, received_bytes, ended_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                id,
                entry.at,
                entry.host,
                port,
                entry.method,
                entry.path,
                entry.purpose,
                entry.local,
                entry.held,
                session,
                operation,
                sent,
                received,
                entry.ended_at,
            )
            .execute(&mut *tx)
            .await?;
        }
        for end in ended {
            let (id, received, status, sent) = (
                signed(end.id),
                signed(end.received_bytes),
                end.status.map(i64::from),
                end.sent_bytes.map(signed),
            );
            sqlx::query!(
                "UPDATE egress_log SET received_bytes = ?2, status = ?3, ended_at = ?4,
                                       sent_bytes = coalesce(?5, sent_bytes) WHERE id = ?1",
                id,
                received,
                status,
                end.ended_at,
                sent,
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Entries that fit, newest first, at most `limit`.
    pub async fn egress(
        &self,
        wanted: &ListEgress,
        limit: u32,
    ) -> Result<Vec<EgressEntry>, StoreError> {
        let (part, operation) = filters(wanted);
        let before = wanted.before_id.map_or(i64::MAX, signed);
        let rows = sqlx::query!(
            r#"SELECT id, at, host, port, method, path, purpose, local AS "local: bool",
                      held AS "held: bool", session_id, operation_id, sent_bytes, received_bytes,
                      status, ended_at
               FROM egress_log
               WHERE id < ?1 AND at >= coalesce(?2, 0) AND (?3 OR NOT local)
                 AND (?4 IS NULL OR operation_id = ?4)
                 AND (?5 IS NULL OR instr(lower(host || ' ' || path || ' ' || purpose), ?5) > 0)
               ORDER BY id DESC LIMIT ?6"#,
            before,
            wanted.since,
            wanted.local,
            operation,
            part,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        let entries = rows.into_iter().map(|row| EgressEntry {
            id: unsigned(row.id),
            at: row.at,
            host: row.host,
            port: row.port as u16,
            method: row.method,
            path: row.path,
            purpose: row.purpose,
            local: row.local,
            held: row.held,
            session_id: row.session_id.map(SessionId),
            operation_id: row.operation_id.map(OperationId),
            sent_bytes: row.sent_bytes.map(unsigned),
            received_bytes: row.received_bytes.map(unsigned),
            status: row.status.map(|status| status as u16),
            ended_at: row.ended_at,
        });
        Ok(entries.collect())
    }

    /// Sums by host and purpose over all that fits, most bytes first.
    pub async fn egress_totals(&self, wanted: &ListEgress) -> Result<Vec<EgressTotal>, StoreError> {
        let (part, operation) = filters(wanted);
        let rows = sqlx::query!(
            r#"SELECT host AS "host!", purpose AS "purpose!", count(*) AS "requests!: i64", sum(held) AS "held!: i64",
                      coalesce(sum(sent_bytes), 0) AS "sent!: i64",
                      coalesce(sum(received_bytes), 0) AS "received!: i64", max(at) AS "last!: i64"
               FROM egress_log
               WHERE at >= coalesce(?1, 0) AND (?2 OR NOT local)
                 AND (?3 IS NULL OR operation_id = ?3)
                 AND (?4 IS NULL OR instr(lower(host || ' ' || path || ' ' || purpose), ?4) > 0)
               GROUP BY host, purpose
               ORDER BY 5 DESC, 1, 2"#,
            wanted.since,
            wanted.local,
            operation,
            part,
        )
        .fetch_all(self.reader())
        .await?;
        let totals = rows.into_iter().map(|row| EgressTotal {
            host: row.host,
            purpose: row.purpose,
            requests: unsigned(row.requests),
            held: unsigned(row.held),
            sent_bytes: unsigned(row.sent),
            received_bytes: unsigned(row.received),
            last_at: row.last,
        });
        Ok(totals.collect())
    }
}

fn filters(wanted: &ListEgress) -> (Option<String>, Option<&str>) {
    let part = wanted.search.as_ref().map(|part| part.to_lowercase());
    let operation = wanted.operation_id.as_ref().map(|id| id.0.as_str());
    (part.filter(|part| !part.is_empty()), operation)
}
