use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use mira_workspace::{Access, Intent, Refusal};
use proptest::prelude::*;

use crate::Place;

fn why(result: Result<impl std::fmt::Debug, Refusal>) -> String {
    match result {
        Err(refusal) => refusal.to_string(),
        Ok(found) => panic!("let through: {found:?}"),
    }
}

#[test]
fn paths_inside_mean_what_they_say() {
    let place = Place::with(&[("src/a.rs", "a"), ("naïve 漢字/ü.txt", "u")]);
    symlink("src", place.root().join("link")).unwrap();
    symlink("new.txt", place.root().join("dangling")).unwrap();
    let workspace = place.workspace();
    let absolute = place.root().join("src/a.rs");
    for (path, relative) in [
        ("src/a.rs", "src/a.rs"),
        ("./src//a.rs", "src/a.rs"),
        ("src/../src/a.rs", "src/a.rs"),
        ("link/a.rs", "src/a.rs"),
        ("nowhere/../src/a.rs", "src/a.rs"),
        (absolute.to_str().unwrap(), "src/a.rs"),
        ("../project/src/a.rs", "src/a.rs"),
        ("naïve 漢字/ü.txt", "naïve 漢字/ü.txt"),
        ("new/deep/file.rs", "new/deep/file.rs"),
        ("dangling", "new.txt"),
        ("..a", "..a"),
        ("", ""),
        (".", ""),
    ] {
        let found = workspace.resolve(path, Intent::Read).unwrap();
        assert_eq!(found.relative.as_deref(), Some(relative), "{path}");
    }
    assert!(workspace.resolve(".git/HEAD", Intent::Read).is_ok());
}

#[test]
fn hard_cases_are_refused_with_a_reason() {
    let place = Place::with(&[("file", ""), (".git/config", "")]);
    let outside = place.outside();
    std::fs::write(outside.join("secret"), "s").unwrap();
    let root = place.root();
    symlink(outside.join("secret"), root.join("absolute")).unwrap();
    symlink("../outside", root.join("folder")).unwrap();
    symlink("folder/secret", root.join("chain")).unwrap();
    symlink("../outside/not-there", root.join("dangling-out")).unwrap();
    symlink("loop-b", root.join("loop-a")).unwrap();
    symlink("loop-a", root.join("loop-b")).unwrap();
    symlink(".git", root.join("git-link")).unwrap();
    symlink("/dev/null", root.join("null")).unwrap();
    let fifo = std::ffi::CString::new(root.join("fifo").as_os_str().as_bytes()).unwrap();
    // SAFETY: a plain call with a valid path.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let odd = outside.join(OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&odd).unwrap();

    let workspace = place.workspace();
    let sibling = format!("{}-2/file", root.display());
    let long = "x".repeat(256);
    let longer = "x/".repeat(3000);
    for (path, reason) in [
        ("../outside/secret", "is outside the project"),
        ("..", "is outside the project"),
        ("/etc/passwd", "use a path relative to the project root"),
        ("src/../../outside/secret", "is outside the project"),
        ("nowhere/../../x", "is outside the project"),
        (&sibling, "is outside the project"),
        ("absolute", "after following links"),
        ("folder/secret", "after following links"),
        ("folder/new", "after following links"),
        ("chain", "is outside the project"),
        ("dangling-out", "is outside the project"),
        ("~/x", "is outside the project"),
        ("loop-a", "a loop?"),
        ("file/below", "as if it were a folder"),
        ("a\0b", "NUL"),
        (&long, "at most 255"),
        (&longer, "at most 4096"),
        ("fifo", "a named pipe"),
        ("socket", "a socket"),
        ("null", "is outside the project"),
    ] {
        for intent in [Intent::Read, Intent::Write] {
            let told = why(workspace.resolve(path, intent));
            assert!(told.contains(reason), "{path:?}: {told}");
        }
    }
    for path in [
        ".git",
        ".git/config",
        ".git/hooks/new",
        "sub/.git/x",
        ".GIT/config",
        "git-link/config",
    ] {
        let told = why(workspace.resolve(path, Intent::Write));
        assert!(told.contains("git"), "{path}: {told}");
    }
    assert!(why(workspace.resolve(".", Intent::Write)).contains("project folder itself"));
    assert!(why(workspace.write("folder/new", b"x")).contains("outside"));
    assert!(!outside.join("new").exists());
}

