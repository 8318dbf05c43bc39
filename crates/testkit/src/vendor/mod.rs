//! A model vendor over real HTTP, scripted, with faults, and with an eye on every request. One
//! address speaks all dialects: OpenAI Responses with condensing, Chat Completions, Gemini,
//! Anthropic Messages; beside them vectors, counts of tokens and lists of models.
//!
//! It runs on threads of its own, so a test needs no runtime for it. What it refuses or finds
//! wrong is kept as a violation: end a test with [`FakeVendor::assert_clean`].
//!
//! For programs of another process there is `fake-vendor --port N --script FILE [--log FILE]`
//! with `GET /admin/requests`, `GET /admin/violations`, `GET /admin/waiting`,
//! `POST /admin/release/GATE`, `POST /admin/script` (a new script, from its start) and
//! `POST /admin/replies` (a list of further replies).

mod anthropic;
mod aside;
mod check;
mod encode;
mod gemini;
mod http;
mod refuse;
mod serve;
mod signatures;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

pub use aside::Aside;
pub use check::Dialect;

use crate::script::{Fault, Player, Reply, Script};
use crate::transcript::Transcript;
use signatures::Signatures;

/// How long tests wait for something that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running fake; stops when dropped.
pub struct FakeVendor {
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// A request, as it was seen.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// Counts from 1.
    pub number: u64,
    #[serde(skip)]
    pub dialect: Dialect,
    pub path: String,
    pub model: String,
    pub authorization: Option<String>,
    /// Empty entries where the fake keeps no transcripts ([`FakeVendor::lean`]).
    #[serde(skip)]
    pub transcript: Arc<Transcript>,
    pub last_user: String,
    pub last_result: Option<String>,
    pub body_bytes: usize,
    /// Bytes of the serialised input, and how many of those of the conversation's previous
    /// request's input it begins with.
    pub input_bytes: usize,
    pub previous_input_bytes: usize,
    pub kept_input_bytes: usize,
    pub estimated_tokens: u64,
    pub violations: Vec<String>,
    /// Milliseconds since the fake started: the body was here; the answer's last byte was out.
    pub arrived_ms: f64,
    pub answered_ms: Option<f64>,
    /// The client hung up while it was answered.
    pub client_gone: bool,
    /// What the answer used, and whether it went out whole with these figures: then it is billed.
    /// An answer that broke off is not.
    #[serde(skip)]
    pub usage: mira_llm::Usage,
    pub billed: bool,
}

/// The input of a conversation's newest request, and what stood before it.
#[derive(Default)]
pub(super) struct LastInput {
    pub input: String,
    pub head: String,
    pub tokens: u64,
}

pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
    started: Instant,
    lean: bool,
}

#[derive(Default)]
struct State {
    player: Player,
    seen: Vec<Seen>,
    released: HashSet<String>,
    waiting: Vec<String>,
    /// Conversation → its newest request.
    inputs: HashMap<String, LastInput>,
    /// Reasoning items that were sent, by id, and the calls that came with them.
    reasoning: HashMap<String, Value>,
    reasoning_of_call: HashMap<String, String>,
    arguments_of_call: HashMap<String, String>,
    signatures: Signatures,
    /// Contents of condensed conversations that were given out.
    condensed: HashSet<String>,
    asides: Vec<Aside>,
    embedding_faults: VecDeque<Fault>,
    log: Option<File>,
}

impl FakeVendor {
    /// On a free port of 127.0.0.1.
    pub fn start(script: Script) -> Self {
        Self::open(script, 0, None, false).expect("a free port on loopback")
    }

    /// Keeps figures of each request but not its content: for thousands of requests.
    pub fn lean(script: Script) -> Self {
        Self::open(script, 0, None, true).expect("a free port on loopback")
    }

