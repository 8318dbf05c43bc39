//! `mira concepts`, `clusters`, `patterns` and `modules`: what the code is about, and its parts.

use mira_protocol::insight::{
    AskConcepts, AskModules, CodeClusters, CodeConcepts, CodeModules, CodePatterns,
};
use mira_protocol::naming::{ModelWords, NamedKind};
use mira_protocol::project::ProjectRef;
use mira_protocol::{Failure, calls};

use super::naming::describe;
use super::{NOTHING, looked_into, note, ready};
use crate::args::{ConceptsArgs, ModulesArgs, StructureArgs};
use crate::client::Client;
use crate::commands::{say, say_json, table};
use crate::render::text::{clean, count, plural};

/// Files of a cluster, and elements of a pattern, that a terminal shows.
const SHOWN: usize = 8;

pub async fn concepts(client: &Client, args: ConceptsArgs) -> Result<u8, Failure> {
    let project = looked_into(client, &args.target).await?;
    if args.describe {
        describe(client, &project, NamedKind::Concepts).await?;
    }
    let asked = AskConcepts {
        project_id: project.id,
        concept: args.concept.clone(),
        limit: Some(args.limit),
    };
    let found = client.call(calls::CodeConcepts(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&concepts_said(&found))?;
    }
    let is_empty = found.concepts.is_empty() && found.elements.is_empty();
    Ok(if is_empty { NOTHING } else { 0 })
}

/// A model's words, with whose they are.
fn told(words: &ModelWords) -> String {
    let (name, says) = (clean(&words.name), clean(&words.says));
    format!("“{name}”: {says} (named by {})", clean(&words.model))
}

fn concepts_said(found: &CodeConcepts) -> String {
    if found.concepts.is_empty() && found.elements.is_empty() {
        return "No concept is known: too few names share a word.\n".to_owned();
    }
    let concept = |one: &mira_protocol::insight::CodeConcept| {
        vec![
            percent(one.weight),
            clean(&one.name),
            plural(one.elements, "element"),
            one.told.as_ref().map(told).unwrap_or_default(),
        ]
    };
    let element = |one: &mira_protocol::insight::ConceptElement| {
        vec![
            percent(one.weight),
            one.element.kind.clone(),
            clean(&one.element.qualified_name),
            format!("{}:{}", clean(&one.element.path), one.element.start_line),
        ]
    };
    let mut rows: Vec<Vec<String>> = found.concepts.iter().map(concept).collect();
    rows.extend(found.elements.iter().map(element));
    let mut text = table(&rows);
    if found.truncated {
        text.push_str("There is more: raise --limit.\n");
    }
    text
}

pub async fn clusters(client: &Client, args: StructureArgs) -> Result<u8, Failure> {
    let project = looked_into(client, &args.target).await?;
    if args.describe {
        describe(client, &project, NamedKind::Clusters).await?;
    }
    let asked = ProjectRef {
        project_id: project.id,
    };
    let found = client.call(calls::CodeClusters(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&clusters_said(&found))?;
    }
    Ok(if found.clusters.is_empty() {
        NOTHING
    } else {
        0
    })
}

fn clusters_said(found: &CodeClusters) -> String {
    if found.clusters.is_empty() {
        return "No files belong together more than others.\n".to_owned();
    }
    let mut text = String::new();
    for one in &found.clusters {
        text.push_str(&format!(
            "{} ({}, {} of its ties inside)\n",
            clean(&one.name),
            plural(one.files.len() as u64, "file"),
            percent(one.cohesion)
        ));
        if let Some(words) = &one.told {
            text.push_str(&format!("  {}\n", told(words)));
        }
        for path in one.files.iter().take(SHOWN) {
            text.push_str(&format!("  {}\n", clean(path)));
        }
        text.push_str(&rest(one.files.len()));
    }
    text
}

pub async fn patterns(client: &Client, args: StructureArgs) -> Result<u8, Failure> {
    let project = looked_into(client, &args.target).await?;
    if args.describe {
        describe(client, &project, NamedKind::Patterns).await?;
    }
    let asked = ProjectRef {
        project_id: project.id,
    };
    let found = client.call(calls::CodePatterns(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&patterns_said(&found))?;
    }
    Ok(if found.patterns.is_empty() {
        NOTHING
    } else {
        0
    })
}

fn patterns_said(found: &CodePatterns) -> String {
    if found.patterns.is_empty() {
        return "No design pattern is known in this code.\n".to_owned();
    }
    let mut text = String::new();
    for one in &found.patterns {
        text.push_str(&format!(
            "{} {}  {} ({}:{})\n  {}\n",
            percent(one.confidence),
            one.name,
            clean(&one.element.qualified_name),
            clean(&one.element.path),
            one.element.start_line,
            clean(&one.evidence)
        ));
        if let Some(words) = &one.told {
            text.push_str(&format!("  {}\n", told(words)));
        }
        for part in one.parts.iter().take(SHOWN) {
            let name = clean(&part.element.qualified_name);
            text.push_str(&format!("  {}: {name}\n", part.part));
        }
        text.push_str(&rest(one.parts.len()));
    }
    text
}

pub async fn modules(client: &Client, args: ModulesArgs) -> Result<u8, Failure> {
    let (project, _) = ready(client, &args.target).await?;
    let asked = AskModules {
        project_id: project.id,
        path: args.path,
    };
    let found = client.call(calls::CodeModules(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&modules_said(&found))?;
    }
    Ok(if found.modules.is_empty() { NOTHING } else { 0 })
}

/// The highest layer first: what stands above uses what stands below.
fn modules_said(found: &CodeModules) -> String {
    if found.modules.is_empty() {
        return "No code stands there.\n".to_owned();
    }
    let mut rows = vec![
        ["layer", "module", "files", "lines", "uses"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for one in found.modules.iter().rev() {
        let uses: Vec<String> = found
            .uses
            .iter()
            .filter(|edge| edge.from == one.path)
            .map(|edge| {
                let circle = if edge.is_cycle { " (circle)" } else { "" };
                format!("{}{circle}", clean(&edge.to))
            })
            .collect();
        rows.push(vec![
            one.layer.to_string(),
            clean(&one.path),
            count(one.files),
            count(one.lines),
            uses.join(", "),
        ]);
    }
    let mut text = table(&rows);
    if found.truncated {
        text.push_str("Only the largest are shown: name a folder for what stands in it.\n");
    }
    text
}

fn rest(all: usize) -> String {
    match all.checked_sub(SHOWN) {
        None | Some(0) => String::new(),
        Some(more) => format!("  … {more} more\n"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
