//! Sessions and projects: lists, names, marks.

use mira_protocol::operation::OperationState;
use mira_protocol::session::{ListSessions, Session};
use mira_protocol::{EventKind, OperationId};
use mira_store::{LedgerRow, Store, StoreError};

use crate::support::*;

fn ids(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}

async fn list(store: &Store, list: ListSessions) -> (Vec<String>, u64) {
    let (sessions, total) = store.sessions(&list).await.unwrap();
    (
        ids(&sessions).into_iter().map(str::to_owned).collect(),
        total,
    )
}

#[tokio::test]
async fn pinned_first_then_the_newest_activity() {
    let store = Store::in_memory().await.unwrap();
    for (id, at) in [("ses_old", 10), ("ses_new", 30), ("ses_mid", 20)] {
        let id = session(&store, id, None).await;
        store.append(&id, None, at, &[user("x")]).await.unwrap();
    }
    store.pin_session(&"ses_old".into(), true).await.unwrap();
    let (found, total) = list(&store, ListSessions::default()).await;
    assert_eq!(found, ["ses_old", "ses_new", "ses_mid"]);
    assert_eq!(total, 3);
    let page = ListSessions {
        limit: Some(1),
        offset: Some(1),
        ..Default::default()
    };
    assert_eq!(list(&store, page).await, (vec!["ses_new".to_owned()], 3));
    // The last one is the newest, pinned or not.
    assert_eq!(
        store.last_session(None).await.unwrap().unwrap().id.as_str(),
        "ses_new"
    );
}

#[tokio::test]
async fn deleted_sessions_are_apart_and_come_back_whole() {
    let store = Store::in_memory().await.unwrap();
    let id = session(&store, "ses_a", None).await;
    store.append(&id, None, 5, &[user("x")]).await.unwrap();
    store.set_session_deleted(&id, Some(9)).await.unwrap();
    assert_eq!(list(&store, ListSessions::default()).await.1, 0);
    assert_eq!(store.last_session(None).await.unwrap(), None);
    assert_eq!(store.session_count().await.unwrap(), 0);
    let deleted = ListSessions {
        deleted: true,
        ..Default::default()
    };
    assert_eq!(list(&store, deleted).await.0, ["ses_a"]);
    assert!(store.session(&id).await.unwrap().deleted);
    store.set_session_deleted(&id, None).await.unwrap();
    let back = store.session(&id).await.unwrap();
    assert_eq!(
        (back.deleted, back.last_seq, back.message_count),
        (false, 1, 1)
    );
}

#[tokio::test]
async fn names_are_searched_literally_and_a_persons_name_stays() {
    let store = Store::in_memory().await.unwrap();
    for (id, name) in [
        ("ses_a", "100% sure"),
        ("ses_b", "100 sure"),
        ("ses_c", "snake_case"),
    ] {
        let id = session(&store, id, None).await;
        let renamed = EventKind::Renamed {
            name: name.into(),
            by_person: true,
        };
        store.append(&id, None, 1, &[renamed]).await.unwrap();
    }
    let search = |part: &str| ListSessions {
        search: Some(part.into()),
        ..Default::default()
    };
    assert_eq!(list(&store, search("100%")).await.0, ["ses_a"]);
    assert_eq!(list(&store, search("e_c")).await.0, ["ses_c"]);
    assert_eq!(list(&store, search("SURE")).await.1, 2);
    assert_eq!(list(&store, search(" ")).await.1, 3);

    let id = "ses_a".into();
    let made = EventKind::Renamed {
        name: "A made title".into(),
        by_person: false,
    };
    store.append(&id, None, 2, &[made]).await.unwrap();
    assert_eq!(store.session(&id).await.unwrap().name, "100% sure");
}

