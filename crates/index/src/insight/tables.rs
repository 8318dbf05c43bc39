//! The insight of a project, read from its tables by everybody who shows it.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::hotspots::{Changes, Hotspot, Load, hotspots};
use super::{IssueKind, Severity};
use crate::model::{ELEMENT_COLUMNS, Element};
use crate::{Index, IndexError};

/// Which issues are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueQuery {
    /// Empty: all.
    pub kinds: Vec<IssueKind>,
    pub min_severity: Severity,
    /// A file or a folder, relative to the root; empty: everywhere.
    pub path: String,
    /// Of this element only.
    pub element: Option<i64>,
    pub limit: usize,
}

impl Default for IssueQuery {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            min_severity: Severity::Info,
            path: String::new(),
            element: None,
            limit: 200,
        }
    }
}

/// An issue as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IssueRow {
    pub kind: IssueKind,
    pub severity: Severity,
    pub path: String,
    pub element: Option<Element>,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    pub measure: f64,
    pub bound: f64,
    pub unit: String,
    pub title: String,
    pub advice: String,
    /// The other place of a duplicate: path, first and last line.
    pub other: Option<(String, u32, u32)>,
}

/// A word the project thinks in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConceptRow {
    pub name: String,
    pub weight: f64,
    pub elements: u64,
}

/// Files that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterRow {
    pub name: String,
    pub words: Vec<String>,
    pub cohesion: f64,
    pub paths: Vec<String>,
}

/// A design pattern and who takes part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PatternRow {
    pub name: String,
    pub element: Element,
    /// Elements with their part.
    pub parts: Vec<(Element, String)>,
    pub confidence: f64,
    pub evidence: String,
}

/// What is known of one element's sense.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ElementMeaning {
    pub purpose: String,
    /// 0.9 in its author's words, 0.4 by its name.
    pub confidence: f64,
    pub concepts: Vec<String>,
    /// The name of its cluster.
    pub domain: Option<String>,
    /// Against the most important element: 0 to 1.
    pub importance: f64,
    pub kin: Vec<Kin>,
}

/// Another element that it has to do with beyond calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kin {
    pub element: Element,
    /// `tests`, `implements`, `akin`.
    pub relation: String,
    /// The relation leads from the other to this one.
    pub is_from: bool,
    pub strength: f64,
}