#[test]
fn access_modes_reach_as_far_as_they_say() {
    let place = Place::with(&[("a", "a")]);
    let outside = place.outside().join("b");
    std::fs::write(&outside, "b").unwrap();
    let outside = outside.to_str().unwrap();
    let data = place
        .dir
        .path()
        .canonicalize()
        .unwrap()
        .join("data/mira.db");

    let read = place.workspace_with(Access::Read);
    assert!(read.resolve("a", Intent::Read).is_ok());
    assert!(why(read.write("a", b"x")).contains("may only read"));
    assert!(why(read.resolve(outside, Intent::Read)).contains("outside"));

    let system = place.workspace_with(Access::System);
    assert_eq!(system.read(outside).unwrap().bytes, b"b");
    let written = system.write(outside, b"new").unwrap();
    assert_eq!(written.change.path, outside);
    assert!(why(system.read("/dev/zero")).contains("a device"));
    for access in [Access::Project, Access::Home, Access::System] {
        let workspace = place.workspace_with(access);
        assert!(
            workspace
                .resolve(data.to_str().unwrap(), Intent::Read)
                .is_err()
        );
    }
}

#[test]
fn a_project_inside_protected_data_can_be_used_and_nothing_beside_it() {
    let place = Place::new();
    let root = place.dir.path().join("data/projects/demo");
    std::fs::create_dir_all(&root).unwrap();
    let protected = vec![place.dir.path().join("data")];
    let workspace =
        mira_workspace::Workspace::open(&root, Access::System, place.blobs.clone(), protected)
            .unwrap();
    workspace.write("a.txt", b"a").unwrap();
    assert!(why(workspace.read("../other/a.txt")).contains("Mira's own data"));
    assert!(why(workspace.write("../../blobs/x", b"")).contains("Mira's own data"));
}

/// One thing in a farm of files and links.
#[derive(Debug, Clone)]
enum Thing {
    File,
    Dir,
    Link(String),
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn path() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => name(),
        2 => Just("..".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("outside".to_owned()),
        1 => Just("project".to_owned()),
    ];
    (any::<bool>(), prop::collection::vec(part, 1..7)).prop_map(|(rooted, parts)| {
        let path = parts.join("/");
        if rooted { format!("ROOT/{path}") } else { path }
    })
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![1 => Just(Thing::File), 1 => Just(Thing::Dir), 3 => path().prop_map(Thing::Link)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever links there are and whatever is asked: nothing outside is read, written, deleted.
    #[test]
    fn no_path_escapes(
        farm in prop::collection::vec((prop::collection::vec(name(), 1..4), thing()), 0..12),
        asked in prop::collection::vec(path(), 1..12),
    ) {
        let place = Place::new();
        let root = place.root();
        let real = |path: &str| path.replace("ROOT", root.parent().unwrap().to_str().unwrap());
        for name in ["a", "b", "c", "d"] {
            std::fs::write(place.outside().join(name), "OUTSIDE").unwrap();
        }
        for (parts, thing) in farm {
            let path = root.join(parts.join("/"));
            // What is in the way stays: then this thing is not made.
            let Ok(parent) = path.parent().unwrap().canonicalize() else {
                let _ = std::fs::create_dir_all(path.parent().unwrap());
                continue;
            };
            if !parent.starts_with(&root) || path.symlink_metadata().is_ok() {
                continue;
            }
            let _ = match thing {
                Thing::File => std::fs::write(&path, "INSIDE"),
                Thing::Dir => std::fs::create_dir(&path),
                Thing::Link(target) => symlink(real(&target), &path),
            };
        }
        // All but the project and Mira's own data, which the farm's links may have reached.
        let beside = || {
            let mut all = crate::tree(root.parent().unwrap());
            all.retain(|(path, ..)| !path.starts_with("project/") && !path.starts_with("data/"));
            all
        };
        let before = beside();
        let workspace = place.workspace();
        for path in asked {
            let path = real(&path);
            if let Ok(found) = workspace.resolve(&path, Intent::Read) {
                prop_assert!(found.absolute.starts_with(&root), "{path} -> {found:?}");
                if let Ok(kernel) = root.join(&path).canonicalize() {
                    prop_assert_eq!(&kernel, &found.absolute);
                }
            }
            if let Ok(file) = workspace.read(&path) {
                prop_assert_ne!(file.bytes, b"OUTSIDE");
            }
            let _ = workspace.write(&path, b"WRITTEN");
            let _ = workspace.delete(&path);
        }
        prop_assert_eq!(before, beside());
    }
}
