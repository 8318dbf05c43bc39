//! How much will be spent by the end of the day and of the month: a pure function of past calls.
//!
//! The rest of today is drawn from the days before: from what each of them still spent after this
//! hour. The rest of the month is the rest of today and a usual day for each day that is left; its
//! band widens with the square root of their number. A day on which nothing was spent counts as
//! such only between days on which something was: nobody works every day.

use mira_protocol::MicroUsd;

/// The days that are looked at.
pub(super) const DAYS: usize = 28;
/// Fewer days than this say too little: the pace of today goes on instead.
const ENOUGH_DAYS: usize = 3;
/// How many standard deviations hold eight of ten.
const EIGHT_OF_TEN: f64 = 1.2816;

/// A day before today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PastDay {
    pub total: MicroUsd,
    /// Of it, after the time of day that it is now.
    pub after_now: MicroUsd,
}

/// What is known at the moment of asking.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Days before today, newest first.
    pub days: Vec<PastDay>,
    pub today: MicroUsd,
    /// Of this month, today included.
    pub month: MicroUsd,
    /// The share of today that has passed, 0 to 1.
    pub passed: f64,
    /// Days of this month after today.
    pub days_left: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    pub low: MicroUsd,
    pub likely: MicroUsd,
    pub high: MicroUsd,
}

pub struct Forecasted {
    pub day: Band,
    pub month: Band,
    pub basis: String,
}

pub fn forecast(known: &Known) -> Forecasted {
    let days = &known.days[..known.days.len().min(DAYS)];
    let spent_days = days.iter().filter(|day| day.total > 0).count();
    let (rest, basis) = if spent_days >= ENOUGH_DAYS {
        let after: Vec<MicroUsd> = days.iter().map(|day| day.after_now).collect();
        let basis = format!(
            "what the last {} days spent after this time of day, and on the whole",
            days.len()
        );
        (quantiles(&after), basis)
    } else {
        let basis = format!(
            "the pace of today alone: {} of {ENOUGH_DAYS} days are known",
            spent_days
        );
        (pace(known), basis)
    };
    let day = Band {
        low: known.today + rest.low,
        likely: known.today + rest.likely,
        high: known.today + rest.high,
    };
    let left = f64::from(known.days_left);
    let (usual, spread) = if spent_days >= ENOUGH_DAYS {
        let totals: Vec<f64> = days.iter().map(|day| day.total as f64).collect();
        (mean(&totals), deviation(&totals))
    } else {
        // One day says little of others: as much as today, give or take as much.
        (day.likely as f64, day.likely as f64)
    };
    let band = EIGHT_OF_TEN * spread * left.sqrt();
    let likely = known.month + rest.likely + (usual * left) as MicroUsd;
    // What is spent already stays spent.
    let low = (likely - band as MicroUsd - (rest.likely - rest.low)).max(known.month + rest.low);
    let high = likely + band as MicroUsd + (rest.high - rest.likely);
    Forecasted {
        day,
        month: Band { low, likely, high },
        basis,
    }
}

/// Today goes on as it went, or stops, or doubles.
fn pace(known: &Known) -> Band {
    // The first minutes of a day say nothing: a twentieth of it at least.
    let passed = known.passed.clamp(0.05, 1.0);
    let likely = (known.today as f64 * (1.0 - passed) / passed).round() as MicroUsd;
    Band {
        low: 0,
        likely,
        high: likely * 2,
    }
}

fn quantiles(values: &[MicroUsd]) -> Band {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| {
        let last = sorted.len().saturating_sub(1) as f64;
        sorted
            .get((last * share).round() as usize)
            .copied()
            .unwrap_or(0)
    };
    Band {
        low: at(0.1),
        likely: at(0.5),
        high: at(0.9),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / values.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(days: &[(i64, i64)], today: i64, passed: f64, days_left: u32) -> Known {
        Known {
            days: days
                .iter()
                .map(|(total, after_now)| PastDay {
                    total: *total,
                    after_now: *after_now,
                })
                .collect(),
            today,
            month: today + days.iter().map(|(total, _)| total).sum::<i64>(),
            passed,
            days_left,
        }
    }

    #[test]
    fn steady_days_are_foretold_exactly() {
        let told = forecast(&known(&[(100, 40); 10], 60, 0.6, 5));
        let exactly = |amount| Band {
            low: amount,
            likely: amount,
            high: amount,
        };
        assert_eq!(told.day, exactly(100));
        assert_eq!(told.month, exactly(1_060 + 40 + 500));
    }

    #[test]
    fn a_first_day_goes_by_its_own_pace_with_a_wide_band() {
        let told = forecast(&known(&[], 300, 0.5, 0));
        assert_eq!(
            told.day,
            Band {
                low: 300,
                likely: 600,
                high: 900
            }
        );
        assert!(told.basis.contains("today alone"), "{}", told.basis);
    }

    #[test]
    fn unsteady_days_widen_the_band_and_time_narrows_it() {
        let days = [(100, 90), (20, 10), (300, 200), (60, 0), (90, 30)];
        let early = forecast(&known(&days, 10, 0.2, 10));
        let late = forecast(&known(&days, 10, 0.2, 1));
        assert!(early.day.low < early.day.likely && early.day.likely < early.day.high);
        let width = |band: Band| band.high - band.low;
        assert!(width(early.month) > width(late.month));
    }

    proptest! {
        #[test]
        fn bands_are_in_order_and_never_below_what_is_spent(
            days in prop::collection::vec((0i64..5_000_000, 0.0f64..=1.0), 0..40),
            today in 0i64..5_000_000,
            passed in 0.0f64..=1.0,
            left in 0u32..31,
        ) {
            let days: Vec<_> = days.iter().map(|(total, share)| (*total, (*total as f64 * share) as i64)).collect();
            let known = known(&days, today, passed, left);
            let told = forecast(&known);
            for (band, spent) in [(told.day, known.today), (told.month, known.month)] {
                prop_assert!(spent <= band.low, "{band:?}");
                prop_assert!(band.low <= band.likely && band.likely <= band.high, "{band:?}");
            }
        }
    }
}
