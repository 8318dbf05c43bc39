//! Facts beside the source they were read from: `tests/golden/NAME` and `NAME.facts`.
//!
//! `MIRA_BLESS=1 cargo test -p mira-syntax` writes the facts anew; look at them before you keep
//! them. Under each line of the source stands what begins there: `+` an element, `>` a use, `<` an
//! import, `=` a binding, `"` a text; `@` says inside what.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mira_syntax::{Element, FileFacts, Import, Limits, TextKind, facts, languages};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn sources() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let mut sources: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension != "facts")
        })
        .collect();
    sources.sort();
    sources
}

#[test]
fn every_source_has_the_facts_beside_it() {
    let bless = std::env::var_os("MIRA_BLESS").is_some();
    let mut wrong = String::new();
    for path in sources() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8");
        let text = fs::read_to_string(&path).expect("readable");
        let shown = beside(&text, &facts(name, &text, &Limits::default()));
        let kept = path.with_file_name(format!("{name}.facts"));
        let expected = fs::read_to_string(&kept).unwrap_or_default();
        if shown == expected {
            continue;
        }
        if bless {
            fs::write(&kept, &shown).expect("writable");
            continue;
        }
        let pairs = shown.lines().zip(expected.lines()).enumerate();
        let first = pairs.into_iter().find(|(_, (new, old))| new != old);
        match first {
            Some((at, (new, old))) => {
                writeln!(wrong, "{name}.facts:{}\n  kept {old}\n  now  {new}", at + 1)
            }
            None => writeln!(wrong, "{name}.facts: shorter or longer"),
        }
        .expect("a string takes everything");
    }
    assert!(wrong.is_empty(), "{wrong}MIRA_BLESS=1 writes them anew");
}

#[test]
fn every_language_has_a_source() {
    let sources = sources();
    for language in languages() {
        let has_one = language.extensions.iter().any(|extension| {
            let is_it = |path: &PathBuf| path.extension().is_some_and(|of| of == *extension);
            sources.iter().any(is_it)
        });
        assert!(has_one, "{} has no golden file", language.name);
    }
}

fn beside(text: &str, facts: &FileFacts) -> String {
    let mut notes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut say = |line: usize, note: String| notes.entry(line).or_default().push(note);
    let at = |within: Option<usize>| match within {
        Some(index) => format!(" @{}", facts.elements[index].qualified_name),
        None => String::new(),
    };
    say(0, format!("{:?}, {} lines", facts.language, facts.lines));
    for (word, value) in [("package", &facts.package), ("doc", &facts.doc)] {
        if let Some(value) = value {
            say(0, format!("{word}: {value:?}"));
        }
    }
    if facts.is_generated {
        say(0, "generated".to_owned());
    }
    for element in &facts.elements {
        say(
            element.start_line,
            format!("+ {}{}", shown(element), at(element.parent)),
        );
    }
    for import in &facts.imports {
        say(
            import.line,
            format!("< {}{}", brought(import), at(import.within)),
        );
    }
    for used in &facts.references {
        let mut line = format!("> {} ", used.kind.as_str());
        if let Some(receiver) = &used.receiver {
            write!(line, "[{receiver}] ").expect("a string takes everything");
        }
        line.push_str(&used.name);
        if let Some(count) = used.arguments {
            write!(line, "/{count}").expect("a string takes everything");
        }
        say(used.line, line + &at(used.within));
    }
    for binding in &facts.bindings {
        let type_text = binding.type_text.as_deref().unwrap_or("?");
        let call = binding
            .call
            .as_ref()
            .map_or_else(String::new, |call| format!(" from {call}"));
        let value = binding.value.as_ref();
        let value = value.map_or_else(String::new, |value| format!(" is {value}"));
        let each = if binding.is_each { " each" } else { "" };
        let until = binding.until;
        let until = until.map_or_else(String::new, |until| format!(" to {until}"));
        let given = binding.given.map_or_else(String::new, |given| {
            let (argument, parameter, of) = (given.argument, given.parameter, given.of);
            format!("({argument}: {parameter} of {of})")
        });
        let name = &binding.name;
        say(
            binding.line,
            format!(
                "= {name}: {type_text}{call}{value}{each}{given}{until}{}",
                at(binding.within)
            ),
        );
    }
    for text in &facts.texts {
        let mark = match text.kind {
            TextKind::Comment => "comment",
            TextKind::Doc => "doc",
            TextKind::String => "string",
        };
        say(
            text.line,
            format!("\" {mark} {:?}{}", text.text, at(text.within)),
        );
    }
    for note in &facts.notes {
        say(
            note.line.unwrap_or(0),
            format!("! {:?}: {}", note.kind, note.text),
        );
    }
    let mut shown = String::new();
    let mut print = |lines: Vec<String>| {
        for line in lines {
            writeln!(shown, "        {line}").expect("a string takes everything");
        }
    };
    print(notes.remove(&0).unwrap_or_default());
    for (index, line) in text.lines().enumerate() {
        let number = format!("{:>4} | {line}", index + 1);
        writeln!(shown, "{}", number.trim_end()).expect("a string takes everything");
        for note in notes.remove(&(index + 1)).unwrap_or_default() {
            writeln!(shown, "        {note}").expect("a string takes everything");
        }
    }
    shown
}

fn shown(element: &Element) -> String {
    let mut line = format!(
        "{} {} {}",
        element.visibility.as_str(),
        element.kind.as_str(),
        element.qualified_name
    );
    if element.end_line != element.start_line {
        write!(line, " to {}", element.end_line).expect("a string takes everything");
    }
    if element.name_line != element.start_line {
        write!(line, " named in {}", element.name_line).expect("a string takes everything");
    }
    for (is, word) in [(element.is_async, " async"), (element.is_test, " test")] {
        line.push_str(if is { word } else { "" });
    }
    if element.kind.is_callable() {
        let (paths, effort) = (element.cyclomatic, element.cognitive);
        write!(line, " {paths}/{effort}").expect("a string takes everything");
    }
    if let Some(type_text) = &element.type_text {
        write!(line, " : {type_text}").expect("a string takes everything");
    }
    write!(line, " | {}", element.signature).expect("a string takes everything");
    if let Some(doc) = &element.doc {
        write!(line, " | doc {doc:?}").expect("a string takes everything");
    }
    line
}

fn brought(import: &Import) -> String {
    let mut line = format!("{:?} {}", import.kind, import.module);
    if let Some(alias) = &import.alias {
        write!(line, " as {alias}").expect("a string takes everything");
    }
    if import.is_wildcard {
        line.push_str(" *");
    }
    for name in &import.names {
        write!(line, " {{{}", name.name).expect("a string takes everything");
        if let Some(alias) = &name.alias {
            write!(line, " as {alias}").expect("a string takes everything");
        }
        line.push('}');
    }
    if import.is_reexport {
        line.push_str(" (given on)");
    }
    line
}
