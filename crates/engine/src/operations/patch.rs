//! A unified diff of an answer, made of a file. Models count lines badly, so the numbers of a
//! hunk are not trusted: its text must stand in the file exactly once.

use mira_workspace::edits::{self, Edit};

/// The new content; a text for people where a hunk does not fit.
pub fn apply(before: Option<&[u8]>, diff: &str) -> Result<Vec<u8>, String> {
    let hunks = hunks(diff);
    if hunks.is_empty() {
        return Err("This is no unified diff: it has no line that begins with @@.".into());
    }
    let Some(before) = before else {
        return new_file(&hunks);
    };
    edits::apply(before, &hunks).map_err(|error| format!("The diff does not fit. {error}"))
}

fn new_file(hunks: &[Edit]) -> Result<Vec<u8>, String> {
    if hunks.iter().any(|hunk| !hunk.old.is_empty()) {
        return Err("The diff changes a file that is not there.".into());
    }
    Ok(hunks
        .iter()
        .map(|hunk| hunk.new.as_str())
        .collect::<String>()
        .into_bytes())
}

fn hunks(diff: &str) -> Vec<Edit> {
    let mut hunks: Vec<Edit> = Vec::new();
    let mut inside = false;
    // Empty context lines often come without their space; at a hunk's end they are no part of it.
    let mut blank = 0;
    for line in diff.lines() {
        if line.starts_with("@@") {
            (inside, blank) = (true, 0);
            hunks.push(Edit {
                old: String::new(),
                new: String::new(),
                replace_all: false,
            });
            continue;
        }
        let header = line.starts_with("diff ") || line.starts_with("--- a/");
        inside &= !header;
        let (true, Some(hunk)) = (inside, hunks.last_mut()) else {
            continue;
        };
        let Some(sign @ (' ' | '+' | '-')) = line.chars().next() else {
            blank += usize::from(line.is_empty());
            continue;
        };
        let empty = "\n".repeat(std::mem::take(&mut blank));
        hunk.old += &empty;
        hunk.new += &empty;
        let rest = format!("{}\n", &line[1..]);
        if sign != '+' {
            hunk.old += &rest;
        }
        if sign != '-' {
            hunk.new += &rest;
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_put_where_their_text_stands_whatever_their_numbers() {
        let before = b"fn a() {}\n\nfn b() {\n    1\n}\n";
        let diff = "--- a/x.rs\n+++ b/x.rs\n@@ -90,4 +90,4 @@\n fn b() {\n-    1\n+    2\n }\n";
        assert_eq!(
            apply(Some(before), diff).expect("it fits"),
            b"fn a() {}\n\nfn b() {\n    2\n}\n"
        );
    }

    #[test]
    fn a_new_file_is_its_added_lines() {
        let diff = "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+one\n+two\n";
        assert_eq!(apply(None, diff).expect("it fits"), b"one\ntwo\n");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(apply(Some(b"x\n"), "@@ -1 +1 @@\n-y\n+z\n").is_err());
        assert!(apply(Some(b"x\n"), "not a diff").is_err());
        assert!(apply(None, "@@ -1 +1 @@\n-y\n+z\n").is_err());
    }
}
