//! How long a server that did not answer is left alone.

use std::time::{Duration, Instant};

use crate::Reach;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Patience {
    away: Option<Away>,
}

struct Away {
    why: String,
    again: Instant,
    wait: Duration,
}

impl Patience {
    pub fn answered(&mut self) {
        self.away = None;
    }

    /// Twice as long as the last time.
    pub fn failed(&mut self, why: &str) {
        let last = self.away.as_ref().map(|away| away.wait * 2);
        let wait = last.unwrap_or(FIRST).min(LONGEST);
        self.away = Some(Away {
            why: why.to_owned(),
            again: Instant::now() + wait,
            wait,
        });
    }

    /// Ready as soon as it may be tried again.
    pub fn reach(&self) -> Reach {
        let Some(away) = &self.away else {
            return Reach::Ready;
        };
        let left = away.again.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Reach::Ready;
        }
        Reach::Away {
            why: away.why.clone(),
            again_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(patience: &Patience) -> Duration {
        patience
            .away
            .as_ref()
            .map_or(Duration::ZERO, |away| away.wait)
    }

    #[test]
    fn it_waits_longer_each_time_and_forgets_once_answered() {
        let mut patience = Patience::default();
        assert_eq!(patience.reach(), Reach::Ready);
        let mut waits = Vec::new();
        for _ in 0..10 {
            patience.failed("gone");
            waits.push(wait(&patience));
        }
        assert!(waits.is_sorted(), "{waits:?}");
        assert_eq!((waits[0], waits[9]), (FIRST, LONGEST));
        assert!(matches!(patience.reach(), Reach::Away { why, .. } if why == "gone"));
        patience.answered();
        assert_eq!(patience.reach(), Reach::Ready);
        patience.failed("gone");
        assert_eq!(wait(&patience), FIRST);
    }
}
