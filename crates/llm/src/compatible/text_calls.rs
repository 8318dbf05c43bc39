//! Tool calls that a model wrote as text: in a code fence, bare, in `<tool_call>` or `<tools>`.
//! What may become a call is held back until that is decided, so that it is never shown as text
//! and run as well; all other text passes at once. Only an object that names an offered tool and
//! has an object of arguments is a call.

use serde_json::Value;

use crate::arguments::forgiving_json;

/// What the text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Text(String),
    /// `arguments` is the text of a JSON object.
    Call {
        name: String,
        arguments: String,
    },
}

const TAGS: [(&str, &str); 2] = [("<tool_call>", "</tool_call>"), ("<tools>", "</tools>")];
const FENCE: &str = "```";
/// What may stand behind the fence of a call.
const FENCE_INFO: [&str; 3] = ["", "json", "tool_call"];
/// First keys of an object that may be a call.
const FIRST_KEYS: [&str; 6] = ["name", "arguments", "parameters", "function", "type", "id"];

/// Splits the text of one answer.
pub(super) struct TextCalls {
    offered: Vec<String>,
    /// Not decided yet.
    pending: String,
    /// Only white space stands before `pending` on its line.
    line_start: bool,
    /// Inside a code fence that was shown.
    in_fence: bool,
    state: State,
}

enum State {
    Prose,
    /// `pending` is what opened it and, from `start` on, the value as far as it is here.
    Value {
        wrapper: Wrapper,
        start: usize,
        scan: Scan,
    },
    /// A call was found; what closes its wrapper may follow.
    Closing(Wrapper),
    /// A call and its wrapper are over; white space behind them is dropped.
    Closed,
}

#[derive(Clone, Copy)]
enum Wrapper {
    Bare,
    Fence,
    Tag { close: &'static str },
}

impl Wrapper {
    fn close(self) -> &'static str {
        match self {
            Self::Bare => TAGS[0].1,
            Self::Fence => FENCE,
            Self::Tag { close } => close,
        }
    }
}

/// What a look at the undecided text gave.
enum Look {
    /// More text is needed.
    Wait,
    /// Something was decided; look again.
    Go,
}

impl TextCalls {
    /// With no tool `offered`, all text is text.
    pub fn new(offered: Vec<String>) -> Self {
        Self {
            offered,
            pending: String::new(),
            line_start: true,
            in_fence: false,
            state: State::Prose,
        }
    }

    pub fn push(&mut self, text: &str) -> Vec<Found> {
        if self.offered.is_empty() {
            return vec![Found::Text(text.to_owned())];
        }
        self.pending.push_str(text);
        let mut found = Vec::new();
        while !self.pending.is_empty() {
            let look = match self.state {
                State::Prose => self.prose(&mut found),
                State::Value { .. } => self.value(&mut found),
                State::Closing(wrapper) => self.closing(wrapper),
                State::Closed => self.closed(),
            };
            if matches!(look, Look::Wait) {
                break;
            }
        }
        joined(found)
    }

    /// The answer has ended; what is still held back is text.
    pub fn finish(&mut self) -> Vec<Found> {
        let rest = std::mem::take(&mut self.pending);
        let leftover = match self.state {
            State::Closing(wrapper) => wrapper.close().starts_with(rest.trim()),
            State::Closed => rest.trim().is_empty(),
            _ => rest.is_empty(),
        };
        self.state = State::Prose;
        if leftover {
            Vec::new()
        } else {
            vec![Found::Text(rest)]
        }
    }

    /// Gives out text up to where a call may begin.
    fn prose(&mut self, found: &mut Vec<Found>) -> Look {
        let mut at = 0;
        while at < self.pending.len() {
            match self.opening(at) {
                Opening::No { skip } => self.pass(&mut at, skip),
                Opening::Maybe => {
                    self.show(at, found);
                    return Look::Wait;
                }
                Opening::Yes { wrapper, length } => {
                    self.show(at, found);
                    self.state = State::Value {
                        wrapper,
                        start: length,
                        scan: Scan::default(),
                    };
                    return Look::Go;
                }
            }
        }
        self.show(at, found);
        Look::Wait
    }

