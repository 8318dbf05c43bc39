//! The ledger: a row for every call of a model, and what is held for calls that run.
//!
//! A call that may cost something is reserved first ([`Store::reserve`]) and settled after
//! ([`Store::settle`]); the row, the end of its reservation and the sums of its day and month are
//! one transaction. What a dead engine left reserved is found with [`Store::open_reservations`].

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mira_protocol::budget::{CallList, LedgerCall, ListCalls, Settlement};
use mira_protocol::operation::{Tier, Usage};
use mira_protocol::route::{CallDecision, RouteDecision};
use mira_protocol::{MicroUsd, OperationId, ProjectId, SessionId, UtcMs};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::encoding::{from_json, from_word, json, signed, unsigned, word};
use crate::{Store, StoreError};

/// A call of a model, whoever asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    pub session_id: Option<SessionId>,
    pub operation_id: Option<OperationId>,
    pub project_id: Option<ProjectId>,
    /// The number of the call within its operation, from 1.
    pub call: Option<u32>,
    /// When the call ended.
    pub at: UtcMs,
    /// The local day that it counts for, as YYYY-MM-DD ([`local_day`]).
    pub day: String,
    /// "chat", "title", "summary", "test", …
    pub purpose: String,
    pub provider: String,
    pub model: String,
    pub tier: Option<Tier>,
    pub usage: Usage,
    /// None for a model without known prices.
    pub cost_micro_usd: Option<MicroUsd>,
    pub reserved_micro_usd: Option<MicroUsd>,
    pub price_version: String,
    pub settlement: Settlement,
    pub cache_hit: bool,
    pub saved_micro_usd: MicroUsd,
    pub prefix_saved_micro_usd: MicroUsd,
    pub expected_cached_tokens: Option<u64>,
    pub prefix_break: Option<String>,
    pub duration_ms: u64,
    /// "stop", "tool_calls", "length", "error", "cancelled", "broken", "unsettled".
    pub outcome: String,
    pub route: Option<RouteDecision>,
}

impl LedgerRow {
    /// A settled call that nothing more is known of.
    pub fn new(at: UtcMs, purpose: &str, provider: &str, model: &str) -> Self {
        Self {
            session_id: None,
            operation_id: None,
            project_id: None,
            call: None,
            at,
            day: local_day(at),
            purpose: purpose.to_owned(),
            provider: provider.to_owned(),
            model: model.to_owned(),
            tier: None,
            usage: Usage::default(),
            cost_micro_usd: Some(0),
            reserved_micro_usd: None,
            price_version: String::new(),
            settlement: Settlement::Settled,
            cache_hit: false,
            saved_micro_usd: 0,
            prefix_saved_micro_usd: 0,
            expected_cached_tokens: None,
            prefix_break: None,
            duration_ms: 0,
            outcome: "stop".to_owned(),
            route: None,
        }
    }
}

/// What is held for a call that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ReservedCall {
    pub id: String,
    pub session_id: Option<SessionId>,
    pub operation_id: Option<OperationId>,
    pub project_id: Option<ProjectId>,
    pub call: Option<u32>,
    pub at: UtcMs,
    pub day: String,
    pub purpose: String,
    pub provider: String,
    pub model: String,
    pub tier: Option<Tier>,
    pub price_version: String,
    /// The worst case; None for a model without known prices.
    pub micro_usd: Option<MicroUsd>,
    /// The upper bound of the input that it was computed from.
    pub input_tokens: u64,
    pub route: Option<RouteDecision>,
}

