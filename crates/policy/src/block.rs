//! The last net: what never runs, whatever a rule or an approval says.
//!
//! Matched on parsed commands, wherever in a line they stand and however they are wrapped: under
//! `env`, in `bash -c`, in a substitution, out of `echo … | base64 -d | sh`. A path counts only
//! where losing it loses the machine or the home folder, so that `rm -rf /tmp/x` passes.

use std::path::{Path, PathBuf};

use crate::inner;
use crate::privilege::{Variables, is_shell};
use crate::safe::lexical;
use crate::shell::{RedirectKind, Script, Simple, Word, parse};

/// An entry of the block list.
#[derive(Debug)]
pub struct Block {
    pub name: &'static str,
    /// What it stops; completes "it was not run: …".
    pub description: &'static str,
    pub severity: &'static str,
    stops: fn(&Seen<'_>) -> bool,
}

/// Narrower entries stand before wider ones.
pub const BLOCK_LIST: [Block; 11] = [
    Block {
        name: "recursive_root_deletion",
        description: "it would delete the system or the whole home folder",
        severity: "critical",
        stops: root_deletion,
    },
    Block {
        name: "overwrite_boot_sector",
        description: "it would overwrite a boot sector",
        severity: "critical",
        stops: boot_sector,
    },
    Block {
        name: "dd_to_partition",
        description: "it would write raw bytes over a partition",
        severity: "high",
        stops: |seen| raw_write(seen, |device| device.partition),
    },
    Block {
        name: "dd_to_disk_device",
        description: "it would write raw bytes over a disk",
        severity: "critical",
        stops: |seen| raw_write(seen, |device| !device.partition),
    },
    Block {
        name: "format_filesystem",
        description: "it would format a disk",
        severity: "critical",
        stops: format,
    },
    Block {
        name: "destructive_fdisk",
        description: "it would change a disk's partitions",
        severity: "critical",
        stops: partitions,
    },
    Block {
        name: "curl_to_shell",
        description: "it would run what curl fetches, unread",
        severity: "high",
        stops: |seen| fetched_code(seen, &["curl"]),
    },
    Block {
        name: "wget_to_shell",
        description: "it would run what a download fetches, unread",
        severity: "high",
        stops: |seen| fetched_code(seen, &["wget", "aria2c", "fetch", "http", "https"]),
    },
    Block {
        name: "fork_bomb",
        description: "it would start itself without end",
        severity: "critical",
        stops: fork_bomb,
    },
    Block {
        name: "chmod_world_writable_root",
        description: "it would let everybody write to the system",
        severity: "high",
        stops: world_writable,
    },
    Block {
        name: "delete_boot_password_files",
        description: "it would destroy what the machine needs to start or to log in",
        severity: "critical",
        stops: boot_or_password_files,
    },
];

/// A line as the entries look at it.
struct Seen<'a> {
    raw: &'a str,
    script: Option<&'a Script>,
    /// Every command that may run, with what is known of its words.
    commands: Vec<Vec<Option<String>>>,
    home: Option<&'a Path>,
}

/// The first entry that stops a line. `script` is None where it could not be parsed.
pub(crate) fn find(
    script: Option<&Script>,
    raw: &str,
    home: Option<&Path>,
    counts: &dyn Fn(&str) -> bool,
) -> Option<&'static Block> {
    let mut commands = Vec::new();
    if let Some(script) = script {
        collect(script, 0, &mut commands);
    }
    let seen = Seen {
        raw,
        script,
        commands,
        home,
    };
    BLOCK_LIST
        .iter()
        .find(|block| counts(block.name) && (block.stops)(&seen))
}

fn collect(script: &Script, depth: usize, found: &mut Vec<Vec<Option<String>>>) {
    let every = script.every_command();
    let mut variables = Variables::new();
    for command in &every {
        for (name, value) in &command.assignments {
            variables
                .entry(name.clone())
                .or_default()
                .push(value.clone());
        }
    }
    variables
        .entry("HOME".into())
        .or_insert_with(|| vec![Word::literal("$HOME")]);
    let reading = |command: &Simple| inner::resolved(command, &variables);
    for command in &every {
        found.push(reading(command));
        found.extend(inner::possible_as(command, &reading));
    }
    if depth > 2 {
        return;
    }
    for text in texts_for_shells(script) {
        if let Ok(script) = parse(&text) {
            collect(&script, depth + 1, found);
        }
    }
}

