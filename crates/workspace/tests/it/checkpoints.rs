use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use mira_workspace::checkpoint::diff;
use mira_workspace::{Change, Direction, Kind, Workspace, merge};
use proptest::prelude::*;

use crate::{Place, tree};

/// Runs `work` between two snapshots, as the engine does around a command.
fn around(workspace: &Workspace, work: impl FnOnce()) -> Vec<Change> {
    let before = workspace.snapshot().unwrap();
    work();
    diff(&before, &workspace.snapshot().unwrap())
}

fn paths(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.path.as_str()).collect()
}

fn undo(workspace: &Workspace, changes: &[Change]) {
    let report = workspace.restore(changes, Direction::Undo, None).unwrap();
    assert_eq!(report.conflicts, []);
}

fn redo(workspace: &Workspace, changes: &[Change]) {
    let report = workspace.restore(changes, Direction::Redo, None).unwrap();
    assert_eq!(report.conflicts, []);
}

#[test]
fn what_commands_did_is_undone_and_redone() {
    let place = Place::with(&[
        ("keep.txt", "keep"),
        ("edit.txt", "old"),
        ("sub/gone.txt", "gone"),
        ("swap", "a file"),
        (".env", "KEY=1"),
        (".gitignore", ".env\n"),
        ("tool.sh", "#!/bin/sh\n"),
    ]);
    let root = place.root();
    std::fs::create_dir(root.join("empty")).unwrap();
    symlink("keep.txt", root.join("link")).unwrap();
    let workspace = place.workspace();
    let original = tree(&root);
    let changes = around(&workspace, || {
        std::fs::write(root.join("edit.txt"), "new").unwrap();
        std::fs::remove_dir_all(root.join("sub")).unwrap();
        std::fs::remove_dir(root.join("empty")).unwrap();
        std::fs::remove_file(root.join(".env")).unwrap();
        std::fs::remove_file(root.join("link")).unwrap();
        symlink("edit.txt", root.join("link")).unwrap();
        std::fs::remove_file(root.join("swap")).unwrap();
        std::fs::create_dir_all(root.join("swap/deep")).unwrap();
        std::fs::write(root.join("swap/deep/new.bin"), b"\0\xff").unwrap();
        std::fs::set_permissions(root.join("tool.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    });
    assert_eq!(
        paths(&changes),
        [
            ".env",
            "edit.txt",
            "empty",
            "link",
            "sub",
            "sub/gone.txt",
            "swap",
            "swap/deep",
            "swap/deep/new.bin",
            "tool.sh"
        ]
    );
    assert!(changes[9].is_mode_only() && changes[2].is_dir() && !changes[6].is_dir());
    let changed = tree(&root);
    for _ in 0..2 {
        undo(&workspace, &changes);
        assert_eq!(tree(&root), original);
        redo(&workspace, &changes);
        assert_eq!(tree(&root), changed);
    }
}

#[test]
fn tools_and_commands_merge_into_one_change_a_path() {
    let place = Place::with(&[("a", "1"), ("b", "1")]);
    let workspace = place.workspace();
    let original = tree(&place.root());
    let mut changes = Vec::new();
    for (path, content) in [("a", b"2"), ("new/c", b"1"), ("b", b"2")] {
        changes.extend(workspace.write(path, content).unwrap().into_changes());
    }
    changes.extend(around(&workspace, || {
        std::fs::write(place.root().join("a"), "3").unwrap();
        std::fs::write(place.root().join("b"), "1").unwrap();
    }));
    let merged = merge(changes);
    assert_eq!(paths(&merged), ["a", "new", "new/c"]);
    assert_eq!(
        workspace
            .blobs()
            .get(merged[0].before.unwrap().hash)
            .unwrap()
            .unwrap(),
        b"1"
    );
    assert_eq!(
        workspace
            .blobs()
            .get(merged[0].after.unwrap().hash)
            .unwrap()
            .unwrap(),
        b"3"
    );
    undo(&workspace, &merged);
    assert_eq!(tree(&place.root()), original);
}

#[test]
fn undo_never_tramples_on_outside_edits() {
    let place = Place::with(&[("a", "1"), ("b", "1"), ("d", "1")]);
    let root = place.root();
    let workspace = place.workspace();
    let changes = around(&workspace, || {
        std::fs::write(root.join("a"), "2").unwrap();
        std::fs::write(root.join("b"), "2").unwrap();
        std::fs::write(root.join("dir-c"), "2").unwrap();
        std::fs::remove_file(root.join("d")).unwrap();
        std::fs::create_dir(root.join("made")).unwrap();
        std::fs::write(root.join("made/e"), "2").unwrap();
    });
    std::fs::write(root.join("a"), "mine").unwrap();
    std::fs::write(root.join("d"), "mine too").unwrap();
    std::fs::remove_file(root.join("dir-c")).unwrap();
    std::fs::write(root.join("made/mine"), "m").unwrap();
    let before = tree(&root);
    let report = workspace.restore(&changes, Direction::Undo, None).unwrap();
    let told: Vec<_> = report
        .conflicts
        .iter()
        .map(|c| (c.path.as_str(), c.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("a", "It was edited since."),
            ("d", "It was created since.")
        ]
    );
    assert!(report.restored.is_empty());
    assert_eq!(tree(&root), before, "nothing is touched");

    let only = [
        "a".to_owned(),
        "b".to_owned(),
        "made".to_owned(),
        "other".to_owned(),
    ];
    let report = workspace
        .restore(&changes, Direction::Undo, Some(&only))
        .unwrap();
    assert_eq!(report.restored, ["b", "made/e"]);
    assert_eq!(report.conflicts.len(), 2);
    assert_eq!(
        (place.text("a").as_str(), place.text("b").as_str()),
        ("mine", "1")
    );
    assert_eq!(
        place.text("made/mine"),
        "m",
        "the folder stays while it holds other files"
    );
    assert!(!root.join("made/e").exists());
}

#[test]
fn undo_does_not_follow_links_put_in_the_way() {
    let place = Place::with(&[("dir/a", "1")]);
    let root = place.root();
    let workspace = place.workspace();
    let changes = workspace.write("dir/a", b"2").unwrap().into_changes();
    std::fs::write(place.outside().join("a"), "2").unwrap();
    std::fs::remove_dir_all(root.join("dir")).unwrap();
    symlink(place.outside(), root.join("dir")).unwrap();
    let report = workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(
        report.conflicts[0].reason,
        "A folder on its path is a link or a file now."
    );
    assert_eq!(
        std::fs::read_to_string(place.outside().join("a")).unwrap(),
        "2"
    );
    let escape = Change {
        path: "../outside/a".into(),
        ..changes[0].clone()
    };
    assert!(
        !workspace
            .restore(&[escape], Direction::Undo, None)
            .unwrap()
            .conflicts
            .is_empty()
    );
}

#[test]
fn large_ignored_folders_and_files_are_left_out_and_named() {
    let place = Place::with(&[
        (".gitignore", "out/\nsmall/\n"),
        ("a", "1"),
        ("small/b", "1"),
    ]);
    let root = place.root();
    for n in 0..2_100 {
        place.put(&format!("out/deep/{n}"), "x");
    }
    std::fs::File::create(root.join("huge.iso"))
        .unwrap()
        .set_len(33 << 20)
        .unwrap();
    place.put(".git/objects/x", "git's own");
    let workspace = place.workspace();
    let before = workspace.snapshot().unwrap();
    assert_eq!(
        before.not_covered(),
        [
            "huge.iso (33 MiB)",
            "out/ (ignored, over 2000 files or 64 MiB)"
        ]
    );
    assert!(before.get("small/b").is_some() && before.get(".git/objects/x").is_none());
    // What was left out stays so when it shrinks: a folder that seems new would be deleted.
    std::fs::remove_dir_all(root.join("out/deep")).unwrap();
    std::fs::write(root.join("out/few"), "x").unwrap();
    std::fs::remove_dir_all(root.join("small")).unwrap();
    std::fs::File::options()
        .write(true)
        .open(root.join("huge.iso"))
        .unwrap()
        .set_len(1)
        .unwrap();
    let changes = diff(&before, &workspace.snapshot().unwrap());
    assert_eq!(paths(&changes), ["small", "small/b"]);
}

#[test]
fn a_change_in_the_same_instant_with_the_same_size_is_seen() {
    let place = Place::with(&[("a", "0")]);
    let workspace = place.workspace();
    for n in 1..200_u32 {
        let change = around(&workspace, || {
            std::fs::write(place.root().join("a"), (n % 10).to_string()).unwrap()
        });
        assert_eq!(paths(&change), ["a"], "round {n}");
    }
}

#[test]
fn contents_are_swept_only_when_nobody_wants_them() {
    let place = Place::new();
    let kept = place.blobs.put(b"kept").unwrap();
    let dropped = place.blobs.put(b"dropped").unwrap();
    assert_eq!(
        place.blobs.sweep(HOUR, |_| false).unwrap(),
        0,
        "young contents stay"
    );
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    for entry in walk(&place.dir.path().join("data/blobs")) {
        std::fs::File::options()
            .append(true)
            .open(entry)
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    assert_eq!(place.blobs.sweep(HOUR, |hash| hash == kept).unwrap(), 7);
    assert_eq!(place.blobs.get(kept).unwrap().unwrap(), b"kept");
    assert_eq!(place.blobs.get(dropped).unwrap(), None);
    assert_eq!(place.blobs.put(b"dropped").unwrap(), dropped);
    assert!(place.blobs.get(dropped).unwrap().is_some());
    // A damaged content is never handed out.
    let file = walk(&place.dir.path().join("data/blobs")).remove(0);
    std::fs::write(file, "other").unwrap();
    assert!(
        [kept, dropped]
            .iter()
            .any(|hash| place.blobs.get(*hash).unwrap().is_none())
    );
}

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path))
        } else {
            files.push(path)
        }
    }
    files
}

