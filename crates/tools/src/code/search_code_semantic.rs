//! Code by what it does: words, names and meaning, ranked.

use async_trait::async_trait;
use mira_index::{Also, Hit, Query, Sense, With};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shown::{self, List};
use super::{Known, from_index};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT: usize = 8;
const MOST: usize = 50;
/// Bytes of code that a token stands for, about, as the search counts.
const BYTES_A_TOKEN: usize = 3;
/// Text of all hits together, in bytes.
const TEXT_BYTES: usize = 12_000;

pub(crate) struct SearchCodeSemantic;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    query: String,
    path: Option<String>,
    limit: Option<usize>,
}

#[async_trait]
impl Tool for SearchCodeSemantic {
    const NAME: &'static str = "search_code_semantic";
    const DESCRIPTION: &'static str =
        "The code that answers a question best, by meaning, words and names, with its text.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        if input.query.trim().is_empty() {
            return Err(ToolError::Refused(
                "`query` is empty; say what the code does.".into(),
            ));
        }
        let known = cx.known().await?;
        let mut list = List::new(cx.output_cap_bytes);
        let path = cx.indexed_path(input.path).await?;
        let limit = input.limit.unwrap_or(DEFAULT).clamp(1, MOST);
        let query = Query {
            limit: limit + 1,
            budget_tokens: Some(list.room().min(TEXT_BYTES) / BYTES_A_TOKEN),
            paths: path.into_iter().collect(),
            ..Query::new(&input.query)
        };
        let with = match &known.meaning {
            Ok(meaning) => With::Meaning(meaning),
            Err(none) => With::Words {
                why: &none.why,
                hint: &none.hint,
            },
        };
        let answer = known.index.search(&query, with).await.map_err(from_index)?;
        let mut hits = answer.hits;
        hits.retain(|hit| shown::is_open(&hit.path));
        if hits.is_empty() {
            return nothing(&known, &input.query, &answer.meaning).await;
        }
        for hit in hits.iter().take(limit) {
            list.push(&shown_hit(hit, cx));
        }
        list.left += hits.len().saturating_sub(limit);
        let mut notes: Vec<String> = sense(&answer.meaning).into_iter().collect();
        notes.extend(known.notes().await?);
        let summary = shown::count(hits.len().min(limit), "place", "places");
        Ok(list.output(summary, &notes, "Narrow it by `path`, or raise `limit`."))
    }
}

fn shown_hit(hit: &Hit, cx: &ToolCx) -> String {
    let what = hit
        .element
        .as_ref()
        .map_or_else(String::new, |element| format!(" {}", shown::named(element)));
    let why: Vec<&str> = hit.why.iter().take(2).map(|why| why.signal).collect();
    let text = hit.text.as_deref().unwrap_or_default();
    let text = cx.masker.mask_file(&hit.path, text);
    let also: Vec<String> = hit.also.iter().map(shown_also).collect();
    let also = match also.as_slice() {
        [] => String::new(),
        some => format!("also {}\n", some.join(", ")),
    };
    format!(
        "{}:{}-{}{what} (score {:.2}: {})\n{also}{}\n",
        hit.path,
        hit.start_line,
        hit.end_line,
        hit.score,
        why.join(", "),
        text.trim_end()
    )
}

fn shown_also(one: &Also) -> String {
    let lines = format!("{}-{}", one.start_line, one.end_line);
    match &one.element {
        Some(element) => format!("{lines} {}", element.qualified_name),
        None => lines,
    }
}

fn sense(meaning: &Sense) -> Option<String> {
    match meaning {
        Sense::Used { coverage } if coverage.done < coverage.total => Some(format!(
            "vectors not ready: {} of {} pieces; the others were searched by words and names only",
            coverage.done, coverage.total
        )),
        Sense::Used { .. } => None,
        Sense::Off { why, hint } => Some(
            format!("vectors not ready, lexical only: {why}. {hint}")
                .trim()
                .to_owned(),
        ),
    }
}

async fn nothing(known: &Known, query: &str, meaning: &Sense) -> Result<Output, ToolError> {
    let next = "Use other words, drop `path`, or search_codebase for exact text.";
    let mut output = known
        .nothing(format!("No code fits {query:?}"), next)
        .await?;
    if let Some(note) = sense(meaning) {
        output.text.push_str(&format!("[{note}]\n"));
    }
    Ok(output)
}
