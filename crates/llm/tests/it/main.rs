//! The crate through its public parts and real sockets.

mod faults;
mod local;
mod server;
