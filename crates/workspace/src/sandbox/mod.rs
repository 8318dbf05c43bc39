//! Holds commands back with the means of the operating system, where policy and path guard
//! cannot see: inside a running program.
//!
//! A [`Confinement`] says what one command may touch. On Linux it is kept by namespaces, Landlock
//! and a filter of system calls, without set-up and without another program; `docs/SANDBOX.md`
//! says why so. [`protection`] says what this machine can do, by trying it.
//!
//! [`plan`] works out what is to be done, [`enter`] does it between clone and exec.

mod caches;
pub(crate) mod enter;
mod hidden;
mod landlock;
pub(crate) mod plan;
mod probe;
mod repository;
mod seatbelt;
mod seccomp;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Access;

pub use probe::{Held, Mechanism, Protection, protection};
pub use seatbelt::profile as seatbelt_profile;
pub(crate) use told::told;

/// How strongly a command can be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    None,
    /// Landlock and the filter of system calls: files and network are held; file modes, git's
    /// own settings and (on older kernels) signals are not.
    Basic,
    /// Namespaces as well: its own view of files, processes and network.
    Full,
}

/// What one command may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// The project; canonical.
    pub root: PathBuf,
    /// What may be written.
    pub access: Access,
    /// Whether it may reach the network; if not, it has a loopback of its own at most.
    pub network: bool,
    /// Mira's own folders: hidden.
    pub own: Vec<PathBuf>,
    /// Further folders that may be written.
    pub writable: Vec<PathBuf>,
    /// Folders that may be read although they are on the list of secrets.
    pub readable: Vec<PathBuf>,
    /// The person's home folder, in which secrets lie.
    pub home: Option<PathBuf>,
    /// At most what [`protection`] found.
    pub level: Level,
}

/// What holds for all commands of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// The person may switch it off.
    pub enabled: bool,
    /// The network is open to every command.
    pub network: bool,
    pub own: Vec<PathBuf>,
    pub writable: Vec<PathBuf>,
    pub readable: Vec<PathBuf>,
}

impl Sandbox {
    /// No sandbox: commands are held by policy only.
    pub fn off() -> Self {
        Self {
            enabled: false,
            network: true,
            own: Vec::new(),
            writable: Vec::new(),
            readable: Vec::new(),
        }
    }

    /// What a command in `root` may touch. None where nothing can hold it: switched off, or no
    /// means on this machine.
    pub fn confine(&self, root: &Path, access: Access, network: bool) -> Option<Arc<Confinement>> {
        if !self.enabled {
            return None;
        }
        let level = protection().level;
        (level > Level::None).then(|| {
            Arc::new(Confinement {
                root: root.to_owned(),
                access,
                network: network || self.network,
                own: self.own.clone(),
                writable: self.writable.clone(),
                readable: self.readable.clone(),
                home: home(),
                level,
            })
        })
    }

    /// Whether commands are held as the person wants it. False: they should be, and nothing here
    /// can.
    pub fn holds(&self) -> bool {
        !self.enabled || protection().level > Level::None
    }
}

/// As the environment names it.
pub fn home() -> Option<PathBuf> {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
        .and_then(|home| home.canonicalize().ok())
        .filter(|home| home.parent().is_some())
}
