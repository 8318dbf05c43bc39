//! Changes on disk are followed.

use std::time::Duration;

use mira_index::{Index, Watching};

use crate::{Place, found};

/// Waits until the words are found in exactly these files.
async fn until(index: &Index, words: &str, expected: &[&str]) {
    let mut state = index.follow();
    let look = async {
        loop {
            let mut paths = found(index, words).await;
            paths.sort();
            if paths == expected {
                return;
            }
            state.changed().await.unwrap();
        }
    };
    if tokio::time::timeout(Duration::from_secs(300), look)
        .await
        .is_err()
    {
        panic!(
            "{words:?} is in {:?}, not in {expected:?}",
            found(index, words).await
        );
    }
}

async fn watched(index: &Index) {
    let mut state = index.follow();
    state
        .wait_for(|state| state.watching == Watching::On)
        .await
        .unwrap();
}

#[tokio::test]
async fn edits_new_folders_moves_and_deletions_are_followed() {
    let place = Place::with(&[("a.py", "def apple(): pass\n"), (".gitignore", "hidden/\n")]);
    let index = place.open().await;
    let watch = index.watch();
    watched(&index).await;
    until(&index, "apple", &["a.py"]).await;
    place.put("a.py", "def banana(): pass\n");
    until(&index, "banana", &["a.py"]).await;
    assert!(found(&index, "apple").await.is_empty());
    place.put("deep/er/b.py", "def cherry(): pass\n");
    place.put("hidden/c.py", "def cherry(): pass\n");
    until(&index, "cherry", &["deep/er/b.py"]).await;
    place.put("deep/er/b.py", "def damson(): pass\n");
    until(&index, "damson", &["deep/er/b.py"]).await;
    std::fs::rename(place.root().join("deep"), place.root().join("moved")).unwrap();
    until(&index, "damson", &["moved/er/b.py"]).await;
    place.put("moved/er/b.py", "def elder(): pass\n");
    until(&index, "elder", &["moved/er/b.py"]).await;
    std::fs::remove_dir_all(place.root().join("moved")).unwrap();
    until(&index, "elder", &[]).await;
    place.put(".gitignore", "");
    until(&index, "cherry", &["hidden/c.py"]).await;
    drop(watch);
    index
        .follow()
        .wait_for(|state| state.watching == Watching::Off)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_branch_switch_is_followed() {
    let place = Place::new();
    place.git(&["init", "-q", "-b", "main"]);
    for number in 0..120 {
        place.put(
            &format!("d{}/f{number}.py", number % 7),
            format!("def on_main_{number}(): pass\n"),
        );
    }
    place.git(&["add", "-A"]);
    place.git(&["commit", "-qm", "one"]);
    place.git(&["switch", "-qc", "other"]);
    for number in 0..120 {
        place.put(
            &format!("d{}/f{number}.py", number % 7),
            format!("def on_other_{number}(): pass\n"),
        );
    }
    place.git(&["commit", "-qam", "two"]);
    place.git(&["switch", "-q", "main"]);
    let index = place.open().await;
    let _watch = index.watch();
    watched(&index).await;
    assert_eq!(found(&index, "on_main_119").await[0], "d0/f119.py");
    place.git(&["switch", "-q", "other"]);
    let mut state = index.follow();
    let all = async {
        while index
            .lexical("other", mira_index::Weights::default(), 400)
            .await
            .unwrap()
            .len()
            < 120
        {
            state.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(300), all)
        .await
        .expect("all of the other branch");
    let main = index
        .lexical("main", mira_index::Weights::default(), 400)
        .await
        .unwrap();
    assert!(main.is_empty(), "{} files of the branch before", main.len());
}

#[tokio::test]
async fn own_edits_are_found_at_once() {
    let place = Place::with(&[("a.py", "def apple(): pass\n")]);
    let index = place.synced().await;
    place.put("new/b.py", "def berry(): pass\n");
    index.apply(vec!["new/b.py".into()]).await.unwrap();
    assert_eq!(found(&index, "berry").await, ["new/b.py"]);
}
