//! Changes of files, in colour.

use std::fmt::Write as _;

use mira_protocol::change::{
    ChangeKind, ChangeSet, DiffLineKind, FileChange, FileChangeSummary, ReviewMark,
};

use super::style::Style;
use super::text::{clean, plural};

/// Every file with its hunks; at most `lines` lines a file, with a word on the rest.
pub fn changes(set: &ChangeSet, style: Style, lines: usize) -> String {
    let mut out = String::new();
    for file in &set.files {
        one_file(&mut out, file, style, lines);
    }
    for uncovered in &set.not_covered {
        let text = format!("not covered by undo: {}", clean(uncovered));
        let _ = writeln!(out, "{}", style.yellow(&text));
    }
    out
}

fn one_file(out: &mut String, file: &FileChange, style: Style, limit: usize) {
    let mut head = summary(&file.summary, style);
    let mut marks = Vec::new();
    if file.undone {
        marks.push("undone");
    }
    if file.edited_since {
        marks.push("edited since");
    }
    match file.mark {
        ReviewMark::Kept => marks.push("kept"),
        ReviewMark::Rejected => marks.push("rejected"),
        ReviewMark::Pending => {}
    }
    if !marks.is_empty() {
        let _ = write!(head, "  {}", style.dim(&marks.join(", ")));
    }
    let _ = writeln!(out, "{head}");
    let mut shown = 0;
    let total: usize = file.hunks.iter().map(|hunk| hunk.lines.len() + 1).sum();
    for hunk in &file.hunks {
        if shown >= limit {
            break;
        }
        let position = format!(
            "@@ -{},{} +{},{} @@",
            hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines
        );
        let _ = writeln!(out, "{}", style.cyan(&position));
        shown += 1;
        for line in hunk.lines.iter().take(limit.saturating_sub(shown)) {
            let text = clean(&line.text);
            let text = match line.kind {
                DiffLineKind::Context => format!(" {text}"),
                DiffLineKind::Added => style.green(&format!("+{text}")),
                DiffLineKind::Removed => style.red(&format!("-{text}")),
                DiffLineKind::NoNewline => style.dim("\\ No newline at end of file"),
            };
            let _ = writeln!(out, "{text}");
            shown += 1;
        }
    }
    if file.too_large {
        let _ = writeln!(out, "{}", style.dim("too large to show"));
    } else if shown < total {
        let rest = plural((total - shown) as u64, "more line");
        let _ = writeln!(out, "{}", style.dim(&format!("… {rest}")));
    }
}

/// "M src/a.rs  +2 −1"
pub fn summary(file: &FileChangeSummary, style: Style) -> String {
    let (letter, path) = (letter(file.change), style.bold(&clean(&file.path)));
    if file.binary {
        return format!("{letter} {path}  {}", style.dim("binary"));
    }
    if file.change == ChangeKind::Mode {
        return format!("{letter} {path}  {}", style.dim("permissions"));
    }
    let added = style.green(&format!("+{}", file.additions));
    let removed = style.red(&format!("−{}", file.deletions));
    format!("{letter} {path}  {added} {removed}")
}

fn letter(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Created => 'A',
        ChangeKind::Modified => 'M',
        ChangeKind::Deleted => 'D',
        ChangeKind::Mode => 'P',
    }
}
