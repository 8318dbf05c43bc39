//! The socket and its HTTP neighbours, over real connections to a real engine.

mod client;
mod http;
mod requests;
mod socket;
mod stream;
