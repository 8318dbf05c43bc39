//! Permission rules, trust of folders, runs of hooks.

use mira_protocol::hook::{HookOutcome, HookPoint, HookRun, HookSource, ReadHookLog};
use mira_protocol::rule::{Rule, RuleAction, RuleDraft, RuleKind, RuleOrigin};
use mira_protocol::{EventKind, ProjectId};
use mira_store::{FolderTrust, Store};
use serde_json::json;

use crate::support::{operation, session};

fn rule(id: &str, project: Option<&ProjectId>, pattern: &str, at: i64) -> Rule {
    Rule {
        id: id.into(),
        project_id: project.cloned(),
        draft: RuleDraft {
            action: RuleAction::Allow,
            kind: RuleKind::Command,
            pattern: pattern.into(),
            folder: Some(String::new()),
            note: "why".into(),
        },
        text: String::new(),
        origin: RuleOrigin::Person,
        created_at: at,
        last_used_at: None,
        use_count: 0,
        removed_at: None,
    }
}

async fn patterns(store: &Store, project: &ProjectId) -> Vec<String> {
    let rules = store.rules(Some(project), false).await.unwrap();
    rules.into_iter().map(|rule| rule.draft.pattern).collect()
}

#[tokio::test]
async fn rules_are_of_a_project_or_of_all_and_come_back() {
    let store = Store::in_memory().await.unwrap();
    let one = store.open_project("/a", "a", 1).await.unwrap().id;
    let two = store.open_project("/b", "b", 1).await.unwrap().id;
    let all = [
        rule("rule_1", Some(&one), "make", 2),
        rule("rule_2", None, "npm test", 3),
    ];
    store.save_rules(&all).await.unwrap();
    assert_eq!(patterns(&store, &one).await, ["npm test", "make"]);
    assert_eq!(patterns(&store, &two).await, ["npm test"]);
    assert_eq!(store.rule(&"rule_1".into()).await.unwrap(), all[0]);

    // The same subject again takes the old one's place; what was counted goes with it.
    let again = rule("rule_3", Some(&one), "make", 4);
    store.save_rules(&[again]).await.unwrap();
    assert_eq!(patterns(&store, &one).await, ["make", "npm test"]);
    let mut changed = rule("rule_3", Some(&one), "make all", 4);
    changed.draft.action = RuleAction::Deny;
    store.save_rules(&[changed.clone()]).await.unwrap();
    assert_eq!(store.rule(&changed.id).await.unwrap(), changed);

    store.use_rule(&changed.id, 9).await.unwrap();
    let used = store.rule(&changed.id).await.unwrap();
    assert_eq!((used.use_count, used.last_used_at), (1, Some(9)));
    store.set_rule_removed(&used.id, Some(10)).await.unwrap();
    store
        .set_rule_removed(&used.id, Some(11))
        .await
        .unwrap_err();
    assert_eq!(patterns(&store, &one).await, ["npm test"]);
    let removed = store.rules(Some(&one), true).await.unwrap();
    assert_eq!(removed[0].removed_at, Some(10));
    store.set_rule_removed(&used.id, None).await.unwrap();
    assert_eq!(patterns(&store, &one).await, ["make all", "npm test"]);
}

#[tokio::test]
async fn past_calls_are_found_by_project() {
    let store = Store::in_memory().await.unwrap();
    let project = store.open_project("/a", "a", 1).await.unwrap().id;
    let ses = session(&store, "ses_a", Some(&project)).await;
    let op = operation(&store, &ses, "op_1", 1).await;
    for (at, line) in [(5, "ls"), (6, "make")] {
        let call = EventKind::ToolCall {
            call_id: format!("call_{at}").into(),
            tool: "run_command".into(),
            arguments: json!({ "command": line }),
        };
        store.append(&ses, Some(&op), at, &[call]).await.unwrap();
    }
    let calls = store.past_tool_calls(None, 10).await.unwrap();
    let lines: Vec<_> = calls
        .iter()
        .map(|call| call.arguments["command"].as_str())
        .collect();
    assert_eq!(lines, [Some("make"), Some("ls")]);
    assert_eq!(store.past_tool_calls(None, 1).await.unwrap().len(), 1);
    let other = store.open_project("/b", "b", 1).await.unwrap().id;
    assert!(
        store
            .past_tool_calls(Some(&other), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_newest_decision_about_a_folder_counts() {
    let store = Store::in_memory().await.unwrap();
    assert_eq!(store.folder_trust("/a").await.unwrap(), None);
    let mut trust = FolderTrust {
        folder: "/a".into(),
        trusted: true,
        hash: "h1".into(),
        items: vec![(".mira/hooks.toml".into(), "x".into())],
        decided_at: 1,
    };
    store.set_folder_trust(&trust).await.unwrap();
    assert_eq!(store.folder_trust("/a").await.unwrap(), Some(trust.clone()));
    trust.trusted = false;
    trust.decided_at = 2;
    store.set_folder_trust(&trust).await.unwrap();
    assert_eq!(store.folder_trusts().await.unwrap(), [trust]);
}

#[tokio::test]
async fn runs_of_hooks_are_searched() {
    let store = Store::in_memory().await.unwrap();
    let run = |hook: &str, outcome, reason: &str| HookRun {
        id: 0,
        at: 1,
        hook: hook.into(),
        source: HookSource::Project,
        point: HookPoint::BeforeTool,
        project_id: Some("prj_1".into()),
        session_id: None,
        operation_id: None,
        call_id: Some("call_1".into()),
        tool: Some("run_command".into()),
        outcome,
        reason: reason.into(),
        output: String::new(),
        duration_ms: 3,
        exit_code: Some(0),
    };
    for (hook, outcome) in [
        ("a", HookOutcome::Allowed),
        ("b", HookOutcome::TimedOut),
        ("c", HookOutcome::Denied),
    ] {
        store
            .add_hook_run(&run(hook, outcome, "Because"))
            .await
            .unwrap();
    }
    let found = |wanted: ReadHookLog| {
        let store = store.clone();
        async move {
            let runs = store.hook_runs(&wanted, 10).await.unwrap();
            runs.into_iter().map(|run| run.hook).collect::<Vec<_>>()
        }
    };
    let all = ReadHookLog::default();
    assert_eq!(found(all.clone()).await, ["c", "b", "a"]);
    assert_eq!(
        found(ReadHookLog {
            failed: true,
            ..all.clone()
        })
        .await,
        ["b"]
    );
    assert_eq!(
        found(ReadHookLog {
            before_id: Some(3),
            ..all.clone()
        })
        .await,
        ["b", "a"]
    );
    let search = Some("because".to_owned());
    assert_eq!(
        found(ReadHookLog {
            search,
            ..all.clone()
        })
        .await
        .len(),
        3
    );
    let project_id = Some(ProjectId::from("prj_2"));
    assert!(found(ReadHookLog { project_id, ..all }).await.is_empty());
}
