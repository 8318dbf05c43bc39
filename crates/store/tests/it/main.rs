//! Integration tests of the store: real SQLite, the real migrations, real files.

mod approvals;
mod checkpoints;
mod crash;
mod forks;
mod ledger;
mod log;
mod names;
mod open;
mod rules;
mod search;
mod sessions;
mod standing;
mod sudo;
mod support;
mod tables;
