//! The engine through its door: requests in, events out.

mod main_job;
