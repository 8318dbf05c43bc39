//! What leaves this machine: the gate that all requests go through, and its book in the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mira_egress::{Arrival, Departure, Gate, Ledger};
use mira_protocol::egress::{EgressEntry, EgressPage, ListEgress};
use mira_protocol::{Code, Failure, OperationId, SessionId, Topic};
use mira_store::{EgressEnd, Store};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::settings::Settings;

/// Lines that may wait to be written. Requests take far longer than writing them down.
const WAITING: usize = 10_000;
/// Lines of one transaction.
const BATCH: usize = 256;
const PAGE: u32 = 200;
const MAX_PAGE: u32 = 1_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    gate: Gate,
    book: Arc<Book>,
    store: Store,
}

enum Line {
    Left(Box<EgressEntry>),
    Ended(EgressEnd),
    /// Everything before this is written.
    Flush(tokio::sync::oneshot::Sender<()>),
}

/// Numbers lines and hands them to the task that writes.
struct Book {
    next: AtomicU64,
    lines: mpsc::Sender<Line>,
}

impl Egress {
    pub async fn open(
        store: Store,
        events: EventLog,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let next = store.next_egress_id().await.map_err(from_store)?;
        let (lines, waiting) = mpsc::channel(WAITING);
        let book = Arc::new(Book {
            next: AtomicU64::new(next),
            lines,
        });
        tokio::spawn(write(store.clone(), events, waiting));
        let egress = Self {
            gate: Gate::new(book.clone()),
            book,
            store,
        };
        egress.obey(settings);
        Ok(egress)
    }

    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub fn leaves(
        &self,
        url: &str,
        purpose: &'static str,
    ) -> Result<mira_egress::Passage, Failure> {
        let refused = |why: String| Failure::new(Code::Refused, why);
        let url = url::Url::parse(url)
            .map_err(|error| refused(format!("{url:?} is no address: {error}.")))?;
        self.gate.pass("GET", &url, purpose).map_err(|error| {
            refused(format!("{error}.")).hint("Go online in the settings (MIRA_OFFLINE).")
        })
    }

    /// Opens or closes the gate, as the settings say.
    pub fn obey(&self, settings: &Settings) {
        self.gate.set_closed(settings.offline);
    }

    pub async fn list(&self, wanted: ListEgress) -> Result<EgressPage, Failure> {
        self.written().await;
        let limit = wanted.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
        let mut entries = self
            .store
            .egress(&wanted, limit + 1)
            .await
            .map_err(from_store)?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(EgressPage {
            offline: self.gate.is_closed(),
            entries,
            more,
            hosts: self
                .store
                .egress_totals(&wanted)
                .await
                .map_err(from_store)?,
        })
    }

    /// Waits until all that was told is in the database.
    pub async fn written(&self) {
        let (done, waits) = tokio::sync::oneshot::channel();
        if self.book.lines.send(Line::Flush(done)).await.is_ok() {
            let _ = waits.await;
        }
    }
}

impl Book {
    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn write(&self, line: Line) {
        match self.lines.try_send(line) {
            Ok(()) => {}
            // It left with a line of its own; the program ends before its answer did.
            Err(TrySendError::Closed(Line::Ended(_))) => {
                tracing::debug!("a request was under way when the engine ended");
            }
            Err(TrySendError::Closed(_)) => {
                tracing::error!("a line of the egress ledger was lost: the engine has ended");
            }
            Err(TrySendError::Full(_)) => tracing::error!(
                "a line of the egress ledger was lost: the database does not keep up"
            ),
        }
    }

    fn entry(&self, departure: Departure, as_it_is: AsItIs) -> u64 {
        let (id, now) = (self.number(), now_ms());
        let held = as_it_is == AsItIs::Held;
        let over = as_it_is != AsItIs::UnderWay;
        self.write(Line::Left(Box::new(EgressEntry {
            id,
            at: now,
            host: departure.host,
            port: departure.port,
            method: departure.method,
            path: departure.path,
            purpose: departure.purpose.to_owned(),
            local: departure.local,
            held,
            session_id: departure.caller.session.map(SessionId),
            operation_id: departure.caller.operation.map(OperationId),
            sent_bytes: if held { Some(0) } else { departure.sent_bytes },
            received_bytes: held.then_some(0),
            status: None,
            ended_at: over.then_some(now),
        })));
        id
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AsItIs {
    UnderWay,
    Held,
    /// Nothing more will be known of it.
    Told,
}

impl Ledger for Book {
    fn leaves(&self, departure: Departure) -> u64 {
        self.entry(departure, AsItIs::UnderWay)
    }

    fn ended(&self, number: u64, arrival: Arrival) {
        self.write(Line::Ended(EgressEnd {
            id: number,
            received_bytes: arrival.received_bytes,
            sent_bytes: arrival.sent_bytes,
            status: arrival.status,
            ended_at: now_ms(),
        }));
    }

    fn held(&self, departure: Departure) {
        self.entry(departure, AsItIs::Held);
    }

    fn ran(&self, departure: Departure) {
        self.entry(departure, AsItIs::Told);
    }
}

async fn write(store: Store, events: EventLog, mut waiting: mpsc::Receiver<Line>) {
    let mut lines = Vec::new();
    while waiting.recv_many(&mut lines, BATCH).await > 0 {
        let (mut left, mut ended, mut flushed) = (Vec::new(), Vec::new(), Vec::new());
        for line in lines.drain(..) {
            match line {
                Line::Left(entry) => left.push(*entry),
                Line::Ended(end) => ended.push(end),
                Line::Flush(done) => flushed.push(done),
            }
        }
        if !left.is_empty() || !ended.is_empty() {
            if let Err(error) = store.log_egress(&left, &ended).await {
                tracing::error!(%error, "lines of the egress ledger were not written");
            }
            events.topic(Topic::Egress);
        }
        for done in flushed {
            let _ = done.send(());
        }
    }
}
