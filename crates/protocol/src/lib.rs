//! The words of Mira: ids, requests and their replies, events, failures.
//!
//! Every client (the window, the browser, the terminal, a foreign program on the socket) and the
//! engine speak in these types, and the TypeScript in `ui/src/protocol/generated` is printed from
//! them. This crate knows no I/O, no database, no model and no transport: only serde.
//!
//! Start reading at [`table`] (what can be asked), then [`event`] (what is heard), then [`wire`]
//! (how both look on the socket).

pub mod approval;
pub mod budget;
pub mod change;
pub mod checkpoint;
pub mod code;
pub mod comment;
pub mod context;
pub mod egress;
pub mod event;
pub mod failure;
pub mod git;
pub mod hook;
pub mod ids;
pub mod insight;
pub mod job;
pub mod message;
pub mod naming;
pub mod operation;
pub mod project;
pub mod provider;
pub mod receipt;
pub mod rewind;
pub mod route;
pub mod rule;
pub mod session;
pub mod settings;
pub mod sudo;
pub mod system;
pub mod table;
pub mod trust;
pub mod vectors;
pub mod wire;

pub use event::{Event, EventKind, Signal, StoredEvent, Topic};
pub use failure::{Code, Failure};
pub use ids::*;
pub use table::{Call, Request, calls};

/// Version of the socket protocol, sent in `hello` and `welcome`.
pub const PROTOCOL: u32 = 1;

/// A checkpoint's number; later ones are larger.
pub type CheckpointId = i64;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type UtcMs = i64;

/// Money in millionths of a US dollar.
pub type MicroUsd = i64;

/// For people: "$12.50", "$0.0123", "$0.000021". What is not zero never looks like it.
pub fn dollars(micro: MicroUsd) -> String {
    let value = micro.unsigned_abs() as f64 / 1_000_000.0;
    let sign = if micro < 0 { "-" } else { "" };
    match micro.unsigned_abs() {
        0 | 100_000.. => format!("{sign}${value:.2}"),
        1_000.. => format!("{sign}${value:.4}"),
        _ => format!("{sign}${value:.6}"),
    }
}

#[cfg(test)]
mod money_tests {
    #[test]
    fn no_sum_but_zero_looks_like_zero() {
        for (micro, text) in [
            (0, "$0.00"),
            (1, "$0.000001"),
            (21, "$0.000021"),
            (999, "$0.000999"),
            (1_000, "$0.0010"),
            (12_345, "$0.0123"),
            (500_000, "$0.50"),
            (-21, "-$0.000021"),
        ] {
            assert_eq!(super::dollars(micro), text);
        }
    }
}
