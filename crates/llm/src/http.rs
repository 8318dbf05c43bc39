//! One request over HTTP and the stream that answers it. Knows addresses, silence and broken
//! connections, and no vendor's words: those are in the [`Decode`] it is given.

use std::error::Error;
use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use mira_egress::{Client, Gate, Purpose, Response};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::refusal::{ApiKey, Asked, Refusal};
use crate::{Chunk, ErrorKind, ModelError, sse};

/// Longest body read where a whole value or an error is expected (64 MiB).
const MAX_WHOLE_BYTES: usize = 64 * 1024 * 1024;

/// Where a provider lives: a base URL (with `/v1` in it) and a key.
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: Url,
    key: Option<ApiKey>,
}

impl Endpoint {
    /// Fails with [`ErrorKind::WrongUrl`] when `base_url` is no http or https URL.
    pub fn new(base_url: &str, key: Option<ApiKey>) -> Result<Self, ModelError> {
        let wrong = |why: String| ModelError {
            kind: ErrorKind::WrongUrl,
            message: format!("The base URL cannot be used: {why}."),
            detail: None,
        };
        let base = Url::parse(base_url.trim()).map_err(|error| wrong(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong(format!(
                "{:?} is not an http or https address",
                shown(&base)
            )));
        }
        Ok(Self { base, key })
    }

    /// The address that answers `path` ("responses", "chat/completions").
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        url
    }

    /// The server is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    pub(crate) fn asked(&self, model: &str) -> Asked {
        Asked {
            model: model.into(),
            url: shown(&self.base),
            key: self.key.clone(),
        }
    }
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// The address without user, password, query and last slash.
fn shown(url: &Url) -> String {
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    format!(
        "{}://{host}{port}{}",
        url.scheme(),
        url.path().trim_end_matches('/')
    )
}

/// How long silence is borne.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Silence of this length is told, and again after each further such time.
    pub notice_after: Duration,
    /// Longest wait for the first byte of the answer.
    pub first_byte: Duration,
    /// Longest silence after the first byte.
    pub stall_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let limit = Duration::from_secs(120);
        Self {
            notice_after: Duration::from_secs(15),
            first_byte: limit,
            stall_after: limit,
        }
    }
}

/// The HTTP clients, made when first needed: loading the system's certificates takes time that a
/// plain connection on this machine need not spend. Connections are kept and used again.
#[derive(Debug, Default)]
pub struct Http {
    gate: Gate,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

impl Http {
    /// With a gate of its own that writes nothing down.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything goes through this gate.
    pub fn through(gate: Gate) -> Self {
        Self {
            gate,
            ..Self::default()
        }
    }

    /// No redirects: a key goes to the configured host and nowhere else.
    pub(crate) fn client(&self, url: &Url) -> Client {
        let settings = || {
            reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(10))
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("mira/", env!("CARGO_PKG_VERSION")))
                // A compressing proxy would hold back what streams.
                .no_gzip()
        };
        // Both can only fail on settings that are fixed above.
        let secure = || settings().build().unwrap_or_default();
        let plain = || {
            settings()
                .tls_certs_only([])
                .build()
                .unwrap_or_else(|_| secure())
        };
        let client = match url.scheme() {
            "https" => self.secure.get_or_init(secure),
            _ => self.plain.get_or_init(plain),
        };
        Client::new(client.clone(), self.gate.clone())
    }
}

