//! The one process runner.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio_util::sync::CancellationToken;

use crate::Refusal;
use crate::output::Collector;
use crate::sandbox::holder::{Hold, holder};
use crate::sandbox::{self, Confinement, Network};
use crate::spawn::{self, Child, NotStarted, Spawned};
use crate::tame::Tamer;

/// What to run, and within which bounds.
#[derive(Debug, Clone)]
pub struct Spec {
    pub command: CommandLine,
    /// Absolute; from [`Workspace::cwd`](crate::Workspace::cwd).
    pub cwd: PathBuf,
    /// None: until it ends or is cancelled.
    pub timeout: Option<Duration>,
    /// Added to the cleaned environment.
    pub env: Vec<(String, String)>,
    /// Output kept in memory, in bytes: its beginning and its end.
    pub output_cap: usize,
    /// Where the whole output goes if it is longer than that (at most [`MAX_SPILL_BYTES`]).
    pub spill: Option<PathBuf>,
    /// What it may touch. None: whatever the person may.
    pub confine: Option<Arc<Confinement>>,
    /// A terminal of its own, which shows and asks nothing: the end of it reaches those too that
    /// run with more rights. For elevated commands.
    pub terminal: bool,
}

impl Spec {
    pub fn new(command: CommandLine, cwd: PathBuf) -> Self {
        Self {
            command,
            cwd,
            timeout: None,
            env: Vec::new(),
            output_cap: 64 * 1024,
            spill: None,
            confine: None,
            terminal: false,
        }
    }
}

/// The largest output file, in bytes; what a command writes after that is lost.
pub const MAX_SPILL_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// Run directly, no shell.
    Argv(Vec<String>),
    /// Given to `bash -c` (where there is none, `sh -c`).
    Shell(String),
}

impl CommandLine {
    /// As a person would type it.
    pub fn shown(&self) -> String {
        match self {
            Self::Shell(line) => line.clone(),
            Self::Argv(argv) => argv
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// How a command ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// None where a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub timed_out: bool,
    pub cancelled: bool,
    /// Standard output and error as they came, progress bars and colours tamed; where it was too
    /// long its beginning and end, with a mark between.
    pub output: String,
    /// The [coloured](crate::colours) form of `output`, where it had any.
    pub coloured: Option<String>,
    /// All output, in bytes.
    pub output_bytes: u64,
    pub truncated: bool,
    /// The file with the whole output, where `spill` was given and it was too long for memory.
    pub spilled: Option<PathBuf>,
    pub duration: Duration,
    /// Processes that it left running and that were ended.
    pub leftovers: usize,
    /// It was to end and could not be ended; it may go on.
    pub survives: bool,
    /// Where it failed and the sandbox is likely why: what was refused, and how to go on.
    pub refused: Option<String>,
}

impl Exit {
    pub fn success(&self) -> bool {
        self.code == Some(0) && !self.timed_out && !self.cancelled
    }
}

/// How long a command that is to end may tidy up before it is killed.
const GRACE: Duration = Duration::from_millis(1500);
/// How long output may still come from what a command left behind.
const LINGER: Duration = Duration::from_millis(500);

/// Runs a command to its end in a session and process group of its own, with a cleaned
/// environment, no input, and output to `on_output` line by line, [coloured](crate::colours). On time-out, cancel, or when
/// the future is dropped, the command is ended with everything that it started.
///
/// Fails only where the command could not be started; a command that fails is an [`Exit`].
pub async fn run(
    spec: Spec,
    cancel: &CancellationToken,
    on_output: &(dyn Fn(&str) + Send + Sync),
) -> Result<Exit, Refusal> {
    let collector = Collector::new(spec.output_cap, spec.spill.clone());
    run_marked(spec, spawn::new_mark(), collector, cancel, on_output).await
}

/// As [`run`], findable by `mark`, with `collector` for its output.
pub(crate) async fn run_marked(
    spec: Spec,
    mark: String,
    collector: Collector,
    cancel: &CancellationToken,
    on_output: &(dyn Fn(&str) + Send + Sync),
) -> Result<Exit, Refusal> {
    Ok(start(&spec, mark)?
        .finish(spec.timeout, cancel, collector, on_output)
        .await)
}

/// A started command and the pipe of its output.
pub(crate) struct Running {
    child: Child,
    output: pipe::Receiver,
    started: Instant,
    confine: Option<Arc<Confinement>>,
    /// Closed when the command is over.
    door: Option<mira_egress::Open>,
}

pub(crate) fn start(spec: &Spec, mark: String) -> Result<Running, Refusal> {
    let started = Instant::now();
    let argv = match &spec.command {
        CommandLine::Argv(argv) => argv.clone(),
        CommandLine::Shell(line) => vec![shell().into(), "-c".into(), line.clone()],
    };
    let failed = |error: io::Error| {
        let program = argv.first().map_or("", String::as_str);
        match error.kind() {
            io::ErrorKind::NotFound if spec.cwd.is_dir() => Refusal::Missing(format!(
                "Could not run {program:?}: there is no such program on the PATH."
            )),
            io::ErrorKind::InvalidInput => {
                Refusal::Unsuitable(format!("Could not run the command: {error}."))
            }
            _ if error.raw_os_error() == Some(libc::E2BIG) => Refusal::Unsuitable(
                "Could not run the command: it is too long. Put the text into a file first.".into(),
            ),
            _ => Refusal::io(
                format_args!("run {program:?} in {}", spec.cwd.display()),
                &error,
            ),
        }
    };
    let mut hold = match &spec.confine {
        None => None,
        Some(on) => {
            let hold = holder().hold(on);
            Some(hold.map_err(|error| not_confined("its temporary folder", &error))?)
        }
    };
    let env = environment_in(&spec.env, hold.as_ref());
    let mut whole = hold
        .as_mut()
        .map_or_else(Vec::new, |hold| std::mem::take(&mut hold.before));
    whole.extend(argv.iter().cloned());
    let plan = hold.as_ref().and_then(|hold| hold.plan.as_ref());
    let spawned = spawn::spawn(&whole, &spec.cwd, env, mark, plan, spec.terminal);
    let Spawned {
        child,
        output,
        door,
    } = spawned.map_err(|error| match error {
        NotStarted::Io(error) => failed(error),
        NotStarted::NotConfined(what) => {
            not_confined(what.stage, &io::Error::from_raw_os_error(what.number))
        }
    })?;
    let listener = door.or_else(|| hold.as_mut()?.listener.take());
    let served = match (spec.confine.as_ref().map(|on| &on.network), listener) {
        (Some(Network::Hosts(door)), Some(listener)) => {
            let served = door.serve(listener);
            Some(served.map_err(|error| not_confined("its way out", &error))?)
        }
        _ => None,
    };
    let output = pipe::Receiver::from_owned_fd(output).map_err(failed)?;
    Ok(Running {
        child,
        output,
        started,
        confine: spec.confine.clone(),
        door: served,
    })
}

/// What a command is given, and how it finds its temporary folder and its way out.
fn environment_in(added: &[(String, String)], hold: Option<&Hold>) -> Vec<(OsString, OsString)> {
    const PROXIES: [&str; 8] = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ];
    let mut env = spawn::environment(added);
    let Some(hold) = hold else { return env };
    env.retain(|(name, _)| !["TMPDIR", "TMP", "TEMP"].iter().any(|other| name == other));
    env.push(("TMPDIR".into(), hold.temp.clone().into()));
    if let Some(port) = hold.proxy {
        env.retain(|(name, _)| !PROXIES.iter().any(|other| name == other));
        let proxy = format!("http://127.0.0.1:{port}");
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            env.push((name.into(), proxy.clone().into()));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            env.push((name.into(), "localhost,127.0.0.1,::1".into()));
        }
        // Node asks for it.
        env.push(("NODE_USE_ENV_PROXY".into(), "1".into()));
    }
    env
}

