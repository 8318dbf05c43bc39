//! Deleting or opening what the machine or a person cannot lose.

use std::path::Path;

use super::disks::dd_target;
use super::fetched::every_script;
use super::{Seen, base, flags};
use crate::inner;
use crate::privilege::fits;
use crate::shell::{Simple, Word};

/// Folders whose loss is the machine's.
const SYSTEM: [&str; 20] = [
    "bin", "boot", "dev", "efi", "etc", "home", "lib", "lib32", "lib64", "opt", "proc", "root",
    "run", "sbin", "srv", "sys", "usr", "var", "Users", "System",
];

const OF_USR: [&str; 7] = ["bin", "sbin", "lib", "lib32", "lib64", "libexec", "share"];

/// The root, a system folder, what lies right in one of them by `*`, or the home folder.
fn is_vital(seen: &Seen<'_>, word: &str) -> bool {
    let word = word
        .trim_end_matches('/')
        .trim_end_matches("/*")
        .trim_end_matches("/.");
    let word = if word.is_empty() { "/" } else { word };
    if matches!(word, "/*" | "~" | "$HOME" | "${HOME}") {
        return true;
    }
    let Some(path) = seen.absolute(word) else {
        return false;
    };
    if seen.home.is_some_and(|home| path == home) || path == Path::new("/home/user") {
        return true;
    }
    let parts: Vec<String> = path
        .components()
        .skip(1)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    match parts.as_slice() {
        [] => true,
        // `/u??` is as good as `/usr`.
        [only] => SYSTEM.iter().any(|name| fits(only, name)),
        // `/home/NAME` is somebody's all; `/usr/bin` and its like are the system.
        [first, second] => match first.as_str() {
            "home" | "Users" => true,
            "usr" => OF_USR.contains(&second.as_str()),
            _ => false,
        },
        _ => false,
    }
}

pub(super) fn root_deletion(seen: &Seen<'_>) -> bool {
    all_that_is_found(seen) || all_that_is_here(seen) || by_name(seen)
}

/// The operands of an `rm` that goes into folders.
fn removed_with_all<'w>(words: &[&'w str]) -> Option<Vec<&'w str>> {
    let (short, long, operands) = flags(words);
    let recursive = short.contains(['r', 'R'])
        || long
            .iter()
            .any(|flag| !flag.is_empty() && "recursive".starts_with(*flag))
        || long.contains(&"no-preserve-root");
    recursive.then_some(operands)
}

/// `cd / && rm -rf *`
fn all_that_is_here(seen: &Seen<'_>) -> bool {
    let mut in_vital = false;
    seen.each().any(|(name, words)| match name {
        "cd" | "pushd" => {
            let to = words.iter().find(|word| !word.starts_with('-'));
            in_vital = to.map_or(name == "cd", |to| is_vital(seen, to));
            false
        }
        "rm" if in_vital => removed_with_all(&words).is_some_and(|operands| {
            operands
                .iter()
                .any(|word| matches!(word.trim_start_matches("./"), "*" | "." | ".." | ".*" | ""))
        }),
        _ => false,
    })
}

/// The words of a `find` that looks at something vital as a whole: with a test that picks some
/// files it is no deletion of all.
fn finds_all(seen: &Seen<'_>, words: &[&str]) -> bool {
    let picks = words.iter().any(|word| {
        matches!(
            *word,
            "-name" | "-iname" | "-path" | "-regex" | "-newer" | "-mtime" | "-user" | "-empty"
        )
    });
    let mut starts = words
        .iter()
        .take_while(|word| !word.starts_with(['-', '(', '!']));
    !picks && starts.any(|word| is_vital(seen, word))
}

/// `find / | xargs rm`
fn all_that_is_found(seen: &Seen<'_>) -> bool {
    let scripts = seen.script.map(every_script).unwrap_or_default();
    let removes = |command: &Simple| {
        inner::possible(command).iter().any(|argv| {
            let name = argv.first().cloned().flatten();
            name.is_some_and(|name| matches!(base(&name), "rm" | "shred" | "unlink"))
        })
    };
    let mut pairs = scripts.iter().flat_map(|script| script.commands.windows(2));
    pairs.any(|pair| {
        let known: Vec<String> = pair[0].words.iter().filter_map(Word::text).collect();
        let words: Vec<&str> = known.iter().map(String::as_str).collect();
        pair[1].piped
            && removes(&pair[1])
            && words
                .split_first()
                .is_some_and(|(name, rest)| base(name) == "find" && finds_all(seen, rest))
    })
}

