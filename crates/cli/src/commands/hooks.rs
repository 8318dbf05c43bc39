//! `mira hooks`.

use std::io;
use std::path::Path;

use mira_protocol::hook::{
    HookList, HookOutcome, HookPoint, HookRun, HookSource, ListHooks, OnFailure, ReadHookLog,
    TestHook,
};
use mira_protocol::{Code, Failure, calls};

use super::{say, say_json, table};
use crate::args::HooksCommand;
use crate::client::Client;
use crate::exit;
use crate::host;
use crate::render::style::Style;
use crate::render::text::{clean, one_line};

pub async fn run(
    client: &Client,
    command: HooksCommand,
    folder: Option<&Path>,
) -> Result<u8, Failure> {
    let project = host::project(client, folder).await?;
    let project_id = Some(project.id.clone());
    let style = Style::of(&io::stdout());
    match command {
        HooksCommand::List(json) => {
            let list = client
                .call(calls::HookList(ListHooks { project_id }))
                .await?;
            match json.json {
                true => say_json(&list)?,
                false => say(&listed(&list, style))?,
            }
        }
        HooksCommand::Log {
            search,
            failed,
            limit,
            json,
        } => {
            let wanted = ReadHookLog {
                project_id,
                search,
                failed,
                before_id: None,
                limit: Some(limit),
            };
            let log = client.call(calls::HookLog(wanted)).await?;
            if json.json {
                say_json(&log)?;
            } else if log.runs.is_empty() {
                say("No hook has run here.")?;
            } else {
                say(&table(&log.runs.iter().map(row).collect::<Vec<_>>()))?;
            }
        }
        HooksCommand::Test {
            name,
            arguments,
            tool,
            json,
        } => {
            let arguments = match arguments {
                None => None,
                Some(text) => Some(serde_json::from_str(&text).map_err(|error| {
                    Failure::new(Code::BadParams, format!("--arguments is no JSON: {error}."))
                })?),
            };
            let test = TestHook {
                project_id,
                name,
                point: None,
                tool,
                arguments,
            };
            let test = client.call(calls::HookTest(test)).await?;
            if json.json {
                say_json(&test)?;
            } else {
                let mut out = format!("{}\n", row(&test.run).join("  ").trim_end());
                if let Some(arguments) = &test.arguments {
                    out += &format!("arguments: {arguments}\n");
                }
                if let Some(context) = &test.context {
                    out += &format!("context: {}\n", clean(context));
                }
                if !test.run.output.is_empty() {
                    out += &format!("{}\n", clean(&test.run.output));
                }
                say(&out)?;
            }
            let failed = matches!(
                test.run.outcome,
                HookOutcome::Failed | HookOutcome::TimedOut | HookOutcome::Garbage
            );
            return Ok(if failed { exit::FAILED } else { 0 });
        }
    }
    Ok(0)
}

fn source(source: HookSource) -> &'static str {
    match source {
        HookSource::User => "yours",
        HookSource::Project => "project",
    }
}

fn point(point: HookPoint) -> &'static str {
    match point {
        HookPoint::BeforeSession => "before_session",
        HookPoint::AfterSession => "after_session",
        HookPoint::BeforeOperation => "before_operation",
        HookPoint::AfterOperation => "after_operation",
        HookPoint::BeforeTool => "before_tool",
        HookPoint::AfterTool => "after_tool",
        HookPoint::BeforeCommand => "before_command",
        HookPoint::AfterCommand => "after_command",
    }
}

/// Hooks and their files.
pub fn listed(list: &HookList, style: Style) -> String {
    let rows = list.hooks.iter().map(|hook| {
        let points: Vec<_> = hook.on.iter().map(|on| point(*on)).collect();
        vec![
            clean(&hook.name),
            source(hook.source).to_owned(),
            points.join(", "),
            one_line(&clean(&hook.run.join(" ")), 60),
            match hook.on_failure {
                OnFailure::Warn => "warns on failure".to_owned(),
                OnFailure::Deny => "denies on failure".to_owned(),
            },
            match (hook.network, hook.hosts.is_empty()) {
                (true, _) => "the whole network".to_owned(),
                (false, true) => "no network".to_owned(),
                (false, false) => format!("reaches {}", clean(&hook.hosts.join(", "))),
            },
            hook.waits
                .clone()
                .map_or(String::new(), |why| format!("waits: {}", clean(&why))),
        ]
    });
    let mut out = table(&rows.collect::<Vec<_>>());
    if list.hooks.is_empty() {
        out += "No hooks. docs/HOOKS.md shows how to write one.\n";
    }
    for file in &list.files {
        let state = match (&file.problem, file.exists) {
            (Some(problem), _) => style.yellow(&format!(
                "not understood, so none of it runs: {}",
                clean(problem)
            )),
            (None, true) => "read".to_owned(),
            (None, false) => "not there".to_owned(),
        };
        out += &format!("{}: {state}\n", clean(&file.path));
    }
    out
}

fn row(run: &HookRun) -> Vec<String> {
    let outcome = match run.outcome {
        HookOutcome::Allowed => "allowed",
        HookOutcome::Denied => "denied",
        HookOutcome::Changed => "changed",
        HookOutcome::Failed => "failed",
        HookOutcome::TimedOut => "too slow",
        HookOutcome::Garbage => "garbage",
        HookOutcome::Cancelled => "cancelled",
    };
    vec![
        outcome.to_owned(),
        clean(&run.hook),
        point(run.point).to_owned(),
        run.tool.as_deref().map_or(String::new(), clean),
        format!("{} ms", run.duration_ms),
        one_line(&clean(&run.reason), 100),
    ]
}
