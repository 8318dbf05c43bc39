//! A way out for one command: a proxy that lets it reach the hosts it was allowed, and no other.
//!
//! The command has a network of its own with nothing in it but this door. It names a host; the
//! door compares names, looks the name up itself, refuses addresses that nobody asked for,
//! connects, and carries bytes. It reads nothing of what is carried over TLS. Programs find it
//! through `HTTP_PROXY` and `HTTPS_PROXY`; what knows no proxy reaches nothing.

mod request;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::place::names_this_machine;
use crate::sent::Passage;
use crate::{Caller, Departure, Error, Gate, forbidden};
use request::Request;

/// How long a program may take to say whom it wants.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(15);
/// Carried at once, in bytes.
const PIECE: usize = 32 * 1024;
/// Connections at the same time; more wait.
const MOST: usize = 256;
/// Refused hosts that are remembered.
const MOST_REFUSED: usize = 20;

/// Looks names up. The system's way unless a test has its own.
pub type Names = Arc<
    dyn Fn(String, u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>
        + Send
        + Sync,
>;

/// What one command may reach. Cheap to clone; all clones are one door.
#[derive(Clone)]
pub struct Door(Arc<Parts>);

struct Parts {
    gate: Gate,
    caller: Caller,
    hosts: Vec<String>,
    names: Names,
    refused: Mutex<Vec<String>>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("hosts", &self.0.hosts)
            .finish()
    }
}

/// A door that is served. Dropping it closes it with everything that goes through.
#[derive(Debug)]
pub struct Open {
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Open {
    /// Closes it, and waits until all that went through is in the book.
    pub async fn close(mut self) {
        drop(self.stop.take());
        let _ = (&mut self.served).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// A host as it is compared: lower case, without a port, a scheme or a dot at its end.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn host_name(text: &str) -> Result<String, String> {
    let host = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let bare = host.trim_matches(['[', ']']);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(bare.to_owned());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let whole = !host.is_empty() && host.len() <= 253 && host.chars().all(fits);
    if whole && host.split('.').all(|label| !label.is_empty()) {
        return Ok(host);
    }
    Err(format!(
        "{text:?} is no host. Write names as registry.npmjs.org: each one whole, without scheme, \
         port, path or *."
    ))
}

impl Door {
    /// To `hosts`, each as [`host_name`] gives it.
    pub fn new(gate: Gate, caller: Caller, hosts: Vec<String>) -> Self {
        let names: Names = Arc::new(|host, port| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((host.as_str(), port)).await?;
                Ok(found.collect())
            })
        });
        Self::with_names(gate, caller, hosts, names)
    }

    /// As [`Door::new`], with another way to look names up.
    pub fn with_names(gate: Gate, caller: Caller, hosts: Vec<String>, names: Names) -> Self {
        Self(Arc::new(Parts {
            gate,
            caller,
            hosts,
            names,
            refused: Mutex::default(),
        }))
    }

    pub fn hosts(&self) -> &[String] {
        &self.0.hosts
    }

    /// Hosts that were asked for and refused so far, each once.
    pub fn refused(&self) -> Vec<String> {
        let refused = self.0.refused.lock();
        refused.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves whoever connects to `listener`, which may lie in another network namespace. Needs a
    /// Tokio runtime.
    ///
    /// # Errors
    /// Where the listener cannot be watched.
    pub fn serve(&self, listener: std::net::TcpListener) -> io::Result<Open> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let parts = self.0.clone();
        let (stop, mut stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let mut guests = JoinSet::new();
            loop {
                while guests.try_join_next().is_some() {}
                let full = guests.len() >= MOST;
                tokio::select! {
                    // Told so, or the other end is gone.
                    _ = &mut stopped => return guests.shutdown().await,
                    _ = guests.join_next(), if full => {}
                    accepted = listener.accept(), if !full => match accepted {
                        Ok((guest, _)) => {
                            let parts = parts.clone();
                            guests.spawn(async move { parts.serve(guest).await });
                        }
                        // Out of descriptors: others will end.
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    },
                }
            }
        });
        Ok(Open {
            stop: Some(stop),
            served,
        })
    }
}

/// Told to the program in place of an answer.
struct Refusal {
    status: &'static str,
    why: String,
}

impl Refusal {
    fn new(status: &'static str, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
        }
    }

    fn answer(&self) -> String {
        let body = format!("Mira: {}\n", self.why);
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.status,
            body.len()
        )
    }
}

/// Counts what is carried, and tells the book when it is over, however that comes.
struct Carried {
    passage: Passage,
    up: AtomicU64,
    down: AtomicU64,
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.passage.sent(self.up.load(Ordering::Relaxed));
        self.passage.received(self.down.load(Ordering::Relaxed));
    }
}