/// What cannot be held does not run by itself.
fn not_confined(stage: &str, error: &io::Error) -> Refusal {
    Refusal::Denied(format!(
        "The command was not run: the sandbox could not be set up ({stage}: {error}). Call \
         run_command with unconfined: true, and the person decides whether it runs without; `mira doctor` says \
         what this machine can do."
    ))
}

/// What every command is given before its own variables are added.
pub fn environment() -> Vec<(String, String)> {
    let texts = spawn::environment(&[]).into_iter();
    texts
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// `bash` where there is one, for what people write on command lines is mostly bash.
fn shell() -> &'static str {
    static SHELL: OnceLock<&'static str> = OnceLock::new();
    SHELL.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|dir| dir.join("bash").is_file());
        if found { "bash" } else { "sh" }
    })
}

impl Running {
    pub async fn finish(
        mut self,
        timeout: Option<Duration>,
        cancel: &CancellationToken,
        mut collector: Collector,
        on_output: &(dyn Fn(&str) + Send + Sync),
    ) -> Exit {
        let mut exit = Exit::default();
        let deadline = timeout.map(|timeout| self.started + timeout);
        let mut tamer = Tamer::default();
        let pass_on = |text: &str, collector: &mut Collector| {
            if !text.is_empty() {
                on_output(text);
                collector.push(text);
            }
        };
        let mut take = |bytes: &[u8], collector: &mut Collector| {
            pass_on(&tamer.push(bytes), collector);
        };
        let mut buffer = vec![0; 32 * 1024];
        let mut open = true;
        let status = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    exit.cancelled = true;
                    self.child.end(GRACE).await;
                    break self.child.wait().await;
                }
                () = until(deadline) => {
                    exit.timed_out = true;
                    self.child.end(GRACE).await;
                    break self.child.wait().await;
                }
                read = self.output.read(&mut buffer), if open => match read {
                    Ok(0) | Err(_) => open = false,
                    Ok(n) => take(&buffer[..n], &mut collector),
                },
                status = self.child.wait() => break status,
            }
        };
        // What was written before the end is in the pipe; what is still running may add to it.
        let mut lingering = tokio::time::Instant::now() + LINGER;
        let mut ended = exit.cancelled || exit.timed_out;
        while open {
            match tokio::time::timeout_at(lingering, self.output.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => open = false,
                Ok(Ok(n)) => take(&buffer[..n], &mut collector),
                Err(_) if !ended => {
                    exit.leftovers = self.child.end(GRACE).await;
                    ended = true;
                    lingering = tokio::time::Instant::now() + LINGER;
                }
                // Somebody whom we cannot find holds the pipe open.
                Err(_) => open = false,
            }
        }
        if !ended && self.child.group_lives().await {
            exit.leftovers = self.child.end(GRACE).await;
        }
        exit.survives = self.child.survives();
        self.child.is_over();
        if let Some(door) = self.door.take() {
            door.close().await;
        }
        pass_on(&tamer.finish(), &mut collector);
        match status {
            Ok(status) => {
                exit.code = status.code;
                exit.signal = status.signal;
            }
            Err(error) => tracing::warn!(%error, "the end of a command could not be read"),
        }
        exit.duration = self.started.elapsed();
        collector.finish(&mut exit);
        exit.refused = self.confine.and_then(|on| sandbox::told(&on, &exit));
        exit
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
