//! Money: what a call may cost is held before it leaves, and settled to what it did cost.
//!
//! One lock stands around "does it fit, then hold it" and around "settle", so that everything
//! that runs at once shares the same caps. Spent and held together never pass a cap; where a call
//! does not fit, whoever wants it is told what is in the way ([`Verdict::Short`]) and waits for
//! [`Budget::changed`]. What is held is also in the database: after a crash it stays spent.

pub mod answers;
mod caps;
mod forecast;
mod pauses;
pub mod prefix;
pub mod price;
mod receipt;
mod views;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mira_llm::Prices;
use mira_protocol::budget::{CapPeriod, CapState, Settlement};
use mira_protocol::operation::{Tier, Usage};
use mira_protocol::route::{Purpose, RouteDecision};
use mira_protocol::{Code, Failure, MicroUsd, OperationId, ProjectId, SessionId, Topic, dollars};
use mira_store::{LedgerRow, ReservedCall, Store, local_day, month_of};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::settings::SettingsHandle;
use caps::{AppliedCap, Window};
pub use pauses::Waiting;

/// Cheap to clone.
#[derive(Clone)]
pub struct Budget {
    store: Store,
    events: EventLog,
    settings: SettingsHandle,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Held for calls that run, by reservation. Locked from the look at the caps to the write.
    held: tokio::sync::Mutex<HashMap<String, ReservedCall>>,
    /// Something was settled, raised or set: what waits may look again.
    changed: Notify,
    pauses: Mutex<HashMap<OperationId, pauses::Entry>>,
}

/// A call that is about to leave.
#[derive(Clone)]
pub struct Ask {
    pub purpose: Purpose,
    pub session: Option<SessionId>,
    pub operation: Option<OperationId>,
    pub project: Option<ProjectId>,
    /// The number of the call within its operation, from 1.
    pub call: Option<u32>,
    pub tier: Option<Tier>,
    pub provider: String,
    pub model: String,
    pub price_version: String,
    /// The most that it can cost; None without known prices.
    pub worst: Option<MicroUsd>,
    /// The upper bound of its input that `worst` was computed from, in tokens.
    pub input_tokens: u64,
    /// What the operation may cost in all, where the person said so with the message.
    pub max_cost: Option<MicroUsd>,
    pub route: Option<RouteDecision>,
    /// A model that runs on this machine needs no price.
    pub free: bool,
}

/// Money that is held for one call. Settled once; one that is dropped (its operation was torn
/// down) stays spent, because nobody knows whether the call had left.
pub struct Reservation {
    budget: Budget,
    /// None once it is settled.
    call: Option<Box<ReservedCall>>,
    max_cost: Option<MicroUsd>,
}

pub enum Verdict {
    Granted(Reservation),
    Short(Short),
}

/// What is in the way of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Short {
    /// The tightest first.
    pub caps: Vec<CapState>,
    pub needed: MicroUsd,
    pub missing: MicroUsd,
    /// It fits as soon as what is held for others comes back.
    pub waits_for_others: bool,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub settlement: Settlement,
    pub outcome: String,
    pub duration_ms: u64,
    pub cache_hit: bool,
    pub saved: MicroUsd,
    pub prefix_saved: MicroUsd,
    pub expected_cached_tokens: Option<u64>,
    pub prefix_break: Option<String>,
}

impl Ask {
    /// Nothing else known yet.
    pub fn of(purpose: Purpose) -> Self {
        Self {
            purpose,
            session: None,
            operation: None,
            project: None,
            call: None,
            tier: None,
            provider: String::new(),
            model: String::new(),
            price_version: String::new(),
            worst: None,
            input_tokens: 0,
            max_cost: None,
            route: None,
            free: false,
        }
    }
}

impl Ended {
    /// The provider told what it counted.
    pub fn reported(usage: &mira_llm::Usage, prices: Option<&Prices>, outcome: &str) -> Self {
        let cost = prices.map(|prices| prices.micro_usd(usage));
        Self::new(wire_usage(usage), cost, outcome)
    }

    /// It told nothing, and may have counted about so much.
    pub fn estimated(input_tokens: u64, prices: Option<&Prices>, outcome: &str) -> Self {
        let usage = Usage {
            input_tokens,
            ..Usage::default()
        };
        let cost = prices.map(|prices| price::expected(prices, input_tokens, 0));
        let settlement = match cost {
            Some(_) => Settlement::Kept,
            None => Settlement::Settled,
        };
        Self {
            settlement,
            ..Self::new(usage, cost, outcome)
        }
    }

