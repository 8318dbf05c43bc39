//! The TypeScript in the interface is what the protocol prints today.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

type Files = BTreeMap<String, String>;

fn files_in(dir: &Path) -> Files {
    fn walk(root: &Path, dir: &Path, out: &mut Files) {
        for entry in fs::read_dir(dir).expect("a folder of types") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                let name = path
                    .strip_prefix(root)
                    .expect("below the root")
                    .display()
                    .to_string();
                out.insert(name, fs::read_to_string(&path).expect("a text file"));
            }
        }
    }
    let mut out = Files::new();
    walk(dir, dir, &mut out);
    out
}

/// The names that differ, each with how.
fn differences(printed: &Files, kept: &Files) -> Vec<String> {
    let mut out = Vec::new();
    for (name, text) in printed {
        match kept.get(name) {
            None => out.push(format!("{name} is missing")),
            Some(old) if old != text => out.push(format!("{name} is out of date")),
            Some(_) => {}
        }
    }
    out.extend(
        kept.keys()
            .filter(|name| !printed.contains_key(*name))
            .map(|name| format!("{name} is left over")),
    );
    out
}

#[test]
fn the_generated_types_are_those_of_the_protocol() {
    let fresh = tempfile::tempdir().expect("a temporary folder");
    let fresh = fresh.path().join("generated");
    mira_xtask::write_types(&fresh).expect("types printed");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/protocol/generated");
    let differences = differences(&files_in(&fresh), &files_in(&kept));
    assert!(
        differences.is_empty(),
        "the protocol and its TypeScript differ; run `cargo xtask types`:\n{}",
        differences.join("\n")
    );
}

#[test]
fn a_change_a_loss_and_a_leftover_are_all_seen() {
    let files = |list: &[(&str, &str)]| -> Files {
        list.iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    let printed = files(&[("A.ts", "1"), ("B.ts", "2")]);
    assert!(differences(&printed, &printed).is_empty());
    let kept = files(&[("A.ts", "0"), ("C.ts", "3")]);
    assert_eq!(
        differences(&printed, &kept),
        [
            "A.ts is out of date",
            "B.ts is missing",
            "C.ts is left over"
        ]
    );
}
