//! What this machine can do, found by doing it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Confinement, Level, landlock, seccomp};
use crate::spawn::{self, NotStarted};
use crate::{Access, sandbox::plan::Plan};

/// Whether a mechanism works here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Yes,
    No,
    /// Built, and never tried on this system.
    Untested,
}

/// One means of the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    pub name: &'static str,
    pub held: Held,
    /// What it does, or why it does not.
    pub detail: String,
}

/// What protects this machine from commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    pub level: Level,
    pub mechanisms: Vec<Mechanism>,
}

/// Looked at once; the first call starts a command or two (milliseconds) and may block so long.
pub fn protection() -> &'static Protection {
    static FOUND: OnceLock<Protection> = OnceLock::new();
    FOUND.get_or_init(look)
}

fn look() -> Protection {
    let full = tried(Level::Full);
    let level = match &full {
        Ok(()) => Level::Full,
        Err(_) if has_basic() && tried(Level::Basic).is_ok() => Level::Basic,
        Err(_) => Level::None,
    };
    let namespaces = match full {
        Ok(()) => mechanism(
            "namespaces",
            Held::Yes,
            "own view of files, processes and network; secrets are not there at all",
        ),
        Err(why) => mechanism("namespaces", Held::No, why),
    };
    let version = landlock::version();
    let landlock = if version > 0 {
        mechanism(
            "Landlock",
            Held::Yes,
            format!("version {version} of the kernel's interface"),
        )
    } else {
        mechanism(
            "Landlock",
            Held::No,
            "this kernel has none, or it is switched off",
        )
    };
    let rules = seccomp::Rules {
        internet: true,
        local: true,
        one_session: false,
    };
    let filter = match seccomp::filter(rules) {
        Some(_) => mechanism(
            "seccomp",
            Held::Yes,
            "refuses ptrace, mounts, namespaces, bpf, io_uring, keys and more",
        ),
        None => mechanism(
            "seccomp",
            Held::No,
            "the system calls of this processor are not known",
        ),
    };
    Protection {
        level,
        mechanisms: vec![namespaces, landlock, filter],
    }
}

/// Without namespaces both others are needed.
fn has_basic() -> bool {
    landlock::version() > 0 && cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
}

fn mechanism(name: &'static str, held: Held, detail: impl Into<String>) -> Mechanism {
    Mechanism {
        name,
        held,
        detail: detail.into(),
    }
}

/// Runs `true` at this level in a project that is nobody's.
fn tried(level: Level) -> Result<(), String> {
    let root = std::env::temp_dir()
        .canonicalize()
        .unwrap_or_else(|_| PathBuf::from("/tmp"));
    let on = Confinement {
        root,
        access: Access::Read,
        network: false,
        own: Vec::new(),
        writable: Vec::new(),
        readable: Vec::new(),
        home: None,
        level,
    };
    let plan = Plan::new(&on).map_err(|error| error.to_string())?;
    let ended = spawn::run_blocking(&["true".to_owned()], Path::new("/"), &plan);
    match ended {
        Ok(Some(0)) => Ok(()),
        Ok(code) => Err(format!("a command inside ended with {code:?}")),
        Err(NotStarted::Io(error)) => Err(error.to_string()),
        Err(NotStarted::NotConfined(failed)) => Err(format!(
            "{}: {}",
            failed.stage,
            std::io::Error::from_raw_os_error(failed.number)
        )),
    }
}
