//! What an elevated command comes to: words to run with more rights, or the reason why it cannot
//! be run from words. Nothing elevated ever goes through a shell.

use crate::shell::{Script, Simple, Word, parse, quoted};
use crate::{Line, line_of, privilege};

/// A command that asks for more rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elevation {
    Words {
        argv: Vec<String>,
        /// Whose rights it asks for.
        user: String,
    },
    /// It cannot be run; `why` says how it could be asked instead. For the model.
    Unclear { word: String, why: String },
}

/// How a model should ask instead.
const SPLIT: &str = "Call run_command once for the elevated part alone, with `argv` (program and \
                     arguments) and elevate: true, and do the rest in ordinary calls.";

/// Programs that would run any text that follows.
const INTERPRETERS: [&str; 21] = [
    "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "busybox", "env",
    "xargs", "nohup", "nice", "timeout", "setsid", "script", "watch", "eval", "exec",
];

/// None where nothing in the line asks for more rights. With `asked` the call itself does.
pub fn elevation(line: &Line<'_>, asked: bool) -> Option<Elevation> {
    let script = match line {
        Line::Argv(argv) => Ok(Script {
            commands: vec![Simple::from_argv(argv)],
        }),
        Line::Shell(line) => parse(line),
    };
    let found = match &script {
        Ok(script) => privilege::find(script),
        Err(_) => privilege::find_in_raw(&line_of(line)),
    };
    let word = match (found, asked) {
        (None, false) => return None,
        (word, _) => word.unwrap_or("elevate"),
    };
    let stripped = match &script {
        Ok(script) => words_of(script).and_then(stripped),
        Err(what) => Err(format!("it has {what}")),
    };
    Some(match stripped {
        Ok((argv, user)) => Elevation::Words { argv, user },
        Err(what) => Elevation::Unclear {
            word: word.to_owned(),
            why: format!("Not run: {what}. {SPLIT}"),
        },
    })
}

/// The words of a rule's text, as a shell would read them; None where they are no plain words.
pub fn words(text: &str) -> Option<Vec<String>> {
    parse(text).ok().and_then(|script| words_of(&script).ok())
}

