//! What a message asks for, from its words: long work, a change, a look-up, or nothing of these.
//!
//! Sentences are read one by one, without code and quotations. A sentence that begins with a verb
//! of work asks for work; one that begins with a question word asks a question, whatever verbs
//! follow ("how do I write …"). Politeness in front is skipped.

/// What was found; each with the words that say so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reading {
    pub long_work: Option<String>,
    pub code_work: Option<String>,
    pub look_up: Option<String>,
    /// Different files that the message names.
    pub files: u32,
}

impl Reading {
    pub fn words(&self) -> Vec<String> {
        [&self.long_work, &self.code_work, &self.look_up]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// Only the beginning of a message is read: what is pasted behind it asks for nothing.
const READ_CHARS: usize = 4_000;
/// A look-up is short.
const LOOK_UP_WORDS: usize = 16;

/// Verbs that ask for work on code, at the beginning of a sentence or after "and".
const WORK: &[&str] = &[
    "add",
    "adapt",
    "adjust",
    "apply",
    "bump",
    "build",
    "change",
    "clean",
    "convert",
    "correct",
    "create",
    "debug",
    "delete",
    "deduplicate",
    "document",
    "drop",
    "edit",
    "enable",
    "disable",
    "extend",
    "extract",
    "fix",
    "format",
    "generate",
    "handle",
    "implement",
    "improve",
    "inline",
    "insert",
    "integrate",
    "introduce",
    "make",
    "merge",
    "migrate",
    "modernize",
    "modify",
    "move",
    "optimize",
    "optimise",
    "parametrize",
    "patch",
    "port",
    "prevent",
    "raise",
    "reduce",
    "refactor",
    "reimplement",
    "remove",
    "rename",
    "reorganize",
    "repair",
    "replace",
    "resolve",
    "restructure",
    "revert",
    "rewrite",
    "scaffold",
    "set",
    "simplify",
    "speed",
    "split",
    "support",
    "swap",
    "test",
    "translate",
    "turn",
    "update",
    "upgrade",
    "use",
    "validate",
    "wire",
    "wrap",
    "write",
    // German
    "ändere",
    "baue",
    "behebe",
    "benenne",
    "beschleunige",
    "entferne",
    "ergänze",
    "ersetze",
    "erstelle",
    "erweitere",
    "erzeuge",
    "füge",
    "implementiere",
    "korrigiere",
    "lösche",
    "migriere",
    "portiere",
    "refaktoriere",
    "repariere",
    "schreibe",
    "teile",
    "verbessere",
    "vereinfache",
    "verschiebe",
];

/// What is said of code that does not work; a sentence that is no question asks to mend it.
const DEFECTS: &[&str] = &[
    "does not work",
    "doesn't work",
    "does not compile",
    "doesn't compile",
    "is broken",
    "is failing",
    "fails",
    "crashes",
    "panics",
    "throws",
    "hangs",
    "leaks",
    "deadlocks",
    "segfaults",
    "stopped working",
    "there is a bug",
    "there's a bug",
    "i get an error",
    "i get this error",
    "we get an error",
    "is wrong",
    "should be",
    "should not",
    "shouldn't",
    "must not",
    "funktioniert nicht",
    "stürzt ab",
    "schlägt fehl",
    "kompiliert nicht",
];

/// A sentence that begins with one of these asks or explains.
const QUESTIONS: &[&str] = &[
    "am",
    "are",
    "can",
    "compare",
    "could",
    "describe",
    "did",
    "discuss",
    "do",
    "does",
    "explain",
    "has",
    "have",
    "how",
    "is",
    "may",
    "outline",
    "recommend",
    "shall",
    "should",
    "suggest",
    "summarize",
    "summarise",
    "tell",
    "thanks",
    "thank",
    "think",
    "understand",
    "walk",
    "was",
    "were",
    "what",
    "what's",
    "whats",
    "when",
    "who",
    "whose",
    "why",
    "will",
    "would",
    "review",
    // German
    "beschreibe",
    "erkläre",
    "gibt",
    "hat",
    "ist",
    "kann",
    "sind",
    "soll",
    "vergleiche",
    "wann",
    "warum",
    "was",
    "welche",
    "welcher",
    "welches",
    "wer",
    "wie",
    "wieso",
    "fasse",
];

const LOOKS: &[&str] = &[
    "count", "find", "grep", "list", "locate", "ls", "search", "finde", "liste", "suche", "zähle",
];

/// Beginnings of a look-up of more than one word.
const LOOK_PHRASES: &[&str] = &[
    "how many",
    "in which file",
    "show all",
    "show every",
    "show me all",
    "show me the files",
    "show me the folder",
    "show me the project structure",
    "show me the tree",
    "show me where",
    "show the files",
    "show the project structure",
    "show the tree",
    "what files",
    "where are",
    "where do we",
    "where does",
    "where is",
    "which file",
    "which files",
    "which folder",
    "which functions",
    "which modules",
    "who calls",
    "wo ist",
    "wo sind",
    "wo wird",
    "welche dateien",
    "zeige alle",
    "zeige mir alle",
    "wie viele",
];

/// Work without supervision, whatever else is said.
const UNSUPERVISED: &[&str] = &[
    "autonomously",
    "by yourself until",
    "keep going until",
    "keep working until",
    "on your own",
    "overnight",
    "over night",
    "until all tests",
    "until every test",
    "until everything",
    "until it is done",
    "until the build",
    "until the tests",
    "without asking",
    "without supervision",
    "work through",
    "über nacht",
    "selbstständig",
    "ohne zu fragen",
];

/// Work of a size that takes long, where the message asks for work.
const LARGE: &[&str] = &[
    "across all crates",
    "across all packages",
    "across the codebase",
    "across the whole",
    "all crates",
    "all modules",
    "all packages",
    "complete rewrite",
    "end to end",
    "end-to-end",
    "entire application",
    "entire codebase",
    "entire code base",
    "entire project",
    "entire repo",
    "every crate",
    "every file",
    "every module",
    "every package",
    "from scratch",
    "full implementation",
    "large refactor",
    "whole application",
    "whole app",
    "whole codebase",
    "whole code base",
    "whole project",
    "whole repo",
    "gesamte codebasis",
    "gesamten code",
    "ganze projekt",
    "gesamte projekt",
    "von grund auf",
];

/// Said before what is asked for.
const COURTESY: &[&str] = &[
    "also",
    "and",
    "bitte",
    "but",
    "can you",
    "can you please",
    "could you",
    "could you please",
    "first",
    "go ahead and",
    "hallo",
    "hello",
    "help me",
    "help me to",
    "hey",
    "hi",
    "i need to",
    "i need you to",
    "i want to",
    "i want you to",
    "i would like to",
    "i would like you to",
    "i'd like to",
    "i'd like you to",
    "just",
    "kannst du",
    "könntest du",
    "let us",
    "let's",
    "lets",
    "mira",
    "next",
    "now",
    "ok",
    "okay",
    "please",
    "quickly",
    "so",
    "then",
    "try to",
    "we have to",
    "we must",
    "we need to",
    "we should",
    "will you",
    "would you",
    "you should",
];

/// Endings of names that are files.
const ENDINGS: &[&str] = &[
    "c", "cc", "cfg", "cpp", "cs", "css", "csv", "go", "gradle", "h", "hpp", "html", "ini", "java",
    "js", "json", "jsx", "kt", "lock", "lua", "md", "mjs", "php", "proto", "py", "rb", "rs",
    "scala", "sh", "sql", "svelte", "swift", "toml", "ts", "tsx", "txt", "vue", "xml", "yaml",
    "yml", "zig",
];

pub(super) fn read(message: &str) -> Reading {
    let start: String = message.chars().take(READ_CHARS).collect();
    let files = files(&start);
    let text = without_code(&start).to_lowercase().replace('’', "'");
    let sentences: Vec<Vec<&str>> = text
        .split(['.', '?', '!', ';', '\n', ':'])
        .map(|sentence| sentence.split_whitespace().map(bare).collect::<Vec<_>>())
        .map(|words| words.into_iter().filter(|word| !word.is_empty()).collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect();
    let code_work = sentences.iter().find_map(|words| work(words));
    let joined: Vec<String> = sentences.iter().map(|words| words.join(" ")).collect();
    let has = |phrases: &[&str]| {
        let found = joined
            .iter()
            .find_map(|text| phrases.iter().find(|phrase| contains(text, phrase)));
        found.map(|phrase| (*phrase).to_owned())
    };
    let long_work = match &code_work {
        Some(_) => has(UNSUPERVISED).or_else(|| has(LARGE)),
        None => has(UNSUPERVISED).filter(|_| !sentences.first().is_some_and(|s| is_question(s))),
    };
    let look_up = match (&code_work, sentences.as_slice()) {
        (None, [first, rest @ ..]) => {
            let count = first.len() + rest.iter().map(Vec::len).sum::<usize>();
            look(first).filter(|_| count <= LOOK_UP_WORDS)
        }
        _ => None,
    };
    Reading {
        long_work,
        code_work,
        look_up,
        files,
    }
}

/// The verb or the defect that makes a sentence a request for work.
fn work(words: &[&str]) -> Option<String> {
    let asked = after_courtesy(words);
    let first = *asked.first()?;
    if WORK.contains(&first) {
        return Some(first.to_owned());
    }
    if is_question(words) {
        return None;
    }
    // "find the bug and fix it", "take the parser and split it"
    for pair in asked.windows(2) {
        if matches!(pair[0], "and" | "then" | "to" | "und" | "dann")
            && WORK.contains(&pair[1])
            && (pair[0] != "to" || !LOOKS.contains(&first))
        {
            return Some(pair[1].to_owned());
        }
    }
    if LOOKS.contains(&first) {
        return None;
    }
    let text = asked.join(" ");
    DEFECTS
        .iter()
        .find(|defect| contains(&text, defect))
        .map(|defect| (*defect).to_owned())
}

fn look(words: &[&str]) -> Option<String> {
    let asked = after_courtesy(words);
    let first = *asked.first()?;
    if LOOKS.contains(&first) {
        return Some(first.to_owned());
    }
    let text = asked.join(" ") + " ";
    LOOK_PHRASES
        .iter()
        .find(|phrase| text.starts_with(&format!("{phrase} ")))
        .map(|phrase| (*phrase).to_owned())
}

fn is_question(words: &[&str]) -> bool {
    after_courtesy(words)
        .first()
        .is_some_and(|first| QUESTIONS.contains(first))
}

/// The longest politeness first, again and again.
fn after_courtesy<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    let mut rest = words;
    loop {
        let skip = (1..=5.min(rest.len()))
            .rev()
            .find(|count| COURTESY.contains(&rest[..*count].join(" ").as_str()));
        match skip {
            Some(count) if count < rest.len() => rest = &rest[count..],
            _ => return rest,
        }
    }
}

/// Whole words only.
fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, found)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(text[..at].chars().next_back()) && !letter(text[at + found.len()..].chars().next())
    })
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '\''))
}

