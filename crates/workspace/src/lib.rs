//! One project on disk, confined: the path guard, files, edits, checkpoints, search, processes.
//!
//! It knows folders and files. It knows no session, no database, no model and no policy.

pub struct Workspace;
pub struct Jobs;
