//! A conservative reader of shell lines: it finds every simple command of a line, also inside
//! substitutions, subshells, loops and here-documents, or says that it cannot.

mod lexer;
mod words;

pub(super) use lexer::parse;

/// The simple commands of a line in the order in which they stand, compound commands flattened.
/// Those of substitutions hang on the words that contain them.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Script {
    pub commands: Vec<Simple>,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Simple {
    pub assignments: Vec<(String, Word)>,
    /// The assignments are what a `for` loop goes through.
    pub is_loop: bool,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
    /// Reads what the command before it writes.
    pub piped: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Redirect {
    pub kind: RedirectKind,
    /// The file, the file descriptor, or the body of a here-document.
    pub target: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedirectKind {
    Read,
    Write,
    /// `2>&1`
    Duplicate,
    Here,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Word {
    pub parts: Vec<Part>,
    /// An unquoted `*`, `?` or `[`.
    pub glob: bool,
    /// An unquoted `{…}` other than `{}`.
    pub brace: bool,
    /// Begins with an unquoted `~`.
    pub tilde: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Literal(String),
    Variable(String),
    /// `$(…)`: what the commands print becomes part of the word.
    Substitution(Script),
    /// `<(…)`: a stream, named by the shell.
    Stream(Script),
    /// Known only when it runs.
    Opaque,
}

impl Word {
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::Literal(text.into())],
            ..Self::default()
        }
    }

    /// The text where it is known before it runs (a glob stays as it is written).
    pub fn text(&self) -> Option<String> {
        let pieces = self.parts.iter().map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            _ => None,
        });
        pieces.collect()
    }

    /// The text, where nothing in it is expanded at all.
    pub fn plain(&self) -> Option<String> {
        if self.glob || self.brace || self.tilde {
            None
        } else {
            self.text()
        }
    }

    /// All literal pieces, for a search.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub fn substitutions(&self) -> impl Iterator<Item = &Script> {
        self.parts.iter().filter_map(|part| match part {
            Part::Substitution(script) | Part::Stream(script) => Some(script),
            _ => None,
        })
    }

    pub fn is_stream(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Stream(_)])
    }
}

impl Simple {
    pub fn from_argv(argv: &[String]) -> Self {
        Self {
            words: argv.iter().map(Word::literal).collect(),
            ..Self::default()
        }
    }

    /// Every word, wherever it stands.
    pub fn every_word(&self) -> impl Iterator<Item = &Word> {
        let assigned = self.assignments.iter().map(|(_, word)| word);
        assigned
            .chain(&self.words)
            .chain(self.redirects.iter().map(|redirect| &redirect.target))
    }
}

impl Script {
    /// Every command, those inside substitutions too.
    pub fn every_command(&self) -> Vec<&Simple> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(script) = open.pop() {
            for command in &script.commands {
                found.push(command);
                open.extend(command.every_word().flat_map(Word::substitutions));
            }
        }
        found
    }
}

/// A word as a shell would need it written.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A command as a person reads it; what is computed is shown as such.
pub(super) fn shown(command: &Simple) -> String {
    let word = |word: &Word| -> String {
        if let Some(text) = word.text() {
            let open = word.glob || word.brace || word.tilde;
            return if open { text } else { quoted(&text) };
        }
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Variable(name) => format!("${name}"),
            Part::Substitution(_) => "$(…)".into(),
            Part::Stream(_) => "<(…)".into(),
            Part::Opaque => "…".into(),
        };
        word.parts.iter().map(part).collect()
    };
    let assigned = command
        .assignments
        .iter()
        .map(|(name, value)| format!("{name}={}", word(value)));
    assigned
        .chain(command.words.iter().map(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The line with runs of blanks outside quotes made one blank each. A line with line breaks is
/// only trimmed: here-documents keep their text.
pub(super) fn normalised(line: &str) -> String {
    let line = line.trim();
    if line.contains('\n') {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let (mut quote, mut escaped) = (None, false);
    for character in line.chars() {
        let blank = matches!(character, ' ' | '\t');
        match quote {
            None if blank && !escaped => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
                continue;
            }
            None if !escaped && matches!(character, '\'' | '"') => quote = Some(character),
            Some(open) if open == character && !(escaped && open == '"') => quote = None,
            _ => {}
        }
        escaped = character == '\\' && !escaped && quote != Some('\'');
        out.push(character);
    }
    out
}
