//! Code that is fetched and run unread.

use super::{Seen, base};
use crate::inner;
use crate::privilege::is_shell;
use crate::shell::{Part, Script, Simple, Word, parse};

const INTERPRETERS: [&str; 9] = [
    "python", "python2", "python3", "perl", "ruby", "node", "php", "deno", "bun",
];

/// Scripts that one line is looked through for.
const MAX_SCRIPTS: usize = 200;

/// `curl … | sh`, `bash <(curl …)`, `sh -c "$(curl …)"`, `eval "$(curl …)"`.
pub(super) fn fetched_code(seen: &Seen<'_>, fetchers: &[&str]) -> bool {
    let Some(script) = seen.script else {
        return false;
    };
    let fetches = |commands: &[Simple]| {
        commands.iter().any(|command| {
            let mut names = vec![inner::argv(command)];
            names.extend(inner::possible(command));
            names.iter().any(|argv| {
                let name = argv.first().cloned().flatten();
                name.is_some_and(|name| fetchers.contains(&base(&name)))
            })
        })
    };
    let scripts = every_script(script);
    let fetched: Vec<&str> = scripts
        .iter()
        .flat_map(|script| &script.commands)
        .flat_map(|command| &command.assignments)
        .filter(|(_, word)| word.substitutions().any(|inner| fetches(&inner.commands)))
        .map(|(name, _)| name.as_str())
        .collect();
    for script in &scripts {
        for (at, command) in script.commands.iter().enumerate() {
            if command.piped && reads_code(command) {
                let begin = script.commands[..at]
                    .iter()
                    .rposition(|command| !command.piped);
                if fetches(&script.commands[begin.unwrap_or(0)..at]) {
                    return true;
                }
            }
            // `$(curl …)`, and `X=$(curl …); eval "$X"`.
            let named = command.words.first().into_iter();
            let mut named = named.flat_map(Word::substitutions);
            if named.any(|inner| fetches(&inner.commands)) {
                return true;
            }
            if !runs_code(command) {
                continue;
            }
            let mut held = command.words.iter().flat_map(variables);
            if held.any(|name| fetched.contains(&name)) {
                return true;
            }
            let here = command.redirects.iter().map(|redirect| &redirect.target);
            let mut streams = command
                .words
                .iter()
                .skip(1)
                .chain(here)
                .flat_map(Word::substitutions);
            if streams.any(|inner| fetches(&inner.commands)) {
                return true;
            }
        }
    }
    false
}

/// A script, those in its substitutions, and those that a shell in it is given as words.
pub(super) fn every_script(script: &Script) -> Vec<Script> {
    let mut found = Vec::new();
    let mut open = vec![script.clone()];
    while let Some(script) = open.pop() {
        if found.len() >= MAX_SCRIPTS {
            break;
        }
        for command in &script.commands {
            open.extend(command.every_word().flat_map(Word::substitutions).cloned());
            open.extend(inner_lines(command));
        }
        found.push(script);
    }
    found
}

fn variables(word: &Word) -> impl Iterator<Item = &str> {
    word.parts.iter().filter_map(|part| match part {
        Part::Variable(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Lines that a shell is given in a word.
fn inner_lines(command: &Simple) -> Vec<Script> {
    let words = command.words.iter().skip(1).filter_map(Word::text);
    match runs_code(command) {
        true => words.filter_map(|text| parse(&text).ok()).collect(),
        false => vec![],
    }
}

/// The words from the program on, behind wrappers.
fn unwrapped(command: &Simple) -> Vec<Vec<Option<String>>> {
    let mut all = vec![inner::argv(command)];
    all.extend(inner::possible(command));
    all
}

fn runs_code(command: &Simple) -> bool {
    unwrapped(command).iter().any(|argv| {
        let name = argv.first().cloned().flatten();
        name.is_some_and(|name| {
            let name = base(&name);
            is_shell(name)
                || INTERPRETERS.contains(&name)
                || matches!(name, "eval" | "source" | ".")
        })
    })
}

/// Whether a program takes what it reads as code: a shell or interpreter without a file.
fn reads_code(command: &Simple) -> bool {
    unwrapped(command).iter().any(|argv| {
        let Some((Some(name), rest)) = argv.split_first() else {
            return false;
        };
        let name = base(name);
        let code_given = rest.iter().flatten().any(|word| {
            matches!(
                word.as_str(),
                "-c" | "-e" | "-m" | "-n" | "-p" | "-ne" | "-pe" | "--eval" | "--print"
            )
        });
        let file_given = rest.iter().any(|word| {
            word.as_deref()
                .is_some_and(|word| !word.starts_with('-') && word != "/dev/stdin")
        });
        let stdin_named = rest
            .iter()
            .flatten()
            .any(|word| matches!(word.as_str(), "-" | "-s" | "/dev/stdin"));
        let takes = is_shell(name) || INTERPRETERS.contains(&name);
        takes && !code_given && (!file_given || stdin_named)
            || matches!(name, "source" | ".") && stdin_named
    })
}
