//! `mira exec`: one turn, no questions.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;

use mira_engine::settings::Settings;
use mira_protocol::budget::{DecidePause, PauseChoice};
use mira_protocol::operation::{GO_ON, OperationRef, OperationState};
use mira_protocol::project::Project;
use mira_protocol::session::Session;
use mira_protocol::trust::TrustState;
use mira_protocol::wire::ServerMessage;
use mira_protocol::{Code, Event, EventKind, Failure, OperationId, Signal, calls};
use tokio::sync::mpsc;

use crate::args::{ExecArgs, ModelArgs, Target};
use crate::client::{Client, Feed};
use crate::commands::TrustHere;
use crate::render::conversation::{Conversation, Out};
use crate::render::style::Style;
use crate::render::text::clean;
use crate::{exit, host};

/// Runs the turn and gives the exit code. A failure before the turn began is told here too.
pub async fn run(args: ExecArgs, settings: Settings) -> u8 {
    let json = args.json;
    match turn(args, settings).await {
        Ok(code) => code,
        Err(failure) => {
            if json {
                let _ = write_json(&ServerMessage::failed(None, failure.clone()));
            }
            exit::report(&failure);
            exit::code(&failure)
        }
    }
}

async fn turn(args: ExecArgs, settings: Settings) -> Result<u8, Failure> {
    let content = match args.resume {
        true => GO_ON.to_owned(),
        false => prompt(args.prompt.as_deref())?,
    };
    let mut interrupts = interrupts();
    let (client, project, session) = begin(&args.target, settings).await?;
    if args.resume {
        let Some(session) = &session else {
            let why = "There is no session whose turn could go on.";
            return Err(Failure::new(Code::BadParams, why)
                .hint("Name one with --session, or take the newest with --last."));
        };
        host::stopped(&client, &session.id).await?;
    }
    trust(&client, &project, args.trust.as_deref()).await?;
    let since = session.as_ref().map_or(0, |session| session.last_seq);
    let ModelArgs { tier, model } = args.model;
    let mut start = host::turn(content, &project.id, session.map(|session| session.id));
    start.access = args.access.into();
    start.approve = args.approve.into();
    start.tier = tier.map(Into::into);
    start.model = model;
    start.max_cost_micro_usd = args.max_cost;
    start.timeout_ms = args.timeout.map(|seconds| seconds * 1_000);
    let started = client.call(calls::OperationStart(start)).await?;

    let mut output = Output::new(args.json);
    if args.json {
        let result = serde_json::to_value(&started).unwrap_or_default();
        let reply = ServerMessage::answer(None, "operation.start", Ok(result));
        output.message(&reply)?;
    }
    let mut feed = client.follow(started.session_id.clone(), since);
    // Only now, when the request to the model is on its way: others may want to attach.
    let door = host::open_door(&client).await;
    let code = follow(
        &client,
        &mut feed,
        &started.operation_id,
        &mut output,
        &mut interrupts,
    )
    .await;
    host::close(&client, door).await;
    code
}

/// The engine, the project and the session. An engine of another program may end just then:
/// nothing was begun yet, so the next one is asked.
async fn begin(
    target: &Target,
    settings: Settings,
) -> Result<(Client, Project, Option<Session>), Failure> {
    let mut tried = 0;
    loop {
        let client = host::client(settings.clone()).await?;
        let found = async {
            let project = host::project(&client, target.project.as_deref()).await?;
            let session = host::session(&client, target, &project.id).await?;
            Ok::<_, Failure>((project, session))
        };
        match found.await {
            Ok((project, session)) => return Ok((client, project, session)),
            Err(failure) if failure.code == Code::Interrupted && tried < 3 => tried += 1,
            Err(failure) => return Err(failure),
        }
    }
}

/// Nothing is trusted by itself: what the folder brings waits, and is named with its hash; with
/// `--trust` it is used as it lies there now, with `--trust=HASH` only if it is exactly that.
async fn trust(client: &Client, project: &Project, wanted: Option<&str>) -> Result<(), Failure> {
    let here = TrustHere { client, project };
    let trust = here.get().await?;
    let open = !matches!(
        trust.state,
        TrustState::NothingToTrust | TrustState::Trusted
    );
    match wanted {
        None if open && !trust.items.is_empty() => {
            let paths: Vec<_> = trust.items.iter().map(|item| item.path.as_str()).collect();
            eprintln!(
                "Not used, because nobody trusted it as it is now: {}. --trust={} uses it.",
                clean(&paths.join(", ")),
                trust.hash
            );
        }
        Some(hash) if open => {
            let hash = if hash.is_empty() { &trust.hash } else { hash };
            let granted = here.grant(hash.to_owned()).await?;
            eprintln!(
                "Trusted what {} brings: {} files, hash {}.",
                clean(&granted.folder),
                granted.items.len(),
                granted.hash
            );
        }
        _ => {}
    }
    Ok(())
}

