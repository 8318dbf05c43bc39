//! Who uses whom.

use std::collections::{HashSet, VecDeque};

use serde::Serialize;
use sqlx::Row as _;

use crate::model::{ELEMENT_COLUMNS, Element};
use crate::{Index, IndexError};

/// A use of an element, seen from one of its two ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    /// The other end; None: the top level of the file.
    pub element: Option<Element>,
    /// Where the use stands.
    pub path: String,
    /// 1-based, of the first use.
    pub line: u32,
    pub times: u32,
    /// `call`, `construct`, `type`, `extends`, `macro`, `decorator`, `read`.
    pub kind: String,
    /// 0 to 1: how sure it is that this element is meant.
    pub confidence: f64,
    /// How that is known.
    pub reason: String,
    /// How many steps from the element that was asked about; 1: directly.
    pub distance: u32,
}

/// Which uses are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphQuery {
    /// Kinds of uses; empty: calls of all sorts (calls, constructions, macros, decorators).
    pub kinds: Vec<String>,
    pub min_confidence: f64,
    /// How many steps to go.
    pub depth: u32,
    pub limit: usize,
}

impl Default for GraphQuery {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            min_confidence: 0.3,
            depth: 1,
            limit: 200,
        }
    }
}

const CALLS: &[&str] = &["call", "construct", "macro", "decorator"];

#[derive(Clone, Copy)]
enum Way {
    Callers,
    Callees,
}

impl Index {
    /// Who uses the element, the surest first, then by path.
    pub async fn callers(&self, id: i64, query: &GraphQuery) -> Result<Vec<Edge>, IndexError> {
        self.walk(id, query, Way::Callers).await
    }

    /// What the element uses, in the order in which it stands there.
    pub async fn callees(&self, id: i64, query: &GraphQuery) -> Result<Vec<Edge>, IndexError> {
        self.walk(id, query, Way::Callees).await
    }

    async fn walk(&self, id: i64, query: &GraphQuery, way: Way) -> Result<Vec<Edge>, IndexError> {
        let mut edges = Vec::new();
        let mut seen = HashSet::from([id]);
        let mut next = VecDeque::from([(id, 1)]);
        while let Some((id, distance)) = next.pop_front() {
            for edge in self.edges_at(id, query, way, distance).await? {
                if edges.len() >= query.limit {
                    return Ok(edges);
                }
                if let Some(other) = &edge.element
                    && seen.insert(other.id)
                    && distance < query.depth
                {
                    next.push_back((other.id, distance + 1));
                }
                edges.push(edge);
            }
        }
        Ok(edges)
    }

    async fn edges_at(
        &self,
        id: i64,
        query: &GraphQuery,
        way: Way,
        distance: u32,
    ) -> Result<Vec<Edge>, IndexError> {
        let (here, there, order) = match way {
            Way::Callers => (
                "callee_id",
                "caller_id",
                "g.confidence DESC, place.path, g.line",
            ),
            Way::Callees => ("caller_id", "callee_id", "g.line, e.qualified_name"),
        };
        // An edge whose other end is gone waits for its file to be resolved again.
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS}, place.path, g.line, g.times, g.kind, g.confidence, r.text
             FROM call_graph g JOIN files place ON place.id = g.file_id
             JOIN reasons r ON r.id = g.reason_id
             LEFT JOIN elements e ON e.id = g.{there} LEFT JOIN files f ON f.id = e.file_id
             WHERE g.{here} = ?1 AND g.confidence >= ?2
               AND g.kind IN (SELECT value FROM json_each(?3))
               AND (e.id IS NOT NULL OR g.{there} < 0)
             ORDER BY {order} LIMIT ?4"
        );
        let kinds = if query.kinds.is_empty() {
            serde_json::to_string(CALLS)
        } else {
            serde_json::to_string(&query.kinds)
        };
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(query.min_confidence)
            .bind(kinds.unwrap_or_default())
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
        let edges = rows.iter().map(|row| {
            let is_element = row.try_get::<Option<i64>, _>(0)?.is_some();
            Ok(Edge {
                element: is_element.then(|| Element::of(row)).transpose()?,
                path: row.try_get(15)?,
                line: row.try_get(16)?,
                times: row.try_get(17)?,
                kind: row.try_get(18)?,
                confidence: row.try_get(19)?,
                reason: row.try_get(20)?,
                distance,
            })
        });
        Ok(edges.collect::<Result<_, sqlx::Error>>()?)
    }
}
