//! Whether something may be done. Pure: the same act in the same context gets the same verdict.
//!
//! Reads go. Writes inside the project go (they are checkpointed). Commands go when every part of
//! them only looks, or was allowed for good; otherwise the person is asked. Elevated commands are
//! refused whatever was allowed.

mod blocked;
mod elevation;
mod privilege;
mod safe;
mod shell;

use std::path::Path;

use mira_protocol::operation::{Access, ApproveMode};

pub use blocked::blocked;
pub use elevation::{Elevation, elevation, typed, words};
use shell::{Script, Simple};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act<'a> {
    /// Looks only, inside what the path guard allows.
    Reads,
    /// Shows a file that is made to hold secrets.
    ReadsSecret { path: &'a str },
    /// Writes these paths (relative to the root, or absolute).
    Writes(&'a [String]),
    /// Runs a command.
    Runs(Command<'a>),
    /// Talks to a host of the network.
    Reaches { url: &'a str },
}

/// A command and the folder it runs in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Command<'a> {
    pub line: Line<'a>,
    /// Relative to the root; empty for the root.
    pub cwd: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line<'a> {
    /// Run directly, no shell.
    Argv(&'a [String]),
    /// Given to a shell.
    Shell(&'a str),
}

/// What a verdict depends on besides the act.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub access: Access,
    pub approve: ApproveMode,
    /// Absolute and canonical.
    pub root: &'a Path,
    /// What the person allowed for good in this project, as [`Verdict::Ask`] named it.
    pub remembered: &'a [String],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Go,
    /// Only the person can allow it. Where there is nobody to ask ([`ApproveMode::Safe`] and
    /// [`ApproveMode::Never`]) the caller ends the operation with `approval_needed`.
    Ask {
        /// Completes "Mira asks because …"; for people.
        reason: String,
        /// What "always" would remember, exactly; None where it cannot be remembered.
        pattern: Option<String>,
    },
    /// Told to the model, which may go on otherwise.
    Refuse {
        reason: String,
    },
}

/// The longest line that can be remembered: a person must be able to read what they allow.
const MAX_PATTERN_BYTES: usize = 1_000;

/// Decides on one act.
pub fn decide(act: &Act<'_>, cx: &Context<'_>) -> Verdict {
    match act {
        Act::Reads => Verdict::Go,
        Act::ReadsSecret { path } => reads_secret(path, cx),
        Act::Writes(paths) => writes(paths, cx),
        Act::Runs(command) => runs(command, cx),
        Act::Reaches { url } => reaches(url, cx),
    }
}

fn writes(paths: &[String], cx: &Context<'_>) -> Verdict {
    if cx.access == Access::Read {
        return refuse(
            "This operation may only read, so nothing was written. Say what you would change; \
             the person can raise the access and ask again.",
        );
    }
    let outside = paths.iter().find(|path| {
        let whole = safe::lexical(&cx.root.join(path));
        !whole.starts_with(cx.root)
    });
    match outside {
        None => Verdict::Go,
        Some(path) if cx.access == Access::Project => refuse(format!(
            "{path} lies outside the project {}. Use a path inside the project; the person can \
             allow more with a wider access.",
            cx.root.display()
        )),
        Some(path) => ask(cx, format!("{path} lies outside the project"), None),
    }
}

/// A secret file is shown with marks in place of its values, and still only when the person wants
/// that: names, comments and what no rule knows are in it too.
fn reads_secret(path: &str, cx: &Context<'_>) -> Verdict {
    let pattern = format!("read {path}");
    if cx.remembered.contains(&pattern) {
        return Verdict::Go;
    }
    ask(
        cx,
        format!("{path} is a file that holds secrets"),
        Some(pattern),
    )
}

fn reaches(url: &str, cx: &Context<'_>) -> Verdict {
    let parsed = url::Url::parse(url).ok();
    let Some(host) = parsed.as_ref().and_then(url::Url::host_str) else {
        return refuse(format!(
            "{url} is not a web address. Use http:// or https:// and a host."
        ));
    };
    let pattern = format!("fetch {host}");
    if cx.approve != ApproveMode::Never && cx.remembered.contains(&pattern) {
        return Verdict::Go;
    }
    ask(cx, format!("it sends a request to {host}"), Some(pattern))
}

fn runs(command: &Command<'_>, cx: &Context<'_>) -> Verdict {
    if cx.access == Access::Read {
        return refuse(
            "This operation may only read, so nothing was run. Use the reading tools; the person \
             can raise the access and ask again.",
        );
    }
    let line = line_of(&command.line);
    let script = match &command.line {
        Line::Argv(argv) => Ok(Script {
            commands: vec![Simple::from_argv(argv)],
        }),
        Line::Shell(line) => shell::parse(line),
    };
    let elevated = match &script {
        Ok(script) => privilege::find(script),
        Err(_) => privilege::find_in_raw(&line),
    };
    if let Some(word) = elevated {
        return refuse(format!(
            "`{word}` was not run: Mira does not run elevated commands yet. Ask the person to run \
             it in their own terminal, or find a way without it."
        ));
    }
    let script = match script {
        Ok(script) => script,
        Err(what) => return ask(cx, format!("it has {what}, so Mira cannot judge it"), None),
    };
    let pattern = pattern(command, cx.root, &line);
    let known = pattern
        .as_ref()
        .is_some_and(|pattern| cx.remembered.contains(pattern));
    let verdict = if known {
        Ok(())
    } else {
        judged(command, &script, cx)
    };
    match verdict {
        Ok(()) if cx.approve == ApproveMode::Never => {
            refuse("Commands are switched off for this operation. Use the other tools.")
        }
        Ok(()) => Verdict::Go,
        Err(reason) => ask(cx, reason, pattern),
    }
}

fn judged(command: &Command<'_>, script: &Script, cx: &Context<'_>) -> Result<(), String> {
    let whole = safe::lexical(&cx.root.join(command.cwd));
    if !whole.starts_with(cx.root) {
        return Err(format!(
            "it runs in {}, outside the project",
            whole.display()
        ));
    }
    let at_root = whole == cx.root;
    let known = |simple: &Simple| at_root && is_remembered(simple, cx.remembered);
    let anywhere = cx.access == Access::System;
    safe::judge(
        script,
        &safe::Place {
            root: cx.root,
            cwd: command.cwd,
            anywhere,
        },
        &known,
    )
}

/// Whether one command of a longer line is, word for word, one that the person allowed.
fn is_remembered(simple: &Simple, remembered: &[String]) -> bool {
    let plain = |command: &Simple| -> Option<Vec<String>> {
        let words = command.words.iter().map(shell::Word::plain);
        if command.assignments.is_empty() {
            words.collect()
        } else {
            None
        }
    };
    let Some(words) = plain(simple).filter(|words| !words.is_empty()) else {
        return false;
    };
    remembered
        .iter()
        .filter_map(|pattern| shell::parse(pattern).ok())
        .any(|script| match script.commands.as_slice() {
            [only] => only.redirects.is_empty() && plain(only).as_ref() == Some(&words),
            _ => false,
        })
}

/// The command as a person reads it: the shell line, or the words quoted as a shell needs them.
pub fn line_of(line: &Line<'_>) -> String {
    match line {
        Line::Shell(line) => shell::normalised(line),
        Line::Argv(argv) => argv
            .iter()
            .map(|word| shell::quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A command in a folder of the project is remembered with that folder.
fn pattern(command: &Command<'_>, root: &Path, line: &str) -> Option<String> {
    let whole = safe::lexical(&root.join(command.cwd));
    let folder = whole.strip_prefix(root).ok()?.to_str()?;
    let pattern = match folder.is_empty() {
        true => line.to_owned(),
        false => format!("cd {} && {line}", shell::quoted(folder)),
    };
    (!line.is_empty() && pattern.len() <= MAX_PATTERN_BYTES).then_some(pattern)
}

fn ask(cx: &Context<'_>, reason: String, pattern: Option<String>) -> Verdict {
    match cx.approve {
        ApproveMode::All => Verdict::Go,
        ApproveMode::Ask | ApproveMode::Safe | ApproveMode::Never => {
            Verdict::Ask { reason, pattern }
        }
    }
}

fn refuse(reason: impl Into<String>) -> Verdict {
    Verdict::Refuse {
        reason: reason.into(),
    }
}
