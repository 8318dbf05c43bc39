//! What the page may call. Everything of the product goes through [`request`], whose words are the
//! table in `mira-protocol`.

use mira_protocol::wire::ServerMessage;
use mira_protocol::{Failure, ProjectId, Request, SessionId};
use serde::Serialize;
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use crate::feed::Feed;
use crate::host::Host;
use crate::{instance, tray};

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
    feed: State<'_, Feed>,
    channel: Channel<ServerMessage>,
    session_id: Option<SessionId>,
    since_seq: Option<u64>,
) -> Result<(), Failure> {
    let engine = host.engine().await?;
    let from = session_id.map(|session| (session, since_seq.unwrap_or(0)));
    feed.start(engine, from, move |message| channel.send(message).is_ok());
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
}

#[tauri::command]
pub async fn native_info(app: AppHandle) -> Result<NativeInfo, Failure> {
    Ok(NativeInfo {
        version: app.package_info().version.to_string(),
        platform: std::env::consts::OS,
        has_tray: tray::is_there(&app),
        open_project_id: instance::take_named_project(&app).await,
    })
}
