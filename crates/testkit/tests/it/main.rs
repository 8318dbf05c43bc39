//! The fakes must be able to say no: each rule is broken once here.

mod day;
mod model;
mod vendor;
mod vendors;
