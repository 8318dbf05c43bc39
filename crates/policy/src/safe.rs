//! The safe list: commands that only look, with the flags that only look. Everything is listed by
//! what is allowed, so that a flag nobody thought of is asked about.

mod git;
mod table;

use std::path::{Component, Path, PathBuf};

use super::shell::{Redirect, RedirectKind, Simple, Word};
use table::{Operands, PROGRAMS, Program};

/// Where a command would run, and what it may look at.
pub(super) struct Place<'a> {
    pub root: &'a Path,
    /// Whether the person allowed reading a path outside the project.
    pub may_read: &'a dyn Fn(&Path) -> bool,
    /// Relative to the root.
    pub cwd: &'a str,
    /// The person allowed reading everywhere.
    pub anywhere: bool,
}

/// These change nothing that a program on the list would do otherwise.
pub(super) const HARMLESS_VARIABLES: [&str; 8] = [
    "LC_ALL",
    "LANG",
    "LC_CTYPE",
    "TZ",
    "NO_COLOR",
    "COLUMNS",
    "CLICOLOR",
    "RUST_BACKTRACE",
];

/// These say their version and nothing else, when they are asked by a flag.
const VERSIONED: [&str; 22] = [
    "bun", "cargo", "clang", "cmake", "deno", "docker", "gcc", "git", "go", "java", "make", "mvn",
    "node", "npm", "npx", "pip", "pnpm", "python", "python3", "rustc", "rustup", "yarn",
];

/// With the word "version" too, which to others is a file, a target or a package.
const VERSIONED_BY_WORD: [&str; 5] = ["cargo", "docker", "git", "go", "npm"];

/// `python -v` means "verbose", and reads a program.
fn asks_for_version(name: &str, flag: &str) -> bool {
    VERSIONED.contains(&name)
        && match flag {
            "--version" | "-V" => true,
            "-v" => !name.starts_with("python"),
            "version" => VERSIONED_BY_WORD.contains(&name),
            _ => false,
        }
}

/// What a redirection touches.
///
/// # Errors
/// The reason why it is not safe, for people.
pub(super) fn redirection(
    redirect: &Redirect,
    place: &Place<'_>,
    moved: bool,
) -> Result<(), String> {
    let target = redirect.target.plain();
    match redirect.kind {
        RedirectKind::Here | RedirectKind::Duplicate => Ok(()),
        RedirectKind::Write if target.as_deref() == Some("/dev/null") => Ok(()),
        RedirectKind::Write => {
            let name = target.unwrap_or_else(|| "a computed file".into());
            Err(format!("it writes to {name}"))
        }
        RedirectKind::Read => inside(&redirect.target, place, moved),
    }
}

/// The variables that a command sets.
///
/// # Errors
/// As [`judge`].
pub(super) fn assignments(command: &Simple) -> Result<(), String> {
    for (name, _) in &command.assignments {
        let harmless = HARMLESS_VARIABLES.contains(&name.as_str());
        if !(harmless || command.is_loop && is_loop_name(name)) {
            return Err(format!("it sets {name}"));
        }
    }
    // A shell that reads text as a number runs what `a[$(…)]` holds, quoted or not.
    if command.assignments.iter().any(|(_, word)| holds_code(word)) {
        return Err("it has commands inside quoted text".into());
    }
    Ok(())
}

/// A loop may set what no program obeys: `for f in …`, `for F in …`, never `for PATH in …`.
fn is_loop_name(name: &str) -> bool {
    name.len() == 1 || !name.chars().any(|c| c.is_ascii_uppercase())
}

