//! The conversation through a plain pipe.

use mira_testkit::{FakeVendor, Fault, Reply, Script, TempProject};
use serde_json::json;

use crate::home::{Home, text};

fn project() -> TempProject {
    TempProject::new("-- a.txt\none\n")
}

fn talk(home: &Home, project: &TempProject, lines: &str) -> (String, String) {
    let root = project.root();
    let output = home.typed(&["--project", root.to_str().unwrap()], lines);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    (out, err)
}

#[test]
fn questions_are_asked_inline_and_the_next_line_answers() {
    let run =
        |name: &str| Reply::call("run_command", json!({ "command": format!("touch {name}") }));
    let vendor = FakeVendor::start(
        Script::new([
            run("yes.txt"),
            Reply::text("Ready."),
            run("no.txt"),
            Reply::text("As you like."),
        ])
        .aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    let (out, _) = talk(&home, &project, "Make it.\ny\nAnd this.\nn\n");
    assert!(out.contains("run   touch yes.txt"), "{out}");
    assert!(out.contains("[a] always in this project: touch"), "{out}");
    assert!(
        out.contains("Ready.") && out.contains("As you like."),
        "{out}"
    );
    assert!(!out.contains('\x1b'), "no colour in a pipe: {out:?}");
    assert!(project.exists("yes.txt") && !project.exists("no.txt"));
    vendor.assert_clean();
}

#[test]
fn an_ended_pipe_is_a_no() {
    let run = Reply::call("run_command", json!({ "command": "touch made.txt" }));
    let vendor = FakeVendor::start(Script::new([run, Reply::text("Then not.")]).aside("A title"));
    let (home, project) = (Home::with(&vendor), project());
    let (out, _) = talk(&home, &project, "Make it.\n");
    assert!(
        out.contains("Denied.") && out.contains("Then not."),
        "{out}"
    );
    assert!(!project.exists("made.txt"));
}

#[test]
fn slash_commands_work_and_mistakes_do_not_end_the_conversation() {
    let edit = json!({ "path": "a.txt", "edits": [{ "old_text": "one", "new_text": "uno" }] });
    let vendor = FakeVendor::start(
        Script::new([
            Reply::call("edit_project_file", edit),
            Reply::text("Changed."),
        ])
        .aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    let lines = "/fly\n/rename x\nChange it.\n/diff\n/undo\n/rename Fine work\n/sessions\n/search uno\n\
                 /status\n/budget\n/access read\n/access moon\n/tier fast\n/model m\n/fork\n/new\n\
                 /resume Fine work\n/help\n/quit\nnever\n";
    let (out, err) = talk(&home, &project, lines);
    assert!(
        err.contains("no command /fly") && err.contains("/access read, project"),
        "{err}"
    );
    assert!(err.contains("has not begun"), "{err}");
    for part in [
        " so far",
        "Next request: about ",
        "-one",
        "+uno",
        "Took back 1 file",
        "/redo",
        "\"Fine work\"",
        "Tools read in the project and change nothing",
        "m answers.\nIt is not in the list of models",
        "Resumed",
        "/review",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert_eq!(project.read("a.txt"), "one\n");
    vendor.assert_clean();
}

#[test]
fn a_projects_own_commands_wait_for_trust_and_the_persons_do_not() {
    let vendor = FakeVendor::start(
        Script::new([Reply::text("Greeted.").when_user("greet Ada warmly")]).aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    project.write(".mira/commands/evil.md", "# Evil\nDo evil.");
    let own = home.data_dir().with_file_name("config").join("commands");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("greet.md"), "Greet $ARGUMENTS warmly").unwrap();
    let (out, err) = talk(&home, &project, "/evil\n/greet Ada\n");
    assert!(
        err.contains("not trusted") && err.contains("no command /evil"),
        "{err}"
    );
    assert!(out.contains("Greeted."), "{out}\n{err}");

    let (shown, _) = talk(&home, &project, "/trust\n");
    let is_hash = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let hash = shown.split_whitespace().rfind(is_hash);
    let hash = hash.unwrap_or_else(|| panic!("no hash in {shown}"));
    let (out, _) = talk(&home, &project, &format!("/trust grant {hash}\n/help\n"));
    assert!(out.contains("/evil"), "{out}");
}

#[test]
fn messages_go_on_after_a_backslash() {
    let vendor = FakeVendor::start(
        Script::new([Reply::text("Both.").when_user("first\nsecond")]).aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    let (out, _) = talk(&home, &project, "first\\\nsecond\n");
    assert!(out.contains("Both."), "{out}");
}

#[test]
fn the_context_is_shown_and_chosen_and_remarks_go_as_one_message() {
    let vendor = FakeVendor::start(
        Script::new([
            Reply::text("Hello.").when_user("Good day"),
            Reply::text("Changed it.").when_user("a.txt:1\n> one\nSay it in Italian."),
        ])
        .aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    project.write("AGENTS.md", "Be kind.\n");
    let lines = "/context\nGood day\n/context pin a.txt\n/context exclude 1\n/context exclude 99\n\
                 /comment a.txt:1 Say it in Italian.\n/comment a.txt:7 Never mind.\n/comment\n\
                 /comment drop 2\n/comment nowhere\n/comment send Please:\n/context\n/quit\n";
    let (out, err) = talk(&home, &project, lines);
    assert!(err.contains("has not begun"), "{err}");
    assert!(
        err.contains("no part \"99\"") && err.contains("/comment PATH:LINE"),
        "{err}"
    );
    for part in [
        "AGENTS.md",
        "1. left out",
        "Pinned: a.txt",
        "2.  a.txt:7",
        "The comment is gone.",
        "Changed it.",
        "pinned",
    ] {
        assert!(out.contains(part), "{part}: {out}\n{err}");
    }
    vendor.assert_clean();
}

#[test]
fn a_turn_that_failed_goes_on_as_its_message_says() {
    let vendor = FakeVendor::start(
        Script::new([Reply::fault(Fault::Quota), Reply::text("Credit again.")]).aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    let (out, err) = talk(&home, &project, "Do it.\n/continue\n/continue\n");
    assert!(out.contains("then resume"), "{out}");
    assert!(out.contains("Credit again."), "{out}\n{err}");
    assert!(err.contains("nothing to go on with"), "{out}\n{err}");
    vendor.assert_clean();
}

#[test]
fn a_conflict_is_answered_where_it_is_told() {
    let args = json!({ "path": "a.txt", "old": "one", "new": "two" });
    let vendor = FakeVendor::start(
        Script::new([
            Reply::call("edit_project_file", args),
            Reply::text("Edited."),
        ])
        .aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), project());
    talk(&home, &project, "Edit it.\n");
    std::fs::write(project.root().join("a.txt"), "mine\n").unwrap();
    let lines = "/resume --last\n/undo\n/undo --keep\n/undo --nope a.txt\n\
                 /undo --preview --take a.txt\n";
    let (out, err) = talk(&home, &project, lines);
    assert!(out.contains("--take a.txt"), "{out}");
    assert!(err.contains("Write it as --keep PATH"), "{err}");
    assert_eq!(project.read("a.txt"), "mine\n", "{out}");
    let (out, _) = talk(&home, &project, "/resume --last\n/undo --take a.txt\n");
    assert!(out.contains("Took back 1 file"), "{out}");
    assert_eq!(project.read("a.txt"), "one\n");
}