/// What `echo`, `printf` and here-documents feed to a shell, decoded where the line decodes it.
fn texts_for_shells(script: &Script) -> Vec<String> {
    let mut texts = Vec::new();
    let mut open = vec![script];
    while let Some(script) = open.pop() {
        for command in &script.commands {
            open.extend(command.every_word().flat_map(Word::substitutions));
        }
        for (at, command) in script.commands.iter().enumerate() {
            let name = command.words.first().and_then(Word::text);
            if !name.as_deref().is_some_and(|name| is_shell(base(name))) {
                continue;
            }
            let here = command
                .redirects
                .iter()
                .filter(|redirect| redirect.kind == RedirectKind::Here);
            texts.extend(here.filter_map(|redirect| redirect.target.text()));
            if command.piped {
                texts.extend(piped_text(&script.commands[..at]));
            }
            // `bash -c "$(echo … | base64 -d)"`
            let printed = command.words.iter().flat_map(Word::substitutions);
            texts.extend(printed.filter_map(|inner| piped_text(&inner.commands)));
        }
        // `$(echo …) …` and `eval "$(…)"`.
        for command in &script.commands {
            let first = command.words.iter().take(2);
            let printed = first.flat_map(Word::substitutions);
            texts.extend(printed.filter_map(|inner| piped_text(&inner.commands)));
        }
    }
    texts
}

/// The text at the end of `echo … | base64 -d | …`.
fn piped_text(commands: &[Simple]) -> Option<String> {
    let begin = commands.iter().rposition(|command| !command.piped)?;
    let source = &commands[begin];
    let words: Vec<String> = source.words.iter().map(Word::text).collect::<Option<_>>()?;
    let (name, rest) = words.split_first()?;
    let given = match base(name) {
        "echo" => rest
            .iter()
            .skip_while(|word| matches!(word.as_str(), "-n" | "-e" | "-en" | "-ne"))
            .cloned()
            .collect::<Vec<_>>()
            .join(" "),
        "printf" if rest.first().is_some_and(|format| format.contains("%s")) => rest[1..].join(" "),
        "printf" => rest.join(" "),
        _ => {
            let here = source
                .redirects
                .iter()
                .find(|redirect| redirect.kind == RedirectKind::Here)?;
            here.target.text()?
        }
    };
    let mut text = unescaped(&given);
    for filter in &commands[begin + 1..] {
        let words: Vec<String> = filter.words.iter().filter_map(Word::text).collect();
        let flags = &words[1.min(words.len())..];
        text = match words.first().map(|name| base(name))? {
            "base64"
                if flags
                    .iter()
                    .any(|flag| flag == "-d" || flag == "-D" || flag == "--decode") =>
            {
                base64(&text)?
            }
            "xxd" if flags.iter().any(|flag| flag.starts_with("-r")) => hex(&text)?,
            "rev" => text
                .lines()
                .map(|line| line.chars().rev().collect::<String>())
                .collect::<Vec<_>>()
                .join("\n"),
            "cat" | "tee" => text,
            _ => return None,
        };
    }
    Some(text)
}

/// `\x72`, `\162`, `\n` as `printf` and `echo -e` read them.
fn unescaped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at] != '\\' || at + 1 >= chars.len() {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        let (radix, skip, most) = match chars[at + 1] {
            'x' => (16, 2, 2),
            '0'..='7' => (8, 1, 4),
            'n' => {
                out.push('\n');
                at += 2;
                continue;
            }
            other => {
                out.push(other);
                at += 2;
                continue;
            }
        };
        let digits: String = chars[at + skip..]
            .iter()
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .collect();
        let code = u32::from_str_radix(&digits, radix)
            .ok()
            .and_then(char::from_u32);
        out.extend(code);
        at += skip + digits.chars().count();
    }
    out
}

fn base64(text: &str) -> Option<String> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '=') {
        let value = match c {
            'A'..='Z' => u32::from(c) - 65,
            'a'..='z' => u32::from(c) - 71,
            '0'..='9' => u32::from(c) + 4,
            '+' | '-' => 62,
            '/' | '_' => 63,
            _ => return None,
        };
        held = (held << 6) | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(text: &str) -> Option<String> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8);
    String::from_utf8(bytes.collect()).ok()
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Seen<'_> {
    /// Program and known words of each command; unknown words are left out.
    fn each(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.commands.iter().filter_map(|words| {
            let (first, rest) = words.split_first()?;
            let rest = rest.iter().flatten().map(String::as_str).collect();
            Some((base(first.as_deref()?), rest))
        })
    }

    fn redirections(&self) -> Vec<String> {
        let commands = self.script.map(Script::every_command).unwrap_or_default();
        let writes = commands
            .iter()
            .flat_map(|command| &command.redirects)
            .filter(|redirect| redirect.kind == RedirectKind::Write);
        writes
            .filter_map(|redirect| redirect.target.text())
            .collect()
    }

    /// The path with `~` and `$HOME` in place of their names; None for a relative one.
    fn absolute(&self, word: &str) -> Option<PathBuf> {
        let home = self.home.unwrap_or(Path::new("/home/user"));
        let rest = |name: &str| {
            let rest = word.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        };
        if let Some(rest) = rest("~")
            .or_else(|| rest("$HOME"))
            .or_else(|| rest("${HOME}"))
        {
            return Some(lexical(&home.join(rest.trim_start_matches('/'))));
        }
        word.starts_with('/').then(|| lexical(Path::new(word)))
    }
}

