use mira_workspace::Refusal;
use mira_workspace::search::{Case, Query};
use tokio_util::sync::CancellationToken;

use crate::Place;

fn place() -> Place {
    let place = Place::with(&[
        (
            "src/main.rs",
            "fn main() {\n    let Needle = 1;\n    needle();\n}\n",
        ),
        ("src/lib.rs", "// needle\n"),
        ("docs/a.md", "no\nneedle here\nno\n"),
        (".github/ci.yml", "run: needle\n"),
        ("ignored/gen.rs", "needle\n"),
        (".gitignore", "ignored/\n*.log\n"),
        ("app.log", "needle\n"),
        (".git/config", "needle\n"),
    ]);
    place.put("binary.bin", b"needle\0needle");
    place.put("latin.txt", b"caf\xe9 needle\n");
    std::fs::write(place.outside().join("far.rs"), "needle\n").unwrap();
    std::os::unix::fs::symlink("../outside", place.root().join("out")).unwrap();
    place
}

fn found(place: &Place, query: Query) -> Vec<String> {
    let found = place
        .workspace()
        .search(&query, &CancellationToken::new())
        .unwrap();
    found
        .files
        .iter()
        .flat_map(|file| file.lines.iter().map(move |line| (file, line)))
        .map(|(file, line)| {
            format!(
                "{}{}{}",
                file.path,
                if line.is_match { ":" } else { "-" },
                line.number
            )
        })
        .collect()
}

fn query(pattern: &str) -> Query {
    Query {
        pattern: pattern.into(),
        ..Query::default()
    }
}

#[test]
fn search_sees_what_people_count_as_the_project() {
    let place = place();
    let everywhere = [
        ".github/ci.yml:1",
        "docs/a.md:2",
        "latin.txt:1",
        "src/lib.rs:1",
        "src/main.rs:2",
        "src/main.rs:3",
    ];
    assert_eq!(found(&place, query("needle")), everywhere);
    assert_eq!(found(&place, query("Needle")), ["src/main.rs:2"]);
    let insensitive = Query {
        case: Case::Insensitive,
        ..query("NEEDLE")
    };
    assert_eq!(found(&place, insensitive), everywhere);
    let rust = Query {
        globs: vec!["*.rs".into(), "!lib.rs".into()],
        ..query("needle")
    };
    assert_eq!(found(&place, rust), ["src/main.rs:2", "src/main.rs:3"]);
    let literal = Query {
        literal: true,
        ..query("needle()")
    };
    assert_eq!(found(&place, literal), ["src/main.rs:3"]);
    let context = Query {
        path: "docs".into(),
        context: 1,
        ..query("needle")
    };
    assert_eq!(
        found(&place, context),
        ["docs/a.md-1", "docs/a.md:2", "docs/a.md-3"]
    );
    let one_file = Query {
        path: "src/lib.rs".into(),
        ..query("^// ")
    };
    assert_eq!(found(&place, one_file), ["src/lib.rs:1"]);
    let ignored = Query {
        path: "ignored".into(),
        ignored: true,
        ..query("needle")
    };
    assert_eq!(found(&place, ignored), ["ignored/gen.rs:1"]);
}

#[test]
fn search_is_capped_and_says_so() {
    let place = place();
    let long = format!("{}needle\n", "x".repeat(5000));
    place.put("long.txt", long.repeat(50));
    let search = |query: Query| {
        place
            .workspace()
            .search(&query, &CancellationToken::new())
            .unwrap()
    };
    let few = search(Query {
        max_matches: 2,
        ..query("needle")
    });
    assert_eq!(few.matches, 2);
    assert!(few.truncated.is_some());
    let exact = search(Query {
        path: "src".into(),
        max_matches: 3,
        ..query("needle")
    });
    assert_eq!((exact.matches, exact.truncated), (3, None));
    let small = search(Query {
        path: "long.txt".into(),
        max_bytes: 1000,
        ..query("needle")
    });
    assert!(small.matches < 4 && small.truncated.is_some());
    assert!(small.files[0].lines[0].text.ends_with("more bytes]"));

    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(
        place.workspace().search(&query("needle"), &cancel),
        Err(Refusal::Cancelled)
    );
    for (bad, told) in [
        (query("("), "not a valid pattern"),
        (query(""), "empty"),
        (
            Query {
                path: "../outside".into(),
                ..query("x")
            },
            "outside the project",
        ),
        (
            Query {
                globs: vec!["[".into()],
                ..query("x")
            },
            "not a valid glob",
        ),
    ] {
        let error = place
            .workspace()
            .search(&bad, &CancellationToken::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn listing_marks_what_is_ignored_and_stays_inside() {
    let place = place();
    let workspace = place.workspace();
    let names = |depth, glob: Option<&str>| {
        let listing = workspace.list("", depth, glob, 100).unwrap();
        listing
            .entries
            .iter()
            .map(|entry| {
                format!(
                    "{}{}{}",
                    entry.path,
                    if entry.is_dir { "/" } else { "" },
                    if entry.ignored { " (ignored)" } else { "" }
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(1, None),
        [
            ".github/",
            "docs/",
            "ignored/ (ignored)",
            "src/",
            ".gitignore",
            "app.log (ignored)",
            "binary.bin",
            "latin.txt",
            "out"
        ]
    );
    assert_eq!(
        names(3, Some("*.rs")),
        ["src/", "src/lib.rs", "src/main.rs"]
    );
    assert!(workspace.list("ignored", 1, None, 10).unwrap().entries[0].ignored);
    let cut = workspace.list("", 3, None, 4).unwrap();
    assert!(cut.truncated && cut.entries.len() == 4);
    assert!(workspace.list("out", 1, None, 10).is_err());
    assert!(matches!(
        workspace.list("src/lib.rs", 1, None, 10),
        Err(Refusal::Unsuitable(_))
    ));
}

#[test]
fn files_are_found_by_parts_of_their_path() {
    let place = Place::with(&[
        ("src/session_store.rs", ""),
        ("src/store.rs", ""),
        ("src/restore/mod.rs", ""),
        ("tests/store_test.rs", ""),
        ("README.md", ""),
        ("src/SessionView.tsx", ""),
    ]);
    let first = |query: &str| {
        place.workspace().find_files(query, 10).unwrap()[0]
            .path
            .clone()
    };
    assert_eq!(first("store"), "src/store.rs");
    assert_eq!(first("sessto"), "src/session_store.rs");
    assert_eq!(first("sv"), "src/SessionView.tsx");
    assert_eq!(first("readme"), "README.md");
    assert_eq!(first("tests/st"), "tests/store_test.rs");
    assert!(place.workspace().find_files("zzz", 10).unwrap().is_empty());
    assert_eq!(place.workspace().find_files("", 3).unwrap().len(), 3);
}
