//! A session's name, made from its first message: no request, no cost, no wait.

/// The most characters of a title.
const MAX_CHARS: usize = 60;

const OPENERS: &[&str] = &[
    "please ",
    "can you ",
    "could you ",
    "would you ",
    "i want you to ",
    "i'd like you to ",
    "i would like you to ",
    "i need you to ",
    "let's ",
    "hi, ",
    "hello, ",
    "hey, ",
    "now ",
];

/// The first sentence of its first line, without courtesies, in sentence case, cut between words.
/// None where it has no words.
pub fn title(message: &str) -> Option<String> {
    let line = message
        .lines()
        .map(|line| line.trim().trim_start_matches(['#', '>', '-', '*', ' ']))
        .find(|line| !line.is_empty() && !line.starts_with("```"))
        .unwrap_or("");
    let mut text = line.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(opener) = OPENERS.iter().find(|opener| {
        text.len() > opener.len()
            && text.is_char_boundary(opener.len())
            && text[..opener.len()].eq_ignore_ascii_case(opener)
    }) {
        text = text[opener.len()..].trim_start().to_owned();
    }
    let sentence = text
        .match_indices(['.', '!', '?', ';'])
        .find(|(at, mark)| text[at + mark.len()..].starts_with(' '))
        .map_or(text.as_str(), |(at, _)| &text[..at]);
    let mut title = String::new();
    for word in sentence
        .trim_end_matches(['.', '!', '?', ':', ';', ','])
        .split(' ')
    {
        if !title.is_empty() && title.chars().count() + 1 + word.chars().count() > MAX_CHARS {
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().take(MAX_CHARS));
    }
    let mut chars = title.chars();
    let first = chars.next()?;
    Some(first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::title;

    fn check(message: &str, expected: &str) {
        assert_eq!(title(message).as_deref(), Some(expected));
    }

    #[test]
    fn names_what_was_asked() {
        check(
            "Please make the parser accept CRLF. Keep LF working.",
            "Make the parser accept CRLF",
        );
        check("could you please fix src/lib.rs?", "Fix src/lib.rs");
        check("```\nlog\n```", "Log");
        assert_eq!(title(" \n```\n"), None);
        check("äöü", "Äöü");
        check(
            "Explain how the whole event log is replayed to a client that reconnects late",
            "Explain how the whole event log is replayed to a client that…",
        );
    }
}
