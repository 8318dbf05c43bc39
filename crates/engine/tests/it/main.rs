//! The engine through its door: requests in, events out.

mod approvals;
mod cancel;
mod changes;
mod choosing;
mod crash;
mod demonstration;
mod faults;
mod files;
mod house;
mod lifecycle;
mod limits;
mod main_job;
mod reviewing;
mod rewind;
mod secrets;
mod sessions;
mod steering;
mod sudo;
mod support;