/// A vendor's reading of an answer: events in, chunks out. Pure.
pub(crate) trait Decode: Send {
    /// One event of the stream. What cannot be read is skipped; an error is one that the server
    /// reported.
    fn event(&mut self, data: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError>;

    /// The answer of a server that did not stream: one JSON value.
    fn whole(&mut self, body: &str, out: &mut Vec<Chunk>) -> Result<(), ModelError>;

    /// The connection ended. [`ErrorKind::Broken`] where the answer is not whole.
    fn end(&mut self, out: &mut Vec<Chunk>) -> Result<(), ModelError>;
}

/// How a key goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// `authorization: Bearer KEY`
    Bearer,
    /// In a header of its own.
    Header(&'static str),
    /// `x-api-key`, and the version of the API.
    Anthropic,
}

impl Auth {
    fn apply(self, mut request: RequestBuilder, key: Option<&ApiKey>) -> RequestBuilder {
        if self == Self::Anthropic {
            request = request.header("anthropic-version", "2023-06-01");
        }
        let Some(key) = key else {
            return request;
        };
        match self {
            Self::Bearer => request.bearer_auth(key.reveal()),
            Self::Header(name) => request.header(name, key.reveal()),
            Self::Anthropic => request.header("x-api-key", key.reveal()),
        }
    }
}

/// A request, ready to be sent.
pub(crate) struct Outgoing {
    pub client: Client,
    pub url: Url,
    pub asked: Asked,
    pub auth: Auth,
    pub body: Bytes,
    pub patience: Patience,
}

/// Sends and decodes. Ends after [`Chunk::Finished`] or an error.
pub(crate) fn ask<D: Decode + 'static>(
    outgoing: Outgoing,
    mut decode: D,
    cancel: CancellationToken,
) -> impl Stream<Item = Result<Chunk, Refusal>> + Send + 'static {
    async_stream::stream! {
        let asked = outgoing.asked.clone();
        let mut silence = Silence::new(outgoing.patience);
        let mut sending = std::pin::pin!(send(outgoing));
        let mut response = loop {
            match silence.wait(&asked, &cancel, &mut sending).await {
                Waited::Came(Ok(response)) => break response,
                Waited::Came(Err(refusal)) => {
                    yield Err(refusal);
                    return;
                }
                Waited::Quiet(notice) => yield Ok(notice),
                Waited::Over(error) => {
                    yield Err(error.into());
                    return;
                }
            }
        };
        let mut reader = Reader::new(is_json(&response));
        loop {
            let mut out = Vec::new();
            let outcome = match silence.wait(&asked, &cancel, response.chunk().boxed()).await {
                Waited::Came(Ok(Some(bytes))) => {
                    silence.broken_by_a_byte();
                    reader.bytes(&bytes, &mut decode, &mut out)
                }
                Waited::Came(Ok(None)) => reader.end(&asked, &mut decode, &mut out),
                Waited::Came(Err(error)) => Err(cut(&asked, &error)),
                Waited::Quiet(notice) => {
                    out.push(notice);
                    Ok(())
                }
                Waited::Over(error) => Err(error),
            };
            let finished = matches!(out.last(), Some(Chunk::Finished(_)));
            if finished {
                release(response);
                for chunk in out {
                    yield Ok(chunk);
                }
                return;
            }
            for chunk in out {
                yield Ok(chunk);
            }
            if let Err(error) = outcome {
                yield Err(error.into());
                return;
            }
        }
    }
}

async fn send(outgoing: Outgoing) -> Result<Response, Refusal> {
    let Outgoing {
        client,
        url,
        asked,
        auth,
        body,
        ..
    } = outgoing;
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(body);
    let request = auth.apply(request, asked.key.as_ref());
    let response = client
        .send(request, "model")
        .await
        .map_err(|error| unreachable(&asked, &error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let headers = response.headers().clone();
    let body = read_text(response, MAX_WHOLE_BYTES / 64).await;
    Err(asked.refused(status, &headers, &body))
}

/// A question with one JSON value as answer.
pub(crate) struct Call {
    pub client: Client,
    pub url: Url,
    pub asked: Asked,
    pub auth: Auth,
    /// None: a GET.
    pub body: Option<Bytes>,
    pub patience: Patience,
    /// For the book of what left.
    pub purpose: Purpose,
}

/// Sends it once and reads the answer whole, within [`Patience::first_byte`] of time.
pub(crate) async fn call(call: Call, cancel: CancellationToken) -> Result<Value, Refusal> {
    let asked = call.asked.clone();
    let limit = call.patience.first_byte;
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(asked.cancelled().into()),
        answer = tokio::time::timeout(limit, exchange(call)) => answer.unwrap_or_else(|_| {
            let kind = ErrorKind::Stalled { after_ms: limit.as_millis() as u64 };
            Err(asked.error(kind, format!("no answer for {}", seconds(limit))).into())
        }),
    }
}

async fn exchange(call: Call) -> Result<Value, Refusal> {
    let Call {
        client,
        url,
        asked,
        auth,
        body,
        purpose,
        ..
    } = call;
    let request = match body {
        Some(body) => client
            .post(url)
            .header("content-type", "application/json")
            .body(body),
        None => client.get(url),
    };
    let request = auth.apply(request, asked.key.as_ref());
    let response = client
        .send(request, purpose)
        .await
        .map_err(|error| unreachable(&asked, &error))?;
    let status = response.status();
    let headers = response.headers().clone();
    let expected = response.content_length();
    if !status.is_success() {
        let body = read_text(response, MAX_WHOLE_BYTES / 64).await;
        return Err(asked.refused(status, &headers, &body));
    }
    let body = read_text(response, MAX_WHOLE_BYTES).await;
    if expected.is_some_and(|expected| (body.len() as u64) < expected) {
        let why = "the connection broke off before the answer was whole";
        return Err(asked.error(ErrorKind::Broken, why).into());
    }
    serde_json::from_str(&body).map_err(|_| match body.trim_start().starts_with('<') {
        true => asked.not_an_api(&body).into(),
        false => {
            let error = asked.error(ErrorKind::Broken, "what came back is not whole JSON");
            asked.with_detail(error, &body).into()
        }
    })
}

/// What `field` of the answer counts.
pub(crate) fn count(
    question: Call,
    field: &'static str,
    cancel: CancellationToken,
) -> BoxFuture<'static, Result<u64, ModelError>> {
    let asked = question.asked.clone();
    async move {
        let answer = call(question, cancel)
            .await
            .map_err(|refusal| refusal.error)?;
        let counted = answer.get(field).and_then(Value::as_u64);
        counted.ok_or_else(|| {
            let why = format!("the answer has no {field}");
            asked.error(ErrorKind::WrongUrl, why)
        })
    }
    .boxed()
}

