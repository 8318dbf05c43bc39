//! `mira index`, `search`, `symbols`, …: what is known of a project's code, without a model.

mod about;
mod commits;
mod index;
mod look;
mod naming;
mod old;
mod quality;
mod uses;
mod vectors;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use mira_protocol::code::{IndexPhase, IndexState, RankReason};
use mira_protocol::insight::AskQuality;
use mira_protocol::project::{Project, ProjectRef};
use mira_protocol::{Event, Failure, Topic, calls};
use tokio::sync::broadcast::error::RecvError;

use crate::args::{CodeTarget, Command};
use crate::client::Client;
use crate::host;
use crate::render::text::clean;

pub use about::{clusters, concepts, modules, patterns};
pub use commits::said as commits_said;
pub use index::{run as index, said as state_said};
pub use look::{search, search_said, symbols, symbols_said};
pub use quality::{hotspots, quality};
pub use uses::{callees, callers, deps, map, tests};

/// A state is asked for at least so often: a lost topic must not hold a command up.
const LOOK: Duration = Duration::from_millis(500);

/// Nothing found is no failure of the program, but scripts want to know: as grep has it.
const NOTHING: u8 = 1;

/// Whether a command only asks about code, so that it may be asked again.
pub fn is_asked(command: &Command) -> bool {
    if let Command::Index(args) = command {
        return args.command.is_none();
    }
    matches!(
        command,
        Command::Search(_)
            | Command::Symbols(_)
            | Command::Callers(_)
            | Command::Callees(_)
            | Command::Deps(_)
            | Command::Tests(_)
            | Command::Map(_)
            | Command::Quality(_)
            | Command::Hotspots(_)
            | Command::Concepts(_)
            | Command::Clusters(_)
            | Command::Patterns(_)
            | Command::Modules(_)
    )
}

/// The project, with its index up to date unless the person does not want to wait.
async fn ready(client: &Client, target: &CodeTarget) -> Result<(Project, IndexState), Failure> {
    ready_when(client, target, |state| state.is_fresh).await
}

/// The project, looked into as it is now: quality, history, concepts and patterns.
async fn looked_into(client: &Client, target: &CodeTarget) -> Result<Project, Failure> {
    let is_done = |state: &IndexState| {
        state.is_fresh && (state.insight.is_current || state.insight.failure.is_some())
    };
    let (project, state) = ready(client, target).await?;
    if is_done(&state) || target.no_wait {
        return Ok(project);
    }
    // Whoever asks is waited for; the answer itself comes later.
    let asked = AskQuality {
        project_id: project.id,
        kinds: Vec::new(),
        min_severity: None,
        path: None,
        limit: Some(1),
    };
    client.call(calls::CodeQuality(asked)).await?;
    let (project, _) = ready_when(client, target, is_done).await?;
    Ok(project)
}

async fn ready_when(
    client: &Client,
    target: &CodeTarget,
    is_ready: impl Fn(&IndexState) -> bool,
) -> Result<(Project, IndexState), Failure> {
    let project = host::project(client, target.project.as_deref()).await?;
    let mut events = client.events();
    let of = ProjectRef {
        project_id: project.id.clone(),
    };
    let ask = || client.call(calls::CodeState(of.clone()));
    let mut state = ask().await?;
    let mut bar = Bar::new();
    while !is_ready(&state) && !target.no_wait {
        bar.show(&state);
        let news = async {
            loop {
                match events.recv().await {
                    Ok(event) => {
                        if let Event::Topic(Topic::Code { project_id }) = &*event
                            && *project_id == project.id
                        {
                            return;
                        }
                    }
                    Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => {
                bar.end();
                let text = "Stopped. What was read so far stays; --no-wait answers from it.";
                return Err(Failure::new(mira_protocol::Code::Cancelled, text));
            }
        }
        state = ask().await?;
    }
    bar.end();
    Ok((project, state))
}

/// One line on a terminal that says how far the index is.
struct Bar {
    shown: bool,
    is_terminal: bool,
}

impl Bar {
    fn new() -> Self {
        Self {
            shown: false,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, state: &IndexState) {
        if self.is_terminal {
            self.shown = true;
            // Nowhere left to say that this failed.
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K{}", doing(state));
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// What the index does now, in a few words.
fn doing(state: &IndexState) -> String {
    let of = match state.total {
        0 => String::new(),
        total => format!(" {} of {total}", state.done),
    };
    match state.phase {
        IndexPhase::Idle if state.insight.is_running => "looking into the code".to_owned(),
        IndexPhase::Idle => "up to date".to_owned(),
        IndexPhase::Scanning => "looking which files there are".to_owned(),
        IndexPhase::Reading => format!("reading files{of}"),
        IndexPhase::Resolving => format!("finding what names mean{of}"),
    }
}

/// What an answer lacks, on standard error.
/// Why something ranks where it does, a line each.
pub(super) fn reasons(reasons: &[RankReason]) -> String {
    let line = |reason: &RankReason| {
        let (signal, detail) = (clean(&reason.signal), clean(&reason.detail));
        format!("  {:+.3} {signal}: {detail}\n", reason.share)
    };
    reasons.iter().map(line).collect()
}

pub(super) fn note(notes: &[String]) {
    for note in notes {
        let _ = writeln!(std::io::stderr().lock(), "note: {note}");
    }
}
