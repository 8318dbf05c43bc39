//! Commands inside commands: `env X`, `timeout 5 X`, `xargs X`, `find -exec X`, `bash -c X`.
//!
//! Two questions with two answers. What *may* run inside is found generously, for what is denied
//! or blocked. What *does* run inside is told only where the wrapper is used in a way that is
//! understood, for what is allowed.

use crate::privilege::{Variables, candidates, is_runner, is_shell};
use crate::shell::{Part, Script, Simple, Word, parse};

const MAX_DEPTH: usize = 4;
/// Commands that one command is looked through for.
const MAX_FOUND: usize = 200;

const WRAPPERS: [&str; 27] = [
    "builtin", "busybox", "chroot", "chrt", "command", "entr", "env", "exec", "fakeroot", "find",
    "flock", "ionice", "nice", "nohup", "npx", "parallel", "setarch", "setsid", "stdbuf", "strace",
    "taskset", "time", "timeout", "unbuffer", "unshare", "watch", "xargs",
];

/// Every command that `command` may run, as far as the line tells, itself left out.
pub(crate) fn possible(command: &Simple) -> Vec<Vec<Option<String>>> {
    possible_as(command, &argv)
}

/// What is known of a command's words.
pub(crate) type Reading<'a> = &'a dyn Fn(&Simple) -> Vec<Option<String>>;

/// As [`possible`], with words read in another way.
pub(crate) fn possible_as(command: &Simple, reading: Reading<'_>) -> Vec<Vec<Option<String>>> {
    let mut found = Vec::new();
    look_into(command, 0, reading, &mut found);
    found
}

/// The words of a command as far as they are known.
pub(crate) fn argv(command: &Simple) -> Vec<Option<String>> {
    command.words.iter().map(Word::plain).collect()
}

fn look_into(
    command: &Simple,
    depth: usize,
    reading: Reading<'_>,
    found: &mut Vec<Vec<Option<String>>>,
) {
    let Some(name) = command.words.first().and_then(Word::text) else {
        return;
    };
    let base = name.rsplit('/').next().unwrap_or(&name);
    let runs_words = WRAPPERS.contains(&base);
    let runs_text = is_shell(base) || is_runner(base) || runs_words;
    if !runs_text || depth >= MAX_DEPTH {
        return;
    }
    let words = &command.words[1..];
    for (at, word) in words.iter().enumerate() {
        if found.len() >= MAX_FOUND {
            return;
        }
        if runs_words && word.text().is_some_and(|text| !text.starts_with('-')) {
            let inner = Simple {
                words: until_end(&words[at..]),
                ..Simple::default()
            };
            found.push(reading(&inner));
            look_into(&inner, depth + 1, reading, found);
        }
        let Some(text) = word.text() else { continue };
        if text.contains(char::is_whitespace) || is_shell(base) || base == "eval" {
            for inner in parse(&text).iter().flat_map(Script::every_command) {
                found.push(reading(inner));
                look_into(inner, depth + 1, reading, found);
            }
        }
    }
    if base == "eval" {
        let joined: Vec<String> = words.iter().filter_map(Word::text).collect();
        for inner in parse(&joined.join(" "))
            .iter()
            .flat_map(Script::every_command)
        {
            found.push(reading(inner));
            look_into(inner, depth + 1, reading, found);
        }
    }
}

/// `find` ends its command with `;` or `+`.
fn until_end(words: &[Word]) -> Vec<Word> {
    let end = words
        .iter()
        .position(|word| matches!(word.plain().as_deref(), Some(";" | "+")));
    words[..end.unwrap_or(words.len())].to_vec()
}

/// What a wrapper runs.
pub(crate) enum Inner {
    /// A command that begins at this word of the wrapper.
    Command { at: usize, command: Simple },
    /// A shell line that is this word of the wrapper.
    Line { at: usize, line: String },
}

/// What runs inside, and what is left of the wrapper when that is taken out.
pub(crate) struct Wrapped {
    pub inner: Vec<Inner>,
    /// To be judged besides, where the wrapper does something of its own (`find`).
    pub rest: Option<Simple>,
}

/// None: no wrapper, or used in a way that is not understood.
pub(crate) fn wrapped(command: &Simple) -> Option<Wrapped> {
    let name = command.words.first()?.plain()?;
    let arguments = &command.words[1..];
    let one = |at: usize| {
        let words = arguments.get(at..).filter(|words| !words.is_empty())?;
        if words[0].plain()?.starts_with('-') {
            return None;
        }
        let command = Simple {
            words: words.to_vec(),
            ..Simple::default()
        };
        Some(Wrapped {
            inner: vec![Inner::Command {
                at: at + 1,
                command,
            }],
            rest: None,
        })
    };
    let text = |at: usize| arguments.get(at).and_then(Word::plain);
    match name.as_str() {
        "time" | "nohup" | "command" | "builtin" | "setsid" => one(0),
        "timeout" => {
            let mut at = 0;
            while text(at)?.starts_with('-') {
                at += match text(at)?.as_str() {
                    "-k" | "-s" => 2,
                    "--foreground" | "--preserve-status" | "-v" | "--verbose" => 1,
                    flag if flag.starts_with("--kill-after=") || flag.starts_with("--signal=") => 1,
                    _ => return None,
                };
            }
            let duration = text(at)?;
            let number = duration.trim_end_matches(['s', 'm', 'h', 'd']);
            number.parse::<f64>().ok()?;
            one(at + 1)
        }
        "nice" | "ionice" => {
            let mut at = 0;
            while text(at)?.starts_with('-') {
                at += match text(at)?.as_str() {
                    "-n" | "-c" => {
                        text(at + 1)?.parse::<i32>().ok()?;
                        2
                    }
                    flag if flag[1..]
                        .trim_start_matches(['n', 'c', '-'])
                        .parse::<i32>()
                        .is_ok() =>
                    {
                        1
                    }
                    _ => return None,
                };
            }
            one(at)
        }
        "stdbuf" => {
            let mut at = 0;
            while text(at)?.starts_with('-') {
                at += match text(at)?.as_str() {
                    "-i" | "-o" | "-e" => 2,
                    flag if flag.starts_with("-i")
                        || flag.starts_with("-o")
                        || flag.starts_with("-e") =>
                    {
                        1
                    }
                    _ => return None,
                };
            }
            one(at)
        }
        "env" => {
            let mut at = 0;
            while let Some((variable, _)) = text(at)?.split_once('=') {
                if !crate::safe::HARMLESS_VARIABLES.contains(&variable) {
                    return None;
                }
                at += 1;
            }
            one(at)
        }
        // Not zsh, which takes for commands what the others take for words.
        "bash" | "sh" | "dash" => match arguments {
            [flag, line]
                if matches!(flag.plain().as_deref(), Some("-c" | "-lc" | "-ec" | "-euc")) =>
            {
                let line = line.plain()?;
                Some(Wrapped {
                    inner: vec![Inner::Line { at: 2, line }],
                    rest: None,
                })
            }
            _ => None,
        },
        "xargs" => xargs(arguments),
        "find" => find(command),
        _ => None,
    }
}

