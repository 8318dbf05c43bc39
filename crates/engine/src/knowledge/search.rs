//! Search: ranked by words, names and meaning, or exact text in the files as they are.

use mira_index::{Also, Element, Hit, Sense};
use mira_protocol::code::{AlsoHere, CodeHit, CodeHits, RankReason, SearchCode, SearchMode};
use mira_protocol::{Code, Failure};
use mira_secrets::is_secret_file;
use mira_workspace::Refusal;
use mira_workspace::search::{FileMatches, Query};

use super::meaning::Kind;
use super::{Held, Knowledge, from_index, told};
use crate::changes::{blocking, refused};

const MOST_HITS: u32 = 200;
/// Lines around an exact match.
const CONTEXT: usize = 1;
/// Tokens of all texts together, where nobody says how many.
const USUAL_BUDGET: usize = 40_000;

impl Knowledge {
    pub async fn search(&self, request: SearchCode) -> Result<CodeHits, Failure> {
        if request.query.trim().is_empty() {
            let text = "There is nothing to search for: `query` is empty.";
            return Err(Failure::new(Code::BadParams, text));
        }
        let held = self.of(&request.project_id).await?;
        if let Some(language) = language(&request) {
            known(&language)?;
        }
        let limit = request.limit.unwrap_or(20).clamp(1, MOST_HITS) as usize;
        match request.mode {
            SearchMode::Ranked => ranked(&held, &request, limit).await,
            SearchMode::Text | SearchMode::Regex => exact(&held, request, limit).await,
        }
    }
}

fn language(request: &SearchCode) -> Option<String> {
    request.language.clone().filter(|one| !one.is_empty())
}

/// # Errors
/// Where no language has this name.
fn known(language: &str) -> Result<(), Failure> {
    let is_meant = |one: &mira_syntax::Language| one.name.eq_ignore_ascii_case(language);
    if mira_syntax::languages().any(is_meant) {
        return Ok(());
    }
    Err(no_language(language))
}

pub(super) fn no_language(name: &str) -> Failure {
    let text = format!("{name:?} is no language that is read.");
    Failure::new(Code::BadParams, text).hint("`mira index languages` lists them.")
}

async fn ranked(held: &Held, request: &SearchCode, limit: usize) -> Result<CodeHits, Failure> {
    let budget = request
        .token_budget
        .map_or(USUAL_BUDGET, |tokens| tokens as usize);
    let place = held.place(request.path.as_deref()).await?;
    let query = mira_index::Query {
        limit: limit + 1,
        budget_tokens: Some(budget),
        paths: place.path.into_iter().collect(),
        languages: language(request).into_iter().collect(),
        ..mira_index::Query::new(request.query.clone())
    };
    let how = held.how(Kind::Code);
    let answer = held
        .index
        .search(&query, how.with())
        .await
        .map_err(from_index)?;
    let mut notes = held.notes_of(place.note);
    match &answer.meaning {
        Sense::Off { why, hint } => notes.push(
            format!("searched by words and names, not by meaning: {why}. {hint}")
                .trim()
                .to_owned(),
        ),
        Sense::Used { coverage } if coverage.done < coverage.total => notes.push(format!(
            "{} of {} pieces have vectors so far; the others are found by words and names",
            coverage.done, coverage.total
        )),
        Sense::Used { .. } => {}
    }
    let hits = answer.hits.into_iter();
    let mut hits: Vec<CodeHit> = hits
        .filter(|hit| !is_secret_file(&hit.path))
        .map(|hit| shown(hit, request.explain))
        .collect();
    let truncated = hits.len() > limit || answer.is_cut;
    hits.truncate(limit);
    Ok(CodeHits {
        hits,
        truncated,
        notes,
    })
}

fn shown(hit: Hit, explain: bool) -> CodeHit {
    let text = hit.text.unwrap_or_default();
    let why = hit.why.into_iter().map(|why| RankReason {
        signal: why.signal.to_owned(),
        detail: why.text,
        share: why.points,
    });
    CodeHit {
        path: hit.path,
        language: hit.language,
        start_line: hit.start_line,
        end_line: hit.end_line,
        tokens: told::tokens(&text),
        text,
        element: hit.element.map(told::element),
        score: hit.score,
        reasons: if explain { why.collect() } else { vec![] },
        also: hit.also.into_iter().map(also).collect(),
    }
}

fn also(one: Also) -> AlsoHere {
    AlsoHere {
        start_line: one.start_line,
        end_line: one.end_line,
        element: one.element.map(told::element),
    }
}

/// Exact text, read from the files now: right also while the index is being made.
async fn exact(held: &Held, request: SearchCode, limit: usize) -> Result<CodeHits, Failure> {
    let workspace = held.index.workspace().clone();
    let cancel = held.closed.child_token();
    let query = Query {
        pattern: request.query.clone(),
        literal: request.mode == SearchMode::Text,
        path: request.path.clone().unwrap_or_default(),
        context: CONTEXT,
        max_matches: limit,
        ..Query::default()
    };
    let found = blocking(move || workspace.search(&query, &cancel)).await?;
    let found = found.map_err(|refusal| match (refusal, request.mode) {
        (refusal @ Refusal::Unsuitable(_), SearchMode::Regex) => {
            refused(refusal).hint("`mira search --text` searches for exactly this text.")
        }
        (refusal, _) => refused(refusal),
    })?;
    let files = found.files.into_iter();
    let files = files.filter(|file| !is_secret_file(&file.path));
    let mut hits = CodeHits {
        hits: files.flat_map(pieces).collect(),
        truncated: found.truncated.is_some(),
        notes: Vec::new(),
    };
    if let Some(language) = language(&request) {
        hits.hits.retain(|hit| {
            let own = hit.language.as_deref().unwrap_or_default();
            own.eq_ignore_ascii_case(&language)
        });
    }
    for hit in &mut hits.hits {
        let of_file = held
            .index
            .elements_of(&hit.path)
            .await
            .map_err(from_index)?;
        let within =
            |one: &&Element| one.start_line <= hit.start_line && hit.end_line <= one.end_line;
        hit.element = of_file.iter().rfind(within).cloned().map(told::element);
    }
    Ok(hits)
}

/// Neighbouring lines are one hit.
fn pieces(file: FileMatches) -> Vec<CodeHit> {
    let mut hits: Vec<CodeHit> = Vec::new();
    let language = mira_syntax::language(&file.path);
    for line in file.lines {
        let number = u32::try_from(line.number).unwrap_or(u32::MAX);
        match hits.last_mut() {
            Some(hit) if hit.end_line + 1 == number => {
                hit.end_line = number;
                hit.text.push_str(&line.text);
                hit.text.push('\n');
            }
            _ => hits.push(CodeHit {
                path: file.path.clone(),
                language: language.map(str::to_owned),
                start_line: number,
                end_line: number,
                text: format!("{}\n", line.text),
                element: None,
                score: 1.0,
                tokens: 0,
                reasons: vec![],
                also: vec![],
            }),
        }
    }
    for hit in &mut hits {
        hit.tokens = told::tokens(&hit.text);
    }
    hits
}
