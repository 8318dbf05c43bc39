//! Keeping answers under the cap without breaking characters or lines.

use mira_workspace::truncate;

use crate::Output;

/// The longest start of `text` that has at most `cap` bytes, ends at a line if one ends in its
/// second half, and breaks no character.
pub(crate) fn head(text: &str, cap: usize) -> &str {
    if text.len() <= cap {
        return text;
    }
    let whole = truncate::head(text, cap);
    match whole.rfind('\n') {
        Some(end) if end >= whole.len() / 2 => &whole[..=end],
        _ => whole,
    }
}

/// The last resort for an answer that its tool did not page itself.
pub(crate) fn capped(output: Output, cap: usize) -> Output {
    const NOTE: usize = 120;
    if output.text.len() <= cap {
        return output;
    }
    let kept = head(&output.text, cap.saturating_sub(NOTE));
    let left = output.text.len() - kept.len();
    let text = format!("{kept}\n[cut here: {left} more bytes. Ask for a smaller part.]");
    Output {
        text,
        truncated: true,
        ..output
    }
}

/// Text from character `offset` on, at most `cap` bytes, and where to go on.
pub(crate) fn from_char(text: &str, offset: usize, cap: usize) -> (&str, Option<usize>) {
    let start = text
        .char_indices()
        .nth(offset)
        .map_or(text.len(), |(at, _)| at);
    let rest = &text[start..];
    let page = head(rest, cap);
    let next = (page.len() < rest.len()).then(|| offset + page.chars().count());
    (page, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_to_the_whole_text() {
        let text: String = (0..200)
            .map(|n| format!("line {n} äöü 漢字 🦀\n"))
            .collect();
        for cap in [7, 16, 100, 1000, 100_000] {
            let (mut joined, mut at) = (String::new(), Some(0));
            while let Some(offset) = at {
                let (page, next) = from_char(&text, offset, cap);
                assert!(page.len() <= cap && !page.is_empty());
                joined.push_str(page);
                at = next;
            }
            assert_eq!(joined, text, "cap {cap}");
        }
        assert_eq!(from_char("abc", 9, 10), ("", None));
    }

    #[test]
    fn the_cap_holds_with_its_note() {
        let output = Output::new("ä".repeat(1000), "long");
        let cut = capped(output, 300);
        assert!(cut.truncated && cut.text.len() <= 300, "{}", cut.text.len());
        assert!(cut.text.contains("more bytes"));
    }
}
