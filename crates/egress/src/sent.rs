//! A request on its way, and its answer: counted until it is dropped.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::{Arrival, Departure, Ledger};

/// A request that left; tells the ledger how it ended when it is dropped, however that comes.
#[derive(Default)]
pub struct Passage {
    ledger: Option<(Arc<dyn Ledger>, u64)>,
    status: Option<u16>,
    received: u64,
    sent: Option<u64>,
}

impl Passage {
    pub(crate) fn begin(ledger: Option<Arc<dyn Ledger>>, departure: Departure) -> Self {
        Self {
            ledger: ledger.map(|ledger| {
                let number = ledger.leaves(departure);
                (ledger, number)
            }),
            ..Self::default()
        }
    }

    /// So many bytes came back.
    pub fn received(&mut self, bytes: u64) {
        self.received += bytes;
    }

    /// So many bytes went, beside what was said when it left.
    pub(crate) fn sent(&mut self, bytes: u64) {
        *self.sent.get_or_insert(0) += bytes;
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some((ledger, number)) = self.ledger.take() {
            ledger.ended(
                number,
                Arrival {
                    received_bytes: self.received,
                    status: self.status,
                    sent_bytes: self.sent,
                },
            );
        }
    }
}

/// An answer: reqwest's, counted.
pub struct Response {
    inner: reqwest::Response,
    passage: Passage,
}

impl Response {
    pub(crate) fn new(inner: reqwest::Response, mut passage: Passage) -> Self {
        passage.status = Some(inner.status().as_u16());
        Self { inner, passage }
    }

    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// What the sender announced, in bytes.
    pub fn content_length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// The next piece of the body; None at its end.
    ///
    /// # Errors
    /// Where the connection breaks.
    pub async fn chunk(&mut self) -> reqwest::Result<Option<Bytes>> {
        let chunk = self.inner.chunk().await?;
        if let Some(bytes) = &chunk {
            self.passage.received(bytes.len() as u64);
        }
        Ok(chunk)
    }

    /// The whole body.
    ///
    /// # Errors
    /// Where the connection breaks.
    pub async fn bytes(mut self) -> reqwest::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
