//! Before a request leaves: an answer that was paid for already, or money held for a new one. Where
//! it does not fit a cap the operation pauses here until it does, or until the person chooses.

use std::sync::Arc;
use std::time::Instant;

use mira_llm::{Prompt, ToolChoice};
use mira_protocol::budget::{CheaperTier, Pause, PauseChoice, SessionCache};
use mira_protocol::operation::{Access, OperationState};
use mira_protocol::receipt::FragmentLine;
use mira_protocol::route::Purpose;
use mira_protocol::session::SessionRef;
use mira_protocol::{Code, EventKind, Failure, MicroUsd, UtcMs, dollars};

use mira_workspace::Workspace;

use super::context::Instructions;
use super::model_step::AskedCall;
use super::route::Routed;
use super::run::{Run, Stop, provider_name};
use super::{Operations, Toolbox};
use crate::budget::answers::{Kept, Place};
use crate::budget::prefix::{Outlook, Parts, hash_of, outlook};
use crate::budget::{Ask, Reservation, Short, Verdict, Waiting, price};
use crate::clock::now_ms;
use crate::ports::Resolved;
use crate::settings::Settings;

/// Output to reserve for where neither model nor setting limits it, in tokens.
const UNKNOWN_OUTPUT_TOKENS: u64 = 128_000;
/// What a provider may count beside the items, in tokens.
const SLACK_TOKENS: u64 = 64;

/// What stands before the conversation in every request of an operation.
pub(super) struct Fixed {
    pub text: Arc<str>,
    pub lines: Vec<FragmentLine>,
    /// Estimated, tools included.
    pub tokens: u64,
    hashes: Vec<(String, u64)>,
}

impl Fixed {
    pub fn new(instructions: Instructions, tools: &Toolbox) -> Self {
        let Instructions { text, lines } = instructions;
        let tokens = lines.iter().map(|line| line.tokens).sum::<u64>() + tools.receipt.tokens;
        let mut from = 0;
        let mut hashes: Vec<(String, u64)> = lines
            .iter()
            .map(|line| {
                let to = from + line.bytes as usize;
                let part = text.get(from..to).unwrap_or_default();
                from = to;
                (line.name.clone(), hash_of(part))
            })
            .collect();
        // What no line accounts for.
        hashes.push((
            "instructions".into(),
            hash_of(text.get(from..).unwrap_or_default()),
        ));
        hashes.push(("tools".into(), tools.hash));
        Self {
            text,
            lines,
            tokens,
            hashes,
        }
    }
}

/// Where the answer comes from.
pub(super) enum Source {
    Vendor(Reservation),
    /// Paid for before; what it cost then.
    Kept(Kept, MicroUsd),
}

/// A request that may leave.
pub(super) struct Paid {
    pub source: Source,
    pub ask: Ask,
    pub max_output_tokens: Option<u64>,
    pub outlook: Outlook,
    pub parts: Parts,
    /// Where its answer may be kept.
    pub place: Option<Place>,
}

