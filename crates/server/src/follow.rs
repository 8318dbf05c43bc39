//! What one client hears: stored events in order, each once, whatever it missed in between.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mira_engine::Engine;
use mira_protocol::session::{EventPage, LastSession, ListSessions, SessionEvents};
use mira_protocol::wire::ServerMessage;
use mira_protocol::{Event, Failure, SessionId, StoredEvent, UtcMs, calls};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::outgoing::{Gone, Outgoing};

/// How long a client that only listens waits for its first live event.
const FIRST_WORD: Duration = Duration::from_millis(500);
/// Events of one read from the store.
const PAGE: u32 = 500;

/// A client's wish to hear a session from some event on.
pub struct Subscribe {
    pub id: Option<Value>,
    pub session_id: Option<SessionId>,
    pub since_seq: u64,
}

/// What to do with a live event.
#[derive(Debug, PartialEq)]
enum Admit {
    Send,
    /// It was sent already.
    Skip,
    /// Events between `after` and this one were missed.
    Refill {
        after: u64,
    },
}

/// The last event sent of each session.
#[derive(Default)]
struct Seen(HashMap<SessionId, u64>);

impl Seen {
    fn admit(&self, event: &StoredEvent) -> Admit {
        match self.0.get(&event.session_id) {
            None => Admit::Send,
            Some(&last) if event.seq <= last => Admit::Skip,
            Some(&last) if event.seq == last + 1 => Admit::Send,
            Some(&last) => Admit::Refill { after: last },
        }
    }

    fn sent(&mut self, session: &SessionId, seq: u64) {
        self.0.insert(session.clone(), seq);
    }
}

/// Sends events to one client until it is gone.
pub struct Follower {
    pub engine: Engine,
    pub outgoing: Outgoing,
    seen: Seen,
    since: UtcMs,
}

impl Follower {
    /// `since`: events of sessions that were never subscribed to are the client's from then on.
    pub fn new(engine: Engine, outgoing: Outgoing, since: UtcMs) -> Self {
        Self {
            engine,
            outgoing,
            seen: Seen::default(),
            since,
        }
    }

