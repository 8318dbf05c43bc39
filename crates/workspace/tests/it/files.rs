use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use mira_workspace::{Access, Kind, Refusal};

use crate::Place;

#[test]
fn pages_tell_what_a_file_is() {
    let place = Place::with(&[("lf", "one\ntwo\nthree"), ("empty", "")]);
    place.put("crlf", "\u{FEFF}one\r\ntwo\r\n");
    place.put("binary", b"\x7fELF\0\0");
    place.put("latin", b"caf\xe9\n");
    place.put("long", format!("{}\nshort\n", "漢".repeat(100_000)));
    let workspace = place.workspace();

    let page = workspace.read_lines("lf", 2, 1).unwrap();
    assert_eq!(
        (page.text.as_str(), page.first_line, page.lines),
        ("two\n", 2, 1)
    );
    assert_eq!(
        (page.total_lines, page.next_line, page.final_newline),
        (3, Some(3), false)
    );
    let page = workspace.read_lines("lf", 3, 10).unwrap();
    assert_eq!(
        (page.text.as_str(), page.next_line, page.final_newline),
        ("three\n", None, false)
    );
    let page = workspace.read_lines("lf", 9, 10).unwrap();
    assert_eq!(
        (page.text.as_str(), page.total_lines, page.next_line),
        ("", 3, None)
    );

    let page = workspace.read_lines("crlf", 1, 10).unwrap();
    assert!(page.crlf && page.bom && page.final_newline && !page.invalid_utf8);
    assert_eq!(page.text, "one\ntwo\n");
    assert_eq!(workspace.read_lines("empty", 1, 10).unwrap().total_lines, 0);
    let page = workspace.read_lines("binary", 1, 10).unwrap();
    assert!(page.binary && page.text.is_empty());
    let page = workspace.read_lines("latin", 1, 10).unwrap();
    assert!(page.invalid_utf8 && page.text == "caf\u{FFFD}\n");
    let page = workspace.read_lines("long", 1, 10).unwrap();
    assert!(page.cut_lines && !page.invalid_utf8 && page.text.ends_with("]\nshort\n"));
    assert!(
        page.text.contains("[294000 more bytes]"),
        "{}",
        &page.text[5900..]
    );
    assert_eq!(page.total_lines, 2);
}

#[test]
fn huge_files_are_read_by_pages_only() {
    let place = Place::new();
    let line = "0123456789abcdef0123456789abcde\n";
    place.put("huge", line.repeat(1_200_000));
    let workspace = place.workspace();
    assert!(matches!(
        workspace.read("huge"),
        Err(Refusal::Unsuitable(_))
    ));
    let page = workspace.read_lines("huge", 1_199_999, 500).unwrap();
    assert_eq!(
        (page.lines, page.total_lines, page.next_line),
        (2, 1_200_000, None)
    );
    // A page never passes its size, however many lines are asked for.
    let page = workspace.read_lines("huge", 1, 1_000_000).unwrap();
    assert!(page.text.len() <= mira_workspace::files::MAX_PAGE_BYTES + line.len());
    assert_eq!(page.next_line, Some(page.lines + 1));
}

#[test]
fn writing_keeps_mode_and_follows_links_inside() {
    let place = Place::with(&[("run.sh", "old"), ("target.txt", "old")]);
    let script = place.root().join("run.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("target.txt", place.root().join("link.txt")).unwrap();
    let workspace = place.workspace();

    let change = workspace.write("run.sh", b"new").unwrap().change;
    assert_eq!(std::fs::metadata(&script).unwrap().mode() & 0o7777, 0o755);
    assert_eq!(change.before.unwrap().mode, 0o755);
    let change = workspace.write("link.txt", b"new").unwrap().change;
    assert_eq!(change.path, "target.txt");
    assert!(place.root().join("link.txt").is_symlink());
    assert_eq!(place.text("target.txt"), "new");

    let written = workspace.write("new/deep/file", b"x").unwrap();
    assert!(written.change.before.is_none());
    let paths: Vec<_> = written
        .into_changes()
        .into_iter()
        .map(|change| change.path)
        .collect();
    assert_eq!(paths, ["new", "new/deep", "new/deep/file"]);
    assert_eq!(
        workspace.write("run.sh", b"new").unwrap().into_changes(),
        []
    );

    // A link is deleted itself.
    let change = workspace.delete("link.txt").unwrap();
    assert_eq!(change.before.unwrap().kind, Kind::Symlink);
    assert_eq!(place.text("target.txt"), "new");
    assert!(matches!(
        workspace.delete("link.txt"),
        Err(Refusal::Missing(_))
    ));
    assert!(matches!(
        workspace.delete("new"),
        Err(Refusal::Unsuitable(_))
    ));
    assert!(matches!(
        workspace.write("new", b""),
        Err(Refusal::Unsuitable(_))
    ));
    assert!(matches!(workspace.read("new"), Err(Refusal::Unsuitable(_))));
}

#[test]
fn a_write_that_fails_leaves_the_file() {
    let place = Place::with(&[("locked", "old"), ("dir/file", "old")]);
    let locked = place.root().join("locked");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o444)).unwrap();
    let workspace = place.workspace();
    let told = workspace.write("locked", b"new").unwrap_err().to_string();
    assert!(told.contains("read-only (mode 444)"), "{told}");
    assert_eq!(place.text("locked"), "old");
    assert!(workspace.write("dir/file/below", b"new").is_err());
    assert_eq!(place.text("dir/file"), "old");
    let names = std::fs::read_dir(place.root()).unwrap().count();
    assert_eq!(names, 2, "no temporary file is left");
}

/// A full disk, made by the limit on the size of files, in a process of its own.
#[test]
fn a_full_disk_leaves_the_file() {
    if let Some(root) = std::env::var_os("MIRA_TEST_FULL_DISK") {
        let root = std::path::PathBuf::from(root);
        // SAFETY: plain calls; SIGXFSZ is ignored so that writes fail instead.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            let limit = libc::rlimit {
                rlim_cur: 4096,
                rlim_max: 4096,
            };
            assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
        }
        let blobs = mira_workspace::Blobs::open(&root.join("../data/blobs")).unwrap();
        let workspace =
            mira_workspace::Workspace::open(&root, Access::Project, blobs, Vec::new()).unwrap();
        assert!(matches!(
            workspace.write("file", &[b'x'; 100_000]),
            Err(Refusal::Broken(_))
        ));
        return;
    }
    let place = Place::with(&[("file", "old")]);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "files::a_full_disk_leaves_the_file",
            "--exact",
            "--nocapture",
        ])
        .env("MIRA_TEST_FULL_DISK", place.root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(place.text("file"), "old");
    assert_eq!(std::fs::read_dir(place.root()).unwrap().count(), 1);
}