/// Judges one command by itself: not what stands in its substitutions, redirections and wrappers.
///
/// # Errors
/// The first reason why it is not safe, for people.
pub(super) fn judge(command: &Simple, place: &Place<'_>, moved: &mut bool) -> Result<(), String> {
    assignments(command)?;
    let Some(first) = command.words.first() else {
        return Ok(());
    };
    let is_test = |name: &String| name == "[" || name == "[[";
    let name = first.plain().or_else(|| first.text().filter(is_test));
    let name = name.ok_or("the name of its program is computed")?;
    let arguments = &command.words[1..];
    let reads_numbers = matches!(name.as_str(), "[" | "[[" | "test" | "printf");
    if reads_numbers && arguments.iter().any(holds_code) {
        return Err("it has commands inside quoted text".into());
    }
    // `printf -v PATH …` would decide what later words run.
    if name == "printf"
        && arguments
            .iter()
            .any(|word| word.text().is_none_or(|text| text.starts_with("-v")))
    {
        return Err("it sets a variable".into());
    }
    match name.as_str() {
        "cd" => return change_directory(arguments, place, moved),
        "git" => return git::judge(arguments, place, *moved),
        "sed" => return sed(arguments, place, *moved),
        "find" => return find(arguments, place, *moved),
        "command" if lookup(arguments) => return Ok(()),
        _ => {}
    }
    if let [flag] = arguments
        && flag
            .plain()
            .is_some_and(|flag| asks_for_version(&name, &flag))
    {
        return Ok(());
    }
    let program = PROGRAMS.iter().find(|program| program.name == name);
    let program = program.ok_or_else(|| format!("`{}` is not on the safe list", shown(command)))?;
    judge_program(program, arguments, place, *moved)
}

fn judge_program(
    program: &Program,
    arguments: &[Word],
    place: &Place<'_>,
    moved: bool,
) -> Result<(), String> {
    if program.operands == Operands::Anything {
        return Ok(());
    }
    let mut operands = Vec::new();
    let mut pattern_given = program.operands != Operands::PatternThenPaths;
    let mut words = arguments.iter();
    let mut only_operands = false;
    while let Some(word) = words.next() {
        if word.is_stream() {
            operands.push(word);
            continue;
        }
        let text = word.text().ok_or_else(|| computed(program.name))?;
        // `rg {--pre=x,y}` is a flag when it runs.
        if word.brace && text.starts_with('{') && program.operands != Operands::Words {
            return Err(format!("`{}` gets words from a list", program.name));
        }
        if word.glob && (text.starts_with(['*', '?', '[']) && !program.globs) {
            return Err(format!("`{}` gets names from a pattern", program.name));
        }
        if only_operands || !text.starts_with('-') || text == "-" {
            operands.push(word);
        } else if text == "--" {
            only_operands = true;
        } else if let Some(flag) = text.strip_prefix("--") {
            let (flag, attached) = match flag.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (flag, None),
            };
            let refused = || {
                Err(format!(
                    "`{} --{flag}` is not on the safe list",
                    program.name
                ))
            };
            if listed(program.long_valued, flag) {
                pattern_given |= listed(program.pattern_flags, flag);
                let value = match attached {
                    Some(value) => Some(Word::literal(value)),
                    None => words.next().cloned(),
                };
                let value = value.ok_or_else(|| computed(program.name))?;
                if !listed(program.pattern_flags, flag) {
                    inside(&value, place, moved)?;
                } else if listed("include glob iglob", flag) {
                    no_secret(&value)?;
                }
            } else if !listed(program.long, flag)
                || attached.is_some() && !listed(program.optional, flag)
            {
                return refused();
            }
        } else {
            short_flags(
                program,
                &text[1..],
                &mut words,
                &mut pattern_given,
                place,
                moved,
            )?;
        }
    }
    if !pattern_given && !operands.is_empty() {
        operands.remove(0);
    }
    let most = match program.operands {
        Operands::None => 0,
        Operands::OnePath => 1,
        _ => usize::MAX,
    };
    if operands.len() > most {
        return Err(format!(
            "`{}` with so many operands is not on the safe list",
            program.name
        ));
    }
    if program.operands == Operands::Words {
        return Ok(());
    }
    if program.operands == Operands::Format {
        let shows = |word: &&Word| word.text().is_some_and(|text| text.starts_with('+'));
        return match operands.iter().all(shows) {
            true => Ok(()),
            false => Err(format!("`{}` may set something", program.name)),
        };
    }
    operands
        .into_iter()
        .try_for_each(|word| inside(word, place, moved))
}

