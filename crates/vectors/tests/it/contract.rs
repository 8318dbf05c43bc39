//! What every place that keeps vectors must do: the embedded one, a server, a real server where
//! QDRANT_URL names one.

use std::collections::BTreeMap;

use mira_egress::Gate;
use mira_fake_qdrant::FakeQdrant;
use mira_vectors::{
    Collection, Condition, Embedded, Error, Filter, Hit, ModelId, Point, PointId, Qdrant, Value,
    VectorIndex,
};
use tempfile::TempDir;

/// A place under test, and what keeps it alive.
pub struct Place {
    pub index: Box<dyn VectorIndex>,
    pub fake: Option<FakeQdrant>,
    _folder: Option<TempDir>,
}

pub async fn embedded() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Embedded::open(&folder.path().join("vectors.db")).await;
    Place {
        index: Box::new(index.expect("a file")),
        fake: None,
        _folder: Some(folder),
    }
}

pub fn fake() -> Place {
    let fake = FakeQdrant::start_with(0, Some("a key")).expect("a server");
    let index = Qdrant::new(&fake.url(), Some("a key"), Gate::default()).expect("an address");
    Place {
        index: Box::new(index),
        fake: Some(fake),
        _folder: None,
    }
}

/// The server that the environment names, if it does.
fn real() -> Option<Place> {
    let url = std::env::var("QDRANT_URL")
        .ok()
        .filter(|url| !url.is_empty())?;
    let key = std::env::var("QDRANT_API_KEY").ok();
    let index = Qdrant::new(&url, key.as_deref(), Gate::default()).expect("QDRANT_URL");
    Some(Place {
        index: Box::new(index),
        fake: None,
        _folder: None,
    })
}

async fn places() -> Vec<Place> {
    let mut places = vec![embedded().await, fake()];
    places.extend(real());
    places
}

/// A collection that nobody else has, also on a server that others use.
pub fn collection(dimensions: usize) -> Collection {
    let name = format!("mira_test_{}", PointId::new_v4().simple());
    Collection::new(name, ModelId::new("a/model:1"), dimensions)
        .partition("project")
        .keyword("path")
        .integer("at")
}

pub fn point(id: u128, vector: &[f32], project: &str, path: &str, at: i64) -> Point {
    Point {
        id: PointId::from_u128(id),
        vector: vector.to_vec(),
        payload: BTreeMap::from([
            ("project".to_owned(), Value::from(project)),
            ("path".to_owned(), Value::from(path)),
            ("at".to_owned(), Value::from(at)),
            ("note".to_owned(), Value::from("given back")),
        ]),
    }
}

fn some() -> Vec<Point> {
    vec![
        point(1, &[1.0, 0.0, 0.0], "one", "a.rs", 10),
        point(2, &[0.9, 0.1, 0.0], "one", "b.rs", 20),
        // Of another length: cosine does not mind.
        point(3, &[0.0, 5.0, 0.0], "two", "a.rs", 30),
        point(4, &[0.0, 0.0, 0.25], "two", "c.rs", 40),
    ]
}

fn ids(hits: &[Hit]) -> Vec<u128> {
    hits.iter().map(|hit| hit.id.as_u128()).collect()
}

