//! kill -9 at any time: what was told as stored is there, and the tables agree with the log.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use mira_protocol::operation::OperationState;
use mira_store::Store;

use crate::support::*;

/// Set for the process that is to be killed: the database it writes to.
const VICTIM: &str = "MIRA_STORE_TEST_VICTIM";

/// Does nothing but in the process that [`a_killed_writer_loses_nothing_it_told`] starts.
#[tokio::test]
async fn victim() {
    let Some(path) = std::env::var_os(VICTIM) else {
        return;
    };
    let store = Store::open(path).await.unwrap();
    let id = session(&store, "ses_a", None).await;
    for turn in 0.. {
        let op = operation(&store, &id, &format!("op_{turn}"), turn).await;
        for step in 0..5 {
            let call_id = format!("c{turn}_{step}");
            let kinds = [
                call(&call_id),
                result(&call_id, &"output ".repeat(200)),
                user("on"),
            ];
            let stored = store.append(&id, Some(&op), turn, &kinds).await.unwrap();
            println!("stored {}", stored[2].seq);
        }
        let end = [finished(OperationState::Completed)];
        let stored = store.append(&id, Some(&op), turn, &end).await.unwrap();
        println!("stored {}", stored[0].seq);
    }
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_it_told() {
    for steps in [1, 7, 40] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mira.db");
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["crash::victim", "--exact", "--nocapture"])
            .env(VICTIM, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(victim.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("stored ")?.1.parse::<u64>().ok())
            .nth(steps)
            .unwrap();
        victim.kill().unwrap();
        victim.wait().unwrap();

        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.quick_check().await.unwrap(), Vec::<String>::new());
        let id = "ses_a".into();
        let row = store.session(&id).await.unwrap();
        assert!(row.last_seq >= told, "{} < {told}", row.last_seq);
        let events = store.events_since(&id, 0, 100_000).await.unwrap();
        let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=row.last_seq).collect::<Vec<_>>());
        let messages = events
            .iter()
            .filter(|event| matches!(event.kind, mira_protocol::EventKind::UserMessage { .. }))
            .count();
        assert_eq!(row.message_count, messages as u64);
        for run in store.operations(&id).await.unwrap() {
            let run = run.operation;
            let ended = store
                .events_of_operation(&run.id)
                .await
                .unwrap()
                .iter()
                .any(|event| {
                    matches!(
                        event.kind,
                        mira_protocol::EventKind::OperationFinished { .. }
                    )
                });
            assert_eq!(run.finished_at.is_some(), ended, "{}", run.id);
        }
        // And it goes on.
        let stored = store.append(&id, None, 1, &[user("after")]).await.unwrap();
        assert_eq!(stored[0].seq, row.last_seq + 1);
    }
}
