//! Secrets in files: the model reads marks in their place, and what it writes gets them back.

use std::borrow::Cow;

use mira_secrets::{Masker, UnknownMarks, is_secret_file};

use crate::{Effect, ToolError};

/// Looking at a file, as the policy sees it.
pub(crate) fn reading(path: &str) -> Effect {
    if is_secret_file(path) {
        Effect::ReadsSecret {
            path: path.to_owned(),
        }
    } else {
        Effect::Reads
    }
}

/// Text for `path` with its secrets in place of their marks; `before` is what the file holds now.
///
/// # Errors
/// Where the text has marks of secrets that this file does not hold: written down they would be
/// neither the secret nor an honest value.
pub(crate) fn restored<'a>(
    masker: &Masker,
    text: &'a str,
    path: &str,
    before: &[u8],
) -> Result<Cow<'a, str>, ToolError> {
    let before = String::from_utf8_lossy(before);
    masker
        .restore(text, path, &before)
        .map_err(|UnknownMarks(marks)| {
            ToolError::Refused(format!(
                "{path} was not changed: {} stands for a secret that this file does not hold. A \
                 secret can stay in its file, but is not copied to another one; read it from the \
                 environment there, or ask the person to put it in.",
                marks.join(", ")
            ))
        })
}

/// A unified diff whose parts about secret files say only that they differ.
pub(crate) fn diff(text: String) -> String {
    const HEADER: &str = "diff --git ";
    let is_secret = |header: &str| header.split(' ').any(is_secret_file);
    let headers = || text.lines().filter(|line| line.starts_with(HEADER));
    if !headers().any(is_secret) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut hidden = false;
    for line in text.split_inclusive('\n') {
        if line.starts_with(HEADER) {
            hidden = is_secret(line.trim_end());
            out.push_str(line);
            if hidden {
                out.push_str("[differs; not shown: it is a secret file]\n");
            }
        } else if !hidden {
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::diff;

    #[test]
    fn a_secret_file_is_named_in_a_diff_and_not_shown() {
        let text =
            "diff --git a/.env b/.env\n--- a/.env\n+A=hush\ndiff --git a/b.rs b/b.rs\n+fn b() {}\n";
        let shown = diff(text.to_owned());
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("a/.env b/.env\n[differs") && shown.contains("+fn b() {}"));
        assert_eq!(diff("+A=1\n".to_owned()), "+A=1\n");
    }
}
