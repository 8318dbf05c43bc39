//! One slip in a file that was whole: how much of the rest is still told.
//!
//! Of every golden source each third bracket in turn is left away, as while somebody writes; with
//! `MIRA_SLIPS=all` each of them. `cargo test -p mira-syntax --test it slips -- --nocapture` prints
//! the shares.

use std::collections::BTreeMap;
use std::fs;

use mira_syntax::{Limits, facts};

/// Elements that are told under their own name in their own line, of those that do not begin in
/// the line of the slip.
#[derive(Default)]
struct Told {
    slips: usize,
    elements: usize,
    told: usize,
}

#[test]
fn one_slip_leaves_the_rest() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let step = match std::env::var_os("MIRA_SLIPS") {
        Some(_) => 1,
        None => 3,
    };
    let mut by_language: BTreeMap<String, Told> = BTreeMap::new();
    for entry in fs::read_dir(golden).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("UTF-8");
        if !name.to_lowercase().starts_with("shop.") || name.ends_with(".facts") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        let whole = facts(name, &text, &Limits::default());
        let language = whole.language.clone().expect("it is known");
        let sum = by_language.entry(language).or_default();
        let brackets = text.match_indices(['(', '{', '[', ')', '}', ']']);
        for (at, _) in brackets.step_by(step) {
            let slip = format!("{}{}", &text[..at], &text[at + 1..]);
            let line = text[..at].matches('\n').count() + 1;
            let told = facts(name, &slip, &Limits::default());
            sum.slips += 1;
            for element in whole.elements.iter().filter(|one| one.start_line != line) {
                sum.elements += 1;
                sum.told += usize::from(told.elements.iter().any(|one| {
                    one.start_line == element.start_line
                        && one.qualified_name == element.qualified_name
                }));
            }
        }
    }
    for (language, sum) in &by_language {
        let share = sum.told as f64 / sum.elements.max(1) as f64;
        println!(
            "{language:<12} {:>4} slips  {share:.3} of the rest",
            sum.slips
        );
    }
    let told: usize = by_language.values().map(|sum| sum.told).sum();
    let elements: usize = by_language.values().map(|sum| sum.elements).sum();
    let share = told as f64 / elements as f64;
    println!("all {share:.3}");
    assert!(share > 0.97, "{share}");
}
