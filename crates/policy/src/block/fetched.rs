//! Code that is fetched and run unread.

use super::{Seen, base};
use crate::inner;
use crate::privilege::is_shell;
use crate::shell::{Script, Simple, Word, parse};

const INTERPRETERS: [&str; 9] = [
    "python", "python2", "python3", "perl", "ruby", "node", "php", "deno", "bun",
];

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
    let mut open = vec![script.clone()];
    let mut looked = 0;
    while let Some(script) = open.pop() {
        looked += 1;
        if looked > 200 {
            return false;
        }
        for (at, command) in script.commands.iter().enumerate() {
            open.extend(command.every_word().flat_map(Word::substitutions).cloned());
            open.extend(inner_lines(command));
            if command.piped && reads_code(command) {
                let begin = script.commands[..at]
                    .iter()
                    .rposition(|command| !command.piped);
                if fetches(&script.commands[begin.unwrap_or(0)..at]) {
                    return true;
                }
            }
            if !runs_code(command) {
                continue;
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
