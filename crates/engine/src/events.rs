//! The event log: stored first, announced after.

use std::sync::Arc;

use mira_protocol::{
    CheckpointId, Event, EventKind, Failure, OperationId, SessionId, Signal, StoredEvent, Topic,
};
use mira_secrets::Masker;
use mira_store::{NewOperation, Restore, Store};
use tokio::sync::{Mutex, broadcast};

use crate::clock::now_ms;
use crate::failure::from_store;
use crate::masking;

/// How many events a slow listener may lag behind before it has to catch up from the store.
const LIVE_CAPACITY: usize = 8_192;

/// Writes events and tells everybody who listens. Cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    store: Store,
    masker: Masker,
    live: broadcast::Sender<Arc<Event>>,
    /// Held from the write to the announcement, so that listeners hear a session in `seq` order.
    order: Arc<Mutex<()>>,
}

impl EventLog {
    pub fn new(store: Store, masker: Masker) -> Self {
        let (live, _) = broadcast::channel(LIVE_CAPACITY);
        Self {
            store,
            masker,
            live,
            order: Arc::default(),
        }
    }

    /// What hides secrets in everything that is stored.
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    /// Stores one step and announces it.
    pub async fn append(
        &self,
        session: &SessionId,
        operation: Option<&OperationId>,
        kind: EventKind,
    ) -> Result<StoredEvent, Failure> {
        let mut stored = self.append_all(session, operation, vec![kind]).await?;
        stored
            .pop()
            .ok_or_else(|| crate::failure::internal("the store wrote no event"))
    }

    /// Stores several steps in one transaction and announces them in order.
    pub async fn append_all(
        &self,
        session: &SessionId,
        operation: Option<&OperationId>,
        kinds: Vec<EventKind>,
    ) -> Result<Vec<StoredEvent>, Failure> {
        let kinds = self.masked(kinds);
        let _order = self.order.lock().await;
        let stored = self
            .store
            .append(session, operation, now_ms(), &kinds)
            .await
            .map_err(from_store)?;
        self.announce(&stored);
        Ok(stored)
    }

    /// Makes an operation and stores its first steps, in one transaction.
    pub async fn begin(
        &self,
        operation: &NewOperation,
        kinds: Vec<EventKind>,
    ) -> Result<Vec<StoredEvent>, Failure> {
        let kinds = self.masked(kinds);
        let _order = self.order.lock().await;
        let stored = self
            .store
            .begin_operation(operation, &kinds)
            .await
            .map_err(from_store)?;
        self.announce(&stored);
        Ok(stored)
    }

    fn masked(&self, kinds: Vec<EventKind>) -> Vec<EventKind> {
        kinds
            .into_iter()
            .map(|kind| masking::event(&self.masker, kind))
            .collect()
    }

    /// Notes a restore of files and tells of it, in one transaction.
    pub async fn record_restore(
        &self,
        restore: &Restore,
        kind: impl FnOnce(Option<CheckpointId>) -> EventKind + Send,
    ) -> Result<Option<CheckpointId>, Failure> {
        let _order = self.order.lock().await;
        let noted = self.store.record_restore(restore, kind).await;
        let (id, stored) = noted.map_err(from_store)?;
        self.announce(&stored);
        Ok(id)
    }

    fn announce(&self, stored: &[StoredEvent]) {
        for event in stored {
            // An error only says that nobody listens.
            let _ = self.live.send(Arc::new(Event::Stored(event.clone())));
        }
    }

    pub fn signal(&self, signal: Signal) {
        let _ = self.live.send(Arc::new(Event::Signal(signal)));
    }

    pub fn topic(&self, topic: Topic) {
        let _ = self.live.send(Arc::new(Event::Topic(topic)));
    }

    pub fn listen(&self) -> broadcast::Receiver<Arc<Event>> {
        self.live.subscribe()
    }
}
