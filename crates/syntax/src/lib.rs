//! Source text to facts: what a file declares, what it uses and brings in, what it says in words,
//! and how hard it is to follow.
//!
//! Pure: no files are opened, nothing is kept between calls. One walk reads every language by its
//! table of rules (`languages/`, one file each). Broken code gives what can be had; a hostile file
//! costs its limit and a note; text in no known language gives only its lines.

mod clock;
mod facts;
mod languages;
mod merge;
mod outline;
mod plan;
mod recover;
mod rules;
mod signature;
mod texts;
mod walk;

use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

pub use facts::{
    Binding, Element, FileFacts, Given, Import, ImportKind, ImportedName, Kind, Limits, Note,
    NoteKind, Reference, ReferenceKind, Text, TextKind, Visibility,
};
pub use languages::{Language, languages};
pub use outline::{Entry, MAX_ENTRIES, outline};

use clock::Clock;
use plan::Plan;

/// The language of a file by its name, if it is one that Mira reads.
pub fn language(path: &str) -> Option<&'static str> {
    languages::of(path).map(|entry| entry.language.name)
}

/// What the file `path` with this text is made of. Only the name of the file counts; it is not
/// opened. Never fails: what could not be read is named in [`FileFacts::notes`].
pub fn facts(path: &str, text: &str, limits: &Limits) -> FileFacts {
    let mut facts = FileFacts {
        lines: text.lines().count(),
        ..FileFacts::default()
    };
    let Some(entry) = languages::of(path) else {
        return facts;
    };
    facts.language = Some(entry.language.name.to_owned());
    if let Some(note) = unfit(text, limits) {
        facts.notes.push(note);
        return facts;
    }
    facts.is_generated = is_generated(text, facts.lines);
    let plan = (entry.plan)();
    if text.len() <= SMALL {
        read(plan, text, limits, &mut facts);
        return facts;
    }
    let result = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("syntax".to_owned())
            .stack_size(STACK + text.len() * STACK_PER_BYTE)
            .spawn_scoped(scope, || read(plan, text, limits, &mut facts))
            .map(|thread| thread.join())
    });
    match result {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => facts.notes.push(Note {
            kind: NoteKind::TooLarge,
            text: format!("no memory to parse it: {error}"),
            line: None,
        }),
    }
    facts
}

/// Tree-sitter lets go of the branches of an ambiguous text by recursion, one frame a level of
/// nesting. Texts up to so many bytes cannot nest deep enough to exhaust any thread's stack;
/// larger ones are read on a thread whose stack holds the worst that they can be. (What is not
/// touched of it costs nothing.)
const SMALL: usize = 8 * 1024;
const STACK: usize = 2 * 1024 * 1024;
const STACK_PER_BYTE: usize = 128;

fn read(plan: &'static Plan, text: &str, limits: &Limits, facts: &mut FileFacts) {
    let clock = Clock::start();
    let readable = (plan.rules.readable)(text);
    let readable = readable.as_deref().unwrap_or(text);
    let Some(tree) = parse(plan, readable, limits, &clock) else {
        facts.notes.push(Note {
            kind: NoteKind::TimedOut,
            text: format!("parsing took longer than {} ms", limits.time.as_millis()),
            line: None,
        });
        return;
    };
    walk::walk(plan, &tree, text, limits, &clock, facts);
    if tree.root_node().has_error() {
        let texts = (text, readable);
        if let Some(more) = recover::recovered(plan, &tree, texts, limits, &clock, facts) {
            *facts = more;
        }
    }
    (plan.rules.finish)(facts, text);
}

/// Why a text is not parsed at all.
fn unfit(text: &str, limits: &Limits) -> Option<Note> {
    let note = |kind, text| Note {
        kind,
        text,
        line: None,
    };
    if text.len() > limits.bytes {
        let (size, most) = (size(text.len()), size(limits.bytes));
        let text = format!("{size}; files over {most} are not parsed");
        return Some(note(NoteKind::TooLarge, text));
    }
    let head = text.as_bytes().get(..8_192).unwrap_or(text.as_bytes());
    head.contains(&0)
        .then(|| note(NoteKind::Binary, "not a text".to_owned()))
}

/// As people read it: `900 B`, `12.3 kB`, `2.1 MB`.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A program says at the top that it wrote the file, or the lines are no lines for people.
fn is_generated(text: &str, lines: usize) -> bool {
    let head: Vec<String> = text
        .lines()
        .take(12)
        .map(|line| {
            let line: String = line.chars().take(200).collect();
            line.to_lowercase()
        })
        .collect();
    let says_so = |line: &String| {
        (line.contains("generated")
            && (line.contains("do not edit") || line.contains("automatically")))
            || line.contains("@generated")
            || line.contains("autogenerated")
            || line.contains("auto-generated")
            || line.contains("generated by")
    };
    let is_comment = |line: &&String| {
        line.trim_start()
            .starts_with(['/', '#', '*', '-', ';', '<', '%', '"'])
    };
    head.iter().filter(is_comment).any(says_so)
        || (text.len() > 5_000 && text.len() / lines.max(1) > 500)
}

fn parse(plan: &Plan, text: &str, limits: &Limits, clock: &Clock) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&plan.language).ok()?;
    let mut give_up = |_: &ParseState| match clock.elapsed() > limits.time {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let options = ParseOptions::new().progress_callback(&mut give_up);
    let bytes = text.as_bytes();
    let mut rest = |at: usize, _| bytes.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut rest, None, Some(options))
}
