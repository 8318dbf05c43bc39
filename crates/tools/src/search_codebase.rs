//! Text search through the project.

use async_trait::async_trait;
use mira_secrets::is_secret_file;
use mira_workspace::search::{self, Found, Query};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT_MAX: usize = 100;
const MAX_MATCHES: usize = 1_000;
const MAX_CONTEXT: usize = 20;
/// Room for the note below the matches, in bytes.
const NOTE_BYTES: usize = 300;

pub(crate) struct SearchCodebase;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Regular expression (Rust syntax), matched in single lines.
    pattern: String,
    /// File or folder to search in.
    path: Option<String>,
    /// Only these files: `*.rs`, `src/**/*.ts`, `!tests/**`.
    glob: Option<String>,
    /// Lines around each match.
    context: Option<usize>,
    /// Default smart: upper case in the pattern matters.
    case: Option<Case>,
    /// The pattern is plain text.
    literal: Option<bool>,
    /// Matches to show, default 100.
    max: Option<usize>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Case {
    Smart,
    Sensitive,
    Insensitive,
}

#[async_trait]
impl Tool for SearchCodebase {
    const NAME: &'static str = "search_codebase";
    const DESCRIPTION: &'static str =
        "Search file contents. Files that .gitignore hides are left out.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        if input.pattern.is_empty() {
            return Err(ToolError::Refused(
                "`pattern` is empty; give the text to look for.".into(),
            ));
        }
        let cap = cx.output_cap_bytes.saturating_sub(NOTE_BYTES);
        let query = Query {
            pattern: input.pattern.clone(),
            literal: input.literal.unwrap_or_default(),
            case: match input.case {
                None | Some(Case::Smart) => search::Case::Smart,
                Some(Case::Sensitive) => search::Case::Sensitive,
                Some(Case::Insensitive) => search::Case::Insensitive,
            },
            path: input.path.unwrap_or_default(),
            globs: input
                .glob
                .into_iter()
                .filter(|glob| !glob.is_empty())
                .collect(),
            context: input.context.unwrap_or_default().min(MAX_CONTEXT),
            max_matches: input.max.unwrap_or(DEFAULT_MAX).clamp(1, MAX_MATCHES),
            max_bytes: cap,
            ignored: false,
        };
        let found = cx
            .blocking(move |workspace, cancel| workspace.search(&query, cancel))
            .await?;
        Ok(shown(&input.pattern, &found, cap))
    }
}

fn shown(pattern: &str, found: &Found, cap: usize) -> Output {
    if found.matches == 0 {
        let text = format!(
            "No match for {pattern:?} in {} files. Files that .gitignore hides and binaries were \
             not searched.",
            found.files_searched
        );
        return Output::new(text, "no match");
    }
    let mut text = String::new();
    let mut cut = false;
    'files: for file in &found.files {
        if is_secret_file(&file.path) {
            let hits = file.lines.iter().filter(|line| line.is_match).count();
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!(
                "{gap}{}\n[{hits} matching lines are not shown: it is a secret file]\n",
                file.path
            ));
            continue;
        }
        let mut previous: Option<usize> = None;
        let heading = format!("{}{}\n", if text.is_empty() { "" } else { "\n" }, file.path);
        for (index, line) in file.lines.iter().enumerate() {
            let gap = previous.is_some_and(|last| line.number > last + 1);
            let has_context = file.lines.iter().any(|line| !line.is_match);
            let mark = if line.is_match { ':' } else { '-' };
            let piece = format!(
                "{}{}{}{mark}{}\n",
                if index == 0 { heading.as_str() } else { "" },
                if gap && has_context { "--\n" } else { "" },
                line.number,
                line.text
            );
            if text.len() + piece.len() > cap {
                cut = true;
                break 'files;
            }
            text.push_str(&piece);
            previous = Some(line.number);
        }
    }
    let (matches, files) = (found.matches, found.files.len());
    let matches_text = if matches == 1 {
        "1 match".into()
    } else {
        format!("{matches} matches")
    };
    let summary = format!(
        "{matches_text} in {files} file{}",
        if files == 1 { "" } else { "s" }
    );
    let reason = found
        .truncated
        .clone()
        .or(cut.then(|| "as much as fits".to_owned()));
    if let Some(reason) = &reason {
        text.push_str(&format!(
            "[shown: {reason}; there may be more. Narrow the search with path or glob, or raise max]\n"
        ));
    }
    Output {
        truncated: reason.is_some(),
        ..Output::new(text, summary)
    }
}
