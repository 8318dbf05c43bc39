//! Points from one place to the other and back.

use std::sync::{Arc, Mutex};

use mira_egress::Gate;
use mira_fake_qdrant::FakeQdrant;
use mira_vectors::{
    Collection, Filter, Moved, Point, PointId, Progress, Qdrant, VectorIndex, migrate,
};

use crate::contract::{collection, embedded, fake, noise, point};

async fn filled(index: &dyn VectorIndex, points: u64) -> Collection {
    let of = collection(16);
    let points =
        (0..points).map(|n| point(u128::from(n) + 1, &noise(n, 16), "one", "a.rs", n as i64));
    index.upsert(&of, points.collect()).await.expect("stored");
    of
}

async fn all(index: &dyn VectorIndex, of: &Collection) -> Vec<Point> {
    let page = index.page(of, None, 10_000).await.expect("a page");
    assert_eq!(page.next, None);
    page.points
}

#[tokio::test]
async fn everything_arrives_and_comes_back_the_same() {
    let (here, there, again) = (embedded().await, fake(), embedded().await);
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("moving.json");
    let small = filled(&*here.index, 5).await;
    let large = filled(&*here.index, 450).await;

    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let progress = move |progress: Progress| seen.lock().expect("told").push(progress);
    let moved = migrate(&*here.index, &*there.index, &journal, progress)
        .await
        .expect("moved");
    assert_eq!(
        moved,
        Moved {
            collections: 2,
            points: 455,
            removed: 0
        }
    );
    let told = told.lock().expect("told").clone();
    assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
    assert!(told.iter().all(|progress| progress.total == 455));
    assert_eq!(told.last().map(|progress| progress.done), Some(455));
    assert!(!journal.exists());

    migrate(&*there.index, &*again.index, &journal, |_| ())
        .await
        .expect("moved back");
    for of in [&small, &large] {
        let (before, after) = (all(&*here.index, of).await, all(&*again.index, of).await);
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((before.id, &before.payload), (after.id, &after.payload));
            let apart = before
                .vector
                .iter()
                .zip(&after.vector)
                .map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 1e-5);
        }
    }
    assert_eq!(
        there.fake.expect("a fake").complaints(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn it_goes_on_where_the_server_went_away() {
    let here = embedded().await;
    let of = filled(&*here.index, 900).await;
    let mut server = FakeQdrant::start().expect("a server");
    let there = || Qdrant::new(&server.url(), None, Gate::default()).expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("moving.json");

    let broken = there();
    let url = server.url();
    let stop = Arc::new(Mutex::new(Some(&mut server)));
    // The server goes after the second page.
    let failed = migrate(&*here.index, &broken, &journal, |progress| {
        if progress.done >= 400
            && let Some(server) = stop.lock().expect("the server").take()
        {
            server.stop();
        }
    });
    let error = failed.await.expect_err("the server is gone");
    assert!(error.is_passing(), "{error}");
    assert!(journal.exists());

    server.restart().expect("the same port");
    assert_eq!(server.url(), url);
    let there = Qdrant::new(&url, None, Gate::default()).expect("an address");
    let moved = migrate(&*here.index, &there, &journal, |_| ())
        .await
        .expect("moved");
    // Only what was missing was put again.
    assert!(moved.points < 900, "{moved:?}");
    assert_eq!(
        there.count(&of, &Filter::all()).await.expect("a count"),
        900
    );
}

#[tokio::test]
async fn what_the_source_lost_leaves_the_destination_too() {
    let (here, there) = (embedded().await, fake());
    let of = filled(&*here.index, 30).await;
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("moving.json");
    migrate(&*here.index, &*there.index, &journal, |_| ())
        .await
        .expect("moved");
    let gone = Filter::ids(vec![PointId::from_u128(3), PointId::from_u128(4)]);
    here.index.delete(&of, &gone).await.expect("removed");
    let moved = migrate(&*here.index, &*there.index, &journal, |_| ())
        .await
        .expect("moved");
    assert_eq!(moved.removed, 2);
    assert_eq!(
        there
            .index
            .count(&of, &Filter::all())
            .await
            .expect("a count"),
        28
    );
}
