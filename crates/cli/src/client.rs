//! One way to talk to an engine, whether it runs in this process or in another.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use mira_engine::Engine;
use mira_protocol::session::SessionEvents;
use mira_protocol::wire::ServerMessage;
use mira_protocol::{Call, Code, Event, Failure, Request, SessionId, calls};
use mira_server::{ADDRESS_FILE, MAX_MESSAGE_BYTES, TOKEN_FILE};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;

/// Events that may wait to be read here; a reader that lags more asks the store.
const LIVE_EVENTS: usize = 8_192;
/// How long a connection to an engine on this machine may take.
const CONNECT: Duration = Duration::from_secs(3);

/// An engine, here or attached.
#[derive(Clone)]
pub enum Client {
    Local(Engine),
    Socket(Arc<Socket>),
}

/// Who waits for the reply to which request; None once there will be no more replies.
type Waiting = Option<HashMap<u64, oneshot::Sender<Result<Value, Failure>>>>;

/// A connection to the engine of another process.
pub struct Socket {
    outgoing: mpsc::Sender<String>,
    waiting: Mutex<Waiting>,
    next_id: AtomicU64,
    events: broadcast::Sender<Arc<Event>>,
    /// Cancelled when the connection broke.
    broken: CancellationToken,
    address: String,
}

impl Client {
    /// Asks, and waits for the reply.
    pub async fn call<C>(&self, call: C) -> Result<C::Reply, Failure>
    where
        C: Call + Into<Request> + Clone,
    {
        match self {
            Self::Local(engine) => engine.call(call).await,
            Self::Socket(socket) => {
                let params = serde_json::to_value(&call).map_err(not_json)?;
                let request: Request = call.into();
                let reply = socket.request(request.method(), params).await?;
                serde_json::from_value(reply).map_err(not_json)
            }
        }
    }

    /// Everything from now on; closed when the engine is gone.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        match self {
            Self::Local(engine) => engine.events(),
            Self::Socket(socket) => socket.events.subscribe(),
        }
    }

    /// Where the attached engine listens; None for one in this process.
    pub fn attached_to(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Socket(socket) => Some(&socket.address),
        }
    }

    /// Returns when the connection to the engine broke.
    async fn lost(&self) {
        match self {
            Self::Local(_) => std::future::pending().await,
            Self::Socket(socket) => socket.broken.cancelled().await,
        }
    }

    /// Ends the engine that runs in this process.
    pub async fn close(&self) {
        if let Self::Local(engine) = self {
            engine.shutdown().await;
        }
    }

    /// The events of one session after `since_seq`, each once and in order.
    pub fn follow(&self, session: SessionId, since_seq: u64) -> Feed {
        Feed {
            live: self.events(),
            client: self.clone(),
            session,
            last: since_seq,
            ready: Vec::new().into_iter(),
            behind: true,
        }
    }
}

fn not_json(error: serde_json::Error) -> Failure {
    Failure::new(
        Code::Internal,
        format!("The engine's reply was not understood: {error}."),
    )
    .hint("Update both: the engine and this program are of different versions.")
}

/// The address and the token of the engine that listens on a data directory, if one does.
fn door(data_dir: &Path) -> Option<(String, String)> {
    let read = |name| std::fs::read_to_string(data_dir.join(name)).ok();
    let address = read(ADDRESS_FILE)?.trim().to_owned();
    let token = read(TOKEN_FILE)?.trim().to_owned();
    (!address.is_empty() && token.len() == 64).then_some((address, token))
}