/// Shows events until the operation ends.
async fn follow(
    client: &Client,
    feed: &mut Feed,
    operation: &OperationId,
    output: &mut Output,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<u8, Failure> {
    let mut interrupted = false;
    loop {
        let event = tokio::select! {
            event = feed.next() => event?,
            Some(()) = interrupts.recv() => {
                if interrupted {
                    // Asked twice: the next start finds the operation interrupted.
                    return Ok(exit::INTERRUPTED);
                }
                interrupted = true;
                let operation_id = operation.clone();
                let cancel = calls::OperationCancel(OperationRef { operation_id });
                match client.call(cancel).await {
                    // It ended by itself in the same moment.
                    Err(failure) if matches!(failure.code, Code::Conflict | Code::NotFound) => {}
                    cancelled => { cancelled?; }
                }
                continue;
            }
        };
        if let Err(error) = output.event(&event) {
            if !interrupted {
                // Whoever read this is gone: nobody wants the rest.
                interrupted = true;
                let operation_id = operation.clone();
                let _ = client
                    .call(calls::OperationCancel(OperationRef { operation_id }))
                    .await;
            }
            if error.kind() != io::ErrorKind::BrokenPipe {
                return Err(unwritable(&error));
            }
        }
        if let Event::Signal(Signal::Unstored {
            operation_id,
            failure,
            ..
        }) = &*event
            && operation_id == operation
        {
            if !output.json {
                // What was shown of the answer ends anywhere.
                let _ = writeln!(io::stdout());
            }
            return Err(failure.clone());
        }
        if let Event::Stored(stored) = &*event
            && stored.operation_id.as_ref() == Some(operation)
            && let EventKind::BudgetPaused { pause } = &stored.kind
            && !pause.waits_for_others
        {
            // Nobody is here to choose.
            let stop = DecidePause {
                operation_id: operation.clone(),
                choice: PauseChoice::Stop,
                amount_micro_usd: None,
            };
            match client.call(calls::BudgetDecide(stop)).await {
                // It fits by now, or somebody else chose.
                Err(failure) if failure.code == Code::Conflict => {}
                stopped => {
                    stopped?;
                }
            }
        }
        if let Event::Stored(stored) = &*event
            && stored.operation_id.as_ref() == Some(operation)
            && let EventKind::OperationFinished { state, failure, .. } = &stored.kind
        {
            return Ok(match (state, failure) {
                (OperationState::Completed, _) => 0,
                _ if interrupted => exit::INTERRUPTED,
                (OperationState::Cancelled, _) => exit::INTERRUPTED,
                (_, Some(failure)) => exit::code(failure),
                (_, None) => exit::FAILED,
            });
        }
    }
}

/// Ctrl-C and the polite kill.
fn interrupts() -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        #[cfg(unix)]
        let mut terminated = {
            use tokio::signal::unix::{SignalKind, signal};
            match signal(SignalKind::terminate()) {
                Ok(terminated) => terminated,
                Err(_) => return,
            }
        };
        loop {
            #[cfg(unix)]
            tokio::select! {
                Ok(()) = tokio::signal::ctrl_c() => {}
                Some(()) = terminated.recv() => {}
            }
            #[cfg(not(unix))]
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    receiver
}

fn prompt(given: Option<&str>) -> Result<String, Failure> {
    let usage = |why: &str| {
        Failure::new(Code::BadParams, why)
            .hint("Write it behind exec, or pipe it in: echo \"…\" | mira exec -")
    };
    let text = match given {
        Some("-") => stdin()?,
        None if !io::stdin().is_terminal() => stdin()?,
        Some(text) => text.to_owned(),
        None => return Err(usage("There is no prompt.")),
    };
    if text.trim().is_empty() {
        Err(usage("The prompt is empty."))
    } else {
        Ok(text)
    }
}

fn stdin() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| {
        Failure::new(
            Code::BadParams,
            format!("The prompt could not be read: {error}."),
        )
        .hint("It has to be UTF-8 text.")
    })?;
    Ok(text)
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(
        Code::Internal,
        format!("The output could not be written: {error}."),
    )
    .hint("The turn was stopped; `mira sessions show` has what there was.")
}

fn write_json(message: &ServerMessage) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

/// Standard output and standard error, as the flags want them.
struct Output {
    json: bool,
    conversation: Conversation,
}

impl Output {
    fn new(json: bool) -> Self {
        let beside = Style::of(&io::stderr());
        let text = if json {
            beside
        } else {
            Style::of(&io::stdout())
        };
        Self {
            json,
            conversation: Conversation::new(beside, text),
        }
    }

    fn message(&self, message: &ServerMessage) -> Result<(), Failure> {
        write_json(message).map_err(|error| unwritable(&error))
    }

    fn event(&mut self, event: &Arc<Event>) -> io::Result<()> {
        if self.json {
            write_json(&ServerMessage::from(&**event))?;
        }
        for out in self.conversation.event(event) {
            match out {
                Out::Text(text) if self.json => io::stderr().lock().write_all(text.as_bytes())?,
                Out::Text(text) => {
                    let mut stdout = io::stdout().lock();
                    stdout.write_all(text.as_bytes())?;
                    stdout.flush()?;
                }
                Out::Line(line) => writeln!(io::stderr().lock(), "{line}")?,
            }
        }
        Ok(())
    }
}
