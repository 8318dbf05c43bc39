//! Where the next call of an operation goes; and what the router says when it is asked.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use mira_protocol::event::NoticeLevel;
use mira_protocol::operation::Tier;
use mira_protocol::route::{
    ExplainRoute, Purpose, RouteChoices, RouteChoicesOf, RouteDecision, RouteDecisions,
    RouteDecisionsOf, RouteExplanation, RouteOutcomes, SetRouteChoice, TierCost,
};
use mira_protocol::{Code, EventKind, Failure, ProjectId, SessionId, StoredEvent};

use super::choices::Choices;
use super::run::{Run, Stop, provider_name};
use super::{Operations, context, pay};
use crate::budget::{Ask, price};
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::ports::{Resolved, Want};
use crate::routing::{self, Choice, Facts, outcomes};
use crate::settings::Settings;

const TIERS: [Tier; 4] = [Tier::Fast, Tier::Voice, Tier::Code, Tier::Agentic];
/// Output to expect where no call of the kind was made yet, in tokens.
const USUAL_OUTPUT: u64 = 600;
/// What other tiers would cost must not hold the answer up.
const OTHERS_PATIENCE: Duration = Duration::from_millis(300);
/// The newest operations that outcomes are counted over, and how far back, in milliseconds.
const OUTCOMES: u32 = 2_000;
const OUTCOMES_AGE_MS: i64 = 90 * 86_400_000;

/// What an operation remembers of its routes.
#[derive(Default)]
pub(super) struct Routing {
    /// Of the session and of the project.
    choices: Option<(Choice, Choice)>,
    pub tiers: Vec<TierModel>,
    current: Option<(Option<String>, Routed)>,
    /// Chosen because the money did not suffice.
    pub cheaper: Option<Tier>,
    /// Files that the operation changed.
    changed: HashSet<String>,
}

impl Routing {
    /// What the model that answers now was asked for as.
    pub fn want(&self, routed: &Routed) -> Want {
        Want {
            tier: routed.tier,
            model: self.current.as_ref().and_then(|(model, _)| model.clone()),
        }
    }

    /// Another model goes on, as long as the route stays the same.
    pub fn instead(&mut self, model: Resolved) {
        if let Some((_, routed)) = &mut self.current {
            routed.model = model;
        }
    }
}

/// The model of a tier and what its calls usually put out, in tokens.
pub(super) struct TierModel {
    pub tier: Tier,
    pub model: Resolved,
    usual_output: u64,
}

/// Where a call goes.
#[derive(Clone)]
pub(super) struct Routed {
    pub tier: Tier,
    pub model: Resolved,
    pub decision: RouteDecision,
}

impl Routing {
    pub fn note(&mut self, event: &StoredEvent) {
        if let EventKind::ToolResult { changes, .. } = &event.kind {
            let paths = changes.iter().map(|change| change.path.clone());
            self.changed.extend(paths);
        }
    }
}

