//! Two changes of one text put together, by lines.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::diff::MAX_DIFF_BYTES;
use crate::files::is_binary;

/// `base` with what changed to `ours` and what changed to `theirs`. None where both changed the
/// same lines (or lines that touch) in different ways, and for contents that are no text.
pub fn three_way(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    if ours == theirs || theirs == base {
        return Some(ours.to_vec());
    }
    if ours == base {
        return Some(theirs.to_vec());
    }
    let all = [base, ours, theirs];
    if all
        .iter()
        .any(|text| is_binary(text) || text.len() > MAX_DIFF_BYTES)
    {
        return None;
    }
    let [base, ours, theirs] = all.map(lines);
    let (mine, other) = (changes(&base, &ours), changes(&base, &theirs));
    let mut out = Vec::new();
    let (mut at, mut i, mut j) = (0, 0, 0);
    loop {
        let (a, b) = (mine.get(i), other.get(j));
        let (change, side) = match (a, b) {
            (None, None) => break,
            (Some(a), Some(b)) if touch(&a.0, &b.0) => {
                let same = a.0 == b.0 && ours[a.1.clone()] == theirs[b.1.clone()];
                if !same {
                    return None;
                }
                j += 1;
                i += 1;
                (a, &ours)
            }
            (Some(a), Some(b)) if a.0.start > b.0.start => {
                j += 1;
                (b, &theirs)
            }
            (None, Some(b)) => {
                j += 1;
                (b, &theirs)
            }
            (Some(a), _) => {
                i += 1;
                (a, &ours)
            }
        };
        base[at..change.0.start]
            .iter()
            .for_each(|line| out.extend_from_slice(line));
        side[change.1.clone()]
            .iter()
            .for_each(|line| out.extend_from_slice(line));
        at = change.0.end;
    }
    base[at..]
        .iter()
        .for_each(|line| out.extend_from_slice(line));
    Some(out)
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Lines of the first text that became lines of the second, in order and apart.
fn changes(from: &[&[u8]], to: &[&[u8]]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, from, to) {
        if op.tag() == DiffTag::Equal {
            continue;
        }
        match found.last_mut() {
            Some((old, new)) if old.end == op.old_range().start => {
                old.end = op.old_range().end;
                new.end = op.new_range().end;
            }
            _ => found.push((op.old_range(), op.new_range())),
        }
    }
    found
}

/// Whether two ranges share a line or have none between them.
fn touch(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start <= b.end && b.start <= a.end
}

#[cfg(test)]
mod tests {
    use super::three_way;

    fn check(base: &str, ours: &str, theirs: &str, expected: Option<&str>) {
        let merged = |a: &str, b: &str| {
            three_way(base.as_bytes(), a.as_bytes(), b.as_bytes())
                .map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(merged(ours, theirs).as_deref(), expected);
        assert_eq!(
            merged(theirs, ours).as_deref(),
            expected,
            "the other way round"
        );
    }

    #[test]
    fn changes_apart_go_together() {
        let base = "1\n2\n3\n4\n5\n6\n";
        check(
            base,
            "1\ntwo\n3\n4\n5\n6\n",
            "1\n2\n3\n4\nfive\n6\n",
            Some("1\ntwo\n3\n4\nfive\n6\n"),
        );
        check(
            base,
            "0\n1\n2\n3\n4\n5\n6\n",
            "1\n2\n3\n4\n5\n6\n7\n",
            Some("0\n1\n2\n3\n4\n5\n6\n7\n"),
        );
        check(
            base,
            "1\n2\n5\n6\n",
            "1\n2\n3\n4\n5\nsix",
            Some("1\n2\n5\nsix"),
        );
        check("", "a\n", "", Some("a\n"));
    }

    #[test]
    fn the_same_change_twice_is_made_once() {
        check(
            "1\n2\n3\n",
            "1\ntwo\n3\n",
            "1\ntwo\n3\n",
            Some("1\ntwo\n3\n"),
        );
        check(
            "a\nb\nc\nd\ne\n",
            "A\nb\nc\nd\ne\n",
            "A\nb\nc\nd\nE\n",
            Some("A\nb\nc\nd\nE\n"),
        );
    }

    #[test]
    fn changes_that_touch_are_not_guessed_about() {
        check("1\n2\n3\n", "1\ntwo\n3\n", "1\nzwei\n3\n", None);
        check("1\n2\n3\n", "1\ntwo\n3\n", "1\n2\nthree\n", None);
        check("1\n2\n", "1\nx\n2\n", "1\ny\n2\n", None);
        check("1\n", "1\n\0", "2\n", None);
    }
}