    /// Moves over `skip` bytes of text, keeping in mind where on the line we are.
    fn pass(&mut self, at: &mut usize, skip: usize) {
        for c in self.pending[*at..*at + skip].chars() {
            self.line_start = c == '\n' || (self.line_start && c.is_whitespace());
        }
        *at += skip;
    }

    fn show(&mut self, length: usize, found: &mut Vec<Found>) {
        if length > 0 {
            let rest = self.pending.split_off(length);
            found.push(Found::Text(std::mem::replace(&mut self.pending, rest)));
        }
    }

    /// Whether a call may begin at this place.
    fn opening(&mut self, at: usize) -> Opening {
        let rest = &self.pending[at..];
        let Some(first) = rest.chars().next() else {
            return Opening::Maybe;
        };
        let no = Opening::No {
            skip: first.len_utf8(),
        };
        match first {
            '`' if self.line_start => self.fence(at),
            _ if self.in_fence => no,
            '<' => {
                for (open, close) in TAGS {
                    if rest.starts_with(open) {
                        let wrapper = Wrapper::Tag { close };
                        return Opening::Yes {
                            wrapper,
                            length: open.len(),
                        };
                    }
                    if open.starts_with(rest) {
                        return Opening::Maybe;
                    }
                }
                no
            }
            '{' | '[' if self.line_start => Opening::Yes {
                wrapper: Wrapper::Bare,
                length: 0,
            },
            _ => no,
        }
    }

    fn fence(&mut self, at: usize) -> Opening {
        let rest = &self.pending[at..];
        let Some(info) = rest.strip_prefix(FENCE) else {
            return if FENCE.starts_with(rest) {
                Opening::Maybe
            } else {
                Opening::No { skip: 1 }
            };
        };
        if self.in_fence {
            self.in_fence = false;
            return Opening::No { skip: FENCE.len() };
        }
        let length = info.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
        let word = &info[..length.unwrap_or(info.len())];
        match length {
            None if FENCE_INFO.iter().any(|known| known.starts_with(word)) => Opening::Maybe,
            Some(length)
                if FENCE_INFO.contains(&word)
                    && info[length..]
                        .starts_with(|c: char| c.is_whitespace() || "{[".contains(c)) =>
            {
                Opening::Yes {
                    wrapper: Wrapper::Fence,
                    length: FENCE.len() + length,
                }
            }
            _ => {
                self.in_fence = true;
                Opening::No { skip: FENCE.len() }
            }
        }
    }

    /// Reads on in what may be a call.
    fn value(&mut self, found: &mut Vec<Found>) -> Look {
        let State::Value {
            wrapper,
            start,
            scan,
        } = &mut self.state
        else {
            return Look::Go;
        };
        let (wrapper, start) = (*wrapper, *start);
        let text = &self.pending[start..];
        if !scan.plausible {
            match plausible(text, &self.offered) {
                None => return Look::Wait,
                Some(true) => scan.plausible = true,
                Some(false) => {
                    self.reject(wrapper, start, found);
                    return Look::Go;
                }
            }
        }
        let Some(length) = scan.advance(text) else {
            return Look::Wait;
        };
        match calls_in(&text[..length], &self.offered) {
            Some(calls) => {
                found.extend(calls);
                self.pending.drain(..start + length);
                self.state = State::Closing(wrapper);
            }
            None => self.reject(wrapper, start, found),
        }
        Look::Go
    }

    /// It is no call: what opened it is text, and the rest is read as prose.
    fn reject(&mut self, wrapper: Wrapper, start: usize, found: &mut Vec<Found>) {
        self.state = State::Prose;
        let mut at = 0;
        let first = self.pending.chars().next().map_or(0, char::len_utf8);
        self.pass(&mut at, start.max(first));
        self.in_fence |= matches!(wrapper, Wrapper::Fence);
        self.show(at, found);
    }