impl Store {
    /// Holds the worst case of a call that is about to leave.
    pub async fn reserve(&self, call: &ReservedCall) -> Result<(), StoreError> {
        let session = call.session_id.as_ref().map(SessionId::as_str);
        let operation = call.operation_id.as_ref().map(OperationId::as_str);
        let project = call.project_id.as_ref().map(ProjectId::as_str);
        let number = call.call.map(i64::from);
        let tier = call.tier.map(|tier| word("tier", &tier)).transpose()?;
        let input = signed(call.input_tokens);
        let route = encode_route(call.route.as_ref())?;
        sqlx::query!(
            "INSERT INTO budget_reservations
               (id, session_id, operation_id, project_id, call_number, at, day, purpose, provider,
                model, tier, price_version, micro_usd, input_tokens, route)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            call.id,
            session,
            operation,
            project,
            number,
            call.at,
            call.day,
            call.purpose,
            call.provider,
            call.model,
            tier,
            call.price_version,
            call.micro_usd,
            input,
            route,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Writes the row of a call, ends its reservation and adds it to its day and month: all or
    /// nothing. Gives the row's id.
    pub async fn settle(
        &self,
        reservation: Option<&str>,
        row: &LedgerRow,
    ) -> Result<i64, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        if let Some(id) = reservation {
            sqlx::query!("DELETE FROM budget_reservations WHERE id = ?1", id)
                .execute(&mut *tx)
                .await?;
        }
        let id = insert(&mut tx, row).await?;
        crate::spend::add(&mut tx, row).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// What is held, oldest first: at start, what a dead engine left.
    pub async fn open_reservations(&self) -> Result<Vec<ReservedCall>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id, session_id, operation_id, project_id, call_number, at, day, purpose,
                 provider, model, tier, price_version, micro_usd, input_tokens, route
               FROM budget_reservations ORDER BY at, rowid"#
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(ReservedCall {
                    id: row.id,
                    session_id: row.session_id.map(SessionId),
                    operation_id: row.operation_id.map(OperationId),
                    project_id: row.project_id.map(ProjectId),
                    call: row.call_number.map(|number| unsigned(number) as u32),
                    at: row.at,
                    day: row.day,
                    purpose: row.purpose,
                    provider: row.provider,
                    model: row.model,
                    tier: row.tier.map(|tier| from_word("tier", tier)).transpose()?,
                    price_version: row.price_version,
                    micro_usd: row.micro_usd,
                    input_tokens: unsigned(row.input_tokens),
                    route: decode_route(row.route.as_deref()),
                })
            })
            .collect()
    }

    /// Rows of the ledger, newest first, and how many there are.
    pub async fn ledger(&self, query: &ListCalls) -> Result<CallList, StoreError> {
        let limit = i64::from(query.limit.unwrap_or(100).clamp(1, 10_000));
        let offset = i64::from(query.offset.unwrap_or(0));
        let from = query.from.unwrap_or(i64::MIN);
        let until = query.until.unwrap_or(i64::MAX);
        let project = query.project_id.as_ref().map(ProjectId::as_str);
        let session = query.session_id.as_ref().map(SessionId::as_str);
        let operation = query.operation_id.as_ref().map(OperationId::as_str);
        let rows = sqlx::query_as!(
            Columns,
            r#"SELECT id, at, day, purpose, provider, model, tier, project_id, session_id,
                 operation_id, call_number, input_tokens, cached_tokens, cache_write_tokens,
                 output_tokens, reasoning_tokens, cost_micro_usd, reserved_micro_usd,
                 price_version, settlement, cache_hit AS "cache_hit: bool", saved_micro_usd,
                 expected_cached_tokens, prefix_break, duration_ms, outcome
               FROM budget_tracking
               WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR project_id = ?3)
                 AND (?4 IS NULL OR session_id = ?4) AND (?5 IS NULL OR operation_id = ?5)
                 AND (NOT ?6 OR settlement = 'kept')
               ORDER BY id DESC LIMIT ?7 OFFSET ?8"#,
            from,
            until,
            project,
            session,
            operation,
            query.kept,
            limit,
            offset,
        )
        .fetch_all(self.reader())
        .await?;
        let total = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!: i64" FROM budget_tracking
               WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR project_id = ?3)
                 AND (?4 IS NULL OR session_id = ?4) AND (?5 IS NULL OR operation_id = ?5)
                 AND (NOT ?6 OR settlement = 'kept')"#,
            from,
            until,
            project,
            session,
            operation,
            query.kept,
        )
        .fetch_one(self.reader())
        .await?;
        Ok(CallList {
            calls: rows
                .into_iter()
                .map(LedgerCall::try_from)
                .collect::<Result<_, _>>()?,
            total: unsigned(total),
        })
    }

    /// One row.
    pub async fn ledger_call(&self, id: i64) -> Result<LedgerCall, StoreError> {
        let row = sqlx::query_as!(
            Columns,
            r#"SELECT id, at, day, purpose, provider, model, tier, project_id, session_id,
                 operation_id, call_number, input_tokens, cached_tokens, cache_write_tokens,
                 output_tokens, reasoning_tokens, cost_micro_usd, reserved_micro_usd,
                 price_version, settlement, cache_hit AS "cache_hit: bool", saved_micro_usd,
                 expected_cached_tokens, prefix_break, duration_ms, outcome
               FROM budget_tracking WHERE id = ?1"#,
            id
        )
        .fetch_optional(self.reader())
        .await?;
        match row {
            Some(row) => row.try_into(),
            None => Err(StoreError::NotFound {
                what: "call",
                id: id.to_string(),
            }),
        }
    }

    /// How the calls of an operation were routed, oldest first.
    pub async fn route_decisions(
        &self,
        operation: &OperationId,
    ) -> Result<Vec<CallDecision>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id, route AS "route!" FROM budget_tracking
               WHERE operation_id = ?1 AND route IS NOT NULL ORDER BY id"#,
            operation.0
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(CallDecision {
                    ledger_id: row.id,
                    decision: decode_route(Some(&row.route))?,
                })
            })
            .collect())
    }

    /// How one call was routed.
    pub async fn route_decision(&self, id: i64) -> Result<Option<RouteDecision>, StoreError> {
        let route = sqlx::query_scalar!("SELECT route FROM budget_tracking WHERE id = ?1", id)
            .fetch_optional(self.reader())
            .await?
            .flatten();
        Ok(decode_route(route.as_deref()))
    }

    /// Sets what kept rows really cost (None: the kept figure), and sums up anew. Rows that are
    /// not kept stay as they are. Gives how many rows changed.
    pub async fn reconcile(&self, ids: &[i64], cost: Option<MicroUsd>) -> Result<u64, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut changed = 0;
        for id in ids {
            changed += sqlx::query!(
                "UPDATE budget_tracking SET settlement = 'reconciled',
                   cost_micro_usd = coalesce(?2, cost_micro_usd)
                 WHERE id = ?1 AND settlement = 'kept'",
                id,
                cost,
            )
            .execute(&mut *tx)
            .await?
            .rows_affected();
        }
        crate::spend::sum_up(&mut tx).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

