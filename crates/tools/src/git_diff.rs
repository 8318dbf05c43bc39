//! What changed, as git sees it.

use async_trait::async_trait;
use mira_git::Target;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::git_log::relative;
use crate::{Effect, Output, Tool, ToolCx, ToolError, secret};

const NOTE_BYTES: usize = 200;

pub(crate) struct GitDiff;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Only this file or folder.
    path: Option<String>,
    /// Only what is staged.
    staged: Option<bool>,
    /// Compare with where this branch left `base`.
    base: Option<String>,
    /// Show this commit.
    commit: Option<String>,
}

#[async_trait]
impl Tool for GitDiff {
    const NAME: &'static str = "git_diff";
    const DESCRIPTION: &'static str =
        "Unified diff; by default all uncommitted changes, new files included.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let target = target(&input)?;
        let cap = cx.output_cap_bytes.saturating_sub(NOTE_BYTES);
        let diff = cx
            .blocking(move |workspace, _| -> Result<_, ToolError> {
                let path = relative(workspace, input.path.as_deref())?;
                Ok(mira_git::diff(
                    workspace.root(),
                    &target,
                    path.as_deref(),
                    cap,
                )?)
            })
            .await?;
        if diff.files == 0 {
            return Ok(Output::new("No differences.", "no differences"));
        }
        let files = diff.files;
        let summary = format!(
            "{files} file{}, +{} −{}",
            if files == 1 { "" } else { "s" },
            diff.additions,
            diff.deletions
        );
        let mut text = secret::diff(diff.text);
        if diff.truncated {
            text.push_str(&format!(
                "[cut; the whole diff is {summary}. Ask for one file with path]\n"
            ));
        }
        Ok(Output {
            truncated: diff.truncated,
            ..Output::new(text, summary)
        })
    }
}

fn target(input: &Input) -> Result<Target, ToolError> {
    let given = |name: &Option<String>| name.clone().filter(|name| !name.trim().is_empty());
    match (
        input.staged.unwrap_or_default(),
        given(&input.base),
        given(&input.commit),
    ) {
        (false, None, None) => Ok(Target::Uncommitted),
        (true, None, None) => Ok(Target::Staged),
        (false, Some(base), None) => Ok(Target::Branch { base }),
        (false, None, Some(commit)) => Ok(Target::Commit { commit }),
        _ => Err(ToolError::Refused(
            "Give only one of staged, base and commit.".into(),
        )),
    }
}
