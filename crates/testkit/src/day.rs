//! A recorded day: 200 operations through the real engine and the real provider code, against a
//! fake vendor over HTTP that caches, fails, breaks off and keeps its own bill.
//!
//! The bill is computed here from the vendor's own counts, with whole numbers and without any code
//! of the ledger. The vendor bills answers that went out to their end; what broke off it does not
//! bill. Our ledger keeps an estimate for such an answer until somebody reconciles it, which is
//! what this does at the end of the day, with the vendor's word: nothing.

use std::collections::BTreeMap;
use std::fmt;

use mira_llm::catalogue::Catalogue;
use mira_protocol::budget::{ListCalls, Reconcile, Settlement, SpendBy, SpendQuery, SpendTable};
use mira_protocol::operation::{ApproveMode, OperationState, StartOperation};
use mira_protocol::table::calls;
use mira_protocol::{EventKind, Failure, MicroUsd, ProjectId, SessionId};
use serde_json::json;

use crate::{Collector, FakeVendor, Fault, Place, Reply, Script, Seen, TempProject, TestEngine};

/// Operations of the day.
pub const OPERATIONS: usize = 200;
/// Sessions that work at the same time.
const LANES: usize = 8;
/// Of them, at the end, that ask again what was asked before.
const REPEATED: usize = 16;

/// What was used and what it cost, of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line {
    pub calls: u64,
    pub input: u64,
    pub cached: u64,
    pub output: u64,
    pub micro_usd: MicroUsd,
}

/// The day by both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    pub completed: usize,
    pub failed: usize,
    /// By model; only calls that were answered with figures.
    pub vendor: BTreeMap<String, Line>,
    pub ledger: BTreeMap<String, Line>,
    /// Every row of the ledger, after it was reconciled: what the budget counts.
    pub total_micro_usd: MicroUsd,
    /// Rows of refused and broken-off attempts.
    pub failed_calls: u64,
    /// Kept for answers that broke off, before it was reconciled.
    pub kept_calls: u64,
    pub kept_micro_usd: MicroUsd,
    pub cache_hits: u64,
    pub saved_micro_usd: MicroUsd,
    /// Totals of every view: by day, month, model, …; and of the kept sums.
    pub views_micro_usd: Vec<(String, MicroUsd)>,
}

impl Day {
    pub fn billed_micro_usd(&self) -> MicroUsd {
        self.vendor.values().map(|line| line.micro_usd).sum()
    }

    /// Both sides agree, to the micro-dollar and the token, in every view.
    pub fn agrees(&self) -> bool {
        let billed = self.billed_micro_usd();
        self.vendor == self.ledger
            && self.total_micro_usd == billed
            && self.views_micro_usd.iter().all(|(_, sum)| *sum == billed)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = |micro: MicroUsd| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
        writeln!(
            f,
            "{} operations: {} completed, {} failed; {} attempts failed or broke off; {} answers from the cache (saved ${})",
            self.completed + self.failed,
            self.completed,
            self.failed,
            self.failed_calls,
            self.cache_hits,
            dollars(self.saved_micro_usd),
        )?;
        writeln!(
            f,
            "{:<16}{:>7}{:>12}{:>12}{:>10}{:>12}   {:>12}",
            "model", "calls", "input", "cached", "output", "vendor, $", "ledger, $"
        )?;
        for (model, line) in &self.vendor {
            let ours = self.ledger.get(model).copied().unwrap_or_default();
            writeln!(
                f,
                "{model:<16}{:>7}{:>12}{:>12}{:>10}{:>12} {} {:>12}",
                line.calls,
                line.input,
                line.cached,
                line.output,
                dollars(line.micro_usd),
                if *line == ours { "=" } else { "≠" },
                dollars(ours.micro_usd),
            )?;
        }
        writeln!(
            f,
            "{:<57}{:>12} {} {:>12}",
            "total",
            dollars(self.billed_micro_usd()),
            if self.agrees() { "=" } else { "≠" },
            dollars(self.total_micro_usd)
        )?;
        writeln!(
            f,
            "before it was reconciled, ${} were kept for {} answers that broke off and were not billed",
            dollars(self.kept_micro_usd),
            self.kept_calls
        )
    }
}