async fn insert(connection: &mut SqliteConnection, row: &LedgerRow) -> Result<i64, StoreError> {
    let session = row.session_id.as_ref().map(SessionId::as_str);
    let operation = row.operation_id.as_ref().map(OperationId::as_str);
    let project = row.project_id.as_ref().map(ProjectId::as_str);
    let number = row.call.map(i64::from);
    let tier = row.tier.map(|tier| word("tier", &tier)).transpose()?;
    let settlement = word("settlement", &row.settlement)?;
    let expected = row.expected_cached_tokens.map(signed);
    let route = encode_route(row.route.as_ref())?;
    let figures = crate::operations::figures(&row.usage);
    let duration = signed(row.duration_ms);
    let done = sqlx::query!(
        "INSERT INTO budget_tracking
           (session_id, operation_id, project_id, call_number, at, day, purpose, provider, model,
            tier, input_tokens, cached_tokens, cache_write_tokens, output_tokens,
            reasoning_tokens, cost_micro_usd, reserved_micro_usd, price_version, settlement,
            cache_hit, saved_micro_usd, prefix_saved_micro_usd, expected_cached_tokens,
            prefix_break, duration_ms, outcome, route)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
                 ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)",
        session,
        operation,
        project,
        number,
        row.at,
        row.day,
        row.purpose,
        row.provider,
        row.model,
        tier,
        figures[0],
        figures[1],
        figures[2],
        figures[3],
        figures[4],
        row.cost_micro_usd,
        row.reserved_micro_usd,
        row.price_version,
        settlement,
        row.cache_hit,
        row.saved_micro_usd,
        row.prefix_saved_micro_usd,
        expected,
        row.prefix_break,
        duration,
        row.outcome,
        route,
    )
    .execute(connection)
    .await?;
    Ok(done.last_insert_rowid())
}