impl Run<'_> {
    /// Finds the answer or the money for the next request. None: the person chose a cheaper tier.
    pub(super) async fn pay(
        &mut self,
        fixed: &Fixed,
        routed: &Routed,
        tool_choice: ToolChoice,
    ) -> Result<Option<Paid>, Stop> {
        self.catch_up().await?;
        let model = &routed.model;
        let settings = self.on.settings.current();
        let parts = self.parts(fixed, model);
        let last = self.last_request.as_ref();
        let outlook = outlook(last, now_ms(), &parts, |count| self.history.chain_at(count));
        let mut ask = Ask {
            session: Some(self.session()),
            operation: Some(self.operation()),
            project: Some(self.task.project.id.clone()),
            call: Some(self.calls + 1),
            tier: Some(routed.tier),
            max_cost: self.task.request.max_cost_micro_usd,
            route: Some(routed.decision.clone()),
            ..Ask::about(routed.decision.facts.purpose, model)
        };
        let capped = model.prices.is_some() && self.on.budget.is_capped(&ask).await?;
        let max_output_tokens = capped.then(|| output_limit(model, &settings));

        // No tool of this operation has run yet: nothing that it did is pending.
        let mut place = None;
        if self.calls == 0 && !self.history.has_steering() {
            let prompt = self.prompt(fixed, model, tool_choice, max_output_tokens);
            let project = Some(&self.task.project.id);
            let provider = provider_name(model);
            place = self.on.budget.place(model, &provider, &prompt, project);
            if let Some(place) = &place
                && let Some((kept, cost)) = self.on.budget.kept_answer(place).await?
            {
                return Ok(Some(Paid {
                    source: Source::Kept(kept, cost),
                    ask,
                    max_output_tokens,
                    outlook: Outlook::default(),
                    parts,
                    place: None,
                }));
            }
        }
        ask.input_tokens = match outlook.counted {
            Some((tokens, items)) if tokens > 0 => {
                tokens + SLACK_TOKENS + self.history.bound_from(items)
            }
            _ => {
                let bare = Prompt {
                    items: Vec::new(),
                    ..self.prompt(fixed, model, tool_choice, None)
                };
                bare.token_bound() + SLACK_TOKENS + self.history.bound_from(0)
            }
        };
        ask.worst = model.prices.map(|prices| {
            let output = max_output_tokens
                .or(model.max_output_tokens)
                .unwrap_or(UNKNOWN_OUTPUT_TOKENS);
            price::worst(&prices, ask.input_tokens, output)
        });
        let Some(reservation) = self.hold(&ask, routed).await? else {
            return Ok(None);
        };
        Ok(Some(Paid {
            source: Source::Vendor(reservation),
            ask,
            max_output_tokens,
            outlook,
            parts,
            place,
        }))
    }

    pub(super) fn prompt(
        &self,
        fixed: &Fixed,
        model: &Resolved,
        tool_choice: ToolChoice,
        max_output_tokens: Option<u64>,
    ) -> Prompt {
        Prompt {
            model: model.id.clone(),
            instructions: fixed.text.clone(),
            tools: self.on.tools.specs.clone(),
            items: self.history.items_for(model.accepts_images).collect(),
            tool_choice,
            effort: model.effort.clone(),
            max_output_tokens,
            cache_key: self.task.session.0.clone(),
        }
    }

    fn parts(&self, fixed: &Fixed, model: &Resolved) -> Parts {
        let items = self.history.len() as u64;
        Parts {
            provider: provider_name(model),
            model: model.id.clone(),
            effort: model.effort.clone(),
            fragments: fixed.hashes.clone(),
            items,
            chain: self.history.chain_at(items).unwrap_or(0),
        }
    }

    /// Holds the money, waiting for it where it must. None: a cheaper tier was chosen.
    async fn hold(&mut self, ask: &Ask, routed: &Routed) -> Result<Option<Reservation>, Stop> {
        let budget = self.on.budget.clone();
        let mut wait: Option<(Waiting, Pause, Instant)> = None;
        loop {
            let changed = budget.changed();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            match budget.reserve(ask).await? {
                Verdict::Granted(reservation) => {
                    if let Some((waiting, _, since)) = wait {
                        self.resume(waiting.raised(), since).await?;
                    }
                    return Ok(Some(reservation));
                }
                Verdict::Short(short) => {
                    let pause = self.pause(&short, routed, wait.as_ref().map(|(_, p, _)| p.since));
                    match &mut wait {
                        None => {
                            // In the list before anybody hears of it: the answer may come at once.
                            let waiting = budget.wait(pause.clone());
                            self.tell_pause(&pause).await?;
                            wait = Some((waiting, pause, Instant::now()));
                        }
                        Some((_, known, _)) => {
                            let reason = |pause: &Pause| {
                                let caps: Vec<_> =
                                    pause.caps.iter().map(|c| c.cap.clone()).collect();
                                (pause.waits_for_others, caps)
                            };
                            if reason(known) != reason(&pause) {
                                self.tell_pause(&pause).await?;
                            }
                            budget.waits_still(pause.clone());
                            *known = pause;
                        }
                    }
                }
            }
            let Some((waiting, pause, since)) = &mut wait else {
                continue;
            };
            tokio::select! {
                () = self.cancel.cancelled() => return Err(Stop::Cancelled),
                () = &mut changed => {}
                choice = waiting.choice() => match choice {
                    Some(PauseChoice::Stop) => {
                        let failure = stopped(pause);
                        self.resume(choice, *since).await?;
                        return Err(Stop::Failed(failure));
                    }
                    _ => {
                        self.routing.cheaper = pause.cheaper.as_ref().map(|other| other.tier);
                        self.resume(choice, *since).await?;
                        return Ok(None);
                    }
                },
            }
        }
    }

    async fn tell_pause(&mut self, pause: &Pause) -> Result<(), Failure> {
        let reason = if pause.waits_for_others {
            "waits for money that other calls hold"
        } else {
            "waits for you: the next call does not fit the budget"
        };
        self.enter(OperationState::Paused, Some(reason.to_owned()))
            .await?;
        self.log(EventKind::BudgetPaused {
            pause: pause.clone(),
        })
        .await?;
        self.signal_activity(reason.to_owned());
        self.on.events.topic(mira_protocol::Topic::Budget);
        Ok(())
    }

    async fn resume(&mut self, choice: Option<PauseChoice>, since: Instant) -> Result<(), Failure> {
        self.log(EventKind::BudgetResumed {
            choice,
            waited_ms: since.elapsed().as_millis() as u64,
        })
        .await
    }

    fn pause(&self, short: &Short, routed: &Routed, since: Option<UtcMs>) -> Pause {
        Pause {
            operation_id: self.operation(),
            session_id: self.session(),
            since: since.unwrap_or_else(now_ms),
            caps: short.caps.clone(),
            needed_micro_usd: short.needed,
            missing_micro_usd: short.missing,
            tier: routed.tier,
            model: routed.model.id.clone(),
            waits_for_others: short.waits_for_others,
            cheaper: self.cheaper(short, routed),
        }
    }

    /// Of the tiers on which the same call costs less: the dearest that fits now, else the cheapest.
    fn cheaper(&self, short: &Short, routed: &Routed) -> Option<CheaperTier> {
        let settings = self.on.settings.current();
        let mine = routed.model.prices?;
        let tokens = routed.decision.facts.prompt_tokens;
        let own = price::worst(&mine, tokens, output_limit(&routed.model, &settings)).max(1);
        let mut others: Vec<CheaperTier> = Vec::new();
        for other in &self.routing.tiers {
            let Some(prices) = other.model.prices else {
                continue;
            };
            let worst = price::worst(&prices, tokens, output_limit(&other.model, &settings));
            if worst < own {
                // Its bound is to the estimate as this call's bound is to its own.
                let scaled = i128::from(short.needed) * i128::from(worst) / i128::from(own);
                others.push(CheaperTier {
                    tier: other.tier,
                    model: other.model.id.clone(),
                    worst_micro_usd: scaled as MicroUsd,
                });
            }
        }
        others.sort_by_key(|other| other.worst_micro_usd);
        let room = short.needed - short.missing;
        let fits = others
            .iter()
            .rposition(|other| other.worst_micro_usd <= room);
        (!others.is_empty()).then(|| others.swap_remove(fits.unwrap_or(0)))
    }

    /// Files that the calls will tell the model whole.
    pub(super) fn told_files(&self, calls: &[AskedCall]) -> Vec<String> {
        calls
            .iter()
            .filter(|call| call.tool == "read_project_file")
            .filter_map(|call| Some(call.arguments.get("path")?.as_str()?.to_owned()))
            .collect()
    }

    /// Notes which files the model has seen, as they were.
    pub(super) async fn note_files(&self, paths: Vec<String>) -> Result<(), Failure> {
        for path in paths {
            if let Some(content) = content(&self.workspace, &path).await {
                self.on
                    .budget
                    .note_file(&self.task.session, &path, &content, now_ms())
                    .await?;
            }
        }
        Ok(())
    }
}

