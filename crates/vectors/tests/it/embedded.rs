//! The file of its own: kept across starts, crashes, other processes and damage.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use mira_vectors::{Embedded, Filter, VectorIndex};

use crate::contract::{collection, noise, point};

async fn open(path: &Path) -> Embedded {
    Embedded::open(path).await.expect("a file")
}

#[tokio::test]
async fn what_was_stored_is_there_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/vectors.db");
    let of = collection(3);
    let first = open(&path).await;
    let points = vec![point(1, &[1.0, 0.0, 0.0], "one", "a.rs", 1)];
    first.upsert(&of, points).await.expect("stored");
    drop(first);
    let second = open(&path).await;
    let hits = second.query(&of, &[1.0, 0.0, 0.0], &Filter::all(), 1).await;
    assert_eq!(hits.expect("an answer").len(), 1);
    assert_eq!(second.collections().await.expect("a list"), [of]);
}

#[tokio::test]
async fn two_who_use_one_file_see_what_the_other_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vectors.db");
    let (one, other) = (open(&path).await, open(&path).await);
    let of = collection(3);
    let nearest = async |index: &Embedded| {
        let hits = index.query(&of, &[1.0, 0.0, 0.0], &Filter::all(), 9).await;
        hits.expect("an answer").len()
    };
    for n in 1..4_u128 {
        let points = vec![point(n, &[1.0, 0.0, 0.0], "one", "a.rs", 1)];
        one.upsert(&of, points).await.expect("stored");
        assert_eq!(nearest(&other).await, n as usize);
    }
    other
        .delete(&of, &Filter::is("at", 1))
        .await
        .expect("removed");
    assert_eq!(nearest(&one).await, 0);
}

#[tokio::test]
async fn a_damaged_file_is_put_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vectors.db");
    std::fs::write(
        &path,
        "this is no database, whatever its name says".repeat(50),
    )
    .expect("written");
    let index = open(&path).await;
    let of = collection(3);
    index
        .upsert(&of, vec![point(1, &[1.0; 3], "one", "a.rs", 1)])
        .await
        .expect("stored");
    assert!(folder.path().join("vectors.db.damaged").exists());
}

/// Long vectors are searched by one bit a number: the nearest must still be the nearest.
#[tokio::test]
async fn long_vectors_are_found_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = open(&folder.path().join("vectors.db")).await;
    let of = collection(1_536);
    let points = (0..300_u64).map(|n| point(u128::from(n), &noise(n, 1_536), "one", "a.rs", 1));
    index.upsert(&of, points.collect()).await.expect("stored");
    for n in [0, 150, 299_u64] {
        let mut near = noise(n, 1_536);
        near.iter_mut()
            .zip(noise(n + 5_000, 1_536))
            .for_each(|(a, b)| *a += b * 0.5);
        let hits = index
            .query(&of, &near, &Filter::all(), 1)
            .await
            .expect("an answer");
        assert_eq!(hits[0].id.as_u128(), u128::from(n));
    }
}

/// Not a test of its own: what the next one starts and kills.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os("MIRA_TEST_WRITE_VECTORS") else {
        return;
    };
    let index = open(Path::new(&path)).await;
    let mut of = collection(32);
    "mira_test_killed".clone_into(&mut of.name);
    for batch in 0_u128.. {
        let points =
            (0..10).map(|n| point(batch * 10 + n, &noise(batch as u64, 32), "one", "a", 1));
        index.upsert(&of, points.collect()).await.expect("stored");
        println!("\nstored {}", (batch + 1) * 10);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vectors.db");
    let mut of = collection(32);
    "mira_test_killed".clone_into(&mut of.name);
    let mut least = 0;
    for round in 1..=3_u64 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "embedded::writes_until_it_is_killed",
                "--nocapture",
            ])
            .env("MIRA_TEST_WRITE_VECTORS", &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a writer");
        let output = child.stdout.take().expect("its output");
        let stored = BufReader::new(output).lines().map_while(Result::ok);
        let stored = stored.filter_map(|line| line.strip_prefix("stored ")?.parse::<u64>().ok());
        // It is killed in the middle of whatever comes after this line.
        let acknowledged = stored
            .take(round as usize * 7)
            .last()
            .expect("something stored");
        child.kill().expect("killed");
        child.wait().expect("gone");
        least = acknowledged.max(least);
        let index = open(&path).await;
        let there = index.count(&of, &Filter::all()).await.expect("a count");
        assert!(there >= least, "{there} of {least} are there");
        let hits = index
            .query(&of, &noise(0, 32), &Filter::is("project", "one"), 10)
            .await;
        assert_eq!(hits.expect("an answer").len(), 10);
    }
}
