//! Messages that are found by meaning: the person's, and how each operation ended.

use mira_protocol::operation::OperationState;
use mira_protocol::rewind::{RewindWhat, SeqRange};
use mira_protocol::{EventKind, ProjectId};
use mira_store::Store;

use crate::support::*;

async fn standing(store: &Store, project: &ProjectId) -> Vec<String> {
    let all = store.standing_messages(project).await.unwrap();
    let ids: Vec<i64> = all.iter().map(|one| one.event_id).collect();
    let mut found = store.messages(&ids).await.unwrap();
    found.sort_by_key(|one| one.event_id);
    let count = store
        .standing_message_count(std::slice::from_ref(project))
        .await;
    assert_eq!(count.unwrap(), found.len() as u64);
    let any = store
        .has_standing_messages(std::slice::from_ref(project))
        .await;
    assert_eq!(any.unwrap(), !found.is_empty());
    let said = |one: &mira_store::FoundMessage| format!("{}: {}", one.hit.role.word(), one.content);
    found.iter().map(said).collect()
}

fn superseded(content: &str) -> EventKind {
    EventKind::AssistantMessage {
        message_id: "msg_model".into(),
        content: content.into(),
        partial: true,
        superseded: true,
    }
}

#[tokio::test]
async fn the_persons_messages_and_last_answers_stand_as_long_as_they_are_part_of_it() {
    let store = Store::in_memory().await.unwrap();
    let project = store.open_project("/p", "p", 1).await.unwrap().id;
    let id = session(&store, "ses_a", Some(&project)).await;
    let op = operation(&store, &id, "op_1", 1).await;
    let append = async |kinds: &[EventKind]| {
        store.append(&id, Some(&op), 2, kinds).await.unwrap();
    };
    append(&[state(OperationState::Pending)]).await;
    assert_eq!(standing(&store, &project).await, Vec::<String>::new());
    append(&[
        state(OperationState::Started),
        assistant("Let me look."),
        call("c1"),
        result("c1", "printed"),
        superseded("It is br"),
        assistant("It is done."),
    ])
    .await;
    // What is under way may go on.
    assert_eq!(standing(&store, &project).await, ["user: do it"]);
    append(&[superseded("It was"), finished(OperationState::Completed)]).await;
    let both = ["user: do it", "assistant: It is done."];
    assert_eq!(standing(&store, &project).await, both);

    let message = store.messages(&[1, 99]).await.unwrap();
    let hit = &message[0].hit;
    assert_eq!((message.len(), hit.seq, &hit.session_id), (1, 1, &id));

    let rewound = |hidden, shown| EventKind::Rewound {
        what: RewindWhat::Conversation,
        to_seq: 1,
        hidden,
        shown,
        paths: vec![],
        undoes_seq: None,
        checkpoint_id: None,
    };
    let all = vec![SeqRange { first: 1, last: 20 }];
    let fork = "ses_fork".into();
    store.fork_session(&id, &fork, None, None, 3).await.unwrap();
    let taken_back = [rewound(all.clone(), vec![])];
    store.append(&id, None, 4, &taken_back).await.unwrap();
    assert_eq!(
        standing(&store, &project).await,
        both,
        "the copy still says it"
    );
    store.set_session_deleted(&fork, Some(5)).await.unwrap();
    assert_eq!(standing(&store, &project).await, Vec::<String>::new());
    store
        .append(&id, None, 6, &[rewound(vec![], all)])
        .await
        .unwrap();
    assert_eq!(standing(&store, &project).await, both);
    let none = session(&store, "ses_alone", None).await;
    operation(&store, &none, "op_2", 7).await;
    assert_eq!(standing(&store, &project).await, both);
}
