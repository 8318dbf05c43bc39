//! Elevated commands, with the real `sudo` as a user who must type a password. The password is a
//! canary: afterwards it is looked for everywhere it must not be.
//!
//! Root makes the user (a machine for tests allows it); the tests themselves run as that user, in
//! this same program started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mira_engine::Askpass;
use mira_protocol::approval::{Approval, DecideApproval, Decision};
use mira_protocol::operation::{ApproveMode, OperationRef, OperationState, StartOperation};
use mira_protocol::rule::{RuleAction, RuleDraft, RuleKind, SaveRule};
use mira_protocol::sudo::{
    AddSudoBlock, AddSudoPermission, DecideSudo, ListSudoRequests, ReadSudoAudit, SudoMatch,
    SudoOutcome, SudoStatus,
};
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, ProjectId, SessionId, StoredEvent};
use mira_testkit::{Collector, Reply, ScriptedModel, ScriptedModels, TestEngine};
use serde_json::json;

use crate::support::{completed, end, project, results, say};

const USER: &str = "mira-sudo-test";
/// Set where this program runs as that user.
const INSIDE: &str = "MIRA_SUDO_TEST";

/// Runs as root, or not at all.
fn as_root(program: &str, arguments: &[&str], input: &str) -> bool {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new(program)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", program]);
        sudo
    };
    let child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait().is_ok_and(|status| status.success())
}

fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A user with a password and the right to use it, gone at the end.
struct Person {
    place: tempfile::TempDir,
    password: String,
}

impl Person {
    /// None: this machine has no sudo, or nobody here may make users.
    fn new() -> Option<Self> {
        let has_sudo = ["/usr/bin/sudo", "/bin/sudo"]
            .iter()
            .any(|path| Path::new(path).is_file());
        if !has_sudo || !as_root("true", &[], "") {
            return None;
        }
        let place = tempfile::Builder::new()
            .prefix("mira-sudo-")
            .tempdir_in("/var/tmp")
            .unwrap();
        std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let password = format!("canary{:x}{:x}", std::process::id(), now_ns());
        as_root("userdel", &["-r", USER], "");
        let home = place.path().join("home").display().to_string();
        let made = as_root("useradd", &["-m", "-d", &home, "-s", "/bin/sh", USER], "")
            && as_root("chpasswd", &[], &format!("{USER}:{password}\n"))
            && as_root(
                "tee",
                &["/etc/sudoers.d/mira-sudo-test"],
                &format!("{USER} ALL=(ALL:ALL) ALL\n"),
            );
        assert!(made, "the test user could not be made");
        Some(Self { place, password })
    }

