//! The one way out: every request that Mira makes itself goes through a [`Gate`], which is closed
//! when offline, and tells its [`Ledger`] who asked whom, what for, and how many bytes went and
//! came. No other crate talks to the network; a test of the repository checks that none could.
//!
//! Commands that may reach some hosts and no others go through a [`Door`] of the gate; those that
//! have the whole network are not seen here, and the engine writes down that they had it.
//!
//! Knows HTTP and nothing of models, pages or databases.

mod address;
mod door;
mod place;
mod sent;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::{fmt, io};

use reqwest::{RequestBuilder, Url};

pub use address::forbidden;
pub use door::{Door, Names, Open, host_name};
pub use place::is_this_machine;
pub use sent::{Passage, Response};

/// What a request is for: "model", "embedding", "models list", "page", "web search", …
pub type Purpose = &'static str;

/// A request that is about to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    pub host: String,
    pub port: u16,
    /// "POST", "GET".
    pub method: String,
    /// Without query and fragment: they may hold what somebody typed.
    pub path: String,
    pub purpose: Purpose,
    /// The host is this machine: nothing leaves it.
    pub local: bool,
    /// Bytes of the body; None where Mira does not see them.
    pub sent_bytes: Option<u64>,
    /// For whom, as [`within`] said.
    pub caller: Caller,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Bytes of the body that came back, as they came.
    pub received_bytes: u64,
    /// HTTP status; None where no answer came.
    pub status: Option<u16>,
    /// Bytes that went, where that was not known when it left.
    pub sent_bytes: Option<u64>,
}

/// On whose behalf requests are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    pub session: Option<String>,
    pub operation: Option<String>,
}

/// Writes down what leaves. Called on the way of the request: it must not block.
pub trait Ledger: Send + Sync + 'static {
    /// Before the first byte leaves; the number is given back to [`Ledger::ended`].
    fn leaves(&self, departure: Departure) -> u64;
    fn ended(&self, number: u64, arrival: Arrival);
    /// A request that the closed gate held back.
    fn held(&self, departure: Departure);
    /// A command that had the network.
    fn ran(&self, departure: Departure);
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Mira is offline, so {host} was not asked")]
    Offline { host: String },
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Error {
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Offline { .. })
    }
}

/// Open unless closed. Cheap to clone; all clones are one gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<Parts>);

#[derive(Default)]
struct Parts {
    closed: AtomicBool,
    ledger: RwLock<Option<Arc<dyn Ledger>>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("closed", &self.is_closed())
            .finish()
    }
}

tokio::task_local! {
    static CALLER: Caller;
}

/// Requests that `work` makes are put down to `caller`. Tasks that it spawns are not.
pub async fn within<T>(caller: Caller, work: impl Future<Output = T>) -> T {
    CALLER.scope(caller, work).await
}

impl Gate {
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self(Arc::new(Parts {
            closed: AtomicBool::new(false),
            ledger: RwLock::new(Some(ledger)),
        }))
    }

    /// Closed: nothing leaves this machine. Requests to this machine itself still go.
    pub fn set_closed(&self, closed: bool) {
        self.0.closed.store(closed, Ordering::Release);
    }

    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// [`Error::Offline`] where the gate is closed and the host is not this machine; nothing was
    /// sent, and no name was looked up.
    pub async fn send(&self, request: RequestBuilder, purpose: Purpose) -> Result<Response, Error> {
        let (client, request) = request.build_split();
        let request = request?;
        let departure = departure(
            request.method().as_str(),
            request.url(),
            purpose,
            body_bytes(&request),
        );
        let passage = self.begin(departure)?;
        let response = client.execute(request).await?;
        Ok(Response::new(response, passage))
    }

    /// A request that somebody else makes (an updater, a browser), for the same ledger and gate.
    ///
    /// # Errors
    /// As [`Gate::send`], as an I/O error.
    pub fn pass(&self, method: &str, url: &Url, purpose: Purpose) -> io::Result<Passage> {
        self.pass_with(method, url, purpose, 0)
    }

    /// As [`Gate::pass`], for a request whose body is so long.
    ///
    /// # Errors
    /// As [`Gate::send`], as an I/O error.
    pub fn pass_with(
        &self,
        method: &str,
        url: &Url,
        purpose: Purpose,
        sent_bytes: u64,
    ) -> io::Result<Passage> {
        self.begin(departure(method, url, purpose, sent_bytes))
            .map_err(io::Error::other)
    }

    fn begin(&self, departure: Departure) -> Result<Passage, Error> {
        let ledger = self.ledger();
        if self.is_closed() && !departure.local {
            let host = departure.host.clone();
            if let Some(ledger) = ledger {
                ledger.held(departure);
            }
            return Err(Error::Offline { host });
        }
        Ok(Passage::begin(ledger, departure))
    }

    /// Writes down that a command ran with the network open: what it sent is not seen.
    pub fn command(&self, program: &str) {
        if let Some(ledger) = self.ledger() {
            ledger.ran(Departure {
                host: "any".to_owned(),
                port: 0,
                method: "RUN".to_owned(),
                path: program.to_owned(),
                purpose: "command",
                local: false,
                sent_bytes: None,
                caller: caller(),
            });
        }
    }

    fn ledger(&self) -> Option<Arc<dyn Ledger>> {
        let ledger = self.0.ledger.read();
        ledger
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

/// A client whose requests all go through a gate. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    gate: Gate,
}

impl Client {
    pub fn new(inner: reqwest::Client, gate: Gate) -> Self {
        Self { inner, gate }
    }

    pub fn get(&self, url: impl reqwest::IntoUrl) -> RequestBuilder {
        self.inner.get(url)
    }

    pub fn post(&self, url: impl reqwest::IntoUrl) -> RequestBuilder {
        self.inner.post(url)
    }

    /// Sends what [`Client::get`] or [`Client::post`] began.
    ///
    /// # Errors
    /// As [`Gate::send`].
    pub async fn send(&self, request: RequestBuilder, purpose: Purpose) -> Result<Response, Error> {
        self.gate.send(request, purpose).await
    }
}

fn departure(method: &str, url: &Url, purpose: Purpose, sent_bytes: u64) -> Departure {
    Departure {
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default().unwrap_or_default(),
        method: method.to_owned(),
        path: url.path().to_owned(),
        purpose,
        local: is_this_machine(url),
        sent_bytes: Some(sent_bytes),
        caller: caller(),
    }
}

fn caller() -> Caller {
    CALLER.try_with(Clone::clone).unwrap_or_default()
}

fn body_bytes(request: &reqwest::Request) -> u64 {
    let body = request.body().and_then(|body| body.as_bytes());
    body.map_or(0, |bytes| bytes.len() as u64)
}
