//! A page of a file, with line numbers.

use std::borrow::Cow;

use async_trait::async_trait;
use mira_workspace::Page;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError, secret};

/// Lines of one page.
const PAGE_LINES: usize = 500;
/// Room for the notes below a page, in bytes.
const NOTES_BYTES: usize = 300;

pub(crate) struct ReadProjectFile;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Relative to the project.
    path: String,
    /// First line, from 1.
    offset: Option<usize>,
    /// Lines, at most 500.
    limit: Option<usize>,
}

#[async_trait]
impl Tool for ReadProjectFile {
    const NAME: &'static str = "read_project_file";
    const DESCRIPTION: &'static str =
        "Read a file, 500 numbered lines at a time. Each line is its number, a tab, its text.";
    type Input = Input;

    fn effect(&self, input: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(secret::reading(&input.path))
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let offset = input.offset.unwrap_or(1).max(1);
        let limit = input.limit.unwrap_or(PAGE_LINES).clamp(1, PAGE_LINES);
        let mut page = cx
            .blocking(move |workspace, _| workspace.read_lines(&input.path, offset, limit))
            .await?;
        if let Cow::Owned(masked) = cx.masker.mask_file(&page.path, &page.text) {
            page.text = masked;
        }
        Ok(shown(
            &page,
            cx.output_cap_bytes.saturating_sub(NOTES_BYTES),
        ))
    }
}

fn shown(page: &Page, cap: usize) -> Output {
    if page.binary {
        let text = format!(
            "[{} is binary, {} bytes; it is not shown]",
            page.path, page.size
        );
        return Output::new(text, format!("binary, {} bytes", page.size));
    }
    if page.total_lines == 0 {
        return Output::new(format!("[{} is empty]", page.path), "empty");
    }
    if page.lines == 0 {
        let text = format!(
            "[{} has only {} lines; line {} is past its end]",
            page.path, page.total_lines, page.first_line
        );
        return Output::new(text, "past the end");
    }
    let mut text = String::with_capacity(page.text.len() + page.lines * 6);
    let mut number = page.first_line;
    for line in page.text.split_inclusive('\n') {
        let before = text.len();
        text.push_str(&format!("{number}\t{line}"));
        if text.len() > cap && number > page.first_line {
            text.truncate(before);
            break;
        }
        number += 1;
    }
    let last = number - 1;
    let next = match page.first_line + page.lines {
        end if number < end => Some(number),
        _ => page.next_line,
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if let Some(next) = next {
        let (first, total) = (page.first_line, page.total_lines);
        text.push_str(&format!(
            "[lines {first}-{last} of {total}; go on with offset {next}]\n"
        ));
    }
    let notes = [
        (page.crlf, "its lines end with CRLF, which edits keep"),
        (
            page.invalid_utf8,
            "bytes that are not UTF-8 show as \u{fffd}",
        ),
        (page.cut_lines, "very long lines are cut"),
        (
            next.is_none() && !page.final_newline,
            "no line end after the last line",
        ),
    ];
    for (_, note) in notes.iter().filter(|(holds, _)| *holds) {
        text.push_str(&format!("[{note}]\n"));
    }
    let summary = match page.first_line == 1 && next.is_none() {
        true => format!("{} lines", page.total_lines),
        false => format!("lines {}–{last} of {}", page.first_line, page.total_lines),
    };
    Output {
        truncated: next.is_some(),
        ..Output::new(text, summary)
    }
}