/// Plays the day.
///
/// # Errors
/// What the engine says where a request of its own fails.
pub async fn play() -> Result<Day, Failure> {
    let vendor = FakeVendor::lean(script());
    let engine = TestEngine::with_vendor(&vendor).await;
    let folder = TempProject::new("-- a.txt\nalpha\n-- b.txt\nbeta\n");
    let project = engine.open(&folder).await.id;

    let lanes = (0..LANES).map(|lane| work(&engine, &project, lane));
    let ends = futures::future::join_all(lanes).await;
    let mut states: Vec<OperationState> = Vec::new();
    for end in ends {
        states.extend(end?);
    }
    for at in 0..REPEATED {
        // Each in a session of its own: the request is the same to the last byte.
        states.push(ask(&engine, &project, None, &repeated(at % 2)).await?.1);
    }
    let day = settle(&engine, &vendor.requests(), &states).await?;
    engine.engine.shutdown().await;
    Ok(day)
}

async fn work(
    engine: &TestEngine,
    project: &ProjectId,
    lane: usize,
) -> Result<Vec<OperationState>, Failure> {
    let mut session = None;
    let mut states = Vec::new();
    for number in (0..OPERATIONS - REPEATED).filter(|number| number % LANES == lane) {
        let (ran_in, state) = ask(engine, project, session, &message(number)).await?;
        session = Some(ran_in);
        states.push(state);
    }
    Ok(states)
}

async fn ask(
    engine: &TestEngine,
    project: &ProjectId,
    session: Option<SessionId>,
    content: &str,
) -> Result<(SessionId, OperationState), Failure> {
    let mut collector = Collector::new(&engine.engine);
    let started = engine
        .start(StartOperation {
            content: content.to_owned(),
            session_id: session,
            project_id: Some(project.clone()),
            approve: ApproveMode::All,
            ..StartOperation::default()
        })
        .await;
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await?;
    let state = events.iter().find_map(|event| match &event.kind {
        EventKind::OperationFinished { state, .. } => Some(*state),
        _ => None,
    });
    Ok((
        started.session_id,
        state.unwrap_or(OperationState::Interrupted),
    ))
}

/// What the developer asked, so that every tier has its share.
fn message(number: usize) -> String {
    let task = format!("task-{number:03};");
    match number % 5 {
        0 => format!("list the callers of {task}"),
        1 => format!("why does {task} behave like that"),
        2 => format!("fix {task}"),
        3 => format!("explain {task}"),
        _ if number % 20 == 4 => format!("rewrite {task} across the codebase, from scratch"),
        _ => format!("add a test for {task}"),
    }
}

/// Goes to a tier with a stated effort, so that its answer may be kept.
fn repeated(which: usize) -> String {
    format!("fix the spelling of again-{which};")
}

/// What the vendor says to each task: with tools, refusals, breaks, cut answers, failures.
fn script() -> Script {
    let mut replies = Vec::new();
    for number in 0..OPERATIONS - REPEATED {
        let task = format!("task-{number:03};");
        let when = |reply: Reply| reply.when_user(&task);
        let answer = format!("About {task} {}", "a few more words. ".repeat(number % 9));
        match number % 23 {
            3 => replies.push(when(Reply::fault(Fault::RateLimited {
                retry_after_s: Some(0.01),
            }))),
            5 => replies.push(when(Reply::fault(Fault::Status {
                status: 500,
                body: String::new(),
            }))),
            7 => replies.push(when(
                Reply::text("It begins like this and then")
                    .with_fault(Fault::Reset { at: Place::Text }),
            )),
            11 => replies.push(when(Reply::fault(Fault::Reset { at: Place::Start }))),
            13 => {
                replies.push(when(Reply::fault(Fault::Quota)));
                continue;
            }
            17 => {
                replies.push(when(Reply::text(answer).with_fault(Fault::Incomplete)));
                continue;
            }
            _ => {}
        }
        if number % 3 == 0 {
            let file = if number % 2 == 0 { "a.txt" } else { "b.txt" };
            let read = Reply::call("read_project_file", json!({ "path": file }));
            replies.push(when(read.reasoning("Look first.")));
        }
        replies.push(when(Reply::text(answer)));
    }
    for which in 0..2 {
        let task = format!("again-{which};");
        replies.push(Reply::text("Mended.").when_user(&task));
    }
    Script::new(replies).aside("A title")
}