/// As much of the body as arrives, up to `limit` bytes.
async fn read_text(mut response: Response, limit: usize) -> String {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() >= limit {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

fn is_json(response: &Response) -> bool {
    let kind = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

fn unreachable(asked: &Asked, error: &mira_egress::Error) -> Refusal {
    let error = match error {
        mira_egress::Error::Http(error) => error,
        offline => return asked.error(ErrorKind::Offline, offline.to_string()).into(),
    };
    let why = if error.is_connect() && error.is_timeout() {
        "connecting took longer than 10 s".to_owned()
    } else {
        root_cause(error)
    };
    let kind = if error.is_connect() {
        ErrorKind::Unreached
    } else {
        ErrorKind::Broken
    };
    asked.error(kind, why).into()
}

fn cut(asked: &Asked, error: &reqwest::Error) -> ModelError {
    asked.error(
        ErrorKind::Broken,
        format!("the connection broke off ({})", root_cause(error)),
    )
}

/// The innermost cause: the outer ones repeat the address, with what may be secret in it.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = cause.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}

/// Reads the rest of a finished answer, so that its connection can be used again: at once where
/// it is already here, otherwise beside whatever comes next, for at most a second.
fn release(mut response: Response) {
    if let Some(Ok(None) | Err(_)) = response.chunk().now_or_never() {
        return;
    }
    tokio::spawn(async move {
        let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    });
}

/// Bytes to events, or to one JSON value where the server did not stream.
struct Reader {
    whole: bool,
    events: sse::Decoder,
    seen_event: bool,
    /// The body of a server that did not stream; else its beginning, to tell a page from a stream.
    body: Vec<u8>,
}

impl Reader {
    fn new(whole: bool) -> Self {
        Self {
            whole,
            events: sse::Decoder::new(),
            seen_event: false,
            body: Vec::new(),
        }
    }

    fn bytes(
        &mut self,
        bytes: &[u8],
        decode: &mut impl Decode,
        out: &mut Vec<Chunk>,
    ) -> Result<(), ModelError> {
        let room = if self.whole { MAX_WHOLE_BYTES } else { 4096 };
        if self.whole || !self.seen_event {
            let take = bytes.len().min(room.saturating_sub(self.body.len()));
            self.body.extend_from_slice(&bytes[..take]);
        }
        if self.whole {
            return Ok(());
        }
        for event in self.events.push(bytes) {
            self.seen_event = true;
            decode.event(&event.data, out)?;
            if matches!(out.last(), Some(Chunk::Finished(_))) {
                break;
            }
        }
        Ok(())
    }

    fn end(
        &mut self,
        asked: &Asked,
        decode: &mut impl Decode,
        out: &mut Vec<Chunk>,
    ) -> Result<(), ModelError> {
        if let Some(event) = self.events.finish().filter(|_| !self.whole) {
            self.seen_event = true;
            decode.event(&event.data, out)?;
            if matches!(out.last(), Some(Chunk::Finished(_))) {
                return Ok(());
            }
        }
        let body = String::from_utf8_lossy(&self.body);
        if self.whole {
            return decode.whole(&body, out);
        }
        if !self.seen_event && body.trim_start().starts_with('<') {
            return Err(asked.not_an_api(&body));
        }
        if !self.seen_event && body.trim_start().starts_with('{') {
            return decode.whole(&body, out);
        }
        decode.end(out)
    }
}

enum Waited<T> {
    Came(T),
    /// Still nothing; worth telling.
    Quiet(Chunk),
    /// Cancelled, or silent for too long.
    Over(ModelError),
}

/// Measures how long nothing came.
struct Silence {
    patience: Patience,
    since: Instant,
    limit: Duration,
    told: u32,
}

impl Silence {
    fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: Instant::now(),
            limit: patience.first_byte,
            told: 0,
        }
    }

    fn broken_by_a_byte(&mut self) {
        self.since = Instant::now();
        self.limit = self.patience.stall_after;
        self.told = 0;
    }

    async fn wait<T>(
        &mut self,
        asked: &Asked,
        cancel: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Waited<T> {
        let notice_at = self.since + self.patience.notice_after * (self.told + 1);
        let over_at = self.since + self.limit;
        tokio::select! {
            biased;
            () = cancel.cancelled() => Waited::Over(asked.cancelled()),
            done = work => Waited::Came(done),
            () = tokio::time::sleep_until(over_at) => {
                let after_ms = self.limit.as_millis() as u64;
                let why = format!("no answer for {}", seconds(self.limit));
                Waited::Over(asked.error(ErrorKind::Stalled { after_ms }, why))
            }
            () = tokio::time::sleep_until(notice_at) => {
                self.told += 1;
                let silent = self.patience.notice_after * self.told;
                Waited::Quiet(Chunk::Waiting {
                    reason: format!("No answer from {} for {}.", asked.url, seconds(silent)),
                    delay_ms: self.limit.saturating_sub(silent).as_millis() as u64,
                    attempt: 0,
                    max_attempts: 0,
                })
            }
        }
    }
}

fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// Feeds a decoder as a connection would.
#[cfg(test)]
pub(crate) mod feed {
    use super::*;

    pub fn asked() -> Asked {
        Asked {
            model: "m".into(),
            url: "http://h/v1".into(),
            key: None,
        }
    }

    /// The chunks of an answer that comes in these pieces and then ends; texts and thoughts in a
    /// row are joined. The error, if any, is the last one.
    pub fn decode<D: Decode>(
        pieces: &[&[u8]],
        json: bool,
        mut decoder: D,
    ) -> (Vec<Chunk>, Option<ErrorKind>) {
        let mut reader = Reader::new(json);
        let mut out = Vec::new();
        let finished = |out: &Vec<Chunk>| matches!(out.last(), Some(Chunk::Finished(_)));
        let mut failure = None;
        for piece in pieces {
            if finished(&out) || failure.is_some() {
                break;
            }
            failure = reader.bytes(piece, &mut decoder, &mut out).err();
        }
        if !finished(&out) && failure.is_none() {
            failure = reader.end(&asked(), &mut decoder, &mut out).err();
        }
        let mut joined: Vec<Chunk> = Vec::new();
        for chunk in out {
            match (joined.last_mut(), chunk) {
                (Some(Chunk::Text(before)), Chunk::Text(more)) => before.push_str(&more),
                (Some(Chunk::Reasoning(before)), Chunk::Reasoning(more)) => before.push_str(&more),
                (_, chunk) => joined.push(chunk),
            }
        }
        (joined, failure.map(|error| error.kind))
    }

    /// The same whole, byte by byte, and cut in two at every place.
    pub fn decode_every_way<D: Decode>(
        bytes: &[u8],
        decoder: impl Fn() -> D,
    ) -> (Vec<Chunk>, Option<ErrorKind>) {
        let whole = decode(&[bytes], false, decoder());
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode(&single, false, decoder()), whole, "byte by byte");
        for cut in 0..bytes.len() {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(decode(&[a, b], false, decoder()), whole, "cut at {cut}");
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_join_and_show_without_secrets() {
        let endpoint = |base: &str| Endpoint::new(base, None).unwrap();
        for (base, url, shown_as) in [
            ("https://h/v1", "https://h/v1/responses", "https://h/v1"),
            ("https://h/v1/", "https://h/v1/responses", "https://h/v1"),
            (
                "http://u:p@h:1/v1?api-version=2",
                "http://u:p@h:1/v1/responses?api-version=2",
                "http://h:1/v1",
            ),
            (
                "http://127.0.0.1:9",
                "http://127.0.0.1:9/responses",
                "http://127.0.0.1:9",
            ),
        ] {
            assert_eq!(endpoint(base).url("responses").as_str(), url);
            assert_eq!(endpoint(base).asked("m").url, shown_as);
        }
        for base in ["", "h/v1", "file:///x", "ftp://h"] {
            assert_eq!(
                Endpoint::new(base, None).unwrap_err().kind,
                ErrorKind::WrongUrl,
                "{base}"
            );
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for (base, expected) in [
            ("http://localhost:1/v1", true),
            ("http://127.0.0.9/v1", true),
            ("http://[::1]:1/v1", true),
            ("http://192.168.0.1/v1", false),
            ("https://api.openai.com/v1", false),
            ("http://localhost.evil.com/", false),
        ] {
            assert_eq!(
                Endpoint::new(base, None).unwrap().is_loopback(),
                expected,
                "{base}"
            );
        }
    }
}
