//! `mira budget`: where the money stands, views of the ledger, single calls, caps.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mira_protocol::budget::{
    CallReceipt, CallRef, CapState, DecidePause, ExportBudget, Forecast, LedgerCall, ListCalls,
    Projection, RaiseCap, Reconcile, Savings, SetCap, Settlement, Spend, SpendQuery, SpendTable,
    TableFormat,
};
use mira_protocol::system::{Budget, Nothing};
use mira_protocol::{Code, Failure, MicroUsd, OperationId, ProjectId, SessionId, UtcMs, calls};

use super::{say, say_json, table};
use crate::args::{BudgetArgs, BudgetCommand, SpendByArg, Which, micro_usd};
use crate::client::Client;
use crate::host;
use crate::render::conversation::cap;
use crate::render::text::{bytes, clean, count, duration, one_line, plural, usd};

/// Rows of a view on a terminal.
const SHOWN: u32 = 50;

pub async fn run(client: &Client, args: BudgetArgs) -> Result<u8, Failure> {
    let BudgetArgs {
        command,
        by,
        which,
        json,
        csv,
    } = args;
    let rows = Rows::of(client, &which).await?;
    match command {
        Some(command) => run_command(client, command, rows).await?,
        None => view(client, by, rows, json, csv).await?,
    }
    Ok(0)
}

/// Which rows, as the engine takes it.
struct Rows {
    from: Option<UtcMs>,
    until: Option<UtcMs>,
    project: Option<ProjectId>,
}

impl Rows {
    async fn of(client: &Client, which: &Which) -> Result<Self, Failure> {
        let project = match &which.project {
            Some(folder) => Some(host::project(client, Some(folder)).await?.id),
            None => None,
        };
        Ok(Self {
            from: which.from.as_deref().map(|day| begin(day, 0)).transpose()?,
            until: which
                .until
                .as_deref()
                .map(|day| begin(day, 1))
                .transpose()?,
            project,
        })
    }
}

/// When a local day, or the one after it, begins.
fn begin(day: &str, later: i64) -> Result<UtcMs, Failure> {
    let wrong = || {
        Failure::new(Code::BadParams, format!("{day:?} is no day.")).hint("Write it as YYYY-MM-DD.")
    };
    let date: Date = day.parse().map_err(|_| wrong())?;
    let date = date.checked_add(later.days()).map_err(|_| wrong())?;
    let start = date.to_zoned(TimeZone::system()).map_err(|_| wrong())?;
    Ok(start.timestamp().as_millisecond())
}

async fn view(
    client: &Client,
    by: Option<SpendByArg>,
    rows: Rows,
    json: bool,
    csv: bool,
) -> Result<(), Failure> {
    // What is only of some days or of one project is a view of the ledger, too.
    let some = rows.from.is_some() || rows.until.is_some() || rows.project.is_some();
    let by = by.or(some.then_some(SpendByArg::Day));
    let query = SpendQuery {
        by: by.map(Into::into).unwrap_or_default(),
        from: rows.from,
        until: rows.until,
        project_id: rows.project.clone(),
        limit: (!json).then_some(SHOWN),
        ..SpendQuery::default()
    };
    if csv {
        let export = ExportBudget {
            by: by.map(Into::into),
            format: TableFormat::Csv,
            from: rows.from,
            until: rows.until,
            project_id: rows.project,
        };
        let file = client.call(calls::BudgetExport(export)).await?;
        return say(&file.content);
    }
    match (by, json) {
        (Some(_), true) => say_json(&client.call(calls::BudgetSpend(query)).await?),
        (Some(_), false) => say(&table_of(&client.call(calls::BudgetSpend(query)).await?)),
        (None, true) => say_json(&client.call(calls::BudgetGet(Nothing {})).await?),
        (None, false) => say(&overview(client).await?),
    }
}