impl Run<'_> {
    /// The route of the next call; told where it is the first or another one than before.
    pub(super) async fn route(&mut self, fixed_tokens: u64) -> Result<Routed, Stop> {
        let on = self.on;
        let request = &self.task.request;
        if self.routing.choices.is_none() {
            let (session, project) = (&self.task.session, Some(&self.task.project.id));
            self.routing.choices = Some(on.choices_of(Some(session), project).await?);
        }
        let (session_choice, project_choice) = self.routing.choices.clone().unwrap_or_default();
        let prompt_tokens = fixed_tokens + self.history.tokens();
        let attached = request.attachments.iter();
        let attached = attached.filter(|file| file.path.is_some()).count();
        let current = self.routing.current.as_ref().map(|(_, routed)| routed.tier);
        let facts = Facts {
            purpose: if current.is_none() {
                Purpose::Chat
            } else {
                Purpose::Continuation
            },
            message_choice: Choice {
                tier: request.tier,
                model: request.model.clone(),
            },
            session_choice,
            project_choice,
            cheaper: self.routing.cheaper,
            files: (attached + self.routing.changed.len()) as u32,
            current,
            ..facts(&request.content, prompt_tokens, &on.settings.current())
        };
        let route = routing::choose(&facts);
        let same = self
            .routing
            .current
            .as_ref()
            .filter(|(model, routed)| routed.tier == route.tier && *model == route.model);
        let (model, is_new) = match same {
            Some((_, routed)) => (routed.model.clone(), false),
            None => {
                let want = Want {
                    tier: route.tier,
                    model: route.model.clone(),
                };
                (self.until_cancelled(on.models.resolve(&want)).await?, true)
            }
        };
        if self.routing.tiers.is_empty() {
            self.routing.tiers = on.tiers(facts.purpose).await;
        }
        let tiers = costs(&self.routing.tiers, prompt_tokens, &on.settings.current());
        let decision = decision(&facts, &route, &model, tiers);
        let routed = Routed {
            tier: route.tier,
            model,
            decision,
        };
        if is_new {
            self.tell_route(&routed).await?;
        }
        self.routing.current = Some((route.model, routed.clone()));
        Ok(routed)
    }

    /// The route of condensing: to the model that goes on, since nobody else could read it.
    pub(super) fn route_of_condensing(
        &self,
        model: &Resolved,
        prompt_tokens: u64,
    ) -> RouteDecision {
        let settings = self.on.settings.current();
        let facts = Facts {
            only_model: Some(model.id.clone()),
            prompt_tokens,
            current: self.routing.current.as_ref().map(|(_, routed)| routed.tier),
            ..Facts::of(Purpose::Summary, &settings)
        };
        let route = routing::choose(&facts);
        let tiers = costs(&self.routing.tiers, prompt_tokens, &settings);
        decision(&facts, &route, model, tiers)
    }

    async fn tell_route(&mut self, routed: &Routed) -> Result<(), Failure> {
        self.log(EventKind::Routed {
            tier: routed.tier,
            model: routed.model.id.clone(),
            provider: provider_name(&routed.model),
            reason: routed.decision.reason.clone(),
            decision: Some(Box::new(routed.decision.clone())),
        })
        .await?;
        match &routed.model.notice {
            Some(text) => {
                self.notice(NoticeLevel::Warning, "model_retired", text.clone(), None)
                    .await
            }
            None => Ok(()),
        }
    }
}

impl Operations {
    /// What the router would do with a message, and whether the money suffices. The code index is
    /// asked for it, as when it is sent.
    pub async fn explain(&self, request: ExplainRoute) -> Result<RouteExplanation, Failure> {
        let session = request.session_id.as_ref();
        let project = self.place_of(session, request.project_id.as_ref()).await?;
        let related = match &project {
            Some(project) => self.related(&request.content, &[], session, project).await,
            None => None,
        };
        let beside = related.map_or(0, |fragment| fragment.tokens);
        self.explained(request, beside).await
    }