/// Folders whose loss is the machine's.
const SYSTEM: [&str; 20] = [
    "bin", "boot", "dev", "efi", "etc", "home", "lib", "lib32", "lib64", "opt", "proc", "root",
    "run", "sbin", "srv", "sys", "usr", "var", "Users", "System",
];

/// The root, a system folder, what lies right in one of them by `*`, or the home folder.
fn is_vital(seen: &Seen<'_>, word: &str) -> bool {
    let word = word.trim_end_matches("/*").trim_end_matches("/.");
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
        [only] => only == "*" || SYSTEM.contains(&only.as_str()),
        // `/home/NAME` is somebody's all; `/usr/bin` and its like are the system.
        [first, _] => matches!(first.as_str(), "home" | "Users"),
        _ => false,
    }
}

/// `rm -rf` has its flags in any order, joined, long or shortened.
fn flags<'w>(words: &[&'w str]) -> (String, Vec<&'w str>, Vec<&'w str>) {
    let (mut short, mut long, mut operands) = (String::new(), Vec::new(), Vec::new());
    let mut only_operands = false;
    for word in words {
        if only_operands || !word.starts_with('-') || *word == "-" {
            operands.push(*word);
        } else if *word == "--" {
            only_operands = true;
        } else if let Some(name) = word.strip_prefix("--") {
            long.push(name);
        } else {
            short.push_str(&word[1..]);
        }
    }
    (short, long, operands)
}

fn root_deletion(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| match name {
        "rm" => {
            let (short, long, operands) = flags(&words);
            let recursive = short.contains(['r', 'R'])
                || long
                    .iter()
                    .any(|flag| !flag.is_empty() && "recursive".starts_with(*flag))
                || long.contains(&"no-preserve-root");
            recursive && operands.iter().any(|word| is_vital(seen, word))
        }
        "find" => {
            let starts = words
                .iter()
                .take_while(|word| !word.starts_with(['-', '(', '!']));
            let deletes = words.contains(&"-delete")
                || words.windows(2).any(|pair| {
                    pair[0].starts_with("-exec")
                        && matches!(base(pair[1]), "rm" | "shred" | "unlink")
                });
            // With a test that picks some files it is no deletion of all.
            let picks = words.iter().any(|word| {
                matches!(
                    *word,
                    "-name"
                        | "-iname"
                        | "-path"
                        | "-regex"
                        | "-newer"
                        | "-mtime"
                        | "-user"
                        | "-empty"
                )
            });
            deletes && !picks && starts.clone().any(|word| is_vital(seen, word))
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

/// A block device.
struct Device {
    partition: bool,
    /// The first disk, where machines start from.
    first: bool,
}

fn device(path: &str) -> Option<Device> {
    let name = path.strip_prefix("/dev/")?;
    let name = name.strip_prefix("mapper/").unwrap_or(name);
    let lettered = ["sd", "hd", "vd", "xvd"]
        .iter()
        .find_map(|kind| name.strip_prefix(kind));
    if let Some(rest) = lettered {
        let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let fits = !letters.is_empty()
            && letters
                .chars()
                .all(|c| c.is_ascii_lowercase() || matches!(c, '*' | '?'));
        return fits.then_some(Device {
            partition: letters.len() < rest.len(),
            first: letters == "a",
        });
    }
    for (kind, mark) in [
        ("nvme", 'p'),
        ("mmcblk", 'p'),
        ("disk", 's'),
        ("rdisk", 's'),
    ] {
        if let Some(rest) = name.strip_prefix(kind) {
            let starts_well = rest.starts_with(|c: char| c.is_ascii_digit() || c == '*');
            return starts_well.then_some(Device {
                partition: rest.contains(mark),
                first: rest.starts_with('0'),
            });
        }
    }
    None
}

fn dd_target<'w>(name: &str, words: &[&'w str]) -> Option<&'w str> {
    let given = words.iter().find_map(|word| word.strip_prefix("of="));
    given.filter(|_| matches!(name, "dd" | "dcfldd" | "dc3dd"))
}