/// Today and this month, caps, forecast, savings.
pub async fn overview(client: &Client) -> Result<String, Failure> {
    let now = client.call(calls::BudgetGet(Nothing {})).await?;
    let caps = client.call(calls::BudgetCaps(Nothing {})).await?.caps;
    let forecast = client.call(calls::BudgetForecast(Nothing {})).await?;
    let saved = client
        .call(calls::BudgetSavings(SpendQuery::default()))
        .await?;
    let kept = ListCalls {
        kept: true,
        limit: Some(1),
        ..ListCalls::default()
    };
    let kept = client.call(calls::BudgetCalls(kept)).await?.total;
    let pauses = client.call(calls::BudgetPauses(Nothing {})).await?.pauses;
    let mut text = spent(&now);
    let lines = caps.iter().filter(|state| !told_above(state));
    for state in lines {
        text.push_str(&format!("{}\n", cap(state)));
    }
    text.push_str(&format!(
        "forecast    {}\n            {}\n",
        projection("today", &forecast.day),
        projection("this month", &forecast.month)
    ));
    if saved.hits > 0 || saved.prefix_saved_micro_usd > 0 {
        text.push_str(&format!(
            "saved       {} by kept answers, {} by provider caches\n",
            usd(saved.hit_saved_micro_usd),
            usd(saved.prefix_saved_micro_usd)
        ));
    }
    if kept > 0 {
        let calls = plural(kept, "call");
        text.push_str(&format!(
            "The cost of {calls} is an estimate: `mira budget calls --kept`.\n"
        ));
    }
    for pause in pauses {
        text.push_str(&format!(
            "{} waits for {}: `mira budget decide {} raise-once`.\n",
            pause.operation_id,
            usd(pause.missing_micro_usd),
            pause.operation_id
        ));
    }
    Ok(text)
}

/// The caps of day and month over everything stand beside what was spent.
fn told_above(state: &CapState) -> bool {
    use mira_protocol::budget::CapPeriod::{Day, Month};
    state.cap.project_id.is_none()
        && state.raised_micro_usd == 0
        && state.reserved_micro_usd == 0
        && matches!(state.cap.period, Day | Month)
}

fn spent(now: &Budget) -> String {
    let line = |name: &str, spent, limit: Option<i64>| {
        let limit = match limit {
            Some(limit) if limit > 0 => {
                let share = (spent as f64 * 100.0 / limit as f64).round();
                format!("of {} ({share}%)", usd(limit))
            }
            Some(_) => "of $0.00: nothing may be spent".to_owned(),
            None => "no limit".to_owned(),
        };
        vec![name.to_owned(), usd(spent), limit]
    };
    let mut rows = vec![
        line("today", now.today_micro_usd, now.daily_limit_micro_usd),
        line(
            "this month",
            now.month_micro_usd,
            now.monthly_limit_micro_usd,
        ),
    ];
    for model in &now.by_model {
        rows.push(vec![
            format!("  {}", clean(&model.model)),
            usd(model.cost_micro_usd),
            plural(model.calls, "call"),
        ]);
    }
    table(&rows)
}

fn projection(name: &str, told: &Projection) -> String {
    let limit = match told.limit_micro_usd {
        Some(limit) if told.likely_micro_usd > limit => ", over its cap",
        Some(limit) if told.high_micro_usd > limit => ", perhaps over its cap",
        _ => "",
    };
    format!(
        "{name} ends at about {} ({} to {}){limit}",
        usd(told.likely_micro_usd),
        usd(told.low_micro_usd),
        usd(told.high_micro_usd)
    )
}