    /// This program again as that user: one test of it.
    fn runs(&self, test: &str) -> Child {
        let program = self.place.path().join("it");
        if !program.exists() {
            std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        }
        // What the helper gives to sudo; outside of everything that is searched.
        let kept = self.place.path().join("password");
        std::fs::write(&kept, &self.password).unwrap();
        let helper = self.place.path().join("askpass.sh");
        std::fs::write(
            &helper,
            format!("#!/bin/sh\ncat {}\necho\n", kept.display()),
        )
        .unwrap();
        std::fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
        as_root("chown", &[USER, &kept.display().to_string()], "");
        let home = self.place.path().join("home");
        let (runner, prefix) = if rustix::process::geteuid().is_root() {
            ("setpriv", vec![])
        } else {
            ("sudo", vec!["-n".to_owned(), "setpriv".to_owned()])
        };
        Command::new(runner)
            .args(prefix)
            .args([
                &format!("--reuid={USER}"),
                &format!("--regid={USER}"),
                "--init-groups",
                "--",
            ])
            .arg("env")
            .arg(format!("{INSIDE}={}", self.place.path().display()))
            .arg(format!("HOME={}", home.display()))
            .arg("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .arg(format!("TMPDIR={}", home.display()))
            .arg(&program)
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env_clear()
            .current_dir(&home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        as_root("rm", &["-f", "/etc/sudoers.d/mira-sudo-test"], "");
        as_root("pkill", &["-KILL", "-u", USER], "");
        as_root("userdel", &["-r", USER], "");
    }
}

fn now_ns() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// The outer half: makes the user, lets the inner half work, searches for the canary.
#[test]
fn the_real_sudo_is_asked_bound_and_recorded_and_the_password_is_nowhere() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let Some(person) = Person::new() else {
        let why = "canary: not possible here (no sudo, or nobody may make a user)";
        // What was not tried is not proven.
        assert!(std::env::var_os("CI").is_none(), "{why}");
        print(why);
        return;
    };
    let mut child = person.runs("sudo::inside");
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let (mut places, mut found) = (0, Vec::new());
    let needle = person.password.as_bytes();
    let mut look = |name: String, bytes: &[u8]| {
        places += 1;
        if bytes.windows(needle.len()).any(|window| window == needle) {
            found.push(name);
        }
    };
    let mut passed = false;
    let mut all = String::new();
    loop {
        let mut line = String::new();
        if said.read_line(&mut line).unwrap() == 0 {
            break;
        }
        // The inner half waits, with everything in its memory, while it is looked at.
        if let Some(pid) = line.trim().strip_prefix("LOOK ") {
            for (name, bytes) in memory(pid) {
                look(name, &bytes);
            }
            for entry in std::fs::read_dir("/proc").unwrap().flatten() {
                for part in ["cmdline", "environ"] {
                    let bytes = std::fs::read(entry.path().join(part)).unwrap_or_default();
                    look(format!("{}/{part}", entry.path().display()), &bytes);
                }
            }
            files(&person.place.path().join("home"), &mut look);
            child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        }
        passed |= line.contains("1 passed");
        all.push_str(&line);
    }
    let ended = child.wait().unwrap();
    files(&person.place.path().join("home"), &mut look);
    look("what the tests said".into(), all.as_bytes());
    assert!(ended.success() && passed, "{all}");
    print(&format!(
        "canary: looked in {places} places (files, prompts, events, processes, memory), found {}",
        found.len()
    ));
    assert!(found.is_empty(), "{found:?}");
    assert!(places > 100, "{places}");
}

/// Data, logs, events, prompts, cores: all that was written lies in the user's home.
fn files(folder: &Path, look: &mut impl FnMut(String, &[u8])) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&path, look),
            Ok(kind) if kind.is_file() => {
                look(
                    path.display().to_string(),
                    &std::fs::read(&path).unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
}

/// The readable parts of a process's memory that are its own.
fn memory(pid: &str) -> Vec<(String, Vec<u8>)> {
    use std::io::{Seek, SeekFrom};
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let Ok(mut mem) = std::fs::File::open(format!("/proc/{pid}/mem")) else {
        return Vec::new();
    };
    maps.lines()
        .filter(|line| line.contains(" rw-p "))
        .filter_map(|line| {
            let (from, to) = line.split_whitespace().next()?.split_once('-')?;
            let (from, to) = (
                u64::from_str_radix(from, 16).ok()?,
                u64::from_str_radix(to, 16).ok()?,
            );
            let mut bytes = vec![0; usize::try_from(to - from).ok()?];
            mem.seek(SeekFrom::Start(from)).ok()?;
            mem.read_exact(&mut bytes).ok()?;
            Some((format!("memory at {from:x}"), bytes))
        })
        .collect()
}

/// The inner half, as the user.
#[tokio::test]
async fn inside() {
    let Some(place) = std::env::var_os(INSIDE).map(PathBuf::from) else {
        return;
    };
    // Kept, so that databases, logs and memory are there when they are searched.
    let _engines = [
        allowed_once_and_only_what_was_shown(&place).await,
        denied_late_and_altered(&place).await,
        known_commands(&place).await,
        stopped(&place).await,
        forbidden_by_rules_and_list(&place).await,
    ];
    println!("\nLOOK {}", std::process::id());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

fn asking(project: &ProjectId, content: &str) -> StartOperation {
    StartOperation {
        approve: ApproveMode::Ask,
        ..say(project, content)
    }
}

fn sudo(command: &str) -> Reply {
    Reply::call(
        "run_command",
        json!({ "command": command, "purpose": "to see" }),
    )
}

async fn engine(place: &Path, model: &ScriptedModel, timeout_ms: u64) -> TestEngine {
    let askpass = Askpass {
        program: place.join("askpass.sh"),
        env: vec![],
    };
    let models = ScriptedModels::new(model.clone()).with_askpass(askpass);
    TestEngine::tuned(Some(models), |settings| {
        settings.approval_timeout_ms = timeout_ms;
    })
    .await
}

/// The questions of a session, one after the other.
struct Questions<'a> {
    collector: &'a mut Collector,
    session: SessionId,
    seen: u64,
}

impl Questions<'_> {
    async fn next(&mut self) -> Approval {
        let asked = |event: &StoredEvent| matches!(event.kind, EventKind::ApprovalRequested { .. });
        let events = self.collector.until(&self.session, self.seen, asked).await;
        let event = events.expect("a question").pop().expect("the last one");
        self.seen = event.seq;
        let EventKind::ApprovalRequested { approval } = event.kind else {
            unreachable!()
        };
        approval
    }
}

