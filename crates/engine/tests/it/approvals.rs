//! Questions to the person.

use mira_protocol::approval::{DecideApproval, DecidedBy, Decision};
use mira_protocol::operation::{Access, ApproveMode, OperationRef, OperationState, StartOperation};
use mira_protocol::rule::{ListRules, RuleRef};
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, ProjectId};
use mira_testkit::{Collector, Reply, ScriptedModel, ScriptedModels, TestEngine};
use serde_json::json;

use crate::support::{check_laws, completed, end, project, results, say, wait_for};

fn asking(project: &ProjectId, content: &str) -> StartOperation {
    StartOperation {
        approve: ApproveMode::Ask,
        ..say(project, content)
    }
}

fn make_folder() -> Reply {
    Reply::call(
        "run_command",
        json!({ "command": "mkdir made", "purpose": "a place for the results" }),
    )
}

#[tokio::test]
async fn the_call_waits_for_the_answer_which_counts_once() {
    let model = ScriptedModel::replies([make_folder(), Reply::text("done")]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(asking(&id, "make it")).await;
    let asked = wait_for(&mut collector, &started.session_id, |kind| {
        matches!(kind, EventKind::ApprovalRequested { .. })
    })
    .await;
    let EventKind::ApprovalRequested { approval } = asked.kind else {
        unreachable!()
    };
    assert_eq!(approval.command, "mkdir made");
    assert_eq!(approval.purpose.as_deref(), Some("a place for the results"));
    assert_eq!(approval.cwd, folder.root().display().to_string());
    assert!(!folder.exists("made"));
    let waiting = engine
        .engine
        .call(calls::ApprovalList(Nothing {}))
        .await
        .expect("a list")
        .approvals;
    assert_eq!(waiting, std::slice::from_ref(&approval));

    let allow = DecideApproval {
        approval_id: approval.id.clone(),
        decision: Decision::Allow,
    };
    engine
        .engine
        .call(calls::ApprovalDecide(allow.clone()))
        .await
        .expect("decided");
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    completed(&events);
    assert!(folder.exists("made"));
    let again = engine
        .engine
        .call(calls::ApprovalDecide(allow))
        .await
        .expect_err("single use");
    assert_eq!(again.code, Code::Conflict);
    let unknown = DecideApproval {
        approval_id: "apr_none".into(),
        decision: Decision::Allow,
    };
    assert_eq!(
        engine
            .engine
            .call(calls::ApprovalDecide(unknown))
            .await
            .expect_err("none")
            .code,
        Code::NotFound
    );
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn a_denial_is_told_to_the_model() {
    let model = ScriptedModel::replies([make_folder(), Reply::text("then not")]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    collector.decide(vec![Decision::Deny]);
    let started = engine.start(asking(&id, "make it")).await;
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "then not");
    assert!(!folder.exists("made"));
    assert!(matches!(results(&events)[..], [(false, output)] if output.contains("did not allow")));
    model.assert_clean();
}

#[tokio::test]
async fn nobody_answers_is_no() {
    let model = ScriptedModel::replies([make_folder(), Reply::text("then not")]);
    let engine = TestEngine::tuned(Some(ScriptedModels::new(model.clone())), |settings| {
        settings.approval_timeout_ms = 50
    })
    .await;
    let (folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(asking(&id, "make it")).await;
    completed(&events);
    assert!(!folder.exists("made"));
    let decided = events.iter().find_map(|event| match &event.kind {
        EventKind::ApprovalDecided { decision, by, .. } => Some((*decision, *by)),
        _ => None,
    });
    assert_eq!(decided, Some((Decision::Deny, DecidedBy::Expiry)));
}

#[tokio::test]
async fn a_cancellation_answers_the_open_question() {
    let model = ScriptedModel::replies([make_folder()]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(asking(&id, "make it")).await;
    wait_for(&mut collector, &started.session_id, |kind| {
        matches!(kind, EventKind::ApprovalRequested { .. })
    })
    .await;
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
    assert!(!folder.exists("made"));
    assert!(
        engine
            .engine
            .call(calls::ApprovalList(Nothing {}))
            .await
            .expect("a list")
            .approvals
            .is_empty()
    );
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn always_remembers_exactly_what_was_shown_until_it_is_forgotten() {
    let run = |line: &str| Reply::call("run_command", json!({ "command": line }));
    let model = ScriptedModel::replies([
        run("mkdir -p made"),
        Reply::text("one"),
        run("mkdir -p made"),
        Reply::text("two"),
        run("mkdir -p other"),
        Reply::text("three"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let ask = async |text: &str, decisions: Vec<Decision>| {
        let mut collector = Collector::new(&engine.engine);
        collector.decide(decisions);
        let started = engine.start(asking(&id, text)).await;
        let events = collector
            .finished(&started.session_id, &started.operation_id)
            .await
            .expect("an end");
        events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::ApprovalRequested { .. }))
            .count()
    };
    assert_eq!(ask("first", vec![Decision::Always]).await, 1);
    assert_eq!(ask("again", vec![]).await, 0, "it was remembered");
    assert_eq!(
        ask("other", vec![Decision::Deny]).await,
        1,
        "another command is another question"
    );
    assert!(!folder.exists("other"));

    let wanted = ListRules {
        project_id: Some(id.clone()),
        ..ListRules::default()
    };
    let rules = engine
        .engine
        .call(calls::RuleList(wanted))
        .await
        .expect("rules")
        .rules;
    assert_eq!(
        rules
            .iter()
            .map(|rule| (rule.text.as_str(), rule.use_count))
            .collect::<Vec<_>>(),
        [("allow command mkdir -p made in the project folder", 1)]
    );
    engine
        .engine
        .call(calls::RuleRemove(RuleRef {
            rule_id: rules[0].id.clone(),
        }))
        .await
        .expect("removed");
    model.then([run("mkdir -p made"), Reply::text("four")]);
    assert_eq!(ask("once more", vec![Decision::Allow]).await, 1);
}

#[tokio::test]
async fn where_nobody_is_asked_the_operation_stops_and_says_what_it_needed() {
    let model = ScriptedModel::replies([make_folder(), make_folder()]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    for approve in [ApproveMode::Safe, ApproveMode::Never] {
        let (_, events) = engine
            .ask(StartOperation {
                approve,
                ..say(&id, "make it")
            })
            .await;
        let (state, failure, _) = end(&events);
        assert_eq!(state, OperationState::Failed);
        let failure = failure.expect("a failure");
        assert_eq!(failure.code, Code::ApprovalNeeded);
        assert!(failure.message.contains("mkdir made") && failure.hint.is_some());
        assert!(!folder.exists("made"));
    }
}

#[tokio::test]
async fn read_access_changes_nothing_whatever_is_approved() {
    let model = ScriptedModel::replies([
        Reply::call(
            "write_project_file",
            json!({ "path": "a.txt", "content": "x" }),
        )
        .and_call("run_command", json!({ "command": "touch b.txt" })),
        Reply::text("I may only look."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let (_, events) = engine
        .ask(StartOperation {
            access: Access::Read,
            ..say(&id, "write")
        })
        .await;
    completed(&events);
    assert!(results(&events).iter().all(|(success, _)| !success));
    assert!(!folder.exists("a.txt") && !folder.exists("b.txt"));
}
