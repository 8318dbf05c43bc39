//! Points: a vector and what it stands for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names a point within its collection. The same id put again replaces.
pub type PointId = uuid::Uuid;

/// What a point stands for, by field.
pub type Payload = BTreeMap<String, Value>;

/// A value in a payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Integer(i64),
    Text(String),
}

impl Value {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_) => None,
        }
    }

    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// To be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub id: PointId,
    /// As long as the collection says; stored at length 1.
    pub vector: Vec<f32>,
    pub payload: Payload,
}

/// Found, the nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub id: PointId,
    /// Cosine, from -1 to 1.
    pub score: f32,
    pub payload: Payload,
}

/// Some points in the order of their ids.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub points: Vec<Point>,
    /// Where to go on; None at the end.
    pub next: Option<PointId>,
}
