//! The engine through its door: requests in, events out.

mod approvals;
mod cancel;
mod changes;
mod choosing;
mod crash;
mod demonstration;
mod egress;
mod faults;
mod files;
mod house;
mod injection;
mod lifecycle;
mod limits;
mod main_job;
mod messages;
mod money;
mod providers;
mod reviewing;
mod rewind;
mod secrets;
mod sessions;
mod spending;
mod steering;
mod sudo;
mod support;
mod trust;
