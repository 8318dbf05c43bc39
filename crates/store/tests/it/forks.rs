//! Forks: copies that read like the original and can go on.

use mira_protocol::operation::OperationState;
use mira_protocol::session::SearchSessions;
use mira_protocol::{EventKind, SessionId, StoredEvent};
use mira_store::{LedgerRow, Store, StoreError};

use crate::support::*;

/// Two operations: the first whole (events 1–5), the second cut off within a call (6–9).
async fn conversation(store: &Store) -> SessionId {
    let id = session(store, "ses_a", None).await;
    let first = operation(store, &id, "op_1", 10).await;
    let kinds = [call("c1"), result("c1", "zebra"), assistant("one")];
    store.append(&id, Some(&first), 11, &kinds).await.unwrap();
    store
        .append(
            &id,
            Some(&first),
            12,
            &[finished(OperationState::Completed)],
        )
        .await
        .unwrap();
    let second = operation(store, &id, "op_2", 20).await;
    let kinds = [
        call("c2"),
        call("c3"),
        result("c2", "yak"),
        assistant("two"),
    ];
    store.append(&id, Some(&second), 21, &kinds).await.unwrap();
    id
}

fn told(events: &[StoredEvent]) -> Vec<(u64, Option<String>, &EventKind)> {
    events
        .iter()
        .map(|event| {
            (
                event.seq,
                event.operation_id.clone().map(|id| id.0),
                &event.kind,
            )
        })
        .collect()
}

#[tokio::test]
async fn a_copy_up_to_an_event_reads_alike_and_goes_on() {
    let store = Store::in_memory().await.unwrap();
    let source = conversation(&store).await;
    let row = LedgerRow {
        session_id: Some(source.clone()),
        usage: usage(),
        cost_micro_usd: Some(5),
        ..LedgerRow::new(1, "chat", "openai", "m")
    };
    store.settle(None, &row).await.unwrap();
    let fork = SessionId::from("ses_fork");
    store
        .fork_session(&source, &fork, Some(5), Some("copy"), 50)
        .await
        .unwrap();

    let original = store.events_since(&source, 0, 100).await.unwrap();
    let copy = store.events_since(&fork, 0, 100).await.unwrap();
    assert_eq!(told(&copy[..5]), told(&original[..5]));
    assert_eq!(
        copy[5].kind,
        EventKind::Forked {
            from_session_id: source.clone(),
            up_to_seq: 5
        }
    );
    assert_eq!(copy.len(), 6);
    let row = store.session(&fork).await.unwrap();
    assert_eq!(
        (row.name.as_str(), row.forked_from),
        ("copy", Some(source.clone()))
    );
    assert_eq!(
        (row.last_seq, row.message_count, row.cost_micro_usd),
        (6, 2, 0)
    );
    assert_eq!(row.running_operation_id, None);
    assert_eq!(store.session(&source).await.unwrap().cost_micro_usd, 5);

    // Both go on by themselves.
    let op = operation(&store, &fork, "op_3", 60).await;
    store
        .append(&fork, Some(&op), 61, &[assistant("three")])
        .await
        .unwrap();
    assert_eq!(store.session(&fork).await.unwrap().last_seq, 8);
    assert_eq!(store.session(&source).await.unwrap().last_seq, 10);
    assert_eq!(
        store
            .events_of_operation(&"op_1".into())
            .await
            .unwrap()
            .len(),
        5
    );
    let hits = SearchSessions {
        query: "zebra".into(),
        ..SearchSessions::default()
    };
    assert_eq!(
        store.search(&hits).await.unwrap().len(),
        2,
        "the copy is found too"
    );
}

#[tokio::test]
async fn a_cut_through_an_operation_closes_it_in_the_copy_alone() {
    let store = Store::in_memory().await.unwrap();
    let source = conversation(&store).await;
    let fork = SessionId::from("ses_fork");
    store
        .fork_session(&source, &fork, None, None, 50)
        .await
        .unwrap();
    let copy = store.events_since(&fork, 0, 100).await.unwrap();
    let seqs: Vec<_> = copy.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=13).collect::<Vec<_>>());
    let added: Vec<_> = copy[10..].iter().map(|event| &event.kind).collect();
    assert!(
        matches!(added[0], EventKind::ToolResult { call_id, success: false, .. } if call_id.0 == "c3"),
        "{added:?}"
    );
    assert!(
        matches!(
            added[1],
            EventKind::OperationFinished {
                state: OperationState::Cancelled,
                ..
            }
        ),
        "{added:?}"
    );
    assert!(
        matches!(added[2], EventKind::Forked { up_to_seq: 10, .. }),
        "{added:?}"
    );
    // The original still runs.
    let run = store.operation(&"op_2".into()).await.unwrap().operation;
    assert_eq!(run.finished_at, None);
    let end = [finished(OperationState::Completed)];
    store
        .append(&source, Some(&"op_2".into()), 60, &end)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_copy_of_nothing_is_refused_and_leaves_nothing() {
    let store = Store::in_memory().await.unwrap();
    let fork = SessionId::from("ses_fork");
    let error = store
        .fork_session(&"ses_none".into(), &fork, None, None, 1)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::NotFound {
                what: "session",
                ..
            }
        ),
        "{error}"
    );
    store.session(&fork).await.unwrap_err();
}
