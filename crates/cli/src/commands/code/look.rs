//! `mira search` and `mira symbols`.

use mira_protocol::code::{
    AlsoHere, CodeElement, CodeHit, CodeHits, CodeSymbols, FindSymbols, SearchCode, SearchMode,
};
use mira_protocol::{Code, Failure, calls};

use super::{NOTHING, commits, note, ready, reasons, vectors};
use crate::args::{SearchArgs, SymbolsArgs};
use crate::client::Client;
use crate::commands::{say, say_json, table};
use crate::render::text::{clean, one_line};

/// Lines of each hit that a terminal shows.
const SHOWN_LINES: usize = 12;
const LINE_WIDTH: usize = 160;

pub async fn search(client: &Client, args: SearchArgs) -> Result<u8, Failure> {
    if args.commits {
        return commits::search(client, args).await;
    }
    let (project, state) = ready(client, &args.target).await?;
    let query = args.query.join(" ");
    let search = SearchCode {
        project_id: project.id,
        query: query.clone(),
        mode: match (args.text, args.regex) {
            (true, _) => SearchMode::Text,
            (_, true) => SearchMode::Regex,
            _ => SearchMode::Ranked,
        },
        limit: Some(args.limit),
        path: args.path,
        language: args.language,
        token_budget: args.budget,
        explain: args.why,
    };
    let ranked = search.mode == SearchMode::Ranked;
    let mut found = client.call(calls::CodeSearch(search)).await?;
    found
        .notes
        .extend(vectors::later(client, &state).filter(|_| ranked));
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&search_said(&query, &found))?;
    }
    Ok(if found.hits.is_empty() { NOTHING } else { 0 })
}

/// Hits with their place, what they are, and their first lines.
pub fn search_said(query: &str, found: &CodeHits) -> String {
    if found.hits.is_empty() {
        return format!("Nothing fits {:?}.\n", clean(query));
    }
    let mut text = String::new();
    for hit in &found.hits {
        text.push_str(&hit_said(hit));
    }
    if found.truncated {
        text.push_str("There is more: raise --limit or --budget, or narrow it with --path.\n");
    }
    text
}

fn hit_said(hit: &CodeHit) -> String {
    let what = match &hit.element {
        Some(element) => format!("  {} {}", element.kind, clean(&element.qualified_name)),
        None => String::new(),
    };
    let mut text = format!(
        "{}:{}-{}{what}\n",
        clean(&hit.path),
        hit.start_line,
        hit.end_line
    );
    text.push_str(&also_said(&hit.also));
    text.push_str(&reasons(&hit.reasons));
    let all = hit.text.lines().count();
    for (line, number) in hit.text.lines().take(SHOWN_LINES).zip(hit.start_line..) {
        let line = clean(&line.replace('\t', "    "));
        let line: String = line.chars().take(LINE_WIDTH).collect();
        text.push_str(format!("{number:>6}  {line}").trim_end());
        text.push('\n');
    }
    if all > SHOWN_LINES {
        text.push_str(&format!("        … {} more lines\n", all - SHOWN_LINES));
    }
    text.push('\n');
    text
}

/// Other places of the file, in one line.
fn also_said(also: &[AlsoHere]) -> String {
    let place = |one: &AlsoHere| {
        let lines = format!("{}-{}", one.start_line, one.end_line);
        match &one.element {
            Some(element) => format!("{lines} {}", clean(&element.qualified_name)),
            None => lines,
        }
    };
    match also {
        [] => String::new(),
        _ => format!(
            "        also {}\n",
            also.iter().map(place).collect::<Vec<_>>().join(", ")
        ),
    }
}

pub async fn symbols(client: &Client, args: SymbolsArgs) -> Result<u8, Failure> {
    let query = args.name.unwrap_or_default();
    if query.trim().is_empty() && args.path.is_none() {
        let text = "Say what: a name, or --path for all that a file declares.";
        return Err(Failure::new(Code::BadParams, text));
    }
    let (project, _) = ready(client, &args.target).await?;
    let find = FindSymbols {
        project_id: project.id,
        query: query.clone(),
        kinds: args.kind,
        path: args.path,
        limit: Some(args.limit),
    };
    let found = client.call(calls::CodeSymbols(find)).await?;
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&symbols_said(&query, &found))?;
    }
    Ok(if found.elements.is_empty() {
        NOTHING
    } else {
        0
    })
}

pub fn symbols_said(query: &str, found: &CodeSymbols) -> String {
    if found.elements.is_empty() {
        return match query.is_empty() {
            true => "No element stands there.\n".to_owned(),
            false => format!("No element is named like {:?}.\n", clean(query)),
        };
    }
    let asked = query.to_lowercase();
    let has_it = |one: &CodeElement| one.qualified_name.to_lowercase().contains(&asked);
    let mut text = match found.elements.iter().any(has_it) {
        true => String::new(),
        false => format!("No name has {:?} in it. Alike are:\n", clean(query)),
    };
    text.push_str(&table(&found.elements.iter().map(row).collect::<Vec<_>>()));
    if found.truncated {
        text.push_str("There is more: raise --limit, or narrow it with --kind or --path.\n");
    }
    text
}

fn row(element: &CodeElement) -> Vec<String> {
    vec![
        element.kind.clone(),
        clean(&element.qualified_name),
        format!("{}:{}", clean(&element.path), element.start_line),
        one_line(&element.signature, 100),
    ]
}
