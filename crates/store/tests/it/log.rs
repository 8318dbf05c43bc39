//! The log: numbers, what follows from events, what is refused.

use mira_protocol::operation::{OperationKind, OperationState, Tier, Usage};
use mira_protocol::{Code, EventKind, Failure, OperationId, SessionId, StoredEvent};
use mira_store::{Store, StoreError};

use crate::support::*;

fn seqs(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

#[tokio::test]
async fn events_are_numbered_per_session_and_come_back_as_they_went() {
    let store = Store::in_memory().await.unwrap();
    let (a, b) = (
        session(&store, "ses_a", None).await,
        session(&store, "ses_b", None).await,
    );
    let op = operation(&store, &a, "op_1", 10).await;
    let kinds = [
        state(OperationState::Started),
        call("c1"),
        result("c1", "ünïcode \u{0} \u{2028} \"quotes\""),
        assistant("there"),
    ];
    let stored = store.append(&a, Some(&op), 20, &kinds).await.unwrap();
    let other = store.append(&b, None, 20, &[user("hello")]).await.unwrap();
    assert_eq!(seqs(&stored), [2, 3, 4, 5]);
    assert_eq!(seqs(&other), [1]);

    let read = store.events_since(&a, 1, 100).await.unwrap();
    assert_eq!(read, stored);
    assert_eq!(seqs(&store.events_since(&a, 0, 2).await.unwrap()), [1, 2]);
    assert_eq!(store.events_since(&a, 5, 2).await.unwrap(), []);
    assert_eq!(store.events_of_operation(&op).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_leave_neither_gap_nor_double() {
    let store = Store::in_memory().await.unwrap();
    let id = session(&store, "ses_a", None).await;
    let writers = (0..8).map(|writer| {
        let (store, id) = (store.clone(), id.clone());
        tokio::spawn(async move {
            let mut last = 0;
            for step in 0..25 {
                let kinds = [user(&format!("{writer}/{step}")), assistant("ok")];
                let stored = store.append(&id, None, step, &kinds).await.unwrap();
                assert_eq!(stored[1].seq, stored[0].seq + 1, "a batch stays together");
                assert!(stored[0].seq > last);
                last = stored[1].seq;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let all = store.events_since(&id, 0, 5_000).await.unwrap();
    assert_eq!(seqs(&all), (1..=400).collect::<Vec<_>>());
    let session = store.session(&id).await.unwrap();
    assert_eq!((session.last_seq, session.message_count), (400, 400));
}

#[tokio::test]
async fn the_operation_row_follows_its_events() {
    let store = Store::in_memory().await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    let op = operation(&store, &ses, "op_1", 10).await;
    let row = store.operation(&op).await.unwrap();
    assert_eq!(row.operation.state, OperationState::Pending);
    assert_eq!(
        store.session(&ses).await.unwrap().running_operation_id,
        None,
        "it waits for its turn"
    );

    let kinds = [
        EventKind::OperationState {
            state: OperationState::Started,
            kind: Some(OperationKind::CodeReview),
            reason: None,
        },
        EventKind::Routed {
            tier: Tier::Code,
            model: "m".into(),
            provider: "openai".into(),
            reason: "asked".into(),
            decision: None,
        },
        EventKind::ModelCallFinished {
            call: 1,
            usage: usage(),
            cost_micro_usd: Some(40),
            duration_ms: 1,
            first_token_ms: None,
            finish: "stop".into(),
            money: None,
        },
        state(OperationState::Generating),
    ];
    store.append(&ses, Some(&op), 20, &kinds).await.unwrap();
    let row = store.operation(&op).await.unwrap();
    assert_eq!(row.started_at, Some(20));
    assert_eq!(row.provider.as_deref(), Some("openai"));
    let run = row.operation;
    assert_eq!(run.state, OperationState::Generating);
    assert_eq!(run.kind, Some(OperationKind::CodeReview));
    assert_eq!(
        (run.tier, run.model.as_deref()),
        (Some(Tier::Code), Some("m"))
    );
    assert_eq!((run.usage, run.cost_micro_usd), (usage(), 40));

    let failure = Failure::new(Code::KeyRejected, "no").hint("try");
    let end = EventKind::OperationFinished {
        state: OperationState::Failed,
        failure: Some(failure.clone()),
        content: String::new(),
        usage: Usage {
            input_tokens: 1,
            ..usage()
        },
        cost_micro_usd: 43,
        duration_ms: 3,
        changes: Vec::new(),
    };
    store.append(&ses, Some(&op), 30, &[end]).await.unwrap();
    let run = store.operation(&op).await.unwrap().operation;
    assert_eq!(
        (run.state, run.finished_at),
        (OperationState::Failed, Some(30))
    );
    assert_eq!((run.failure, run.cost_micro_usd), (Some(failure), 43));
    assert_eq!(run.usage.input_tokens, 1);
    assert_eq!(
        store.session(&ses).await.unwrap().running_operation_id,
        None
    );
}

#[tokio::test]
async fn an_operation_ends_once_and_never_moves_after() {
    let store = Store::in_memory().await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    let op = operation(&store, &ses, "op_1", 10).await;
    let end = [finished(OperationState::Completed)];
    store.append(&ses, Some(&op), 20, &end).await.unwrap();
    let late = [
        vec![finished(OperationState::Cancelled)],
        vec![state(OperationState::Generating)],
        vec![assistant("kept out"), finished(OperationState::Failed)],
    ];
    for kinds in late {
        let error = store.append(&ses, Some(&op), 30, &kinds).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Conflict(_)),
            "{kinds:?}: {error}"
        );
    }
    let events = store.events_since(&ses, 0, 100).await.unwrap();
    assert_eq!(
        seqs(&events),
        [1, 2],
        "a refused batch leaves nothing, not even a gap"
    );
    let run = store.operation(&op).await.unwrap().operation;
    assert_eq!(
        (run.state, run.finished_at),
        (OperationState::Completed, Some(20))
    );
    // Later notes about it (undo, review, a job's end) are still taken.
    let note = EventKind::Undone {
        operation_id: op.clone(),
        undone: true,
        paths: vec![],
    };
    assert_eq!(
        store.append(&ses, Some(&op), 40, &[note]).await.unwrap()[0].seq,
        3
    );
}

#[tokio::test]
async fn what_has_no_session_or_operation_is_refused() {
    let store = Store::in_memory().await.unwrap();
    let nobody = SessionId::from("ses_none");
    let error = store
        .append(&nobody, None, 1, &[user("x")])
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
    let ses = session(&store, "ses_a", None).await;
    let stray = OperationId::from("op_none");
    store
        .append(&ses, Some(&stray), 1, &[assistant("x")])
        .await
        .unwrap_err();
    assert_eq!(store.session(&ses).await.unwrap().last_seq, 0);
    let error = store.operation(&stray).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::NotFound {
                what: "operation",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn an_event_of_a_newer_version_keeps_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mira.db");
    let store = Store::open(&path).await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    store
        .append(&ses, None, 1, &[user("a"), user("b"), user("c")])
        .await
        .unwrap();
    let mut raw = crate::open::raw(&path).await;
    sqlx::query("UPDATE operation_events SET event_type = 'teleported' WHERE seq = 2")
        .execute(&mut raw)
        .await
        .unwrap();
    let events = store.events_since(&ses, 0, 10).await.unwrap();
    assert_eq!(seqs(&events), [1, 2, 3]);
    let EventKind::Notice { code, text, .. } = &events[1].kind else {
        panic!("{:?}", events[1])
    };
    assert_eq!(code, "unknown_event");
    assert!(text.contains("teleported"), "{text}");
}

#[tokio::test]
async fn a_dropped_append_leaves_the_store_usable() {
    let store = Store::in_memory().await.unwrap();
    let ses = session(&store, "ses_a", None).await;
    for polls in 1..40 {
        let kinds = [user("half"), assistant("way")];
        let mut append = Box::pin(store.append(&ses, None, 1, &kinds));
        for _ in 0..polls {
            if futures_poll(append.as_mut()).await {
                break;
            }
        }
    }
    let stored = store.append(&ses, None, 2, &[user("after")]).await.unwrap();
    let events = store.events_since(&ses, 0, 1_000).await.unwrap();
    assert_eq!(seqs(&events), (1..=stored[0].seq).collect::<Vec<_>>());
    assert_eq!(events.len() % 2, 1, "batches are whole or absent");
}

/// Polls once, after letting other work go on; true when it is done.
async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    tokio::task::yield_now().await;
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}
