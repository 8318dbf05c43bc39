//! The engine's events as messages for one page: in order, without gap and without double, also
//! after the page lagged behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mira_engine::Engine;
use mira_protocol::session::SessionEvents;
use mira_protocol::wire::ServerMessage;
use mira_protocol::{Event, PROTOCOL, SessionId, StoredEvent, Topic, calls};
use tauri::async_runtime::JoinHandle;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// The running streams, one a page, by the label of its window.
#[derive(Default)]
pub struct Feeds {
    running: Mutex<HashMap<String, JoinHandle<()>>>,
    listens: watch::Sender<bool>,
}

impl Feeds {
    /// Ends the page's stream before and starts one that calls `send` until it answers false.
    pub fn start(
        &self,
        label: &str,
        engine: Engine,
        from: Option<(SessionId, u64)>,
        send: impl Fn(ServerMessage) -> bool + Send + Sync + 'static,
    ) {
        // Listening before reading: what is stored in between arrives twice and is sent once.
        let events = engine.events();
        let stream = tauri::async_runtime::spawn(async move {
            Stream {
                engine,
                send,
                seen: HashMap::new(),
            }
            .run(events, from)
            .await;
        });
        let mut running = self
            .running
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(old) = running.insert(label.to_owned(), stream) {
            old.abort();
        }
        self.listens.send_replace(true);
    }

    /// The window is gone.
    pub fn end(&self, label: &str) {
        let mut running = self
            .running
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(old) = running.remove(label) {
            old.abort();
        }
    }

    /// Returns once a page listens: what changes from then on, it hears of.
    pub async fn listens(&self) {
        // The sender lives in this very value, so waiting cannot fail.
        let _ = self.listens.subscribe().wait_for(|listens| *listens).await;
    }
}

struct Stream<S> {
    engine: Engine,
    send: S,
    /// The last `seq` sent, by session.
    seen: HashMap<SessionId, u64>,
}

impl<S: Fn(ServerMessage) -> bool> Stream<S> {
    /// Returns when the page is gone or the engine closed.
    async fn run(mut self, mut events: Receiver<Arc<Event>>, from: Option<(SessionId, u64)>) {
        let welcome = ServerMessage::Welcome {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        if !(self.send)(welcome) {
            return;
        }
        if let Some((session, since_seq)) = from {
            self.seen.insert(session.clone(), since_seq);
            if !self.catch_up(&session).await {
                return;
            }
        }
        loop {
            let alive = match events.recv().await {
                Ok(event) => self.pass_on(&event).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "the page lagged behind");
                    self.refill().await
                }
                Err(RecvError::Closed) => false,
            };
            if !alive {
                return;
            }
        }
    }

    async fn pass_on(&mut self, event: &Event) -> bool {
        let Event::Stored(stored) = event else {
            return (self.send)(ServerMessage::from(event));
        };
        match self.seen.get(&stored.session_id) {
            Some(&last) if stored.seq <= last => true,
            Some(&last) if stored.seq > last + 1 => {
                let session = stored.session_id.clone();
                self.catch_up(&session).await
            }
            _ => self.send_stored(stored),
        }
    }

    fn send_stored(&mut self, stored: &StoredEvent) -> bool {
        self.seen.insert(stored.session_id.clone(), stored.seq);
        (self.send)(ServerMessage::from(stored))
    }

    /// Sends what is stored of a session after the last message sent, and what is being written.
    async fn catch_up(&mut self, session: &SessionId) -> bool {
        loop {
            let since_seq = self.seen.get(session).copied().unwrap_or(0);
            let asked = SessionEvents {
                session_id: session.clone(),
                since_seq,
                limit: None,
                before_seq: None,
            };
            let page = match self.engine.call(calls::SessionEvents(asked)).await {
                Ok(page) => page,
                Err(failure) => {
                    tracing::warn!(code = ?failure.code, "a session could not be read again");
                    return true;
                }
            };
            if !page.events.iter().all(|stored| self.send_stored(stored)) {
                return false;
            }
            if !page.more {
                let mut live = page.live.into_iter();
                return live.all(|signal| (self.send)(ServerMessage::from(&Event::Signal(signal))));
            }
        }
    }

    /// After a gap: the stored events of every session heard of, and the lists asked anew.
    async fn refill(&mut self) -> bool {
        let sessions: Vec<SessionId> = self.seen.keys().cloned().collect();
        for session in &sessions {
            if !self.catch_up(session).await {
                return false;
            }
        }
        [
            Topic::Projects,
            Topic::Sessions,
            Topic::Approvals,
            Topic::Jobs,
            Topic::Checkpoints,
            Topic::Budget,
        ]
        .into_iter()
        .all(|topic| (self.send)(ServerMessage::Topic { topic }))
    }
}
