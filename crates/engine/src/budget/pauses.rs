//! Operations that wait for money, and what the person decides for them.

use std::sync::{MutexGuard, PoisonError};

use mira_protocol::budget::{
    CapPeriod, CapState, DecidePause, Pause, PauseChoice, PauseList, SetCap,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, MicroUsd, OperationId};
use mira_store::{local_day, month_of};
use tokio::sync::mpsc;

use super::Budget;
use super::caps::MAX_COST;
use crate::clock::now_ms;

pub(super) struct Entry {
    pause: Pause,
    /// What ends the wait by itself: a cheaper tier, or stopping.
    choices: mpsc::UnboundedSender<PauseChoice>,
    /// A raise, by which the call fits now.
    raised: Option<PauseChoice>,
}

/// A place in the list of those that wait; gone when dropped.
pub struct Waiting {
    budget: Budget,
    operation: OperationId,
    choices: mpsc::UnboundedReceiver<PauseChoice>,
}

impl Waiting {
    /// A cheaper tier, or stop.
    pub async fn choice(&mut self) -> Option<PauseChoice> {
        self.choices.recv().await
    }

    /// The raise that the person chose for it, if any.
    pub fn raised(&self) -> Option<PauseChoice> {
        self.budget.pauses_lock().get(&self.operation)?.raised
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.budget.pauses_lock().remove(&self.operation);
    }
}

impl Budget {
    /// Puts an operation in the list of those that wait.
    pub fn wait(&self, pause: Pause) -> Waiting {
        let (sender, choices) = mpsc::unbounded_channel();
        let operation = pause.operation_id.clone();
        let entry = Entry {
            pause,
            choices: sender,
            raised: None,
        };
        self.pauses_lock().insert(operation.clone(), entry);
        Waiting {
            budget: self.clone(),
            operation,
            choices,
        }
    }

    /// It still waits, for something else.
    pub fn waits_still(&self, pause: Pause) {
        if let Some(entry) = self.pauses_lock().get_mut(&pause.operation_id) {
            entry.pause = pause;
        }
    }

    pub fn pauses(&self) -> PauseList {
        let mut pauses: Vec<Pause> = self
            .pauses_lock()
            .values()
            .map(|entry| entry.pause.clone())
            .collect();
        pauses.sort_by_key(|pause| pause.since);
        PauseList { pauses }
    }

    /// The person's choice for one that waits.
    pub async fn decide(&self, request: DecidePause) -> Result<Nothing, Failure> {
        let id = &request.operation_id;
        let pause = self
            .pauses_lock()
            .get(id)
            .map(|entry| entry.pause.clone())
            .ok_or_else(|| {
                Failure::new(Code::Conflict, "This operation does not wait for money.")
                    .hint("`mira budget pauses` lists those that do.")
            })?;
        let choice = request.choice;
        match choice {
            PauseChoice::RaiseOnce | PauseChoice::RaiseForGood => {
                self.mark_raised(id, Some(choice));
                let amount = request.amount_micro_usd;
                let raised = match choice {
                    PauseChoice::RaiseOnce => self.raise_once(&pause, amount).await,
                    _ => self.raise_for_good(&pause, amount).await,
                };
                if let Err(failure) = raised {
                    self.mark_raised(id, None);
                    return Err(failure);
                }
            }
            PauseChoice::CheaperTier if pause.cheaper.is_none() => {
                return Err(Failure::new(
                    Code::Conflict,
                    "There is no cheaper tier for this call.",
                )
                .hint("Raise the cap, or stop."));
            }
            PauseChoice::CheaperTier | PauseChoice::Stop => {
                if let Some(entry) = self.pauses_lock().get(id) {
                    // It may have gone on in this moment; then nobody hears it.
                    let _ = entry.choices.send(choice);
                }
            }
        }
        self.announce();
        Ok(Nothing {})
    }

    fn mark_raised(&self, id: &OperationId, raised: Option<PauseChoice>) {
        if let Some(entry) = self.pauses_lock().get_mut(id) {
            entry.raised = raised;
        }
    }

    async fn raise_once(&self, pause: &Pause, amount: Option<MicroUsd>) -> Result<(), Failure> {
        positive(amount)?;
        for cap in &pause.caps {
            let by = amount.unwrap_or_else(|| round_up(missing(cap, pause), 10_000));
            if by > 0 {
                self.raise_window(&cap.cap, &window(cap, pause), by).await?;
            }
        }
        Ok(())
    }

    async fn raise_for_good(&self, pause: &Pause, amount: Option<MicroUsd>) -> Result<(), Failure> {
        positive(amount)?;
        for cap in &pause.caps {
            // What was added to the old cap of a day or a month goes with it.
            let added = match cap.cap.period {
                CapPeriod::Day | CapPeriod::Month => cap.raised_micro_usd,
                CapPeriod::Operation | CapPeriod::Session => 0,
            };
            let enough = cap.limit_micro_usd + added + missing(cap, pause);
            let limit = amount.unwrap_or_else(|| round_up(enough, 100_000));
            if cap.source == MAX_COST {
                // It was given with the message alone: there is nothing to set but this once.
                let by = limit - cap.limit_micro_usd - cap.raised_micro_usd;
                if by > 0 {
                    self.raise_window(&cap.cap, &window(cap, pause), by).await?;
                }
                continue;
            }
            self.set_cap(SetCap {
                period: cap.cap.period,
                project_id: cap.cap.project_id.clone(),
                limit_micro_usd: Some(limit),
            })
            .await?;
        }
        Ok(())
    }

    pub(super) fn pauses_lock(
        &self,
    ) -> MutexGuard<'_, std::collections::HashMap<OperationId, Entry>> {
        self.shared
            .pauses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn positive(amount: Option<MicroUsd>) -> Result<(), Failure> {
    match amount {
        Some(amount) if amount <= 0 => Err(Failure::new(
            Code::BadParams,
            "A cap is raised by more than nothing.",
        )),
        _ => Ok(()),
    }
}

/// What a cap lacks for the call, held money of others counted as spent.
fn missing(cap: &CapState, pause: &Pause) -> MicroUsd {
    let room =
        cap.limit_micro_usd + cap.raised_micro_usd - cap.spent_micro_usd - cap.reserved_micro_usd;
    (pause.needed_micro_usd - room).max(0)
}

fn window(cap: &CapState, pause: &Pause) -> String {
    let day = local_day(now_ms());
    match cap.cap.period {
        CapPeriod::Operation => pause.operation_id.0.clone(),
        CapPeriod::Session => pause.session_id.0.clone(),
        CapPeriod::Day => day,
        CapPeriod::Month => month_of(&day).to_owned(),
    }
}

fn round_up(amount: MicroUsd, to: MicroUsd) -> MicroUsd {
    amount.div_euclid(to) * to + if amount.rem_euclid(to) > 0 { to } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::round_up;

    #[test]
    fn amounts_are_rounded_up_to_coins() {
        assert_eq!(round_up(0, 10_000), 0);
        assert_eq!(round_up(1, 10_000), 10_000);
        assert_eq!(round_up(10_000, 10_000), 10_000);
        assert_eq!(round_up(10_001, 10_000), 20_000);
    }
}
