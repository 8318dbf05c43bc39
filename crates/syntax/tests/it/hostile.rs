//! Files that nobody wrote for people: each costs its limit and leaves a note.
//!
//! `MIRA_FUZZ_DEPTH` sets how deep the nests are (30,000 where it is not set).

use std::time::{Duration, Instant};

use mira_syntax::{FileFacts, Limits, MAX_ENTRIES, NoteKind, facts, languages, outline};

/// One file name a language.
fn paths() -> Vec<String> {
    languages()
        .map(|language| format!("a.{}", language.extensions[0]))
        .collect()
}

fn limits() -> Limits {
    Limits {
        time: Duration::from_millis(150),
        ..Limits::default()
    }
}

/// Far beyond any limit, even on a busy machine: only what never ends fails.
const NEVER: Duration = Duration::from_secs(60);

fn read(path: &str, text: &str) -> FileFacts {
    let begun = Instant::now();
    let facts = facts(path, text, &limits());
    assert!(begun.elapsed() < NEVER, "{path}: {:?}", begun.elapsed());
    facts
}

#[test]
fn deep_nests_end() {
    let depth = std::env::var("MIRA_FUZZ_DEPTH").map_or(30_000, |depth| {
        depth.parse().expect("MIRA_FUZZ_DEPTH is a number")
    });
    let nests = [
        "(",
        "[",
        "{",
        "<div>",
        "mod a { ",
        "if (a) { ",
        "f(",
        "a: {",
    ];
    for path in paths() {
        for nest in nests {
            let open = nest.repeat(depth);
            let facts = read(&path, &open);
            assert!(facts.elements.len() <= limits().elements, "{path}: {nest}");
        }
        let closed = "(".repeat(depth) + "1" + &")".repeat(depth);
        read(&path, &format!("x = {closed};"));
    }
}

#[test]
fn what_is_too_deep_is_named_and_the_rest_is_read() {
    let deep = "(".repeat(2_000) + "1" + &")".repeat(2_000);
    let text =
        format!("fn first() {{}}\nfn deep() {{ let x = {deep}; }}\nfn last() {{ end(); }}\n");
    let limits = Limits {
        time: NEVER,
        ..Limits::default()
    };
    let facts = facts("a.rs", &text, &limits);
    let names: Vec<&str> = facts
        .elements
        .iter()
        .map(|element| &*element.name)
        .collect();
    assert_eq!(names, ["first", "deep", "last"]);
    assert!(facts.references.iter().any(|used| used.name == "end"));
    let note = facts
        .notes
        .iter()
        .find(|note| note.kind == NoteKind::TooDeep);
    assert_eq!(note.and_then(|note| note.line), Some(2));
}

#[test]
fn a_line_of_fifty_megabytes_is_not_parsed() {
    let line = "x".repeat(50 * 1024 * 1024);
    for path in paths() {
        let facts = read(&path, &line);
        assert_eq!(facts.elements, []);
        assert_eq!(facts.notes.len(), 1, "{path}");
        assert_eq!(facts.notes[0].kind, NoteKind::TooLarge);
        assert_eq!(
            facts.notes[0].text,
            "52.4 MB; files over 2.1 MB are not parsed"
        );
    }
    assert_eq!(outline("a.rs", &line), []);
}

#[test]
fn what_is_no_text_is_said() {
    for path in paths() {
        let facts = read(&path, "\u{7f}ELF\0\0\u{1}fn main() {}");
        assert_eq!(facts.notes.len(), 1, "{path}");
        assert_eq!(facts.notes[0].kind, NoteKind::Binary);
        assert_eq!(facts.elements, []);
    }
}

#[test]
fn odd_characters_break_nothing() {
    let odd = [
        "",
        "\n",
        "\u{feff}é漢🦀\r\n",
        "\r\r\r",
        "\"",
        "'''",
        "/*",
        "#",
        "\\",
        "é(🦀).",
        "---\n",
    ];
    for path in paths() {
        for text in odd {
            read(&path, text);
            read(&path, &text.repeat(1_000));
        }
    }
}

#[test]
fn every_piece_of_a_file_can_be_read() {
    // Broken off anywhere, also inside a character.
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    for entry in std::fs::read_dir(golden).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        let text = std::fs::read(&path).expect("readable");
        for end in (0..text.len()).step_by(97) {
            let text = String::from_utf8_lossy(&text[..end]);
            let facts = read(name, &text);
            for (index, element) in facts.elements.iter().enumerate() {
                let at = format!("{name} cut at {end}: {element:?}");
                assert!(element.parent.is_none_or(|parent| parent < index), "{at}");
                assert!(element.start_line <= element.end_line, "{at}");
                assert!(element.end_line <= facts.lines.max(1), "{at}");
                assert!(text.get(element.bytes.clone()).is_some(), "{at}");
            }
        }
    }
}

#[test]
fn time_is_a_limit_and_a_note() {
    let text = "fn f() { g(1, 2, 3); }\n".repeat(20_000);
    let limits = Limits {
        time: Duration::ZERO,
        ..Limits::default()
    };
    let facts = facts("a.rs", &text, &limits);
    assert_eq!(facts.notes[0].kind, NoteKind::TimedOut);
}

#[test]
fn many_elements_are_cut_with_a_note() {
    let wide = "fn f() {}\n".repeat(3_000);
    assert_eq!(outline("a.rs", &wide).len(), MAX_ENTRIES);
    let limits = Limits {
        elements: 10,
        references: 5,
        texts: 3,
        ..Limits::default()
    };
    let text = "/// Doc.\nfn f() { g(); h(\"some words\"); }\n".repeat(20);
    let facts = facts("a.rs", &text, &limits);
    assert_eq!(facts.elements.len(), 10);
    assert_eq!(facts.references.len(), 5);
    assert_eq!(facts.texts.len(), 3);
    assert!(
        facts
            .notes
            .iter()
            .any(|note| note.kind == NoteKind::TooMany)
    );
}

#[test]
fn other_files_give_their_lines_only() {
    let only_lines = FileFacts {
        lines: 2,
        ..FileFacts::default()
    };
    assert_eq!(
        facts("a.unknown", "fn main() {}\n\n", &Limits::default()),
        only_lines
    );
}

#[test]
fn generated_files_are_known() {
    let minified = format!("var a={};", "1+".repeat(5_000));
    let is_generated = |path, text| facts(path, text, &Limits::default()).is_generated;
    for (path, text) in [
        (
            "a.go",
            "// Code generated by a program. DO NOT EDIT.\npackage a\n",
        ),
        ("a.py", "# This file is @generated\n"),
        ("a.js", &minified),
    ] {
        assert!(is_generated(path, text), "{path}");
    }
    assert!(!is_generated("a.rs", "// A shop.\nfn f() {}\n"));
    assert!(!is_generated(
        "a.rs",
        "fn f() { let a = \"generated by us, do not edit\"; }\n"
    ));
}
