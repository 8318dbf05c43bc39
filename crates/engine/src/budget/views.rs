//! What the ledger shows: groups, calls, receipts, forecast, savings, files.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use mira_protocol::budget::{
    CallList, CallReceipt, CallRef, ExportBudget, ExportedTable, Forecast, LedgerCall, ListCalls,
    Projection, RebuildReport, Reconcile, Reconciled, Savings, Spend, SpendQuery, SpendRow,
    SpendTable, TableFormat,
};
use mira_protocol::system::{Budget as Overview, Nothing};
use mira_protocol::{Code, EventKind, Failure, UtcMs};
use mira_store::{local_day, month_of};
use serde::Serialize;

use super::forecast::{Band, DAYS, Known, PastDay, forecast};
use super::{Budget, receipt};
use crate::clock::now_ms;
use crate::failure::{from_store, internal};

/// Rows of a view that are shown unless asked otherwise.
const ROWS: u32 = 1_000;

impl Budget {
    /// Spend of the local day and the calendar month, with the limits.
    pub async fn overview(&self) -> Result<Overview, Failure> {
        let day = local_day(now_ms());
        let settings = self.settings.current();
        let spent = async |period: &str| {
            let spent = self.store.spent_in(period, None).await;
            spent.map_err(from_store)
        };
        Ok(Overview {
            today_micro_usd: spent(&day).await?,
            month_micro_usd: spent(month_of(&day)).await?,
            daily_limit_micro_usd: settings.budget_daily_limit_micro_usd,
            monthly_limit_micro_usd: settings.budget_monthly_limit_micro_usd,
            calls_today: self.store.calls_in(&day).await.map_err(from_store)?,
            by_model: self.store.models_of_day(&day).await.map_err(from_store)?,
        })
    }

    pub async fn spend(&self, query: SpendQuery) -> Result<SpendTable, Failure> {
        let mut rows = self.store.spend(&query).await.map_err(from_store)?;
        let mut total = Spend::default();
        for row in &rows {
            add(&mut total, &row.spend);
        }
        let limit = query.limit.unwrap_or(ROWS).max(1) as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        for row in &mut rows {
            row.label = self
                .store
                .spend_label(query.by, &row.key)
                .await
                .map_err(from_store)?;
        }
        Ok(SpendTable {
            by: query.by,
            rows,
            total,
            more,
        })
    }

    pub async fn calls(&self, query: ListCalls) -> Result<CallList, Failure> {
        self.store.ledger(&query).await.map_err(from_store)
    }

    /// A call with its receipt: tokens and money of each part.
    pub async fn call(&self, request: CallRef) -> Result<CallReceipt, Failure> {
        let call = self
            .store
            .ledger_call(request.id)
            .await
            .map_err(from_store)?;
        let gathered = match (&call.operation_id, call.call) {
            (Some(operation), Some(number)) => {
                let events = self
                    .store
                    .events_of_operation(operation)
                    .await
                    .map_err(from_store)?;
                events
                    .into_iter()
                    .filter_map(|event| match event.kind {
                        EventKind::ContextGathered { receipt } => Some(receipt),
                        _ => None,
                    })
                    .nth(number.saturating_sub(1) as usize)
            }
            _ => None,
        };
        let route = self
            .store
            .route_decision(call.id)
            .await
            .map_err(from_store)?;
        Ok(CallReceipt {
            lines: receipt::lines(&call, gathered.as_ref()),
            call,
            route,
        })
    }

    pub async fn savings(&self, query: SpendQuery) -> Result<Savings, Failure> {
        self.store.savings(&query).await.map_err(from_store)
    }

    pub async fn rebuild(&self) -> Result<RebuildReport, Failure> {
        let report = self.store.rebuild_summaries().await.map_err(from_store)?;
        self.announce();
        Ok(report)
    }

    /// Sets what kept calls really cost.
    pub async fn reconcile(&self, request: Reconcile) -> Result<Reconciled, Failure> {
        if request.cost_micro_usd.is_some_and(|cost| cost < 0) {
            return Err(Failure::new(
                Code::BadParams,
                "A cost cannot be below zero.",
            ));
        }
        let mut kept: Vec<LedgerCall> = Vec::new();
        if request.ids.is_empty() {
            let all = ListCalls {
                kept: true,
                limit: Some(10_000),
                ..ListCalls::default()
            };
            kept = self.calls(all).await?.calls;
        } else {
            for id in &request.ids {
                let call = self.store.ledger_call(*id).await.map_err(from_store)?;
                if call.settlement != mira_protocol::budget::Settlement::Kept {
                    return Err(Failure::new(
                        Code::Conflict,
                        format!(
                            "Call {id} has its cost from the provider; there is nothing to say about it."
                        ),
                    ));
                }
                kept.push(call);
            }
        }
        let before = kept.iter().filter_map(|call| call.cost_micro_usd).sum();
        let ids: Vec<i64> = kept.iter().map(|call| call.id).collect();
        let held = self.shared.held.lock().await;
        let calls = self
            .store
            .reconcile(&ids, request.cost_micro_usd)
            .await
            .map_err(from_store)?;
        drop(held);
        self.announce();
        Ok(Reconciled {
            calls,
            before_micro_usd: before,
            after_micro_usd: request
                .cost_micro_usd
                .map_or(before, |cost| cost * calls as i64),
        })
    }