async fn allowed_once_and_only_what_was_shown(place: &Path) -> TestEngine {
    let model = ScriptedModel::replies([
        sudo("sudo id -un"),
        Reply::call(
            "run_command",
            json!({ "argv": ["id", "-u"], "elevate": true }),
        ),
        sudo("cd / && sudo id"),
        sudo("sudo rm -rf /"),
        Reply::text("done"),
    ]);
    let engine = engine(place, &model, 60_000).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(asking(&id, "who is root?")).await;

    let mut questions = Questions {
        collector: &mut collector,
        session: started.session_id.clone(),
        seen: 0,
    };
    let first = questions.next().await;
    let shown = first.elevation.clone().expect("elevated");
    assert_eq!(first.command, "/usr/bin/id -un");
    assert_eq!((shown.user.as_str(), shown.prompt), ("root", true));
    assert!(first.pattern.is_none(), "it is never remembered");
    // An answer to something else decides nothing.
    let other = DecideSudo {
        request_id: first.id.clone(),
        allow: true,
        binding: Some("0".repeat(64)),
    };
    let refused = engine.engine.call(calls::SudoDecide(other)).await;
    assert_eq!(refused.expect_err("another binding").code, Code::Conflict);
    // Two clients at once: one of them decides.
    let decide = DecideSudo {
        request_id: first.id.clone(),
        allow: true,
        binding: Some(shown.binding),
    };
    let (one, two) = tokio::join!(
        engine.engine.call(calls::SudoDecide(decide.clone())),
        engine.engine.call(calls::SudoDecide(decide.clone()))
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);

    let second = questions.next().await;
    // The first answer is used up.
    let again = engine.engine.call(calls::SudoDecide(decide)).await;
    assert_eq!(again.expect_err("single use").code, Code::Conflict);
    let allow = DecideApproval {
        approval_id: second.id,
        decision: Decision::Always,
    };
    engine
        .engine
        .call(calls::ApprovalDecide(allow))
        .await
        .expect("decided");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    completed(&events);
    let results = results(&events);
    assert!(
        results[0].0 && results[0].1.contains("root\n"),
        "{results:?}"
    );
    assert!(results[1].0 && results[1].1.contains("0\n"), "{results:?}");
    assert!(
        !results[2].0 && results[2].1.contains("elevate: true"),
        "{results:?}"
    );
    assert!(
        !results[3].0 && results[3].1.contains("recursive_root_deletion"),
        "{results:?}"
    );
    let audit = audit(&engine).await;
    assert_eq!(
        audit,
        [
            SudoOutcome::Blocked,
            SudoOutcome::NotAsked,
            SudoOutcome::Ran,
            SudoOutcome::Ran
        ]
    );
    model.assert_clean();
    engine
}

