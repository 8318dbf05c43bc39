//! Declarations and types on one line.

const MAX_SIGNATURE_CHARS: usize = 160;
const MAX_TYPE_CHARS: usize = 120;

/// A declaration without its body: one line, at most 160 characters.
pub(crate) fn one_line(text: &str) -> String {
    let line = collapsed(text, MAX_SIGNATURE_CHARS * 4);
    cut(
        line.trim_end_matches(['{', ':', '=', ';', ',', ' ']),
        MAX_SIGNATURE_CHARS,
    )
}

/// A type without the mark before it.
pub(crate) fn type_text(text: &str) -> String {
    let line = collapsed(text, MAX_TYPE_CHARS * 4);
    cut(
        line.trim_start_matches("->").trim_start_matches(':').trim(),
        MAX_TYPE_CHARS,
    )
}

fn collapsed(text: &str, enough: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > enough {
            break;
        }
    }
    line
}

pub(crate) fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
