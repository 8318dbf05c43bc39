//! Exact edits of a content, as a pure function.
//!
//! Models write `\n` and see no BOM; files have what they have. So an edit is matched against the
//! content with its line ends told as `\n`, and only what really differs is put into the content,
//! with the line ends that stand there. All other bytes stay, valid UTF-8 or not.

mod near;

use std::ops::Range;

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
    #[error("Edit {edit}: `old` was not found in the file. {near}")]
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

const BOM: char = '\u{FEFF}';

/// `original` with all `edits` made; all are matched against `original`, and none may touch
/// another. Whatever no edit touches stays byte for byte.
pub fn apply(original: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    if edits.is_empty() {
        return Err(EditError::NoEdits);
    }
    let content = Content::new(original);
    let mut replacements = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        replacements.extend(content.replacements(edit, at + 1).map_err(|error| {
            match error {
                EditError::NotFound { edit: number, .. } if made_by_earlier(edit, &edits[..at]) => {
                    EditError::NotFound {
                        edit: number,
                        near:
                            "An earlier edit of this call writes it; all edits are matched against \
                           the file as it was. Make one edit of both."
                                .into(),
                    }
                }
                other => other,
            }
        })?);
    }
    replacements.sort_by_key(|replacement| (replacement.range.start, replacement.range.end));
    for pair in replacements.windows(2) {
        if pair[1].matched.start < pair[0].matched.end {
            let (first, second) = (
                pair[0].edit.min(pair[1].edit),
                pair[0].edit.max(pair[1].edit),
            );
            let line = content.line_of(pair[1].matched.start);
            return Err(EditError::Overlap {
                first,
                second,
                line,
            });
        }
    }
    Ok(content.with(&replacements))
}

fn made_by_earlier(edit: &Edit, earlier: &[Edit]) -> bool {
    earlier
        .iter()
        .any(|other| !edit.old.is_empty() && other.new.contains(&edit.old))
}

/// New bytes for a range of the text (line ends as `\n`).
struct Replacement {
    edit: usize,
    /// What `old` matched.
    matched: Range<usize>,
    /// The part of it that differs.
    range: Range<usize>,
    text: String,
}

/// A content with its line ends told as `\n`.
struct Content<'a> {
    original: &'a [u8],
    /// Bytes of the BOM before the text.
    bom: usize,
    text: Vec<u8>,
    /// Positions in `text` of line ends that are `\r\n` in the original; sorted.
    crlf: Vec<usize>,
    mostly_crlf: bool,
}

impl<'a> Content<'a> {
    fn new(original: &'a [u8]) -> Self {
        let bom = if original.starts_with("\u{FEFF}".as_bytes()) {
            BOM.len_utf8()
        } else {
            0
        };
        let body = &original[bom..];
        let mut text = Vec::with_capacity(body.len());
        let mut crlf = Vec::new();
        let mut ends = 0;
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            ends += usize::from(line.ends_with(b"\n"));
            match line.strip_suffix(b"\r\n") {
                Some(line) => {
                    text.extend_from_slice(line);
                    crlf.push(text.len());
                    text.push(b'\n');
                }
                None => text.extend_from_slice(line),
            }
        }
        let mostly_crlf = crlf.len() * 2 > ends;
        Self {
            original,
            bom,
            text,
            crlf,
            mostly_crlf,
        }
    }

    fn replacements(&self, edit: &Edit, number: usize) -> Result<Vec<Replacement>, EditError> {
        let unified = |text: &str| text.trim_start_matches(BOM).replace("\r\n", "\n");
        let (mut old, mut new) = (unified(&edit.old), unified(&edit.new));
        if old.is_empty() && self.text.is_empty() && !new.is_empty() {
            return Ok(vec![Replacement {
                edit: number,
                matched: 0..0,
                range: 0..0,
                text: new,
            }]);
        }
        if old.is_empty() {
            return Err(EditError::EmptyOld { edit: number });
        }
        if old == new {
            return Err(EditError::NoOp { edit: number });
        }
        let mut found = occurrences(&self.text, old.as_bytes());
        if found.is_empty() && self.ends_with_line(&old) {
            // The file's last line has no line end; it stays so.
            old.pop();
            if new.ends_with('\n') {
                new.pop();
            }
            found = vec![self.text.len() - old.len()];
        }
        match found.len() {
            0 => {
                let near = near::describe(&String::from_utf8_lossy(&self.text), &old);
                return Err(EditError::NotFound { edit: number, near });
            }
            1 => {}
            _ if edit.replace_all => {
                let mut end = 0;
                found.retain(|at| {
                    *at >= end && {
                        end = at + old.len();
                        true
                    }
                });
            }
            _ => {
                let lines = found.iter().map(|at| self.line_of(*at)).collect();
                return Err(EditError::Ambiguous {
                    edit: number,
                    lines,
                });
            }
        }
        let (before, after) = common(old.as_bytes(), new.as_bytes());
        let text = &new[before..new.len() - after];
        Ok(found
            .into_iter()
            .map(|at| Replacement {
                edit: number,
                matched: at..at + old.len(),
                range: at + before..at + old.len() - after,
                text: text.to_owned(),
            })
            .collect())
    }

    /// Whether `line`, which ends with a line end, is what the text ends with, but for that.
    fn ends_with_line(&self, line: &str) -> bool {
        line.strip_suffix('\n').is_some_and(|line| {
            !line.is_empty()
                && self.text.ends_with(line.as_bytes())
                && occurrences(&self.text, line.as_bytes()).len() == 1
        })
    }

    fn line_of(&self, at: usize) -> usize {
        self.text[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    }

    /// Where a position of the text lies in the original.
    fn original_of(&self, at: usize) -> usize {
        self.bom + at + self.crlf.partition_point(|end| *end < at)
    }

    /// The original with the replacements (sorted, apart). New lines end as those end that they
    /// replace; where there is none, as the file does.
    fn with(&self, replacements: &[Replacement]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.original.len());
        let mut done = 0;
        for Replacement {
            range,
            text,
            matched,
            ..
        } in replacements
        {
            out.extend_from_slice(&self.original[done..self.original_of(range.start)]);
            if self
                .wants_crlf(range)
                .or(self.wants_crlf(matched))
                .unwrap_or(self.mostly_crlf)
            {
                out.extend_from_slice(text.replace('\n', "\r\n").as_bytes());
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            done = self.original_of(range.end);
        }
        out.extend_from_slice(&self.original[done..]);
        out
    }

    /// Whether most line ends in `range` are `\r\n`; None where it has none.
    fn wants_crlf(&self, range: &Range<usize>) -> Option<bool> {
        let before = |at| self.crlf.partition_point(|end| *end < at);
        let crlf = before(range.end) - before(range.start);
        let ends = self.text[range.clone()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        (ends > 0).then_some(crlf * 2 > ends)
    }
}

/// Where `needle` stands, overlapping ones too.
fn occurrences(text: &[u8], needle: &[u8]) -> Vec<usize> {
    let finder = memchr::memmem::Finder::new(needle);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
        found.push(from + at);
        from += at + 1;
    }
    found
}

/// Bytes that two texts share at their beginning and at their end, cut at line ends so that
/// characters and `\r\n` stay whole.
fn common(old: &[u8], new: &[u8]) -> (usize, usize) {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let before = old[..before]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let (old, new) = (&old[before..], &new[before..]);
    let after = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let shared = &old[old.len() - after..];
    // From after the first shared line end on: whole lines.
    let after = shared
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| shared.len() - at - 1);
    (before, after)
}
