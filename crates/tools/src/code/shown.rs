//! How answers about code look: an element's line, lists within the cap, notes on what is missing.

use mira_index::{Element, Index};
use mira_secrets::is_secret_file;
use mira_workspace::truncate;

use super::{Known, from_index};
use crate::{Output, ToolError};

/// Room for the notes below a list, in bytes.
const NOTES_BYTES: usize = 1_200;
/// Left-out files that are named.
const NAMED: usize = 5;
const SIGNATURE_CHARS: usize = 160;
/// Notes of files that hold no code: nobody misses them.
const NO_CODE: &[&str] = &["binary", "link", "odd"];

/// `src/cart.rs:15-17 method Cart::total — pub fn total(&self) -> u64`.
pub(super) fn line(element: &Element) -> String {
    let name = &element.qualified_name;
    format!("{} — {}", head(element), signature(element, name))
}

/// `src/cart.rs:15-17 method Cart::total`.
pub(super) fn head(element: &Element) -> String {
    format!("{} {}", place(element), named(element))
}

pub(super) fn place(element: &Element) -> String {
    format!(
        "{}:{}-{}",
        element.path, element.start_line, element.end_line
    )
}

/// `method Cart::total`.
pub(super) fn named(element: &Element) -> String {
    let test = if element.is_test { "test " } else { "" };
    format!("{test}{} {}", element.kind.as_str(), element.qualified_name)
}

pub(super) fn signature(element: &Element, otherwise: &str) -> String {
    let text = match element.signature.trim() {
        "" => otherwise,
        text => text,
    };
    truncate::line(text, SIGNATURE_CHARS).into_owned()
}

/// ` (complexity 12, effort 20)` where there is any worth a word.
pub(super) fn complexity(element: &Element) -> String {
    match element.cyclomatic {
        0 | 1 => String::new(),
        paths => format!(" (complexity {paths}, effort {})", element.cognitive),
    }
}

pub(super) fn percent(confidence: f64) -> String {
    format!("{:.0} %", confidence * 100.0)
}

pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// Lines of an answer, as many as fit.
pub(super) struct List {
    text: String,
    cap: usize,
    /// A piece did not fit: what comes after it would look like the whole of it.
    is_full: bool,
    pub left: usize,
}

impl List {
    pub fn new(output_cap_bytes: usize) -> Self {
        Self {
            text: String::new(),
            cap: output_cap_bytes.saturating_sub(NOTES_BYTES).max(200),
            is_full: false,
            left: 0,
        }
    }

    /// Room that is left, in bytes.
    pub fn room(&self) -> usize {
        self.cap.saturating_sub(self.text.len())
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A line or a block; counted as left out where it does not fit any more.
    pub fn push(&mut self, piece: &str) {
        let end = if piece.ends_with('\n') { "" } else { "\n" };
        if self.is_full || piece.len() + end.len() > self.room() {
            self.is_full = true;
            self.left += 1;
        } else {
            self.text.push_str(piece);
            self.text.push_str(end);
        }
    }

    /// The answer with its notes; `narrow` says how to see what was cut.
    pub fn output(self, summary: String, notes: &[String], narrow: &str) -> Output {
        let Self { mut text, left, .. } = self;
        if left > 0 {
            text.push_str(&format!("[{left} more are not shown. {narrow}]\n"));
        }
        for note in notes {
            text.push_str(&format!("[{note}]\n"));
        }
        Output {
            truncated: left > 0,
            ..Output::new(text, summary)
        }
    }
}

/// An element that may be shown: what secret files hold is not.
pub(super) fn is_open(path: &str) -> bool {
    !is_secret_file(path)
}

impl Known {
    /// What every answer lacks: files not read yet, files left out.
    pub(super) async fn notes(&self) -> Result<Vec<String>, ToolError> {
        let mut notes = self.index.state().lacks();
        notes.extend(left_out(&self.index).await?);
        Ok(notes)
    }

    /// An answer that found nothing, with what was not looked at and what to do next.
    pub(super) async fn nothing(&self, text: String, next: &str) -> Result<Output, ToolError> {
        let files = self.index.totals().await.map_err(from_index)?.files;
        let mut text = format!("{text} (in {files} indexed files). {next}\n");
        for note in self.notes().await? {
            text.push_str(&format!("[{note}]\n"));
        }
        Ok(Output::new(text, "nothing found"))
    }

    /// Why a file is not in the index, or not wholly; a refusal where it is not there at all.
    pub(super) async fn file(&self, path: &str) -> Result<Option<String>, ToolError> {
        match self.index.file(path).await.map_err(from_index)? {
            Some(file) => Ok(file.note.map(|note| format!("{path}: {}", note.text))),
            None => {
                let lacks = self.index.state().lacks();
                let why = lacks.first().map_or_else(
                    || "it is no file, or .gitignore hides it".to_owned(),
                    Clone::clone,
                );
                Err(ToolError::Refused(format!(
                    "{path} is not in the code index: {why}. read_project_file and \
                     get_file_summary read it as it is; list_project_files shows what there is."
                )))
            }
        }
    }
}

async fn left_out(index: &Index) -> Result<Option<String>, ToolError> {
    let noted = index.noted_files().await.map_err(from_index)?;
    let noted: Vec<String> = noted
        .into_iter()
        .filter_map(|file| {
            let note = file.note?;
            let is_code = !NO_CODE.contains(&note.kind.as_str()) && is_open(&file.path);
            is_code.then(|| format!("{} ({})", file.path, note.kind))
        })
        .collect();
    if noted.is_empty() {
        return Ok(None);
    }
    let more = match noted.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = noted.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let all = names.join(", ");
    Ok(Some(format!("not wholly indexed: {all}{more}")))
}
