//! After a request: what it cost, in the ledger and against its reservation.

use std::time::Instant;

use mira_llm::Prompt;
use mira_protocol::budget::{CallMoney, Settlement};
use mira_protocol::operation::Usage;
use mira_protocol::{Failure, MicroUsd};

use super::model_step::Answer;
use super::pay::{Paid, Source};
use super::run::Run;
use crate::budget::{Ended, price};
use crate::clock::now_ms;
use crate::ports::Resolved;

/// Bytes of one token of an answer that broke off, at least: an estimate that is rather too dear.
const BYTES_PER_TOKEN: u64 = 3;

/// A request on its way.
pub(super) struct Begun {
    pub since: Instant,
    pub paid: Paid,
    /// Estimated.
    input_tokens: u64,
}

/// What a call came to.
pub(super) struct Settled {
    pub usage: Usage,
    pub cost: Option<MicroUsd>,
    pub money: CallMoney,
}

impl Run<'_> {
    pub(super) fn begun(&self, prompt: &Prompt, mut paid: Paid) -> Begun {
        let items = prompt.items.len() as u64;
        // A message that came while the money was looked for is in the prompt now.
        if items != paid.parts.items {
            paid.place = None;
            paid.parts.items = items;
            paid.parts.chain = self.history.chain_at(items).unwrap_or(0);
        }
        Begun {
            since: Instant::now(),
            input_tokens: prompt.estimated_tokens(),
            paid,
        }
    }

    /// An attempt broke off and is made again. False: there is no money for another one.
    pub(super) async fn settle_attempt(
        &mut self,
        model: &Resolved,
        answer: &Answer,
        begun: &Begun,
    ) -> Result<bool, Failure> {
        let Source::Vendor(reservation) = &begun.paid.source else {
            return Ok(true);
        };
        let mut ended = if answer.arrived_bytes == 0 {
            // It was refused, or nobody was there.
            Ended::for_nothing(model.prices.as_ref(), "error")
        } else {
            self.kept(model, answer, begun, "broken")
        };
        ended.duration_ms = begun.since.elapsed().as_millis() as u64;
        self.cost += ended.cost.unwrap_or(0);
        self.on.budget.again(reservation, ended).await
    }

    /// Settles the call; `refused`: the provider said no, which costs nothing.
    pub(super) async fn settle(
        &mut self,
        model: &Resolved,
        answer: &Answer,
        finish: &str,
        refused: bool,
        begun: Begun,
    ) -> Result<Settled, Failure> {
        let duration_ms = begun.since.elapsed().as_millis() as u64;
        let reported = answer.usage != mira_llm::Usage::default();
        let mut ended = match &begun.paid.source {
            Source::Kept(_, cost) => Ended {
                cache_hit: true,
                saved: *cost,
                ..Ended::new(Usage::default(), Some(0), finish)
            },
            Source::Vendor(_) if reported => {
                Ended::reported(&answer.usage, model.prices.as_ref(), finish)
            }
            Source::Vendor(_) if refused => Ended::for_nothing(model.prices.as_ref(), finish),
            Source::Vendor(_) => self.kept(model, answer, &begun, finish),
        };
        ended.duration_ms = duration_ms;
        if let (Some(prices), true) = (model.prices, reported) {
            ended.prefix_saved = price::saved_by_prefix(&prices, &answer.usage);
            ended.expected_cached_tokens = Some(begun.paid.outlook.expected_cached);
            ended.prefix_break = begun.paid.outlook.broken_by.clone();
        }
        let (usage, cost) = (ended.usage, ended.cost);
        self.usage += usage;
        self.cost += cost.unwrap_or(0);
        let mut money = CallMoney {
            ledger_id: 0,
            settlement: ended.settlement,
            reserved_micro_usd: None,
            cache_hit: ended.cache_hit,
            saved_micro_usd: ended.saved,
            expected_cached_tokens: ended.expected_cached_tokens,
            prefix_break: ended.prefix_break.clone(),
        };
        let budget = self.on.budget.clone();
        money.ledger_id = match begun.paid.source {
            Source::Vendor(reservation) => {
                money.reserved_micro_usd = reservation.micro_usd();
                budget.settle(reservation, ended).await?
            }
            Source::Kept(..) => budget.record(&begun.paid.ask, ended).await?,
        };
        if reported {
            let last = self.last_request.take();
            let state = budget
                .note_request(
                    &self.task.session,
                    last.as_ref().map(|(state, _)| state),
                    &begun.paid.parts,
                    &begun.paid.outlook,
                    &answer.usage,
                    now_ms(),
                )
                .await?;
            self.last_request = Some((state, begun.paid.parts));
        }
        if let (Some(place), Some(cost), "stop", true) = (begun.paid.place, cost, finish, reported)
            && let Some(kept) = answer.kept()
        {
            let masker = &self.on.masker;
            budget.keep_answer(place, &kept, cost, masker).await?;
        }
        Ok(Settled { usage, cost, money })
    }

    /// A call of whose cost the provider told nothing: an estimate that stays spent until it is
    /// reconciled, never more than what was reserved.
    fn kept(&self, model: &Resolved, answer: &Answer, begun: &Begun, outcome: &str) -> Ended {
        let Some(prices) = model.prices else {
            return Ended::new(Usage::default(), None, outcome);
        };
        let output = answer.arrived_bytes.div_ceil(BYTES_PER_TOKEN);
        let estimate = price::expected(&prices, begun.input_tokens, output);
        let reserved = match &begun.paid.source {
            Source::Vendor(reservation) => reservation.micro_usd().unwrap_or(estimate),
            Source::Kept(..) => 0,
        };
        let cost = estimate.min(reserved);
        Ended {
            settlement: if cost == 0 {
                Settlement::Settled
            } else {
                Settlement::Kept
            },
            ..Ended::new(Usage::default(), Some(cost), outcome)
        }
    }
}