/// A tree as data: what stands at each path.
#[derive(Debug, Clone)]
enum Node {
    File(Vec<u8>, u32),
    Link(String),
    Dir(u32),
}

fn node() -> impl Strategy<Value = Node> {
    let bytes = prop_oneof![
        Just(Vec::new()),
        Just(b"text\r\nlines\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let mode = prop::sample::select(vec![0o644, 0o755, 0o600, 0o444, 0o4755]);
    prop_oneof![
        5 => (bytes, mode).prop_map(|(bytes, mode)| Node::File(bytes, mode)),
        1 => prop::sample::select(vec!["a", "../b", "/etc/passwd", "nowhere"])
            .prop_map(|target| Node::Link(target.to_owned())),
        2 => prop::sample::select(vec![0o755, 0o700, 0o555]).prop_map(Node::Dir),
    ]
}

fn nodes() -> impl Strategy<Value = BTreeMap<String, Node>> {
    let name = prop::sample::select(vec!["a", "b", ".c", "d e", "ü"]);
    let path = prop::collection::vec(name, 1..6).prop_map(|parts| parts.join("/"));
    prop::collection::btree_map(path, node(), 0..14)
}

/// Makes the folder be what `nodes` say; of paths that exclude each other the first one stands.
fn make(root: &Path, nodes: &BTreeMap<String, Node>) {
    let _ = std::fs::remove_dir_all(root);
    std::fs::create_dir(root).unwrap();
    let mut modes = Vec::new();
    for (path, node) in nodes {
        let at = root.join(path);
        let beneath_link = at
            .ancestors()
            .skip(1)
            .take_while(|dir| *dir != root)
            .any(Path::is_symlink);
        if beneath_link || std::fs::create_dir_all(at.parent().unwrap()).is_err() {
            continue;
        }
        match node {
            Node::Dir(mode) => {
                if std::fs::create_dir_all(&at).is_ok() {
                    modes.push((at, *mode));
                }
            }
            Node::File(bytes, mode) => {
                if std::fs::write(&at, bytes).is_ok() {
                    std::fs::set_permissions(&at, PermissionsExt::from_mode(*mode)).unwrap();
                }
            }
            Node::Link(target) => {
                let _ = symlink(target, &at);
            }
        }
    }
    for (dir, mode) in modes {
        std::fs::set_permissions(dir, PermissionsExt::from_mode(mode)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// undo ∘ do = identity and redo ∘ undo = identity, byte for byte, whatever a command did.
    #[test]
    fn undo_and_redo_are_exact(old in nodes(), new in nodes()) {
        let place = Place::new();
        let root = place.root();
        make(&root, &old);
        let before = tree(&root);
        let workspace = place.workspace();
        let changes = around(&workspace, || make(&root, &new));
        let after = tree(&root);
        undo(&workspace, &changes);
        prop_assert_eq!(&tree(&root), &before);
        redo(&workspace, &changes);
        prop_assert_eq!(&tree(&root), &after);
        undo(&workspace, &changes);
        prop_assert_eq!(&tree(&root), &before);
        // And the snapshot agrees with the disk.
        let again = workspace.snapshot().unwrap();
        prop_assert!(diff(&again, &workspace.snapshot().unwrap()).is_empty());
        let files = again.entries().filter(|(_, entry)| entry.kind != Kind::Dir).count();
        let on_disk = before.iter().filter(|(_, mode, _)| mode & 0o170_000 != 0o040_000).count();
        prop_assert_eq!(files, on_disk);
    }
}
