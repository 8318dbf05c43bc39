//! What deserves the person's attention while they look elsewhere: an approval that waits, an
//! operation that ended. Also counts what runs, for the tray and for quitting.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use mira_engine::Engine;
use mira_protocol::operation::OperationState;
use mira_protocol::session::SessionRef;
use mira_protocol::system::Nothing;
use mira_protocol::{ApprovalId, Event, EventKind, OperationId, SessionId, StoredEvent, calls};
use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;
use tokio::sync::broadcast::error::RecvError;

use crate::host::{Engines, Host};
use crate::links::{self, Link};
use crate::words::words;
use crate::{approval_dialog, tray, window};

/// Characters of a notification's text.
const BODY_LIMIT: usize = 160;
/// What a notification carries: the session it tells of.
const SESSION: &str = "session_id";
/// The plugin's name for a click on the notification itself.
const CLICK: &str = "tap";

/// The operations that run now.
#[derive(Default)]
pub struct Running(Mutex<HashSet<OperationId>>);

/// The approvals that wait now, and the session each belongs to.
#[derive(Default)]
pub struct Waiting(Mutex<HashMap<ApprovalId, SessionId>>);

impl Waiting {
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// A session that waits for the person.
    pub fn any(&self) -> Option<SessionId> {
        self.lock().values().next().cloned()
    }