#[tokio::test]
async fn a_session_shows_what_runs_what_can_be_resumed_and_what_it_cost() {
    let store = Store::in_memory().await.unwrap();
    let id = session(&store, "ses_a", None).await;
    let shown = async || {
        let session = store.session(&id).await.unwrap();
        let text = |id: Option<OperationId>| id.map(|id| id.0).unwrap_or_default();
        (
            text(session.running_operation_id),
            text(session.resumable_operation_id),
        )
    };
    let first = operation(&store, &id, "op_1", 10).await;
    let second = operation(&store, &id, "op_2", 10).await;
    assert_eq!(shown().await, (String::new(), String::new()), "both wait");
    let started = [EventKind::OperationState {
        state: OperationState::Started,
        kind: None,
        reason: None,
    }];
    store.append(&id, Some(&first), 15, &started).await.unwrap();
    assert_eq!(
        shown().await,
        ("op_1".into(), String::new()),
        "the second is queued"
    );
    let interrupted = [finished(OperationState::Interrupted)];
    store
        .append(&id, Some(&first), 20, &interrupted)
        .await
        .unwrap();
    assert_eq!(
        shown().await,
        (String::new(), "op_1".into()),
        "the second still waits"
    );
    store
        .append(&id, Some(&second), 25, &started)
        .await
        .unwrap();
    assert_eq!(shown().await, ("op_2".into(), String::new()));
    store
        .append(&id, Some(&second), 30, &interrupted)
        .await
        .unwrap();
    assert_eq!(shown().await, (String::new(), "op_2".into()));
    assert_eq!(store.operations(&id).await.unwrap().len(), 2);
    assert!(store.open_operations().await.unwrap().is_empty());

    for cost in [Some(30), None, Some(12)] {
        let row = LedgerRow {
            session_id: Some(id.clone()),
            operation_id: Some(second.clone()),
            usage: usage(),
            cost_micro_usd: cost,
            ..LedgerRow::new(1, "chat", "openai", "m")
        };
        store.settle(None, &row).await.unwrap();
    }
    assert_eq!(store.session(&id).await.unwrap().cost_micro_usd, 42);
}

#[tokio::test]
async fn a_project_is_one_per_path_and_is_remembered_after_it_was_forgotten() {
    let store = Store::in_memory().await.unwrap();
    let first = store.open_project("/a", "a", 1).await.unwrap();
    store.open_project("/b", "b", 2).await.unwrap();
    store
        .update_project(&first.id, Some("mine"), None)
        .await
        .unwrap();
    let again = store.open_project("/a", "a", 3).await.unwrap();
    assert_eq!(
        (again.id.clone(), again.name.as_str()),
        (first.id.clone(), "mine")
    );
    let paths = async || {
        let rows = store.projects().await.unwrap();
        rows.into_iter().map(|row| row.path).collect::<Vec<_>>()
    };
    assert_eq!(paths().await, ["/a", "/b"]);
    let ses = session(&store, "ses_a", Some(&first.id)).await;
    store.forget_project(&first.id, 4).await.unwrap();
    assert_eq!(paths().await, ["/b"]);
    assert_eq!(
        store.session(&ses).await.unwrap().project_id,
        Some(first.id.clone())
    );
    assert_eq!(store.open_project("/a", "a", 5).await.unwrap().id, first.id);
    assert_eq!(paths().await, ["/a", "/b"]);
    let missing = store
        .update_project(&"prj_none".into(), None, None)
        .await
        .unwrap_err();
    assert!(matches!(
        missing,
        StoreError::NotFound {
            what: "project",
            ..
        }
    ));
}

#[tokio::test]
async fn settings_are_saved_and_forgotten() {
    let store = Store::in_memory().await.unwrap();
    store.save_setting("B", Some("1"), 1).await.unwrap();
    store.save_setting("A", Some("2"), 1).await.unwrap();
    store.save_setting("B", Some("3"), 2).await.unwrap();
    let saved = store.saved_settings().await.unwrap();
    assert_eq!(saved, [("A".into(), "2".into()), ("B".into(), "3".into())]);
    store.save_setting("B", None, 3).await.unwrap();
    assert_eq!(store.saved_settings().await.unwrap().len(), 1);
}
