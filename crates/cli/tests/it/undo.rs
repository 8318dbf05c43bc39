//! Undo, rewind and checkpoints from the command line; the program killed in the middle.

use std::time::{Duration, Instant};

use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::{Value, json};

use crate::home::{Home, text};

struct On {
    home: Home,
    project: TempProject,
    _vendor: FakeVendor,
}

impl On {
    fn new(files: &str, replies: Vec<Reply>) -> Self {
        let vendor = FakeVendor::start(Script::new(replies).aside("A title"));
        Self {
            home: Home::with(&vendor),
            project: TempProject::new(files),
            _vendor: vendor,
        }
    }

    /// Runs a turn; returns its operation.
    fn ask(&self, words: &[&str]) -> String {
        let ran = self.home.exec(&self.project, words);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.messages[0]["result"]["operation_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn mira(&self, words: &[&str]) -> (bool, String) {
        let root = self.project.root();
        let mut command = self.home.command(words);
        let output = command.current_dir(root).output().unwrap();
        (
            output.status.success(),
            text(&output.stdout) + &text(&output.stderr),
        )
    }

    fn json(&self, words: &[&str]) -> Value {
        let (ok, out) = self.mira(words);
        assert!(ok, "{words:?}: {out}");
        serde_json::from_str(&out).unwrap()
    }
}

fn write(path: &str, content: &str) -> Reply {
    Reply::call(
        "write_project_file",
        json!({"path": path, "content": content}),
    )
}

#[test]
fn a_rewind_is_listed_previewed_done_and_taken_back() {
    let replies = vec![
        write("a.txt", "1\n"),
        Reply::text("One."),
        write("a.txt", "2\n"),
        Reply::text("Two."),
    ];
    let on = On::new("-- a.txt\n0\n", replies);
    on.ask(&["First."]);
    on.ask(&["--last", "Second."]);
    let (ok, list) = on.mira(&["rewind"]);
    assert!(
        ok && list.contains("First.") && list.contains("Second."),
        "{list}"
    );
    let number = list.lines().find(|line| line.contains("Second.")).unwrap();
    let number = number.split_whitespace().next().unwrap();
    let (ok, out) = on.mira(&["rewind", number, "--preview"]);
    assert!(
        ok && out.contains("Would go back") && out.contains("a.txt"),
        "{out}"
    );
    assert_eq!(on.project.read("a.txt"), "2\n");
    let (ok, out) = on.mira(&["rewind", number]);
    assert!(ok && out.contains("mira rewind --undo"), "{out}");
    assert_eq!(on.project.read("a.txt"), "1\n");
    assert!(!on.mira(&["rewind"]).1.contains("Second."));
    let (ok, out) = on.mira(&["rewind", "--undo"]);
    assert!(ok, "{out}");
    assert_eq!(on.project.read("a.txt"), "2\n");

    // Somebody else's work is asked about.
    on.project.write("a.txt", "mine\n");
    let (ok, out) = on.mira(&["rewind", number]);
    assert!(
        !ok && out.contains("--take a.txt") && out.contains("Nothing was touched"),
        "{out}"
    );
    let (ok, out) = on.mira(&["rewind", number, "--take", "a.txt"]);
    assert!(ok, "{out}");
    assert_eq!(on.project.read("a.txt"), "1\n");
    on.mira(&["rewind", "--undo"]);
    assert_eq!(on.project.read("a.txt"), "mine\n", "it is not lost");
}

#[test]
fn checkpoints_are_shown_put_back_and_let_go() {
    let replies = vec![
        write("a.txt", "1\n"),
        write("b.txt", "b\n"),
        Reply::text("Done."),
    ];
    let on = On::new("-- a.txt\n0\n", replies);
    let operation = on.ask(&["Work."]);
    let list = on.json(&["checkpoints", "list", "--json"]);
    let ids: Vec<i64> = list["checkpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["checkpoint_id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    let newest = ids[0].to_string();
    let (_, shown) = on.mira(&["checkpoints", "show", &newest]);
    assert!(shown.contains("b.txt") && shown.contains("+b"), "{shown}");
    let (ok, out) = on.mira(&["checkpoints", "restore", &newest]);
    assert!(ok && !on.project.exists("b.txt"), "{out}");
    let (ok, out) = on.mira(&["checkpoints", "restore", &newest, "--after"]);
    assert!(ok && on.project.exists("b.txt"), "{out}");
    let (ok, out) = on.mira(&["undo", &operation, "--path", "a.txt", "--hunk", "1"]);
    assert!(ok, "{out}");
    assert_eq!(on.project.read("a.txt"), "0\n");
    let (ok, out) = on.mira(&["redo", &operation, "--path", "a.txt", "--hunk", "1"]);
    assert!(ok, "{out}");
    assert_eq!(on.project.read("a.txt"), "1\n");
    let (ok, usage) = on.mira(&["checkpoints", "usage"]);
    assert!(
        ok && usage.contains("saved by sharing")
            && usage.contains(" %)")
            && usage.contains("30 days"),
        "{usage}"
    );
    let (ok, out) = on.mira(&["checkpoints", "prune", &newest]);
    assert!(ok && out.contains("unprune"), "{out}");
    let (ok, out) = on.mira(&["checkpoints", "unprune"]);
    assert!(ok && out.contains("1 checkpoint"), "{out}");
}

/// How often the program is killed; more with `MIRA_UNDO_KILLS`.
fn kills() -> u64 {
    let wanted = std::env::var("MIRA_UNDO_KILLS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn a_killed_undo_is_whole_or_not_at_all() {
    let command =
        "for i in $(seq 150); do echo $i > new$i; done; mkdir deep; mv old* deep; chmod 700 keep";
    let run = Reply::call("run_command", json!({"command": command}));
    let files: String = (0..50).map(|n| format!("-- old{n}\n{n}\n")).collect();
    let on = On::new(
        &format!("{files}-- keep\nkeep\n"),
        vec![run, Reply::text("Done.")],
    );
    let before = on.project.tree();
    let operation = on.ask(&["--approve", "all", "Work."]);
    let after = on.project.tree();
    let begun = Instant::now();
    assert!(on.mira(&["undo", &operation]).0);
    let whole = begun.elapsed();
    assert_eq!(on.project.tree(), before);
    let mut undone = true;
    let mut seed = u64::from(std::process::id());
    for round in 0..kills() {
        let word = if undone { "redo" } else { "undo" };
        let mut child = on
            .home
            .command(&[word, &operation])
            .current_dir(on.project.root())
            .spawn()
            .unwrap();
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Towards the end of its life, where the files are.
        let part = 300 + (seed >> 33) % 800;
        std::thread::sleep(Duration::from_micros(
            whole.as_micros() as u64 * part / 1_000,
        ));
        let _ = child.kill();
        child.wait().unwrap();
        // The next start puts things right.
        on.json(&["checkpoints", "list", "--json"]);
        let tree = on.project.tree();
        assert!(
            tree == before || tree == after,
            "round {round}: half of it is there"
        );
        undone = tree == before;
        // And what is noted agrees with the disk: the other way is open, and only that one.
        let (same, other) = if undone {
            ("undo", "redo")
        } else {
            ("redo", "undo")
        };
        assert!(!on.mira(&[same, &operation]).0, "round {round}");
        let (ok, out) = on.mira(&[other, &operation, "--preview"]);
        assert!(ok, "round {round}: {out}");
    }
}
