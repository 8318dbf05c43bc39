//! What the page may call. Everything of the product goes through [`request`], whose words are the
//! table in `mira-protocol`.

use mira_protocol::wire::ServerMessage;
use mira_protocol::{Failure, ProjectId, Request, SessionId};
use serde::Serialize;
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};

use crate::feed::Feeds;
use crate::host::Host;
use crate::links::Link;
use crate::update::{self, UpdateState};
use crate::windows::{self, Windows};
use crate::{instance, tray, window};

/// One request of the protocol, answered by the engine in this process.
#[tauri::command]
pub async fn request(
    host: State<'_, Host>,
    method: String,
    params: Option<Value>,
) -> Result<Value, Failure> {
    let request = Request::decode(&method, params.unwrap_or(Value::Null))?;
    host.engine().await?.handle(request).await
}

/// Streams server messages into `channel`: stored events of `session_id` after `since_seq` where a
/// session is named, then everything live. A page has one stream; a new one replaces the old.
#[tauri::command]
pub async fn subscribe(
    host: State<'_, Host>,
    feeds: State<'_, Feeds>,
    window: WebviewWindow,
    channel: Channel<ServerMessage>,
    session_id: Option<SessionId>,
    since_seq: Option<u64>,
) -> Result<(), Failure> {
    let engine = host.engine().await?;
    let from = session_id.map(|session| (session, since_seq.unwrap_or(0)));
    feeds.start(window.label(), engine, from, move |message| {
        channel.send(message).is_ok()
    });
    Ok(())
}

/// What the page must know about the shell around it.
#[derive(Serialize)]
pub struct NativeInfo {
    version: String,
    /// "linux", "macos", "windows"
    platform: &'static str,
    has_tray: bool,
    /// The project that the command line named, once.
    open_project_id: Option<ProjectId>,
    /// The link that it named, once.
    link: Option<Link>,
}

#[tauri::command]
pub async fn native_info(app: AppHandle, window: WebviewWindow) -> Result<NativeInfo, Failure> {
    // What the command line named is the main window's.
    let (open_project_id, link) = match window.label() == window::MAIN {
        true => instance::take_named(&app).await,
        false => (None, None),
    };
    Ok(NativeInfo {
        version: app.package_info().version.to_string(),
        platform: std::env::consts::OS,
        has_tray: tray::is_there(&app),
        open_project_id,
        link,
    })
}

/// The page tells which project its window shows.
#[tauri::command]
pub fn tell_project(
    windows: State<'_, Windows>,
    window: WebviewWindow,
    project_id: Option<ProjectId>,
) {
    windows.tell(window.label(), project_id);
}

/// A window of its own for a project, or the one that shows it, in front. Async: a window made on
/// the main thread from within a command would wait for itself.
#[tauri::command]
pub async fn open_window(app: AppHandle, project_id: ProjectId) -> Result<(), Failure> {
    windows::open(&app, &project_id).map_err(|error| {
        Failure::new(
            mira_protocol::Code::Internal,
            format!("A window could not be made: {error}."),
        )
    })
}

/// Is there a newer version?
#[tauri::command]
pub async fn update_check(app: AppHandle) -> Result<UpdateState, Failure> {
    update::check(&app).await
}

/// Load it, check its signature, install it, start again.
#[tauri::command]
pub async fn update_install(app: AppHandle) -> Result<(), Failure> {
    update::install(&app).await
}
