use mira_workspace::diff::{LineKind, apply_hunks, between};
use proptest::prelude::*;

#[test]
fn hunks_are_numbered_and_marked_as_diff_does() {
    let before: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let after = before
        .replace("line 2\n", "line two\n")
        .replace("line 20\n", "line 20");
    let diff = between(before.as_bytes(), after.as_bytes());
    assert_eq!(
        (diff.additions, diff.deletions, diff.hunks.len()),
        (2, 2, 2)
    );
    let hunk = &diff.hunks[0];
    assert_eq!(
        (
            hunk.old_start,
            hunk.old_lines,
            hunk.new_start,
            hunk.new_lines
        ),
        (1, 5, 1, 5)
    );
    let last = diff.hunks[1].lines.last().unwrap();
    assert_eq!(last.kind, LineKind::NoNewline);
    assert_ne!(diff.hunks[0].id, diff.hunks[1].id);
    assert_eq!(between(before.as_bytes(), after.as_bytes()), diff);

    let created = between(b"", b"a\nb\n");
    assert_eq!(
        (
            created.hunks[0].old_start,
            created.hunks[0].new_start,
            created.additions
        ),
        (0, 1, 2)
    );
    assert!(between(b"a\0", b"b").binary);
    assert!(between(&vec![b'a'; 3 << 20], b"b").too_large);
    assert!(between(b"same", b"same").hunks.is_empty());
}

#[test]
fn rejecting_one_hunk_leaves_the_others() {
    let before: String = (1..=30).map(|n| format!("{n}\r\n")).collect();
    let after = before
        .replace("\n5\r", "\nfive\r")
        .replace("\n25\r", "\ntwenty\r\nfive\r");
    let ids: Vec<String> = between(before.as_bytes(), after.as_bytes())
        .hunks
        .into_iter()
        .map(|hunk| hunk.id)
        .collect();
    let only_first = before.replace("\n5\r", "\nfive\r");
    assert_eq!(
        apply_hunks(before.as_bytes(), after.as_bytes(), &ids[1..]),
        only_first.as_bytes()
    );
    assert_eq!(
        apply_hunks(before.as_bytes(), after.as_bytes(), &["other".into()]),
        after.as_bytes()
    );
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec!["a\n", "b\n", "c\r\n", "\n", "d\n", "e\n", "\u{fc}\n"]);
    (prop::collection::vec(line, 0..60), any::<bool>()).prop_map(|(lines, end)| {
        let mut bytes = lines.concat().into_bytes();
        if end {
            bytes.extend(b"last\xff");
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// All rejected is before, none is after, and each hunk says exactly what differs.
    #[test]
    fn hunks_make_up_the_difference(before in content(), after in content()) {
        let diff = between(&before, &after);
        let ids: Vec<String> = diff.hunks.iter().map(|hunk| hunk.id.clone()).collect();
        prop_assert_eq!(&apply_hunks(&before, &after, &ids), &before);
        prop_assert_eq!(&apply_hunks(&before, &after, &[]), &after);
        for id in &ids {
            // Rejecting the rest after rejecting one, in two steps, comes to the same.
            let rest: Vec<String> = ids.iter().filter(|other| *other != id).cloned().collect();
            let kept_one = apply_hunks(&before, &after, &rest);
            prop_assert_eq!(between(&before, &kept_one).hunks.len(), 1);
        }
    }
}
