//! What a text that was not found was probably meant to be.

use std::collections::HashSet;
use std::fmt::Write;

use crate::truncate;

/// Longer files are searched up to here, in lines.
const SEARCHED: usize = 50_000;
/// At most so many lines are quoted.
const QUOTED: usize = 12;

/// Names the most similar lines of `text` and how they differ from `old`.
pub(super) fn describe(text: &str, old: &str) -> String {
    let lines: Vec<&str> = text.lines().take(SEARCHED).collect();
    let wanted: Vec<&str> = old.lines().collect();
    let Some((at, score)) = best_window(&lines, &wanted) else {
        return "The file is empty.".into();
    };
    let window = &lines[at..(at + wanted.len()).min(lines.len())];
    if score < 0.35 {
        return "Nothing in the file is similar to it; read the file again and copy the text from it.".into();
    }
    let mut told = difference(window, &wanted, at, old.ends_with('\n'), text);
    let _ = write!(told, " The file has, at line {}:", at + 1);
    for (offset, line) in window.iter().take(QUOTED).enumerate() {
        let _ = write!(
            told,
            "\n{:>6}  {}",
            at + 1 + offset,
            truncate::line(line, 200)
        );
    }
    if window.len() > QUOTED {
        told.push_str("\n        …");
    }
    told
}

/// Where the window of lines lies that is most similar to `wanted`, and how similar it is (0–1).
fn best_window(lines: &[&str], wanted: &[&str]) -> Option<(usize, f64)> {
    // Judged by the line that says most: comparing all lines with all would be slow.
    let (anchor, anchor_line) = wanted
        .iter()
        .enumerate()
        .max_by_key(|(_, line)| line.trim().len())?;
    let anchor_pairs = pairs(anchor_line);
    let candidates = lines.iter().enumerate().map(|(at, line)| {
        let similarity = if line.trim() == anchor_line.trim() {
            1.0
        } else {
            alike(&anchor_pairs, &pairs(line))
        };
        (at.saturating_sub(anchor), similarity)
    });
    let mut candidates: Vec<(usize, f64)> = candidates.collect();
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    candidates
        .into_iter()
        .take(20)
        .map(|(at, _)| {
            let total: f64 = wanted
                .iter()
                .enumerate()
                .map(|(offset, line)| match lines.get(at + offset) {
                    Some(other) if other.trim() == line.trim() => 1.0,
                    Some(other) => alike(&pairs(line), &pairs(other)),
                    None => 0.0,
                })
                .sum();
            (at, total / wanted.len() as f64)
        })
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Pairs of neighbouring characters, white space left out.
fn pairs(line: &str) -> HashSet<(char, char)> {
    let characters = || line.chars().filter(|c| !c.is_whitespace()).take(400);
    characters().zip(characters().skip(1)).collect()
}

/// The share of pairs that two lines have in common (0–1).
fn alike(a: &HashSet<(char, char)>, b: &HashSet<(char, char)>) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 0.0;
    }
    2.0 * a.intersection(b).count() as f64 / (a.len() + b.len()) as f64
}

/// In one sentence: what differs first.
fn difference(window: &[&str], wanted: &[&str], at: usize, ended: bool, text: &str) -> String {
    for (offset, want) in wanted.iter().enumerate() {
        let number = at + offset + 1;
        let Some(have) = window.get(offset) else {
            return format!("The file ends before line {number}.");
        };
        if have == want {
            continue;
        }
        if have.trim() != want.trim() {
            return if have.split_whitespace().eq(want.split_whitespace()) {
                format!("Line {number} differs in the spaces within it.")
            } else {
                format!("Line {number} differs from `old`.")
            };
        }
        if have.trim_end() == want.trim_end() {
            return format!("Line {number} differs in white space at its end.");
        }
        let indent = |line: &str| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let tabs = indent.matches('\t').count();
            let spaces = indent.matches(' ').count();
            let count =
                |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
            match (tabs, spaces) {
                (0, spaces) => count(spaces, "space"),
                (tabs, 0) => count(tabs, "tab"),
                (tabs, spaces) => format!("{} and {}", count(tabs, "tab"), count(spaces, "space")),
            }
        };
        return format!(
            "Line {number} differs in indentation: the file has {}, `old` has {}.",
            indent(have),
            indent(want)
        );
    }
    if ended && !text.ends_with('\n') {
        return "The file's last line has no line end.".into();
    }
    if wanted.len() == 1 {
        // The same but for what `lines` hides: a carriage return or line end inside.
        return "It differs in a line end.".into();
    }
    "It differs in white space.".into()
}
