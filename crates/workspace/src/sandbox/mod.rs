//! Holds commands back with the means of the operating system, where policy and path guard
//! cannot see: inside a running program.
//!
//! A [`Confinement`] says what one command may touch. Each system keeps it by its own means behind
//! one trait ([`holder`]): Linux by namespaces, Landlock and a filter of system calls, without
//! set-up and without another program; macOS by a seatbelt profile and Windows by job objects, both
//! untested. `docs/SANDBOX.md` says why so. [`protection`] says what this machine can do.

mod caches;
mod hidden;
pub(crate) mod holder;
#[cfg(any(windows, test))]
mod job_object;
#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(unix)]
mod repository;
#[cfg(any(not(target_os = "linux"), test))]
mod seatbelt;
mod temp;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mira_egress::Door;

use crate::Access;

pub use holder::{Held, Mechanism, Protection, protection};
pub(crate) use repository::repositories;
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

/// What of the network a command has.
#[derive(Debug, Clone)]
pub enum Network {
    /// A loopback of its own at most.
    Closed,
    /// These hosts and no other, through a door of Mira's. Where nothing can hold a command to
    /// them ([`Protection::by_host`]) it is [`Network::Open`], and the person is asked so.
    Hosts(Door),
    Open,
}

/// What one command may touch.
#[derive(Debug, Clone)]
pub struct Confinement {
    /// The project; canonical.
    pub root: PathBuf,
    /// What may be written.
    pub access: Access,
    pub network: Network,
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
    pub fn confine(
        &self,
        root: &Path,
        access: Access,
        network: Network,
    ) -> Option<Arc<Confinement>> {
        if !self.enabled {
            return None;
        }
        let Protection { level, by_host, .. } = *protection();
        let network = match network {
            Network::Closed if !self.network => Network::Closed,
            Network::Hosts(door) if by_host && !self.network => Network::Hosts(door),
            _ => Network::Open,
        };
        (level > Level::None).then(|| {
            Arc::new(Confinement {
                root: root.to_owned(),
                access,
                network,
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

    /// Whether a command that is allowed some hosts reaches no other.
    pub fn holds_to_hosts(&self) -> bool {
        self.enabled && !self.network && protection().by_host
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
