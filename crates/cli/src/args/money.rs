//! What is asked of money.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ChoiceArg, JsonArg, LISTED, PeriodArg, SpendByArg};

#[derive(Debug, Clone, Args)]
pub struct BudgetArgs {
    #[command(subcommand)]
    pub command: Option<BudgetCommand>,
    /// Group the ledger by this
    #[arg(long, value_enum)]
    pub by: Option<SpendByArg>,
    #[command(flatten)]
    pub which: Which,
    /// Write JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Write CSV: the view of --by, or every call
    #[arg(long)]
    pub csv: bool,
}

/// Which rows of the ledger.
#[derive(Debug, Clone, Default, Args)]
pub struct Which {
    /// From this local day on, as YYYY-MM-DD
    #[arg(long, value_name = "DAY", global = true)]
    pub from: Option<String>,
    /// Up to and with this local day
    #[arg(long, value_name = "DAY", global = true)]
    pub until: Option<String>,
    /// Only calls of this folder's project
    #[arg(long, value_name = "DIR", global = true)]
    pub project: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum BudgetCommand {
    /// Every cap where it stands
    Caps(JsonArg),
    /// Set a cap for good, or remove it with "none"; with --project, of that project
    Cap {
        #[arg(value_enum)]
        period: PeriodArg,
        /// US dollars, or "none"
        amount: String,
    },
    /// Add to a cap for its current window: today, this month, one session, one operation
    Raise {
        #[arg(value_enum)]
        period: PeriodArg,
        /// US dollars
        #[arg(value_parser = micro_usd)]
        by: i64,
        /// The session or the operation, for their caps
        #[arg(long, value_name = "ID")]
        of: Option<String>,
    },
    /// Operations that wait for money
    Pauses(JsonArg),
    /// Decide for an operation that waits
    Decide {
        operation: String,
        #[arg(value_enum)]
        choice: ChoiceArg,
        /// US dollars to add, or the new cap
        #[arg(long, value_name = "USD", value_parser = micro_usd)]
        amount: Option<i64>,
    },
    /// Where day and month will end
    Forecast(JsonArg),
    /// Single calls, newest first
    Calls {
        /// Of this operation
        #[arg(long, value_name = "ID")]
        operation: Option<String>,
        /// Of this session
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// Only those whose cost is an estimate until it is reconciled
        #[arg(long)]
        kept: bool,
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// One call with its receipt: tokens and money of each part
    Call {
        id: i64,
        #[command(flatten)]
        json: JsonArg,
    },
    /// What caches saved, and what broke prefixes
    Savings(JsonArg),
    /// Sum days and months up anew from the calls
    Rebuild(JsonArg),
    /// Say what kept calls really cost
    Reconcile {
        /// Calls; none: all that are kept
        ids: Vec<i64>,
        /// What each cost, in US dollars [default: the kept figure is right]
        #[arg(long, value_name = "USD", value_parser = micro_usd)]
        cost: Option<i64>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Forget the kept answers
    ClearCache,
}

/// Dollars as people write them → millionths.
pub fn micro_usd(text: &str) -> Result<i64, String> {
    let dollars: f64 = text
        .trim_start_matches('$')
        .parse()
        .map_err(|_| "not a number".to_owned())?;
    if dollars.is_finite() && (0.0..=1e9).contains(&dollars) {
        Ok((dollars * 1e6).round() as i64)
    } else {
        Err("not an amount of dollars".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_counted_in_millionths() {
        assert_eq!(micro_usd("0.25"), Ok(250_000));
        assert_eq!(micro_usd("$2"), Ok(2_000_000));
        for wrong in ["-1", "x", "NaN", "inf", ""] {
            assert!(micro_usd(wrong).is_err(), "{wrong}");
        }
    }
}