    /// It was refused, or nobody was there.
    pub fn for_nothing(prices: Option<&Prices>, outcome: &str) -> Self {
        Self::new(Usage::default(), prices.map(|_| 0), outcome)
    }

    pub fn new(usage: Usage, cost: Option<MicroUsd>, outcome: &str) -> Self {
        Self {
            usage,
            cost,
            settlement: Settlement::Settled,
            outcome: outcome.to_owned(),
            duration_ms: 0,
            cache_hit: false,
            saved: 0,
            prefix_saved: 0,
            expected_cached_tokens: None,
            prefix_break: None,
        }
    }
}

impl Reservation {
    pub fn micro_usd(&self) -> Option<MicroUsd> {
        self.call.as_ref()?.micro_usd
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let (Some(call), Ok(runtime)) = (self.call.take(), tokio::runtime::Handle::try_current())
        {
            let budget = self.budget.clone();
            runtime.spawn(async move { budget.keep(*call).await });
        }
    }
}

impl Budget {
    pub fn new(store: Store, events: EventLog, settings: SettingsHandle) -> Self {
        Self {
            store,
            events,
            settings,
            shared: Arc::default(),
        }
    }

    /// Keeps as spent what a dead engine had reserved and not settled. Called before anything runs.
    pub async fn recover(&self) -> Result<(), Failure> {
        for call in self.store.open_reservations().await.map_err(from_store)? {
            self.settle_call(call, None).await?;
        }
        Ok(())
    }

    async fn keep(&self, call: ReservedCall) {
        if let Err(failure) = self.settle_call(call, None).await {
            // The next start finds the reservation and keeps it.
            tracing::error!(%failure, "a call was not settled");
        }
    }

    /// None: nobody knows how it ended; all that was held for it stays spent.
    async fn settle_call(&self, call: ReservedCall, ended: Option<Ended>) -> Result<i64, Failure> {
        let ended = ended.unwrap_or_else(|| Ended {
            settlement: Settlement::Kept,
            ..Ended::new(Usage::default(), call.micro_usd, "unsettled")
        });
        let id = call.id.clone();
        let row = row(call, ended);
        let mut held = self.shared.held.lock().await;
        let ledger_id = self
            .store
            .settle(Some(&id), &row)
            .await
            .map_err(from_store)?;
        held.remove(&id);
        drop(held);
        self.announce();
        Ok(ledger_id)
    }

    /// Looks, beside everything else, whether the kept sums are those of their rows; mends them.
    pub fn check_sums(&self) {
        let store = self.store.clone();
        tokio::spawn(async move {
            let mended = match store.wrong_summaries().await {
                Ok(0) => return,
                Ok(_) => store.rebuild_summaries().await,
                Err(error) => Err(error),
            };
            match mended {
                Ok(report) => tracing::warn!(
                    corrected = report.corrected,
                    "sums of the ledger were wrong and are rebuilt"
                ),
                Err(error) => tracing::error!(%error, "sums of the ledger could not be checked"),
            }
        });
    }

