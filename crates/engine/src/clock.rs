//! The wall clock, in the protocol's unit.

use mira_protocol::UtcMs;

/// Milliseconds since the epoch.
pub fn now_ms() -> UtcMs {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as UtcMs)
}
