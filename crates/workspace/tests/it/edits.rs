use std::os::unix::fs::{MetadataExt, PermissionsExt};

use mira_workspace::edits::{Edit, EditError, apply};

use crate::Place;

fn edit(old: &str, new: &str) -> Edit {
    Edit {
        old: old.into(),
        new: new.into(),
        replace_all: false,
    }
}

fn all(old: &str, new: &str) -> Edit {
    Edit {
        replace_all: true,
        ..edit(old, new)
    }
}

fn near(original: &str, old: &str) -> String {
    apply(original.as_bytes(), &[edit(old, "x")])
        .unwrap_err()
        .to_string()
}

/// CRLF × BOM × final newline × mode × UTF-8 edges, as bytes and on disk.
#[test]
fn the_edit_matrix() {
    let body = "head ü\n\tкод = 1;\n漢字🦀 line\nb\u{0301} end";
    let expected = "head ü\n\tкод = 2;\n\tmore\n漢字🦀 line\nb\u{0301} fin";
    let edits = [
        edit("\tкод = 1;\n", "\tкод = 2;\n\tmore\n"),
        edit("end", "fin"),
    ];
    for crlf in [false, true] {
        for bom in [false, true] {
            for newline in [false, true] {
                for mode in [0o644, 0o755, 0o600] {
                    for tail in [&b""[..], b"\xff\xfe bad", b"\xe6\xbc"] {
                        let file = |body: &str| {
                            let mut bytes = Vec::new();
                            if bom {
                                bytes.extend("\u{FEFF}".as_bytes());
                            }
                            let body = if crlf {
                                body.replace('\n', "\r\n")
                            } else {
                                body.into()
                            };
                            bytes.extend(body.as_bytes());
                            bytes.extend(tail);
                            if newline {
                                bytes.extend(if crlf { &b"\r\n"[..] } else { b"\n" });
                            }
                            bytes
                        };
                        let case = format!(
                            "crlf {crlf}, bom {bom}, newline {newline}, {mode:o}, {tail:?}"
                        );
                        assert_eq!(
                            apply(&file(body), &edits).unwrap(),
                            file(expected),
                            "{case}"
                        );

                        let place = Place::new();
                        place.put("file", file(body));
                        let path = place.root().join("file");
                        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
                            .unwrap();
                        let workspace = place.workspace();
                        let read = workspace.read("file").unwrap();
                        workspace
                            .write("file", &apply(&read.bytes, &edits).unwrap())
                            .unwrap();
                        assert_eq!(std::fs::read(&path).unwrap(), file(expected), "{case}");
                        assert_eq!(
                            std::fs::metadata(&path).unwrap().mode() & 0o7777,
                            mode,
                            "{case}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn mixed_line_ends_stay_where_nothing_changes() {
    let original = b"a\r\nb\nc\r\nd\n";
    assert_eq!(
        apply(original, &[edit("a\nb\nc\nd", "a\nb\nX\nd")]).unwrap(),
        b"a\r\nb\nX\r\nd\n"
    );
    assert_eq!(
        apply(original, &[edit("c\n", "c\nnew\n")]).unwrap(),
        b"a\r\nb\nc\r\nnew\r\nd\n"
    );
    assert_eq!(
        apply(b"a\nb\n", &[edit("a\r\nb", "a\r\nc")]).unwrap(),
        b"a\nc\n"
    );
    // A carriage return inside a line is a character like all others.
    assert_eq!(
        apply(b"x\ry\n", &[edit("x\ry", "x\rz")]).unwrap(),
        b"x\rz\n"
    );
}

#[test]
fn all_edits_are_matched_against_the_file_as_it_was() {
    let swapped = apply(b"a b c", &[edit("a", "c"), edit("c", "a")]).unwrap();
    assert_eq!(swapped, b"c b a");
    assert_eq!(apply(b"x = x\n", &[all("x", "yy")]).unwrap(), b"yy = yy\n");
    assert_eq!(apply(b"aaaa", &[all("aa", "b")]).unwrap(), b"bb");
    assert_eq!(apply(b"", &[edit("", "new")]).unwrap(), b"new");
    assert_eq!(apply(b"a\nb", &[edit("b\n", "c\n")]).unwrap(), b"a\nc");

    let error = |original: &[u8], edits: &[Edit]| apply(original, edits).unwrap_err();
    assert_eq!(
        error(b"one\ntwo\n", &[edit("one\ntwo", "x"), edit("two", "y")]),
        EditError::Overlap {
            first: 1,
            second: 2,
            line: 2
        }
    );
    assert_eq!(
        error(b"aXaXa", &[edit("a", "b")]),
        EditError::Ambiguous {
            edit: 1,
            lines: vec![1, 1, 1]
        }
    );
    assert_eq!(
        error(b"x\ny\nx\n", &[edit("y", "z"), edit("x\n", "z\n")]),
        EditError::Ambiguous {
            edit: 2,
            lines: vec![1, 3]
        }
    );
    assert_eq!(
        error(b"aaa", &[edit("aa", "b")]),
        EditError::Ambiguous {
            edit: 1,
            lines: vec![1, 1]
        }
    );
    assert_eq!(error(b"a", &[edit("a", "a")]), EditError::NoOp { edit: 1 });
    assert_eq!(
        error(b"a", &[edit("", "a")]),
        EditError::EmptyOld { edit: 1 }
    );
    assert_eq!(error(b"a", &[]), EditError::NoEdits);
    let told = error(b"a\n", &[edit("a", "b"), edit("b", "c")]).to_string();
    assert!(told.contains("as it was"), "{told}");
}

#[test]
fn a_miss_says_what_is_there_instead() {
    let file = "fn main() {\n\tlet value = compute(1);\n    print(value);  \n}\n";
    let told = near(file, "    let value = compute(1);");
    assert!(
        told.contains("Line 2 differs in indentation: the file has 1 tab, `old` has 4 spaces"),
        "{told}"
    );
    assert!(told.contains("     2  \tlet value = compute(1);"), "{told}");
    let told = near(file, "    print(value);\n}");
    assert!(
        told.contains("Line 3 differs in white space at its end"),
        "{told}"
    );
    let told = near(file, "\tlet value = compute(2);\n");
    assert!(
        told.contains("Line 2 differs from `old`") && told.contains("compute(1)"),
        "{told}"
    );
    let told = near(file, "\tlet  value = compute(1);");
    assert!(told.contains("spaces within it"), "{told}");
    assert!(near(file, "SELECT * FROM users WHERE id").contains("Nothing in the file is similar"));
    assert!(near("", "y").contains("empty"));
}