/// Without fenced blocks, `code` and lines that are quoted.
fn without_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split("```").enumerate() {
        if at % 2 == 1 {
            out.push('\n');
            continue;
        }
        for line in part
            .lines()
            .filter(|line| !line.trim_start().starts_with('>'))
        {
            for (at, piece) in line.split('`').enumerate() {
                out.push_str(if at % 2 == 1 { "it" } else { piece });
            }
            out.push('\n');
        }
    }
    // The end of a file's name ends no sentence.
    let mut words = Vec::new();
    for line in out.lines() {
        let named = |word: &str| is_file(word.trim_matches(|c: char| !c.is_alphanumeric()));
        let line: Vec<&str> = line
            .split_whitespace()
            .map(|word| if named(word) { "it" } else { word })
            .collect();
        words.push(line.join(" "));
    }
    words.join("\n")
}

fn files(text: &str) -> u32 {
    let mut names: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "`'\"()[]{},;<>".contains(c))
        .map(|word| word.trim_matches(|c: char| !(c.is_alphanumeric() || "_-/".contains(c))))
        .filter(|word| is_file(word))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.len() as u32
}

/// "src/lib.rs", "Cargo.toml"; not "e.g", "3.5" or a URL.
fn is_file(word: &str) -> bool {
    let Some((name, ending)) = word.rsplit_once('.') else {
        return false;
    };
    let has_letter = name.chars().any(char::is_alphabetic);
    has_letter && !word.contains("://") && ENDINGS.contains(&ending.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_quotations_and_file_names_are_no_sentences() {
        assert_eq!(read("Why does `fix it` do that?").code_work, None);
        assert_eq!(read("What is this?\n```\nfix\nadd\n```").code_work, None);
        assert_eq!(read("> fix the parser\nWhat does he mean?").code_work, None);
        assert_eq!(read("Explain src/lib.rs fix").code_work, None);
        assert_eq!(
            read("What is this? Fix it.").code_work.as_deref(),
            Some("fix")
        );
    }

    #[test]
    fn files_are_counted_once() {
        let found = |text: &str| read(text).files;
        assert_eq!(found("see src/a.rs, src/b.rs and src/a.rs"), 2);
        assert_eq!(found("version 3.5, e.g. https://x.y/z.html"), 0);
        assert_eq!(found("(Cargo.toml) `package.json`: a.py!"), 3);
    }
}
