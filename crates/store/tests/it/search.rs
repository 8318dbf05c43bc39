//! Search: finds what was said and what tools answered; no input is an error.

use mira_protocol::operation::OperationState;
use mira_protocol::session::{SearchHit, SearchRole, SearchSessions};
use mira_store::Store;

use crate::support::*;

async fn search(store: &Store, query: &str) -> Vec<SearchHit> {
    let search = SearchSessions {
        query: query.into(),
        ..SearchSessions::default()
    };
    store.search(&search).await.unwrap()
}

async fn store_with_text() -> Store {
    let store = Store::in_memory().await.unwrap();
    let id = session(&store, "ses_a", None).await;
    let op = operation(&store, &id, "op_1", 1).await;
    let kinds = [
        call("c1"),
        result(
            "c1",
            "error[E0425]: cannot find value `snake_case_name` in this scope",
        ),
        assistant("Die Größe der naïve Lösung: \"fünf\" (OR six)"),
    ];
    store.append(&id, Some(&op), 2, &kinds).await.unwrap();
    store
}

#[tokio::test]
async fn messages_and_tool_output_are_found_with_marks() {
    let store = store_with_text().await;
    let hits = search(&store, "snake_case_na").await;
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].role.word(), hits[0].seq), ("tool", 3));
    assert_eq!(hits[0].operation_id, Some("op_1".into()));
    assert!(
        hits[0].snippet.contains("`\u{2}snake_case_name\u{3}`"),
        "{:?}",
        hits[0].snippet
    );
    let hits = search(&store, "grosse naive losung").await;
    assert!(hits.is_empty(), "ß is not ss");
    let hits = search(&store, "größe NAIVE").await;
    assert_eq!(hits[0].role.word(), "assistant");
    assert_eq!(search(&store, "do it").await[0].role.word(), "user");
    // Words in any order; all of them; the last as a beginning.
    assert_eq!(search(&store, "scope cannot").await.len(), 1);
    assert!(search(&store, "scope nowhere").await.is_empty());
    assert!(search(&store, "scop value").await.is_empty());
    assert!(
        search(&store, "run_command").await.is_empty(),
        "names of calls are not text"
    );
}

#[tokio::test]
async fn no_query_is_an_error() {
    let store = store_with_text().await;
    for odd in [
        "",
        " ",
        "\"",
        "\"\"",
        "'",
        "*",
        "a*",
        "OR",
        "AND NOT",
        "NEAR(",
        "text:",
        "^x",
        "-x",
        "(",
        "{}",
        "col : x",
        "\0",
        "a\0b",
        "%",
        "_",
        ";--",
        "…",
        "日本",
        "👩‍💻",
        "a\"b\"c",
        "\\",
        "+",
    ] {
        search(&store, odd).await;
    }
    assert_eq!(search(&store, "\"fünf\" (OR").await.len(), 1);
    assert_eq!(search(&store, &"x".repeat(100_000)).await.len(), 0);
}

#[tokio::test]
async fn what_came_later_is_found_and_what_was_deleted_is_not() {
    let store = store_with_text().await;
    assert!(search(&store, "walrus").await.is_empty());
    let id = "ses_a".into();
    store
        .append(&id, None, 3, &[user("a walrus")])
        .await
        .unwrap();
    assert_eq!(search(&store, "walrus").await.len(), 1);
    // Many at once, over more than one step of the index, and with an operation's end.
    let kinds: Vec<_> = (0..1_200)
        .map(|number| user(&format!("many{number}")))
        .collect();
    store.append(&id, None, 4, &kinds).await.unwrap();
    let end = [finished(OperationState::Completed)];
    store
        .append(&id, Some(&"op_1".into()), 5, &end)
        .await
        .unwrap();
    assert_eq!(search(&store, "many1199").await.len(), 1);
    let limited = SearchSessions {
        query: "many".into(),
        limit: Some(7),
        ..SearchSessions::default()
    };
    assert_eq!(store.search(&limited).await.unwrap().len(), 7);
    store.set_session_deleted(&id, Some(6)).await.unwrap();
    assert!(search(&store, "walrus").await.is_empty());
    store.set_session_deleted(&id, None).await.unwrap();
    assert_eq!(search(&store, "walrus").await.len(), 1);
}

#[tokio::test]
async fn a_project_limits_the_search() {
    let store = Store::in_memory().await.unwrap();
    let project = store.open_project("/p", "p", 1).await.unwrap().id;
    let inside = session(&store, "ses_in", Some(&project)).await;
    let outside = session(&store, "ses_out", None).await;
    for id in [&inside, &outside] {
        store.append(id, None, 1, &[user("heron")]).await.unwrap();
    }
    assert_eq!(search(&store, "heron").await.len(), 2);
    let limited = SearchSessions {
        query: "heron".into(),
        project_id: Some(project),
        ..SearchSessions::default()
    };
    let hits = store.search(&limited).await.unwrap();
    assert_eq!((hits.len(), &hits[0].session_id), (1, &inside));
}

#[tokio::test]
async fn filters_narrow_the_search() {
    let store = store_with_text().await;
    let with = async |filter: SearchSessions| {
        let hits = store.search(&filter).await.unwrap();
        hits.into_iter()
            .map(|hit| (hit.seq, hit.role.word(), hit.tool))
            .collect::<Vec<_>>()
    };
    let words = |query: &str| SearchSessions {
        query: query.into(),
        ..SearchSessions::default()
    };
    let tool = Some("run_command".to_owned());
    assert_eq!(with(words("find")).await, [(3, "tool", tool.clone())]);
    let by_tool = |name: &str| SearchSessions {
        tool: Some(name.into()),
        ..words("find")
    };
    assert_eq!(with(by_tool("run_command")).await.len(), 1);
    assert!(with(by_tool("git_log")).await.is_empty());
    let by_role = |role| SearchSessions {
        role: Some(role),
        ..words("six")
    };
    assert_eq!(
        with(by_role(SearchRole::Assistant)).await,
        [(4, "assistant", None)]
    );
    assert!(with(by_role(SearchRole::User)).await.is_empty());
    let between = |since, until| SearchSessions {
        since: Some(since),
        until: Some(until),
        ..words("six")
    };
    assert_eq!(with(between(2, 3)).await.len(), 1);
    assert!(with(between(3, 9)).await.is_empty());
    assert!(with(between(0, 2)).await.is_empty());
    let by_model = SearchSessions {
        model: Some("another".into()),
        ..words("six")
    };
    assert!(with(by_model).await.is_empty());
    let elsewhere = SearchSessions {
        session_id: Some("ses_b".into()),
        ..words("six")
    };
    assert!(with(elsewhere).await.is_empty());
}