    /// As [`Self::explain`], with so many tokens beside the message's own words.
    pub(super) async fn explained(
        &self,
        request: ExplainRoute,
        beside: u64,
    ) -> Result<RouteExplanation, Failure> {
        let settings = self.settings.current();
        let session = match &request.session_id {
            Some(id) => Some(self.store.session(id).await.map_err(from_store)?),
            None => None,
        };
        let project = self
            .place_of(request.session_id.as_ref(), request.project_id.as_ref())
            .await?;
        let project_id = project.as_ref().map(|project| project.id.clone());
        let mut fixed_tokens = self.tools.receipt.tokens;
        if let Some(project) = &project {
            let workspace = self.workspace(project, Default::default())?;
            let choices = match &session {
                Some(session) => self.context_choices(&session.id).await?,
                None => Choices::default(),
            };
            let guidelines = self.projects.guidelines_for(project, None);
            let (guidelines, left_out) = choices.part_guidelines(guidelines);
            let chosen = context::Chosen {
                guidelines,
                left_out,
                pinned: choices.read_pinned(&workspace, &self.masker).await?,
            };
            let made = context::instructions(workspace.root(), Default::default(), &chosen, "");
            fixed_tokens += made.lines.iter().map(|line| line.tokens).sum::<u64>();
        }
        let mut history_tokens = 0;
        if let Some(session) = &session {
            let history = self.take_history(&session.id).await?;
            history_tokens = history.tokens();
            self.keep_history(&session.id, history);
        }
        let message_tokens = (request.content.len() as u64).div_ceil(4).max(1);
        let prompt_tokens = fixed_tokens + history_tokens + message_tokens + beside;
        let (session_choice, project_choice) = self
            .choices_of(request.session_id.as_ref(), project_id.as_ref())
            .await?;
        let facts = Facts {
            message_choice: Choice {
                tier: request.tier,
                model: request.model,
            },
            session_choice,
            project_choice,
            files: request.files,
            ..facts(&request.content, prompt_tokens, &settings)
        };
        let route = routing::choose(&facts);
        let want = Want {
            tier: route.tier,
            model: route.model.clone(),
        };
        let model = self.models.resolve(&want).await?;
        let tiers = costs(&self.tiers(Purpose::Chat).await, prompt_tokens, &settings);
        let ask = Ask {
            project: project_id,
            session: request.session_id,
            worst: model.prices.map(|prices| {
                price::worst(&prices, prompt_tokens, pay::output_limit(&model, &settings))
            }),
            ..Ask::about(Purpose::Chat, &model)
        };
        let short = self.budget.would_lack(&ask).await?;
        Ok(RouteExplanation {
            decision: decision(&facts, &route, &model, tiers),
            rules: routing::checks(&facts),
            blocked_by: short.and_then(|short| short.caps.into_iter().next()),
        })
    }

    /// How an operation's calls were routed.
    pub async fn decisions(&self, request: RouteDecisionsOf) -> Result<RouteDecisions, Failure> {
        self.row(&request.operation_id).await?;
        let decisions = self.store.route_decisions(&request.operation_id).await;
        Ok(RouteDecisions {
            decisions: decisions.map_err(from_store)?,
        })
    }

    /// How routed operations ended, and what that says of the thresholds.
    pub async fn outcomes(&self) -> Result<RouteOutcomes, Failure> {
        let settings = self.settings.current();
        let ended = self
            .store
            .routed_operations(now_ms() - OUTCOMES_AGE_MS, OUTCOMES)
            .await
            .map_err(from_store)?;
        let now = outcomes::Thresholds {
            tokens: settings.route_code_token_threshold,
            files: settings.route_code_file_count,
        };
        Ok(outcomes::count(&ended, now))
    }

    pub async fn choices(&self, request: RouteChoicesOf) -> Result<RouteChoices, Failure> {
        let of = async |id: Option<&str>| match id {
            Some(id) => self.store.route_choice(id).await.map_err(from_store),
            None => Ok(Default::default()),
        };
        let mut project = request.project_id.clone();
        if let (None, Some(session)) = (&project, &request.session_id) {
            let session = self.store.session(session).await.map_err(from_store)?;
            project = session.project_id;
        }
        Ok(RouteChoices {
            session: of(request.session_id.as_ref().map(SessionId::as_str)).await?,
            project: of(project.as_ref().map(ProjectId::as_str)).await?,
        })
    }

