//! `mira index vectors|test|migrate|embedder`: where vectors lie and who makes them.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use mira_protocol::code::IndexState;
use mira_protocol::project::ProjectRef;
use mira_protocol::settings::SetSetting;
use mira_protocol::system::Nothing;
use mira_protocol::vectors::{
    AgreeVectors, Migrate, Migration, MigrationPhase, TestVectors, VectorMaker, VectorStore,
    VectorsEstimate, VectorsState,
};
use mira_protocol::{Code, Failure, calls, dollars};

use super::ready;
use crate::args::{CodeTarget, EmbedderArgs};
use crate::client::Client;
use crate::commands::{ask, say, say_json, table};
use crate::render::text::{clean, count};

/// How often a move is looked at.
const LOOK: Duration = Duration::from_millis(200);

pub async fn shown(client: &Client, json: bool) -> Result<u8, Failure> {
    let state = client.call(calls::VectorsGet(Nothing {})).await?;
    match json {
        true => say_json(&state)?,
        false => say(&said(&state))?,
    }
    Ok(u8::from(state.away.is_some() || state.note.is_some()))
}

fn said(state: &VectorsState) -> String {
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    let place = match state.store {
        VectorStore::Embedded => "in a file",
        VectorStore::Qdrant => "on a Qdrant server",
    };
    let maker = match (&state.model, state.maker) {
        (Some(model), VectorMaker::Local) => format!("{} on this machine", clean(model)),
        (Some(model), VectorMaker::Provider) => clean(model),
        (None, _) => "nobody".to_owned(),
    };
    let mut rows = vec![
        row(
            "kept",
            format!("{place}: {}", clean(state.place.as_deref().unwrap_or("-"))),
        ),
        row("made by", maker),
    ];
    if let Some(url) = &state.qdrant_url {
        rows.push(row(
            "Qdrant",
            format!("{} (key: {})", clean(url), state.key_source),
        ));
    }
    for (name, text) in [("away", &state.away), ("note", &state.note)] {
        if let Some(text) = text {
            rows.push(row(name, clean(text)));
        }
    }
    for one in &state.collections {
        let used = if one.is_used {
            ""
        } else {
            ", of another model"
        };
        rows.push(row(
            &one.name,
            format!(
                "{} vectors of {} numbers by {}{used}",
                count(one.points),
                one.dimensions,
                clean(&one.model)
            ),
        ));
    }
    if let Some(migration) = &state.migration {
        rows.push(row("move", moved(migration)));
    }
    table(&rows)
}

pub async fn test(client: &Client, url: Option<String>, json: bool) -> Result<u8, Failure> {
    let asked = TestVectors { url, key: None };
    let answer = client.call(calls::VectorsTest(asked)).await?;
    match json {
        true => say_json(&answer)?,
        false => say(&format!(
            "{} answers in {} ms and holds {} of Mira's collections.",
            clean(&answer.place),
            answer.latency_ms,
            answer.collections
        ))?,
    }
    Ok(0)
}

/// Begins a move and waits until it is over; ended, it goes on with the next engine.
pub async fn migrate(
    client: &Client,
    to: Option<VectorStore>,
    cancel: bool,
    json: bool,
) -> Result<u8, Failure> {
    let mut state = match (to, cancel) {
        (Some(to), false) => client.call(calls::VectorsMigrate(Migrate { to })).await?,
        _ => {
            client
                .call(calls::VectorsCancelMigration(Nothing {}))
                .await?
        }
    };
    let line = Line::new();
    let mut told = String::new();
    loop {
        let Some(migration) = &state.migration else {
            return Ok(0);
        };
        if migration.phase != MigrationPhase::Running {
            line.clear();
            break;
        }
        let now = moved(migration);
        line.show(&now);
        let failure = migration.failure.as_ref().filter(|_| !line.is_terminal);
        if let Some(why) = failure.filter(|why| **why != told) {
            told.clone_from(why);
            let _ = writeln!(std::io::stderr().lock(), "{now}");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => {
                line.clear();
                let text = "Stopped watching. The move goes on while an engine runs, and with the next.";
                return Err(Failure::new(Code::Cancelled, text)
                    .hint("`mira index migrate --cancel` ends it."));
            }
        }
        state = client.call(calls::VectorsGet(Nothing {})).await?;
    }
    let Some(migration) = &state.migration else {
        return Ok(0);
    };
    match json {
        true => say_json(migration)?,
        false => say(&moved(migration))?,
    }
    let fine = migration.phase == MigrationPhase::Done
        || cancel && migration.phase == MigrationPhase::Cancelled;
    Ok(u8::from(!fine))
}

/// How far a move is, in a line.
fn moved(migration: &Migration) -> String {
    let to = migration.to.as_str();
    let of = match migration.total {
        0 => String::new(),
        total => {
            let filled = (migration.done * 20 / total) as usize;
            format!(
                " [{}{}] {} of {}",
                "#".repeat(filled.min(20)),
                "-".repeat(20 - filled.min(20)),
                count(migration.done),
                count(total)
            )
        }
    };
    let why = match &migration.failure {
        Some(why) => format!(": {}", clean(why)),
        None => String::new(),
    };
    match migration.phase {
        MigrationPhase::Running if why.is_empty() => format!("moving vectors to {to}{of}"),
        MigrationPhase::Running => format!("moving vectors to {to}{of} waits{why}"),
        MigrationPhase::Failed => {
            format!("the move to {to} stopped{of}{why} `mira index migrate {to}` goes on.")
        }
        MigrationPhase::Cancelled => format!("the move to {to} was cancelled"),
        MigrationPhase::Done => format!("all vectors were moved to {to}{of}{why}"),
    }
}

