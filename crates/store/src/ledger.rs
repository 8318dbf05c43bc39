//! The ledger: a row for every call of a model, and what they add up to.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mira_protocol::operation::Usage;
use mira_protocol::system::ModelSpend;
use mira_protocol::{MicroUsd, OperationId, SessionId, UtcMs};

use crate::encoding::{signed, unsigned};
use crate::{Store, StoreError};

/// A call of a model, whoever asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    pub session_id: Option<SessionId>,
    pub operation_id: Option<OperationId>,
    /// When the call ended.
    pub at: UtcMs,
    /// "chat", "title", "summary", "test", …
    pub purpose: String,
    pub provider: String,
    pub model: String,
    pub usage: Usage,
    /// None for a model without known prices.
    pub cost_micro_usd: Option<MicroUsd>,
    pub duration_ms: u64,
    /// "stop", "tool_calls", "length", "error", "cancelled".
    pub outcome: String,
}

/// What a set of calls adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spend {
    pub calls: u64,
    /// Calls without a known price; they count as 0 in the sum.
    pub unpriced_calls: u64,
    pub cost_micro_usd: MicroUsd,
}

impl Store {
    pub async fn record_call(&self, row: &LedgerRow) -> Result<(), StoreError> {
        let session = row.session_id.as_ref().map(SessionId::as_str);
        let operation = row.operation_id.as_ref().map(OperationId::as_str);
        let figures = crate::operations::figures(&row.usage);
        let duration = signed(row.duration_ms);
        sqlx::query!(
            "INSERT INTO budget_tracking
               (session_id, operation_id, at, purpose, provider, model, input_tokens,
                cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
                cost_micro_usd, duration_ms, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            session,
            operation,
            row.at,
            row.purpose,
            row.provider,
            row.model,
            figures[0],
            figures[1],
            figures[2],
            figures[3],
            figures[4],
            row.cost_micro_usd,
            duration,
            row.outcome,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// All calls from `since` on.
    pub async fn spend_since(&self, since: UtcMs) -> Result<Spend, StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "calls!: i64",
                 count(*) - count(cost_micro_usd) AS "unpriced!: i64",
                 coalesce(sum(cost_micro_usd), 0) AS "cost!: i64"
               FROM budget_tracking WHERE at >= ?1"#,
            since
        )
        .fetch_one(self.reader())
        .await?;
        Ok(Spend {
            calls: unsigned(row.calls),
            unpriced_calls: unsigned(row.unpriced),
            cost_micro_usd: row.cost,
        })
    }

    /// Spend by model from `since` on, largest first.
    pub async fn spend_by_model(&self, since: UtcMs) -> Result<Vec<ModelSpend>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT model, count(*) AS "calls!: i64",
                 coalesce(sum(cost_micro_usd), 0) AS "cost!: i64"
               FROM budget_tracking WHERE at >= ?1
               GROUP BY model ORDER BY 3 DESC, 2 DESC, model"#,
            since
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| ModelSpend {
                model: row.model,
                calls: unsigned(row.calls),
                cost_micro_usd: row.cost,
            })
            .collect())
    }
}

/// When the day that holds `now` began in `zone`. An impossible time gives `now` itself.
pub fn day_start(now: UtcMs, zone: &TimeZone) -> UtcMs {
    start(now, zone, false)
}

/// When the month that holds `now` began in `zone`.
pub fn month_start(now: UtcMs, zone: &TimeZone) -> UtcMs {
    start(now, zone, true)
}

/// [`day_start`] in this machine's time zone.
pub fn local_day_start(now: UtcMs) -> UtcMs {
    day_start(now, &TimeZone::system())
}

/// [`month_start`] in this machine's time zone.
pub fn local_month_start(now: UtcMs) -> UtcMs {
    month_start(now, &TimeZone::system())
}

fn start(now: UtcMs, zone: &TimeZone, month: bool) -> UtcMs {
    let begin = || {
        let zoned = Timestamp::from_millisecond(now)
            .ok()?
            .to_zoned(zone.clone());
        let date = if month {
            zoned.date().first_of_month()
        } else {
            zoned.date()
        };
        Some(
            date.to_zoned(zone.clone())
                .ok()?
                .timestamp()
                .as_millisecond(),
        )
    };
    begin().unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_begin_by_the_local_clock() {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let check = |zone: &str, now: &str, day: &str, month: &str| {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(day_start(ms(now), &zone), ms(day), "{now}");
            assert_eq!(month_start(ms(now), &zone), ms(month), "{now}");
        };
        check(
            "UTC",
            "2026-03-29T23:59:59Z",
            "2026-03-29T00:00:00Z",
            "2026-03-01T00:00:00Z",
        );
        // A day of 23 hours, and a month that began in winter time.
        check(
            "Europe/Berlin",
            "2026-03-29T21:00:00Z",
            "2026-03-28T23:00:00Z",
            "2026-02-28T23:00:00Z",
        );
        // Already tomorrow there.
        check(
            "Asia/Tokyo",
            "2026-12-31T15:00:00Z",
            "2026-12-31T15:00:00Z",
            "2026-12-31T15:00:00Z",
        );
    }
}
