//! How failures meet people, and the exit codes of the program.

use std::io::{IsTerminal, Write};

use mira_protocol::{Code, Failure};

use crate::render::conversation::problem;
use crate::render::style::Style;

pub const FAILED: u8 = 1;
pub const USAGE: u8 = 2;
pub const BUDGET: u8 = 3;
pub const APPROVAL: u8 = 4;
pub const PROVIDER: u8 = 5;
pub const INTERRUPTED: u8 = 130;

/// The code with which the program ends for a failure.
pub fn code(failure: &Failure) -> u8 {
    match failure.code {
        Code::BadParams => USAGE,
        Code::BudgetExceeded => BUDGET,
        Code::ApprovalNeeded => APPROVAL,
        Code::KeyMissing
        | Code::KeyRejected
        | Code::QuotaExceeded
        | Code::RateLimited
        | Code::ProviderUnreachable
        | Code::ProviderRefused
        | Code::ModelNotFound => PROVIDER,
        Code::Cancelled => INTERRUPTED,
        _ => FAILED,
    }
}

/// Says on standard error what went wrong and what to do next.
pub fn report(failure: &Failure) {
    let stderr = std::io::stderr();
    let style = Style::of(&stderr);
    let mut text = problem(failure, style);
    if let (Some(detail), true) = (&failure.detail, stderr.is_terminal()) {
        text.push_str(&format!(
            "\n  {}",
            style.dim(&crate::render::text::one_line(detail, 400))
        ));
    }
    // Nowhere left to say that this failed.
    let _ = writeln!(stderr.lock(), "{text}");
}