/// Waits until every piece, commit and message has its vector, or none can be made just now; says which.
pub async fn all(client: &Client, target: &CodeTarget) -> Result<IndexState, Failure> {
    let (project, _) = ready(client, target).await?;
    let of = ProjectRef {
        project_id: project.id,
    };
    let line = Line::new();
    loop {
        let state = client.call(calls::CodeState(of.clone())).await?;
        let mut to_go = to_go(&state);
        if to_go == 0 && !is_stuck(&state) {
            // What is not counted yet is none so far; this looks at all of it.
            let left = client.call(calls::VectorsEstimate(of.clone())).await?;
            to_go = left.pieces + left.commits + left.messages;
        }
        if to_go == 0 || is_stuck(&state) || state.failure.is_some() {
            line.clear();
            return Ok(state);
        }
        line.show(&format!("making vectors: {} to go", count(to_go)));
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => {
                line.clear();
                let text = "Stopped. The vectors that were made stay; the same again goes on.";
                return Err(Failure::new(Code::Cancelled, text));
            }
        }
    }
}

/// How many vectors are known to be missing.
fn to_go(state: &IndexState) -> u64 {
    [&state.meaning, &state.commits.meaning, &state.messages]
        .iter()
        .map(|one| one.total.saturating_sub(one.done))
        .sum()
}

/// No vectors are made just now: for want of a model, a server or the person's word.
pub fn is_stuck(state: &IndexState) -> bool {
    let all = [&state.meaning, &state.commits.meaning, &state.messages];
    all.into_iter().any(|one| one.waits || one.note.is_some())
}

/// An engine that ends with its command makes none in the background.
pub fn later(client: &Client, state: &IndexState) -> Option<String> {
    let meaning = &state.meaning;
    let is_behind = meaning.model.is_some() && meaning.done < meaning.total;
    let is_alone = client.attached_to().is_none();
    (is_alone && is_behind && !is_stuck(state)).then(|| {
        "no engine goes on when this command ends: `mira index --vectors` makes the vectors now"
            .to_owned()
    })
}

/// A line that is written over, where standard error is a terminal.
struct Line {
    is_terminal: bool,
}

impl Line {
    fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    fn show(&self, text: &str) {
        if self.is_terminal {
            // Nowhere left to say that this failed.
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K{text}");
        }
    }

    fn clear(&self) {
        self.show("");
    }
}

pub async fn embedder(client: &Client, args: EmbedderArgs) -> Result<u8, Failure> {
    let changes = [
        ("EMBEDDING_MODEL", args.model),
        (
            "EMBEDDING_DIMENSIONS",
            args.dimensions.map(|number| number.to_string()),
        ),
        (
            "MIRA_EMBEDDER",
            args.maker
                .map(|maker| VectorMaker::from(maker).as_str().to_owned()),
        ),
    ];
    for (name, value) in changes {
        if value.is_some() {
            let name = name.to_owned();
            client
                .call(calls::SettingsSet(SetSetting { name, value }))
                .await?;
        }
    }
    let estimate = agreed(client, &args.target, args.yes).await?;
    match args.target.json.json {
        true => say_json(&estimate)?,
        false => say(&estimated(&estimate))?,
    }
    Ok(u8::from(!estimate.is_agreed))
}

/// What it would take, with the person's yes where that is needed and given.
async fn agreed(
    client: &Client,
    target: &CodeTarget,
    yes: bool,
) -> Result<VectorsEstimate, Failure> {
    let (project, _) = ready(client, target).await?;
    let of = ProjectRef {
        project_id: project.id.clone(),
    };
    let estimate = client.call(calls::VectorsEstimate(of)).await?;
    if estimate.is_agreed {
        return Ok(estimate);
    }
    let may = yes
        || std::io::stdin().is_terminal()
            && !target.json.json
            && ask(&format!("{}Send it? [y/N] ", estimated(&estimate)));
    if !may {
        return Ok(estimate);
    }
    let agree = AgreeVectors {
        project_id: project.id,
        model: estimate.model,
        dimensions: estimate.dimensions,
        tokens: estimate.tokens,
        commit_tokens: estimate.commit_tokens,
        message_tokens: Some(estimate.message_tokens),
    };
    client.call(calls::VectorsAgree(agree)).await
}

fn estimated(estimate: &VectorsEstimate) -> String {
    let model = clean(&estimate.model);
    if estimate.pieces + estimate.commits + estimate.messages == 0 {
        return format!("Every piece, commit and message has its vector by {model}.\n");
    }
    let cost = match (estimate.is_paid, estimate.cost_micro_usd) {
        (false, _) => "it costs nothing".to_owned(),
        (true, Some(cost)) => format!("about {}", dollars(cost)),
        (true, None) => "its price is not known".to_owned(),
    };
    let state = match (estimate.is_paid, estimate.is_agreed) {
        (true, false) => " It waits for your word: --yes says it.",
        _ => " Vectors are made in the background.",
    };
    format!(
        "{} pieces, {} commits and {} messages, about {} tokens, by {model} ({} numbers): \
         {cost}.{state}\n",
        count(estimate.pieces),
        count(estimate.commits),
        count(estimate.messages),
        count(estimate.tokens + estimate.commit_tokens + estimate.message_tokens),
        estimate.dimensions
    )
}
