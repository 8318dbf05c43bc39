//! A home for the program under test: folders and an environment of its own.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use mira_testkit::{FakeVendor, TempProject};
use serde_json::Value;

/// Nothing here takes so long on a machine that works.
const LIMIT: Duration = Duration::from_secs(240);

pub struct Home {
    folder: tempfile::TempDir,
    url: String,
    key: Option<&'static str>,
}

impl Home {
    pub fn with(vendor: &FakeVendor) -> Self {
        Self::at(vendor.url())
    }

    pub fn at(url: impl Into<String>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("mira-cli-")
            .tempdir()
            .unwrap();
        Self {
            folder,
            url: url.into(),
            key: Some("sk-test"),
        }
    }

    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }

    pub fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mira"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("MIRA_DATA_DIR", self.data_dir())
            .env("MIRA_CONFIG_DIR", self.folder.path().join("config"))
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .env("OPENAI_BASE_URL", &self.url)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(key) = self.key {
            command.env("OPENAI_API_KEY", key);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        ended(self.command(args).spawn().unwrap())
    }

    /// `mira exec --json` in a project.
    pub fn exec(&self, project: &TempProject, args: &[&str]) -> Ran {
        let root = project.root();
        let mut all = vec!["exec", "--json", "--project", root.to_str().unwrap()];
        all.extend(args);
        Ran::of(self.run(&all))
    }

    /// With this on standard input.
    pub fn typed(&self, args: &[&str], input: &str) -> Output {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        ended(child)
    }
}

/// Waits for its end; a program that does not end is killed, so that the test fails and is named.
pub fn ended(child: Child) -> Output {
    let id = child.id();
    let (done, finished) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let late = finished.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout);
        if late {
            let pid = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        late
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    let said = || text(&output.stdout) + &text(&output.stderr);
    assert!(!watch.join().unwrap(), "it did not end: {}", said());
    output
}

/// What `exec --json` did.
pub struct Ran {
    pub code: i32,
    pub messages: Vec<Value>,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{stderr}"))
        };
        let messages = stdout.lines().map(parse).collect();
        Self {
            code: output.status.code().unwrap_or(-1),
            messages,
            stderr,
        }
    }

    pub fn last(&self) -> &Value {
        self.messages
            .last()
            .unwrap_or_else(|| panic!("no message; {}", self.stderr))
    }

    pub fn session(&self) -> &str {
        self.messages[0]["result"]["session_id"].as_str().unwrap()
    }

    /// The code of the error that it ended with.
    pub fn error(&self) -> &str {
        assert_eq!(self.last()["type"], "error", "{}", self.last());
        self.last()["code"].as_str().unwrap()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Sends a signal to exactly that process.
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
