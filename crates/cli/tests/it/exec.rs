//! `mira exec`, its exit codes, and taking back what it did.

use std::io::Read;

use mira_testkit::{FakeVendor, Fault, Reply, Script, TempProject};
use rustix::process::Signal;
use serde_json::json;

use crate::home::{Home, Ran, ended, signal, text};

fn fixture() -> TempProject {
    TempProject::new("-- a.txt\none\ntwo\n-- src/b.txt\nkeep\n")
}

fn script(replies: impl IntoIterator<Item = Reply>) -> Script {
    Script::new(replies).aside("A title")
}

#[test]
fn a_turn_reads_edits_and_runs_and_undo_restores_every_byte() {
    let vendor = FakeVendor::start(script([
        Reply::call("read_project_file", json!({ "path": "a.txt" })).with_text("I will look."),
        Reply::call(
            "edit_project_file",
            json!({ "path": "a.txt", "edits": [{ "old_text": "one", "new_text": "uno" }] }),
        ),
        Reply::call(
            "run_command",
            json!({ "command": "rm src/b.txt && echo new > c.txt" }),
        ),
        Reply::text("Done."),
    ]));
    let (home, project) = (Home::with(&vendor), fixture());
    let before = project.tree();
    let ran = home.exec(&project, &["--approve", "all", "Change it."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.messages[0]["type"], "reply");
    assert_eq!(ran.last()["type"], "chat_complete", "{}", ran.last());
    assert_eq!(ran.last()["content"], "Done.");
    let ends = |message: &&serde_json::Value| message["type"] == "chat_complete";
    assert_eq!(ran.messages.iter().filter(ends).count(), 1);
    let seqs: Vec<_> = ran
        .messages
        .iter()
        .filter_map(|m| m["seq"].as_u64())
        .collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert!(
        ran.stderr.contains("edit_project_file"),
        "people read along: {}",
        ran.stderr
    );
    vendor.assert_clean();

    let after = project.tree();
    assert_eq!(project.read("a.txt"), "uno\ntwo\n");
    assert!(project.exists("c.txt") && !project.exists("src/b.txt"));
    let root = project.root();
    let root = root.to_str().unwrap();
    let undone = home.run(&["undo", "--project", root]);
    assert!(undone.status.success(), "{}", text(&undone.stderr));
    assert_eq!(project.tree(), before);
    let redone = home.run(&["redo", "--project", root]);
    assert!(redone.status.success(), "{}", text(&redone.stderr));
    assert_eq!(project.tree(), after);
}

#[test]
fn plain_output_is_the_answer_alone_and_the_prompt_may_be_piped() {
    let vendor = FakeVendor::start(script([
        Reply::call("list_project_files", json!({})),
        Reply::text("It is **small**.").when_user("how large"),
    ]));
    let (home, project) = (Home::with(&vendor), fixture());
    let root = project.root();
    let args = ["exec", "--project", root.to_str().unwrap(), "-"];
    let output = home.typed(&args, "How large\nis it?");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "It is **small**.\n");
    assert!(text(&output.stderr).contains("list_project_files"));
}

