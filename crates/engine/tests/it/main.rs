//! The engine through its door: requests in, events out.

mod approvals;
mod cancel;
mod changes;
mod crash;
mod demonstration;
mod faults;
mod files;
mod house;
mod lifecycle;
mod limits;
mod main_job;
mod money;
mod rewind;
mod secrets;
mod sessions;
mod spending;
mod steering;
mod support;