fn short_flags<'w>(
    program: &Program,
    flags: &str,
    words: &mut impl Iterator<Item = &'w Word>,
    pattern_given: &mut bool,
    place: &Place<'_>,
    moved: bool,
) -> Result<(), String> {
    if program.numeric && !flags.is_empty() && flags.chars().all(|c| c.is_ascii_digit()) {
        return Ok(());
    }
    for (index, flag) in flags.char_indices() {
        if program.short.contains(flag) {
            continue;
        }
        if !program.valued.contains(flag) {
            return Err(format!(
                "`{} -{flag}` is not on the safe list",
                program.name
            ));
        }
        let rest = &flags[index + flag.len_utf8()..];
        let value = match rest.is_empty() {
            true => words
                .next()
                .cloned()
                .ok_or_else(|| computed(program.name))?,
            false => Word::literal(rest),
        };
        let is_pattern = listed(program.pattern_flags, flag.encode_utf8(&mut [0; 4]));
        *pattern_given |= is_pattern && flag == 'e';
        return if is_pattern && flag == 'g' {
            no_secret(&value)
        } else if is_pattern {
            Ok(())
        } else {
            inside(&value, place, moved)
        };
    }
    Ok(())
}

fn listed(list: &str, name: &str) -> bool {
    list.split(' ').any(|one| one == name && !one.is_empty())
}

fn computed(program: &str) -> String {
    format!("what `{program}` gets is computed")
}

fn holds_code(word: &Word) -> bool {
    word.literals()
        .any(|text| text.contains("$(") || text.contains('`'))
}

/// Whether a word names something inside the project (or nothing on disk at all).
pub(super) fn inside(word: &Word, place: &Place<'_>, moved: bool) -> Result<(), String> {
    if word.is_stream() {
        return Ok(());
    }
    let text = word.text().ok_or("a path in it is computed")?;
    let whole = lexical(&place.root.join(place.cwd).join(&text));
    if names_secret(&text, word.glob) && (moved || !(place.may_read)(&whole)) {
        return Err(format!("{text} is a file that holds secrets"));
    }
    if place.anywhere {
        return Ok(());
    }
    let dotted = text
        .split('/')
        .any(|part| part.starts_with(".*") || part.starts_with(".?") || part.starts_with(".["));
    if word.tilde || word.brace || word.glob && dotted {
        return Err(format!("{text} may lie outside the project"));
    }
    if matches!(text.as_str(), "/dev/null" | "/dev/stdin") {
        return Ok(());
    }
    let climbs = Path::new(&text)
        .components()
        .any(|part| part == Component::ParentDir);
    if climbs && (moved || word.glob) {
        return Err(format!("{text} may lie outside the project"));
    }
    match whole.starts_with(place.root) || (place.may_read)(&whole) {
        true => Ok(()),
        false => Err(format!("{text} lies outside the project")),
    }
}

/// What a pattern for names is tried on.
const SECRET_NAMES: [&str; 11] = [
    ".env",
    ".env.local",
    ".git-credentials",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
];

/// Whether a path is a secret file's, or a pattern that says more than `*` may become one's.
pub(super) fn names_secret(text: &str, glob: bool) -> bool {
    let name = text.rsplit('/').next().unwrap_or(text);
    let says_more = name.chars().any(char::is_alphanumeric);
    mira_secrets::is_secret_file(text)
        || glob
            && says_more
            && SECRET_NAMES
                .iter()
                .any(|secret| crate::privilege::fits(name, secret))
}

/// A pattern that picks secret files out of all is as good as their names.
fn no_secret(pattern: &Word) -> Result<(), String> {
    match pattern.text() {
        Some(text) if names_secret(&text, true) => {
            Err(format!("{text} is a file that holds secrets"))
        }
        Some(_) => Ok(()),
        None => Err("a pattern in it is computed".into()),
    }
}