async fn finish(place: &Place, collection: &Collection) {
    place.index.remove(collection).await.expect("removed");
    if let Some(fake) = &place.fake {
        assert_eq!(fake.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_nearest_come_first_with_their_payload() {
    for place in places().await {
        let of = collection(3);
        place.index.upsert(&of, some()).await.expect("stored");
        let hits = place
            .index
            .query(&of, &[2.0, 0.1, 0.0], &Filter::all(), 3)
            .await;
        let hits = hits.expect("an answer");
        assert_eq!(ids(&hits), [1, 2, 3], "{}", place.index.place());
        assert!(hits[0].score > 0.99 && hits[0].score <= 1.0 + 1e-5);
        assert_eq!(hits[0].payload, some()[0].payload);
        finish(&place, &of).await;
    }
}

#[tokio::test]
async fn filters_narrow_what_is_found_counted_and_removed() {
    let among = |values: &[&str]| {
        Condition::one_of(
            "path",
            values.iter().map(|path| Value::from(*path)).collect(),
        )
    };
    let cases = [
        (Filter::all(), vec![1, 2, 3, 4]),
        (Filter::is("project", "one"), vec![1, 2]),
        (Filter::is("project", "none of them"), vec![]),
        (Filter::all().and(among(&["a.rs", "c.rs"])), vec![1, 3, 4]),
        (Filter::all().and(among(&[])), vec![]),
        (Filter::all().and_not(among(&["a.rs"])), vec![2, 4]),
        (Filter::all().and_not(among(&[])), vec![1, 2, 3, 4]),
        (
            Filter::all().and(Condition::between("at", Some(20), Some(30))),
            vec![2, 3],
        ),
        (
            Filter::all().and(Condition::between("at", None, Some(10))),
            vec![1],
        ),
        (
            Filter::is("project", "two").and(Condition::between("at", Some(31), None)),
            vec![4],
        ),
        (
            Filter::all().and(Condition::one_of("at", vec![10.into(), 40.into()])),
            vec![1, 4],
        ),
        (
            Filter::ids([2, 3, 9].map(PointId::from_u128).to_vec()),
            vec![2, 3],
        ),
        (Filter::ids(vec![]), vec![]),
        (
            Filter::is("project", "one").and_not(Condition::Ids(vec![PointId::from_u128(1)])),
            vec![2],
        ),
    ];
    for place in places().await {
        for (filter, wanted) in &cases {
            let of = collection(3);
            let index = &place.index;
            index.upsert(&of, some()).await.expect("stored");
            let hits = index
                .query(&of, &[1.0, 1.0, 1.0], filter, 10)
                .await
                .expect("an answer");
            let mut found = ids(&hits);
            found.sort_unstable();
            assert_eq!(&found, wanted, "{} {filter:?}", index.place());
            let count = index.count(&of, filter).await.expect("a count");
            assert_eq!(count, wanted.len() as u64, "{} {filter:?}", index.place());
            index.delete(&of, filter).await.expect("removed");
            let left = index.count(&of, &Filter::all()).await.expect("a count");
            assert_eq!(
                left,
                4 - wanted.len() as u64,
                "{} {filter:?}",
                index.place()
            );
            finish(&place, &of).await;
        }
    }
}

#[tokio::test]
async fn a_point_put_again_replaces_also_across_partitions() {
    for place in places().await {
        let (of, index) = (collection(3), &place.index);
        index.upsert(&of, some()).await.expect("stored");
        // Both partitions are in use before the point moves.
        index
            .count(&of, &Filter::is("project", "one"))
            .await
            .expect("a count");
        index
            .count(&of, &Filter::is("project", "two"))
            .await
            .expect("a count");
        let moved = point(1, &[0.0, 0.0, 1.0], "two", "z.rs", 99);
        index
            .upsert(&of, vec![moved.clone()])
            .await
            .expect("stored");
        let one = index
            .query(&of, &[1.0, 0.0, 0.0], &Filter::is("project", "one"), 5)
            .await;
        assert_eq!(ids(&one.expect("an answer")), [2]);
        let two = index
            .query(&of, &[0.0, 0.0, 1.0], &Filter::is("project", "two"), 1)
            .await;
        let two = two.expect("an answer");
        assert!(two[0].score > 0.99);
        assert_eq!(index.count(&of, &Filter::all()).await.expect("a count"), 4);
        let page = index.page(&of, None, 1).await.expect("a page");
        assert_eq!(page.points[0].payload, moved.payload);
        finish(&place, &of).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_empty_and_no_error() {
    for place in places().await {
        let (of, index) = (collection(3), &place.index);
        let all = Filter::all();
        assert!(
            index
                .query(&of, &[1.0, 0.0, 0.0], &all, 5)
                .await
                .expect("an answer")
                .is_empty()
        );
        assert_eq!(index.count(&of, &all).await.expect("a count"), 0);
        assert!(
            index
                .page(&of, None, 5)
                .await
                .expect("a page")
                .points
                .is_empty()
        );
        index.delete(&of, &all).await.expect("nothing to remove");
        index.remove(&of).await.expect("nothing to remove");
        index.upsert(&of, vec![]).await.expect("nothing to store");
        index.ensure(&of).await.expect("made");
        index.ensure(&of).await.expect("still there");
        finish(&place, &of).await;
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_stored() {
    for place in places().await {
        let (of, index) = (collection(3), &place.index);
        let mut points = some();
        points[3].vector.push(0.5);
        let error = index.upsert(&of, points).await;
        assert!(
            matches!(
                error,
                Err(Error::Dimensions {
                    wanted: 3,
                    found: 4,
                    ..
                })
            ),
            "{error:?}"
        );
        assert_eq!(index.count(&of, &Filter::all()).await.expect("a count"), 0);
        let error = index.query(&of, &[1.0], &Filter::all(), 1).await;
        assert!(matches!(error, Err(Error::Dimensions { .. })), "{error:?}");
        for filter in [
            Filter::is("colour", "red"),
            Filter::all().and(Condition::between("path", Some(1), None)),
        ] {
            let error = index.count(&of, &filter).await;
            assert!(
                matches!(error, Err(Error::UnknownField { .. })),
                "{error:?}"
            );
        }
        finish(&place, &of).await;
    }
}

#[tokio::test]
async fn models_and_lengths_never_mix() {
    for place in places().await {
        let index = &place.index;
        let of = collection(3);
        let mut other_model = of.clone();
        other_model.model = ModelId::new("a/model:2");
        let mut longer = of.clone();
        longer.dimensions = 4;
        index.upsert(&of, some()).await.expect("stored");
        let apart = point(7, &[1.0, 0.0, 0.0], "one", "a.rs", 1);
        index
            .upsert(&other_model, vec![apart])
            .await
            .expect("stored");
        index
            .upsert(&longer, vec![point(8, &[1.0; 4], "one", "a.rs", 1)])
            .await
            .expect("stored");
        let hits = index.query(&of, &[1.0, 0.0, 0.0], &Filter::all(), 10).await;
        assert_eq!(ids(&hits.expect("an answer")).len(), 4);
        let listed = index.collections().await.expect("a list");
        for made in [&of, &other_model, &longer] {
            let found = listed.iter().find(|one| one.identity() == made.identity());
            let mut fields = found.expect("listed").fields.clone();
            fields.sort_by(|a, b| a.name.cmp(&b.name));
            let mut wanted = made.fields.clone();
            wanted.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(fields, wanted);
        }
        index.remove(&other_model).await.expect("removed");
        index.remove(&longer).await.expect("removed");
        assert_eq!(index.count(&of, &Filter::all()).await.expect("a count"), 4);
        finish(&place, &of).await;
    }
}

/// A few hundred vectors in pages, and the nearest the same as by hand.
#[tokio::test]
async fn many_are_paged_whole_and_searched_right() {
    let points: Vec<Point> = (0..700_u128)
        .map(|n| {
            let project = ["one", "two", "three"][(n % 3) as usize];
            point(n * 7 + 1, &noise(n as u64, 24), project, "a.rs", n as i64)
        })
        .collect();
    for place in places().await {
        let (of, index) = (collection(24), &place.index);
        index.upsert(&of, points.clone()).await.expect("stored");
        let mut seen = Vec::new();
        let mut from = None;
        loop {
            let page = index.page(&of, from, 128).await.expect("a page");
            seen.extend(page.points.iter().map(|point| point.id));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        let wanted: Vec<PointId> = points.iter().map(|point| point.id).collect();
        assert_eq!(seen, wanted);

        for asked in 0..5 {
            let vector = noise(10_000 + asked, 24);
            let hits = index
                .query(&of, &vector, &Filter::is("project", "two"), 8)
                .await;
            let hits = hits.expect("an answer");
            let mut by_hand: Vec<(f32, u128)> = points
                .iter()
                .filter(|point| point.payload["project"] == Value::from("two"))
                .map(|point| (cosine(&point.vector, &vector), point.id.as_u128()))
                .collect();
            by_hand.sort_by(|a, b| b.0.total_cmp(&a.0));
            let by_hand: Vec<u128> = by_hand.iter().take(8).map(|(_, id)| *id).collect();
            assert_eq!(ids(&hits), by_hand, "{}", index.place());
            assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        }
        finish(&place, &of).await;
    }
}

/// The same numbers each time.
pub fn noise(seed: u64, dimensions: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let numbers = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    });
    numbers.take(dimensions).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
