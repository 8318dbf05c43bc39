//! Commands and hooks that may reach some hosts: asked about by name, held to them, written down.

use mira_protocol::approval::{DecideApproval, Decision};
use mira_protocol::egress::ListEgress;
use mira_protocol::operation::{ApproveMode, StartOperation};
use mira_protocol::table::calls;
use mira_protocol::{EventKind, ProjectId};
use mira_testkit::{Collector, Reply, ScriptedModel, ScriptedModels, TempProject, TestEngine};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{completed, project, results, say, wait_for};

/// Answers everything with "reached".
async fn server() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

/// A program that asks the proxy for a host.
fn asks(host: &str, port: u16) -> String {
    format!(
        "exec 3<>/dev/tcp/127.0.0.1/${{http_proxy##*:}}\n\
         printf 'GET http://{host}:{port}/a HTTP/1.1\\r\\n\\r\\n' >&3\ncat <&3\n"
    )
}

fn possible() -> bool {
    let by_host = mira_workspace::sandbox::protection().by_host;
    assert!(
        by_host || std::env::var_os("CI").is_none(),
        "this machine cannot hold a command to hosts, so nothing was tried"
    );
    by_host
}

fn asking(project: &ProjectId) -> StartOperation {
    StartOperation {
        approve: ApproveMode::Ask,
        ..say(project, "get it")
    }
}

#[tokio::test]
async fn a_command_is_asked_about_with_its_hosts_remembered_and_held_to_them() {
    if !possible() {
        return;
    }
    let port = server().await;
    let get = json!({ "command": "bash get.sh", "hosts": ["127.0.0.1"] });
    let other = json!({ "command": "bash other.sh", "hosts": ["127.0.0.1"] });
    let model = ScriptedModel::replies([
        Reply::call("run_command", get.clone()),
        Reply::call("run_command", get),
        Reply::call("run_command", other),
        Reply::text("done"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    folder.write("get.sh", asks("127.0.0.1", port));
    folder.write("other.sh", asks("localhost", port) + "false\n");
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(asking(&id)).await;
    let asked = wait_for(&mut collector, &started.session_id, |kind| {
        matches!(kind, EventKind::ApprovalRequested { .. })
    })
    .await;
    let EventKind::ApprovalRequested { approval } = asked.kind else {
        unreachable!()
    };
    assert!(
        approval
            .reason
            .starts_with("it is to reach 127.0.0.1, and no other host"),
        "{approval:?}"
    );
    let rules: Vec<String> = approval.rules.iter().map(mira_policy::text).collect();
    assert_eq!(
        rules,
        [
            "allow command bash get.sh in the project folder",
            "allow host 127.0.0.1"
        ]
    );
    let decide = |approval_id, decision| {
        engine.engine.call(calls::ApprovalDecide(DecideApproval {
            approval_id,
            decision,
        }))
    };
    decide(approval.id, Decision::Always)
        .await
        .expect("decided");
    // The second call runs unasked; the third is asked about for its command alone.
    let asked = collector
        .until(&started.session_id, asked.seq, |event| {
            matches!(event.kind, EventKind::ApprovalRequested { .. })
        })
        .await
        .expect("a question")
        .pop()
        .expect("the question");
    let EventKind::ApprovalRequested { approval } = asked.kind else {
        unreachable!()
    };
    assert!(approval.command.contains("other.sh"), "{approval:?}");
    let told = "It can reach 127.0.0.1, and no other host";
    assert!(approval.reason.contains(told), "{approval:?}");
    decide(approval.id, Decision::Allow).await.expect("decided");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    completed(&events);
    let results = results(&events);
    for (success, output) in &results[..2] {
        assert!(*success && output.contains("reached"), "{output}");
    }
    assert!(!results[2].1.contains("reached"), "{results:?}");
    assert!(
        results[2].1.contains("it also tried localhost"),
        "{results:?}"
    );

    let wanted = ListEgress {
        local: true,
        search: Some("command".into()),
        ..ListEgress::default()
    };
    let page = engine.engine.call(calls::EgressList(wanted)).await;
    let entries = page.expect("a page").entries;
    assert_eq!(entries.len(), 2, "{entries:?}");
    let entry = &entries[0];
    assert_eq!((entry.host.as_str(), entry.port), ("127.0.0.1", port));
    assert_eq!(entry.operation_id.as_ref(), Some(&started.operation_id));
    assert!(
        entry.sent_bytes > Some(20) && entry.received_bytes > Some(40),
        "{entry:?}"
    );
}

#[tokio::test]
async fn a_hook_reaches_the_hosts_of_its_file_and_no_other() {
    if !possible() {
        return;
    }
    let port = server().await;
    for (host, reached) in [("127.0.0.1", true), ("localhost", false)] {
        let model = ScriptedModel::replies([Reply::text("done")]);
        let config = tempfile::tempdir().unwrap();
        std::fs::write(
            config.path().join("hooks.toml"),
            "[[hook]]\nname = \"ask\"\non = \"before_operation\"\nhosts = [\"127.0.0.1\"]\nrun = [\"bash\", \"hook.sh\"]\n",
        )
        .unwrap();
        let models = ScriptedModels::new(model);
        let engine = TestEngine::tuned(Some(models), |settings| {
            settings.config_dir = config.path().to_owned();
        })
        .await;
        let script = format!(
            "got=$({})\ncase $got in *reached*) echo '{{\"verdict\":\"deny\",\"reason\":\"it got through\"}}';; esac\n",
            asks(host, port).trim_end()
        );
        let folder = TempProject::new("");
        folder.write("hook.sh", script);
        let id = engine.open(&folder).await.id;
        let (_, events) = engine.ask(say(&id, "go")).await;
        let said = format!("{events:?}");
        assert_eq!(said.contains("it got through"), reached, "{host}: {said}");
    }
}
