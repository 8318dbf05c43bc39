//! Finding or starting the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mira_engine::settings::{Flags, Settings};
use mira_engine::{Engine, Ports};
use mira_keychain::OsKeychain;
use mira_protocol::operation::{ListOperations, OperationState, StartOperation};
use mira_protocol::project::{OpenProject, Project};
use mira_protocol::session::{LastSession, ListSessions, Session, SessionRef};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, OperationId, ProjectId, SessionId, calls};
use mira_server::{ServeOptions, Server, serve};

use crate::args::{Cli, Target};
use crate::askpass;
use crate::client::{Client, Socket};
use crate::logging;

/// Another engine may be starting or ending: how often and how long its door is tried.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is looked whether others have finished, and how often in a row nothing must run.
const LOOK: Duration = Duration::from_millis(50);
const IDLE: u32 = 6;

/// Settings of this start: flags and environment over config.toml; saved ones join in the engine.
pub fn settings(cli: &Cli) -> Result<Settings, Failure> {
    let flags = Flags {
        data_dir: cli.data_dir.clone(),
        config_dir: cli.config_dir.clone(),
        ..Flags::default()
    };
    Settings::load(flags)
}

/// Attaches to the engine of the data directory, or starts one here.
pub async fn client(settings: Settings) -> Result<Client, Failure> {
    let data_dir = settings.data_dir.clone();
    let mut tried = 0;
    loop {
        match start(settings.clone()).await {
            Ok(engine) => return Ok(Client::Local(engine)),
            Err(failure) if failure.code == Code::Locked => {
                if let Some(socket) = Socket::attach(&data_dir).await {
                    return Ok(Client::Socket(socket));
                }
                tried += 1;
                if tried == TRIES {
                    return Err(failure);
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Starts an engine in this process.
pub async fn start(settings: Settings) -> Result<Engine, Failure> {
    logging::start(&settings);
    let ports = Ports {
        models: None,
        secrets: Arc::new(OsKeychain::new()),
        askpass: askpass::here(),
    };
    Engine::open(settings, ports).await
}

/// Lets other terminals attach to the engine of this process for as long as the value lives.
/// Nothing here depends on it, so a failure is only logged.
pub async fn open_door(client: &Client) -> Option<Server> {
    let Client::Local(engine) = client else {
        return None;
    };
    let options = ServeOptions {
        port: 0,
        ..ServeOptions::new(&engine.settings().data_dir)
    };
    match serve(engine.clone(), options).await {
        Ok(server) => Some(server),
        Err(error) => {
            tracing::warn!(%error, "other terminals cannot attach");
            None
        }
    }
}

/// Ends what runs here, unless another terminal still works through it.
pub async fn close(client: &Client, door: Option<Server>) {
    if let Some(door) = door {
        let (mut told, mut idle) = (false, 0);
        // Who has just come in may be about to ask something.
        while door.clients() > 0 && idle < IDLE {
            idle = if running(client).await { 0 } else { idle + 1 };
            if idle == 0 && !told {
                eprintln!("Another program still works through this one; Ctrl-C does not wait.");
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = tokio::signal::ctrl_c() => break,
            }
        }
        door.shutdown().await;
    }
    client.close().await;
}

async fn running(client: &Client) -> bool {
    let status = client.call(calls::SystemStatus(Nothing {})).await;
    status.is_ok_and(|status| status.running_operations > 0)
}

/// Opens the folder as a project.
pub async fn project(client: &Client, folder: Option<&Path>) -> Result<Project, Failure> {
    let folder = match folder {
        Some(folder) => std::path::absolute(folder),
        None => std::env::current_dir(),
    };
    let folder = folder.map_err(|error| {
        Failure::new(
            Code::NotFound,
            format!("The project folder could not be found: {error}."),
        )
        .hint("Name one with --project DIR.")
    })?;
    let path = folder.to_str().ok_or_else(|| {
        let shown = folder.display();
        Failure::new(
            Code::BadParams,
            format!("The folder's path is not valid UTF-8: {shown}."),
        )
    })?;
    client
        .call(calls::ProjectOpen(OpenProject {
            path: path.to_owned(),
        }))
        .await
}

/// The session that the flags name; None for a new one.
pub async fn session(
    client: &Client,
    target: &Target,
    project: &ProjectId,
) -> Result<Option<Session>, Failure> {
    if let Some(words) = &target.session {
        return find_session(client, words).await.map(Some);
    }
    if !target.last {
        return Ok(None);
    }
    let last = LastSession {
        project_id: Some(project.clone()),
    };
    let last = client.call(calls::SessionLast(last)).await?.session;
    last.map(Some).ok_or_else(|| {
        Failure::not_found("A session of this project").hint("Leave --last away to begin one.")
    })
}

/// By id, by the beginning of an id, or by name.
pub async fn find_session(client: &Client, words: &str) -> Result<Session, Failure> {
    find_among(client, words, false).await
}

/// The same among those that were deleted.
pub async fn find_deleted(client: &Client, words: &str) -> Result<Session, Failure> {
    find_among(client, words, true).await
}

async fn find_among(client: &Client, words: &str, deleted: bool) -> Result<Session, Failure> {
    let by_id = SessionRef {
        session_id: SessionId::from(words),
    };
    match client.call(calls::SessionGet(by_id)).await {
        Err(failure) if failure.code == Code::NotFound => {}
        found => return found,
    }
    let all = ListSessions {
        limit: Some(500),
        deleted,
        ..ListSessions::default()
    };
    let all = client.call(calls::SessionList(all)).await?.sessions;
    let lower = words.to_lowercase();
    // Every id begins alike; what tells them apart stands behind the prefix.
    let by_id = |s: &&Session| words.len() >= 6 && s.id.as_str().starts_with(words);
    let by_name = |s: &&Session| s.name.to_lowercase() == lower;
    let by_part = |s: &&Session| s.name.to_lowercase().contains(&lower);
    let mut found: Vec<&Session> = all.iter().filter(by_id).collect();
    if found.is_empty() {
        found = all.iter().filter(by_name).collect();
    }
    if found.is_empty() {
        found = all.iter().filter(by_part).collect();
    }
    match found.as_slice() {
        [session] => Ok((*session).clone()),
        [] if deleted => Err(Failure::not_found(format!("A deleted session {words:?}"))
            .hint("`mira sessions list --deleted` shows them all.")),
        [] => Err(Failure::not_found(format!("A session {words:?}"))
            .hint("`mira sessions list` shows them all.")),
        several => {
            let names: Vec<_> = several
                .iter()
                .take(5)
                .map(|s| format!("{} ({})", s.name, s.id))
                .collect();
            let why = format!("{words:?} fits {} sessions.", several.len());
            Err(Failure::new(Code::BadParams, why)
                .hint(format!("Name one by its id: {}.", names.join(", "))))
        }
    }
}

/// The session's last turn, which stopped before its end.
pub async fn stopped(client: &Client, session: &SessionId) -> Result<OperationId, Failure> {
    let session_id = session.clone();
    let all = client
        .call(calls::OperationList(ListOperations { session_id }))
        .await?
        .operations;
    let last = all.into_iter().max_by_key(|one| one.created_at);
    let conflict = |why: &str| Failure::new(Code::Conflict, why);
    match last.map(|last| (last.state, last.id)) {
        None | Some((OperationState::Completed, _)) => Err(conflict(
            "The session's last turn came to its end; there is nothing to go on with.",
        )
        .hint("Send a new message instead.")),
        Some((state, id)) if state.is_terminal() => Ok(id),
        Some(_) => Err(conflict("The session's last turn is still running.")),
    }
}

/// A turn with everything else at its default.
pub fn turn(content: String, project: &ProjectId, session: Option<SessionId>) -> StartOperation {
    StartOperation {
        content,
        project_id: Some(project.clone()),
        session_id: session,
        ..StartOperation::default()
    }
}