impl Index {
    /// Issues, the gravest first, then by how far they are beyond their bound.
    pub async fn issues(&self, query: &IssueQuery) -> Result<Vec<IssueRow>, IndexError> {
        let kinds: Vec<&str> = query.kinds.iter().map(|kind| kind.as_str()).collect();
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS}, i.issue_type, i.severity, place.path,
               coalesce(e.start_line, i.line_start), coalesce(e.end_line, i.line_end), i.measure, i.bound, i.unit, i.title, i.advice, other.path,
               i.other_start, i.other_end
             FROM code_quality_issues i JOIN files place ON place.id = i.file_id
             LEFT JOIN elements e ON e.id = i.element_id LEFT JOIN files f ON f.id = e.file_id
             LEFT JOIN files other ON other.id = i.other_file_id
             WHERE i.severity >= ?1 AND (?2 = '[]' OR i.issue_type IN (SELECT value FROM json_each(?2)))
               AND (?3 = '' OR place.path = ?3 OR place.path >= ?3 || '/' AND place.path < ?3 || '0')
               AND (i.element_id IS NULL OR e.id IS NOT NULL)
               AND (?5 IS NULL OR i.element_id = ?5)
             ORDER BY i.severity DESC, i.measure / i.bound DESC, place.path, i.line_start LIMIT ?4"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(query.min_severity as i64)
            .bind(json(&kinds))
            .bind(query.path.trim_matches('/'))
            .bind(limit(query.limit))
            .bind(query.element)
            .fetch_all(self.reader())
            .await?;
        Ok(rows.iter().map(issue).collect::<Result<_, _>>()?)
    }

    /// How many issues of each kind there are below a path, at least so grave.
    pub async fn issue_counts(
        &self,
        path: &str,
        min_severity: Severity,
    ) -> Result<Vec<(IssueKind, u64)>, IndexError> {
        let rows = sqlx::query(
            "SELECT i.issue_type, count(*) FROM code_quality_issues i
             JOIN files place ON place.id = i.file_id LEFT JOIN elements e ON e.id = i.element_id
             WHERE i.severity >= ?1
               AND (?2 = '' OR place.path = ?2 OR place.path >= ?2 || '/' AND place.path < ?2 || '0')
               AND (i.element_id IS NULL OR e.id IS NOT NULL)
             GROUP BY i.issue_type",
        )
        .bind(min_severity as i64)
        .bind(path.trim_matches('/'))
        .fetch_all(self.reader())
        .await?;
        let mut counts = Vec::new();
        for row in &rows {
            if let Some(kind) = IssueKind::from_word(row.try_get(0)?) {
                counts.push((kind, row.try_get::<i64, _>(1)?.unsigned_abs()));
            }
        }
        counts.sort_by_key(|(kind, _)| IssueKind::ALL.iter().position(|one| one == kind));
        Ok(counts)
    }

    /// Concepts, the strongest first.
    pub async fn concepts(&self, limit_to: usize) -> Result<Vec<ConceptRow>, IndexError> {
        let rows = sqlx::query(
            "SELECT c.concept, c.concept_weight, count(*) FROM concept_index c
             JOIN elements e ON e.id = c.element_id GROUP BY c.concept
             ORDER BY c.concept_weight DESC, c.concept LIMIT ?1",
        )
        .bind(limit(limit_to))
        .fetch_all(self.reader())
        .await?;
        let concepts = rows.iter().map(|row| {
            Ok(ConceptRow {
                name: row.try_get(0)?,
                weight: row.try_get(1)?,
                elements: row.try_get::<i64, _>(2)?.unsigned_abs(),
            })
        });
        Ok(concepts.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Elements that are about a concept, with how much (0 to 1), the strongest first.
    pub async fn about(
        &self,
        concept: &str,
        limit_to: usize,
    ) -> Result<Vec<(Element, f64)>, IndexError> {
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS}, c.weight FROM concept_index c
             JOIN elements e ON e.id = c.element_id JOIN files f ON f.id = e.file_id
             WHERE c.concept = ?1 ORDER BY c.weight DESC, f.path, e.place LIMIT ?2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(concept)
            .bind(limit(limit_to))
            .fetch_all(self.reader())
            .await?;
        let elements = rows
            .iter()
            .map(|row| Ok((Element::of(row)?, row.try_get(15)?)));
        Ok(elements.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Parts of the project that are about one thing, the largest first.
    pub async fn clusters(&self) -> Result<Vec<ClusterRow>, IndexError> {
        let rows = sqlx::query(
            "SELECT d.name, d.words, d.cohesion,
               (SELECT json_group_array(f.path) FROM json_each(d.file_ids) one
                JOIN files f ON f.id = one.value)
             FROM domain_clusters d ORDER BY d.id",
        )
        .fetch_all(self.reader())
        .await?;
        let clusters = rows.iter().map(|row| {
            Ok(ClusterRow {
                name: row.try_get(0)?,
                words: list(row.try_get(1)?),
                cohesion: row.try_get(2)?,
                paths: list(row.try_get(3)?),
            })
        });
        Ok(clusters.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Design patterns, the surest first.
    pub async fn patterns(&self) -> Result<Vec<PatternRow>, IndexError> {
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS}, p.pattern, p.parts, p.confidence, p.evidence
             FROM design_patterns p JOIN elements e ON e.id = p.element_id
             JOIN files f ON f.id = e.file_id ORDER BY p.confidence DESC, p.pattern, f.path, e.place"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.reader())
            .await?;
        let mut found = Vec::new();
        for row in &rows {
            let parts: Vec<(i64, String)> = list(row.try_get(16)?);
            let ids: Vec<i64> = parts.iter().map(|(id, _)| *id).collect();
            let elements = self.elements_by_id(&ids).await?;
            let by_id: HashMap<i64, Element> = elements
                .into_iter()
                .map(|element| (element.id, element))
                .collect();
            let parts = parts.into_iter();
            found.push(PatternRow {
                name: row.try_get(15)?,
                element: Element::of(row)?,
                parts: parts
                    .filter_map(|(id, part)| Some((by_id.get(&id)?.clone(), part)))
                    .collect(),
                confidence: row.try_get(17)?,
                evidence: row.try_get(18)?,
            });
        }
        Ok(found)
    }

    /// What is known of an element's sense; none where it has no name that says anything.
    pub async fn meaning(&self, id: i64) -> Result<Option<ElementMeaning>, IndexError> {
        let row = sqlx::query(
            "SELECT purpose, confidence, concepts, domain, importance FROM semantic_nodes
             WHERE element_id = ?1",
        )
        .bind(id)
        .fetch_optional(self.reader())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS}, s.relationship, s.target_id = ?1, s.strength
             FROM semantic_edges s
             JOIN elements e ON e.id = CASE s.source_id WHEN ?1 THEN s.target_id ELSE s.source_id END
             JOIN files f ON f.id = e.file_id WHERE s.source_id = ?1 OR s.target_id = ?1
             ORDER BY s.strength DESC, f.path, e.place LIMIT 50"
        );
        let kin = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_all(self.reader())
            .await?;
        let kin = kin.iter().map(|row| {
            Ok(Kin {
                element: Element::of(row)?,
                relation: row.try_get(15)?,
                is_from: row.try_get(16)?,
                strength: row.try_get(17)?,
            })
        });
        Ok(Some(ElementMeaning {
            purpose: row.try_get(0)?,
            confidence: row.try_get(1)?,
            concepts: list(row.try_get(2)?),
            domain: row.try_get(3)?,
            importance: row.try_get(4)?,
            kin: kin.collect::<Result<_, sqlx::Error>>()?,
        }))
    }

    /// Files in the order in which work on them pays, by what history says of them (paths as in
    /// the index). Tests, generated and brought-in files are left out.
    pub async fn hotspots(
        &self,
        changes: &HashMap<String, Changes>,
        limit_to: usize,
    ) -> Result<Vec<Hotspot>, IndexError> {
        let rows = sqlx::query(
            "SELECT f.path, f.lines, coalesce(sum(e.cognitive), 0), coalesce(sum(e.cyclomatic), 0),
               sum(e.cyclomatic > 0), max(e.cognitive),
               (SELECT h.qualified_name FROM elements h WHERE h.file_id = f.id
                ORDER BY h.cognitive DESC, h.place LIMIT 1),
               (SELECT count(*) FROM code_quality_issues i WHERE i.file_id = f.id)
             FROM files f JOIN elements e ON e.file_id = f.id WHERE f.roles = 0 GROUP BY f.id",
        )
        .fetch_all(self.reader())
        .await?;
        let loads = rows.iter().map(|row| {
            let hardest: u32 = row.try_get(5)?;
            let name: String = row.try_get(6)?;
            Ok(Load {
                path: row.try_get(0)?,
                lines: row.try_get(1)?,
                cognitive: row.try_get(2)?,
                cyclomatic: row.try_get(3)?,
                functions: row.try_get(4)?,
                hardest: Some((name, hardest)).filter(|(_, effort)| *effort > 0),
                issues: row.try_get(7)?,
            })
        });
        let loads = loads.collect::<Result<Vec<_>, sqlx::Error>>()?;
        Ok(hotspots(loads, changes, limit_to))
    }
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Texts and numbers always have a JSON.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned())
}

