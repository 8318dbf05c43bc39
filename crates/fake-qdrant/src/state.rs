//! What the server holds, and what it noticed.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use qdrant_client::qdrant::{FieldType, PayloadIndexParams, Value, VectorParams};
use tonic::{Request, Status};
use uuid::Uuid;

/// gRPC's usual limit of a message, in vectors' bytes.
pub(crate) const MOST_BYTES: usize = 4 << 20;

#[derive(Default)]
pub(crate) struct Stored {
    pub params: VectorParams,
    pub indexes: HashMap<String, (FieldType, Option<PayloadIndexParams>)>,
    /// In the order of their ids.
    pub points: BTreeMap<Uuid, StoredPoint>,
}

#[derive(Clone)]
pub(crate) struct StoredPoint {
    /// Of length 1.
    pub vector: Vec<f32>,
    pub payload: HashMap<String, Value>,
}

pub(crate) struct State {
    key: Option<String>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub collections: BTreeMap<String, Stored>,
    complaints: Vec<String>,
    calls: Vec<String>,
    failing: Option<String>,
    /// So many more calls of this name are answered, and then none at all.
    dying: Option<(String, usize)>,
}

impl State {
    pub fn new(key: Option<&str>) -> Self {
        Self {
            key: key.map(str::to_owned),
            inner: Mutex::default(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the call; no further without the key.
    pub fn enter<T>(&self, call: &str, request: Request<T>) -> Result<T, Status> {
        let mut inner = self.lock();
        inner.calls.push(call.to_owned());
        let given = request.metadata().get("api-key");
        if self.key.is_some() && given.and_then(|key| key.to_str().ok()) != self.key.as_deref() {
            return Err(Status::unauthenticated("Must provide an API key"));
        }
        match &mut inner.dying {
            Some((_, 0)) => return Err(Status::unavailable("transport error")),
            Some((name, left)) if name == call => *left -= 1,
            _ => {}
        }
        if inner.failing.as_deref() == Some(call) {
            return Err(Status::internal(
                "Service internal error: No space left on device",
            ));
        }
        Ok(request.into_inner())
    }

    pub fn complaints(&self) -> Vec<String> {
        self.lock().complaints.clone()
    }

    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    pub fn lose(&self, collection: &str) {
        self.lock().collections.remove(collection);
    }

    pub fn die_after(&self, dying: Option<(&str, usize)>) {
        self.lock().dying = dying.map(|(call, count)| (call.to_owned(), count));
    }

    pub fn fail(&self, call: Option<&str>) {
        self.lock().failing = call.map(str::to_owned);
    }
}

impl Inner {
    pub fn collection(&mut self, name: &str) -> Result<&mut Stored, Status> {
        let found = self.collections.get_mut(name);
        found.ok_or_else(|| {
            Status::not_found(format!("Not found: Collection `{name}` doesn't exist!"))
        })
    }

    /// Remembered and refused.
    pub fn complain<T>(&mut self, what: impl Into<String>) -> Result<T, Status> {
        let what = what.into();
        self.complaints.push(what.clone());
        Err(Status::invalid_argument(format!("Wrong input: {what}")))
    }
}