    /// `live` must have been opened before the client was welcomed. One loop does both the
    /// replaying and the live part, so an event cannot slip between them.
    ///
    /// Nothing live is sent before `spoken`, the client's first message: one that comes back
    /// says first from where on it wants to hear, and must not hear the newest before that.
    pub async fn run(
        mut self,
        mut live: broadcast::Receiver<Arc<Event>>,
        mut wishes: mpsc::Receiver<Subscribe>,
        spoken: CancellationToken,
    ) {
        tokio::select! {
            () = spoken.cancelled() => {}
            () = tokio::time::sleep(FIRST_WORD) => {}
        }
        loop {
            let done = tokio::select! {
                biased;
                wish = wishes.recv() => match wish {
                    Some(wish) => self.subscribe(wish).await,
                    None => return,
                },
                event = live.recv() => match event {
                    Ok(event) => self.live(&event).await,
                    Err(RecvError::Lagged(missed)) => {
                        tracing::debug!(missed, "a client lags; its events come from the store");
                        self.catch_up().await
                    }
                    Err(RecvError::Closed) => return,
                },
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn live(&mut self, event: &Event) -> Result<(), Gone> {
        let Event::Stored(stored) = event else {
            return self.outgoing.send(&event.into()).await;
        };
        match self.seen.admit(stored) {
            Admit::Skip => Ok(()),
            Admit::Send => self.send(stored).await,
            Admit::Refill { after } => {
                let session = stored.session_id.clone();
                self.replay(&session, after).await.map(|_| ())
            }
        }
    }

    async fn send(&mut self, event: &StoredEvent) -> Result<(), Gone> {
        self.outgoing.send(&event.into()).await?;
        self.seen.sent(&event.session_id, event.seq);
        Ok(())
    }

    /// Replays, then answers: a client that has the reply has everything before it.
    async fn subscribe(&mut self, wish: Subscribe) -> Result<(), Gone> {
        let result = match self.target(wish.session_id).await {
            Ok(None) => Ok(json!({ "session_id": null, "seq": 0 })),
            Ok(Some(session)) => {
                // Known from here on, even while it has no event yet.
                self.seen.sent(&session, wish.since_seq);
                match self.replay(&session, wish.since_seq).await? {
                    Ok(seq) => Ok(json!({ "session_id": session, "seq": seq })),
                    Err(failure) => Err(failure),
                }
            }
            Err(failure) => Err(failure),
        };
        self.outgoing
            .send(&ServerMessage::answer(wish.id, "subscribe", result))
            .await
    }

    async fn target(&self, session: Option<SessionId>) -> Result<Option<SessionId>, Failure> {
        if session.is_some() {
            return Ok(session);
        }
        let last = self
            .engine
            .call(calls::SessionLast(LastSession::default()))
            .await?;
        Ok(last.session.map(|session| session.id))
    }

    /// Sends the events after `since` and what is being written now; gives the last seq sent.
    async fn replay(
        &mut self,
        session: &SessionId,
        since: u64,
    ) -> Result<Result<u64, Failure>, Gone> {
        let mut last = since;
        loop {
            let page = match self.page(session, last).await {
                Ok(page) => page,
                Err(failure) => return Ok(Err(failure)),
            };
            for event in &page.events {
                self.send(event).await?;
                last = event.seq;
            }
            if !page.more || page.events.is_empty() {
                for signal in page.live {
                    self.outgoing.send(&(&Event::Signal(signal)).into()).await?;
                }
                return Ok(Ok(last));
            }
        }
    }

    async fn page(&self, session: &SessionId, since: u64) -> Result<EventPage, Failure> {
        let params = SessionEvents {
            session_id: session.clone(),
            since_seq: since,
            limit: Some(PAGE),
            before_seq: None,
        };
        self.engine.call(calls::SessionEvents(params)).await
    }

    /// After a lag: every session that moved since the client came.
    async fn catch_up(&mut self) -> Result<(), Gone> {
        let list = ListSessions {
            limit: Some(500),
            ..ListSessions::default()
        };
        let sessions = match self.engine.call(calls::SessionList(list)).await {
            Ok(list) => list.sessions,
            Err(failure) => {
                // The next live event of each known session shows its gap and fills it.
                tracing::warn!(%failure, "sessions could not be listed to catch up");
                return Ok(());
            }
        };
        for session in sessions {
            match self.seen.0.get(&session.id) {
                Some(&last) if last >= session.last_seq => {}
                Some(&last) => {
                    let _ = self.replay(&session.id, last).await?;
                }
                None if session.last_active_at >= self.since => {
                    self.replay_new(&session.id).await?;
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Events of a session that was not heard of before, as far as they are newer than the
    /// client.
    async fn replay_new(&mut self, session: &SessionId) -> Result<(), Gone> {
        let mut last = 0;
        loop {
            let Ok(page) = self.page(session, last).await else {
                return Ok(());
            };
            for event in &page.events {
                if event.at >= self.since {
                    self.send(event).await?;
                }
                last = event.seq;
            }
            if !page.more || page.events.is_empty() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mira_protocol::EventKind;

    use super::*;

    fn event(session: &str, seq: u64) -> StoredEvent {
        let kind = EventKind::Renamed {
            name: "n".into(),
            by_person: true,
        };
        StoredEvent {
            session_id: session.into(),
            seq,
            operation_id: None,
            at: 0,
            kind,
        }
    }

    #[test]
    fn each_event_is_sent_once_and_gaps_are_seen() {
        let mut seen = Seen::default();
        assert_eq!(
            seen.admit(&event("a", 7)),
            Admit::Send,
            "never heard of: it begins here"
        );
        seen.sent(&"a".into(), 7);
        assert_eq!(seen.admit(&event("a", 7)), Admit::Skip);
        assert_eq!(seen.admit(&event("a", 3)), Admit::Skip);
        assert_eq!(seen.admit(&event("a", 8)), Admit::Send);
        assert_eq!(seen.admit(&event("a", 10)), Admit::Refill { after: 7 });
        assert_eq!(
            seen.admit(&event("b", 1)),
            Admit::Send,
            "sessions count on their own"
        );
    }
}
