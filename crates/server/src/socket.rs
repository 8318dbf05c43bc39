//! One client on the socket, from the upgrade to the farewell.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use mira_protocol::wire::{ClientMessage, ServerMessage};
use mira_protocol::{Code, Failure, PROTOCOL, Request};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::State;
use crate::follow::{Follower, Subscribe};
use crate::outgoing::{self, Outgoing};

/// Serves the client until it leaves, hangs, or the server closes. Requests that run then go on:
/// what they started belongs to the engine. What a model is asked for the answer alone is ended.
pub async fn run(state: Arc<State>, socket: WebSocket, known: bool) {
    let (sink, mut stream) = socket.split();
    let (outgoing, queue) = Outgoing::new(&state);
    let end = outgoing.end().clone();
    let close_with_server = {
        let (end, closing) = (end.clone(), state.closing.clone());
        async move {
            closing.cancelled().await;
            end.signal.cancel();
        }
    };
    let reading = async {
        if known || hello(&state, &mut stream, &outgoing).await.is_continue() {
            converse(&state, &mut stream, &outgoing).await;
        }
        end.signal.cancel();
    };
    let writing = outgoing::write(&state, sink, queue, &end);
    tokio::select! {
        // The farewell is the writer's last word.
        () = async { tokio::join!(cancellable(&end, reading), writing); } => {}
        () = async { close_with_server.await; std::future::pending().await } => {}
    }
}

async fn cancellable(end: &outgoing::End, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = end.signal.cancelled() => {}
    }
}

/// Waits for the token; nothing else is listened to before.
async fn hello(
    state: &State,
    stream: &mut SplitStream<WebSocket>,
    outgoing: &Outgoing,
) -> ControlFlow<()> {
    let deadline = Instant::now() + state.limits.hello;
    let refuse = |why: &str| {
        let failure = Failure::new(Code::Unauthorized, why)
            .hint("Send {\"type\":\"hello\",\"token\":…} first; the token is in ws-token.");
        outgoing.end().because(4401, failure);
        ControlFlow::Break(())
    };
    loop {
        let frame = match timeout_at(deadline, stream.next()).await {
            Err(_) => return refuse("No hello came in time."),
            Ok(None | Some(Err(_)) | Some(Ok(Message::Close(_)))) => return ControlFlow::Break(()),
            Ok(Some(Ok(frame))) => frame,
        };
        let Message::Text(text) = frame else { continue };
        match ClientMessage::decode(&text) {
            Ok(ClientMessage::Hello { protocol, .. }) if protocol > PROTOCOL => {
                let why =
                    format!("Protocol {protocol} is not spoken here; the newest is {PROTOCOL}.");
                outgoing
                    .end()
                    .because(4400, Failure::new(Code::BadMessage, why));
                return ControlFlow::Break(());
            }
            Ok(ClientMessage::Hello { token, .. }) if state.access.is_token(&token) => {
                return ControlFlow::Continue(());
            }
            Ok(ClientMessage::Hello { .. }) => return refuse("The token is wrong."),
            _ => return refuse("The first message must be hello, with the token."),
        }
    }
}

