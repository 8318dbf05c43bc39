//! What could be better, with the measure behind each.

use async_trait::async_trait;
use mira_index::{IssueKind, IssueQuery, IssueRow, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

use super::from_index;
use super::shown::{self, List};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const MOST: usize = 1_000;

pub(crate) struct GetQualityIssues;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    path: Option<String>,
    kind: Option<Kind>,
    min_severity: Option<Level>,
    limit: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Complexity,
    Length,
    Duplication,
    DeadExport,
    MissingTests,
    MissingDocs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    Info,
    Low,
    Medium,
    High,
}

#[async_trait]
impl Tool for GetQualityIssues {
    const NAME: &'static str = "get_quality_issues";
    const DESCRIPTION: &'static str =
        "Quality issues, the gravest first, each with its measure and advice.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let known = cx.known().await?;
        known.index.insights(&cx.cancel).await.map_err(from_index)?;
        let query = IssueQuery {
            kinds: input.kind.map(kind).into_iter().collect(),
            min_severity: input.min_severity.map_or(Severity::Info, severity),
            path: cx.indexed_path(input.path).await?.unwrap_or_default(),
            limit: MOST,
            ..IssueQuery::default()
        };
        let mut found = known.index.issues(&query).await.map_err(from_index)?;
        found.retain(|issue| shown::is_open(&issue.path));
        if found.is_empty() {
            let next = "Widen `path`, lower `min_severity`, or leave out `kind`.";
            return known.nothing("No issue of this kind".into(), next).await;
        }
        let limit = input.limit.unwrap_or(30).clamp(1, MOST);
        let mut list = List::new(cx.output_cap_bytes);
        for issue in found.iter().take(limit) {
            list.push(&line(issue));
        }
        list.left += found.len().saturating_sub(limit);
        let mut notes = known.notes().await?;
        if found.len() == MOST {
            notes.insert(0, format!("only the gravest {MOST} were looked at"));
        }
        let summary = shown::count(found.len(), "issue", "issues");
        Ok(list.output(
            summary,
            &notes,
            "Narrow it by `path`, `kind` or `min_severity`.",
        ))
    }
}

fn line(issue: &IssueRow) -> String {
    let what = issue
        .element
        .as_ref()
        .map_or_else(String::new, |element| format!(" {}", shown::named(element)));
    format!(
        "{} {} {}:{}-{}{what}: {}. {}",
        issue.severity.as_str(),
        issue.kind.as_str(),
        issue.path,
        issue.start_line,
        issue.end_line,
        issue.title,
        issue.advice
    )
}

fn kind(kind: Kind) -> IssueKind {
    match kind {
        Kind::Complexity => IssueKind::Complexity,
        Kind::Length => IssueKind::Length,
        Kind::Duplication => IssueKind::Duplication,
        Kind::DeadExport => IssueKind::DeadExport,
        Kind::MissingTests => IssueKind::MissingTests,
        Kind::MissingDocs => IssueKind::MissingDocs,
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Info => Severity::Info,
        Level::Low => Severity::Low,
        Level::Medium => Severity::Medium,
        Level::High => Severity::High,
    }
}