    /// Where day and month end if it goes on as so far.
    pub async fn forecast(&self) -> Result<Forecast, Failure> {
        let now = Zoned::now();
        let known = self.known(&now).await?;
        let told = forecast(&known);
        let settings = self.settings.current();
        let projection = |spent, band: Band, limit| Projection {
            spent_micro_usd: spent,
            low_micro_usd: band.low,
            likely_micro_usd: band.likely,
            high_micro_usd: band.high,
            limit_micro_usd: limit,
        };
        Ok(Forecast {
            day: projection(known.today, told.day, settings.budget_daily_limit_micro_usd),
            month: projection(
                known.month,
                told.month,
                settings.budget_monthly_limit_micro_usd,
            ),
            basis: told.basis,
        })
    }

    async fn known(&self, now: &Zoned) -> Result<Known, Failure> {
        let zone = now.time_zone().clone();
        let today = now.date();
        let first = today
            .checked_sub((DAYS as i64).days())
            .map_err(internal)?
            .to_zoned(zone.clone())
            .map_err(internal)?;
        let costs = self
            .store
            .costs_since(first.timestamp().as_millisecond())
            .await
            .map_err(from_store)?;
        let mut days = vec![PastDay::default(); DAYS];
        let mut oldest = 0;
        for (at, cost) in costs {
            let Some(then) = local(at, &zone) else {
                continue;
            };
            let ago = today.since(then.date()).map_or(0, |span| span.get_days());
            // Days ago count from 1; today is no past day.
            let Some(day) = usize::try_from(ago - 1)
                .ok()
                .and_then(|at| days.get_mut(at))
            else {
                continue;
            };
            oldest = oldest.max(ago as usize);
            day.total += cost;
            if then.time() > now.time() {
                day.after_now += cost;
            }
        }
        // Before the first day on which something was spent there is no history.
        days.truncate(oldest);
        let text = today.to_string();
        let spent = async |period: &str| {
            let spent = self.store.spent_in(period, None).await;
            spent.map_err(from_store)
        };
        let passed = f64::from(now.hour()) / 24.0 + f64::from(now.minute()) / 1_440.0;
        Ok(Known {
            days,
            today: spent(&text).await?,
            month: spent(month_of(&text)).await?,
            passed,
            days_left: (today.days_in_month() - today.day()).max(0) as u32,
        })
    }

    /// A view, or every row, as a file.
    pub async fn export(&self, request: ExportBudget) -> Result<ExportedTable, Failure> {
        let day = local_day(now_ms());
        let ending = match request.format {
            TableFormat::Csv => "csv",
            TableFormat::Json => "json",
        };
        let (name, content) = match request.by {
            Some(by) => {
                let query = SpendQuery {
                    by,
                    from: request.from,
                    until: request.until,
                    project_id: request.project_id,
                    session_id: None,
                    limit: Some(u32::MAX),
                };
                let table = self.spend(query).await?;
                let content = match request.format {
                    TableFormat::Json => json(&table)?,
                    TableFormat::Csv => csv(SPEND_HEAD, table.rows.iter().map(spend_line)),
                };
                (format!("{by:?}").to_lowercase(), content)
            }
            None => {
                let calls = self.every_call(&request).await?;
                let content = match request.format {
                    TableFormat::Json => json(&calls)?,
                    TableFormat::Csv => csv(CALL_HEAD, calls.iter().map(call_line)),
                };
                ("calls".to_owned(), content)
            }
        };
        Ok(ExportedTable {
            file_name: format!("mira-budget-{name}-{day}.{ending}"),
            content,
        })
    }

    async fn every_call(&self, request: &ExportBudget) -> Result<Vec<LedgerCall>, Failure> {
        let mut calls = Vec::new();
        loop {
            let page = ListCalls {
                from: request.from,
                until: request.until,
                project_id: request.project_id.clone(),
                limit: Some(10_000),
                offset: Some(calls.len() as u32),
                ..ListCalls::default()
            };
            let page = self.calls(page).await?;
            let done = page.calls.len() < 10_000;
            calls.extend(page.calls);
            if done {
                // As they happened.
                calls.sort_by_key(|call| call.id);
                return Ok(calls);
            }
        }
    }

