//! Reading a git repository: status, diffs, log.
//!
//! Built on libgit2, which runs no hook, no external diff, no text conversion and no file system
//! monitor, whatever the repository's configuration says; opening a hostile repository is
//! reading, nothing else. It knows no network and changes nothing.
//!
//! All paths are relative to the folder that was asked about, which may lie below the
//! repository's own root; what is outside that folder is not told.

mod changed;
mod diff;
mod history;
mod log;
mod messages;
mod repository;
mod status;

pub use changed::{Changed, Version, at_head, changed};
pub use diff::{Diff, Target, diff};
pub use history::{FileStep, Step, head, history};
pub use log::{Commit, commit, log};
pub use messages::{Message, messages, reachable};
pub use repository::{GitError, is_repo};
pub use status::{Status, StatusLine, branch, status};