#[test]
fn a_session_is_gone_on_with_by_id_and_as_the_last_one() {
    let vendor = FakeVendor::start(script([
        Reply::text("One."),
        Reply::text("Two."),
        Reply::text("Three."),
    ]));
    let (home, project) = (Home::with(&vendor), fixture());
    let first = home.exec(&project, &["First."]);
    let second = home.exec(&project, &["--session", first.session(), "Second."]);
    let third = home.exec(&project, &["--last", "Third."]);
    assert_eq!(
        (second.session(), third.session()),
        (first.session(), first.session())
    );
    assert_eq!(third.last()["content"], "Three.");
    vendor.assert_clean();
    let shown = home.run(&["sessions", "show", first.session()]);
    let shown = text(&shown.stdout);
    for part in ["First.", "One.", "Third.", "Three."] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn each_kind_of_end_has_its_exit_code() {
    let project = fixture();
    let faulty = |fault| FakeVendor::start(script([Reply::fault(fault).always()]));
    let end = |home: &Home, args: &[&str], code: i32, error: &str| {
        let ran = home.exec(&project, args);
        assert_eq!((ran.code, ran.error()), (code, error), "{}", ran.last());
        assert!(
            ran.last()["hint"].is_string(),
            "a next step: {}",
            ran.last()
        );
        assert!(ran.stderr.contains("error:"), "{}", ran.stderr);
    };

    // Without a key nothing is sent, so that the real address does no harm here.
    let real = Home::at("https://api.openai.com/v1").without_key();
    end(&real, &["Hi."], 5, "key_missing");
    end(
        &Home::with(&faulty(Fault::Unauthorized)),
        &["Hi."],
        5,
        "key_rejected",
    );
    end(
        &Home::with(&faulty(Fault::Quota)),
        &["Hi."],
        5,
        "quota_exceeded",
    );
    let lost = Home::with(&faulty(Fault::NoSuchPath)).exec(&project, &["Hi."]);
    assert_eq!(lost.code, 5, "a wrong URL: {}", lost.last());

    let asks = || {
        let run = Reply::call("run_command", json!({ "command": "npm publish" }));
        FakeVendor::start(script([run, Reply::text("Published.")]))
    };
    end(&Home::with(&asks()), &["Publish."], 4, "approval_needed");
    let dear = FakeVendor::start(script([Reply::text("Hello.")]));
    end(
        &Home::with(&dear),
        &["--max-cost", "0.000001", "Hi."],
        3,
        "budget_exceeded",
    );
    assert!(dear.requests().is_empty(), "stopped before it was spent");
}

#[test]
fn wrong_usage_ends_with_two() {
    let home = Home::at("http://127.0.0.1:9/v1");
    let cases: [&[&str]; 6] = [
        &["exec"],
        &["exec", "  "],
        &["exec", "--approve", "perhaps", "Hi."],
        &["exec", "--max-cost", "-1", "Hi."],
        &["exec", "--session", "a", "--last", "Hi."],
        &["fly"],
    ];
    for args in cases {
        let output = home.run(args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            text(&output.stderr)
        );
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    let wrong = home
        .command(&["status"])
        .env("MIRA_PORT", "seventy")
        .output()
        .unwrap();
    let told = text(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2), "{told}");
    assert!(
        told.contains("MIRA_PORT") && told.contains("seventy"),
        "{told}"
    );
}

#[test]
fn ctrl_c_ends_the_turn_and_its_commands_with_130() {
    let command = "echo $$ > begun.txt; sleep 600; true";
    let vendor = FakeVendor::start(script([Reply::call(
        "run_command",
        json!({ "command": command }),
    )]));
    let (home, project) = (Home::with(&vendor), fixture());
    let root = project.root();
    let args = [
        "exec",
        "--json",
        "--approve",
        "all",
        "--project",
        root.to_str().unwrap(),
        "Wait.",
    ];
    let child = home.command(&args).spawn().unwrap();
    wait_for(&project, "begun.txt");
    signal(&child, Signal::INT);
    let ran = Ran::of(ended(child));
    assert_eq!(
        (ran.code, ran.error()),
        (130, "cancelled"),
        "{}",
        ran.stderr
    );
    let answered = ran
        .messages
        .iter()
        .any(|message| message["event_type"] == "tool_result");
    assert!(answered, "the open call has a result");
}

#[test]
fn after_kill_9_the_turn_is_interrupted_and_can_go_on() {
    let command = "echo begun > begun.txt; sleep 600";
    let vendor = FakeVendor::start(script([
        Reply::call("run_command", json!({ "command": command })),
        Reply::text("Where was I? Done."),
    ]));
    let (home, project) = (Home::with(&vendor), fixture());
    let root = project.root();
    let root = root.to_str().unwrap();
    let args = [
        "exec",
        "--json",
        "--approve",
        "all",
        "--project",
        root,
        "Wait.",
    ];
    let mut child = home.command(&args).spawn().unwrap();
    wait_for(&project, "begun.txt");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    let mut seen = String::new();
    let shell = project.read("begun.txt");
    // Its children may hold the pipe open: read what the program itself wrote first.
    child
        .stdout
        .take()
        .unwrap()
        .take(120)
        .read_to_string(&mut seen)
        .unwrap();

    let list = home.run(&["sessions", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    let session = &list["sessions"][0];
    assert!(session["resumable_operation_id"].is_string(), "{session}");
    assert!(session["running_operation_id"].is_null(), "{session}");
    let alive = std::path::Path::new("/proc").join(shell.trim()).exists();
    assert!(!alive, "the command of the dead engine still runs");
    let undone = home.run(&["undo", "--project", root]);
    assert!(undone.status.success(), "{}", text(&undone.stderr));
    assert!(
        !project.exists("begun.txt"),
        "what the command made is taken back"
    );
    let output = home.typed(&["--last", "--project", root], "/continue\n");
    let told = text(&output.stdout);
    assert!(
        output.status.success() && told.contains("Where was I? Done."),
        "{told}"
    );
    vendor.assert_clean();
}

fn wait_for(project: &TempProject, path: &str) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !project.exists(path) {
        assert!(std::time::Instant::now() < patience, "{path} never came");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// No file may grow as far as the answer would need: like a full disk, and without one.
#[test]
fn a_database_that_cannot_grow_ends_the_turn_and_says_so() {
    let vendor = FakeVendor::start(script([
        Reply::text("Ready."),
        Reply {
            text: "word ".repeat(20_000),
            piece: 20,
            pace_ms: 2,
            ..Reply::default()
        },
        Reply::text("There is room again."),
    ]));
    let (home, project) = (Home::with(&vendor), fixture());
    let root = project.root();
    let first = home.exec(&project, &["hello"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let log = home.data_dir().join("mira.db-wal");
    let kib = std::fs::metadata(log).unwrap().len() / 1024 + 500;
    let line = format!(
        "trap '' XFSZ; ulimit -f {kib}; exec {} exec --json --last --project {} more",
        env!("CARGO_BIN_EXE_mira"),
        root.display(),
    );
    let command = home.command(&[]);
    let mut limited = std::process::Command::new("bash");
    limited.args(["-c", &line]).env_clear();
    for (name, value) in command.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    limited.stdin(std::process::Stdio::null());
    limited.stdout(std::process::Stdio::piped());
    limited.stderr(std::process::Stdio::piped());
    let ran = Ran::of(ended(limited.spawn().unwrap()));
    assert_eq!((ran.code, ran.error()), (1, "internal"), "{}", ran.stderr);
    assert!(ran.stderr.contains("The database failed"), "{}", ran.stderr);

    // The next start finds it interrupted, and goes on.
    let again = home.exec(&project, &["--last", "and now?"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(again.session(), first.session());
}

#[test]
fn a_turn_that_its_limit_stopped_goes_on_under_another() {
    let vendor = FakeVendor::start(script([Reply::text("Now it fits.")]));
    let (home, project) = (Home::with(&vendor), fixture());
    let none = home.exec(&project, &["--resume"]);
    assert_eq!((none.code, none.error()), (2, "bad_params"));
    let stopped = home.exec(&project, &["--max-cost", "0.000001", "Do it."]);
    assert_eq!(stopped.code, 3, "{}", stopped.stderr);
    let again = home.exec(&project, &["--resume", "--last", "--max-cost", "0.000001"]);
    assert_eq!(again.code, 3, "{}", again.stderr);
    let on = home.exec(&project, &["--resume", "--last", "--max-cost", "5"]);
    assert_eq!(on.code, 0, "{}", on.stderr);
    assert_eq!(on.last()["content"], "Now it fits.");
    assert_eq!(on.session(), stopped.session());
    let over = home.exec(&project, &["--resume", "--last"]);
    assert_eq!((over.code, over.error()), (1, "conflict"));
    let both = home.run(&["exec", "--resume", "--last", "and a prompt"]);
    assert_eq!(both.status.code(), Some(2));
    vendor.assert_clean();
}

#[test]
fn an_answer_without_words_is_named() {
    let vendor = FakeVendor::start(script([Reply::text("")]));
    let (home, project) = (Home::with(&vendor), fixture());
    let ran = home.exec(&project, &["Hi."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("answered nothing"), "{}", ran.stderr);
}