/// Words as a person would type them.
pub fn typed(argv: &[String]) -> String {
    argv.iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

fn words_of(script: &Script) -> Result<Vec<String>, String> {
    let [only] = script.commands.as_slice() else {
        return Err("it is more than one command".into());
    };
    if !only.assignments.is_empty() {
        return Err("it sets variables, which an elevated command is not given".into());
    }
    if !only.redirects.is_empty() || only.piped {
        return Err("it redirects, which needs a shell".into());
    }
    let words: Option<Vec<String>> = only.words.iter().map(Word::plain).collect();
    match words {
        Some(words) if !words.is_empty() => Ok(words),
        _ => Err("its words are known only to a shell (`$`, `*`, `~`, braces)".into()),
    }
}

/// The command without the word that asks for rights, and whose rights.
fn stripped(words: Vec<String>) -> Result<(Vec<String>, String), String> {
    let (argv, user) = match base(&words[0]) {
        "sudo" => without_options(
            &words[1..],
            &[
                "-n",
                "-A",
                "-k",
                "-H",
                "--non-interactive",
                "--askpass",
                "--set-home",
            ],
            "sudo",
        )?,
        "doas" => without_options(&words[1..], &["-n"], "doas")?,
        "pkexec" => without_options(&words[1..], &["--disable-internal-agent"], "pkexec")?,
        "su" | "run0" | "sudoedit" | "gksu" | "gksudo" | "kdesu" => {
            return Err(format!(
                "`{}` starts a shell or a program of its own",
                words[0]
            ));
        }
        _ => (words, "root".to_owned()),
    };
    let Some(program) = argv.first() else {
        return Err("it names no program, and would start a shell".into());
    };
    if INTERPRETERS.contains(&base(program)) {
        return Err(format!(
            "`{program}` runs whatever follows it; name the program itself"
        ));
    }
    let nested = Script {
        commands: vec![Simple::from_argv(&argv)],
    };
    if let Some(word) = privilege::find(&nested) {
        return Err(format!("there is another `{word}` inside"));
    }
    Ok((argv, user))
}

fn without_options(
    words: &[String],
    harmless: &[&str],
    name: &str,
) -> Result<(Vec<String>, String), String> {
    let mut user = "root".to_owned();
    let mut rest = words.iter();
    while let Some(word) = rest.as_slice().first() {
        if harmless.contains(&word.as_str()) {
            rest.next();
        } else if word == "-u" || word == "--user" {
            rest.next();
            user = rest
                .next()
                .ok_or_else(|| format!("{name} {word} names nobody"))?
                .clone();
        } else if let Some(named) = word.strip_prefix("--user=") {
            user = named.to_owned();
            rest.next();
        } else if word == "--" {
            rest.next();
            break;
        } else if word.starts_with('-') {
            return Err(format!("the option {word} of {name} is not passed on"));
        } else if word.contains('=') {
            return Err("it sets variables, which an elevated command is not given".into());
        } else {
            break;
        }
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if user.is_empty() || user.starts_with('-') || !user.chars().all(plain) {
        return Err(format!("{user:?} is no user's name"));
    }
    Ok((rest.as_slice().to_vec(), user))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        match elevation(&Line::Shell(line), false) {
            None => "none".into(),
            Some(Elevation::Words { argv, user }) => format!("{user}: {}", typed(&argv)),
            Some(Elevation::Unclear { why, .. }) => why.split(". ").next().unwrap_or("").into(),
        }
    }

    #[test]
    fn one_command_becomes_words_and_the_rest_is_explained() {
        for (line, expected) in [
            ("ls -l", "none"),
            ("grep sudo notes.txt", "none"),
            ("sudo apt-get install -y jq", "root: apt-get install -y jq"),
            ("sudo -n -u www-data -- id -u", "www-data: id -u"),
            ("/usr/bin/sudo 'a b' c", "root: 'a b' c"),
            ("doas -u backup rsync a b", "backup: rsync a b"),
            (
                "pkexec --user root systemctl restart x",
                "root: systemctl restart x",
            ),
            ("sudo id; sudo id", "Not run: it is more than one command"),
            ("cd /etc && sudo ls", "Not run: it is more than one command"),
            (
                "echo x | sudo tee /etc/x",
                "Not run: it is more than one command",
            ),
            (
                "sudo ls > /etc/x",
                "Not run: it redirects, which needs a shell",
            ),
            (
                "sudo sh -c 'id'",
                "Not run: `sh` runs whatever follows it; name the program itself",
            ),
            ("sudo -i", "Not run: the option -i of sudo is not passed on"),
            (
                "sudo -E make",
                "Not run: the option -E of sudo is not passed on",
            ),
            (
                "sudo",
                "Not run: it names no program, and would start a shell",
            ),
            (
                "sudo A=1 make",
                "Not run: it sets variables, which an elevated command is not given",
            ),
            (
                "sudo rm $X",
                "Not run: its words are known only to a shell (`$`, `*`, `~`, braces)",
            ),
            (
                "su -c id",
                "Not run: `su` starts a shell or a program of its own",
            ),
            ("sudo -u '-x' id", "Not run: \"-x\" is no user's name"),
            (
                "sudo find / -exec sudo id ';'",
                "Not run: there is another `sudo` inside",
            ),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn a_call_that_asks_itself_needs_no_word() {
        let argv = ["apt-get".to_owned(), "update".to_owned()];
        let asked = elevation(&Line::Argv(&argv), true);
        assert_eq!(
            asked,
            Some(Elevation::Words {
                argv: argv.to_vec(),
                user: "root".into()
            })
        );
        assert!(matches!(
            elevation(&Line::Shell("a && b"), true),
            Some(Elevation::Unclear { .. })
        ));
    }
}