async fn settle(
    engine: &TestEngine,
    seen: &[Seen],
    states: &[OperationState],
) -> Result<Day, Failure> {
    let vendor = bill(seen);
    let on = &engine.engine;
    let before = on.call(calls::BudgetSpend(SpendQuery::default())).await?;
    let kept = before.total;
    on.call(calls::BudgetReconcile(Reconcile {
        ids: vec![],
        cost_micro_usd: Some(0),
    }))
    .await?;
    let all = ListCalls {
        limit: Some(10_000),
        ..ListCalls::default()
    };
    let mut ledger: BTreeMap<String, Line> = BTreeMap::new();
    for call in on.call(calls::BudgetCalls(all)).await?.calls {
        if call.settlement != Settlement::Settled || call.usage.input_tokens == 0 {
            continue;
        }
        let line = ledger.entry(call.model).or_default();
        line.calls += 1;
        line.input += call.usage.input_tokens;
        line.cached += call.usage.cached_tokens;
        line.output += call.usage.output_tokens;
        line.micro_usd += call.cost_micro_usd.unwrap_or(0);
    }
    let mut views = Vec::new();
    let mut total = 0;
    for by in [
        SpendBy::Day,
        SpendBy::Month,
        SpendBy::Model,
        SpendBy::Tier,
        SpendBy::Project,
        SpendBy::Session,
        SpendBy::Purpose,
        SpendBy::Operation,
    ] {
        let query = SpendQuery {
            by,
            ..SpendQuery::default()
        };
        let table: SpendTable = on.call(calls::BudgetSpend(query)).await?;
        total = table.total.cost_micro_usd;
        let rows = table.rows.iter().map(|row| row.spend.cost_micro_usd).sum();
        views.push((format!("{by:?}").to_lowercase(), rows));
    }
    let overview = on
        .call(calls::BudgetGet(mira_protocol::system::Nothing {}))
        .await?;
    // Unless midnight passed over the day, today is all of it.
    if before.rows.len() == 1 {
        views.push(("today".to_owned(), overview.today_micro_usd));
    }
    let completed = states
        .iter()
        .filter(|state| **state == OperationState::Completed)
        .count();
    Ok(Day {
        completed,
        failed: states.len() - completed,
        vendor,
        ledger,
        total_micro_usd: total,
        failed_calls: kept.failed_calls,
        kept_calls: kept.kept_calls,
        kept_micro_usd: kept.kept_micro_usd,
        cache_hits: kept.cache_hits,
        saved_micro_usd: kept.saved_micro_usd,
        views_micro_usd: views,
    })
}

/// The vendor's own bill, from its own counts, in whole numbers.
fn bill(seen: &[Seen]) -> BTreeMap<String, Line> {
    let mut bill: BTreeMap<String, Line> = BTreeMap::new();
    for request in seen.iter().filter(|seen| seen.billed) {
        let usage = &request.usage;
        let line = bill.entry(request.model.clone()).or_default();
        line.calls += 1;
        line.input += usage.input;
        line.cached += usage.cached;
        line.output += usage.output;
        line.micro_usd += price(&request.model, usage);
    }
    bill
}

/// Millionths of a dollar, each request rounded up.
fn price(model: &str, usage: &mira_llm::Usage) -> MicroUsd {
    let catalogue = Catalogue::builtin();
    let Some(listed) = catalogue.get(model).and_then(|model| model.prices.as_ref()) else {
        return 0;
    };
    // "0.05" dollars for a million are 50,000 millionths of a millionth for one token.
    let exact = |price: f64| {
        let text = price.to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}{part:0<6}").parse::<i128>().unwrap_or(0)
    };
    let cached = listed.cached.unwrap_or(listed.input);
    let written = listed.cache_write.unwrap_or(listed.input);
    let plain = usage.input - usage.cached - usage.cache_write;
    let sum = i128::from(plain) * exact(listed.input)
        + i128::from(usage.cached) * exact(cached)
        + i128::from(usage.cache_write) * exact(written)
        + i128::from(usage.output) * exact(listed.output);
    ((sum + 999_999) / 1_000_000) as MicroUsd
}