impl Parts {
    async fn serve(&self, mut guest: TcpStream) {
        let _ = guest.set_nodelay(true);
        let asked = tokio::time::timeout(PATIENCE, request::read(&mut guest)).await;
        let served = match asked {
            Ok(Ok(Some(request))) => self.pass(&mut guest, request).await,
            // It closed without a word.
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(why)) => Err(Refusal::new("400 Bad Request", why)),
        };
        if let Err(refusal) = served {
            let _ = guest.write_all(refusal.answer().as_bytes()).await;
            let _ = guest.shutdown().await;
        }
    }

    async fn pass(&self, guest: &mut TcpStream, request: Request) -> Result<(), Refusal> {
        let host = host_name(&request.host).map_err(|why| Refusal::new("400 Bad Request", why))?;
        if !self.hosts.contains(&host) {
            self.remember(&host);
            let why = format!(
                "{host} is not among the hosts that this command may reach ({}).",
                self.hosts.join(", ")
            );
            return Err(Refusal::new("403 Forbidden", why));
        }
        let departure = Departure {
            local: names_this_machine(&host),
            host: host.clone(),
            port: request.port,
            method: request.method.clone(),
            path: request.path.clone(),
            purpose: "command",
            sent_bytes: Some(0),
            caller: self.caller.clone(),
        };
        let passage = self.gate.begin(departure).map_err(|error| match error {
            Error::Offline { .. } => Refusal::new("403 Forbidden", error.to_string()),
            Error::Http(_) => Refusal::new("502 Bad Gateway", error.to_string()),
        })?;
        let carried = Carried {
            passage,
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
        };
        let mut there = self.connect(&host, request.port).await?;
        let _ = there.set_nodelay(true);
        let broken = |_| Refusal::new("502 Bad Gateway", format!("{host} broke the connection."));
        if request.tunnel {
            let said = b"HTTP/1.1 200 Connection established\r\n\r\n";
            if guest.write_all(said).await.is_err() {
                return Ok(());
            }
        }
        there.write_all(&request.first).await.map_err(broken)?;
        let first = request.first.len() as u64;
        carried.up.fetch_add(first, Ordering::Relaxed);
        let (from_guest, to_guest) = guest.split();
        let (from_there, to_there) = there.split();
        tokio::join!(
            carry(from_guest, to_there, &carried.up),
            carry(from_there, to_guest, &carried.down),
        );
        Ok(())
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Refusal> {
        let unreachable = |why: String| Refusal::new("502 Bad Gateway", why);
        let addresses = match host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => (self.names)(host.to_owned(), port)
                .await
                .map_err(|error| unreachable(format!("{host} was not found: {error}.")))?,
        };
        let mut last = format!("{host} was not found.");
        for address in addresses {
            if let Some(kind) = unasked(host, address.ip()) {
                last = format!(
                    "the name {host} leads to {}, an address that is {kind}. If that is wanted, \
                     allow the address itself.",
                    address.ip()
                );
                self.remember(&format!("{host} ({})", address.ip()));
                continue;
            }
            match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = format!("{host}:{port} was not reached: {error}."),
                Err(_) => last = format!("{host}:{port} did not answer."),
            }
        }
        Err(unreachable(last))
    }

    fn remember(&self, host: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < MOST_REFUSED && !refused.iter().any(|known| known == host) {
            refused.push(host.to_owned());
        }
    }
}

/// Why an allowed name must not lead there. An address that was allowed as such may be anything; a
/// name of a private network may lead into one; nothing but `localhost` leads to this machine.
fn unasked(host: &str, ip: IpAddr) -> Option<&'static str> {
    let kind = forbidden(ip)?;
    let asked = host.parse::<IpAddr>().is_ok()
        || names_this_machine(host) && ip.is_loopback()
        || kind == "private" && is_private_name(host);
    (!asked).then_some(kind)
}

/// Names that mean nothing on the public internet.
fn is_private_name(host: &str) -> bool {
    const PRIVATE: [&str; 8] = [
        "internal", "intranet", "corp", "home", "lan", "local", "private", "arpa",
    ];
    match host.rsplit_once('.') {
        Some((_, last)) => PRIVATE.contains(&last),
        None => true,
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(bytes @ 1..) = from.read(&mut piece).await {
        if to.write_all(&piece[..bytes]).await.is_err() {
            break;
        }
        count.fetch_add(bytes as u64, Ordering::Relaxed);
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_whole_names() {
        for (text, expected) in [
            ("Registry.NPMJS.org.", Some("registry.npmjs.org")),
            ("localhost", Some("localhost")),
            ("[::1]", Some("::1")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("*.example.com", None),
            ("https://example.com", None),
            ("example.com:443", None),
            ("a..b", None),
            ("", None),
        ] {
            assert_eq!(host_name(text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_public_name_leads_to_public_addresses_only() {
        let passes = |host: &str, ip: &str| unasked(host, ip.parse().unwrap()).is_none();
        assert!(passes("example.com", "1.1.1.1"));
        for ip in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"] {
            assert!(!passes("example.com", ip), "{ip}");
        }
        assert!(passes("git.corp", "10.0.0.1") && !passes("git.corp", "169.254.169.254"));
        assert!(passes("localhost", "127.0.0.1") && !passes("build", "127.0.0.1"));
        assert!(passes("169.254.169.254", "169.254.169.254"));
    }
}
