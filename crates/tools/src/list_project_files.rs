//! What files there are.

use async_trait::async_trait;
use mira_workspace::list::Listing;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT_DEPTH: usize = 2;
const MAX_DEPTH: usize = 32;
const MAX_ENTRIES: usize = 1_000;
const NOTE_BYTES: usize = 200;

pub(crate) struct ListProjectFiles;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Folder; default the project.
    path: Option<String>,
    /// Levels down, default 2; with glob all.
    depth: Option<usize>,
    /// Only these files: `*.rs`, `**/test_*.py`.
    glob: Option<String>,
}

#[async_trait]
impl Tool for ListProjectFiles {
    const NAME: &'static str = "list_project_files";
    const DESCRIPTION: &'static str =
        "List a folder as an indented tree; with glob, paths of matching files.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let path = input.path.unwrap_or_default();
        let glob = input.glob.filter(|glob| !glob.is_empty());
        let by_glob = glob.is_some();
        let depth = input
            .depth
            .unwrap_or(if by_glob { MAX_DEPTH } else { DEFAULT_DEPTH });
        let depth = depth.clamp(1, MAX_DEPTH);
        let listing = cx
            .blocking(move |workspace, _| {
                workspace.list(&path, depth, glob.as_deref(), MAX_ENTRIES)
            })
            .await?;
        Ok(shown(
            &listing,
            by_glob,
            cx.output_cap_bytes.saturating_sub(NOTE_BYTES),
        ))
    }
}

fn shown(listing: &Listing, by_glob: bool, cap: usize) -> Output {
    let mut text = String::new();
    let (mut files, mut folders, mut cut) = (0, 0, listing.truncated);
    for entry in &listing.entries {
        let line = if by_glob {
            if entry.is_dir {
                continue;
            }
            entry.path.clone()
        } else {
            let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
            let slash = if entry.is_dir { "/" } else { "" };
            let link = if entry.is_symlink { " (link)" } else { "" };
            format!(
                "{}{name}{slash}{link}",
                "  ".repeat(entry.depth.saturating_sub(1))
            )
        };
        let ignored = if entry.ignored { " (ignored)" } else { "" };
        if text.len() + line.len() + ignored.len() >= cap {
            cut = true;
            break;
        }
        text.push_str(&format!("{line}{ignored}\n"));
        if entry.is_dir {
            folders += 1
        } else {
            files += 1
        }
    }
    if text.is_empty() {
        let text = if by_glob {
            "No file matches."
        } else {
            "The folder is empty."
        };
        return Output::new(text, "nothing");
    }
    if cut {
        text.push_str("[there is more. List a folder of it with path, or use glob]\n");
    }
    let summary = match folders {
        0 => format!("{files} files"),
        _ => format!("{files} files, {folders} folders"),
    };
    Output {
        truncated: cut,
        ..Output::new(text, summary)
    }
}
