//! Which files are in the index, and that it follows them.

use mira_index::LanguageConfig;

use crate::{Place, found, sync, whole};

#[tokio::test]
async fn words_are_found_as_code_is_read() {
    let place = Place::with(&[
        (
            "src/http.rs",
            "/// Reads the head of a request.\npub fn parse_http_header() {}\n",
        ),
        ("src/other.rs", "pub fn other() {}\n"),
        ("notes.txt", "An umbrella stands in the corner.\n"),
    ]);
    let index = place.synced().await;
    assert_eq!(found(&index, "parseHttpHeader").await, ["src/http.rs"]);
    assert_eq!(found(&index, "request head").await, ["src/http.rs"]);
    assert_eq!(found(&index, "umbrellas").await, ["notes.txt"]);
    assert!(found(&index, "absent").await.is_empty());
    assert!(found(&index, "\" OR * ( NEAR").await.is_empty());
}

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let place = Place::with(&[("a.py", "def one(): pass\n"), ("b.py", "def two(): pass\n")]);
    let index = place.synced().await;
    assert_eq!(whole(&index).await.changed, 0);
    place.put("b.py", "def three(): pass\n");
    let report = whole(&index).await;
    assert_eq!((report.changed, report.gone), (1, 0));
    assert!(found(&index, "two").await.is_empty());
    assert_eq!(found(&index, "three").await, ["b.py"]);
    std::fs::remove_file(place.root().join("a.py")).unwrap();
    assert_eq!(whole(&index).await.gone, 1);
    assert!(found(&index, "one").await.is_empty());
}

#[tokio::test]
async fn paths_are_looked_at_alone_and_folders_with_what_is_in_them() {
    let place = Place::with(&[
        ("a/x.py", "def apple(): pass\n"),
        ("b.py", "def bean(): pass\n"),
    ]);
    let index = place.synced().await;
    place.put("a/x.py", "def cherry(): pass\n");
    place.put("b.py", "def date(): pass\n");
    sync(&index, &["a/x.py"]).await;
    assert_eq!(found(&index, "cherry").await, ["a/x.py"]);
    assert!(
        found(&index, "date").await.is_empty(),
        "b.py was not asked for"
    );
    std::fs::rename(place.root().join("a"), place.root().join("c")).unwrap();
    sync(&index, &["a", "c"]).await;
    assert_eq!(found(&index, "cherry").await, ["c/x.py"]);
}

#[tokio::test]
async fn what_gitignore_hides_is_not_there_however_it_is_asked_for() {
    let place = Place::with(&[
        (".gitignore", "target/\n*.log\n"),
        ("target/deep/x.rs", "fn hidden() {}\n"),
        ("a.log", "hidden\n"),
        ("a.rs", "fn shown() {}\n"),
    ]);
    let index = place.synced().await;
    sync(&index, &["target/deep/x.rs", "a.log", "../outside.rs"]).await;
    assert!(found(&index, "hidden").await.is_empty());
    place.put(".gitignore", "*.log\n");
    whole(&index).await;
    assert_eq!(found(&index, "hidden").await, ["target/deep/x.rs"]);
    place.put(".gitignore", "target/\n*.log\n");
    whole(&index).await;
    assert!(found(&index, "hidden").await.is_empty());
}

#[tokio::test]
async fn every_file_that_is_not_read_is_named_with_its_reason() {
    let place = Place::with(&[("ok.rs", "fn ok() {}\n"), ("empty.rs", "")]);
    place.put("image.png", b"\x89PNG\0\0\0binary");
    place.put("latin.py", b"# caf\xe9\ndef latin(): pass\n");
    place.put("wide.txt", b"\xff\xfew\0i\0d\0e\0");
    place.put("huge.txt", "x".repeat(5 * 1024 * 1024));
    place.put("crlf.py", "def one():\r\n    pass\r\n");
    std::os::unix::fs::symlink("/etc/passwd", place.root().join("out")).unwrap();
    std::os::unix::fs::symlink("ok.rs", place.root().join("in.rs")).unwrap();
    let pipe = place.root().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let index = place.synced().await;
    let mut notes: Vec<(String, String, bool)> = index
        .noted_files()
        .await
        .unwrap()
        .into_iter()
        .filter_map(|file| Some((file.path, file.note?)))
        .map(|(path, note)| (path, note.kind, note.is_skipped))
        .collect();
    notes.sort();
    let expected = [
        ("huge.txt", "too_large", true),
        ("image.png", "binary", true),
        ("in.rs", "link", true),
        ("latin.py", "not_utf8", false),
        ("out", "link", true),
        ("pipe", "odd", true),
        ("wide.txt", "utf16", false),
    ];
    let expected =
        expected.map(|(path, kind, skipped)| (path.to_owned(), kind.to_owned(), skipped));
    assert_eq!(notes, expected);
    assert_eq!(found(&index, "latin").await, ["latin.py"]);
    assert_eq!(found(&index, "wide").await, ["wide.txt"]);
    assert_eq!(index.totals().await.unwrap().skipped, 5);
    assert_eq!(index.files().await.unwrap().len(), 10);
}

