//! `.env` files: names stay readable, values are secrets.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::rules::{is_placeholder, looks_random};
use crate::{Finding, pattern};

pub(crate) const KIND: &str = "env-value";
/// Shorter values are words of programs and would be found everywhere.
const SHORTEST_NAMED: usize = 6;
const SHORTEST_RANDOM: usize = 16;

/// Whether a file by this path holds `NAME=value` lines that are secret: `.env`, `.env.local`,
/// `prod.env`, `.envrc`. Samples (`.env.example`, `.env.template`) are made to be read.
pub fn is_env_file(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.to_ascii_lowercase();
    let sample = ["example", "sample", "template", "dist", "defaults"]
        .iter()
        .any(|word| name.ends_with(word));
    let env = name == ".env"
        || name == ".envrc"
        || name.starts_with(".env.")
        || (name.ends_with(".env") && name.len() > 4);
    env && !sample
}

/// The values of a `.env` file that could be secret: not empty, no switch, no small number.
pub(crate) fn values(text: &str) -> Vec<Finding> {
    let values = assigned(text)
        .into_iter()
        .map(|(_, range)| Finding { kind: KIND, range });
    values.collect()
}

/// The values that are secret wherever they stand: by their names, or by their look.
pub(crate) fn telling(text: &str) -> Vec<String> {
    assigned(text)
        .into_iter()
        .map(|(name, range)| (name, &text[range]))
        .filter(|(name, value)| !is_placeholder(value) && is_telling(name, value))
        .map(|(_, value)| value.to_owned())
        .collect()
}

fn is_telling(name: &str, value: &str) -> bool {
    const WITHIN: [&str; 7] = [
        "SECRET",
        "TOKEN",
        "PASSW",
        "PASSPHRASE",
        "PWD",
        "CREDENTIAL",
        "PRIVATE",
    ];
    let name = name.to_ascii_uppercase();
    let named = WITHIN.iter().any(|word| name.contains(word))
        || name
            .split(['_', '-', '.'])
            .any(|part| part.ends_with("KEY") || matches!(part, "AUTH" | "SALT" | "PASS" | "DSN"));
    named && value.len() >= SHORTEST_NAMED
        || value.len() >= SHORTEST_RANDOM
            && !value.contains(['/', ' ', '\t'])
            && looks_random(value)
}

/// Names and values.
fn assigned(text: &str) -> Vec<(&str, Range<usize>)> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|`([^`]*)`|([^\r\n#"'`][^\r\n]*?))[ \t]*(?:#[^\r\n]*)?\r?$"#,
        )
    });
    LINE.captures_iter(text)
        .filter_map(|groups| {
            let value = (2..=5).find_map(|group| groups.get(group))?;
            Some((groups.get(1)?.as_str(), value))
        })
        .filter(|(_, value)| !is_plain(value.as_str()))
        .map(|(name, value)| (name, value.range()))
        .collect()
}

fn is_plain(value: &str) -> bool {
    let value = value.trim();
    let switch = [
        "", "true", "false", "yes", "no", "on", "off", "null", "none",
    ];
    switch.contains(&value.to_ascii_lowercase().as_str())
        || (value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit()))
        // References to other variables hold nothing themselves.
        || (value.starts_with("${") && value.ends_with('}'))
}
