//! Which permission knows a command, which entry of the block list stops it.

use std::path::Path;

use mira_protocol::sudo::{SudoBlock, SudoMatch, SudoPermission};
use regex::Regex;

/// What a permission says of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: i64,
    pub name: String,
    /// It runs without a question.
    pub runs: bool,
}

/// Whether a person may write this.
pub fn check(matches: &SudoMatch) -> Result<(), String> {
    match matches {
        SudoMatch::Exact(text) | SudoMatch::Prefix(text) => match mira_policy::words(text) {
            Some(_) => Ok(()),
            None => Err(format!(
                "{text:?} is not one command of plain words; quote what a shell would change."
            )),
        },
        SudoMatch::Pattern(text) => whole(text)
            .map(|_| ())
            .map_err(|error| format!("The expression cannot be read: {error}.")),
        SudoMatch::Builtin(_) => Err("Built-in checks are Mira's own.".into()),
    }
}

/// The narrowest permission that is switched on: exact before longest prefix before expression.
pub fn permitted(permissions: &[SudoPermission], argv: &[String]) -> Option<Known> {
    let fitting = permissions
        .iter()
        .filter(|one| one.enabled && fits(&one.matches, argv));
    let found = fitting.max_by_key(|one| match &one.matches {
        SudoMatch::Exact(_) => usize::MAX,
        SudoMatch::Prefix(text) => mira_policy::words(text).map_or(0, |words| words.len()),
        SudoMatch::Pattern(_) | SudoMatch::Builtin(_) => 0,
    })?;
    Some(Known {
        id: found.id,
        name: found.name.clone(),
        runs: !found.requires_approval,
    })
}

/// The first entry that is switched on and stops the command.
pub fn blocked<'b>(
    blocks: &'b [SudoBlock],
    argv: &[String],
    home: Option<&Path>,
) -> Option<&'b SudoBlock> {
    let on = |name: &str| {
        blocks
            .iter()
            .any(|one| one.enabled && one.matches == SudoMatch::Builtin(name.to_owned()))
    };
    let builtin = mira_policy::blocked(argv, home, &on);
    blocks.iter().find(|one| {
        one.enabled
            && match &one.matches {
                SudoMatch::Builtin(name) => builtin == Some(name.as_str()),
                other => fits(other, argv),
            }
    })
}

/// The person's own entry that stops a command, with more rights or without.
pub fn own_block<'b>(blocks: &'b [SudoBlock], argv: &[String]) -> Option<&'b SudoBlock> {
    let own = |one: &&SudoBlock| !matches!(one.matches, SudoMatch::Builtin(_));
    let mut entries = blocks.iter().filter(own);
    entries.find(|one| one.enabled && !argv.is_empty() && fits(&one.matches, argv))
}

/// By words; the program counts by its name where the rule has no path.
fn fits(matches: &SudoMatch, argv: &[String]) -> bool {
    let begins = |text: &str, whole: bool| {
        let Some(words) = mira_policy::words(text) else {
            return false;
        };
        let long_enough = if whole {
            words.len() == argv.len()
        } else {
            words.len() <= argv.len()
        };
        long_enough
            && words
                .iter()
                .zip(argv)
                .enumerate()
                .all(|(index, (rule, word))| rule == word || index == 0 && same_program(rule, word))
    };
    match matches {
        SudoMatch::Exact(text) => begins(text, true),
        SudoMatch::Prefix(text) => begins(text, false),
        SudoMatch::Pattern(text) => whole(text).is_ok_and(|pattern| {
            let by_name: Vec<String> = argv
                .iter()
                .enumerate()
                .map(|(index, word)| {
                    if index == 0 {
                        base(word).to_owned()
                    } else {
                        word.clone()
                    }
                })
                .collect();
            pattern.is_match(&mira_policy::typed(argv))
                || from_the_system(&argv[0]) && pattern.is_match(&mira_policy::typed(&by_name))
        }),
        SudoMatch::Builtin(_) => false,
    }
}

/// `systemctl` means the system's, not one of the same name in the project.
fn same_program(rule: &str, program: &str) -> bool {
    !rule.contains('/') && base(program) == rule && from_the_system(program)
}

fn from_the_system(program: &str) -> bool {
    const FOLDERS: [&str; 6] = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ];
    let folder = Path::new(program).parent().and_then(Path::to_str);
    folder.is_some_and(|folder| FOLDERS.contains(&folder))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn whole(text: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(&format!("^(?:{text})$"))
        .size_limit(1 << 20)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn words_are_compared_and_never_text_across_them() {
        let command = argv(&["/usr/bin/apt-get", "install", "jq"]);
        for (matches, expected) in [
            (SudoMatch::Exact("apt-get install jq".into()), true),
            (SudoMatch::Exact("apt-get install".into()), false),
            (SudoMatch::Prefix("apt-get install".into()), true),
            (SudoMatch::Prefix("apt-get ins".into()), false),
            (SudoMatch::Prefix("/usr/bin/apt-get".into()), true),
            (SudoMatch::Pattern("apt-get install [a-z]+".into()), true),
            (SudoMatch::Pattern("install".into()), false),
        ] {
            assert_eq!(fits(&matches, &command), expected, "{matches:?}");
        }
        let mine = argv(&["/home/me/project/apt-get", "install", "jq"]);
        assert!(!fits(&SudoMatch::Prefix("apt-get".into()), &mine));
        assert!(!fits(&SudoMatch::Pattern("apt-get .*".into()), &mine));
        let hidden = argv(&["/usr/bin/apt-get", "install jq; reboot"]);
        assert!(!fits(
            &SudoMatch::Exact("apt-get install jq".into()),
            &hidden
        ));
    }

    #[test]
    fn what_cannot_be_read_is_refused_when_it_is_written() {
        assert!(check(&SudoMatch::Pattern("(".into())).is_err());
        assert!(check(&SudoMatch::Prefix("a; b".into())).is_err());
        assert!(check(&SudoMatch::Exact("apt-get update".into())).is_ok());
    }
}
