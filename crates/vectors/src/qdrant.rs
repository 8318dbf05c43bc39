//! Vectors on a Qdrant server, over gRPC. Every call goes through the gate of egress; a server
//! that does not answer is left alone for a while, so that who asks is not held up by it.

mod patience;
mod wire;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mira_egress::Gate;
use prost::Message;
use qdrant_client::qdrant as grpc;
use qdrant_client::{Qdrant as Client, QdrantError};
use tonic::Code;
use url::Url;

use crate::{
    Collection, Condition, Error, Filter, Hit, Page, Point, PointId, Reach, Result, VectorIndex,
};
use patience::Patience;

/// Where gRPC is served unless the address says otherwise.
const PORT: u16 = 6334;
/// Where REST is served, which people often name by mistake.
const REST_PORT: u16 = 6333;
const CONNECTING: Duration = Duration::from_secs(3);
/// Somebody waits for the answer.
const QUESTION: Duration = Duration::from_secs(5);
/// Nobody does; a server may have to make room first.
const WORK: Duration = Duration::from_secs(60);
/// Points and bytes of one message.
const BATCH_POINTS: usize = 256;
const BATCH_BYTES: usize = 2 << 20;

/// A server. Clones share connection and patience.
#[derive(Clone)]
pub struct Qdrant(Arc<Inner>);

struct Inner {
    client: Client,
    /// With a port, without user and password.
    url: Url,
    gate: Gate,
    patience: Mutex<Patience>,
    /// Collections that were seen to be as they should.
    known: Mutex<HashSet<String>>,
}

