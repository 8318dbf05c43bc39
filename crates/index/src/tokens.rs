//! Text to words as code is read: `parseHttpHeader` is itself, `parse`, `http` and `header`.

/// Longer runs of letters and digits are data, not words, in bytes.
const MAX_WORD_BYTES: usize = 80;

/// Appends the words of `text` to `out`, lower case, each followed by a blank.
pub(crate) fn push_words(text: &str, out: &mut String) {
    for run in runs(text) {
        push_run(run, out);
    }
}

/// For each word of a question: the word itself, then its parts where it has more than one.
pub(crate) fn question_words(text: &str) -> Vec<Vec<String>> {
    runs(text)
        .map(|run| {
            let mut written = String::new();
            push_run(run, &mut written);
            written.split_whitespace().map(str::to_owned).collect()
        })
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

/// Runs of letters, digits and `_`.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|run| !run.is_empty())
}

fn push_run(run: &str, out: &mut String) {
    let run = run.trim_matches('_');
    if run.is_empty() || run.len() > MAX_WORD_BYTES {
        return;
    }
    if run
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        out.push_str(run);
        out.push(' ');
        return;
    }
    push_lower(run, out);
    let mut parts = 0;
    let before = out.len();
    for part in parts_of(run) {
        parts += 1;
        // A single letter says nothing beside the whole.
        if part.chars().nth(1).is_some() {
            push_lower(part, out);
        }
    }
    if parts < 2 {
        out.truncate(before);
    }
}

fn push_lower(part: &str, out: &mut String) {
    if part.is_ascii() {
        out.extend(
            part.bytes()
                .map(|byte| char::from(byte.to_ascii_lowercase())),
        );
    } else {
        out.extend(part.chars().flat_map(char::to_lowercase));
    }
    out.push(' ');
}

/// `HTTPServer2_name` → `HTTP`, `Server2`, `name`.
pub(crate) fn parts_of(run: &str) -> impl Iterator<Item = &str> {
    let mut rest = run;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('_');
        if rest.is_empty() {
            return None;
        }
        let end = end_of_part(rest);
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

/// Small letters and digits alone: the same for `readFile` and `read_file`.
pub(crate) fn letters_of(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn end_of_part(text: &str) -> usize {
    let mut letters = text.char_indices().peekable();
    let mut before: Option<char> = None;
    while let Some((at, letter)) = letters.next() {
        if letter == '_' {
            return at;
        }
        if let Some(before) = before
            && letter.is_uppercase()
        {
            let next_is_lower = letters.peek().is_some_and(|(_, next)| next.is_lowercase());
            // `aB`, `1B`, and the last capital of `HTTPServer`.
            if !before.is_uppercase() || next_is_lower {
                return at;
            }
        }
        before = Some(letter);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut words = String::new();
        push_words(text, &mut words);
        assert_eq!(words.trim_end(), expected, "{text}");
    }

    #[test]
    fn code_is_cut_as_it_is_read() {
        check("parseHttpHeader", "parsehttpheader parse http header");
        check("HTTPServer2_name", "httpserver2_name http server2 name");
        check("MAX_WORD_BYTES = 80;", "max_word_bytes max word bytes 80");
        check("src/store/open.rs", "src store open rs");
        check("plain words, and more", "plain words and more");
        check("__init__", "init");
        check("Straße_größe ÄNDERN", "straße_größe straße größe ändern");
        check("getX", "getx get");
        check(&"x".repeat(200), "");
        check("", "");
    }

    #[test]
    fn a_question_keeps_its_words_apart() {
        assert_eq!(
            question_words("where is readFile?"),
            vec![
                vec!["where".to_owned()],
                vec!["is".to_owned()],
                vec!["readfile".to_owned(), "read".to_owned(), "file".to_owned()],
            ]
        );
    }
}
