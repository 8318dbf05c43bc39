//! `mira index`: what is known, what is left out and why, how languages are read.

use mira_protocol::code::{
    CodeLanguages, IndexPhase, IndexState, IndexTotals, NotedFiles, SetCodeLanguage,
};
use mira_protocol::project::ProjectRef;
use mira_protocol::{Failure, calls};

use super::{doing, old, ready, vectors};
use crate::args::{CodeTarget, IndexArgs, IndexCommand};
use crate::client::Client;
use crate::commands::{say, say_json, table};
use crate::host;
use crate::render::text::{bytes, clean, count, plural};

pub async fn run(client: &Client, args: IndexArgs) -> Result<u8, Failure> {
    match args.command {
        None => {
            if args.again {
                let project_id = host::project(client, args.target.project.as_deref())
                    .await?
                    .id;
                let of = ProjectRef { project_id };
                client.call(calls::CodeReindex(of)).await?;
            }
            let state = match args.vectors {
                true => vectors::all(client, &args.target).await?,
                false => ready(client, &args.target).await?.1,
            };
            match args.target.json.json {
                true => say_json(&state)?,
                false => say(&said(&state))?,
            }
            let lacks = args.vectors && vectors::is_stuck(&state);
            Ok(u8::from(state.failure.is_some() || lacks))
        }
        Some(IndexCommand::Skipped(target)) => {
            let (project, _) = ready(client, &target).await?;
            let of = ProjectRef {
                project_id: project.id,
            };
            let noted = client.call(calls::CodeNotedFiles(of)).await?;
            match target.json.json {
                true => say_json(&noted)?,
                false => say(&skipped(&noted))?,
            }
            Ok(0)
        }
        Some(IndexCommand::Languages {
            language,
            on,
            off,
            extensions,
            max_bytes,
            max_ms,
            target,
        }) => {
            let change = language.map(|language| Change {
                language,
                enabled: (on || off).then_some(on),
                // An empty one takes away those that were set.
                extensions: extensions.map(|mut all| {
                    all.retain(|one| !one.is_empty());
                    all
                }),
                max_bytes,
                max_ms,
            });
            languages(client, change, &target).await
        }
        Some(IndexCommand::Vectors(json)) => vectors::shown(client, json.json).await,
        Some(IndexCommand::Test { url, json }) => vectors::test(client, url, json.json).await,
        Some(IndexCommand::Migrate { to, cancel, json }) => {
            vectors::migrate(client, to.map(Into::into), cancel, json.json).await
        }
        Some(IndexCommand::Old {
            model,
            remove,
            yes,
            at,
            json,
        }) => {
            let asked = old::Asked {
                model,
                store: at.map(Into::into),
                remove,
                yes,
            };
            old::run(client, asked, json.json).await
        }
        Some(IndexCommand::Embedder(args)) => vectors::embedder(client, args).await,
    }
}

struct Change {
    language: String,
    enabled: Option<bool>,
    extensions: Option<Vec<String>>,
    max_bytes: Option<u64>,
    max_ms: Option<u64>,
}

async fn languages(
    client: &Client,
    change: Option<Change>,
    target: &CodeTarget,
) -> Result<u8, Failure> {
    let project_id = host::project(client, target.project.as_deref()).await?.id;
    if let Some(change) = change {
        let set = SetCodeLanguage {
            project_id: project_id.clone(),
            language: change.language,
            enabled: change.enabled,
            extensions: change.extensions,
            max_bytes: change.max_bytes,
            max_ms: change.max_ms,
        };
        client.call(calls::CodeSetLanguage(set)).await?;
        // The list counts files; what the change did is seen when they were read again.
        ready(client, target).await?;
    }
    let told = client
        .call(calls::CodeLanguages(ProjectRef { project_id }))
        .await?;
    match target.json.json {
        true => say_json(&told)?,
        false => say(&language_table(&told))?,
    }
    Ok(0)
}