/// An authenticated client.
async fn converse(state: &Arc<State>, stream: &mut SplitStream<WebSocket>, outgoing: &Outgoing) {
    let _counted = state.metrics.client();
    // Opened before the welcome: whatever happens after it is heard.
    let live = state.engine.events();
    let (wishes, wished) = mpsc::channel(8);
    let follower = Follower::new(state.engine.clone(), outgoing.clone(), now_ms());
    let (turns, turn) = mpsc::channel(state.limits.requests);
    let welcome = ServerMessage::Welcome {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    if outgoing.send(&welcome).await.is_err() {
        return;
    }
    let client = Client {
        state: state.clone(),
        outgoing: outgoing.clone(),
        wishes,
        spoken: CancellationToken::new(),
        turns,
        room: Arc::new(Semaphore::new(state.limits.requests)),
    };
    // Detached: a request that is under way is finished though its client left.
    tokio::spawn(in_turn(state.clone(), outgoing.clone(), turn));
    tokio::select! {
        () = follower.run(live, wished, client.spoken.clone()) => {}
        () = client.listen(stream) => {}
    }
}

struct Client {
    state: Arc<State>,
    outgoing: Outgoing,
    wishes: mpsc::Sender<Subscribe>,
    /// Cancelled once its first message is where it belongs.
    spoken: CancellationToken,
    turns: mpsc::Sender<Asked>,
    room: Arc<Semaphore>,
}

/// A request and its place among those of the client that run.
struct Asked {
    id: Option<Value>,
    method: String,
    request: Request,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Client {
    async fn listen(&self, stream: &mut SplitStream<WebSocket>) {
        let silence = self.state.limits.heartbeat * 3;
        loop {
            let frame = match timeout(silence, stream.next()).await {
                Err(_) => {
                    tracing::info!("a client is silent; its connection is closed");
                    return;
                }
                Ok(None) => return,
                Ok(Some(Err(error))) => return self.broken(&error),
                Ok(Some(Ok(frame))) => frame,
            };
            self.state.metrics.received.fetch_add(1, Ordering::Relaxed);
            let answered = match frame {
                Message::Text(text) => self.message(&text).await,
                Message::Binary(_) => {
                    let failure = Failure::new(Code::BadMessage, "Messages are text, not binary.");
                    self.outgoing
                        .send(&ServerMessage::failed(None, failure))
                        .await
                }
                Message::Ping(_) | Message::Pong(_) => continue,
                Message::Close(_) => return,
            };
            if answered.is_err() {
                return;
            }
            self.spoken.cancel();
        }
    }

    fn broken(&self, error: &axum::Error) {
        let text = error.to_string();
        tracing::debug!(error = %text, "a client's connection broke");
        if text.contains("too long") || text.contains("too big") {
            let limit = crate::MAX_MESSAGE_BYTES >> 20;
            let why = format!("The message is larger than {limit} MiB.");
            self.outgoing
                .end()
                .because(1009, Failure::new(Code::BadMessage, why));
        }
    }

    async fn message(&self, text: &str) -> Result<(), outgoing::Gone> {
        let (id, method, params) = match ClientMessage::decode(text) {
            Ok(ClientMessage::Request { id, method, params }) => (id, method, params),
            Ok(ClientMessage::Subscribe {
                id,
                session_id,
                since_seq,
            }) => {
                let wish = Subscribe {
                    id,
                    session_id,
                    since_seq,
                };
                return self.wishes.send(wish).await.map_err(|_| outgoing::Gone);
            }
            Ok(ClientMessage::Ping { id }) => {
                let pong = ServerMessage::answer(id, "ping", Ok(json!({})));
                return self.outgoing.send(&pong).await;
            }
            Ok(ClientMessage::Hello { .. }) => {
                let failure = Failure::new(Code::Conflict, "You are known already.");
                return self
                    .outgoing
                    .send(&ServerMessage::failed(None, failure))
                    .await;
            }
            Err((id, failure)) => {
                return self
                    .outgoing
                    .send(&ServerMessage::failed(id, failure))
                    .await;
            }
        };
        let request = match Request::decode(&method, params) {
            Ok(request) => request,
            Err(error) => {
                return self
                    .outgoing
                    .send(&ServerMessage::failed(id, error.into()))
                    .await;
            }
        };
        let Ok(place) = self.room.clone().try_acquire_owned() else {
            let why = format!(
                "{} requests of yours run already.",
                self.state.limits.requests
            );
            let failure = Failure::new(Code::RateLimited, why).hint("Wait for their replies.");
            return self
                .outgoing
                .send(&ServerMessage::failed(id, failure))
                .await;
        };
        let asked = Asked {
            id,
            method,
            request,
            _place: place,
        };
        if keeps_order(&asked.request) {
            return self.turns.send(asked).await.map_err(|_| outgoing::Gone);
        }
        tokio::spawn(answer(self.state.clone(), self.outgoing.clone(), asked));
        Ok(())
    }
}

/// Two messages to a session must arrive in the order in which they were sent; the engine answers
/// these at once.
fn keeps_order(request: &Request) -> bool {
    matches!(
        request,
        Request::OperationStart(_)
            | Request::OperationSteer(_)
            | Request::OperationCancel(_)
            | Request::ApprovalDecide(_)
    )
}

async fn in_turn(state: Arc<State>, outgoing: Outgoing, mut turn: mpsc::Receiver<Asked>) {
    while let Some(asked) = turn.recv().await {
        answer(state.clone(), outgoing.clone(), asked).await;
    }
}

async fn answer(state: Arc<State>, outgoing: Outgoing, asked: Asked) {
    let gone = &outgoing.end().signal;
    let result = state.engine.handle_while(asked.request, gone).await;
    // Nobody is there to hear it when this fails; the work is done all the same.
    let _ = outgoing
        .send(&ServerMessage::answer(asked.id, &asked.method, result))
        .await;
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
