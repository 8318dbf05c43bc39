//! The scenario runner: a conversation in a YAML file, played against the real engine.
//!
//! Every scenario has an engine, a data directory and a project of its own. With `--mock` only
//! the model's words are scripted, and even they come over HTTP through the real provider code;
//! tools really run and the assertions look at real effects. The file format is [`format`].

pub mod assertions;
pub mod format;
pub mod report;
pub mod run;
