//! `mira quality` and `mira hotspots`.

use clap::ValueEnum;
use mira_protocol::insight::{
    AskHotspots, AskQuality, CodeHotspot, CodeHotspots, CodeQuality, QualityIssue,
};
use mira_protocol::{Failure, calls};

use super::{NOTHING, looked_into, note};
use crate::args::{HotspotsArgs, QualityArgs};
use crate::client::Client;
use crate::commands::{say, say_json, table};
use crate::render::text::{ago, clean, count, now_ms, plural};

fn word(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

pub async fn quality(client: &Client, args: QualityArgs) -> Result<u8, Failure> {
    let project = looked_into(client, &args.target).await?;
    let asked = AskQuality {
        project_id: project.id,
        kinds: args.kind.into_iter().map(word).collect(),
        min_severity: Some(word(args.severity)),
        path: args.path,
        limit: Some(args.limit),
    };
    let found = client.call(calls::CodeQuality(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&quality_said(&found))?;
    }
    Ok(if found.issues.is_empty() { NOTHING } else { 0 })
}

/// One line an issue: how grave, what was measured against what, where, what to do.
fn quality_said(found: &CodeQuality) -> String {
    if found.issues.is_empty() {
        return "Nothing passes a threshold.\n".to_owned();
    }
    let mut text = table(&found.issues.iter().map(issue).collect::<Vec<_>>());
    let counts: Vec<String> = found
        .counts
        .iter()
        .map(|one| format!("{} {}", count(one.issues), one.kind))
        .collect();
    text.push_str(&format!("\n{}\n", counts.join(", ")));
    if found.truncated {
        text.push_str("There is more: raise --limit, or narrow it with --kind or --path.\n");
    }
    text
}

fn issue(issue: &QualityIssue) -> Vec<String> {
    let what = match (&issue.element, &issue.other) {
        (Some(element), _) => clean(&element.qualified_name),
        (None, Some(other)) => format!("also in {}:{}", clean(&other.path), other.start_line),
        (None, None) => "the file".to_owned(),
    };
    vec![
        issue.severity.clone(),
        issue.kind.clone(),
        format!(
            "{} {} {} {}",
            issue.value,
            sign(issue),
            issue.threshold,
            issue.unit
        ),
        what,
        format!("{}:{}", clean(&issue.path), issue.start_line),
        clean(&issue.advice),
    ]
}

fn sign(issue: &QualityIssue) -> &'static str {
    match issue.value.total_cmp(&issue.threshold) {
        std::cmp::Ordering::Less => "<",
        std::cmp::Ordering::Equal => "≥",
        std::cmp::Ordering::Greater => ">",
    }
}

pub async fn hotspots(client: &Client, args: HotspotsArgs) -> Result<u8, Failure> {
    let project = looked_into(client, &args.target).await?;
    let asked = AskHotspots {
        project_id: project.id,
        path: args.path,
        limit: Some(args.limit),
    };
    let found = client.call(calls::CodeHotspots(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&hotspots_said(&found))?;
    }
    Ok(if found.hotspots.is_empty() {
        NOTHING
    } else {
        0
    })
}

fn hotspots_said(found: &CodeHotspots) -> String {
    if found.hotspots.is_empty() {
        return "No file is both hard to follow and changed.\n".to_owned();
    }
    let head = [
        "score",
        "file",
        "lines",
        "complexity",
        "commits",
        "fixes",
        "authors",
        "churn",
        "hardest",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(found.hotspots.iter().map(hotspot));
    let window = found.window;
    format!(
        "{}\n{} counted; the oldest: {}.\n",
        table(&rows),
        plural(window.commits, "commit"),
        ago(window.since, now_ms())
    )
}

fn hotspot(one: &CodeHotspot) -> Vec<String> {
    let hardest = one.hardest.as_ref().map_or_else(String::new, |name| {
        format!("{} ({})", clean(name), one.hardest_complexity)
    });
    vec![
        one.score
            .map_or_else(|| "–".to_owned(), |score| format!("{score:.2}")),
        clean(&one.path),
        one.lines.to_string(),
        one.complexity.to_string(),
        one.commits.to_string(),
        one.fixes.to_string(),
        one.authors.to_string(),
        one.churn.to_string(),
        hardest,
    ]
}