impl Qdrant {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Refused`] where the address is none, before anything is asked.
    pub fn new(address: &str, key: Option<&str>, gate: Gate) -> Result<Self> {
        let url = address_of(address)?;
        let mut config = Client::from_url(url.as_str().trim_end_matches('/'));
        config.check_compatibility = false;
        config.timeout = WORK;
        config.connect_timeout = CONNECTING;
        config.keep_alive_while_idle = true;
        config.api_key = key.filter(|key| !key.is_empty()).map(str::to_owned);
        let client = Client::new(config);
        Ok(Self(Arc::new(Inner {
            client: client.map_err(|error| refused(&url, &error))?,
            url,
            gate,
            patience: Mutex::default(),
            known: Mutex::default(),
        })))
    }

    /// One call: held back where the gate is closed or the server is left alone; its outcome
    /// decides how long the next one waits.
    async fn call<Q: Message, A: Message>(
        &self,
        name: &str,
        question: &Q,
        limit: Duration,
        work: impl Future<Output = Result<A, QdrantError>>,
    ) -> Result<A> {
        let inner = &*self.0;
        if let Reach::Away { why, .. } = self.reach() {
            return Err(self.unreachable(why));
        }
        let mut url = inner.url.clone();
        url.set_path(&format!("/qdrant.{name}"));
        let bytes = question.encoded_len() as u64;
        let passage = inner.gate.pass_with("POST", &url, "vectors", bytes);
        let mut passage = passage.map_err(|_| Error::Offline { host: self.place() })?;
        let outcome = match tokio::time::timeout(limit, work).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.fault(error)),
            Err(_) => Err(self.unreachable(format!("no answer in {} s", limit.as_secs()))),
        };
        let mut patience = inner
            .patience
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Err(Error::Unreachable { why, .. }) => patience.failed(why),
            _ => patience.answered(),
        }
        if let Ok(answer) = &outcome {
            passage.received(answer.encoded_len() as u64);
        }
        outcome
    }

    fn unreachable(&self, why: String) -> Error {
        let rest = self.0.url.port() == Some(REST_PORT);
        let hint = if rest {
            " (6333 is REST's port; gRPC's is usually 6334)"
        } else {
            ""
        };
        Error::Unreachable {
            place: self.place(),
            why: format!("{why}{hint}"),
        }
    }

    fn fault(&self, error: QdrantError) -> Error {
        let (QdrantError::ResponseError { status }
        | QdrantError::ResourceExhaustedError { status, .. }) = &error
        else {
            return refused(&self.0.url, &error);
        };
        let unreached = status.message().starts_with("Failed to connect")
            || status.message().contains("transport error");
        match status.code() {
            Code::Unavailable
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Unknown
            | Code::ResourceExhausted => self.unreachable(brief(status)),
            Code::Internal if unreached => self.unreachable("it does not answer".to_owned()),
            Code::NotFound => Error::Refused {
                place: self.place(),
                why: GONE.to_owned(),
            },
            _ => refused(&self.0.url, &brief(status)),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn info(&self, name: &str) -> Result<Option<grpc::CollectionInfo>> {
        let question = grpc::GetCollectionInfoRequest {
            collection_name: name.to_owned(),
        };
        let work = self.0.client.collection_info(question.clone());
        let answer = self
            .call("Collections/Get", &question, QUESTION, work)
            .await;
        Ok(or_gone(answer)?.and_then(|answer| answer.result))
    }

    /// Makes what is missing of the collection: itself, or an index of a field.
    async fn make(&self, collection: &Collection) -> Result<()> {
        let name = collection.identity();
        if self.known().contains(&name) {
            return Ok(());
        }
        let mut there = BTreeSet::new();
        match self.info(&name).await? {
            Some(info) => {
                wire::check(&info, collection).map_err(|why| refused(&self.0.url, &why))?;
                there.extend(info.payload_schema.into_keys());
            }
            None => {
                let question = wire::creation(collection);
                let work = self.0.client.create_collection(question.clone());
                match self.call("Collections/Create", &question, WORK, work).await {
                    // Somebody else was quicker.
                    Err(Error::Refused { why, .. }) if why.contains("already exists") => {}
                    outcome => drop(outcome?),
                }
            }
        }
        for field in collection
            .fields
            .iter()
            .filter(|field| !there.contains(&field.name))
        {
            let question = wire::field_index(&name, field);
            let work = self.0.client.create_field_index(question.clone());
            self.call("Points/CreateFieldIndex", &question, WORK, work)
                .await?;
        }
        self.known().insert(name);
        Ok(())
    }

    async fn put(&self, collection: &Collection, points: &[Point]) -> Result<()> {
        for batch in batches(points) {
            let question = wire::upsert(collection, batch);
            let work = self.0.client.upsert_points(question.clone());
            self.call("Points/Upsert", &question, WORK, work).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl VectorIndex for Qdrant {
    async fn ensure(&self, collection: &Collection) -> Result<()> {
        self.make(collection).await
    }

    async fn upsert(&self, collection: &Collection, points: Vec<Point>) -> Result<()> {
        for point in &points {
            wire::check_length(collection, &point.vector)?;
        }
        self.make(collection).await?;
        match self.put(collection, &points).await {
            Err(error) if is_gone(&error) => {
                // It was there when it was last looked for: made anew, and once more.
                self.known().remove(&collection.identity());
                self.make(collection).await?;
                self.put(collection, &points).await
            }
            outcome => outcome,
        }
    }

    async fn delete(&self, collection: &Collection, filter: &Filter) -> Result<()> {
        filter.check(collection)?;
        if means_nothing(filter) {
            return Ok(());
        }
        let question = grpc::DeletePoints {
            collection_name: collection.identity(),
            wait: Some(true),
            points: Some(wire::filter(filter).into()),
            ..Default::default()
        };
        let work = self.0.client.delete_points(question.clone());
        let answer = self.call("Points/Delete", &question, WORK, work).await;
        or_gone(answer).map(|_| ())
    }

    async fn query(
        &self,
        collection: &Collection,
        vector: &[f32],
        filter: &Filter,
        k: usize,
    ) -> Result<Vec<Hit>> {
        filter.check(collection)?;
        wire::check_length(collection, vector)?;
        if means_nothing(filter) || k == 0 {
            return Ok(Vec::new());
        }
        let question = wire::query(collection, vector, filter, k);
        let work = self.0.client.query(question.clone());
        let answer = self.call("Points/Query", &question, QUESTION, work).await;
        let found = or_gone(answer)?.map_or_else(Vec::new, |answer| answer.result);
        Ok(found.into_iter().filter_map(wire::hit).collect())
    }

    async fn count(&self, collection: &Collection, filter: &Filter) -> Result<u64> {
        filter.check(collection)?;
        if means_nothing(filter) {
            return Ok(0);
        }
        let question = grpc::CountPoints {
            collection_name: collection.identity(),
            filter: Some(wire::filter(filter)),
            exact: Some(true),
            ..Default::default()
        };
        let work = self.0.client.count(question.clone());
        let answer = self.call("Points/Count", &question, QUESTION, work).await;
        let counted = or_gone(answer)?.and_then(|answer| answer.result);
        Ok(counted.map_or(0, |counted| counted.count))
    }

    async fn page(
        &self,
        collection: &Collection,
        from: Option<PointId>,
        limit: usize,
    ) -> Result<Page> {
        let question = grpc::ScrollPoints {
            collection_name: collection.identity(),
            offset: from.map(wire::id),
            limit: Some(u32::try_from(limit).unwrap_or(u32::MAX)),
            with_payload: Some(true.into()),
            with_vectors: Some(true.into()),
            ..Default::default()
        };
        let work = self.0.client.scroll(question.clone());
        let answer = self.call("Points/Scroll", &question, WORK, work).await;
        Ok(or_gone(answer)?.map_or_else(Page::default, wire::page))
    }

    async fn collections(&self) -> Result<Vec<Collection>> {
        let question = grpc::ListCollectionsRequest {};
        let work = self.0.client.list_collections();
        let answer = self
            .call("Collections/List", &question, QUESTION, work)
            .await?;
        let mut names: Vec<String> = answer.collections.into_iter().map(|one| one.name).collect();
        names.sort();
        let mut all = Vec::new();
        for name in names.iter().filter(|name| name.starts_with("mira_")) {
            let Some(found) = Collection::of_identity(name) else {
                continue;
            };
            if let Some(info) = self.info(name).await? {
                all.push(wire::with_fields(found, &info));
            }
        }
        Ok(all)
    }

    async fn remove(&self, collection: &Collection) -> Result<()> {
        let name = collection.identity();
        self.known().remove(&name);
        let question = grpc::DeleteCollection {
            collection_name: name,
            ..Default::default()
        };
        let work = self.0.client.delete_collection(question.clone());
        let answer = self.call("Collections/Delete", &question, WORK, work).await;
        or_gone(answer).map(|_| ())
    }

    fn reach(&self) -> Reach {
        let patience = self.0.patience.lock();
        patience.unwrap_or_else(PoisonError::into_inner).reach()
    }

    fn place(&self) -> String {
        let host = self.0.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.0.url.port().unwrap_or(PORT))
    }
}

/// What a collection that is not there is called among ourselves.
const GONE: &str = "the collection is not there";

fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Refused { why, .. } if why == GONE)
}

/// A collection that is not there holds nothing.
fn or_gone<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A condition that no point can fulfil: not worth a question, and servers differ about it.
fn means_nothing(filter: &Filter) -> bool {
    filter.must.iter().any(|condition| match condition {
        Condition::OneOf { values, .. } => values.is_empty(),
        Condition::Ids(ids) => ids.is_empty(),
        Condition::Between { .. } => false,
    })
}

fn address_of(address: &str) -> Result<Url> {
    let wrong = |why: &str| Error::Refused {
        place: "QDRANT_URL".to_owned(),
        why: format!("{why}; an example is http://localhost:6334"),
    };
    let mut url = Url::parse(address.trim()).map_err(|_| wrong("it is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it is not an address of http or https"));
    }
    if url.port().is_none() {
        url.set_port(Some(PORT))
            .map_err(|()| wrong("it takes no port"))?;
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "it must not hold a password; the key goes into QDRANT_API_KEY",
        ));
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn refused(url: &Url, why: &dyn std::fmt::Display) -> Error {
    Error::Refused {
        place: url.host_str().unwrap_or_default().to_owned(),
        why: why.to_string(),
    }
}

fn brief(status: &tonic::Status) -> String {
    match status.message() {
        "" => status.code().description().to_owned(),
        message => message.chars().take(300).collect(),
    }
}

/// As many at once as one message should hold.
fn batches(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    let bytes = points
        .first()
        .map_or(1, |point| point.vector.len() * 4 + 512);
    points.chunks((BATCH_BYTES / bytes).clamp(1, BATCH_POINTS))
}
