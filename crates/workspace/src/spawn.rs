//! Starts a process cheaply, waits for it, and ends all that came of it.
//!
//! The child gets a session of its own: no terminal that it could read a password from or wait
//! on, and one process group to signal. [`launch`] makes the process.

mod launch;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, WaitOptions};
use tokio::io::AsyncReadExt;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;

use crate::sandbox::enter::Failed;
use crate::sandbox::plan::Plan;

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
    /// Nothing is left of it.
    over: bool,
}

/// Starts `argv` with exactly the environment `env` and the [`MARK`], held by `plan`. Returns the
/// process and the end of the pipe that its output and errors come from. Needs a Tokio runtime.
pub(crate) fn spawn(
    argv: &[String],
    cwd: &Path,
    mut env: Vec<(OsString, OsString)>,
    mark: String,
    plan: Option<&Plan>,
) -> Result<(Child, OwnedFd), NotStarted> {
    env.push((MARK.into(), mark.clone().into()));
    let (pid, told, output) = launch::launch(argv, cwd, env, plan)?;
    Ok((
        Child {
            pid,
            gone: watched(pid),
            told: told.map(pipe::Receiver::from_owned_fd).transpose()?,
            ended: None,
            reaped: false,
            mark,
            over: false,
        },
        output,
    ))
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
        if self.kill() {
            let _ = self.wait().await;
            self.over = true;
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
    let (pid, told, _output) = launch::launch(argv, cwd, environment(&[]), Some(plan))?;
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

/// Kills every process whose mark begins so. A process may start another while we look, so it
/// looks again until there is none.
pub(crate) fn kill_marked(mark: &str) {
    for _ in 0..20 {
        let found = marked(mark);
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        std::thread::yield_now();
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

/// The environment that commands get: what tools need to find themselves and their caches, and
/// nothing that opens doors (keys, tokens, agents' sockets, the keychain's bus).
pub(crate) fn environment(added: &[(String, String)]) -> Vec<(OsString, OsString)> {
    let mut kept: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, value)| is_allowed(name, value))
        .collect();
    let fixed = [
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        ("PAGER", "cat"),
        ("GIT_PAGER", "cat"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_EDITOR", "true"),
        ("DEBIAN_FRONTEND", "noninteractive"),
    ];
    let fixed = fixed.map(|(name, value)| (name.into(), value.into()));
    let added = added
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    for (name, value) in fixed.into_iter().chain(added) {
        kept.retain(|(other, _)| *other != name);
        kept.push((name, value));
    }
    kept
}

const ALLOWED: &[&str] = &[
    // Who and where.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "HOSTNAME",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LANG",
    "LANGUAGE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "XDG_STATE_HOME",
    // Compilers and libraries.
    "CC",
    "CXX",
    "LD",
    "AR",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "CPATH",
    "LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PKG_CONFIG_PATH",
    "CMAKE_PREFIX_PATH",
    "MAKEFLAGS",
    "SDKROOT",
    "DEVELOPER_DIR",
    // Rust.
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_INCREMENTAL",
    "CARGO_NET_OFFLINE",
    "CARGO_TERM_COLOR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "RUST_MIN_STACK",
    // JavaScript.
    "NVM_DIR",
    "NVM_BIN",
    "FNM_DIR",
    "VOLTA_HOME",
    "PNPM_HOME",
    "BUN_INSTALL",
    "DENO_DIR",
    "NODE_ENV",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NPM_CONFIG_CACHE",
    "NPM_CONFIG_PREFIX",
    "npm_config_cache",
    "npm_config_prefix",
    "npm_config_offline",
    "COREPACK_HOME",
    "YARN_CACHE_FOLDER",
    "PLAYWRIGHT_BROWSERS_PATH",
    // Python, Ruby, Go, Java, .NET, Haskell, Elixir, PHP.
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYENV_ROOT",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "POETRY_HOME",
    "GEM_HOME",
    "GEM_PATH",
    "RBENV_ROOT",
    "BUNDLE_PATH",
    "RUBYOPT",
    "GOPATH",
    "GOROOT",
    "GOBIN",
    "GOCACHE",
    "GOMODCACHE",
    "GOFLAGS",
    "GOOS",
    "GOARCH",
    "CGO_ENABLED",
    "GOTOOLCHAIN",
    "JAVA_HOME",
    "JDK_HOME",
    "MAVEN_HOME",
    "M2_HOME",
    "MAVEN_OPTS",
    "GRADLE_HOME",
    "GRADLE_USER_HOME",
    "GRADLE_OPTS",
    "SDKMAN_DIR",
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "DOTNET_ROOT",
    "NUGET_PACKAGES",
    "GHCUP_INSTALL_BASE_PREFIX",
    "STACK_ROOT",
    "MIX_HOME",
    "HEX_HOME",
    "COMPOSER_HOME",
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "NIX_PATH",
    "NIX_PROFILES",
    "NIX_SSL_CERT_FILE",
    // Certificates and proxies.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    // Who commits.
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
];

fn is_allowed(name: &OsStr, value: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    // A proxy's address may carry a password.
    let has_password =
        name.to_ascii_lowercase().ends_with("_proxy") && value.as_bytes().contains(&b'@');
    (ALLOWED.contains(&name) || name.starts_with("LC_")) && !has_password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_stay_out_of_the_environment() {
        let allowed = |name: &str, value: &str| is_allowed(OsStr::new(name), OsStr::new(value));
        for name in ["PATH", "HOME", "LC_ALL", "CARGO_HOME", "HTTPS_PROXY"] {
            assert!(allowed(name, "x"), "{name}");
        }
        for name in [
            "OPENAI_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "CARGO_REGISTRY_TOKEN",
            "NPM_TOKEN",
            "SSH_AUTH_SOCK",
            "DBUS_SESSION_BUS_ADDRESS",
            "BASH_ENV",
            "LD_PRELOAD",
        ] {
            assert!(!allowed(name, "x"), "{name}");
        }
        assert!(!allowed("HTTPS_PROXY", "http://user:secret@proxy:3128"));
    }
}
