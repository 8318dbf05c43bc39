//! The one way to the network: addresses checked, size, time and type capped.
//!
//! A name is resolved once, every address that comes back is checked, and the connection goes to
//! one of exactly those addresses. Redirects are followed by hand, each hop checked alike, and
//! only within the host that was allowed. Proxies of the environment are not used: behind one, the
//! addresses would not be ours to check.

mod html;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use mira_egress::{Gate, Purpose, Response};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, header};

use crate::{ToolCx, ToolError};

pub(crate) use html::to_markdown;

/// The largest answer that is read, in bytes after decompression.
pub(crate) const MAX_BYTES: usize = 5 * 1024 * 1024;
/// For everything from the first name lookup to the last byte.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 5;

/// Says why an address may not be reached; None: it may.
type Check = Arc<dyn Fn(SocketAddr) -> Option<&'static str> + Send + Sync>;
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Clients for the network, made when first needed.
pub(crate) struct Web {
    lookup: Lookup,
    check: Check,
    guarded: OnceLock<Result<Client, String>>,
    open: OnceLock<Result<Client, String>>,
}

/// How a page is got.
struct Way<'a> {
    gate: &'a Gate,
    purpose: Purpose,
    /// Private addresses may be reached.
    private: bool,
}

/// An answer as text.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Where it came from in the end.
    pub url: String,
    /// "text/html", …
    pub media_type: String,
    pub text: String,
    /// There was more than [`MAX_BYTES`].
    pub cut: bool,
}

