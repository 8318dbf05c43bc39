//! What is in a file, without reading it: size, lines, outline.

use std::fmt::Write;

use async_trait::async_trait;
use mira_workspace::Page;
use mira_workspace::truncate;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError};

/// Lines shown of a file that has no outline.
const HEAD_LINES: usize = 20;
/// Enough for every file that has an outline; larger ones are described only.
const MAX_LINES: usize = 100_000;
const NOTE_BYTES: usize = 200;

pub(crate) struct GetFileSummary;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Relative to the project.
    path: String,
}

#[async_trait]
impl Tool for GetFileSummary {
    const NAME: &'static str = "get_file_summary";
    const DESCRIPTION: &'static str = "Size and outline of a file (types, functions, headings) \
                                       with line ranges, to read only what is needed.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let cap = cx.output_cap_bytes.saturating_sub(NOTE_BYTES);
        cx.blocking(move |workspace, _| -> Result<Output, ToolError> {
            let page = workspace.read_lines(&input.path, 1, MAX_LINES)?;
            // A page is smaller than many files; an outline wants all of it.
            let whole = match page.next_line {
                Some(_) => workspace.read(&input.path).ok(),
                None => None,
            };
            let text = match &whole {
                Some(file) => String::from_utf8_lossy(&file.bytes).into_owned(),
                None => page.text.clone(),
            };
            Ok(shown(&page, &text, cap))
        })
        .await
    }
}

fn shown(page: &Page, content: &str, cap: usize) -> Output {
    if page.binary {
        let text = format!("{}: binary, {} bytes", page.path, page.size);
        return Output::new(text, format!("binary, {} bytes", page.size));
    }
    let language = mira_syntax::language(&page.path).unwrap_or("text");
    let mut text = format!(
        "{}: {language}, {} lines, {} bytes",
        page.path, page.total_lines, page.size
    );
    if page.crlf {
        text.push_str(", CRLF");
    }
    text.push('\n');
    let outline = mira_syntax::outline(&page.path, content);
    let mut cut = false;
    for element in &outline {
        let indent = "  ".repeat(element.depth);
        let lines = format!("{}-{}", element.start_line, element.end_line);
        let line = format!("{indent}{lines} {}\n", element.signature);
        if text.len() + line.len() > cap {
            cut = true;
            text.push_str("[the outline goes on; read the file from there]\n");
            break;
        }
        text.push_str(&line);
    }
    if outline.is_empty() && page.total_lines > 0 {
        let head = content
            .lines()
            .take(HEAD_LINES)
            .map(|line| truncate::line(line, 200));
        for (index, line) in head.enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}\t{line}", index + 1);
        }
    }
    let summary = match outline.len() {
        0 => format!("{} lines", page.total_lines),
        many => format!("{} lines, {many} elements", page.total_lines),
    };
    Output {
        truncated: cut,
        ..Output::new(text, summary)
    }
}
