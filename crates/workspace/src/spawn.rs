//! Starts a process cheaply, waits for it, and ends all that came of it.
//!
//! The child gets a session of its own: no terminal that it could read a password from or wait
//! on, and one process group to signal. It is started by `posix_spawn`, which shares memory with
//! us until the program is loaded: forking an engine of many megabytes would cost milliseconds.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use tokio::io::unix::AsyncFd;

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

/// A started process. Dropping it kills the process and all that it started.
pub(crate) struct Child {
    pid: Pid,
    /// Readable when the process ended.
    ended: Option<AsyncFd<OwnedFd>>,
    status: Option<WaitStatus>,
    mark: String,
    /// Nothing is left of it.
    over: bool,
}

/// Starts `argv` with exactly the environment `env` and the [`MARK`]. Returns the process and the
/// end of the pipe that its output and errors come from.
pub(crate) fn spawn(
    argv: &[String],
    cwd: &Path,
    mut env: Vec<(OsString, OsString)>,
    mark: String,
) -> io::Result<(Child, OwnedFd)> {
    env.push((MARK.into(), mark.clone().into()));
    let argv = argv
        .iter()
        .map(|word| CString::new(word.as_str()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a word has a NUL character"))?;
    let env = env.into_iter().filter_map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        CString::new(name.into_vec()).ok()
    });
    let env: Vec<CString> = env.collect();
    let cwd = CString::new(cwd.as_os_str().as_bytes()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "the folder has a NUL character",
        )
    })?;
    let (reading, writing) = io::pipe()?;
    let pid = posix_spawn(&argv, &cwd, &env, &writing.into())?;
    let ended = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok();
    // SAFETY: an `OwnedFd` stays open and the same until the `AsyncFd` drops it.
    let ended = ended.and_then(|fd| unsafe {
        AsyncFd::register_with_interest(fd, tokio::io::Interest::READABLE).ok()
    });
    Ok((
        Child {
            pid,
            ended,
            status: None,
            mark,
            over: false,
        },
        reading.into(),
    ))
}

fn posix_spawn(
    argv: &[CString],
    cwd: &CString,
    env: &[CString],
    output: &OwnedFd,
) -> io::Result<Pid> {
    /// Frees what the C library allocated, on every way out.
    struct Guard<T>(T, unsafe extern "C" fn(*mut T) -> libc::c_int);
    impl<T> Drop for Guard<T> {
        fn drop(&mut self) {
            // SAFETY: made by the matching init function, destroyed once.
            unsafe { (self.1)(&raw mut self.0) };
        }
    }
    fn ok(code: libc::c_int) -> io::Result<()> {
        if code == 0 {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(code))
        }
    }
    fn pointers(strings: &[CString]) -> Vec<*mut libc::c_char> {
        strings
            .iter()
            .map(|text| text.as_ptr().cast_mut())
            .chain([std::ptr::null_mut()])
            .collect()
    }

    let (argv, env) = (pointers(argv), pointers(env));
    if argv[0].is_null() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the command is empty",
        ));
    }
    // SAFETY: plain C data of which the init functions make valid values before any use; all
    // pointers given (strings, descriptors, the two objects) outlive the calls that read them.
    unsafe {
        let mut actions = std::mem::zeroed();
        ok(libc::posix_spawn_file_actions_init(&raw mut actions))?;
        let mut actions = Guard(actions, libc::posix_spawn_file_actions_destroy);
        let actions = &raw mut actions.0;
        ok(libc::posix_spawn_file_actions_addopen(
            actions,
            0,
            c"/dev/null".as_ptr(),
            libc::O_RDONLY,
            0,
        ))?;
        ok(libc::posix_spawn_file_actions_adddup2(
            actions,
            output.as_raw_fd(),
            1,
        ))?;
        ok(libc::posix_spawn_file_actions_adddup2(
            actions,
            output.as_raw_fd(),
            2,
        ))?;
        ok(libc::posix_spawn_file_actions_addchdir_np(
            actions,
            cwd.as_ptr(),
        ))?;

        let mut attributes = std::mem::zeroed();
        ok(libc::posix_spawnattr_init(&raw mut attributes))?;
        let mut attributes = Guard(attributes, libc::posix_spawnattr_destroy);
        let attributes = &raw mut attributes.0;
        // Our runtime ignores SIGPIPE and may block others: a command must not inherit that.
        let mut signals = std::mem::zeroed();
        libc::sigemptyset(&raw mut signals);
        ok(libc::posix_spawnattr_setsigmask(
            attributes,
            &raw const signals,
        ))?;
        for signal in [
            libc::SIGPIPE,
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGTERM,
            libc::SIGHUP,
        ] {
            libc::sigaddset(&raw mut signals, signal);
        }
        ok(libc::posix_spawnattr_setsigdefault(
            attributes,
            &raw const signals,
        ))?;
        let flags = libc::POSIX_SPAWN_SETSID as libc::c_int
            | libc::POSIX_SPAWN_SETSIGDEF as libc::c_int
            | libc::POSIX_SPAWN_SETSIGMASK as libc::c_int;
        ok(libc::posix_spawnattr_setflags(
            attributes,
            flags as libc::c_short,
        ))?;

        let mut pid = 0;
        ok(libc::posix_spawnp(
            &raw mut pid,
            argv[0],
            actions,
            attributes,
            argv.as_ptr(),
            env.as_ptr(),
        ))?;
        Pid::from_raw(pid).ok_or_else(|| io::Error::other("no process id"))
    }
}

impl Child {
    /// Waits for the process itself, not for what it left running. May be called again.
    pub async fn wait(&mut self) -> io::Result<WaitStatus> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            match &self.ended {
                Some(ended) => ended.readable().await?.clear_ready(),
                // An old kernel: ask now and then.
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    pub fn try_wait(&mut self) -> io::Result<Option<WaitStatus>> {
        if self.status.is_none() {
            self.status = rustix::process::waitpid(Some(self.pid), WaitOptions::NOHANG)?
                .map(|(_, status)| status);
        }
        Ok(self.status)
    }

    /// Whether anything of its process group still lives.
    pub fn group_lives(&self) -> bool {
        rustix::process::test_kill_process_group(self.pid).is_ok()
    }

    /// The process ended and so did its group: nothing needs to be killed.
    pub fn is_over(&mut self) {
        self.over = true;
    }

    /// Ends the process and all that it started: asks first, and after `grace` kills. Returns how
    /// many processes were there beside the process itself.
    pub async fn end(&mut self, grace: Duration) -> usize {
        let others = || {
            marked(&self.mark)
                .into_iter()
                .filter(|pid| *pid != self.pid)
        };
        let mut count = 0;
        for pid in others() {
            count += 1;
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        let _ = rustix::process::kill_process_group(self.pid, Signal::TERM);
        let _ = rustix::process::kill_process_group(self.pid, Signal::CONT);
        let until = tokio::time::Instant::now() + grace;
        let _ = tokio::time::timeout_at(until, self.wait()).await;
        while self.group_lives() && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kill_now(self.pid, &self.mark);
        let _ = self.wait().await;
        self.over = true;
        count
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (pid, mark, waited) = (
            self.pid,
            std::mem::take(&mut self.mark),
            self.status.is_some(),
        );
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