/// What stands on standard input becomes words that nobody knows yet.
fn xargs(arguments: &[Word]) -> Option<Wrapped> {
    let mut at = 0;
    let mut replaced = None;
    while let Some(text) = arguments.get(at).and_then(Word::plain) {
        if !text.starts_with('-') {
            break;
        }
        at += match text.as_str() {
            "-0" | "-r" | "-t" | "-x" | "--null" | "--no-run-if-empty" | "--verbose" => 1,
            "-n" | "-P" | "-L" | "-s" => {
                arguments.get(at + 1)?.plain()?.parse::<u32>().ok()?;
                2
            }
            "-d" => 2,
            "-I" => {
                replaced = Some(arguments.get(at + 1)?.plain()?);
                2
            }
            flag if flag[1..]
                .trim_start_matches(['n', 'P', 'L', '0', 'r'])
                .parse::<u32>()
                .is_ok() =>
            {
                1
            }
            _ => return None,
        };
    }
    let words = arguments.get(at..).filter(|words| !words.is_empty())?;
    let unknown = Word {
        parts: vec![Part::Opaque],
        ..Word::default()
    };
    let mut inner: Vec<Word> = words.to_vec();
    match &replaced {
        Some(mark) => {
            for word in &mut inner {
                if word.text().is_none_or(|text| text.contains(mark.as_str())) {
                    *word = unknown.clone();
                }
            }
        }
        None => inner.push(unknown),
    }
    let command = Simple {
        words: inner,
        ..Simple::default()
    };
    Some(Wrapped {
        inner: vec![Inner::Command {
            at: at + 1,
            command,
        }],
        rest: None,
    })
}

/// `find … -exec X {} \;`: what it finds begins with the folder that it was given, so it is no
/// flag, and lies in it.
fn find(command: &Simple) -> Option<Wrapped> {
    let mut rest = Vec::new();
    let mut inner = Vec::new();
    let mut at = 0;
    while at < command.words.len() {
        let word = &command.words[at];
        let text = word.plain();
        if text.as_deref() != Some("-exec") {
            rest.push(word.clone());
            at += 1;
            continue;
        }
        let begin = at + 1;
        let length = command.words[begin..]
            .iter()
            .position(|word| matches!(word.plain().as_deref(), Some(";" | "+")))?;
        let words = command.words[begin..begin + length].to_vec();
        if words.is_empty() || words[0].plain()?.contains("{}") {
            return None;
        }
        inner.push(Inner::Command {
            at: begin,
            command: Simple {
                words,
                ..Simple::default()
            },
        });
        at = begin + length + 1;
    }
    if inner.is_empty() || picks_secrets(&rest) {
        return None;
    }
    // A test is needed where `-exec` stood alone, or `find` would print instead: no harm.
    Some(Wrapped {
        inner,
        rest: Some(Simple {
            words: rest,
            ..command.clone()
        }),
    })
}

/// `find … -name .env`: what is done with it is done with a secret file.
fn picks_secrets(words: &[Word]) -> bool {
    words.windows(2).any(|pair| {
        let test = pair[0].text().unwrap_or_default();
        matches!(
            test.as_str(),
            "-name" | "-iname" | "-path" | "-ipath" | "-wholename" | "-iwholename" | "-regex"
        ) && pair[1]
            .text()
            .is_some_and(|name| crate::safe::names_secret(&name, true))
    })
}

/// The words of a command with what the line itself tells of them: its variables, what `echo`
/// prints, braces. A word that may be several is there several times.
pub(crate) fn resolved(command: &Simple, variables: &Variables) -> Vec<Option<String>> {
    let known = |part: &Part| match part {
        Part::Literal(_) => true,
        Part::Variable(name) => variables.contains_key(name),
        Part::Substitution(_) => {
            let alone = Word {
                parts: vec![part.clone()],
                ..Word::default()
            };
            !candidates(&alone, variables).is_empty()
        }
        Part::Stream(_) | Part::Opaque => false,
    };
    let words = command.words.iter().flat_map(|word| {
        if !word.parts.iter().all(known) {
            return vec![None];
        }
        candidates(word, variables).into_iter().map(Some).collect()
    });
    words.collect()
}
