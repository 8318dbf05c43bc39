//! `.env` files: names stay readable, values are secrets.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Finding, pattern};

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
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?m)^[ \t]*(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_.-]*[ \t]*[=:][ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|`([^`]*)`|([^\r\n#"'`][^\r\n]*?))[ \t]*(?:#[^\r\n]*)?\r?$"#,
        )
    });
    LINE.captures_iter(text)
        .filter_map(|groups| (1..=4).find_map(|group| groups.get(group)))
        .filter(|value| !is_plain(value.as_str()))
        .map(|value| Finding {
            kind: "env-value",
            range: value.range(),
        })
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
