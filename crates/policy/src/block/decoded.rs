//! What `echo`, `printf` and here-documents feed to a shell, decoded where the line decodes it.

use super::base;
use crate::privilege::is_shell;
use crate::shell::{RedirectKind, Script, Simple, Word};

/// Every such text of a line.
pub(super) fn texts_for_shells(script: &Script) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open = vec![script];
    while let Some(script) = open.pop() {
        for command in &script.commands {
            open.extend(command.every_word().flat_map(Word::substitutions));
        }
        for (at, command) in script.commands.iter().enumerate() {
            let name = command.words.first().and_then(Word::text);
            if !name.as_deref().is_some_and(|name| is_shell(base(name))) {
                continue;
            }
            let here = command
                .redirects
                .iter()
                .filter(|redirect| redirect.kind == RedirectKind::Here);
            texts.extend(here.filter_map(|redirect| redirect.target.text()));
            if command.piped {
                texts.extend(piped_text(&script.commands[..at]));
            }
            // `bash -c "$(echo … | base64 -d)"`
            let printed = command.words.iter().flat_map(Word::substitutions);
            texts.extend(printed.filter_map(|inner| piped_text(&inner.commands)));
        }
        // `$(echo …) …` and `eval "$(…)"`.
        for command in &script.commands {
            let first = command.words.iter().take(2);
            let printed = first.flat_map(Word::substitutions);
            texts.extend(printed.filter_map(|inner| piped_text(&inner.commands)));
        }
    }
    texts
}

/// The text at the end of `echo … | base64 -d | …`.
fn piped_text(commands: &[Simple]) -> Option<String> {
    let begin = commands.iter().rposition(|command| !command.piped)?;
    let source = &commands[begin];
    let words: Vec<String> = source.words.iter().map(Word::text).collect::<Option<_>>()?;
    let (name, rest) = words.split_first()?;
    let given = match base(name) {
        "echo" => rest
            .iter()
            .skip_while(|word| matches!(word.as_str(), "-n" | "-e" | "-en" | "-ne"))
            .cloned()
            .collect::<Vec<_>>()
            .join(" "),
        "printf" if rest.first().is_some_and(|format| format.contains("%s")) => rest[1..].join(" "),
        "printf" => rest.join(" "),
        _ => {
            let here = source
                .redirects
                .iter()
                .find(|redirect| redirect.kind == RedirectKind::Here)?;
            here.target.text()?
        }
    };
    let mut text = unescaped(&given);
    for filter in &commands[begin + 1..] {
        let words: Vec<String> = filter.words.iter().filter_map(Word::text).collect();
        let flags = &words[1.min(words.len())..];
        text = match words.first().map(|name| base(name))? {
            "base64"
                if flags
                    .iter()
                    .any(|flag| flag == "-d" || flag == "-D" || flag == "--decode") =>
            {
                base64(&text)?
            }
            "xxd" if flags.iter().any(|flag| flag.starts_with("-r")) => hex(&text)?,
            "rev" => text
                .lines()
                .map(|line| line.chars().rev().collect::<String>())
                .collect::<Vec<_>>()
                .join("\n"),
            "cat" | "tee" => text,
            _ => return None,
        };
    }
    Some(text)
}

/// `\x72`, `\162`, `\n` as `printf` and `echo -e` read them.
fn unescaped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at] != '\\' || at + 1 >= chars.len() {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        let (radix, skip, most) = match chars[at + 1] {
            'x' => (16, 2, 2),
            '0'..='7' => (8, 1, 4),
            'n' => {
                out.push('\n');
                at += 2;
                continue;
            }
            other => {
                out.push(other);
                at += 2;
                continue;
            }
        };
        let digits: String = chars[at + skip..]
            .iter()
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .collect();
        let code = u32::from_str_radix(&digits, radix)
            .ok()
            .and_then(char::from_u32);
        out.extend(code);
        at += skip + digits.chars().count();
    }
    out
}

fn base64(text: &str) -> Option<String> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '=') {
        let value = match c {
            'A'..='Z' => u32::from(c) - 65,
            'a'..='z' => u32::from(c) - 71,
            '0'..='9' => u32::from(c) + 4,
            '+' | '-' => 62,
            '/' | '_' => 63,
            _ => return None,
        };
        held = (held << 6) | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(text: &str) -> Option<String> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8);
    String::from_utf8(bytes.collect()).ok()
}