fn by_name(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| match name {
        "rm" => removed_with_all(&words)
            .is_some_and(|operands| operands.iter().any(|word| is_vital(seen, word))),
        "find" => {
            let deletes = words.contains(&"-delete")
                || words.windows(2).any(|pair| {
                    pair[0].starts_with("-exec")
                        && matches!(base(pair[1]), "rm" | "shred" | "unlink")
                });
            deletes && finds_all(seen, &words)
        }
        "rsync" => {
            let deletes = words
                .iter()
                .any(|word| word.starts_with("--del") && *word != "--delay-updates");
            deletes && words.last().is_some_and(|word| is_vital(seen, word))
        }
        "shred" | "wipe" | "srm" => words.iter().any(|word| is_vital(seen, word)),
        "mv" => {
            let (_, _, operands) = flags(&words);
            operands.split_last().is_some_and(|(to, from)| {
                from.iter().any(|word| is_vital(seen, word))
                    || *to == "/dev/null"
                        && !from.is_empty()
                        && from.iter().any(|word| word.starts_with('/'))
            })
        }
        _ => false,
    })
}

pub(super) fn world_writable(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        if name != "chmod" {
            return false;
        }
        let opens = words.iter().any(|word| {
            let octal = !word.is_empty() && word.chars().all(|c| ('0'..='7').contains(&c));
            let by_digits = octal && word.len() >= 3 && word.ends_with(['2', '3', '6', '7']);
            let symbolic = word.split(',').any(|one| {
                let who = one.split(['+', '=']).next().unwrap_or_default();
                let grants = one
                    .split_once(['+', '='])
                    .is_some_and(|(_, what)| what.contains('w'));
                grants
                    && (who.is_empty() || who.contains(['a', 'o']))
                    && who.chars().all(|c| "ugoa".contains(c))
            });
            by_digits || symbolic
        });
        opens
            && words
                .iter()
                .any(|word| is_vital(seen, word) || is_system(seen, word))
    })
}

/// Anywhere below what the system is made of.
fn is_system(seen: &Seen<'_>, word: &str) -> bool {
    const OF_SYSTEM: [&str; 9] = [
        "/bin", "/boot", "/etc", "/lib", "/lib64", "/sbin", "/usr", "/root", "/System",
    ];
    let local = "/usr/local";
    seen.absolute(word).is_some_and(|path| {
        OF_SYSTEM.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(local)
    })
}

pub(super) fn boot_or_password_files(seen: &Seen<'_>) -> bool {
    const FILES: [&str; 5] = [
        "/etc/passwd",
        "/etc/shadow",
        "/etc/group",
        "/etc/gshadow",
        "/etc/sudoers",
    ];
    let vital = |word: &str| {
        seen.absolute(word).is_some_and(|path| {
            path.starts_with("/boot")
                || FILES.iter().any(|file| fits(&path.to_string_lossy(), file))
        })
    };
    // What is mended by editing it, and missed when it is gone.
    let needed = |word: &str| {
        let table = seen.absolute(word);
        vital(word) || table.is_some_and(|path| path == Path::new("/etc/fstab"))
    };
    seen.redirections().iter().any(|path| needed(path))
        || seen.each().any(|(name, words)| match name {
            "rm" | "unlink" | "shred" | "truncate" | "srm" => words.iter().any(|word| needed(word)),
            "find" => words.contains(&"-delete") && words.iter().any(|word| needed(word)),
            "mv" => words
                .split_last()
                .is_some_and(|(_, from)| from.iter().any(|word| needed(word))),
            "cp" | "install" | "ln" => words.last().is_some_and(|word| vital(word)),
            "dd" => dd_target(name, &words).is_some_and(vital),
            "tee" => !words.contains(&"-a") && words.iter().any(|word| vital(word)),
            "sed" => {
                words.iter().any(|word| word.starts_with("-i"))
                    && words.iter().any(|word| vital(word))
            }
            _ => false,
        })
}
