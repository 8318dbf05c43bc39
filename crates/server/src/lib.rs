//! Socket, HTTP and the web UI over one engine: transport only.
//!
//! [`serve`] binds a loopback port. `/ws` speaks [`mira_protocol::wire`]; `/` is the same UI as
//! the desktop window's, reached through a one-time link that becomes a cookie. Beside them stand
//! `/health`, `/ready` and `/metrics`.
//!
//! What is absent here: no decision about files, commands or money; no state of a conversation.
//! A client that comes back after a cut finds everything in the engine's event log.

mod access;
mod assets;
mod follow;
mod http;
mod metrics;
mod outgoing;
mod socket;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mira_engine::Engine;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use access::Access;
use metrics::Metrics;

/// The file in the data directory that holds the socket's token (64 hex digits, mode 0600).
pub const TOKEN_FILE: &str = "ws-token";
/// The file in the data directory that says where the engine listens now ("127.0.0.1:3001").
pub const ADDRESS_FILE: &str = "ws-address";
/// Largest message that a client may send, in bytes: an attachment of 10 MiB in base64, twice.
pub const MAX_MESSAGE_BYTES: usize = 32 << 20;

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Loopback, unless `allow_remote` is set.
    pub host: IpAddr,
    /// 0: any free port.
    pub port: u16,
    /// Allow an address that other machines can reach. The token then travels in the clear.
    pub allow_remote: bool,
    /// Where [`TOKEN_FILE`] and [`ADDRESS_FILE`] are written.
    pub data_dir: PathBuf,
    pub limits: Limits,
}

impl ServeOptions {
    /// The default: 127.0.0.1, port 3001.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 3001,
            allow_remote: false,
            data_dir: data_dir.into(),
            limits: Limits::default(),
        }
    }
}

/// What one connection may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Messages that wait for a client to read them.
    pub queue: usize,
    /// A client whose queue stays full for so long is cut off with `too_slow`.
    pub patience: Duration,
    /// Requests of one client that run at once; more are refused with `rate_limited`.
    pub requests: usize,
    /// Time from connecting to a valid `hello`.
    pub hello: Duration,
    /// Between two pings; a client that is silent for three of them is gone.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 256,
            patience: Duration::from_secs(10),
            requests: 64,
            hello: Duration::from_secs(10),
            heartbeat: Duration::from_secs(20),
        }
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "Refused to listen on {0}: other machines could reach it, and the token would cross the \
         network in the clear. Use 127.0.0.1 with an SSH tunnel, or pass --allow-remote."
    )]
    NotLoopback(IpAddr),
    #[error(
        "Could not listen on {address}: {source}. Another program may use that port; choose \
         another one with --port."
    )]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("Could not write {path}: {source}. Check that the data directory can be written.")]
    File { path: PathBuf, source: io::Error },
}

/// A listening server; ends with [`Server::shutdown`] or when dropped.
pub struct Server {
    addr: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// What every connection shares.
pub(crate) struct State {
    pub engine: Engine,
    pub access: Access,
    pub limits: Limits,
    pub metrics: Metrics,
    pub closing: CancellationToken,
    address_file: PathBuf,
    addr: SocketAddr,
}

/// Binds and serves in the background.
pub async fn serve(engine: Engine, options: ServeOptions) -> Result<Server, ServeError> {
    if !options.host.is_loopback() && !options.allow_remote {
        return Err(ServeError::NotLoopback(options.host));
    }
    let address = SocketAddr::new(options.host, options.port);
    let bind = |source| ServeError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;

    let token_file = options.data_dir.join(TOKEN_FILE);
    let token = access::token(&token_file).map_err(file(&token_file))?;
    let address_file = options.data_dir.join(ADDRESS_FILE);
    access::write_private(&address_file, addr.to_string().as_bytes())
        .map_err(file(&address_file))?;

    let state = Arc::new(State {
        engine,
        access: Access::new(token, addr, !options.host.is_loopback()),
        limits: options.limits,
        metrics: Metrics::default(),
        closing: CancellationToken::new(),
        address_file,
        addr,
    });
    state.engine.set_listening(Some(format!("ws://{addr}/ws")));
    let router = http::router(state.clone());
    let closing = state.closing.clone();
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(async move { closing.cancelled().await })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the server stopped accepting connections");
        }
    });
    tracing::info!(%addr, "listening");
    Ok(Server { addr, state, task })
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> ServeError {
    let path = path.to_owned();
    move |source| ServeError::File { path, source }
}

impl Server {
    /// Where it listens; the port is the real one.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A link to the web UI that works once.
    pub fn link(&self) -> String {
        self.state.access.new_link()
    }

    /// Clients that are connected and authenticated now.
    pub fn clients(&self) -> u64 {
        self.state.metrics.clients()
    }

    /// Says goodbye to every client and stops listening. The engine goes on.
    pub async fn shutdown(mut self) {
        self.state.close();
        // Connections answer the cancellation at once; a client that hangs is not waited for.
        let _ = tokio::time::timeout(Duration::from_secs(2), &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.close();
        self.task.abort();
    }
}

impl State {
    fn close(&self) {
        if self.closing.is_cancelled() {
            return;
        }
        self.closing.cancel();
        self.engine.set_listening(None);
        // Another server may have written its own address since.
        if std::fs::read_to_string(&self.address_file).is_ok_and(|a| a == self.addr.to_string()) {
            let _ = std::fs::remove_file(&self.address_file);
        }
    }
}
