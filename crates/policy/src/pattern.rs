//! What rules are written in: words of commands, paths, names of hosts and tools.

use std::path::{Component, Path, PathBuf};

use crate::safe::lexical;

/// More than this no person reads.
const MAX_PATTERN_BYTES: usize = 1_000;

/// How narrow a pattern is; the greater one is the more specific.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Narrow {
    /// A folder, or a part of the thing that another kind of rule does not look at.
    pub place: bool,
    /// Words, components or labels that are written out.
    pub whole: usize,
    /// Characters that are written out.
    pub chars: usize,
    /// Nothing is left open.
    pub exact: bool,
}

/// Text in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(Vec<String>);

impl Glob {
    /// `\*` is a star that means itself.
    pub fn parse(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match (c, pieces.last_mut()) {
                ('*', _) => pieces.push(String::new()),
                ('\\', Some(last)) => last.push(chars.next().unwrap_or('\\')),
                (c, Some(last)) => last.push(c),
                (_, None) => {}
            }
        }
        Self(pieces)
    }

    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn chars(&self) -> usize {
        self.0.iter().map(|piece| piece.chars().count()).sum()
    }

    pub fn matches(&self, text: &str) -> bool {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return false;
        };
        if self.0.len() == 1 {
            return first == text;
        }
        let inner = text
            .strip_prefix(first.as_str())
            .and_then(|rest| rest.strip_suffix(last.as_str()));
        let Some(mut rest) = inner else { return false };
        for piece in &self.0[1..self.0.len() - 1] {
            match rest.find(piece.as_str()) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        true
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum One {
    /// `**`
    Any,
    Word(Glob),
}

/// A command, word by word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words(Vec<One>);

/// How a command fits a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    No,
    /// A word of it is computed and may turn out to fit.
    Maybe,
    Yes,
}

impl Words {
    /// # Errors
    /// What is wrong with it, in words that complete "the pattern …".
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(format!("is longer than {MAX_PATTERN_BYTES} bytes"));
        }
        let words = split(text)?;
        match words.first() {
            None => return Err("is empty".into()),
            Some(first) if first == "**" => {
                return Err(
                    "begins with **, which would be every command; name a program first".into(),
                );
            }
            Some(first) if Glob::parse(first).chars() == 0 => {
                return Err("leaves the program open; name a program first".into());
            }
            Some(_) => {}
        }
        let one = |word: String| match word.as_str() {
            "**" => One::Any,
            word => One::Word(Glob::parse(word)),
        };
        Ok(Self(words.into_iter().map(one).collect()))
    }

    /// Exactly these words.
    pub fn exactly(words: &[String]) -> Self {
        let literal = |word: &String| One::Word(Glob(vec![word.clone()]));
        Self(words.iter().map(literal).collect())
    }

    /// `None` is a word that is known only when it runs. `by_name`: the program counts by its
    /// name, wherever it lies.
    pub fn fit(&self, argv: &[Option<String>], by_name: bool) -> Fit {
        let mut worst = Fit::Yes;
        // Which prefixes of the pattern fit the words so far.
        let mut fits = vec![Fit::No; self.0.len() + 1];
        fits[0] = Fit::Yes;
        self.skip_any(&mut fits);
        for (index, word) in argv.iter().enumerate() {
            let mut next = vec![Fit::No; self.0.len() + 1];
            for (at, one) in self.0.iter().enumerate() {
                let one_fit = match (one, word) {
                    (One::Any, _) => Fit::Yes,
                    (One::Word(_), None) => Fit::Maybe,
                    (One::Word(glob), Some(word)) => {
                        let name = word.rsplit('/').next().unwrap_or(word);
                        let named = index == 0 && by_name && glob.matches(name);
                        if named || glob.matches(word) {
                            Fit::Yes
                        } else {
                            Fit::No
                        }
                    }
                };
                let here = weaker(fits[at], one_fit);
                match one {
                    One::Any => next[at] = stronger(next[at], here),
                    One::Word(_) => next[at + 1] = stronger(next[at + 1], here),
                }
            }
            fits = next;
            self.skip_any(&mut fits);
        }
        worst = weaker(worst, fits[self.0.len()]);
        worst
    }

    /// `**` may stand for nothing.
    fn skip_any(&self, fits: &mut [Fit]) {
        for at in 0..self.0.len() {
            if self.0[at] == One::Any {
                fits[at + 1] = stronger(fits[at + 1], fits[at]);
            }
        }
    }

    /// How many first words of a command the pattern writes out before its first `**`.
    pub fn spelled(&self) -> usize {
        self.0
            .iter()
            .position(|one| *one == One::Any)
            .unwrap_or(usize::MAX)
    }

    pub fn narrow(&self) -> Narrow {
        let mut narrow = Narrow {
            exact: true,
            ..Narrow::default()
        };
        for one in &self.0 {
            match one {
                One::Any => narrow.exact = false,
                One::Word(glob) => {
                    narrow.chars += glob.chars();
                    narrow.whole += usize::from(glob.literal().is_some());
                    narrow.exact &= glob.literal().is_some();
                }
            }
        }
        narrow
    }
}

fn rank(fit: Fit) -> u8 {
    match fit {
        Fit::No => 0,
        Fit::Maybe => 1,
        Fit::Yes => 2,
    }
}