#[tokio::test]
async fn a_language_can_be_switched_off_given_extensions_and_limits() {
    let place = Place::with(&[
        ("a.py", "def alpha(): pass\n"),
        ("b.pyx9", "def beta(): pass\n"),
    ]);
    let index = place.synced().await;
    let python = |enabled, max_bytes| LanguageConfig {
        language: "Python".into(),
        enabled,
        extensions: vec!["pyx9".into()],
        max_bytes,
        max_ms: 500,
    };
    index.set_language(python(true, 1_000)).await.unwrap();
    whole(&index).await;
    let language = index.file("b.pyx9").await.unwrap().unwrap().language;
    assert_eq!(language.as_deref(), Some("Python"));
    index.set_language(python(false, 1_000)).await.unwrap();
    whole(&index).await;
    assert!(found(&index, "alpha").await.is_empty());
    drop(index);
    let index = place.open().await;
    let kept = index
        .languages()
        .into_iter()
        .find(|one| one.language == "Python")
        .unwrap();
    assert_eq!(kept, python(false, 1_000));
    assert!(
        index
            .set_language(LanguageConfig {
                max_bytes: 0,
                ..kept.clone()
            })
            .await
            .is_err()
    );
    let odd = LanguageConfig {
        language: "Klingon".into(),
        ..kept.clone()
    };
    assert!(index.set_language(odd).await.is_err());

    // What would do nothing, or be one of two, is refused with the reason.
    let refused = async |config| index.set_language(config).await.unwrap_err().to_string();
    let more_than_is_read = LanguageConfig {
        max_bytes: 90_000_000,
        ..kept.clone()
    };
    let why = refused(more_than_is_read).await;
    assert!(why.contains("4194304"), "{why}");
    let taken = LanguageConfig {
        language: "YAML".into(),
        extensions: vec!["PYX9".into()],
        ..kept.clone()
    };
    let why = refused(taken.clone()).await;
    assert!(why.contains("Python already"), "{why}");
    let given_up = LanguageConfig {
        extensions: vec![],
        ..kept
    };
    index.set_language(given_up).await.unwrap();
    index.set_language(taken).await.unwrap();
}

#[tokio::test]
async fn all_that_is_left_out_of_a_file_is_named() {
    let many: String = (0..21_000)
        .map(|number| format!("def step_{number}(): pass\n"))
        .collect();
    let place = Place::with(&[("many.py", &many), ("small.rs", "fn small() {}\n")]);
    let odd = [many.as_bytes(), b"# \xff\n"].concat();
    place.put("odd.py", odd);
    let index = place.synced().await;
    let note = async |path| index.file(path).await.unwrap().unwrap().note.unwrap();

    let both = "Only its first 5000 pieces are searched by words. More than 20000 elements; those after \
                are missing.";
    assert_eq!(note("many.py").await.text, both);
    assert_eq!(note("many.py").await.kind, "too_many");
    let all = note("odd.py").await.text;
    for part in ["first 5000 pieces", "Not UTF-8", "More than 20000 elements"] {
        assert!(all.contains(part), "{all}");
    }

    let rust = LanguageConfig {
        language: "Rust".into(),
        enabled: true,
        extensions: vec![],
        max_bytes: 10,
        max_ms: 500,
    };
    index.set_language(rust).await.unwrap();
    whole(&index).await;
    assert_eq!(
        note("small.rs").await.text,
        "14 B; files over 10 B are not parsed."
    );
}

#[tokio::test]
async fn a_damaged_file_or_one_of_another_version_is_made_anew() {
    let place = Place::with(&[("a.py", "def alpha(): pass\n")]);
    std::fs::create_dir_all(place.database().parent().unwrap()).unwrap();
    std::fs::write(
        place.database(),
        "this is no database, but it is long enough to be one",
    )
    .unwrap();
    let index = place.synced().await;
    assert_eq!(found(&index, "alpha").await, ["a.py"]);
    assert!(index.state().is_complete);
    drop(index);
    let index = place.open().await;
    assert!(index.state().is_complete);
    assert_eq!(found(&index, "alpha").await, ["a.py"]);
}