fn list<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str(text).unwrap_or_default()
}

fn issue(row: &SqliteRow) -> Result<IssueRow, sqlx::Error> {
    let is_element = row.try_get::<Option<i64>, _>(0)?.is_some();
    let severity: i64 = row.try_get(16)?;
    let severity = usize::try_from(severity)
        .ok()
        .and_then(|at| Severity::ALL.get(at));
    let other: Option<String> = row.try_get(25)?;
    let lines = (
        row.try_get::<Option<u32>, _>(26)?,
        row.try_get::<Option<u32>, _>(27)?,
    );
    Ok(IssueRow {
        kind: IssueKind::from_word(row.try_get(15)?).unwrap_or(IssueKind::Complexity),
        severity: severity.copied().unwrap_or(Severity::Info),
        path: row.try_get(17)?,
        element: is_element.then(|| Element::of(row)).transpose()?,
        start_line: row.try_get(18)?,
        end_line: row.try_get(19)?,
        measure: row.try_get(20)?,
        bound: row.try_get(21)?,
        unit: row.try_get(22)?,
        title: row.try_get(23)?,
        advice: row.try_get(24)?,
        other: match (other, lines) {
            (Some(path), (Some(start), Some(end))) => Some((path, start, end)),
            _ => None,
        },
    })
}