impl Operations {
    /// What the provider can have cached of a session, and the files that the model has seen.
    pub async fn session_cache(&self, request: SessionRef) -> Result<SessionCache, Failure> {
        let session = self
            .store
            .session(&request.session_id)
            .await
            .map_err(crate::failure::from_store)?;
        let mut files = Vec::new();
        let told = self.budget.told_files(&session.id).await?;
        let workspace = match &session.project_id {
            Some(id) => {
                let project = self.projects.get_by_id(id).await?;
                // A folder that is gone has no files: all of them changed.
                self.workspace(&project, Access::Read).ok()
            }
            None => None,
        };
        for file in told {
            let now = match &workspace {
                Some(workspace) => content(workspace, &file.path).await,
                None => None,
            };
            files.push(file.compared(now.as_deref()));
        }
        Ok(SessionCache {
            state: self
                .budget
                .last_request(&session.id)
                .await?
                .map(|(state, _)| state),
            files,
        })
    }
}

impl Ask {
    /// A call of this model for that purpose, nothing else known yet.
    pub(super) fn about(purpose: Purpose, model: &Resolved) -> Self {
        Self {
            provider: provider_name(model),
            model: model.id.clone(),
            price_version: price::version(model.prices.as_ref()),
            free: model.free,
            ..Self::of(purpose)
        }
    }
}

/// The most that one answer may have where a cap holds.
pub(super) fn output_limit(model: &Resolved, settings: &Settings) -> u64 {
    settings
        .output_limit_tokens
        .min(model.max_output_tokens.unwrap_or(u64::MAX))
}

fn stopped(pause: &Pause) -> Failure {
    let needed = dollars(pause.needed_micro_usd);
    let message = match pause.caps.first() {
        Some(cap) => {
            use mira_protocol::budget::CapPeriod;
            let whole = match cap.cap.period {
                CapPeriod::Operation => "this operation",
                CapPeriod::Session => "this session",
                CapPeriod::Day => "today",
                CapPeriod::Month => "this month",
            };
            format!(
                "The limit for {whole} is {}; {} is spent, {} is held for other calls, and the next \
                 call may cost up to {needed}.",
                dollars(cap.limit_micro_usd + cap.raised_micro_usd),
                dollars(cap.spent_micro_usd),
                dollars(cap.reserved_micro_usd),
            )
        }
        None => format!("The next call may cost up to {needed}, and there is no money for it."),
    };
    let raise = pause
        .caps
        .first()
        .map_or("the cap".to_owned(), |cap| match cap.source.as_str() {
            "project" => "the project's cap".to_owned(),
            name => name.to_owned(),
        });
    Failure::new(Code::BudgetExceeded, message).hint(format!("Raise {raise}, then resume."))
}

/// A file as the workspace lets it be read; None where it does not, or where it is no text.
async fn content(workspace: &Arc<Workspace>, path: &str) -> Option<String> {
    let (workspace, path) = (workspace.clone(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || workspace.read(&path));
    String::from_utf8(read.await.ok()?.ok()?.bytes).ok()
}
