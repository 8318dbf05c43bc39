//! Finds commands that would gain another user's rights, however they are written.
//!
//! What is refused here is refused in every approval mode, so a mistake to the strict side costs a
//! person one command in their own terminal. Words that are only looked at (`grep sudo notes.txt`)
//! are not commands and pass.

use std::collections::HashMap;

use super::shell::{Part, Script, Simple, Word, parse};

const PRIVILEGED: [&str; 11] = [
    "sudo", "sudoedit", "sudo-rs", "su", "su-rs", "doas", "pkexec", "run0", "gksu", "gksudo",
    "kdesu",
];

/// These print, compare or move; they never run one of their words.
const INERT: [&str; 64] = [
    "[",
    "[[",
    ":",
    "apropos",
    "basename",
    "cat",
    "cd",
    "chmod",
    "chown",
    "cmp",
    "column",
    "comm",
    "cp",
    "cut",
    "date",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "exit",
    "false",
    "fgrep",
    "file",
    "grep",
    "groups",
    "head",
    "hexdump",
    "id",
    "info",
    "jq",
    "less",
    "ln",
    "ls",
    "man",
    "md5sum",
    "mkdir",
    "more",
    "mv",
    "nl",
    "od",
    "paste",
    "pwd",
    "readlink",
    "realpath",
    "rg",
    "rm",
    "seq",
    "sha256sum",
    "sort",
    "stat",
    "tail",
    "tee",
    "test",
    "touch",
    "tr",
    "tree",
    "true",
    "type",
    "uniq",
    "wc",
    "whereis",
    "which",
];

const SHELLS: [&str; 16] = [
    "bash", "sh", "dash", "zsh", "ksh", "mksh", "ash", "fish", "busybox", "csh", "tcsh", "rbash",
    "pwsh", "nu", "xonsh", "elvish",
];

/// Programs that take code or commands in one of their words.
const RUNNERS: [&str; 64] = [
    "alias",
    "at",
    "awk",
    "batch",
    "bun",
    "bunx",
    "chroot",
    "deno",
    "ed",
    "emacs",
    "entr",
    "env",
    "eval",
    "expect",
    "export",
    "fd",
    "find",
    "flock",
    "gawk",
    "gdb",
    "git",
    "guile",
    "hyperfine",
    "julia",
    "lldb",
    "lua",
    "make",
    "mawk",
    "nawk",
    "node",
    "npm",
    "npx",
    "nsenter",
    "nvim",
    "osascript",
    "parallel",
    "perl",
    "php",
    "pnpm",
    "psql",
    "python",
    "python2",
    "python3",
    "Rscript",
    "rsync",
    "ruby",
    "screen",
    "script",
    "sed",
    "socat",
    "source",
    "sqlite3",
    "ssh",
    "systemd-run",
    "tar",
    "tclsh",
    "tmux",
    "trap",
    "vi",
    "vim",
    "watch",
    "xargs",
    "xterm",
    "yarn",
];

/// `git` runs words of these as commands.
const GIT_RUNS: [&str; 8] = [
    "-c",
    "--exec",
    "-x",
    "config",
    "bisect",
    "submodule",
    "filter-branch",
    "--config-env",
];

pub(crate) type Variables = HashMap<String, Vec<Word>>;

/// The privileged program that some part of the script would run, if one does.
pub(super) fn find(script: &Script) -> Option<&'static str> {
    let commands = script.every_command();
    let mut variables = Variables::new();
    for command in &commands {
        for (name, value) in &command.assignments {
            variables
                .entry(name.clone())
                .or_default()
                .push(value.clone());
        }
    }
    let pipes_into_shell = commands.iter().any(|command| {
        command.piped
            && program(command, &variables)
                .iter()
                .any(|name| is_shell(name))
    });
    if pipes_into_shell {
        let words = commands.iter().flat_map(|command| command.every_word());
        if let Some(found) = words.flat_map(Word::literals).find_map(in_text) {
            return Some(found);
        }
    }
    commands
        .into_iter()
        .find_map(|command| in_command(command, &variables))
}

/// For lines that cannot be read: any privileged word, quotes and backslashes left out.
pub(super) fn find_in_raw(line: &str) -> Option<&'static str> {
    let bare: String = line
        .chars()
        .filter(|c| !matches!(c, '\'' | '"' | '\\' | '`'))
        .collect();
    in_text(&bare).or_else(|| in_text(line))
}

