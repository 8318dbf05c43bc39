//! `mira route`: which tier answers, why, and what another one would cost.

use mira_protocol::operation::Tier;
use mira_protocol::route::{
    ExplainRoute, RouteDecision, RouteDecisionsOf, RouteExplanation, RouteOutcomes, SetRouteChoice,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Failure, OperationId, calls};

use super::{say, say_json, table};
use crate::args::RouteCommand;
use crate::client::Client;
use crate::host;
use crate::render::conversation::cap;
use crate::render::text::{clean, count, usd};

pub async fn run(client: &Client, command: RouteCommand) -> Result<u8, Failure> {
    match command {
        RouteCommand::Explain {
            message,
            target,
            model,
            files,
            json,
        } => {
            let project = host::project(client, target.project.as_deref()).await?;
            let session = host::session(client, &target, &project.id).await?;
            let explain = ExplainRoute {
                content: message,
                session_id: session.map(|session| session.id),
                project_id: Some(project.id),
                tier: model.tier.map(Into::into),
                model: model.model,
                files,
            };
            let told = client.call(calls::RouteExplain(explain)).await?;
            if json.json {
                say_json(&told)?;
            } else {
                say(&explanation(&told))?;
            }
        }
        RouteCommand::Decisions { operation, json } => {
            let of = RouteDecisionsOf {
                operation_id: OperationId(operation),
            };
            let told = client.call(calls::RouteDecisions(of)).await?;
            if json.json {
                say_json(&told)?;
            } else {
                let line = |call: &mira_protocol::route::CallDecision| {
                    let route = &call.decision;
                    vec![
                        call.ledger_id.to_string(),
                        route.facts.purpose.word().to_owned(),
                        word(route.tier),
                        clean(&route.model),
                        clean(&route.reason),
                    ]
                };
                say(&table(&told.decisions.iter().map(line).collect::<Vec<_>>()))?;
            }
        }
        RouteCommand::Outcomes(json) => {
            let told = client.call(calls::RouteOutcomes(Nothing {})).await?;
            if json.json {
                say_json(&told)?;
            } else {
                say(&outcomes(&told))?;
            }
        }
        RouteCommand::Choose { target, model } => {
            let project = host::project(client, target.project.as_deref()).await?;
            let session = host::session(client, &target, &project.id).await?;
            let choice = SetRouteChoice {
                project_id: session.is_none().then_some(project.id),
                session_id: session.map(|session| session.id),
                tier: model.tier.map(Into::into),
                model: model.model,
            };
            let now = client.call(calls::RouteChoose(choice)).await?;
            let shown = |choice: &mira_protocol::route::RouteChoice| {
                let tier = choice.tier.map(|tier| format!("the {} tier", word(tier)));
                let model = choice.model.as_deref().map(clean);
                match (tier, model) {
                    (Some(tier), Some(model)) => format!("{tier} with {model}"),
                    (tier, model) => tier
                        .or(model)
                        .unwrap_or_else(|| "the router chooses".to_owned()),
                }
            };
            say(&format!(
                "session  {}\nproject  {}\n",
                shown(&now.session),
                shown(&now.project)
            ))?;
        }
    }
    Ok(0)
}

/// Tier, model, rule, facts, and the cost on every tier.
pub fn explanation(told: &RouteExplanation) -> String {
    let RouteDecision {
        tier,
        model,
        reason,
        facts,
        tiers,
        ..
    } = &told.decision;
    let mut text = format!(
        "{} tier, {}: {}\n",
        word(*tier),
        clean(model),
        clean(reason)
    );
    let files = facts.files;
    text.push_str(&format!(
        "saw {} tokens of prompt (threshold {}), {files} files (threshold {})\n",
        count(facts.prompt_tokens),
        count(facts.code_token_threshold),
        facts.code_file_count
    ));
    let money = |micro: Option<i64>| micro.map_or("no price".to_owned(), usd);
    let rows: Vec<Vec<String>> = tiers
        .iter()
        .map(|on| {
            vec![
                format!(
                    "{} {}",
                    if on.tier == *tier { "→" } else { " " },
                    word(on.tier)
                ),
                clean(&on.model),
                format!("about {}", money(on.expected_micro_usd)),
                format!("at most {}", money(on.worst_micro_usd)),
            ]
        })
        .collect();
    text.push_str(&table(&rows));
    let mut decided = false;
    for check in &told.rules {
        let mark = match (check.fits, decided) {
            (true, false) => "✓",
            (true, true) => "·",
            (false, _) => " ",
        };
        decided |= check.fits;
        let rule = serde_json::to_value(check.rule).unwrap_or_default();
        let rule = rule.as_str().unwrap_or_default().replace('_', " ");
        text.push_str(&format!("{mark} {rule}: {}\n", clean(&check.detail)));
    }
    if let Some(state) = &told.blocked_by {
        text.push_str(&format!("It would have to wait: {}.\n", cap(state)));
    }
    text
}

fn outcomes(told: &RouteOutcomes) -> String {
    if told.lines.is_empty() {
        return "No operation has ended yet.\n".to_owned();
    }
    let head = [
        "tier", "rule", "all", "accepted", "edited", "reverted", "retried", "failed", "cost",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for line in &told.lines {
        let rule = serde_json::to_value(line.rule).unwrap_or_default();
        let mut row = vec![
            word(line.tier),
            rule.as_str().unwrap_or_default().replace('_', " "),
        ];
        row.extend(
            [
                line.operations,
                line.accepted,
                line.edited,
                line.reverted,
                line.retried,
                line.failed,
            ]
            .map(count),
        );
        row.push(usd(line.cost_micro_usd));
        rows.push(row);
    }
    let mut text = table(&rows);
    for hint in &told.suggestions {
        text.push_str(&format!(
            "{} is {}; {} may do better: {}.\n",
            hint.setting, hint.now, hint.suggested, hint.evidence
        ));
    }
    text
}

fn word(tier: Tier) -> String {
    format!("{tier:?}").to_lowercase()
}