    /// Drops the end of a call's wrapper; another call may stand in the same one.
    fn closing(&mut self, wrapper: Wrapper) -> Look {
        let rest = self
            .pending
            .trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let close = wrapper.close();
        if rest.is_empty() || (rest.len() < close.len() && close.starts_with(rest)) {
            return Look::Wait;
        }
        let skipped = self.pending.len() - rest.len();
        let closes = rest.starts_with(close);
        let another = rest.starts_with(['{', '[']) && !matches!(wrapper, Wrapper::Bare);
        self.state = if another {
            State::Value {
                wrapper,
                start: 0,
                scan: Scan::default(),
            }
        } else {
            State::Closed
        };
        self.line_start = false;
        if closes {
            self.pending.drain(..skipped + close.len());
        } else if another {
            self.pending.drain(..skipped);
        }
        Look::Go
    }

    fn closed(&mut self) -> Look {
        let skipped = self.pending.len() - self.pending.trim_start().len();
        self.line_start |= self.pending[..skipped].contains('\n');
        self.pending.drain(..skipped);
        if self.pending.is_empty() {
            return Look::Wait;
        }
        self.state = State::Prose;
        Look::Go
    }
}

enum Opening {
    /// So many bytes are text.
    No { skip: usize },
    /// The next bytes decide.
    Maybe,
    /// The value begins after `length` bytes.
    Yes { wrapper: Wrapper, length: usize },
}