async fn denied_late_and_altered(place: &Path) -> TestEngine {
    let model = ScriptedModel::replies([
        sudo("sudo id"),
        sudo("sudo ./setup.sh"),
        sudo("sudo id -g"),
        Reply::text("done"),
    ]);
    let engine = engine(place, &model, 4_000).await;
    let (folder, id) = project(&engine, "").await;
    folder.write("setup.sh", "#!/bin/sh\necho one\n");
    let script = folder.root().join("setup.sh");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(asking(&id, "try")).await;
    let mut questions = Questions {
        collector: &mut collector,
        session: started.session_id.clone(),
        seen: 0,
    };
    let decide = async |id, allow| {
        let decide = DecideSudo {
            request_id: id,
            allow,
            binding: None,
        };
        engine
            .engine
            .call(calls::SudoDecide(decide))
            .await
            .expect("decided");
    };
    let first = questions.next().await;
    decide(first.id, false).await;
    let second = questions.next().await;
    // What was approved is no longer what would run.
    std::fs::write(&script, "#!/bin/sh\necho two\n").unwrap();
    decide(second.id, true).await;
    // Nobody answers the third.
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    completed(&events);
    let results = results(&events);
    assert!(
        !results[0].0 && results[0].1.contains("did not allow"),
        "{results:?}"
    );
    assert!(
        !results[1].0 && results[1].1.contains("changed after"),
        "{results:?}"
    );
    assert!(
        !results[2].0 && results[2].1.contains("Nobody answered"),
        "{results:?}"
    );
    let requests = engine
        .engine
        .call(calls::SudoRequests(ListSudoRequests::default()))
        .await
        .expect("requests")
        .requests;
    let states: Vec<SudoStatus> = requests.iter().map(|request| request.status).collect();
    assert_eq!(
        states,
        [SudoStatus::Expired, SudoStatus::Refused, SudoStatus::Denied]
    );
    assert_eq!(
        audit(&engine).await,
        [
            SudoOutcome::Expired,
            SudoOutcome::Refused,
            SudoOutcome::Denied
        ]
    );
    engine
}

async fn known_commands(place: &Path) -> TestEngine {
    let model =
        ScriptedModel::replies([sudo("sudo id -un"), sudo("sudo id -gn"), Reply::text("no")]);
    let engine = engine(place, &model, 60_000).await;
    let (_folder, id) = project(&engine, "").await;
    let known = AddSudoPermission {
        name: "who am I".into(),
        description: String::new(),
        matches: SudoMatch::Exact("id -un".into()),
        requires_approval: Some(false),
        notes: String::new(),
    };
    engine
        .engine
        .call(calls::SudoAddPermission(known))
        .await
        .expect("added");
    let mut collector = Collector::new(&engine.engine);
    let request = StartOperation {
        approve: ApproveMode::All,
        ..say(&id, "who?")
    };
    let started = engine.start(request).await;
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    // What the person knows runs; for the rest there is nobody to ask, whatever the flag says.
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Failed);
    assert_eq!(failure.expect("a failure").code, Code::ApprovalNeeded);
    let results = results(&events);
    assert!(
        results[0].0 && results[0].1.contains("root\n"),
        "{results:?}"
    );
    assert_eq!(
        audit(&engine).await,
        [SudoOutcome::NotAsked, SudoOutcome::Ran]
    );
    engine
}

/// Waits until a process with these words is there, or gone.
async fn until_running(words: &str, there: bool) {
    let wanted: Vec<u8> = words
        .split(' ')
        .flat_map(|word| [word.as_bytes(), &[0]].concat())
        .collect();
    for _ in 0..2_000 {
        let found = std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|words| words.ends_with(&wanted) && !words.starts_with(b"/usr/bin/sudo"))
        });
        if found == there {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{words}: there {}", !there);
}

