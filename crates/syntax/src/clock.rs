//! Time that this thread has worked. A limit by the time of day would give other facts on a machine
//! that is busy with other work.

use std::time::Duration;

/// Counts from where it was made, on the thread that made it.
pub(crate) struct Clock(Time);

#[cfg(unix)]
type Time = Duration;
#[cfg(not(unix))]
type Time = std::time::Instant;

impl Clock {
    pub fn start() -> Self {
        Self(now())
    }

    #[cfg(unix)]
    pub fn elapsed(&self) -> Duration {
        now().saturating_sub(self.0)
    }

    #[cfg(not(unix))]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(unix)]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    // The clock of a thread begins at nothing and never goes back.
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(unix))]
fn now() -> Time {
    std::time::Instant::now()
}