/// Finds the end of a JSON value that comes in pieces.
#[derive(Default)]
struct Scan {
    plausible: bool,
    at: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// The value's length once all of it is here. `text` is the same text as before, or longer.
    fn advance(&mut self, text: &str) -> Option<usize> {
        for &byte in &text.as_bytes()[self.at..] {
            self.at += 1;
            let escaped = std::mem::take(&mut self.escaped);
            match byte {
                b'\\' if self.in_string => self.escaped = !escaped,
                b'"' if !escaped => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(self.at);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// Whether the beginning of a value can be that of a call; None while too little of it is here.
fn plausible(text: &str, offered: &[String]) -> Option<bool> {
    let mut rest = text.trim_start();
    if let Some(list) = rest.strip_prefix('[') {
        rest = list.trim_start();
    }
    if rest.is_empty() {
        return None;
    }
    let Some(object) = rest.strip_prefix('{') else {
        return Some(false);
    };
    let mut rest = object.trim_start();
    // Some chat templates teach models to double the braces.
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner.trim_start();
    }
    if rest.is_empty() {
        return None;
    }
    let Some(key) = rest.strip_prefix('"') else {
        return Some(false);
    };
    let Some((key, after)) = key.split_once('"') else {
        let possible = FIRST_KEYS.iter().any(|known| known.starts_with(key));
        return if possible { None } else { Some(false) };
    };
    if !FIRST_KEYS.contains(&key) {
        return Some(false);
    }
    let after = after.trim_start();
    if after.is_empty() {
        return None;
    }
    let Some(value) = after.strip_prefix(':') else {
        return Some(false);
    };
    let value = value.trim_start();
    match (key, value.chars().next()) {
        (_, None) => None,
        ("name" | "type", Some('"')) => {
            let named: Vec<&str> = match key {
                "name" => offered.iter().map(String::as_str).collect(),
                _ => vec!["function", "tool_call"],
            };
            match value[1..].split_once('"') {
                Some((name, _)) => Some(named.contains(&name)),
                None if named.iter().any(|name| name.starts_with(&value[1..])) => None,
                None => Some(false),
            }
        }
        ("name" | "type", Some(_)) => Some(false),
        _ => Some(true),
    }
}

/// The calls that the value is, if it is calls and nothing else.
fn calls_in(text: &str, offered: &[String]) -> Option<Vec<Found>> {
    let undoubled = || {
        let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        forgiving_json(inner.trim())
    };
    let values = match forgiving_json(text).or_else(undoubled)? {
        Value::Array(values) => values,
        value => vec![value],
    };
    let calls: Option<Vec<Found>> = values.iter().map(|value| call_in(value, offered)).collect();
    calls.filter(|calls| !calls.is_empty())
}

fn call_in(value: &Value, offered: &[String]) -> Option<Found> {
    let (inner, name) = match value.get("function") {
        Some(inner @ Value::Object(_)) => (inner, inner.get("name")),
        Some(name) => (value, Some(name)),
        None => (value, value.get("name")),
    };
    let name = name?
        .as_str()
        .filter(|name| offered.iter().any(|known| known == name))?;
    let arguments = match inner.get("arguments").or_else(|| inner.get("parameters"))? {
        object @ Value::Object(_) => object.to_string(),
        Value::String(text) => forgiving_json(text).filter(Value::is_object)?.to_string(),
        _ => return None,
    };
    Some(Found::Call {
        name: name.to_owned(),
        arguments,
    })
}

/// Neighbouring texts as one.
fn joined(found: Vec<Found>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::with_capacity(found.len());
    for piece in found {
        match (all.last_mut(), piece) {
            (Some(Found::Text(before)), Found::Text(text)) => before.push_str(&text),
            (_, piece) => all.push(piece),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn offered() -> Vec<String> {
        vec!["read_file".into(), "run".into()]
    }

    fn split(chunks: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Found> {
        let mut calls = TextCalls::new(offered());
        let mut found: Vec<_> = chunks
            .into_iter()
            .flat_map(|chunk| calls.push(chunk.as_ref()))
            .collect();
        found.extend(calls.finish());
        joined(found)
    }

    fn by_char(text: &str) -> Vec<Found> {
        split(text.chars().map(String::from))
    }

    fn text(text: &str) -> Found {
        Found::Text(text.into())
    }

    fn read(path: &str) -> Found {
        let arguments = format!("{{\"path\":\"{path}\"}}");
        Found::Call {
            name: "read_file".into(),
            arguments,
        }
    }

    #[test]
    fn calls_in_every_dress() {
        const A: &str = r#"{"name": "read_file", "arguments": {"path": "a"}}"#;
        const B: &str = r#"{"name": "read_file", "arguments": {"path": "b"}}"#;
        let cases: Vec<(String, Vec<Found>)> = vec![
            (A.into(), vec![read("a")]),
            (format!("\n {A}\n"), vec![text("\n "), read("a")]),
            (format!("```json\n{A}\n```"), vec![read("a")]),
            (format!("```\n{A}\n```\nDone."), vec![read("a"), text("Done.")]),
            (format!("Look:\n```json {A}```"), vec![text("Look:\n"), read("a")]),
            (format!("```json\n{A}\n{B}\n```"), vec![read("a"), read("b")]),
            (format!("```json\n[{A},\n{B}]\n```"), vec![read("a"), read("b")]),
            (format!("```json\n{A}"), vec![read("a")]),
            (format!("I see <tool_call>\n{A}\n</tool_call>"), vec![text("I see "), read("a")]),
            (format!("<tool_call>{A}</tool_call><tool_call>{B}</tool_call>"), vec![read("a"), read("b")]),
            (format!("<tools>\n{A}\n{B}\n</tools> ok"), vec![read("a"), read("b"), text("ok")]),
            (format!("{A}\n</tool_call>"), vec![read("a")]),
            (format!("{A}\n{B}"), vec![read("a"), read("b")]),
            (format!("{{{A}}}"), vec![read("a")]),
            (r#"{"function":{"name":"read_file","arguments":"{\"path\":\"a\"}"},"type":"function"}"#.into(), vec![read("a")]),
            (r#"{"name":"read_file","parameters":{"path":"a"}}"#.into(), vec![read("a")]),
            ("{\"name\":\"run\",\"arguments\":{\"x\":\"1\n2 } ` \\\" </tool_call>\"}}".into(),
                vec![Found::Call { name: "run".into(), arguments: r#"{"x":"1\n2 } ` \" </tool_call>"}"#.into() }]),
        ];
        for (written, expected) in cases {
            assert_eq!(split([&written]), expected, "{written}");
            assert_eq!(by_char(&written), expected, "by char: {written}");
        }
    }

    #[test]
    fn what_is_no_call_stays_text_to_the_letter() {
        for written in [
            "plain, with `code` and ``` in it < 3 <tool <b>",
            "```rust\nfn main() {}\n{\"name\": \"read_file\", \"arguments\": {}}\n```\nend",
            "```json\n{\"name\": \"delete_all\", \"arguments\": {}}\n```",
            "```json\n{\"name\": \"read_file\", \"arguments\": [1]}\n```",
            "{\"name\": \"read_file\"}",
            "{\"version\": 1}\n[link](x)\n[ ] todo\n{ }",
            "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\"",
            "<tool_call>\nnot json</tool_call>",
            "<tool_call>",
            "``",
            "```json",
            "{\"name\": \"read_file\", \"arguments\": {bad}} tail",
            "he said {\"name\": \"read_file\", \"arguments\": {}}",
        ] {
            assert_eq!(split([written]), [text(written)]);
            assert_eq!(by_char(written), [text(written)], "by char");
        }
    }

    #[test]
    fn plain_prose_is_not_held_back() {
        let mut calls = TextCalls::new(offered());
        for piece in [
            "Hello ",
            "there.\n",
            "```py",
            "thon\nx = {",
            "}\n",
            "{ 1 }\n```\n",
            "[a] ",
            "{\"v",
            "x < y ",
            "`a`",
        ] {
            assert_eq!(calls.push(piece), [text(piece)], "{piece}");
        }
        assert!(
            calls
                .push("\n{\"na")
                .iter()
                .all(|found| found == &text("\n"))
        );
        assert_eq!(calls.push("tion\": 1"), [text("{\"nation\": 1")]);
        assert!(calls.finish().is_empty());
    }

    #[test]
    fn without_tools_all_is_text() {
        let mut calls = TextCalls::new(Vec::new());
        assert_eq!(calls.push("```json\n{"), [text("```json\n{")]);
    }

    proptest! {
        #[test]
        fn any_chunking_splits_alike(
            pieces in prop::collection::vec(prop_oneof![
                Just("```".to_owned()), Just("json\n".to_owned()), Just("\n".to_owned()),
                Just("<tool_call>".to_owned()), Just("</tool_call>".to_owned()), Just("<tools>".to_owned()),
                Just("{\"name\": \"run\", ".to_owned()), Just("\"arguments\": {\"a\": \"}\"}}".to_owned()),
                Just("{".to_owned()), Just("}".to_owned()), Just("[".to_owned()), Just("\"".to_owned()),
                "[a-zä<` ]{0,5}",
            ], 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let chars: Vec<char> = pieces.concat().chars().collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
            cuts.extend([0, chars.len()]);
            cuts.sort_unstable();
            let chunks = cuts.windows(2).map(|pair| chars[pair[0]..pair[1]].iter().collect::<String>());
            let whole: String = chars.iter().collect();
            let found = split([&whole]);
            prop_assert_eq!(&split(chunks), &found);
            prop_assert_eq!(&by_char(&whole), &found);
            if found.iter().all(|piece| matches!(piece, Found::Text(_))) {
                let shown: String = found.iter().map(|piece| match piece {
                    Found::Text(text) => text.as_str(),
                    Found::Call { .. } => "",
                }).collect();
                prop_assert_eq!(shown, whole);
            }
        }
    }
}
