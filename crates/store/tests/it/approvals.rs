//! Approvals: single use, closed with their operation; rules.

use mira_protocol::approval::{Approval, DecidedBy, Decision};
use mira_protocol::operation::OperationState;
use mira_protocol::{EventKind, OperationId, SessionId};
use mira_store::Store;

use crate::support::*;

fn approval(id: &str, session: &SessionId, operation: &OperationId, at: i64) -> Approval {
    Approval {
        id: id.into(),
        session_id: session.clone(),
        operation_id: operation.clone(),
        call_id: "c1".into(),
        tool: "run_command".into(),
        command: "npm publish".into(),
        argv: None,
        cwd: String::new(),
        reason: "not on the safe list".into(),
        purpose: None,
        elevation: None,
        pattern: Some("npm publish".into()),
        requested_at: at,
        expires_at: at + 10,
    }
}

async fn decided(store: &Store, id: &str) -> Option<(Decision, DecidedBy, i64)> {
    let (_, decided) = store.approval(&id.into()).await.unwrap();
    decided.map(|decided| (decided.decision, decided.by, decided.at))
}

#[tokio::test]
async fn an_approval_waits_and_its_first_decision_counts() {
    let store = Store::in_memory().await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    let op = operation(&store, &ses, "op_1", 1).await;
    let asked = approval("apr_1", &ses, &op, 5);
    let request = EventKind::ApprovalRequested {
        approval: asked.clone(),
    };
    store.append(&ses, Some(&op), 5, &[request]).await.unwrap();
    assert!(store.session(&ses).await.unwrap().awaiting_approval);
    assert_eq!(
        store.approval(&asked.id).await.unwrap(),
        (asked.clone(), None)
    );

    for (decision, by, at) in [
        (Decision::Allow, DecidedBy::Person, 6),
        (Decision::Deny, DecidedBy::Expiry, 7),
    ] {
        let told = EventKind::ApprovalDecided {
            approval_id: asked.id.clone(),
            decision,
            by,
        };
        store.append(&ses, Some(&op), at, &[told]).await.unwrap();
    }
    assert_eq!(
        decided(&store, "apr_1").await,
        Some((Decision::Allow, DecidedBy::Person, 6))
    );
    assert!(!store.session(&ses).await.unwrap().awaiting_approval);
}

#[tokio::test]
async fn the_end_of_an_operation_denies_what_still_waits() {
    let store = Store::in_memory().await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    let (one, two) = (
        operation(&store, &ses, "op_1", 1).await,
        operation(&store, &ses, "op_2", 1).await,
    );
    for (id, op) in [("apr_1", &one), ("apr_2", &two)] {
        let request = EventKind::ApprovalRequested {
            approval: approval(id, &ses, op, 5),
        };
        store.append(&ses, Some(op), 5, &[request]).await.unwrap();
    }
    let end = [finished(OperationState::Cancelled)];
    store.append(&ses, Some(&one), 6, &end).await.unwrap();
    let denied = Some((Decision::Deny, DecidedBy::Operation, 6));
    assert_eq!(decided(&store, "apr_1").await, denied);
    assert_eq!(decided(&store, "apr_2").await, None);
}

#[tokio::test]
async fn rules_belong_to_a_project_and_count_their_use() {
    let store = Store::in_memory().await.unwrap();
    let one = store.open_project("/a", "a", 1).await.unwrap().id;
    let two = store.open_project("/b", "b", 1).await.unwrap().id;
    store.remember_rule(&one, "npm publish", 2).await.unwrap();
    store.remember_rule(&one, "npm publish", 3).await.unwrap();
    store.remember_rule(&one, "make", 4).await.unwrap();
    let rules = store.approval_rules(&one).await.unwrap();
    let patterns: Vec<_> = rules.iter().map(|rule| rule.pattern.as_str()).collect();
    assert_eq!(patterns, ["make", "npm publish"]);
    assert!(store.approval_rules(&two).await.unwrap().is_empty());
    store.use_rule(&rules[0].id, 9).await.unwrap();
    let used = &store.approval_rules(&one).await.unwrap()[0];
    assert_eq!((used.use_count, used.last_used_at), (1, Some(9)));
    store.forget_rule(&used.id).await.unwrap();
    assert_eq!(store.approval_rules(&one).await.unwrap().len(), 1);
    store.forget_rule(&used.id).await.unwrap_err();
}
