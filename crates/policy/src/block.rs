//! The last net: what never runs, whatever a rule or an approval says.
//!
//! Matched on parsed commands, wherever in a line they stand and however they are wrapped: under
//! `env`, in `bash -c`, in a substitution, out of `echo … | base64 -d | sh`. A path counts only
//! where losing it loses the machine or the home folder, so that `rm -rf /tmp/x` passes. One list
//! for what runs as the person and for what runs with more rights.

mod decoded;
mod disks;
mod fetched;
mod lost;

use std::path::{Path, PathBuf};

use crate::inner;
use crate::privilege::Variables;
use crate::safe::lexical;
use crate::shell::{RedirectKind, Script, Simple, Word, parse};
use crate::{Line, line_of};
use decoded::texts_for_shells;
use disks::{boot_sector, format, partitions, raw_write};
use fetched::fetched_code;
use lost::{boot_or_password_files, root_deletion, world_writable};

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

/// The name of the first entry that stops words which are run as they are, with more rights. No
/// shell comes between, so the words are all there is.
pub fn blocked(
    argv: &[String],
    home: Option<&Path>,
    counts: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    let script = Script {
        commands: vec![Simple::from_argv(argv)],
    };
    let raw = line_of(&Line::Argv(argv));
    find(Some(&script), &raw, home, counts).map(|block| block.name)
}

/// Every command that a line may run whose words are all known, wherever in it they stand.
pub fn commands_of(line: &Line<'_>) -> Vec<Vec<String>> {
    let script = match line {
        Line::Argv(argv) => Ok(Script {
            commands: vec![Simple::from_argv(argv)],
        }),
        Line::Shell(line) => parse(line),
    };
    let mut found = Vec::new();
    if let Ok(script) = script {
        collect(&script, 0, &mut found);
    }
    let known = found
        .into_iter()
        .filter_map(|words| words.into_iter().collect::<Option<Vec<String>>>());
    known.filter(|words| !words.is_empty()).collect()
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
    // `function f { f | f & }`
    bare.match_indices("function").any(|(at, word)| {
        let after = &bare[at + word.len()..];
        after.split_once('{').is_some_and(|(name, body)| {
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
            !name.is_empty() && name.chars().all(valid) && body.contains(&format!("{name}|{name}&"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> &'static str {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        blocked(&argv, Some(Path::new("/home/me")), &|_| true).unwrap_or("-")
    }

    #[test]
    fn words_with_more_rights_are_looked_at_as_others_are() {
        for (line, expected) in [
            ("rm -rfv /", "recursive_root_deletion"),
            (
                "/bin/rm --recursive --force /usr/",
                "recursive_root_deletion",
            ),
            ("rm -rf /home/me", "recursive_root_deletion"),
            ("rm -rf /etc/../", "recursive_root_deletion"),
            ("rm -rf /*", "recursive_root_deletion"),
            ("rm -rf /usr/lib", "recursive_root_deletion"),
            ("find / -delete", "recursive_root_deletion"),
            ("rm -rf /tmp/x", "-"),
            ("rm -rf /var/lib/app", "-"),
            ("rm /etc/shadow", "delete_boot_password_files"),
            ("rm /etc/fstab", "delete_boot_password_files"),
            ("sed -i s/a/b/ /etc/fstab", "-"),
            ("rm /boot/vmlinuz", "delete_boot_password_files"),
            ("dd if=x of=/dev/sdb1", "dd_to_partition"),
            ("dd if=x of=/dev/mapper/root", "dd_to_partition"),
            ("dd if=x of=/dev/sda", "dd_to_disk_device"),
            (
                "dd if=x of=/dev/sda bs=512 count=1",
                "overwrite_boot_sector",
            ),
            ("dd if=x of=/dev/nvme1n1", "dd_to_disk_device"),
            ("dd if=x of=/dev/null", "-"),
            ("mkfs.ext4 /dev/sdb1", "format_filesystem"),
            ("mkfs.ext4 disk.img", "-"),
            ("wipefs -a /dev/sdb", "dd_to_disk_device"),
            ("fdisk /dev/sda", "destructive_fdisk"),
            ("fdisk -l /dev/sda", "-"),
            ("chmod -R 777 /", "chmod_world_writable_root"),
            ("chmod a+rwx /etc", "chmod_world_writable_root"),
            ("chmod 755 /etc", "-"),
            ("apt-get install jq", "-"),
        ] {
            assert_eq!(check(line), expected, "{line}");
        }
        let argv = ["fdisk", "/dev/sda"].map(str::to_owned);
        let off = blocked(&argv, None, &|name| name != "destructive_fdisk");
        assert_eq!(off, None);
    }

    #[test]
    fn every_command_of_a_line_is_seen() {
        let line = "cd web && env X=1 npm run build; echo $(git push) | bash -c 'rm x'";
        let found: Vec<String> = commands_of(&Line::Shell(line))
            .iter()
            .map(|words| words.join(" "))
            .collect();
        for expected in ["cd web", "npm run build", "git push", "rm x"] {
            assert!(
                found.iter().any(|one| one == expected),
                "{expected} in {found:?}"
            );
        }
    }
}
