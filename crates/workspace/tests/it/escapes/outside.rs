//! A folder with canaries around a project, and everything that tells whether one was touched.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Stands in every secret.
const SECRET: &str = "canary-4f1c0a77";

pub struct Outside {
    dir: TempDir,
    victim: Child,
    tcp: TcpListener,
    udp: UdpSocket,
    socket: UnixListener,
    home_socket: UnixListener,
    datagrams: UnixDatagram,
    nameless: UnixListener,
    /// The other side of somebody's terminal.
    terminal: fs::File,
    _their_terminal: OwnedFd,
    terminal_path: String,
    shared: PathBuf,
    name: String,
    before: Vec<Entry>,
    git: Vec<Entry>,
}

/// Path, mode, time of change in nanoseconds (of files), content.
type Entry = (PathBuf, u32, i128, Vec<u8>);

impl Outside {
    pub fn new(base: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("e")
            .tempdir_in(base)
            .unwrap();
        let at = dir.path().canonicalize().unwrap();
        let name = format!(
            "cookie{}",
            at.file_name().unwrap().to_str().unwrap().replace('.', "")
        );
        let put = |path: &str, text: &str| {
            let path = at.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("outside/canary", "untouched");
        put("outside/folder/file", "untouched");
        for secret in [
            ".ssh/id_ed25519",
            ".ssh/authorized_keys",
            ".aws/credentials",
            ".netrc",
            ".npmrc",
            ".git-credentials",
            ".config/gh/hosts.yml",
            ".docker/config.json",
            ".bash_history",
        ] {
            put(&format!("home/{secret}"), SECRET);
        }
        put("home/.bashrc", "# untouched");
        put("data/mira.db", SECRET);
        put("data/ws-token", SECRET);
        repository(&at.join("project"));

        let shared = Path::new("/dev/shm").join(&name);
        fs::write(&shared, SECRET).unwrap();
        let victim = Command::new("sleep")
            .arg("1000")
            .env("SECRET", SECRET)
            .current_dir(at.join("outside"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (terminal, theirs, terminal_path) = terminal();
        let socket = UnixListener::bind(at.join("outside/s")).unwrap();
        let datagrams = UnixDatagram::bind(at.join("outside/s.dgram")).unwrap();
        let home_socket = UnixListener::bind(at.join("home/s")).unwrap();
        let address = {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(&name).unwrap()
        };
        let nameless = UnixListener::bind_addr(&address).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        for listener in [&socket, &home_socket, &nameless] {
            listener.set_nonblocking(true).unwrap();
        }
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        datagrams.set_nonblocking(true).unwrap();
        let mut outside = Self {
            dir,
            victim,
            tcp,
            udp,
            socket,
            home_socket,
            datagrams,
            nameless,
            terminal,
            _their_terminal: theirs,
            terminal_path,
            shared,
            name,
            before: Vec::new(),
            git: Vec::new(),
        };
        outside.before = outside.around();
        outside.git = outside.git_settings();
        outside
    }

    fn at(&self, part: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(part)
    }

    pub fn project(&self) -> PathBuf {
        self.at("project")
    }

    pub fn home(&self) -> PathBuf {
        self.at("home")
    }

    pub fn data(&self) -> PathBuf {
        self.at("data")
    }

    pub fn variables(&self) -> Vec<(String, String)> {
        let python = ["/usr/bin/python3", "/usr/local/bin/python3"];
        let python = python.iter().find(|path| Path::new(path).exists());
        let path = |part: &str| self.at(part).display().to_string();
        [
            ("OUT", path("outside")),
            ("HOME", path("home")),
            ("DATA", path("data")),
            ("SOCK", path("outside/s")),
            ("HOMESOCK", path("home/s")),
            ("HOST", std::process::id().to_string()),
            ("VICTIM", self.victim.id().to_string()),
            ("TCP", self.tcp.local_addr().unwrap().port().to_string()),
            ("UDP", self.udp.local_addr().unwrap().port().to_string()),
            ("ABSTRACT", self.name.clone()),
            ("COOKIE", self.name.clone()),
            ("SHM", self.name.clone()),
            ("PTY", self.terminal_path.clone()),
            ("PY", python.unwrap_or(&"python3").to_string()),
            // What tools of this machine need to be found is not part of the test.
            (
                "PATH",
                "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// What was reached of the outside. Empty: it was held.
    pub fn seen(&self, output: &str) -> Vec<String> {
        let mut seen = Vec::new();
        if output.contains("ESCAPED") {
            seen.push(format!("it says so: {}", output.trim()));
        }
        if output.contains(SECRET) {
            seen.push("a secret was read".into());
        }
        for entry in changed(&self.before, &self.around()) {
            seen.push(format!("{} changed", entry.display()));
        }
        for entry in changed(&self.git, &self.git_settings()) {
            seen.push(format!("git's {} changed", entry.display()));
        }
        if fs::read_to_string(&self.shared).is_ok_and(|text| text != SECRET) {
            seen.push("shared memory changed".into());
        }
        seen.extend(
            self.heard()
                .iter()
                .map(|what| format!("something came to {what}")),
        );
        match state(self.victim.id()) {
            Some('S' | 'R' | 'D') => {}
            state => seen.push(format!("the victim is {state:?}")),
        }
        if lives(&self.name) {
            seen.push("a process is left".into());
        }
        seen
    }

    fn heard(&self) -> Vec<&'static str> {
        let mut buffer = [0; 64];
        let came = [
            ("TCP", self.tcp.accept().is_ok()),
            ("UDP", self.udp.recv(&mut buffer).is_ok()),
            ("a socket", self.socket.accept().is_ok()),
            (
                "a socket in the home folder",
                self.home_socket.accept().is_ok(),
            ),
            (
                "a socket for datagrams",
                self.datagrams.recv(&mut buffer).is_ok(),
            ),
            ("a socket without a file", self.nameless.accept().is_ok()),
            (
                "a terminal",
                (&self.terminal).read(&mut buffer).is_ok_and(|n| n > 0),
            ),
        ];
        came.into_iter()
            .filter(|(_, came)| *came)
            .map(|(what, _)| what)
            .collect()
    }

    fn around(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for part in ["outside", "home", "data"] {
            walk(&self.at(part), &mut entries);
        }
        // What lies beside them, by name only.
        for entry in fs::read_dir(self.at("")).unwrap() {
            entries.push((entry.unwrap().path(), 0, 0, Vec::new()));
        }
        entries.sort();
        entries
    }

    fn git_settings(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for part in ["config", "hooks", "modules/sub/config", "modules/sub/hooks"] {
            walk(&self.project().join(".git").join(part), &mut entries);
        }
        entries
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
        let _ = fs::remove_file(&self.shared);
        for pid in named(&self.name) {
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// A repository with a submodule, as far as its settings go.
fn repository(project: &Path) {
    let git = |folder: &Path| {
        fs::create_dir_all(folder).unwrap();
        let made = Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(folder)
            .status()
            .unwrap();
        assert!(made.success());
    };
    git(project);
    let sub = project.join("sub");
    git(&sub);
    fs::create_dir_all(project.join(".git/modules")).unwrap();
    fs::rename(sub.join(".git"), project.join(".git/modules/sub")).unwrap();
    fs::write(sub.join(".git"), "gitdir: ../.git/modules/sub\n").unwrap();
}

fn walk(path: &Path, entries: &mut Vec<Entry>) {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return;
    };
    let time = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    let content = if meta.is_file() {
        fs::read(path).unwrap_or_default()
    } else {
        Vec::new()
    };
    let time = if meta.is_file() { time } else { 0 };
    entries.push((path.to_owned(), meta.mode(), time, content));
    if meta.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            walk(&entry.path(), entries);
        }
    }
}

fn changed(before: &[Entry], after: &[Entry]) -> Vec<PathBuf> {
    let one_sided = |these: &[Entry], those: &[Entry]| -> Vec<PathBuf> {
        let missing = these.iter().filter(|entry| !those.contains(entry));
        missing.map(|(path, ..)| path.clone()).collect()
    };
    let mut found = one_sided(before, after);
    found.extend(one_sided(after, before));
    found.sort();
    found.dedup();
    found
}

fn terminal() -> (fs::File, OwnedFd, String) {
    let (mut ours, mut theirs) = (0, 0);
    let mut name = [0; 64];
    // SAFETY: both numbers and the name are filled in; the descriptors are ours.
    unsafe {
        let made = libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            name.as_mut_ptr(),
            std::ptr::null(),
            std::ptr::null(),
        );
        assert_eq!(made, 0);
        for fd in [ours, theirs] {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
        libc::fcntl(ours, libc::F_SETFL, libc::O_NONBLOCK);
        let path = std::ffi::CStr::from_ptr(name.as_ptr())
            .to_str()
            .unwrap()
            .to_owned();
        let ours = fs::File::from(OwnedFd::from_raw_fd(ours));
        assert!(ours.as_raw_fd() >= 0);
        (ours, OwnedFd::from_raw_fd(theirs), path)
    }
}

fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim_start().chars().next()
}

fn lives(name: &str) -> bool {
    named(name)
        .into_iter()
        .any(|pid| state(pid as u32).is_some_and(|state| state != 'Z'))
}

/// Processes with this word on their command line.
fn named(name: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        words
            .split(|byte| *byte == 0)
            .any(|word| word == name.as_bytes())
            .then_some(pid)
    })
    .collect()
}
