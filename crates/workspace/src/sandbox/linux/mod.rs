//! Linux: namespaces, Landlock and a filter of system calls, without set-up.
//!
//! [`plan`] works out what is to be done, [`enter`] does it between clone and exec.

pub(crate) mod enter;
mod landlock;
pub(crate) mod plan;
mod seccomp;

use std::io;
use std::path::{Path, PathBuf};

use super::holder::{Held, Hold, Holder, Mechanism, Protection};
use super::{Confinement, Level, Network};
use crate::Access;
use crate::spawn::{self, NotStarted};
use plan::Plan;

/// Where a command finds its way out, in the loopback that is its own alone.
pub(crate) const DOOR_PORT: u16 = 31_280;

pub(super) struct Linux;

impl Holder for Linux {
    fn hold(&self, on: &Confinement) -> io::Result<Hold> {
        let plan = Plan::new(on)?;
        Ok(Hold {
            before: Vec::new(),
            temp: plan.temp.clone(),
            proxy: plan.door.then_some(DOOR_PORT),
            listener: None,
            plan: Some(plan),
        })
    }

    fn protection(&self) -> Protection {
        let full = tried(Level::Full);
        let level = match &full {
            Ok(()) => Level::Full,
            Err(_) if has_basic() && tried(Level::Basic).is_ok() => Level::Basic,
            Err(_) => Level::None,
        };
        let by_host = full.is_ok();
        let namespaces = match full {
            Ok(()) => Mechanism::new(
                "namespaces",
                Held::Yes,
                "own view of files, processes and network; secrets are not there at all",
            ),
            Err(why) => Mechanism::new("namespaces", Held::No, why),
        };
        Protection {
            level,
            by_host,
            mechanisms: vec![namespaces, landlocked(), filtered(), hosts(by_host)],
        }
    }
}

fn landlocked() -> Mechanism {
    let version = landlock::version();
    if version > 0 {
        let detail = format!("version {version} of the kernel's interface");
        Mechanism::new("Landlock", Held::Yes, detail)
    } else {
        let detail = "this kernel has none, or it is switched off";
        Mechanism::new("Landlock", Held::No, detail)
    }
}

fn filtered() -> Mechanism {
    let rules = seccomp::Rules {
        internet: true,
        local: true,
        one_session: false,
    };
    match seccomp::filter(rules) {
        Some(_) => Mechanism::new(
            "seccomp",
            Held::Yes,
            "refuses ptrace, mounts, namespaces, bpf, io_uring, keys and more",
        ),
        None => Mechanism::new(
            "seccomp",
            Held::No,
            "the system calls of this processor are not known",
        ),
    }
}

fn hosts(held: bool) -> Mechanism {
    match held {
        true => Mechanism::new(
            "network by host",
            Held::Yes,
            "a command reaches the hosts it was allowed, and no other",
        ),
        false => Mechanism::new(
            "network by host",
            Held::No,
            "needs namespaces; a command has the whole network or none, and is asked about so",
        ),
    }
}

/// Without namespaces both others are needed.
fn has_basic() -> bool {
    landlock::version() > 0 && cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
}

/// Runs `true` at this level in a project that is nobody's.
fn tried(level: Level) -> Result<(), String> {
    let root = std::env::temp_dir()
        .canonicalize()
        .unwrap_or_else(|_| PathBuf::from("/tmp"));
    let on = Confinement {
        root,
        access: Access::Read,
        network: Network::Closed,
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
            io::Error::from_raw_os_error(failed.number)
        )),
    }
}
