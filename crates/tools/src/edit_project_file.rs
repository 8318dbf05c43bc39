//! Exact edits of one file, all or none.

use std::borrow::Cow;

use async_trait::async_trait;
use mira_secrets::Masker;
use mira_workspace::edits::{self, Edit};
use mira_workspace::{Intent, Workspace};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError, secret};

pub(crate) struct EditProjectFile;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Relative to the project.
    path: String,
    /// All are matched against the file as it is now; all are made or none.
    edits: Vec<Replacement>,
}

#[derive(Deserialize, JsonSchema)]
struct Replacement {
    /// Exact text that stands in the file once, without line numbers; add lines around it until it
    /// is unique.
    old: String,
    /// Text to put there.
    new: String,
    /// Replace every occurrence.
    replace_all: Option<bool>,
}

#[async_trait]
impl Tool for EditProjectFile {
    const NAME: &'static str = "edit_project_file";
    const DESCRIPTION: &'static str =
        "Replace exact text in a file; several edits in one call. Line ends are kept.";
    type Input = Input;

    fn effect(&self, input: &Input, cx: &ToolCx) -> Result<Effect, ToolError> {
        let path = cx.workspace.resolve(&input.path, Intent::Write)?.shown();
        Ok(Effect::Writes(vec![path]))
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let masker = cx.masker.clone();
        cx.blocking(move |workspace, _| edit(workspace, &masker, input))
            .await
    }
}

fn edit(workspace: &Workspace, masker: &Masker, input: Input) -> Result<Output, ToolError> {
    let file = workspace.read(&input.path)?;
    let mut wanted = Vec::with_capacity(input.edits.len());
    for one in input.edits {
        let whole = |text: &str| {
            secret::restored(masker, text, &input.path, &file.bytes).map(Cow::into_owned)
        };
        wanted.push(Edit {
            old: whole(&one.old)?,
            new: whole(&one.new)?,
            replace_all: one.replace_all.unwrap_or_default(),
        });
    }
    let edited = edits::apply(&file.bytes, &wanted)
        .map_err(|error| ToolError::Refused(format!("{} was not changed. {error}", input.path)))?;
    let written = workspace.write(&input.path, &edited)?;
    let count = match wanted.len() {
        1 => "1 edit".to_owned(),
        many => format!("{many} edits"),
    };
    let lines = edited.iter().filter(|byte| **byte == b'\n').count();
    let text = format!(
        "Edited {} ({count}). It now has {lines} line ends.",
        written.change.path
    );
    Ok(Output {
        changes: written.into_changes(),
        ..Output::new(text, count)
    })
}
