//! One made-up secret of every kind: found, by the right rule, whole.

use std::io::Write;

use mira_secrets::{Masker, find};

/// Each line: the kind, the text around it with `{}` in the secret's place, the secret. The secrets
/// are cut by `~`, so that no scanner takes this file for a leak.
const CORPUS: &str = include_str!("../secrets.txt");

#[test]
fn secrets_of_every_kind_are_found_whole() {
    let mut tried = 0;
    let mut missed = Vec::new();
    for line in CORPUS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (kind, around, secret) = fields(line);
        let text = around.replace("{}", &secret).replace("\\n", "\n");
        let found = find(&text);
        let hit = found
            .iter()
            .any(|one| one.kind == kind && text[one.range.clone()] == secret);
        let masked = Masker::new([1; 32]).mask(&text).into_owned();
        tried += 1;
        if !hit || masked.contains(&secret) {
            missed.push(format!("{kind}: {text:?} gave {found:?}"));
        }
    }
    // Past the test harness, which keeps what tests print to itself.
    let _ = writeln!(
        std::io::stderr(),
        "secrets: tried {tried}, held {}",
        tried - missed.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(tried >= 60);
}

fn fields(line: &str) -> (&str, &str, String) {
    let mut fields = line.splitn(3, " | ");
    let mut next = || {
        fields
            .next()
            .unwrap_or_else(|| panic!("three fields: {line}"))
    };
    let (kind, around, secret) = (next(), next(), next());
    (kind, around, secret.replace('~', ""))
}