    /// Chooses tier and model for a session or a project, until it is changed.
    pub async fn choose(&self, request: SetRouteChoice) -> Result<RouteChoices, Failure> {
        let id = match (&request.session_id, &request.project_id) {
            (Some(session), None) => self.store.session(session).await.map_err(from_store)?.id.0,
            (None, Some(project)) => self.projects.get_by_id(project).await?.id.0,
            _ => {
                return Err(Failure::new(
                    Code::BadParams,
                    "A choice is for a session or for a project: name one of the two.",
                ));
            }
        };
        let model = request.model.as_deref().map(str::trim);
        let model = model.filter(|model| !model.is_empty());
        self.store
            .set_route_choice(&id, request.tier, model, now_ms())
            .await
            .map_err(from_store)?;
        self.events.topic(mira_protocol::Topic::Sessions);
        self.choices(RouteChoicesOf {
            session_id: request.session_id,
            project_id: request.project_id,
        })
        .await
    }

    async fn choices_of(
        &self,
        session: Option<&SessionId>,
        project: Option<&ProjectId>,
    ) -> Result<(Choice, Choice), Failure> {
        let choices = self
            .choices(RouteChoicesOf {
                session_id: session.cloned(),
                project_id: project.cloned(),
            })
            .await?;
        let of = |choice: mira_protocol::route::RouteChoice| Choice {
            tier: choice.tier,
            model: choice.model,
        };
        Ok((of(choices.session), of(choices.project)))
    }

    /// Who answers a side request about a project. `told` makes of the model how many tokens it is
    /// told, about; the tiers are compared for as many.
    pub(super) async fn side_route<T>(
        &self,
        purpose: Purpose,
        project: &ProjectId,
        told: impl FnOnce(&Resolved) -> (u64, T),
    ) -> Result<(Routed, T), Failure> {
        let settings = self.settings.current();
        let (_, project_choice) = self.choices_of(None, Some(project)).await?;
        let mut facts = Facts {
            project_choice,
            ..Facts::of(purpose, &settings)
        };
        let route = routing::choose(&facts);
        let want = Want {
            tier: route.tier,
            model: route.model.clone(),
        };
        let model = self.models.resolve(&want).await?;
        let (tokens, made) = told(&model);
        facts.prompt_tokens = tokens;
        let tiers = costs(&self.tiers(purpose).await, tokens, &settings);
        let routed = Routed {
            tier: route.tier,
            decision: decision(&facts, &route, &model, tiers),
            model,
        };
        Ok((routed, made))
    }

    /// The model of every tier that can be asked now.
    pub(super) async fn tiers(&self, purpose: Purpose) -> Vec<TierModel> {
        let each = TIERS.map(|tier| async move {
            let want = Want { tier, model: None };
            let resolve = self.models.resolve(&want);
            let model = tokio::time::timeout(OTHERS_PATIENCE, resolve)
                .await
                .ok()?
                .ok()?;
            let word = format!("{tier:?}").to_lowercase();
            let usual = self.store.usual_output(purpose.word(), &word).await;
            Some(TierModel {
                tier,
                model,
                usual_output: usual.ok().flatten().unwrap_or(USUAL_OUTPUT),
            })
        });
        join_all(each).await.into_iter().flatten().collect()
    }
}

fn facts<'a>(message: &'a str, prompt_tokens: u64, settings: &Settings) -> Facts<'a> {
    Facts {
        message,
        prompt_tokens,
        ..Facts::of(Purpose::Chat, settings)
    }
}

fn costs(tiers: &[TierModel], prompt_tokens: u64, settings: &Settings) -> Vec<TierCost> {
    tiers
        .iter()
        .map(|on| TierCost {
            tier: on.tier,
            model: on.model.id.clone(),
            expected_output_tokens: on.usual_output,
            expected_micro_usd: on
                .model
                .prices
                .map(|prices| price::expected(&prices, prompt_tokens, on.usual_output)),
            worst_micro_usd: on.model.prices.map(|prices| {
                let output = pay::output_limit(&on.model, settings);
                price::worst(&prices, prompt_tokens, output)
            }),
        })
        .collect()
}

fn decision(
    facts: &Facts,
    route: &routing::Route,
    model: &Resolved,
    tiers: Vec<TierCost>,
) -> RouteDecision {
    routing::decision(facts, route, &model.id, &provider_name(model), tiers)
}
