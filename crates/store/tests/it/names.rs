//! What models called parts of code: kept once for each content, the newest of them, by project.

use mira_protocol::ProjectId;
use mira_store::{CodeName, Store};

fn named(hash: &str, name: &str) -> CodeName {
    CodeName {
        item_hash: hash.into(),
        model: "local/small".into(),
        name: name.into(),
        says: format!("What {name} is."),
    }
}

async fn project(store: &Store, folder: &str) -> ProjectId {
    store.open_project(folder, folder, 1).await.unwrap().id
}

#[tokio::test]
async fn the_last_words_for_a_content_stand_and_other_projects_keep_theirs() {
    let store = Store::in_memory().await.unwrap();
    let (here, there) = (project(&store, "/a").await, project(&store, "/b").await);
    store
        .keep_code_names(&there, &[named("h1", "Elsewhere")], 1)
        .await
        .unwrap();
    let names = [named("h1", "Cart"), named("h2", "Till")];
    store.keep_code_names(&here, &names, 2).await.unwrap();
    store
        .keep_code_names(&here, &[named("h1", "Basket")], 3)
        .await
        .unwrap();
    assert_eq!(
        store.code_names(&here).await.unwrap(),
        [named("h2", "Till"), named("h1", "Basket")]
    );
    assert_eq!(
        store.code_names(&there).await.unwrap(),
        [named("h1", "Elsewhere")]
    );
}

#[tokio::test]
async fn the_newest_2000_of_a_project_are_kept() {
    let store = Store::in_memory().await.unwrap();
    let here = project(&store, "/a").await;
    store
        .keep_code_names(&here, &[named("first", "First")], 1)
        .await
        .unwrap();
    let names: Vec<CodeName> = (0..2_000)
        .map(|number| named(&format!("h{number}"), "More"))
        .collect();
    store.keep_code_names(&here, &names, 2).await.unwrap();
    let kept = store.code_names(&here).await.unwrap();
    assert_eq!(kept.len(), 2_000);
    assert!(kept.iter().all(|one| one.item_hash != "first"));
}