    /// Takes one event into account; true where the count changed.
    fn note(&self, stored: &StoredEvent) -> bool {
        let mut waiting = self.lock();
        match &stored.kind {
            EventKind::ApprovalRequested { approval } => waiting
                .insert(approval.id.clone(), stored.session_id.clone())
                .is_none(),
            EventKind::ApprovalDecided { approval_id, .. } => waiting.remove(approval_id).is_some(),
            _ => false,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ApprovalId, SessionId>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Running {
    pub fn count(&self) -> usize {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .len()
    }

    /// Takes one event into account; true where the count changed.
    fn note(&self, stored: &StoredEvent) -> bool {
        let Some(operation) = &stored.operation_id else {
            return false;
        };
        let mut running = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match &stored.kind {
            EventKind::OperationState { state, .. } if !state.is_terminal() => {
                running.insert(operation.clone())
            }
            EventKind::OperationFinished { .. } => running.remove(operation),
            _ => false,
        }
    }

    fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clear();
    }
}

/// A click on a notification brings the window up and shows the session it tells of.
pub fn follow_clicks(app: &AppHandle) {
    let here = app.clone();
    let followed = app.notification().on_action(move |performed| {
        if performed.action_id() != CLICK {
            return;
        }
        let session = performed
            .notification()
            .and_then(|notification| notification.extra().get(SESSION)?.as_str());
        match session {
            Some(id) => links::show(
                &here,
                Link::Session {
                    session_id: SessionId::from(id),
                },
            ),
            None => {
                window::bring_forward(&here);
            }
        }
    });
    if let Err(error) = followed {
        tracing::debug!(%error, "clicks on notifications are not heard");
    }
}

/// Listens to each engine that opens, until the app ends.
pub async fn watch(app: AppHandle) {
    let mut state = app.state::<Host>().watch();
    loop {
        let engine = match &*state.borrow_and_update() {
            Engines::Open(engine) => Some(engine.clone()),
            _ => None,
        };
        if let Some(engine) = engine {
            listen(&app, &engine).await;
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

async fn listen(app: &AppHandle, engine: &Engine) {
    let mut events = engine.events();
    loop {
        match events.recv().await {
            Ok(event) => {
                if let Event::Stored(stored) = &*event {
                    hear(app, engine, stored).await;
                }
            }
            Err(RecvError::Lagged(_)) => forget_if_idle(app, engine).await,
            Err(RecvError::Closed) => return,
        }
    }
}

async fn hear(app: &AppHandle, engine: &Engine, stored: &StoredEvent) {
    if app.state::<Running>().note(stored) | app.state::<Waiting>().note(stored) {
        tray::show_state(app);
    }
    let settings = engine.settings();
    let (words, wanted) = (words(&settings), &settings.notify);
    let sound = sound(&wanted.sound);
    match &stored.kind {
        EventKind::ApprovalRequested { approval } => {
            let watched = window::is_watched(app);
            if !watched && wanted.waiting {
                let about = Some(&stored.session_id);
                notify(app, words.waiting, &approval.command, sound, about);
            }
            if !watched || settings.native_approvals {
                approval_dialog::show(app, engine, approval);
            }
        }
        EventKind::ApprovalDecided { approval_id, .. } => {
            approval_dialog::close(app, approval_id);
        }
        EventKind::OperationFinished {
            state,
            failure,
            content,
            ..
        } if !window::is_watched(app) => {
            let (what, text) = match (state, failure) {
                (OperationState::Completed, _) if wanted.done => (words.done, content.as_str()),
                (OperationState::Failed, Some(failure)) if wanted.failed => {
                    (words.failed, failure.message.as_str())
                }
                // Cancelled by the person, or interrupted by quitting: nothing new to them.
                _ => return,
            };
            let name = session_name(engine, &stored.session_id).await;
            let title = if name.is_empty() {
                what.to_owned()
            } else {
                format!("{what}: {name}")
            };
            notify(app, &title, text, sound, Some(&stored.session_id));
        }
        _ => {}
    }
}

/// Events were missed: if nothing runs, nothing is counted.
async fn forget_if_idle(app: &AppHandle, engine: &Engine) {
    let status = engine.call(calls::SystemStatus(Nothing {})).await;
    if status.is_ok_and(|status| status.running_operations == 0) {
        app.state::<Running>().clear();
        app.state::<Waiting>().lock().clear();
        tray::show_state(app);
    }
}

async fn session_name(engine: &Engine, session: &SessionId) -> String {
    let asked = calls::SessionGet(SessionRef {
        session_id: session.clone(),
    });
    engine
        .call(asked)
        .await
        .map(|session| session.name)
        .unwrap_or_default()
}

/// A chosen sound under the system's own name for it.
fn sound(chosen: &str) -> Option<&'static str> {
    let (linux, mac) = match chosen {
        "message" => ("message-new-instant", "Ping"),
        "complete" => ("complete", "Glass"),
        "bell" => ("bell", "Tink"),
        _ => return None,
    };
    Some(if cfg!(target_os = "macos") {
        mac
    } else {
        linux
    })
}

/// Tells the person through the system; a click leads to the session it is `about`, or to the window.
pub fn notify(
    app: &AppHandle,
    title: &str,
    body: &str,
    sound: Option<&str>,
    about: Option<&SessionId>,
) {
    let mut notification = app
        .notification()
        .builder()
        .title(title)
        .body(first_line(body));
    if let Some(sound) = sound {
        notification = notification.sound(sound);
    }
    if let Some(session) = about {
        notification = notification.extra(SESSION, session);
    }
    let shown = notification.show();
    if let Err(error) = shown {
        tracing::debug!(%error, "no notification");
    }
}

/// The first line with words, cut at a character.
fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    match line.char_indices().nth(BODY_LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_protocol::operation::Usage;

    fn event(operation: &str, kind: EventKind) -> StoredEvent {
        StoredEvent {
            session_id: SessionId::from("ses_1"),
            seq: 1,
            operation_id: Some(OperationId::from(operation)),
            at: 0,
            kind,
        }
    }

    fn state(state: OperationState) -> EventKind {
        EventKind::OperationState {
            state,
            kind: None,
            reason: None,
        }
    }

    fn finished() -> EventKind {
        EventKind::OperationFinished {
            state: OperationState::Completed,
            failure: None,
            content: String::new(),
            usage: Usage::default(),
            cost_micro_usd: 0,
            duration_ms: 1,
            changes: vec![],
        }
    }

    #[test]
    fn running_counts_each_operation_once_from_first_state_to_its_end() {
        let running = Running::default();
        assert!(running.note(&event("op_1", state(OperationState::Pending))));
        assert!(!running.note(&event("op_1", state(OperationState::AwaitingApproval))));
        assert!(running.note(&event("op_2", state(OperationState::Pending))));
        assert_eq!(running.count(), 2);
        assert!(running.note(&event("op_1", finished())));
        assert!(!running.note(&event("op_1", finished())));
        assert_eq!(running.count(), 1);
    }

    #[test]
    fn a_sound_is_none_or_one_the_system_knows() {
        assert_eq!(sound("none"), None);
        assert!(
            ["message", "complete", "bell"]
                .iter()
                .all(|one| sound(one).is_some())
        );
    }

    #[test]
    fn a_notification_holds_one_line_and_whole_characters() {
        assert_eq!(
            first_line("\n\n  The parser accepts CRLF.\nMore"),
            "The parser accepts CRLF."
        );
        let long = first_line(&"ü".repeat(BODY_LIMIT + 1));
        assert_eq!(long.chars().count(), BODY_LIMIT + 1);
        assert!(long.ends_with('…'));
        assert_eq!(first_line(""), "");
    }
}