    /// Resolves at the next change after it was made: make it before looking.
    pub fn changed(&self) -> Notified<'_> {
        self.shared.changed.notified()
    }

    fn announce(&self) {
        self.shared.changed.notify_waiters();
        self.events.topic(Topic::Budget);
    }

    /// Holds the worst case of a call where it fits every cap.
    ///
    /// # Errors
    /// [`Code::BudgetExceeded`] for a model without known prices, unless those are allowed.
    pub async fn reserve(&self, ask: &Ask) -> Result<Verdict, Failure> {
        if ask.worst.is_none() && !ask.free && !self.settings.current().budget_allow_unpriced {
            return Err(unpriced(&ask.model));
        }
        let now = now_ms();
        let day = local_day(now);
        let mut held = self.shared.held.lock().await;
        let needed = ask.worst.unwrap_or(0);
        let caps = self.caps_on(ask, &day).await?;
        if let Some(short) = self.short(&caps, needed, &held).await? {
            return Ok(Verdict::Short(short));
        }
        let call = ReservedCall {
            id: format!("res_{}", uuid::Uuid::now_v7().simple()),
            session_id: ask.session.clone(),
            operation_id: ask.operation.clone(),
            project_id: ask.project.clone(),
            call: ask.call,
            at: now,
            day,
            purpose: ask.purpose.word().to_owned(),
            provider: ask.provider.clone(),
            model: ask.model.clone(),
            tier: ask.tier,
            price_version: ask.price_version.clone(),
            micro_usd: ask.worst,
            input_tokens: ask.input_tokens,
            route: ask.route.clone(),
        };
        self.store.reserve(&call).await.map_err(from_store)?;
        held.insert(call.id.clone(), call.clone());
        Ok(Verdict::Granted(Reservation {
            budget: self.clone(),
            call: Some(Box::new(call)),
            max_cost: ask.max_cost,
        }))
    }

    /// Settles a call; gives the row of the ledger.
    pub async fn settle(&self, mut reservation: Reservation, ended: Ended) -> Result<i64, Failure> {
        match reservation.call.take() {
            Some(call) => self.settle_call(*call, Some(ended)).await,
            None => Err(crate::failure::internal("a call was settled twice")),
        }
    }

    /// A call that cost nothing because it never left: an answer from the cache.
    pub async fn record(&self, ask: &Ask, ended: Ended) -> Result<i64, Failure> {
        let now = now_ms();
        let row = LedgerRow {
            session_id: ask.session.clone(),
            operation_id: ask.operation.clone(),
            project_id: ask.project.clone(),
            call: ask.call,
            tier: ask.tier,
            price_version: ask.price_version.clone(),
            route: ask.route.clone(),
            ..LedgerRow::new(now, ask.purpose.word(), &ask.provider, &ask.model)
        };
        let row = finished(row, ended);
        let id = self.store.settle(None, &row).await.map_err(from_store)?;
        self.announce();
        Ok(id)
    }

    /// An attempt of a call broke off and is made again: what it may have cost stays spent, and
    /// the same worst case stays held for the next attempt. False where both no longer fit: then
    /// the call must end.
    pub async fn again(&self, reservation: &Reservation, kept: Ended) -> Result<bool, Failure> {
        let Some(call) = &reservation.call else {
            return Ok(false);
        };
        let mut held = self.shared.held.lock().await;
        let mut row = row((**call).clone(), kept);
        row.at = now_ms();
        self.store.settle(None, &row).await.map_err(from_store)?;
        let ask = Ask {
            session: call.session_id.clone(),
            operation: call.operation_id.clone(),
            project: call.project_id.clone(),
            call: call.call,
            tier: call.tier,
            worst: call.micro_usd,
            max_cost: reservation.max_cost,
            free: true,
            ..Ask::of(Purpose::Chat)
        };
        let caps = self.caps_on(&ask, &call.day).await?;
        // What is held already holds this call's own worst case.
        let fits = self.short(&caps, 0, &held).await?.is_none();
        if !fits {
            // Nothing is sent any more: at no moment may both stand beside each other.
            held.remove(&call.id);
        }
        Ok(fits)
    }

    /// What of the caps has no room for `needed` more.
    async fn short(
        &self,
        caps: &[AppliedCap],
        needed: MicroUsd,
        held: &HashMap<String, ReservedCall>,
    ) -> Result<Option<Short>, Failure> {
        let mut blocking = Vec::new();
        for cap in caps {
            let state = self.state_of(cap, held).await?;
            let room = state.limit_micro_usd + state.raised_micro_usd
                - state.spent_micro_usd
                - state.reserved_micro_usd;
            if needed > room {
                blocking.push((needed - room, state));
            }
        }
        blocking.sort_by_key(|(missing, _)| -missing);
        let Some((missing, _)) = blocking.first() else {
            return Ok(None);
        };
        let missing = *missing;
        let waits_for_others = blocking
            .iter()
            .all(|(missing, state)| *missing <= state.reserved_micro_usd);
        Ok(Some(Short {
            caps: blocking.into_iter().map(|(_, state)| state).collect(),
            needed,
            missing,
            waits_for_others,
        }))
    }

    async fn state_of(
        &self,
        cap: &AppliedCap,
        held: &HashMap<String, ReservedCall>,
    ) -> Result<CapState, Failure> {
        let project = cap.key.project_id.as_ref();
        let (window, spent) = match &cap.window {
            Window::None => (None, 0),
            Window::Operation(id) => (
                Some(id.as_str()),
                self.store
                    .spent_by_operation(id)
                    .await
                    .map_err(from_store)?,
            ),
            Window::Session(id) => (
                Some(id.as_str()),
                self.store.spent_by_session(id).await.map_err(from_store)?,
            ),
            Window::Period(period) => (
                Some(period.as_str()),
                self.store
                    .spent_in(period, project)
                    .await
                    .map_err(from_store)?,
            ),
        };
        let raised = match window {
            Some(window) => self
                .store
                .raised(&cap.key, window)
                .await
                .map_err(from_store)?,
            None => 0,
        };
        let reserved = held
            .values()
            .filter(|call| cap.holds(call))
            .filter_map(|call| call.micro_usd)
            .sum();
        Ok(CapState {
            cap: cap.key.clone(),
            limit_micro_usd: cap.limit,
            raised_micro_usd: raised,
            spent_micro_usd: spent,
            reserved_micro_usd: reserved,
            source: cap.source.clone(),
        })
    }

    /// Whether any cap counts for the call.
    pub async fn is_capped(&self, ask: &Ask) -> Result<bool, Failure> {
        Ok(!self.caps_on(ask, &local_day(now_ms())).await?.is_empty())
    }

    /// Why the call could not leave now, without holding anything; `what` is not done then.
    pub async fn obstacle(&self, ask: &Ask, what: &str) -> Result<Option<Failure>, Failure> {
        if ask.worst.is_none() && !ask.free && !self.settings.current().budget_allow_unpriced {
            return Ok(Some(unpriced(&ask.model)));
        }
        let short = self.would_lack(ask).await?;
        Ok(short.map(|short| no_money(what, &short)))
    }

    /// What would be in the way of the call now, without holding anything.
    pub async fn would_lack(&self, ask: &Ask) -> Result<Option<Short>, Failure> {
        let caps = self.caps_on(ask, &local_day(now_ms())).await?;
        let held = self.shared.held.lock().await;
        self.short(&caps, ask.worst.unwrap_or(0), &held).await
    }
}

