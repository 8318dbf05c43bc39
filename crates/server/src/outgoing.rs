//! What waits to be sent to one client, bounded: a client that does not read is cut off.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures::SinkExt;
use futures::stream::SplitSink;
use mira_protocol::wire::ServerMessage;
use mira_protocol::{Code, Failure};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::State;

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// The sending end; cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    queue: mpsc::Sender<Utf8Bytes>,
    end: std::sync::Arc<End>,
    patience: Duration,
}

/// How a connection ends.
#[derive(Default)]
pub struct End {
    pub signal: CancellationToken,
    reason: OnceLock<(u16, Failure)>,
}

impl End {
    /// Ends the connection with a last error and a close code; the first reason stands.
    pub fn because(&self, close_code: u16, failure: Failure) {
        let _ = self.reason.set((close_code, failure));
        self.signal.cancel();
    }
}

/// The connection ended; there is nobody to send to.
#[derive(Debug)]
pub struct Gone;

impl Outgoing {
    pub fn new(state: &State) -> (Self, mpsc::Receiver<Utf8Bytes>) {
        let (queue, receiver) = mpsc::channel(state.limits.queue);
        let patience = state.limits.patience;
        (
            Self {
                queue,
                end: Default::default(),
                patience,
            },
            receiver,
        )
    }

    pub fn end(&self) -> &std::sync::Arc<End> {
        &self.end
    }

    /// Waits for room as long as patience lasts, then gives the client up.
    pub async fn send(&self, message: &ServerMessage) -> Result<(), Gone> {
        let text = match serde_json::to_string(message) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "a message could not be written as JSON");
                return Ok(());
            }
        };
        tokio::select! {
            biased;
            () = self.end.signal.cancelled() => Err(Gone),
            sent = timeout(self.patience, self.queue.send(text.into())) => match sent {
                Ok(sent) => sent.map_err(|_| Gone),
                Err(_) => {
                    self.end.because(4008, too_slow());
                    Err(Gone)
                }
            }
        }
    }
}

fn too_slow() -> Failure {
    Failure::new(
        Code::TooSlow,
        "You read too slowly and were cut off. Nothing is lost.",
    )
    .hint("Connect again and subscribe with the last seq that you saw.")
}

/// Sends what waits until the connection ends, then says why it ended.
pub async fn write(
    state: &State,
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Utf8Bytes>,
    end: &End,
) {
    let mut heartbeat = interval(state.limits.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.tick().await;
    loop {
        let message = tokio::select! {
            biased;
            () = end.signal.cancelled() => break,
            message = queue.recv() => match message {
                Some(text) => Message::Text(text),
                None => break,
            },
            _ = heartbeat.tick() => Message::Ping(Default::default()),
        };
        state.metrics.sent.fetch_add(1, Ordering::Relaxed);
        // A frame that was begun stays in the socket's buffer when this is interrupted, and goes
        // out, whole, before the farewell.
        tokio::select! {
            () = end.signal.cancelled() => break,
            sent = sink.send(message) => if sent.is_err() {
                end.signal.cancel();
                return;
            }
        }
    }
    let farewell = async {
        let mut code = 1001;
        if let Some((close_code, failure)) = end.reason.get() {
            code = *close_code;
            let last = ServerMessage::failed(None, failure.clone());
            if let Ok(text) = serde_json::to_string(&last) {
                sink.send(Message::Text(text.into())).await?;
            }
        } else {
            // Answers that were ready before the end still go out.
            while let Ok(text) = queue.try_recv() {
                sink.send(Message::Text(text)).await?;
            }
        }
        let reason = end
            .reason
            .get()
            .map_or("", |(_, failure)| word(failure.code));
        sink.send(Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        })))
        .await?;
        sink.close().await
    };
    if end
        .reason
        .get()
        .is_some_and(|(_, failure)| failure.code == Code::TooSlow)
    {
        state.metrics.cut_off.fetch_add(1, Ordering::Relaxed);
        tracing::info!("a client that did not read was cut off");
    }
    // An error says that the client is gone already.
    let _ = timeout(FAREWELL, farewell).await;
}

fn word(code: Code) -> &'static str {
    match code {
        Code::TooSlow => "too_slow",
        Code::Unauthorized => "unauthorized",
        Code::BadMessage => "bad_message",
        _ => "closed",
    }
}