/// A view of the ledger, with its total.
pub fn table_of(view: &SpendTable) -> String {
    let head = [
        "", "calls", "failed", "cached", "input", "output", "cost", "",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let cells = |key: String, spend: &Spend, label: String| {
        let usage = &spend.usage;
        let share = match usage.input_tokens {
            0 => "-".to_owned(),
            input => format!("{}%", usage.cached_tokens * 100 / input),
        };
        vec![
            key,
            count(spend.calls),
            count(spend.failed_calls),
            share,
            count(usage.input_tokens),
            count(usage.output_tokens),
            cost(Some(spend.cost_micro_usd), spend.kept_micro_usd > 0),
            label,
        ]
    };
    for row in &view.rows {
        let key = match row.key.as_str() {
            "" => "(none)".to_owned(),
            key => clean(key),
        };
        rows.push(cells(key, &row.spend, one_line(&row.label, 60)));
    }
    rows.push(cells("total".into(), &view.total, String::new()));
    let mut text = table(&rows);
    if view.more {
        text.push_str("There are more; --json and --csv write all.\n");
    }
    text
}

/// "~" before what is an estimate.
fn cost(micro: Option<MicroUsd>, kept: bool) -> String {
    match micro {
        Some(micro) if kept => format!("~{}", usd(micro)),
        Some(micro) => usd(micro),
        None => "no price".to_owned(),
    }
}

async fn run_command(client: &Client, command: BudgetCommand, rows: Rows) -> Result<(), Failure> {
    match command {
        BudgetCommand::Caps(json) => {
            let list = client.call(calls::BudgetCaps(Nothing {})).await?;
            if json.json {
                return say_json(&list);
            }
            show_caps(&list.caps)
        }
        BudgetCommand::Cap { period, amount } => {
            let limit = match amount.as_str() {
                "none" => None,
                amount => Some(micro_usd(amount).map_err(|why| {
                    Failure::new(Code::BadParams, format!("{amount:?} is {why}."))
                        .hint("Write US dollars such as 0.50, or none.")
                })?),
            };
            let set = SetCap {
                period: period.into(),
                project_id: rows.project,
                limit_micro_usd: limit,
            };
            show_caps(&client.call(calls::BudgetSetCap(set)).await?.caps)
        }
        BudgetCommand::Raise { period, by, of } => {
            let raise = RaiseCap {
                period: period.into(),
                project_id: rows.project,
                operation_id: of.clone().map(OperationId),
                session_id: of.map(SessionId),
                by_micro_usd: by,
            };
            show_caps(&client.call(calls::BudgetRaise(raise)).await?.caps)
        }
        BudgetCommand::Pauses(json) => {
            let list = client.call(calls::BudgetPauses(Nothing {})).await?;
            if json.json {
                return say_json(&list);
            }
            if list.pauses.is_empty() {
                return say("Nothing waits for money.");
            }
            let line = |pause: &mira_protocol::budget::Pause| {
                let caps = pause.caps.iter().map(cap).collect::<Vec<_>>().join("; ");
                let missing = usd(pause.missing_micro_usd);
                vec![
                    pause.operation_id.0.clone(),
                    format!("{missing} missing"),
                    caps,
                ]
            };
            say(&table(&list.pauses.iter().map(line).collect::<Vec<_>>()))
        }
        BudgetCommand::Decide {
            operation,
            choice,
            amount,
        } => {
            let decide = DecidePause {
                operation_id: OperationId(operation),
                choice: choice.into(),
                amount_micro_usd: amount,
            };
            client.call(calls::BudgetDecide(decide)).await?;
            say("Done.")
        }
        BudgetCommand::Forecast(json) => {
            let told = client.call(calls::BudgetForecast(Nothing {})).await?;
            if json.json {
                return say_json(&told);
            }
            say(&forecast(&told))
        }
        BudgetCommand::Calls {
            operation,
            session,
            kept,
            limit,
            json,
        } => {
            let query = ListCalls {
                from: rows.from,
                until: rows.until,
                project_id: rows.project,
                session_id: session.map(SessionId),
                operation_id: operation.map(OperationId),
                kept,
                limit: Some(limit),
                offset: None,
            };
            let list = client.call(calls::BudgetCalls(query)).await?;
            if json.json {
                return say_json(&list);
            }
            say(&table(&list.calls.iter().map(line).collect::<Vec<_>>()))
        }
        BudgetCommand::Call { id, json } => {
            let call = client.call(calls::BudgetCall(CallRef { id })).await?;
            if json.json {
                return say_json(&call);
            }
            say(&receipt(&call))
        }
        BudgetCommand::Savings(json) => {
            let query = SpendQuery {
                from: rows.from,
                until: rows.until,
                project_id: rows.project,
                ..SpendQuery::default()
            };
            let saved = client.call(calls::BudgetSavings(query)).await?;
            if json.json {
                return say_json(&saved);
            }
            say(&savings(&saved))
        }
        BudgetCommand::Rebuild(json) => {
            let report = client.call(calls::BudgetRebuild(Nothing {})).await?;
            if json.json {
                return say_json(&report);
            }
            say(&format!(
                "{} calls summed up: {} days, {} months; {} sums were other before.",
                count(report.rows),
                report.days,
                report.months,
                report.corrected
            ))
        }
        BudgetCommand::Reconcile { ids, cost, json } => {
            let reconcile = Reconcile {
                ids,
                cost_micro_usd: cost,
            };
            let done = client.call(calls::BudgetReconcile(reconcile)).await?;
            if json.json {
                return say_json(&done);
            }
            say(&format!(
                "{}: {} were kept, {} it was.",
                plural(done.calls, "call"),
                usd(done.before_micro_usd),
                usd(done.after_micro_usd)
            ))
        }
        BudgetCommand::ClearCache => {
            client.call(calls::BudgetClearCache(Nothing {})).await?;
            say("No answer is kept any more.")
        }
    }
}

fn show_caps(caps: &[CapState]) -> Result<(), Failure> {
    if caps.is_empty() {
        return say("No cap is set. `mira budget cap day 5` sets one.");
    }
    let lines: Vec<String> = caps.iter().map(cap).collect();
    say(&(lines.join("\n") + "\n"))
}

fn forecast(told: &Forecast) -> String {
    format!(
        "{}\n{}\nComputed from {}.\n",
        projection("today", &told.day),
        projection("this month", &told.month),
        told.basis
    )
}

fn line(call: &LedgerCall) -> Vec<String> {
    let tier = call.tier.map(|tier| format!("{tier:?}").to_lowercase());
    vec![
        call.id.to_string(),
        call.day.clone(),
        call.purpose.clone(),
        tier.unwrap_or_default(),
        clean(&call.model),
        format!("{} in", count(call.usage.input_tokens)),
        format!("{} out", count(call.usage.output_tokens)),
        cost(call.cost_micro_usd, call.settlement == Settlement::Kept),
        if call.cache_hit {
            "from the cache".to_owned()
        } else {
            call.outcome.clone()
        },
    ]
}

fn receipt(told: &CallReceipt) -> String {
    let call = &told.call;
    let mut text = table(&[line(call)]);
    let mut rows = vec![
        ["", "tokens", "cached", "cost", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    let (mut tokens, mut micro) = (0, 0);
    for part in &told.lines {
        tokens += part.tokens;
        micro += part.micro_usd.unwrap_or(0);
        rows.push(vec![
            clean(&part.name),
            count(part.tokens),
            count(part.cached_tokens),
            cost(part.micro_usd, false),
            one_line(&part.detail, 60),
        ]);
    }
    let total = [
        "total".to_owned(),
        count(tokens),
        count(call.usage.cached_tokens),
        cost(call.cost_micro_usd.map(|_| micro), false),
    ];
    rows.push(total.to_vec());
    text.push_str(&table(&rows));
    if !call.price_version.is_empty() {
        let prices = clean(&call.price_version);
        text.push_str(&format!("prices     {prices} (US dollars for a million)\n"));
    }
    if let Some(reserved) = call.reserved_micro_usd {
        text.push_str(&format!("reserved   {}\n", usd(reserved)));
    }
    if let Some(expected) = call.expected_cached_tokens {
        let got = count(call.usage.cached_tokens);
        let why = call.prefix_break.as_deref().map(clean);
        let why = why.map_or(String::new(), |why| format!("; {why}"));
        text.push_str(&format!(
            "cache      {got} tokens cached, {} expected{why}\n",
            count(expected)
        ));
    }
    if let Some(route) = &told.route {
        let tier = format!("{:?}", route.tier).to_lowercase();
        text.push_str(&format!(
            "route      {tier} tier, because {}\n",
            clean(&route.reason)
        ));
    }
    text.push_str(&format!("time       {}\n", duration(call.duration_ms)));
    text
}

fn savings(saved: &Savings) -> String {
    let share = |part: u64| match saved.input_tokens {
        0 => "0%".to_owned(),
        all => format!("{:.1}%", part as f64 * 100.0 / all as f64),
    };
    let mut text = format!(
        "kept answers     {} given again, {} saved; {} kept, {}\n\
         provider caches  {} of the input cached ({} tokens), {} expected; {} saved\n",
        count(saved.hits),
        usd(saved.hit_saved_micro_usd),
        count(saved.entries),
        bytes(saved.entry_bytes),
        share(saved.cached_tokens),
        count(saved.cached_tokens),
        share(saved.expected_cached_tokens),
        usd(saved.prefix_saved_micro_usd),
    );
    for broken in &saved.breaks {
        let times = count(broken.times);
        text.push_str(&format!(
            "  broken {times} times by: {}\n",
            clean(&broken.reason)
        ));
    }
    text
}