impl AppliedCap {
    fn holds(&self, call: &ReservedCall) -> bool {
        let project = self.key.project_id.is_none() || self.key.project_id == call.project_id;
        project
            && match (&self.window, self.key.period) {
                (Window::Operation(id), _) => call.operation_id.as_ref() == Some(id),
                (Window::Session(id), _) => call.session_id.as_ref() == Some(id),
                (Window::Period(day), CapPeriod::Day) => call.day == *day,
                (Window::Period(month), _) => month_of(&call.day) == month,
                (Window::None, _) => false,
            }
    }
}

fn row(call: ReservedCall, ended: Ended) -> LedgerRow {
    let now = now_ms();
    let row = LedgerRow {
        session_id: call.session_id,
        operation_id: call.operation_id,
        project_id: call.project_id,
        call: call.call,
        // It was held on the day on which it left, and counts there.
        day: call.day,
        tier: call.tier,
        reserved_micro_usd: call.micro_usd,
        price_version: call.price_version,
        route: call.route,
        ..LedgerRow::new(now, &call.purpose, &call.provider, &call.model)
    };
    finished(row, ended)
}

fn finished(row: LedgerRow, ended: Ended) -> LedgerRow {
    LedgerRow {
        usage: ended.usage,
        cost_micro_usd: ended.cost,
        settlement: ended.settlement,
        cache_hit: ended.cache_hit,
        saved_micro_usd: ended.saved,
        prefix_saved_micro_usd: ended.prefix_saved,
        expected_cached_tokens: ended.expected_cached_tokens,
        prefix_break: ended.prefix_break,
        duration_ms: ended.duration_ms,
        outcome: ended.outcome,
        ..row
    }
}

/// A call that is not made because a cap has no room for it; `what` says which.
pub fn no_money(what: &str, short: &Short) -> Failure {
    Failure::new(
        Code::BudgetExceeded,
        format!(
            "{what}: {} are missing under a cap.",
            dollars(short.missing)
        ),
    )
    .hint("`mira budget` shows the caps; raise one, or use a local model.")
}

/// As it is stored and told.
pub fn wire_usage(usage: &mira_llm::Usage) -> Usage {
    Usage {
        input_tokens: usage.input,
        cached_tokens: usage.cached,
        cache_write_tokens: usage.cache_write,
        output_tokens: usage.output,
        reasoning_tokens: usage.reasoning,
    }
}

fn unpriced(model: &str) -> Failure {
    Failure::new(
        Code::BudgetExceeded,
        format!("{model} has no known price, so what it costs could not be counted."),
    )
    .hint(
        "Add its prices to models.json in the configuration folder (0 where nobody bills it), choose \
         another model, or allow such models with BUDGET_ALLOW_UNPRICED=true.",
    )
}
