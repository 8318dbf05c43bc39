//! Text that stands twice: fingerprints of runs of tokens, chosen so that every copy of a certain
//! length is found (winnowing), and put together to regions.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Code;

/// Tokens in one fingerprint. Copies of `RUN + WINDOW` tokens, about ten lines, are always found.
const RUN: usize = 45;
const WINDOW: usize = 20;
/// What a place in a run counts more than the next: odd, with its bits well spread.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
/// A region shorter than so many lines is an idiom.
const FEWEST_LINES: u32 = 8;
/// What stands in more places is a pattern of the language or the framework.
const MOST_PLACES: usize = 6;

/// The fingerprints of a file: hash, first and last line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prints(Vec<(u64, u32, u32)>);

/// The same tokens in two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    pub file: usize,
    pub lines: (u32, u32),
    pub other_file: usize,
    pub other_lines: (u32, u32),
}

impl Prints {
    pub fn of(text: &str) -> Self {
        let hashes = runs(&tokens(text));
        let mut prints: Vec<(u64, u32, u32)> = Vec::new();
        let mut last = None;
        for (at, window) in hashes.windows(WINDOW.min(hashes.len().max(1))).enumerate() {
            // The last of the smallest, so that a window does not choose anew without need.
            let least = window
                .iter()
                .enumerate()
                .rev()
                .min_by_key(|(_, print)| print.0);
            let Some(place) = least.map(|(offset, _)| at + offset) else {
                continue;
            };
            if last != Some(place) {
                prints.push(hashes[place]);
                last = Some(place);
            }
        }
        Self(prints)
    }
}

/// Each run of tokens: its hash, made from the one before it, with its first and last line.
fn runs(tokens: &[(u64, u32)]) -> Vec<(u64, u32, u32)> {
    let first_counts = (1..RUN).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0_u64;
    let mut found = Vec::with_capacity((tokens.len() + 1).saturating_sub(RUN));
    for (at, (token, line)) in tokens.iter().enumerate() {
        if let Some(gone) = at.checked_sub(RUN) {
            hash = hash.wrapping_sub(tokens[gone].0.wrapping_mul(first_counts));
        }
        hash = hash.wrapping_mul(BASE).wrapping_add(*token);
        if let Some(first) = (at + 1).checked_sub(RUN) {
            found.push((hash, tokens[first].1, *line));
        }
    }
    found
}

/// Words and signs with their lines. Numbers and strings count as one sort each; comments and
/// brought-in modules for nothing.
fn tokens(text: &str) -> Vec<(u64, u32)> {
    let mut found = Vec::new();
    let mut is_block = false;
    for (line, number) in text.lines().zip(1_u32..) {
        let line = line.trim();
        let is_comment = ["//", "#", "--", "*"]
            .iter()
            .any(|mark| line.starts_with(mark));
        let starts_block = line.starts_with("/*");
        let brings = ["import ", "use ", "from ", "using ", "#include", "package "]
            .iter()
            .any(|word| line.starts_with(word));
        is_block = (is_block || starts_block) && !line.ends_with("*/");
        if is_comment || starts_block || is_block || brings {
            continue;
        }
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            if c.is_alphabetic() || c == '_' {
                c.hash(&mut hasher);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    c.hash(&mut hasher);
                }
            } else if c.is_ascii_digit() {
                '0'.hash(&mut hasher);
                while chars
                    .next_if(|c| c.is_alphanumeric() || *c == '.')
                    .is_some()
                {}
            } else if c == '"' {
                '"'.hash(&mut hasher);
                let mut is_escaped = false;
                for c in chars.by_ref() {
                    if c == '"' && !is_escaped {
                        break;
                    }
                    is_escaped = c == '\\' && !is_escaped;
                }
            } else {
                c.hash(&mut hasher);
            }
            found.push((hasher.finish(), number));
        }
    }
    found
}

/// All regions that stand twice, each pair once, the longest first.
pub(super) fn find(code: &Code) -> Vec<Copy> {
    let mut places: Vec<(u64, u32, u32)> = Vec::new();
    for (of, file) in code.files.iter().zip(0..) {
        if of.roles.is_apart() {
            continue;
        }
        places.extend(
            of.prints
                .0
                .iter()
                .zip(0..)
                .map(|(print, at)| (print.0, file, at)),
        );
    }
    places.sort_unstable();
    let same = |hash: u64| {
        let from = places.partition_point(|place| place.0 < hash);
        let count = places[from..].partition_point(|place| place.0 == hash);
        &places[from..from + count]
    };
    let mut seen: HashSet<(usize, usize, usize, usize)> = HashSet::new();
    let mut found = Vec::new();
    for (file, of) in code.files.iter().enumerate() {
        for (at, (hash, _, _)) in of.prints.0.iter().enumerate() {
            let same = same(*hash);
            if same.len() > MOST_PLACES {
                continue;
            }
            for (_, other_file, other_at) in same {
                let there = (*other_file as usize, *other_at as usize);
                let is_after = there > (file, at);
                if is_after && !seen.contains(&(file, at, there.0, there.1)) {
                    found.extend(region(code, (file, at), there, &mut seen));
                }
            }
        }
    }
    found.sort_by_key(|copy| {
        (
            u32::MAX - (copy.lines.1 - copy.lines.0),
            copy.file,
            copy.lines,
            copy.other_file,
        )
    });
    found
}

/// From one shared fingerprint on as far as both go on alike.
fn region(
    code: &Code,
    here: (usize, usize),
    there: (usize, usize),
    seen: &mut HashSet<(usize, usize, usize, usize)>,
) -> Option<Copy> {
    let (prints, others) = (&code.files[here.0].prints.0, &code.files[there.0].prints.0);
    let mut steps = 0;
    while let (Some(a), Some(b)) = (prints.get(here.1 + steps), others.get(there.1 + steps)) {
        if a.0 != b.0 {
            break;
        }
        seen.insert((here.0, here.1 + steps, there.0, there.1 + steps));
        steps += 1;
    }
    let last = steps.checked_sub(1)?;
    let lines = (prints[here.1].1, prints[here.1 + last].2);
    let other_lines = (others[there.1].1, others[there.1 + last].2);
    // A text that repeats itself overlaps with itself.
    let overlaps = here.0 == there.0 && other_lines.0 <= lines.1;
    (lines.1 + 1 - lines.0 >= FEWEST_LINES && !overlaps).then_some(Copy {
        file: here.0,
        lines,
        other_file: there.0,
        other_lines,
    })
}