/// `..` and `.` taken out of an absolute path, without looking at the disk.
pub(super) fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn change_directory(arguments: &[Word], place: &Place<'_>, moved: &mut bool) -> Result<(), String> {
    let [target] = arguments else {
        return Err("it changes to a folder outside the project".into());
    };
    let text = target
        .plain()
        .ok_or("the folder that it changes to is computed")?;
    if text.starts_with('-') {
        return Err("the folder that it changes to is computed".into());
    }
    inside(target, place, *moved)?;
    *moved = true;
    Ok(())
}

fn lookup(arguments: &[Word]) -> bool {
    let flag = arguments.first().and_then(Word::plain);
    matches!(flag.as_deref(), Some("-v" | "-V")) && arguments.len() == 2
}

/// `sed -n '10,20p' FILE` and its kin: line numbers and `p` only.
fn sed(arguments: &[Word], place: &Place<'_>, moved: bool) -> Result<(), String> {
    let refused = || "`sed` is on the safe list only as `sed -n '1,20p' FILE`".to_owned();
    let mut words = arguments.iter();
    let flag = words.next().and_then(Word::plain).ok_or_else(refused)?;
    let script = words.next().and_then(Word::plain).ok_or_else(refused)?;
    let prints = script.split(';').all(|one| {
        let one = one.trim();
        one.strip_suffix('p').is_some_and(|range| {
            let is_place = |c: char| c.is_ascii_digit() || c == ',' || c == '$';
            !range.is_empty() && range.chars().all(is_place)
        })
    });
    if flag != "-n" || !prints {
        return Err(refused());
    }
    words.try_for_each(|word| match word.text() {
        Some(text) if text.starts_with('-') || word.glob && text.starts_with(['*', '?', '[']) => {
            Err(refused())
        }
        _ => inside(word, place, moved),
    })
}

fn find(arguments: &[Word], place: &Place<'_>, moved: bool) -> Result<(), String> {
    const ALONE: &str = "-print -print0 -prune -empty -not ! -o -or -a -and ( ) -xdev -readable \
                         -writable -executable -quit -depth -ls -nogroup -nouser -true -false -L \
                         -P -H -mount";
    const VALUED: &str = "-name -iname -path -ipath -wholename -iwholename -regex -iregex -type \
                          -maxdepth -mindepth -size -mtime -mmin -atime -amin -ctime -cmin -perm \
                          -user -group -printf -regextype -links -inum -newer -newermt -xtype";
    let mut words = arguments.iter();
    let mut started = false;
    while let Some(word) = words.next() {
        let text = word.text().ok_or_else(|| computed("find"))?;
        if word.glob && text.starts_with(['*', '?', '[']) || word.brace || word.tilde {
            return Err("`find` gets names from a pattern".into());
        }
        let is_test = text.starts_with('-') || matches!(text.as_str(), "!" | "(" | ")");
        started |= is_test;
        if !is_test {
            if started {
                return Err(format!("`find {text}` is not on the safe list"));
            }
            inside(word, place, moved)?;
        } else if listed(VALUED, &text) {
            let value = words.next().and_then(|value| Some((value, value.text()?)));
            let (value, value_text) = value.ok_or_else(|| computed("find"))?;
            if value.brace || value.glob && value_text.starts_with(['*', '?', '[']) {
                return Err("`find` gets names from a pattern".into());
            }
            if text.starts_with("-newer") {
                inside(value, place, moved)?;
            }
        } else if !listed(ALONE, &text) {
            return Err(format!("`find {text}` is not on the safe list"));
        }
    }
    Ok(())
}

/// The first words of a command, for a reason: enough to recognise it.
fn shown(command: &Simple) -> String {
    let words = command
        .words
        .iter()
        .take(2)
        .map(|word| word.text().unwrap_or("…".into()));
    words.collect::<Vec<_>>().join(" ")
}