impl Web {
    pub fn new() -> Self {
        let lookup: Lookup = Arc::new(|host| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
        });
        Self::with(
            lookup,
            Arc::new(|address| mira_egress::forbidden(address.ip())),
        )
    }

    fn with(lookup: Lookup, check: Check) -> Self {
        Self {
            lookup,
            check,
            guarded: OnceLock::new(),
            open: OnceLock::new(),
        }
    }

    /// Gets a page.
    ///
    /// # Errors
    /// [`ToolError::Refused`] with what was asked of whom and why it failed.
    pub async fn get(
        &self,
        url: &str,
        purpose: Purpose,
        cx: &ToolCx,
    ) -> Result<Document, ToolError> {
        let address = parsed(url)?;
        let way = Way {
            gate: &cx.gate,
            purpose,
            private: cx.allow_private_hosts,
        };
        let work = self.follow(address, &way);
        tokio::select! {
            done = tokio::time::timeout(TIME_LIMIT, work) => match done {
                Ok(result) => result.map_err(ToolError::Refused),
                Err(_) => Err(ToolError::Refused(format!(
                    "{url} was not read to its end within {} s.", TIME_LIMIT.as_secs()
                ))),
            },
            () = cx.cancel.cancelled() => Err(ToolError::Cancelled),
        }
    }

    async fn follow(&self, first: Url, way: &Way<'_>) -> Result<Document, String> {
        let mut url = first.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&url, way).await?;
            if !response.status().is_redirection() {
                return read(url, response).await;
            }
            let to = response
                .headers()
                .get(header::LOCATION)
                .and_then(|to| to.to_str().ok());
            let to = to.ok_or_else(|| format!("{url} redirects, but does not say where to."))?;
            let next = url.join(to).map_err(|error| {
                format!("{url} redirects to {to:?}, which is no address ({error}).")
            })?;
            if !matches!(next.scheme(), "http" | "https") {
                return Err(format!(
                    "{url} redirects to {next}, which is not http or https."
                ));
            }
            if !same_site(&url, &next) {
                return Err(format!(
                    "{url} redirects to another host: {next}. If you want that page, ask for it."
                ));
            }
            url = next;
        }
        Err(format!(
            "{first} redirects more than {MAX_REDIRECTS} times."
        ))
    }

    async fn ask(&self, url: &Url, way: &Way<'_>) -> Result<Response, String> {
        let port = url.port_or_known_default().unwrap_or(80);
        let host = url.host_str().unwrap_or_default();
        // A literal address is never looked up, so it is checked here.
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>()
            && !way.private
            && let Some(reason) = (self.check)(SocketAddr::new(ip, port))
        {
            return Err(refused(host, reason));
        }
        let client = self.client(way.private)?;
        let sent = way.gate.send(client.get(url.clone()), way.purpose).await;
        sent.map_err(|error| {
            if error.is_offline() {
                return format!("{error}. Work with what is on this machine; the person can go online in the settings.");
            }
            let reason = innermost(&error);
            match reason.strip_prefix(REFUSED) {
                Some(reason) => refused(host, reason),
                None => format!("{url} could not be reached: {reason}. Is this machine online?"),
            }
        })
    }

    fn client(&self, private: bool) -> Result<&Client, String> {
        let slot = if private { &self.open } else { &self.guarded };
        let made = slot.get_or_init(|| {
            let check: Check = if private {
                Arc::new(|_| None)
            } else {
                self.check.clone()
            };
            let resolver = Guard {
                lookup: self.lookup.clone(),
                check,
            };
            Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(Duration::from_secs(10))
                .user_agent(concat!("Mira/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(resolver))
                .build()
                .map_err(|error| format!("The network cannot be used: {}.", innermost(&error)))
        });
        made.as_ref().map_err(Clone::clone)
    }
}

/// Begins the error text of an address that the check refused.
const REFUSED: &str = "refused address: ";

fn refused(host: &str, reason: &str) -> String {
    format!("{host} was not asked: its address is {reason}. Only public addresses may be reached.")
}

/// Looks names up and lets only checked addresses through to the connection.
struct Guard {
    lookup: Lookup,
    check: Check,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (looking, check) = ((self.lookup)(name.as_str().to_owned()), self.check.clone());
        Box::pin(async move {
            let addresses = looking.await?;
            // One bad address condemns the name: it may be the one that is used.
            if let Some(reason) = addresses.iter().find_map(|address| check(*address)) {
                return Err(format!("{REFUSED}{reason}").into());
            }
            if addresses.is_empty() {
                return Err("the name has no address".into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn parsed(url: &str) -> Result<Url, ToolError> {
    let refuse = |why: &str| {
        Err(ToolError::Refused(format!(
            "{url:?} was not fetched: {why}"
        )))
    };
    match Url::parse(url.trim()) {
        Ok(parsed) if !matches!(parsed.scheme(), "http" | "https") => {
            refuse("only http:// and https:// addresses can be fetched.")
        }
        Ok(parsed) if parsed.host_str().is_none_or(str::is_empty) => refuse("it names no host."),
        Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            refuse("addresses with a user name or password in them are not used.")
        }
        Ok(parsed) => Ok(parsed),
        Err(error) => refuse(&format!(
            "{error}. Give a whole address such as https://example.com/."
        )),
    }
}

/// The same host, with or without `www.`; never from https back to http.
fn same_site(from: &Url, to: &Url) -> bool {
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)
    };
    bare(from) == bare(to) && !(from.scheme() == "https" && to.scheme() == "http")
}

async fn read(url: Url, mut response: Response) -> Result<Document, String> {
    let status = response.status();
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let media_type = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if !status.is_success() {
        return Err(format!("{url} answered {status}."));
    }
    if !is_text(&media_type) {
        return Err(format!("{url} is {media_type}; only text can be read."));
    }
    let mut bytes = Vec::new();
    let mut cut = false;
    let broke = |error: reqwest::Error| format!("{url} broke off: {}.", innermost(&error));
    while let Some(chunk) = response.chunk().await.map_err(broke)? {
        let room = MAX_BYTES - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    if media_type.is_empty() && bytes.iter().take(8_192).any(|byte| *byte == 0) {
        return Err(format!("{url} is not text."));
    }
    let label = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    let encoding = label
        .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
        .unwrap_or(encoding_rs::UTF_8);
    let text = encoding.decode(&bytes).0.into_owned();
    Ok(Document {
        url: url.to_string(),
        media_type,
        text,
        cut,
    })
}

fn is_text(media_type: &str) -> bool {
    media_type.is_empty()
        || media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type,
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-javascript"
                | "application/yaml"
                | "application/x-yaml"
                | "application/toml"
                | "application/x-sh"
                | "application/x-ndjson"
        )
}

/// The cause at the bottom of an error: "connection refused", not "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
