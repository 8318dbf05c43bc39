//! Several programs on one data directory, and the commands around the conversation.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use rustix::process::Signal;
use serde_json::json;

use crate::home::{Home, Ran, ended, signal, text};

/// `mira serve` on a free port, ended when dropped.
struct Serving(Child);

impl Serving {
    fn start(home: &Home) -> (Self, Vec<String>) {
        let mut child = home.command(&["serve", "--port", "0"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = vec![
            lines.next().unwrap().unwrap(),
            lines.next().unwrap().unwrap(),
        ];
        (Self(child), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        signal(&self.0, Signal::TERM);
        let _ = self.0.wait();
    }
}

fn hello() -> FakeVendor {
    FakeVendor::start(Script::new([Reply::text("Hello.").always()]).aside("A title"))
}

#[test]
fn a_running_engine_is_attached_to() {
    let vendor = hello();
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    let (serving, said) = Serving::start(&home);
    let address = said[0].strip_prefix("listening on ").unwrap();
    assert!(
        address.starts_with("ws://127.0.0.1:") && address.ends_with("/ws"),
        "{said:?}"
    );
    assert!(said[1].contains("/?link="), "{said:?}");

    let status = home.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["pid"].as_u64(), Some(u64::from(serving.0.id())));
    assert_eq!(status["listening"], address);
    let ran = home.exec(&project, &["Hi."]);
    assert_eq!(
        (ran.code, &ran.last()["type"]),
        (0, &"chat_complete".into()),
        "{}",
        ran.stderr
    );
    let link = home.run(&["link"]);
    assert!(
        text(&link.stdout).starts_with("http://127.0.0.1:"),
        "{}",
        text(&link.stderr)
    );
    drop(serving);
    assert!(!home.run(&["link"]).status.success());
    let ran = home.exec(&project, &["--last", "Hi again."]);
    assert_eq!(
        ran.code, 0,
        "on its own after the engine ended: {}",
        ran.stderr
    );
}

#[test]
fn a_background_command_is_listed_read_and_ended_from_another_terminal() {
    let command = json!({ "command": "echo ready; sleep 600", "background": true });
    let vendor = FakeVendor::start(
        Script::new([Reply::call("run_command", command), Reply::text("Started.")])
            .aside("A title"),
    );
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    let (_serving, _) = Serving::start(&home);
    assert!(text(&home.run(&["jobs"]).stdout).contains("No command runs"));
    let ran = home.exec(&project, &["--approve", "all", "Start it."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let jobs = || -> serde_json::Value {
        serde_json::from_slice(&home.run(&["jobs", "list", "--json"]).stdout).unwrap()
    };
    let job = jobs()["jobs"][0].clone();
    assert_eq!(job["running"], true, "{job}");
    let id = job["id"].as_str().unwrap();
    let output = home.run(&["jobs", "output", &id[..id.len() - 4]]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "ready\n");

    // Whoever follows it reads to its end.
    let follows = home.command(&["jobs", "output", "--follow", id]).spawn();
    let ended_by = home.run(&["jobs", "kill", id]);
    assert!(ended_by.status.success(), "{}", text(&ended_by.stderr));
    let followed = ended(follows.unwrap());
    assert!(followed.status.success());
    assert_eq!(text(&followed.stdout), "ready\n");
    assert_eq!(jobs()["jobs"][0]["running"], false);
    assert!(text(&home.run(&["jobs", "kill", id]).stdout).contains("ended already"));
    let unknown = home.run(&["jobs", "kill", "job_nope"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("mira jobs"));
}

/// A terminal that went away leaves its question open; the next one is asked it.
#[test]
fn an_open_question_is_asked_where_the_session_is_taken_up_again() {
    let touch = json!({ "command": "touch made.txt" });
    let vendor = FakeVendor::start(
        Script::new([Reply::call("run_command", touch), Reply::text("Made.")]).aside("A title"),
    );
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    let root = project.root();
    let root = root.to_str().unwrap();
    let (_serving, _) = Serving::start(&home);
    let mut first = home
        .command(&["--project", root])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = first.stdin.take().unwrap();
    std::io::Write::write_all(&mut typed, b"Make it.\n").unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("run   touch made.txt")));
    signal(&first, Signal::KILL);
    first.wait().unwrap();
    assert!(!project.exists("made.txt"));

    let output = home.typed(&["--project", root, "--last"], "y\n");
    let told = text(&output.stdout);
    assert!(told.contains("run   touch made.txt"), "{told}");
    assert!(told.contains("Made."), "{told}\n{}", text(&output.stderr));
    assert!(project.exists("made.txt"));
    vendor.assert_clean();
}

/// What the engine runs for a model cannot speak to the engine as a person does, not even with
/// everything approved and the whole network: it finds neither the token nor a link.
#[test]
fn a_command_cannot_decide_in_the_persons_place() {
    let port = |address: &str| {
        let rest = address.rsplit(':').next().unwrap_or("");
        rest.trim_end_matches("/ws").to_owned()
    };
    let call = |line: String, network: bool| {
        let arguments = serde_json::json!({ "command": line, "network": network });
        Reply::call("run_command", arguments)
    };
    let ask = |port: &str| {
        format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'POST /api/link HTTP/1.1\\r\\nHost: \
             127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3 && cat <&3"
        )
    };
    let vendor = FakeVendor::start(Script::default().aside("A title"));
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    let (_serving, said) = Serving::start(&home);
    let link = said[1].split("?link=").nth(1).unwrap();
    let link = link.split(' ').next().unwrap().to_owned();
    let token = std::fs::read_to_string(home.data_dir().join("ws-token")).unwrap();
    let token = token.trim();
    assert!(token.len() >= 32 && link.len() >= 32, "{said:?}");
    let data = home.data_dir();
    let look = format!(
        "cat {0}/ws-token {0}/logs/* {0}/mira.db; grep -rs . {0}; ln -s {0}/ws-token t; cat t; \
         cat /proc/*/environ /proc/*/cmdline; cat /proc/1/root{0}/ws-token; \
         echo looked",
        data.display()
    );
    let port = port(&said[0]);
    vendor.then([
        call(look, false),
        call(ask(&port), false),
        call(ask(&port), true),
        Reply::text("Done."),
    ]);
    let ran = home.exec(&project, &["--approve", "all", "Decide for me."]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told: Vec<String> = vendor
        .requests()
        .into_iter()
        .filter_map(|request| request.last_result)
        .collect();
    let [looked, closed, open] = &told[told.len() - 3..] else {
        panic!("{told:?}")
    };
    assert!(looked.contains("looked"), "{looked}");
    assert!(!closed.contains("HTTP/1.1"), "{closed}");
    assert!(open.contains("HTTP/1.1 401"), "{open}");
    for text in &told {
        assert!(!text.contains(token) && !text.contains(&link), "{text}");
    }
}

#[test]
fn turns_at_the_same_time_share_the_data_directory() {
    let vendor = hello();
    let home = Home::with(&vendor);
    let projects: Vec<_> = (0..4)
        .map(|_| TempProject::new("-- a.txt\none\n"))
        .collect();
    let children: Vec<_> = projects
        .iter()
        .map(|project| {
            let root = project.root();
            let args = ["exec", "--json", "--project", root.to_str().unwrap(), "Hi."];
            home.command(&args).spawn().unwrap()
        })
        .collect();
    for child in children {
        let ran = Ran::of(ended(child));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.last()["content"], "Hello.");
    }
}

#[test]
fn a_locked_directory_without_a_socket_says_who_holds_it() {
    let home = Home::at("http://127.0.0.1:9/v1");
    let _lock = mira_engine::DataDirLock::take(&home.data_dir()).unwrap();
    let output = home.run(&["status"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains(&std::process::id().to_string()) && told.contains("Attach"),
        "{told}"
    );
    let reset = home.run(&["db", "reset", "--yes"]);
    assert!(!reset.status.success(), "not while an engine has it");
}

#[test]
fn settings_are_saved_and_refused_by_name() {
    let home = Home::at("http://127.0.0.1:9/v1");
    let set = home.run(&["config", "set", "mira_max_iterations", "7"]);
    assert!(set.status.success(), "{}", text(&set.stderr));
    assert_eq!(
        text(&home.run(&["config", "get", "MIRA_MAX_ITERATIONS"]).stdout),
        "7\n"
    );
    assert!(
        home.run(&["config", "unset", "MIRA_MAX_ITERATIONS"])
            .status
            .success()
    );
    assert_ne!(
        text(&home.run(&["config", "get", "MIRA_MAX_ITERATIONS"]).stdout),
        "7\n"
    );
    let wrong = home.run(&["config", "set", "MIRA_MAX_ITERATIONS", "many"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong.stderr));
    let list = text(&home.run(&["config", "list"]).stdout);
    assert!(!list.contains("sk-test"), "a key is never shown: {list}");
    let key = home.typed(&["config", "set-key", "openai"], "sk-new\n");
    let told = text(&key.stderr);
    assert!(
        !key.status.success() && told.contains("keychain"),
        "there is none here: {told}"
    );
    assert!(!told.contains("sk-new"), "{told}");
}

#[test]
fn sessions_are_deleted_restored_forked_exported_and_the_database_reset() {
    let vendor = hello();
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    let ran = home.exec(&project, &["Hi there."]);
    let id = ran.session();
    let said = |args: &[&str]| {
        let output = home.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    said(&["sessions", "rename", id, "First try"]);
    assert!(said(&["sessions", "list"]).contains("First try"));
    let fork = said(&["sessions", "fork", "First try", "--name", "Second"]);
    assert!(said(&["sessions", "show", fork.trim()]).contains("Hi there."));
    said(&["sessions", "delete", id]);
    assert!(!said(&["sessions", "list"]).contains("First try"));
    // By its name, as it was deleted.
    let restored = said(&["sessions", "restore", "First try"]);
    assert!(restored.contains(id), "{restored}");
    assert!(said(&["sessions", "list"]).contains("First try"));
    let json = said(&["sessions", "export", id, "--format", "json"]);
    assert!(
        serde_json::from_str::<serde_json::Value>(&json).is_ok(),
        "{json}"
    );
    assert!(said(&["sessions", "search", "there"]).contains(id));
    assert!(
        said(&[
            "sessions",
            "search",
            "there",
            "--role",
            "user",
            "--since",
            "2020-01-01"
        ])
        .contains(id)
    );
    assert!(!said(&["sessions", "search", "there", "--until", "2020-01-01"]).contains(id));
    assert!(!said(&["sessions", "search", "there", "--tool", "run_command"]).contains(id));
    let page = said(&["sessions", "export", id, "--html"]);
    assert!(
        page.starts_with("<!doctype html>") && !page.contains("<script"),
        "{page}"
    );
    let operation = ran.last()["operation_id"].as_str().unwrap();
    assert!(said(&["export", operation]).contains("Hi there."));

    let asked = home.typed(&["db", "reset"], "");
    assert_eq!(asked.status.code(), Some(2), "nobody to ask");
    assert!(said(&["db", "reset", "--yes"]).contains("before-reset"));
    assert_eq!(said(&["sessions", "list"]), "No sessions.\n");
}

#[test]
fn the_demonstration_runs_to_its_end_without_key_or_network() {
    let home = Home::at("http://127.0.0.1:9/v1").without_key();
    let output = home
        .command(&["demo"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", text(&output.stderr));
    assert!(
        told.contains("recorded") && told.contains("mira undo"),
        "{told}"
    );
}

#[test]
fn logs_hold_what_happened_and_no_contents() {
    let vendor = hello();
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    let root = project.root();
    let args = [
        "exec",
        "--project",
        root.to_str().unwrap(),
        "the secret plan",
    ];
    let output = home
        .command(&args)
        .env("MIRA_LOG", "debug")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let logs = text(&home.run(&["logs", "--json", "-n", "5000"]).stdout);
    assert!(!logs.is_empty());
    for line in logs.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
    for secret in ["secret plan", "Hello.", "sk-test"] {
        assert!(!logs.contains(secret), "{secret}: {logs}");
    }
}