fn in_command(command: &Simple, variables: &Variables) -> Option<&'static str> {
    let assigned = command
        .assignments
        .iter()
        .flat_map(|(_, word)| candidates(word, variables));
    if let Some(found) = assigned.into_iter().find_map(|value| first_words(&value)) {
        return Some(found);
    }
    let first = command.words.first()?;
    let names = candidates(first, variables);
    if let Some(found) = names.iter().find_map(|name| first_words(name)) {
        return Some(found);
    }
    if first.glob
        && let Some(pattern) = first.text()
        && let Some(found) = PRIVILEGED
            .into_iter()
            .find(|name| glob_matches(&pattern, name))
    {
        return Some(found);
    }
    // A computed name: what computes it may well print the word.
    let inner = first.substitutions().flat_map(Script::every_command);
    let inner = inner.flat_map(|command| command.words.iter());
    if let Some(found) = inner.flat_map(Word::literals).find_map(in_text) {
        return Some(found);
    }
    if !names.is_empty() && names.iter().all(|name| is_inert(name, command)) {
        return None;
    }
    let runs_code = names.is_empty() || names.iter().any(|name| runs_code(name));
    let words = command.words[1..]
        .iter()
        .flat_map(|word| candidates(word, variables));
    let bodies = command
        .redirects
        .iter()
        .flat_map(|redirect| redirect.target.literals());
    // `. <(echo sudo id)`
    let streams = command.words[1..].iter().flat_map(|word| &word.parts);
    let streams = streams.filter_map(|part| match part {
        Part::Stream(script) => printed(script),
        _ => None,
    });
    let texts: Vec<String> = words
        .chain(streams)
        .chain(bodies.map(str::to_owned))
        .collect();
    // `xargs sh -c …`, `env sudo …`: some word of it is the program.
    let runs_code = runs_code || texts.iter().any(|text| is_shell(text) || is_runner(text));
    texts
        .iter()
        .find_map(|text| privileged(text).or_else(|| if runs_code { in_code(text) } else { None }))
}

/// Code of unknown language: as a shell line where it is one, then any privileged word.
fn in_code(text: &str) -> Option<&'static str> {
    if text.contains(char::is_whitespace)
        && let Ok(script) = parse(text)
        && let Some(found) = find(&script)
    {
        return Some(found);
    }
    in_text(text).or_else(|| find_in_raw(text))
}

fn is_inert(name: &str, command: &Simple) -> bool {
    let name = base(name);
    if name == "git" {
        let words = command.words.iter().filter_map(Word::text);
        return !words.into_iter().any(|word| {
            GIT_RUNS
                .iter()
                .any(|run| word == *run || word.starts_with(&format!("{run}=")))
        });
    }
    name == "printf" || INERT.contains(&name) || name == "command" && looks_up(command)
}

/// `command -v NAME` only says where NAME is.
fn looks_up(command: &Simple) -> bool {
    let flag = command.words.get(1).and_then(Word::text);
    matches!(flag.as_deref(), Some("-v" | "-V"))
}

fn runs_code(name: &str) -> bool {
    name == "." || is_shell(name) || is_runner(name)
}

pub(crate) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&base(name))
}

pub(crate) fn is_runner(name: &str) -> bool {
    let name = base(name).trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    RUNNERS.contains(&name)
}

/// The names that the command's first word may turn out to be.
fn program(command: &Simple, variables: &Variables) -> Vec<String> {
    command
        .words
        .iter()
        .flat_map(|word| candidates(word, variables))
        .collect()
}

/// What a word may become, as far as the line itself tells: variables that the line sets, what
/// `echo` and `printf` print, braces. Empty where it cannot be told.
pub(crate) fn candidates(word: &Word, variables: &Variables) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in &word.parts {
        let pieces = match part {
            Part::Literal(text) => vec![text.clone()],
            Part::Variable(name) => variables
                .get(name)
                .into_iter()
                .flatten()
                .filter_map(Word::text)
                .collect(),
            Part::Substitution(script) => printed(script).into_iter().collect(),
            Part::Stream(_) | Part::Opaque => Vec::new(),
        };
        // An unset variable is nothing: `s${nothing}udo`.
        let pieces = if pieces.is_empty() {
            vec![String::new()]
        } else {
            pieces
        };
        found = found
            .iter()
            .flat_map(|start| pieces.iter().map(move |piece| format!("{start}{piece}")))
            .take(64)
            .collect();
    }
    if word.brace {
        found = found
            .iter()
            .flat_map(|text| braces(text))
            .take(64)
            .collect();
    }
    found.retain(|text| !text.is_empty());
    found
}

