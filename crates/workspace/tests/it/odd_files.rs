//! Files that are not plain ones, disks that are full: what is kept, what is left out and named.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mira_workspace::checkpoint::diff;
use mira_workspace::{Access, Blobs, Choice, Direction, Journals, Way, Workspace};

use crate::{Place, tree};

#[test]
fn what_has_no_content_or_no_name_is_named_and_left_alone() {
    let place = Place::with(&[("made/a", "1"), ("keep", "1")]);
    let root = place.root();
    let fifo = Command::new("mkfifo").arg(root.join("pipe")).status();
    assert!(fifo.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let strange = root
        .join("made")
        .join(std::ffi::OsStr::from_bytes(b"na\xefme"));
    std::fs::write(&strange, "strange").unwrap();
    let workspace = place.workspace();
    let before = workspace.snapshot().unwrap();
    let told = before.not_covered();
    let about = |part: &str| told.iter().any(|line| line.contains(part));
    assert!(
        about("pipe (") && about("socket (") && about("not valid UTF-8"),
        "{told:?}"
    );

    // The folder that holds it is not removed by an undo that would remove the folder.
    std::fs::create_dir(root.join("new")).unwrap();
    std::fs::write(root.join("new/b"), "2").unwrap();
    let changes = diff(&before, &workspace.snapshot().unwrap());
    std::fs::rename(
        &strange,
        root.join("new").join(strange.file_name().unwrap()),
    )
    .unwrap();
    let report = workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(report.restored, ["new/b"]);
    assert!(root.join("new").is_dir(), "somebody keeps a file in it");
}

#[test]
fn a_file_of_two_gigabytes_is_named_and_costs_nothing() {
    let place = Place::with(&[("a", "1")]);
    let huge = std::fs::File::create(place.root().join("huge.img")).unwrap();
    huge.set_len(2 << 30).unwrap();
    let workspace = place.workspace();
    let begun = std::time::Instant::now();
    let before = workspace.snapshot().unwrap();
    assert_eq!(before.not_covered(), ["huge.img (2048 MiB)"]);
    std::fs::write(place.root().join("a"), "2").unwrap();
    std::fs::remove_file(place.root().join("huge.img")).unwrap();
    let changes = diff(&before, &workspace.snapshot().unwrap());
    assert_eq!(changes.len(), 1, "what is not covered is no change");
    // A file that became as large since is not read to see that it changed.
    std::fs::File::create(place.root().join("a"))
        .unwrap()
        .set_len(2 << 30)
        .unwrap();
    let report = workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(report.conflicts[0].reason, "It is larger than 64 MiB now.");
    assert_eq!(report.conflicts[0].choices, [Choice::Keep]);
    assert!(begun.elapsed().as_secs() < 20, "nobody read gigabytes");
}

#[test]
fn both_names_of_a_file_come_back() {
    let place = Place::with(&[("a", "1")]);
    let root = place.root();
    std::fs::hard_link(root.join("a"), root.join("b")).unwrap();
    let workspace = place.workspace();
    let original = tree(&root);
    let before = workspace.snapshot().unwrap();
    let script = "echo more >> a && ln a c && rm b";
    let done = Command::new("sh")
        .args(["-c", script])
        .current_dir(&root)
        .status();
    assert!(done.unwrap().success());
    let changed = tree(&root);
    let changes = diff(&before, &workspace.snapshot().unwrap());
    workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(tree(&root), original);
    workspace.restore(&changes, Direction::Redo, None).unwrap();
    assert_eq!(
        tree(&root),
        changed,
        "the contents; each name is a file of its own now"
    );
}

#[test]
fn a_link_out_of_the_project_is_kept_as_a_link() {
    let place = Place::with(&[("a", "1")]);
    let root = place.root();
    std::fs::write(place.outside().join("secret"), "outside").unwrap();
    std::os::unix::fs::symlink(place.outside(), root.join("out")).unwrap();
    let workspace = place.workspace();
    let before = workspace.snapshot().unwrap();
    assert!(
        before.get("out/secret").is_none(),
        "nothing beyond a link is looked at"
    );
    std::fs::remove_file(root.join("out")).unwrap();
    std::fs::create_dir(root.join("out")).unwrap();
    std::fs::write(root.join("out/secret"), "inside").unwrap();
    let changes = diff(&before, &workspace.snapshot().unwrap());
    workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(
        std::fs::read_link(root.join("out")).unwrap(),
        place.outside()
    );
    let outside = std::fs::read_to_string(place.outside().join("secret")).unwrap();
    assert_eq!(outside, "outside");
}

#[test]
fn a_rename_that_only_changes_case_comes_back() {
    let place = Place::with(&[("Read.me", "1")]);
    let root = place.root();
    let workspace = place.workspace();
    let original = tree(&root);
    let before = workspace.snapshot().unwrap();
    std::fs::rename(root.join("Read.me"), root.join("read.me")).unwrap();
    let changes = diff(&before, &workspace.snapshot().unwrap());
    workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(tree(&root), original);
}

#[test]
fn a_file_that_is_written_all_the_time_does_not_hold_up_a_look() {
    let place = Place::with(&[("log", "")]);
    let path = place.root().join("log");
    let workspace = place.workspace();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut byte = 0_u8;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                byte = byte.wrapping_add(1);
                std::fs::write(&path, vec![byte; 300_000]).unwrap();
            }
        });
        for _ in 0..20 {
            let state = workspace.snapshot().unwrap();
            match state.get("log") {
                // What is said to be there is there to be brought back.
                Some(entry) => {
                    let stored = place.blobs.get(entry.hash).unwrap().unwrap();
                    assert_eq!(stored.len() as u64, entry.size);
                }
                None => assert!(
                    state.not_covered()[0].starts_with("log ("),
                    "{:?}",
                    state.not_covered()
                ),
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// Names the folder of the process whose disk is full.
const FULL: &str = "MIRA_FULL_DISK";

#[test]
fn a_full_disk_stops_a_restore_before_it_begins() {
    let place = Place::with(&[("big", ""), ("small", "1"), ("gone/deep", "1")]);
    let root = place.root();
    std::fs::write(root.join("big"), vec![b'x'; 300_000]).unwrap();
    let workspace = place.workspace();
    let before = workspace.snapshot().unwrap();
    std::fs::write(root.join("big"), "short").unwrap();
    std::fs::write(root.join("small"), "2").unwrap();
    std::fs::remove_dir_all(root.join("gone")).unwrap();
    let changes = diff(&before, &workspace.snapshot().unwrap());
    let changed = tree(&root);
    let steps = place.dir.path().join("data/steps");
    std::fs::write(steps, serde_json::to_vec(&changes).unwrap()).unwrap();
    // The shell's limit on files stands for a disk without room.
    let script =
        "trap '' XFSZ; ulimit -f 100; exec \"$0\" --exact odd_files::a_process_without_room";
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(FULL, place.dir.path())
        .status()
        .unwrap();
    assert!(status.success(), "the process says what went wrong");
    assert_eq!(
        tree(&root),
        changed,
        "nothing was touched, and nothing is left behind"
    );
    // With room again it goes.
    workspace.restore(&changes, Direction::Undo, None).unwrap();
    assert_eq!(place.text("small"), "1");
}

/// Not a test by itself: what the one above starts.
#[test]
fn a_process_without_room() {
    let Some(dir) = std::env::var_os(FULL).map(PathBuf::from) else {
        return;
    };
    let dir: &Path = &dir;
    let steps = std::fs::read(dir.join("data/steps")).unwrap();
    let changes: Vec<mira_workspace::Change> = serde_json::from_slice(&steps).unwrap();
    let blobs = Blobs::open(&dir.join("data/blobs")).unwrap();
    let workspace = Workspace::open(&dir.join("project"), Access::Project, blobs, vec![]).unwrap();
    let journals = Journals::open(&dir.join("data/restores")).unwrap();
    let ways = changes
        .iter()
        .map(|change| Way::new(&change.path, change.after, change.before));
    let plan = workspace.plan(ways.collect(), None, &|_| None).unwrap();
    assert_eq!(plan.conflicts, []);
    let refused = workspace.carry_out(&plan, Some(&journals)).unwrap_err();
    assert!(
        refused.to_string().contains("restore the files"),
        "{refused}"
    );
    assert!(journals.pending().is_empty());
    // A look that cannot keep what it sees fails too, so that no command runs without it.
    let wide = dir.join("project/wide");
    for part in 0..4 {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&wide)
            .unwrap();
        let _ = std::io::Write::write_all(&mut file, &vec![part; 20_000]);
    }
    std::fs::remove_file(wide).unwrap();
}
