//! Starts a process cheaply, waits for it, and ends all that came of it.
//!
//! The child gets a session of its own: no terminal that it could read a password from or wait
//! on, and one process group to signal. [`launch`] makes the process.

mod environment;
mod launch;
mod terminal;

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, WaitOptions};
use tokio::io::AsyncReadExt;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;

pub(crate) use environment::environment;
use terminal::Terminal;

use crate::sandbox::linux::enter::Failed;
use crate::sandbox::linux::plan::Plan;

/// How long the first process of a sandbox may take to notice that nothing is left.
const SETTLE: Duration = Duration::from_millis(20);

/// Names the run in the environment of all its processes, so that those are found that left the
/// process group.
pub(crate) const MARK: &str = "MIRA_RUN";

/// A mark that no other process and no other caller has. Marks made by adding to it belong to it.
pub(crate) fn new_mark() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}.{:x}.{number}.", std::process::id(), now.as_micros())
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Ended {
    /// From the number that `wait` gives.
    fn from_status(status: i32) -> Self {
        Self {
            code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        }
    }
}

/// Why there is no process.
#[derive(Debug)]
pub(crate) enum NotStarted {
    Io(io::Error),
    /// It could not be held as it should; so it does not run.
    NotConfined(Failed),
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A started process. Dropping it kills the process and all that it started.
///
/// Where the process lives among processes of its own, `pid` is the first of them: it outlives
/// the command while something of it is left, and all end with it.
pub(crate) struct Child {
    pid: Pid,
    /// Readable when the process ended.
    gone: Option<AsyncFd<OwnedFd>>,
    /// Where the first process tells how the command ended.
    told: Option<pipe::Receiver>,
    ended: Option<Ended>,
    /// The process was waited for; its number may be another's by now.
    reaped: bool,
    mark: String,
    /// Its own, if it has one: what ends those that no signal of ours reaches.
    terminal: Option<Terminal>,
    /// Nothing is left of it.
    over: bool,
    /// It was to end, and could not be ended.
    survives: bool,
}

/// A process that runs.
pub(crate) struct Spawned {
    pub child: Child,
    /// The end of the pipe that its output and errors come from.
    pub output: OwnedFd,
    /// The listener in its own network that leads out, where the plan has one.
    pub door: Option<std::net::TcpListener>,
}

/// Starts `argv` with exactly the environment `env` and the [`MARK`], held by `plan`; with a
/// terminal of its own where `with_terminal`. Needs a Tokio runtime.
pub(crate) fn spawn(
    argv: &[String],
    cwd: &Path,
    mut env: Vec<(OsString, OsString)>,
    mark: String,
    plan: Option<&Plan>,
    with_terminal: bool,
) -> Result<Spawned, NotStarted> {
    env.push((MARK.into(), mark.clone().into()));
    let launch::Launched {
        pid,
        told,
        output,
        door,
        terminal,
    } = launch::launch(argv, cwd, env, plan, with_terminal)?;
    let mut child = Child {
        pid,
        gone: watched(pid),
        told: None,
        ended: None,
        reaped: false,
        mark,
        terminal: None,
        over: false,
        survives: false,
    };
    child.terminal = terminal.map(Terminal::new).transpose()?;
    child.told = told.map(pipe::Receiver::from_owned_fd).transpose()?;
    Ok(Spawned {
        child,
        output,
        door: door.map(std::net::TcpListener::from),
    })
}

fn watched(pid: Pid) -> Option<AsyncFd<OwnedFd>> {
    let fd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()?;
    // SAFETY: an `OwnedFd` stays open and the same until the `AsyncFd` drops it.
    unsafe { AsyncFd::register_with_interest(fd, tokio::io::Interest::READABLE).ok() }
}

impl Child {
    /// Waits for the command itself, not for what it left running. May be called again.
    pub async fn wait(&mut self) -> io::Result<Ended> {
        loop {
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            match &mut self.told {
                Some(told) => {
                    let status = status_of(told).await?;
                    self.told = None;
                    match status {
                        Some(status) if status < 0 => {
                            return Err(io::Error::from_raw_os_error(-status));
                        }
                        Some(status) => self.ended = Some(Ended::from_status(status)),
                        // The first process was killed before it could tell.
                        None => {}
                    }
                }
                None => {
                    if !self.reap()? {
                        self.leave().await?;
                    }
                }
            }
        }
    }

    /// It was to end and goes on: it has more rights than we have.
    pub fn survives(&self) -> bool {
        self.survives
    }

