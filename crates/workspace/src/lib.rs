//! One project on disk, confined: the path guard, files, edits, checkpoints, search, processes.
//!
//! Everything that touches a project goes through here, so that each promise has one place:
//! [`Workspace::resolve`] decides on every path, [`Workspace::write`] is the one atomic writer,
//! [`process::run`] the one process runner, [`truncate`] the one way to shorten text.
//!
//! It knows folders and files. It knows no session, no database, no model and no policy: whether
//! something *should* be done is decided above; whether it *can* leave the project, here.
//! Paths that come in are text of models and people; paths that go out are relative to the root
//! with `/` between parts, or absolute where [`Access`] reaches further than the project.
//!
//! Unix only so far: descriptors, modes and process groups are used throughout.

pub mod blobs;
pub mod checkpoint;
pub mod colours;
pub mod diff;
pub mod edits;
mod error;
pub mod files;
mod flush;
mod git_settings;
pub mod guard;
mod ignores;
mod jobs;
mod launch;
pub mod list;
mod manifest;
mod output;
pub mod process;
mod restore;
pub mod sandbox;
pub mod search;
mod snapshot;
mod spawn;
mod tame;
mod three_way;
pub mod truncate;
mod walk;
mod workspace;

pub use blobs::{Blobs, Hash};
pub use checkpoint::{Change, Entry, Kind, Manifest, merge};
pub use error::Refusal;
pub use files::{FileBytes, Page, Written, page_of_bytes};
pub use git_settings::programs_of_git;
pub use guard::{Access, Intent, Resolved};
pub use jobs::{JobInfo, JobText, Jobs};
pub use launch::launch;
pub use process::{CommandLine, Exit, Spec};
pub use restore::{
    Choice, Conflict, Direction, Journal, Journals, Plan, RestoreReport, RolledBack, Way,
};
pub use sandbox::{Confinement, Network, Sandbox};
pub use spawn::kill_orphans;
pub use walk::{Walk, Walked};
pub use workspace::Workspace;