fn printed(script: &Script) -> Option<String> {
    let [only] = script.commands.as_slice() else {
        return None;
    };
    let words: Option<Vec<String>> = only.words.iter().map(Word::text).collect();
    let words = words?;
    match words.first()?.as_str() {
        "echo" | "printf" => {
            let shown = words[1..].iter().filter(|word| !word.starts_with('-'));
            Some(shown.cloned().collect::<Vec<_>>().join(" "))
        }
        // The path of a program, which is as good as its name.
        "which" | "type" | "command" => words.last().filter(|_| words.len() > 1).cloned(),
        _ => None,
    }
}

/// `s{u,x}do` → `sudo`, `sxdo`.
fn braces(text: &str) -> Vec<String> {
    let Some(close) = text.find('}') else {
        return vec![text.to_owned()];
    };
    let Some(open) = text[..close].rfind('{') else {
        return vec![text.to_owned()];
    };
    let (before, inner, after) = (&text[..open], &text[open + 1..close], &text[close + 1..]);
    if !inner.contains(',') {
        return vec![text.to_owned()];
    }
    let expanded = inner
        .split(',')
        .take(16)
        .map(|one| format!("{before}{one}{after}"));
    expanded.flat_map(|one| braces(&one)).take(64).collect()
}

/// Whether a text that becomes words has a privileged one among them.
fn first_words(text: &str) -> Option<&'static str> {
    text.split_whitespace().find_map(privileged)
}

fn privileged(word: &str) -> Option<&'static str> {
    let name = base(word.trim()).to_ascii_lowercase();
    PRIVILEGED.into_iter().find(|known| *known == name)
}

/// Any privileged word in any text.
fn in_text(text: &str) -> Option<&'static str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    text.split(|c: char| !is_part(c)).find_map(privileged)
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A shell pattern against the last part of a path; at least two characters must be written out.
fn glob_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = base(pattern).chars().collect();
    let written = pattern.iter().filter(|c| c.is_ascii_alphanumeric()).count();
    written >= 2 && matches_from(&pattern, &name.chars().collect::<Vec<_>>())
}

/// A shell pattern against a whole text; `*` fits slashes too.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let [pattern, text] = [pattern, text].map(|one| one.chars().collect::<Vec<_>>());
    matches_from(&pattern, &text)
}

/// Goes back to the last star only, so that a pattern of stars costs its length times the text's.
fn matches_from(mut pattern: &[char], mut text: &[char]) -> bool {
    let mut last_star: Option<(&[char], &[char])> = None;
    loop {
        if let Some(('*', rest)) = pattern.split_first() {
            last_star = Some((rest, text));
            pattern = rest;
            continue;
        }
        let Some((next, after)) = text.split_first() else {
            return pattern.is_empty();
        };
        if let Some(rest) = after_one(pattern, *next) {
            (pattern, text) = (rest, after);
            continue;
        }
        let Some((rest, [_, shorter @ ..])) = last_star else {
            return false;
        };
        last_star = Some((rest, shorter));
        (pattern, text) = (rest, shorter);
    }
}

/// The pattern after its first part, where that part fits a character.
fn after_one(pattern: &[char], next: char) -> Option<&[char]> {
    match pattern.split_first()? {
        ('?', rest) => Some(rest),
        ('[', set) => {
            let end = set.iter().position(|c| *c == ']')?;
            in_set(&set[..end], next).then_some(&set[end + 1..])
        }
        (one, rest) => (*one == next).then_some(rest),
    }
}

fn in_set(set: &[char], character: char) -> bool {
    let (negated, set) = match set.split_first() {
        Some(('!' | '^', rest)) => (true, rest),
        _ => (false, set),
    };
    let ranges = set
        .windows(3)
        .any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&character));
    (set.contains(&character) || ranges) != negated
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn shell_patterns_fit_whole_texts() {
        for (pattern, text, expected) in [
            ("su?o", "sudo", true),
            ("s*o", "sudo", true),
            ("s*d", "sudo", false),
            ("[rst]udo", "sudo", true),
            ("[!s]udo", "sudo", false),
            ("[s", "s", false),
            ("*u*o*", "sudo", true),
            ("sudo", "sudoedit", false),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end() {
        let stars = "*a".repeat(2_000);
        assert!(!fits(&format!("{stars}b"), &"a".repeat(2_000)));
        assert!(!fits(&format!("{}x", "*".repeat(5_000)), "sudo"));
    }
}
