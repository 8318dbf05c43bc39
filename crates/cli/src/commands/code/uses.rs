//! `mira callers`, `callees`, `tests`, `deps`, `map`: who uses whom, and how sure that is.

use mira_protocol::code::{
    AskDependencies, AskMap, CodeDependencies, CodeEdges, CodeMap, CodePackage, CodeTests,
    ElementRef, FileImport,
};
use mira_protocol::{Failure, ProjectId, calls};

use super::{NOTHING, note, ready};
use crate::args::{DepsArgs, ElementArgs, MapArgs, TestsArgs};
use crate::client::Client;
use crate::commands::{say, say_json, table};
use crate::render::text::{clean, count, plural};

pub async fn callers(client: &Client, args: ElementArgs) -> Result<u8, Failure> {
    let (project, _) = ready(client, &args.target).await?;
    let asked = of(project.id, &args);
    let found = client.call(calls::CodeCallers(asked)).await?;
    answer(&args, &found, "uses")
}

pub async fn callees(client: &Client, args: ElementArgs) -> Result<u8, Failure> {
    let (project, _) = ready(client, &args.target).await?;
    let asked = of(project.id, &args);
    let found = client.call(calls::CodeCallees(asked)).await?;
    answer(&args, &found, "is used by")
}

fn of(project_id: ProjectId, args: &ElementArgs) -> ElementRef {
    ElementRef {
        project_id,
        id: None,
        name: Some(args.name.clone()),
        path: args.path.clone(),
        depth: Some(args.depth),
        limit: Some(args.limit),
    }
}

fn answer(args: &ElementArgs, found: &CodeEdges, how: &str) -> Result<u8, Failure> {
    if args.target.json.json {
        say_json(found)?;
    } else {
        note(&found.notes);
        say(&edges_said(found, how))?;
    }
    Ok(if found.edges.is_empty() { NOTHING } else { 0 })
}

/// One line a use: how sure, what, where, how that is known.
fn edges_said(found: &CodeEdges, how: &str) -> String {
    let name = found
        .of
        .as_ref()
        .map_or("It", |of| of.qualified_name.as_str());
    if found.edges.is_empty() {
        return format!("Nothing that is known {how} {}.\n", clean(name));
    }
    let row = |edge: &mira_protocol::code::CodeEdge| {
        let what = match &edge.element {
            Some(element) => format!("{} {}", element.kind, clean(&element.qualified_name)),
            None => "top of the file".to_owned(),
        };
        vec![
            percent(edge.confidence),
            edge.kind.clone(),
            what,
            format!("{}:{}", clean(&edge.path), edge.line),
            match edge.distance {
                1 => clean(&edge.reason),
                steps => format!("{} ({steps} steps)", clean(&edge.reason)),
            },
        ]
    };
    let mut text = table(&found.edges.iter().map(row).collect::<Vec<_>>());
    if found.truncated {
        text.push_str("There is more: raise --limit.\n");
    }
    text
}

pub async fn tests(client: &Client, args: TestsArgs) -> Result<u8, Failure> {
    let (project, _) = ready(client, &args.target).await?;
    let asked = ElementRef {
        project_id: project.id,
        id: None,
        name: Some(args.name),
        path: args.path,
        depth: None,
        limit: Some(args.limit),
    };
    let found = client.call(calls::CodeTests(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&tests_said(&found))?;
    }
    Ok(if found.tests.is_empty() { NOTHING } else { 0 })
}

fn tests_said(found: &CodeTests) -> String {
    if found.tests.is_empty() {
        return "No test of it is known.\n".to_owned();
    }
    let row = |test: &mira_protocol::code::CodeTest| {
        let name = match &test.element {
            Some(element) => clean(&element.qualified_name),
            None => "the file".to_owned(),
        };
        vec![
            percent(test.confidence),
            name,
            format!("{}:{}", clean(&test.path), test.line),
            clean(&test.reason),
        ]
    };
    table(&found.tests.iter().map(row).collect::<Vec<_>>())
}

pub async fn deps(client: &Client, args: DepsArgs) -> Result<u8, Failure> {
    let (project, _) = ready(client, &args.target).await?;
    let asked = AskDependencies {
        project_id: project.id,
        path: args.path.clone(),
    };
    let found = client.call(calls::CodeDeps(asked)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        match args.path {
            Some(path) => say(&file_said(&path, &found))?,
            None => say(&packages_said(&found.packages))?,
        }
    }
    Ok(0)
}

fn packages_said(packages: &[CodePackage]) -> String {
    if packages.is_empty() {
        return "No package from outside is known.\n".to_owned();
    }
    let row = |package: &CodePackage| {
        let first = package.declared.first();
        let version = first.and_then(|one| one.version.as_ref().or(one.requirement.as_ref()));
        vec![
            package.ecosystem.clone(),
            clean(&package.name),
            version.map(|version| clean(version)).unwrap_or_default(),
            plural(package.files, "file"),
            package.status.clone(),
            first
                .map(|one| format!("{}:{}", clean(&one.manifest), one.line))
                .unwrap_or_default(),
        ]
    };
    table(&packages.iter().map(row).collect::<Vec<_>>())
}

fn file_said(path: &str, found: &CodeDependencies) -> String {
    let import = |one: &FileImport| {
        let to = one
            .target
            .as_deref()
            .or(one.package.as_deref())
            .unwrap_or("not known");
        vec![
            one.line.to_string(),
            clean(&one.module),
            format!("→ {}", clean(to)),
        ]
    };
    let mut text = format!(
        "{} imports {}\n",
        clean(path),
        plural(found.imports.len() as u64, "module")
    );
    text.push_str(&table(
        &found.imports.iter().map(import).collect::<Vec<_>>(),
    ));
    text.push_str(&format!(
        "imported by {}\n",
        plural(found.imported_by.len() as u64, "file")
    ));
    let by = |one: &FileImport| vec![format!("{}:{}", clean(&one.path), one.line)];
    text.push_str(&table(
        &found.imported_by.iter().map(by).collect::<Vec<_>>(),
    ));
    text
}

pub async fn map(client: &Client, args: MapArgs) -> Result<u8, Failure> {
    let (project, _) = ready(client, &args.target).await?;
    let asked = AskMap {
        project_id: project.id,
        path: args.path,
        token_budget: Some(args.budget),
    };
    let map = client.call(calls::CodeMap(asked)).await?;
    if args.target.json.json {
        say_json(&map)?;
    } else {
        note(&map.notes);
        say(&map_said(&map))?;
    }
    Ok(if map.files_shown == 0 { NOTHING } else { 0 })
}

fn map_said(map: &CodeMap) -> String {
    if map.files_shown == 0 {
        return "No element is known that could stand on a map.\n".to_owned();
    }
    format!(
        "{}\n{} of {} files, {} tokens: the elements that others use most.\n",
        map.text.trim_end(),
        count(map.files_shown),
        count(map.files),
        count(u64::from(map.tokens))
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