    /// Waits until the process's descriptor says that it ended.
    async fn leave(&self) -> io::Result<()> {
        match &self.gone {
            Some(gone) => gone.readable().await?.clear_ready(),
            // An old kernel: ask now and then.
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        Ok(())
    }

    /// Takes the end of the process away, if it ended.
    fn reap(&mut self) -> io::Result<bool> {
        if !self.reaped
            && let Some((_, status)) =
                rustix::process::waitpid(Some(self.pid), WaitOptions::NOHANG)?
        {
            self.reaped = true;
            self.ended
                .get_or_insert(Ended::from_status(status.as_raw()));
        }
        Ok(self.reaped)
    }

    /// Whether anything that came of it still lives. Gives what is ending a moment to be gone.
    pub async fn group_lives(&mut self) -> bool {
        if self.reaped {
            return rustix::process::test_kill_process_group(self.pid).is_ok();
        }
        let until = tokio::time::Instant::now() + SETTLE;
        while !self.reap().unwrap_or(true) {
            if tokio::time::timeout_at(until, self.leave()).await.is_err() {
                return true;
            }
        }
        false
    }

    /// The process ended and so did its group: nothing needs to be killed.
    pub fn is_over(&mut self) {
        self.over = true;
    }

    /// Ends the process and all that it started: asks first, and after `grace` kills. Returns how
    /// many processes were there beside the process itself.
    pub async fn end(&mut self, grace: Duration) -> usize {
        let command_lives = self.ended.is_none();
        let first_lives = !self.reap().unwrap_or(true) && !command_lives;
        let others = || {
            marked(&self.mark)
                .into_iter()
                .filter(|pid| *pid != self.pid)
        };
        // The group first and at once: told one by one, a shell would see the command that it
        // waits for end, and go on with its next one.
        let members: Vec<Pid> = others().collect();
        let _ = rustix::process::kill_process_group(self.pid, Signal::TERM);
        if let Some(terminal) = &self.terminal {
            terminal.interrupt();
        }
        let mut count = 0;
        for pid in members {
            count += 1;
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        // What hid its mark is there all the same: the first process waits for it.
        count = count.max(usize::from(first_lives));
        let _ = rustix::process::kill_process_group(self.pid, Signal::CONT);
        let until = tokio::time::Instant::now() + grace;
        let _ = tokio::time::timeout_at(until, self.wait()).await;
        while tokio::time::Instant::now() < until && self.group_lives().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if self.terminal.take().is_some() {
            // The kernel tells all of its session that the terminal is gone, root's too.
            let until = tokio::time::Instant::now() + grace;
            let _ = tokio::time::timeout_at(until, self.wait()).await;
        }
        if self.kill() {
            let _ = self.wait().await;
            self.over = true;
        } else {
            self.survives = true;
        }
        count
    }

    /// False where it may not be killed: it runs with more rights than we have.
    fn kill(&mut self) -> bool {
        let mut killed = Ok(());
        if !self.reap().unwrap_or(true) {
            killed = rustix::process::kill_process(self.pid, Signal::KILL);
        }
        if killed == Err(rustix::io::Errno::PERM) {
            self.ended.get_or_insert(Ended {
                code: None,
                signal: None,
            });
            return false;
        }
        kill_now(self.pid, &self.mark);
        if !self.reaped && rustix::process::waitpid(Some(self.pid), WaitOptions::empty()).is_ok() {
            self.reaped = true;
            self.ended.get_or_insert(Ended {
                code: None,
                signal: Some(libc::SIGKILL),
            });
            self.told = None;
        }
        true
    }
}

/// Runs a command that ends at once, waiting for it; needs no runtime. Returns its exit code.
pub(crate) fn run_blocking(
    argv: &[String],
    cwd: &Path,
    plan: &Plan,
) -> Result<Option<i32>, NotStarted> {
    let launched = launch::launch(argv, cwd, environment(&[]), Some(plan), false)?;
    let (pid, told) = (launched.pid, launched.told);
    let ended =
        rustix::process::waitpid(Some(pid), WaitOptions::empty()).map_err(io::Error::from)?;
    let mut status = [0; 4];
    if let Some(told) = told
        && std::fs::File::from(told).read_exact(&mut status).is_ok()
    {
        return Ok(Ended::from_status(i32::from_ne_bytes(status)).code);
    }
    Ok(ended.and_then(|(_, status)| status.exit_status()))
}

/// The first four bytes; None where there are none.
async fn status_of(told: &mut pipe::Receiver) -> io::Result<Option<i32>> {
    let mut bytes = [0; 4];
    match told.read_exact(&mut bytes).await {
        Ok(_) => Ok(Some(i32::from_ne_bytes(bytes))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (pid, mark, waited) = (self.pid, std::mem::take(&mut self.mark), self.reaped);
        if !waited {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        let rest = move || {
            kill_now(pid, &mark);
            if !waited {
                let _ = rustix::process::waitpid(Some(pid), WaitOptions::empty());
            }
        };
        if let Err(error) = std::thread::Builder::new()
            .name("mira-reap".into())
            .spawn(rest)
        {
            tracing::warn!(%error, "a killed command could not be waited for");
        }
    }
}

/// Kills the group, and whatever carries the mark, until nothing is found any more.
fn kill_now(group: Pid, mark: &str) {
    let _ = rustix::process::kill_process_group(group, Signal::KILL);
    kill_marked(mark);
}

/// Kills every process whose mark begins so. A process may start another while we look, and one
/// that was killed is there until it gets a processor once more, so it looks again until there is
/// none: for a second at most.
pub(crate) fn kill_marked(mark: &str) {
    for round in 0..20_u32 {
        let found = marked(mark);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(1 << round.min(6)));
    }
}

/// Kills what a dead engine left running. A number that lives again belongs to somebody else, and
/// nothing of it is touched.
pub fn kill_orphans(engine: u32) {
    if !Path::new(&format!("/proc/{engine}")).exists() {
        kill_marked(&format!("{engine}."));
    }
}

/// Living processes whose [`MARK`] begins with `mark`.
fn marked(mark: &str) -> Vec<Pid> {
    let wanted = format!("{MARK}={mark}");
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            // A process that ended but was not waited for has an empty environment.
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable.starts_with(wanted.as_bytes()))
                .then(|| Pid::from_raw(pid))?
        })
        .collect()
}
