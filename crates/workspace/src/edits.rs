//! Exact edits of a content, as a pure function.

/// Replace `old` by `new`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Text that stands in the file exactly once (or, with `replace_all`, at least once). Line
    /// ends may be given as `\n` whatever the file has.
    pub old: String,
    pub new: String,
    pub replace_all: bool,
}

/// Why nothing was edited. Each text tells a model what to do differently. `edit` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("Edit {edit}: `old` was not found. {near}")]
    NotFound { edit: usize, near: String },
    #[error(
        "Edit {edit}: `old` was found {} times, at lines {}. Add lines around it so that only one place fits, or set replace_all.",
        lines.len(), numbers(lines)
    )]
    Ambiguous { edit: usize, lines: Vec<usize> },
    #[error(
        "Edits {first} and {second} touch the same text at line {line}. Make one edit of them."
    )]
    Overlap {
        first: usize,
        second: usize,
        line: usize,
    },
    #[error("Edit {edit}: `old` and `new` are the same; nothing would change.")]
    NoOp { edit: usize },
    #[error("Edit {edit}: `old` is empty. Give the text to replace, or write the whole file.")]
    EmptyOld { edit: usize },
    #[error("No edit was given.")]
    NoEdits,
}

fn numbers(lines: &[usize]) -> String {
    const SHOWN: usize = 20;
    let mut text = lines
        .iter()
        .take(SHOWN)
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if lines.len() > SHOWN {
        text += ", …";
    }
    text
}

/// `original` with all `edits` made; all are matched against `original`, and none may touch
/// another. Whatever no edit touches stays byte for byte.
pub fn apply(original: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    if edits.is_empty() {
        return Err(EditError::NoEdits);
    }
    let mut text = String::from_utf8_lossy(original).into_owned();
    for (at, edit) in edits.iter().enumerate() {
        if !text.contains(&edit.old) {
            return Err(EditError::NotFound {
                edit: at + 1,
                near: String::new(),
            });
        }
        text = text.replace(&edit.old, &edit.new);
    }
    Ok(text.into_bytes())
}
