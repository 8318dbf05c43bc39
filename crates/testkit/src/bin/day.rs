//! `day`: plays a recorded day and prints the vendor's bill beside our ledger. Ends with 1 where
//! they differ.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match mira_testkit::day::play().await {
        Ok(day) => {
            print!("{day}");
            if day.agrees() {
                ExitCode::SUCCESS
            } else {
                eprintln!("day: the ledger and the bill differ: {day:#?}");
                ExitCode::FAILURE
            }
        }
        Err(failure) => {
            eprintln!("day: {failure}");
            ExitCode::FAILURE
        }
    }
}