/// Root's processes end on time-out and on cancel, though no signal of ours reaches them.
async fn stopped(place: &Path) -> TestEngine {
    let late = json!({ "argv": ["sleep", "47110"], "elevate": true, "timeout_seconds": 2 });
    let model = ScriptedModel::replies([
        Reply::call("run_command", late),
        sudo("sudo sleep 47111"),
        Reply::text("not reached"),
    ]);
    let engine = engine(place, &model, 60_000).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(asking(&id, "sleep")).await;
    let mut questions = Questions {
        collector: &mut collector,
        session: started.session_id.clone(),
        seen: 0,
    };
    for words in ["sleep 47110", "sleep 47111"] {
        let decide = DecideSudo {
            request_id: questions.next().await.id,
            allow: true,
            binding: None,
        };
        engine
            .engine
            .call(calls::SudoDecide(decide))
            .await
            .expect("decided");
        until_running(words, true).await;
    }
    until_running("sleep 47110", false).await;
    engine
        .engine
        .call(calls::OperationCancel(OperationRef {
            operation_id: started.operation_id.clone(),
        }))
        .await
        .expect("cancelled");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    assert_eq!(end(&events).0, OperationState::Cancelled);
    until_running("sleep 47111", false).await;
    let told = results(&events);
    assert!(told[0].1.contains("time limit of 2 s"), "{told:?}");
    assert!(!told[0].1.contains("may go on"), "{told:?}");
    assert_eq!(
        audit(&engine).await,
        [SudoOutcome::Stopped, SudoOutcome::Stopped]
    );
    engine
}

/// A rule that denies and the person's own entry of the block list hold with more rights too.
async fn forbidden_by_rules_and_list(place: &Path) -> TestEngine {
    let model = ScriptedModel::replies([
        sudo("sudo id -un"),
        Reply::call("run_command", json!({ "command": "true && whoami" })),
        sudo("sudo whoami"),
        Reply::text("then not"),
    ]);
    let engine = engine(place, &model, 60_000).await;
    let (_folder, id) = project(&engine, "").await;
    let rule = RuleDraft {
        action: RuleAction::Deny,
        kind: RuleKind::Command,
        pattern: "id **".into(),
        folder: None,
        note: String::new(),
    };
    let save = SaveRule {
        rule_id: None,
        project_id: None,
        rule,
    };
    engine
        .engine
        .call(calls::RuleSave(save))
        .await
        .expect("saved");
    // Not even a permission that asks nobody lets it through.
    let known = AddSudoPermission {
        name: "who am I".into(),
        description: String::new(),
        matches: SudoMatch::Exact("id -un".into()),
        requires_approval: Some(false),
        notes: String::new(),
    };
    engine
        .engine
        .call(calls::SudoAddPermission(known))
        .await
        .expect("added");
    let block = AddSudoBlock {
        name: "nobody asks".into(),
        description: "it is nobody's business".into(),
        matches: SudoMatch::Prefix("whoami".into()),
        severity: None,
        notes: String::new(),
    };
    engine
        .engine
        .call(calls::SudoAddBlock(block))
        .await
        .expect("added");
    let (_, events) = engine.ask(asking(&id, "who?")).await;
    completed(&events);
    let results = results(&events);
    assert!(results[0].1.contains("`deny command id **`"), "{results:?}");
    assert!(results[1].1.contains("nobody's business"), "{results:?}");
    assert!(results[2].1.contains("nobody's business"), "{results:?}");
    assert_eq!(
        audit(&engine).await,
        [SudoOutcome::Blocked, SudoOutcome::Blocked]
    );
    engine
}

/// Newest first.
async fn audit(engine: &TestEngine) -> Vec<SudoOutcome> {
    let page = engine
        .engine
        .call(calls::SudoAudit(ReadSudoAudit::default()))
        .await;
    let entries = page.expect("an audit").entries;
    entries.iter().map(|entry| entry.outcome).collect()
}