fn boot_sector(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        let first = dd_target(name, &words)
            .and_then(device)
            .is_some_and(|device| device.first && !device.partition);
        let small = words.iter().any(|word| {
            matches!(
                *word,
                "bs=512" | "bs=446" | "bs=440" | "ibs=512" | "obs=512"
            )
        }) && words.contains(&"count=1");
        first && small
    })
}

fn raw_write(seen: &Seen<'_>, fits: fn(&Device) -> bool) -> bool {
    let hits = |path: &str| device(path).is_some_and(|device| fits(&device));
    seen.redirections().iter().any(|path| hits(path))
        || seen.each().any(|(name, words)| match name {
            "dd" | "dcfldd" | "dc3dd" => dd_target(name, &words).is_some_and(hits),
            "tee" | "shred" | "wipe" | "wipefs" | "badblocks" | "blkdiscard" => {
                words.iter().any(|word| hits(word))
            }
            "cp" | "mv" | "install" => words.last().is_some_and(|word| hits(word)),
            _ => false,
        })
}

fn format(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        let formats = name.starts_with("mkfs")
            || matches!(name, "mke2fs" | "mkswap" | "newfs" | "mkdosfs" | "mkntfs");
        formats && words.iter().any(|word| word.starts_with("/dev/"))
    })
}

fn partitions(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        let edits = matches!(
            name,
            "fdisk" | "sfdisk" | "cfdisk" | "gdisk" | "sgdisk" | "cgdisk" | "parted"
        );
        let looks = words.iter().any(|word| {
            matches!(
                *word,
                "-l" | "--list"
                    | "-d"
                    | "--dump"
                    | "-p"
                    | "--print"
                    | "print"
                    | "-s"
                    | "--show-size"
            )
        });
        let writes = words
            .iter()
            .any(|word| matches!(*word, "mklabel" | "mkpart" | "rm" | "resizepart"));
        edits && (!looks || writes) && words.iter().any(|word| word.starts_with("/dev/"))
    })
}

const INTERPRETERS: [&str; 9] = [
    "python", "python2", "python3", "perl", "ruby", "node", "php", "deno", "bun",
];

/// `curl … | sh`, `bash <(curl …)`, `sh -c "$(curl …)"`, `eval "$(curl …)"`.
fn fetched_code(seen: &Seen<'_>, fetchers: &[&str]) -> bool {
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

/// `:(){ :|:& };:` under any name.
fn fork_bomb(seen: &Seen<'_>) -> bool {
    // A line break ends a command; other blanks mean nothing here.
    let bare: String = seen
        .raw
        .chars()
        .map(|c| if c == '\n' { ';' } else { c })
        .filter(|c| !c.is_whitespace())
        .collect();
    let mut rest = bare.as_str();
    while let Some(at) = rest.find("(){") {
        let name: String = rest[..at]
            .chars()
            .rev()
            .take_while(|c| !matches!(c, ';' | '&' | '|' | '(' | ')' | '{' | '}' | '\'' | '"'))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let name = name.strip_prefix("function").unwrap_or(&name);
        let body = &rest[at + 3..];
        if !name.is_empty() && body.contains(&format!("{name}|{name}&")) {
            return true;
        }
        rest = body;
    }
    false
}

fn world_writable(seen: &Seen<'_>) -> bool {
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

fn boot_or_password_files(seen: &Seen<'_>) -> bool {
    const FILES: [&str; 5] = [
        "/etc/passwd",
        "/etc/shadow",
        "/etc/group",
        "/etc/gshadow",
        "/etc/sudoers",
    ];
    let vital = |word: &str| {
        seen.absolute(word).is_some_and(|path| {
            path.starts_with("/boot") || FILES.iter().any(|file| path == Path::new(file))
        })
    };
    seen.redirections().iter().any(|path| vital(path))
        || seen.each().any(|(name, words)| match name {
            "rm" | "unlink" | "shred" | "truncate" | "srm" => words.iter().any(|word| vital(word)),
            "find" => words.contains(&"-delete") && words.iter().any(|word| vital(word)),
            "mv" => words
                .split_last()
                .is_some_and(|(_, from)| from.iter().any(|word| vital(word))),
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