    /// Fails where the port is taken or the log cannot be written.
    pub fn open(script: Script, port: u16, log: Option<File>, lean: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let address = listener.local_addr()?;
        let state = State {
            embedding_faults: script.embedding_faults.clone().into(),
            player: Player::new(script),
            log,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            started: Instant::now(),
            lean,
        });
        let accepting = shared.clone();
        std::thread::Builder::new()
            .name("fake-vendor".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if accepting.stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let Ok(stream) = stream else { continue };
                    let shared = accepting.clone();
                    std::thread::spawn(move || serve::connection(&shared, stream));
                }
            })?;
        Ok(Self { shared, address })
    }

    /// For `OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL` or `LOCAL_BASE_URL`: with `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For `GEMINI_BASE_URL`: with `/v1beta`.
    pub fn gemini_url(&self) -> String {
        format!("http://{}/v1beta", self.address)
    }

    /// Milliseconds since this fake started, as in [`Seen`].
    pub fn now_ms(&self) -> f64 {
        self.shared.now_ms()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Adds replies behind those that are there.
    pub fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.lock().player.push(replies);
    }

    /// Lets every reply pass that waits, or will wait, at this gate.
    pub fn release(&self, gate: &str) {
        self.shared.release(gate);
    }

    /// Blocks until a reply waits at this gate. Panics after 30 s.
    pub fn wait_gate(&self, gate: &str) {
        self.shared
            .wait(&format!("a reply at the gate {gate}"), |state| {
                state.waiting.iter().any(|waiting| waiting == gate)
            });
    }

    /// Blocks until so many requests came. Panics after 30 s.
    pub fn wait_requests(&self, count: usize) {
        self.shared.wait(&format!("{count} requests"), |state| {
            state.seen.len() >= count
        });
    }

    /// Blocks until so many requests came that were not for a model's words. Panics after 30 s.
    pub fn wait_asides(&self, count: usize) {
        let what = format!("{count} requests beside those for words");
        self.shared.wait(&what, |state| state.asides.len() >= count);
    }

    /// Requests for vectors, lists, counts, condensed conversations.
    pub fn asides(&self) -> Vec<Aside> {
        self.shared.lock().asides.clone()
    }

    /// Blocks until the client of some request hung up. Panics after 30 s.
    pub fn wait_gone(&self) {
        self.shared.wait("a client that hangs up", |state| {
            state.seen.iter().any(|seen| seen.client_gone)
        });
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.shared.lock().seen.clone()
    }

    pub fn violations(&self) -> Vec<String> {
        self.shared.violations()
    }

    /// Replies that nobody asked for yet.
    pub fn unused(&self) -> usize {
        self.shared.lock().player.unused()
    }

    /// Panics if any request broke a rule.
    pub fn assert_clean(&self) {
        let violations = self.violations();
        assert!(
            violations.is_empty(),
            "the fake vendor objects:\n{}",
            violations.join("\n")
        );
    }
}

impl Drop for FakeVendor {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
        // Wakes the accepting thread; if even that fails the thread ends with the process.
        let _ = std::net::TcpStream::connect_timeout(&self.address, Duration::from_millis(200));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn now_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1_000.0
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn release(&self, gate: &str) {
        self.lock().released.insert(gate.to_owned());
        self.changed.notify_all();
    }

    fn violations(&self) -> Vec<String> {
        let state = self.lock();
        let all = state.seen.iter();
        all.flat_map(|seen| {
            seen.violations
                .iter()
                .map(|v| format!("request {}: {v}", seen.number))
        })
        .collect()
    }

    fn wait(&self, what: &str, arrived: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while !arrived(&state) {
            assert!(
                Instant::now() < deadline,
                "waited 30 s for {what}; seen: {:#?}",
                state.seen
            );
            state = self
                .changed
                .wait_timeout(state, Duration::from_millis(100))
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }
}

impl State {
    fn write_log(&mut self, seen: &Seen, body: &[u8]) {
        let Some(log) = &mut self.log else { return };
        let line = serde_json::json!({ "request": seen, "body": String::from_utf8_lossy(body) });
        // A log that cannot be written must not change what a client sees.
        let _ = writeln!(log, "{line}");
    }
}