fn weaker(a: Fit, b: Fit) -> Fit {
    if rank(a) <= rank(b) { a } else { b }
}

fn stronger(a: Fit, b: Fit) -> Fit {
    if rank(a) >= rank(b) { a } else { b }
}

/// Words with quotes taken off; what stood in quotes is escaped, so that its stars mean
/// themselves.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        None => return Err("has a quote that is not closed".into()),
                        Some(end) if end == c => break,
                        Some(inner) => escape_into(word, inner),
                    }
                }
            }
            '\\' => {
                let next = chars.next().ok_or("ends in a backslash")?;
                escape_into(word.get_or_insert_default(), next);
            }
            c if c.is_control() => return Err("has control characters".into()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn escape_into(word: &mut String, c: char) {
    if matches!(c, '*' | '\\') {
        word.push('\\');
    }
    word.push(c);
}

/// The pattern that fits exactly these words.
pub(crate) fn written(words: &[String]) -> String {
    let one = |word: &String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
        match !word.is_empty() && word.chars().all(plain) {
            true => word.clone(),
            false if !word.contains('\'') => format!("'{word}'"),
            false => word
                .chars()
                .map(|c| match c {
                    '\'' | '"' | '\\' | '*' => format!("\\{c}"),
                    c if c.is_whitespace() => format!("\\{c}"),
                    c => c.to_string(),
                })
                .collect(),
        }
    };
    words.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Paths: `*` stays within a folder, `**` crosses folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    parts: Vec<One>,
    base: Base,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Root,
    Project,
    Home,
    /// A bare name: at any depth of the project.
    Anywhere,
}

impl PathPattern {
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty".into());
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(format!("is longer than {MAX_PATTERN_BYTES} bytes"));
        }
        let (base, rest) = match text {
            "~" => (Base::Home, ""),
            _ if text.starts_with("~/") => (Base::Home, &text[2..]),
            _ if text.starts_with('/') => (Base::Root, &text[1..]),
            _ if text.trim_end_matches('/').contains('/') => (Base::Project, text),
            _ => (Base::Anywhere, text),
        };
        let mut parts = Vec::new();
        for part in rest.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err("climbs with `..`; write the path out".into()),
                "**" => parts.push(One::Any),
                part => parts.push(One::Word(Glob::parse(part))),
            }
        }
        Ok(Self { parts, base })
    }

    /// `path` is absolute, without `.` and `..`.
    pub fn matches(&self, path: &Path, root: &Path, home: Option<&Path>) -> bool {
        let rest = match self.base {
            Base::Root => path.strip_prefix("/").ok(),
            Base::Project | Base::Anywhere => path.strip_prefix(root).ok(),
            Base::Home => home.and_then(|home| path.strip_prefix(home).ok()),
        };
        let Some(rest) = rest else { return false };
        let names: Option<Vec<Option<String>>> = rest
            .components()
            .map(|part| match part {
                Component::Normal(name) => Some(Some(name.to_string_lossy().into_owned())),
                _ => None,
            })
            .collect();
        let Some(names) = names else { return false };
        let words = Words(self.parts.clone());
        if self.base != Base::Anywhere {
            return words.fit(&names, false) == Fit::Yes;
        }
        (0..names.len()).any(|at| words.fit(&names[at..=at], false) == Fit::Yes)
            || self.parts == [One::Any]
    }

    pub fn narrow(&self) -> Narrow {
        Narrow {
            place: self.base != Base::Anywhere,
            ..Words(self.parts.clone()).narrow()
        }
    }
}

/// An absolute path of a word, without `.` and `..`; None where it has no fixed place.
pub(crate) fn placed(text: &str, cwd: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let whole = match text.strip_prefix("~/") {
        Some(rest) => home?.join(rest),
        None if text == "~" => home?.to_path_buf(),
        None => cwd.join(text),
    };
    Some(lexical(&whole))
}

/// Hosts: a name, `*.name` for what lies below it, `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host(String);

impl Host {
    pub fn parse(text: &str) -> Result<Self, String> {
        let host = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let name = host.strip_prefix("*.").unwrap_or(&host);
        let fits =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
        if host == "*" {
            return Ok(Self(host));
        }
        if name.is_empty() || !name.chars().all(fits) {
            return Err(
                "is no host; write a name as docs.rs, *.example.com for what lies below it, or * \
                 for all"
                    .into(),
            );
        }
        Ok(Self(host))
    }

    pub fn matches(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        match self.0.strip_prefix("*.") {
            Some(name) => host
                .strip_suffix(name)
                .is_some_and(|rest| rest.ends_with('.')),
            None => self.0 == "*" || self.0 == host,
        }
    }

    pub fn narrow(&self) -> Narrow {
        Narrow {
            place: false,
            whole: self.0.split('.').filter(|label| *label != "*").count(),
            chars: self.0.len(),
            exact: !self.0.contains('*'),
        }
    }
}

/// Names of tools.
pub(crate) fn tool(text: &str) -> Result<Glob, String> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
    if text.is_empty() || !text.chars().all(fits) {
        return Err(
            "is no tool's name; names are letters, digits, _ - . and * for any part".into(),
        );
    }
    Ok(Glob::parse(text))
}

pub(crate) fn tool_narrow(glob: &Glob) -> Narrow {
    Narrow {
        chars: glob.chars(),
        exact: glob.literal().is_some(),
        ..Narrow::default()
    }
}
