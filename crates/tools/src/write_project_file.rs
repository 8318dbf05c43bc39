//! A whole file, new or replaced.

use async_trait::async_trait;
use mira_secrets::Masker;
use mira_workspace::{Intent, Refusal, Workspace, files};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError, secret};

const BOM: &str = "\u{feff}";

pub(crate) struct WriteProjectFile;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Relative to the project; missing folders are made.
    path: String,
    /// The whole new content.
    content: String,
}

#[async_trait]
impl Tool for WriteProjectFile {
    const NAME: &'static str = "write_project_file";
    const DESCRIPTION: &'static str =
        "Create a file or replace its whole content. To change parts use edit_project_file.";
    type Input = Input;

    fn effect(&self, input: &Input, cx: &ToolCx) -> Result<Effect, ToolError> {
        let path = cx.workspace.resolve(&input.path, Intent::Write)?.shown();
        Ok(Effect::Writes(vec![path]))
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let masker = cx.masker.clone();
        cx.blocking(move |workspace, _| write(workspace, &masker, &input))
            .await
    }
}

fn write(workspace: &Workspace, masker: &Masker, input: &Input) -> Result<Output, ToolError> {
    let before = match workspace.read(&input.path) {
        Ok(file) => Some(file.bytes),
        Err(Refusal::Missing(_)) => None,
        // Too large to be read whole: replaced all the same.
        Err(Refusal::Unsuitable(_)) => None,
        Err(refusal) => return Err(refusal.into()),
    };
    let held = before.as_deref().unwrap_or_default();
    let given = secret::restored(masker, &input.content, &input.path, held)?;
    let content = in_the_style_of(before.as_deref(), &given);
    let lines = content.lines().count();
    if before.as_deref() == Some(content.as_bytes()) {
        let text = format!(
            "{} already has exactly this content; nothing changed.",
            input.path
        );
        return Ok(Output::new(text, "unchanged"));
    }
    let written = workspace.write(&input.path, content.as_bytes())?;
    let verb = if written.change.before.is_some() {
        "Replaced"
    } else {
        "Created"
    };
    let bytes = content.len();
    let mut text = format!(
        "{verb} {} ({lines} lines, {bytes} bytes).",
        written.change.path
    );
    if content.len() != given.len() {
        text.push_str(" Its line ends and byte order mark were kept as they were.");
    }
    let summary = format!("{} {lines} lines", verb.to_lowercase());
    Ok(Output {
        changes: written.into_changes(),
        ..Output::new(text, summary)
    })
}

/// Models write `\n` and no BOM; a file that had CRLF throughout, or a BOM, keeps them.
pub fn in_the_style_of(before: Option<&[u8]>, content: &str) -> String {
    let before = before
        .filter(|bytes| !files::is_binary(bytes))
        .unwrap_or_default();
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    let crlf = before.windows(2).filter(|pair| pair == b"\r\n").count();
    let mut styled = match breaks > 0 && crlf == breaks && !content.contains('\r') {
        true => content.replace('\n', "\r\n"),
        false => content.to_owned(),
    };
    if before.starts_with(BOM.as_bytes()) && !styled.starts_with(BOM) {
        styled.insert_str(0, BOM);
    }
    styled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_of_the_file_is_kept() {
        let check = |before: &[u8], content: &str, expected: &str| {
            assert_eq!(in_the_style_of(Some(before), content), expected);
        };
        check(b"a\r\nb\r\n", "x\ny\n", "x\r\ny\r\n");
        check(b"a\r\nb\n", "x\ny\n", "x\ny\n");
        check(b"a\r\nb\r\n", "x\r\ny\n", "x\r\ny\n");
        check(b"\xef\xbb\xbfa\n", "x\n", "\u{feff}x\n");
        check(b"\xef\xbb\xbfa\n", "\u{feff}x\n", "\u{feff}x\n");
        check(b"\0\r\n", "x\n", "x\n");
        assert_eq!(in_the_style_of(None, "x\ny"), "x\ny");
    }
}
