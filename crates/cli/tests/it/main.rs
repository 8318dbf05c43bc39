//! The real program against a fake vendor over HTTP.

mod askpass;
mod code;
mod exec;
mod home;
mod hostile;
mod money;
mod offline;
mod others;
mod repl;
mod sudo;
mod undo;
mod vectors;