/// What is known, line by line.
pub fn said(state: &IndexState) -> String {
    let totals = &state.totals;
    let mut rows = vec![
        row("state", standing(state)),
        row(
            "files",
            format!(
                "{} ({} lines, {})",
                count(totals.files),
                count(totals.lines),
                bytes(totals.source_bytes)
            ),
        ),
        row("elements", count(totals.elements)),
        row("pieces", count(totals.chunks)),
        row("on disk", bytes(totals.bytes)),
    ];
    rows.push(row("left out", left_out(totals)));
    let note = state.meaning.note.as_deref().map(clean);
    let meaning = match &state.meaning.model {
        Some(model) => format!(
            "{} of {} pieces have a vector ({}, in {})",
            count(state.meaning.done),
            count(state.meaning.total),
            clean(model),
            clean(state.meaning.place.as_deref().unwrap_or("-"))
        ),
        None => note.clone().unwrap_or_else(|| "off".to_owned()),
    };
    rows.push(row("meaning", meaning));
    if let Some(note) = note.filter(|_| state.meaning.model.is_some()) {
        rows.push(row("vectors", note));
    }
    let commits = &state.commits;
    let found = match (&commits.failure, commits.is_read) {
        (Some(failure), _) => clean(failure),
        (None, false) => format!("being read, {} so far", count(commits.known)),
        (None, true) if commits.meaning.model.is_some() => format!(
            "{}, {} with a vector",
            count(commits.known),
            count(commits.meaning.done)
        ),
        (None, true) => count(commits.known),
    };
    rows.push(row("commits", found));
    let messages = &state.messages;
    if messages.model.is_some() {
        let (done, total) = (count(messages.done), count(messages.total));
        rows.push(row("messages", format!("{total}, {done} with a vector")));
    }
    let insight = &state.insight;
    let looked = match (&insight.failure, insight.is_current) {
        (Some(failure), _) => clean(failure),
        (None, true) => format!(
            "{}, {}, {}, {}; {} counted",
            plural(insight.issues, "issue"),
            plural(insight.concepts, "concept"),
            plural(insight.clusters, "cluster"),
            plural(insight.patterns, "pattern"),
            plural(insight.commits, "commit"),
        ),
        (None, false) => "looked into when somebody asks, or a little later".to_owned(),
    };
    rows.push(row("insight", looked));
    if let Some(note) = &state.watch_note {
        rows.push(row("watching", clean(note)));
    }
    if let Some(failure) = &state.failure {
        rows.push(row("failed", clean(failure)));
    }
    table(&rows)
}

fn left_out(totals: &IndexTotals) -> String {
    let in_part = totals.noted.saturating_sub(totals.skipped);
    let parts = [(totals.skipped, "by name only"), (in_part, "in part")];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(files, _)| *files > 0)
        .map(|(files, how)| format!("{} {how}", count(files)))
        .collect();
    match parts.is_empty() {
        true => "none".to_owned(),
        false => format!("{}: `mira index skipped` names them", parts.join(", ")),
    }
}

/// What the index does now; at rest, how far it can be relied on.
fn standing(state: &IndexState) -> String {
    match state.phase {
        IndexPhase::Idle if state.failure.is_some() => "stopped: it failed".to_owned(),
        IndexPhase::Idle if !state.is_complete => "not read yet".to_owned(),
        IndexPhase::Idle if !state.is_fresh => "not looked at yet since it was opened".to_owned(),
        _ => doing(state),
    }
}

fn row(name: &str, text: String) -> Vec<String> {
    vec![name.to_owned(), text]
}

fn skipped(noted: &NotedFiles) -> String {
    if noted.files.is_empty() {
        return "Every file is wholly in the index.\n".to_owned();
    }
    let line = |file: &mira_protocol::code::NotedFile| {
        let how = if file.is_skipped {
            "name only"
        } else {
            "in part"
        };
        vec![clean(&file.path), how.to_owned(), clean(&file.text)]
    };
    let mut text = table(&noted.files.iter().map(line).collect::<Vec<_>>());
    if noted.more > 0 {
        text.push_str(&format!("and {} more\n", count(noted.more)));
    }
    text
}

fn language_table(told: &CodeLanguages) -> String {
    let mut rows = vec![
        [
            "language",
            "files",
            "read",
            "further extensions",
            "largest",
            "time",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for one in &told.languages {
        rows.push(vec![
            clean(&one.language),
            count(one.files),
            if one.enabled { "on" } else { "off" }.to_owned(),
            one.extensions.join(" "),
            bytes(one.max_bytes),
            format!("{} ms", one.max_ms),
        ]);
    }
    table(&rows)
}
