//! What a system must be able to do to hold commands. Each system is one implementation:
//! `linux`, [`seatbelt`](super::seatbelt), [`job_object`](super::job_object).

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::{Confinement, Level};

/// Holds commands with the means of one system.
pub(crate) trait Holder: Sync {
    /// What it can do here, found by trying where that is possible.
    fn protection(&self) -> Protection;

    /// What the start of a command must do, so that it is held.
    ///
    /// # Errors
    /// Where it cannot be held; then it is not run.
    fn hold(&self, on: &Confinement) -> io::Result<Hold>;
}

/// How one command is held.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Words before the command's own: a program that holds it.
    pub before: Vec<String>,
    /// Where temporary files go, as the command sees it.
    pub temp: PathBuf,
    /// The port of its loopback where it finds its way out, if it has one.
    pub proxy: Option<u16>,
    /// That port, where it lies in the engine's own network. Linux hands one over at the start.
    pub listener: Option<TcpListener>,
    /// What the new process does to itself before it becomes the command.
    #[cfg(target_os = "linux")]
    pub plan: Option<super::linux::plan::Plan>,
}

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

impl Mechanism {
    pub(crate) fn new(name: &'static str, held: Held, detail: impl Into<String>) -> Self {
        Self {
            name,
            held,
            detail: detail.into(),
        }
    }
}

/// What protects this machine from commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    pub level: Level,
    /// A command can be held to some hosts of the network.
    pub by_host: bool,
    pub mechanisms: Vec<Mechanism>,
}

/// Of the system that this was built for.
#[cfg(target_os = "linux")]
pub(crate) fn holder() -> &'static dyn Holder {
    &super::linux::Linux
}

#[cfg(windows)]
pub(crate) fn holder() -> &'static dyn Holder {
    &super::job_object::Windows
}

#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) fn holder() -> &'static dyn Holder {
    &super::seatbelt::Seatbelt
}

/// Looked at once; the first call starts a command or two (milliseconds) and may block so long.
pub fn protection() -> &'static Protection {
    static FOUND: OnceLock<Protection> = OnceLock::new();
    FOUND.get_or_init(|| holder().protection())
}
