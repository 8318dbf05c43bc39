//! The one way to shorten text: never inside a character.

use std::borrow::Cow;

/// The longest beginning of `text` of at most `max_bytes`.
pub fn head(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

/// The longest end of `text` of at most `max_bytes`.
pub fn tail(text: &str, max_bytes: usize) -> &str {
    let from = text.len().saturating_sub(max_bytes);
    &text[text.ceil_char_boundary(from)..]
}

/// Beginning and end of `text` with `mark(left_out_bytes)` between, together at most `max_bytes`
/// and the mark. Cuts at line ends where one is near. Whole where it fits.
pub fn middle(text: &str, max_bytes: usize, mark: impl Fn(usize) -> String) -> Cow<'_, str> {
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let (first, last) = split(text, max_bytes / 2, max_bytes - max_bytes / 2);
    let left_out = text.len() - first.len() - last.len();
    Cow::Owned(format!("{first}{}{last}", mark(left_out)))
}

/// A beginning of at most `first` bytes and an end of at most `last`, cut after a line end where
/// one lies in the nearer half.
fn split(text: &str, first: usize, last: usize) -> (&str, &str) {
    (lines_head(head(text, first)), lines_tail(tail(text, last)))
}

/// `text` up to its last line end, if that lies in its second half.
pub(crate) fn lines_head(text: &str) -> &str {
    match text.rfind('\n') {
        Some(at) if at >= text.len() / 2 => &text[..=at],
        _ => text,
    }
}

/// `text` from after its first line end on, if that lies in its first half.
pub(crate) fn lines_tail(text: &str) -> &str {
    match text.find('\n') {
        Some(at) if at < text.len() / 2 => &text[at + 1..],
        _ => text,
    }
}

/// One line of at most `max_chars` characters; what is cut is told in bytes.
pub fn line(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        None => Cow::Borrowed(text),
        Some((at, _)) => Cow::Owned(format!("{}… [{} more bytes]", &text[..at], text.len() - at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_whole_at_every_length() {
        let text = "aé漢🦀\nb";
        for max in 0..=text.len() + 2 {
            assert!(text.starts_with(head(text, max)) && head(text, max).len() <= max);
            assert!(text.ends_with(tail(text, max)) && tail(text, max).len() <= max);
            let cut = middle(text, max, |bytes| format!("<{bytes}>"));
            assert_eq!(max >= text.len(), cut == text, "{max}: {cut}");
        }
        assert_eq!(line("漢字漢字", 2), "漢字… [6 more bytes]");
        assert_eq!(line("漢字", 2), "漢字");
    }

    #[test]
    fn the_middle_goes_at_line_ends() {
        let text = "one\ntwo\nthree\nfour\nfive\n";
        assert_eq!(
            middle(text, 18, |n| format!("[{n}]\n")),
            "one\ntwo\n[11]\nfive\n"
        );
    }
}