    pub async fn clear_cache(&self) -> Result<Nothing, Failure> {
        self.store.clear_answers().await.map_err(from_store)?;
        self.announce();
        Ok(Nothing {})
    }
}

fn local(at: UtcMs, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()))
}

fn add(total: &mut Spend, part: &Spend) {
    total.calls += part.calls;
    total.failed_calls += part.failed_calls;
    total.cache_hits += part.cache_hits;
    total.unpriced_calls += part.unpriced_calls;
    total.kept_calls += part.kept_calls;
    total.usage += part.usage;
    total.cost_micro_usd += part.cost_micro_usd;
    total.kept_micro_usd += part.kept_micro_usd;
    total.saved_micro_usd += part.saved_micro_usd;
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(internal)
}

const SPEND_HEAD: &[&str] = &[
    "key",
    "label",
    "calls",
    "failed_calls",
    "cache_hits",
    "unpriced_calls",
    "kept_calls",
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_micro_usd",
    "kept_micro_usd",
    "saved_micro_usd",
];

fn spend_line(row: &SpendRow) -> Vec<String> {
    let spend = &row.spend;
    let mut line = vec![row.key.clone(), row.label.clone()];
    line.extend(
        [
            spend.calls,
            spend.failed_calls,
            spend.cache_hits,
            spend.unpriced_calls,
            spend.kept_calls,
            spend.usage.input_tokens,
            spend.usage.cached_tokens,
            spend.usage.cache_write_tokens,
            spend.usage.output_tokens,
            spend.usage.reasoning_tokens,
        ]
        .map(|figure| figure.to_string()),
    );
    line.extend(
        [
            spend.cost_micro_usd,
            spend.kept_micro_usd,
            spend.saved_micro_usd,
        ]
        .map(|figure| figure.to_string()),
    );
    line
}

const CALL_HEAD: &[&str] = &[
    "id",
    "time",
    "day",
    "purpose",
    "provider",
    "model",
    "tier",
    "project_id",
    "session_id",
    "operation_id",
    "call",
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_micro_usd",
    "reserved_micro_usd",
    "settlement",
    "cache_hit",
    "saved_micro_usd",
    "expected_cached_tokens",
    "prefix_break",
    "duration_ms",
    "outcome",
    "prices",
];

fn call_line(call: &LedgerCall) -> Vec<String> {
    let text = |value: Option<String>| value.unwrap_or_default();
    let number = |value: Option<i64>| value.map_or(String::new(), |value| value.to_string());
    vec![
        call.id.to_string(),
        Timestamp::from_millisecond(call.at).map_or(String::new(), |time| time.to_string()),
        call.day.clone(),
        call.purpose.clone(),
        call.provider.clone(),
        call.model.clone(),
        text(call.tier.map(|tier| format!("{tier:?}").to_lowercase())),
        text(call.project_id.as_ref().map(|id| id.0.clone())),
        text(call.session_id.as_ref().map(|id| id.0.clone())),
        text(call.operation_id.as_ref().map(|id| id.0.clone())),
        number(call.call.map(i64::from)),
        call.usage.input_tokens.to_string(),
        call.usage.cached_tokens.to_string(),
        call.usage.cache_write_tokens.to_string(),
        call.usage.output_tokens.to_string(),
        call.usage.reasoning_tokens.to_string(),
        number(call.cost_micro_usd),
        number(call.reserved_micro_usd),
        format!("{:?}", call.settlement).to_lowercase(),
        call.cache_hit.to_string(),
        call.saved_micro_usd.to_string(),
        number(call.expected_cached_tokens.map(|tokens| tokens as i64)),
        text(call.prefix_break.clone()),
        call.duration_ms.to_string(),
        call.outcome.clone(),
        call.price_version.clone(),
    ]
}

/// RFC 4180. A cell that a spreadsheet would take for a formula is made plain text.
fn csv(head: &[&str], lines: impl Iterator<Item = Vec<String>>) -> String {
    let cell = |text: &str| {
        let text =
            if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err() {
                format!("'{text}")
            } else {
                text.to_owned()
            };
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let mut out = head.join(",") + "\r\n";
    for line in lines {
        let cells: Vec<String> = line.iter().map(|text| cell(text)).collect();
        out += &cells.join(",");
        out += "\r\n";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let line = ["a,b", "say \"x\"", "=SUM(A1)", "-5", "two\nlines"].map(str::to_owned);
        assert_eq!(
            csv(&["h"], std::iter::once(line.to_vec())),
            "h\r\n\"a,b\",\"say \"\"x\"\"\",'=SUM(A1),-5,\"two\nlines\"\r\n"
        );
    }
}