struct Columns {
    id: i64,
    at: i64,
    day: String,
    purpose: String,
    provider: String,
    model: String,
    tier: Option<String>,
    project_id: Option<String>,
    session_id: Option<String>,
    operation_id: Option<String>,
    call_number: Option<i64>,
    input_tokens: i64,
    cached_tokens: i64,
    cache_write_tokens: i64,
    output_tokens: i64,
    reasoning_tokens: i64,
    cost_micro_usd: Option<i64>,
    reserved_micro_usd: Option<i64>,
    price_version: String,
    settlement: String,
    cache_hit: bool,
    saved_micro_usd: i64,
    expected_cached_tokens: Option<i64>,
    prefix_break: Option<String>,
    duration_ms: i64,
    outcome: String,
}

impl TryFrom<Columns> for LedgerCall {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            at: row.at,
            day: row.day,
            purpose: row.purpose,
            provider: row.provider,
            model: row.model,
            tier: row.tier.map(|tier| from_word("tier", tier)).transpose()?,
            project_id: row.project_id.map(ProjectId),
            session_id: row.session_id.map(SessionId),
            operation_id: row.operation_id.map(OperationId),
            call: row.call_number.map(|number| unsigned(number) as u32),
            usage: Usage {
                input_tokens: unsigned(row.input_tokens),
                cached_tokens: unsigned(row.cached_tokens),
                cache_write_tokens: unsigned(row.cache_write_tokens),
                output_tokens: unsigned(row.output_tokens),
                reasoning_tokens: unsigned(row.reasoning_tokens),
            },
            cost_micro_usd: row.cost_micro_usd,
            reserved_micro_usd: row.reserved_micro_usd,
            price_version: row.price_version,
            settlement: from_word("settlement", row.settlement)?,
            cache_hit: row.cache_hit,
            saved_micro_usd: row.saved_micro_usd,
            expected_cached_tokens: row.expected_cached_tokens.map(unsigned),
            prefix_break: row.prefix_break,
            duration_ms: unsigned(row.duration_ms),
            outcome: row.outcome,
        })
    }
}

fn encode_route(route: Option<&RouteDecision>) -> Result<Option<String>, StoreError> {
    route.map(|route| json("route", route)).transpose()
}

/// A decision that cannot be read (a newer version's) is as good as none: the money counts.
fn decode_route(text: Option<&str>) -> Option<RouteDecision> {
    from_json("route", text?).ok()
}

/// The local day that holds `at`, as YYYY-MM-DD. An impossible time is the first of all days.
pub fn local_day(at: UtcMs) -> String {
    day(at, &TimeZone::system())
}

/// [`local_day`] in any zone.
pub fn day(at: UtcMs, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(time) => time.to_zoned(zone.clone()).date().to_string(),
        Err(_) => "0001-01-01".to_owned(),
    }
}

/// The month of a day: "2026-11-26" → "2026-11".
pub fn month_of(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_those_of_the_local_clock() {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let check = |zone: &str, now: &str, expected: &str| {
            let found = day(ms(now), &TimeZone::get(zone).unwrap());
            assert_eq!(found, expected, "{now} in {zone}");
            assert_eq!(month_of(&found), &expected[..7]);
        };
        check("UTC", "2026-03-29T23:59:59Z", "2026-03-29");
        // A day of 23 hours, and one that began yesterday by UTC.
        check("Europe/Berlin", "2026-03-29T21:00:00Z", "2026-03-29");
        check("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29");
        // Already tomorrow, and next year, there.
        check("Asia/Tokyo", "2026-12-31T15:00:00Z", "2027-01-01");
        assert_eq!(day(i64::MAX, &TimeZone::UTC), "0001-01-01");
    }
}