impl Socket {
    /// None: no engine listens there.
    pub async fn attach(data_dir: &Path) -> Option<Arc<Self>> {
        let (address, token) = door(data_dir)?;
        let mut request = format!("ws://{address}/ws").into_client_request().ok()?;
        let bearer = format!("Bearer {token}").parse().ok()?;
        request.headers_mut().insert("authorization", bearer);
        let config = WebSocketConfig::default()
            .max_message_size(Some(4 * MAX_MESSAGE_BYTES))
            .max_frame_size(Some(4 * MAX_MESSAGE_BYTES));
        let connecting = tokio_tungstenite::connect_async_with_config(request, Some(config), false);
        let (stream, _) = tokio::time::timeout(CONNECT, connecting).await.ok()?.ok()?;
        let (mut sink, mut stream) = stream.split();
        let welcome = tokio::time::timeout(CONNECT, stream.next())
            .await
            .ok()??
            .ok()?;
        let welcome: ServerMessage = serde_json::from_str(welcome.to_text().ok()?).ok()?;
        if !matches!(welcome, ServerMessage::Welcome { .. }) {
            return None;
        }

        let (outgoing, mut queue) = mpsc::channel::<String>(64);
        let socket = Arc::new(Self {
            outgoing,
            waiting: Mutex::new(Some(HashMap::new())),
            next_id: AtomicU64::new(1),
            events: broadcast::channel(LIVE_EVENTS).0,
            broken: CancellationToken::new(),
            address,
        });
        tokio::spawn(async move {
            while let Some(text) = queue.recv().await {
                if sink.send(Message::text(text)).await.is_err() {
                    break;
                }
            }
            let _ = sink.close().await;
        });
        // The reader must not keep the socket alive: when the last client is dropped, the queue
        // closes, the writer says goodbye and the reader ends.
        let weak = Arc::downgrade(&socket);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Some(socket) = weak.upgrade() else { return };
                if let Message::Text(text) = message {
                    socket.heard(&text);
                }
            }
            if let Some(socket) = weak.upgrade() {
                socket.lost();
            }
        });
        Some(socket)
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, Failure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        match &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(waiting) => waiting.insert(id, answer),
            None => return Err(gone()),
        };
        let message =
            json!({ "type": "request", "id": id, "method": method, "params": params }).to_string();
        self.outgoing.send(message).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    fn heard(&self, text: &str) {
        let Ok(message) = serde_json::from_str::<ServerMessage>(text) else {
            tracing::warn!("a message of the engine was not understood");
            return;
        };
        let (id, result) = match message {
            ServerMessage::Reply { id, result, .. } => (id, Ok(result)),
            ServerMessage::Error {
                id: Some(id),
                failure,
                ..
            } => (Some(id), Err(failure)),
            event => {
                if let Some(event) = event.into_event() {
                    let _ = self.events.send(Arc::new(event));
                }
                return;
            }
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiter = id
            .and_then(|id| id.as_u64())
            .and_then(|id| waiting.as_mut().and_then(|waiting| waiting.remove(&id)));
        if let Some(waiter) = waiter {
            let _ = waiter.send(result);
        }
    }

    /// Everybody who waits learns that there will be no answer.
    fn lost(&self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.broken.cancel();
    }
}

fn gone() -> Failure {
    Failure::new(
        Code::Interrupted,
        "The engine that this program was attached to has ended.",
    )
    .hint("Run the command again; it starts an engine of its own. Nothing that was shown is lost.")
}

/// One session's events; signals and stored events, without gap or double of the latter.
pub struct Feed {
    client: Client,
    session: SessionId,
    live: broadcast::Receiver<Arc<Event>>,
    last: u64,
    /// Read from the store, not given out yet.
    ready: std::vec::IntoIter<Arc<Event>>,
    /// The store has to be asked before the next live event.
    behind: bool,
}

impl Feed {
    pub async fn next(&mut self) -> Result<Arc<Event>, Failure> {
        loop {
            if let Some(event) = self.ready.next() {
                return Ok(event);
            }
            if self.behind {
                self.refill().await?;
                continue;
            }
            let event = tokio::select! {
                event = self.live.recv() => event,
                () = self.client.lost() => return Err(gone()),
            };
            match event {
                Err(broadcast::error::RecvError::Lagged(_)) => self.behind = true,
                Err(broadcast::error::RecvError::Closed) => return Err(gone()),
                Ok(event) => match &*event {
                    Event::Stored(stored) if stored.session_id == self.session => {
                        if stored.seq == self.last + 1 {
                            self.last = stored.seq;
                            return Ok(event);
                        }
                        self.behind = stored.seq > self.last;
                    }
                    Event::Signal(signal) if signal.session() == &self.session => return Ok(event),
                    _ => {}
                },
            }
        }
    }

    async fn refill(&mut self) -> Result<(), Failure> {
        let params = SessionEvents {
            session_id: self.session.clone(),
            since_seq: self.last,
            limit: Some(500),
            before_seq: None,
        };
        let page = self.client.call(calls::SessionEvents(params)).await?;
        self.behind = page.more;
        self.last = page.events.last().map_or(self.last, |event| event.seq);
        let stored = page.events.into_iter().map(Event::Stored);
        let live = page.live.into_iter().map(Event::Signal);
        self.ready = stored
            .chain(live)
            .map(Arc::new)
            .collect::<Vec<_>>()
            .into_iter();
        Ok(())
    }
}
