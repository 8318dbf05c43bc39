//! Rules: which counts, what they reach, how they are written.

use std::path::Path;

use mira_policy::file::{parse, print};
use mira_policy::{
    Act, Command, Context, Decided, EveryBlock, Line, Rules, Source, Verdict, check, decide,
};
use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::{JudgedBy, Judgement, RuleDraft, RuleFormat};

fn drafts(text: &str) -> Vec<RuleDraft> {
    parse(text, RuleFormat::Toml).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// "allow command cargo test **", one a line, as a file's rules.
fn short(lines: &str) -> Vec<RuleDraft> {
    let mut text = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.splitn(3, ' ');
        let (action, kind, pattern) = (words.next(), words.next(), words.next());
        let (pattern, folder) = match pattern.unwrap().split_once(" @") {
            Some((pattern, folder)) => (pattern, format!("folder = {folder:?}\n")),
            None => (pattern.unwrap(), String::new()),
        };
        text += &format!(
            "[[rule]]\naction = {:?}\n{} = {pattern:?}\n{folder}\n",
            action.unwrap(),
            kind.unwrap()
        );
    }
    drafts(&text)
}

fn judged(act: &Act<'_>, rules: &[(Source, RuleDraft)], tool: Option<&str>) -> Decided {
    let (rules, problems) =
        Rules::compile(rules.iter().map(|(source, draft)| (source.clone(), draft)));
    assert_eq!(problems, [] as [String; 0]);
    let cx = Context {
        access: Access::Home,
        approve: ApproveMode::Ask,
        root: Path::new("/p/app"),
        home: Some(Path::new("/home/ada")),
        rules: &rules,
        tool,
        blocks: &EveryBlock,
    };
    decide(act, &cx)
}

fn word(decided: &Decided) -> &'static str {
    match decided.verdict {
        Verdict::Go => "go",
        Verdict::Ask { .. } => "ask",
        Verdict::Refuse { .. } => "refuse",
    }
}

fn saved(lines: &str) -> Vec<(Source, RuleDraft)> {
    let source = Source::Project { id: None };
    short(lines)
        .into_iter()
        .map(|draft| (source.clone(), draft))
        .collect()
}

fn line(rules: &[(Source, RuleDraft)], line: &str) -> &'static str {
    let (line, cwd) = (Line::Shell(line), "");
    word(&judged(
        &Act::Runs(Command {
            line,
            cwd,
            hosts: &[],
        }),
        rules,
        Some("run_command"),
    ))
}

#[test]
fn commands_are_matched_word_by_word() {
    let rules = saved(
        "allow command git push **
         deny command git push --force **
         allow command npm run *
         allow command make test @web
         allow command printf '*' @
         deny command docker **
         ask command ls secret*",
    );
    for (expected, command) in [
        ("go", "git push"),
        ("go", "git push origin main"),
        ("ask", "git pushy"),
        ("ask", "git -c x=y push"),
        ("refuse", "git push --force origin"),
        ("refuse", "git push --force"),
        ("go", "npm run build"),
        ("ask", "npm run"),
        ("ask", "npm run build extra"),
        ("ask", "make test"),
        ("refuse", "docker ps"),
        ("refuse", "/usr/bin/docker ps"),
        ("refuse", "env docker ps"),
        ("refuse", "timeout 5 docker ps"),
        ("refuse", "bash -c 'docker ps'"),
        ("refuse", "echo $(docker ps)"),
        ("refuse", "ls | xargs docker rm"),
        ("refuse", "find . -exec docker rm {} \\;"),
        ("refuse", "ls && docker ps && git push"),
        ("refuse", "d\"ock\"er ps"),
        ("ask", "$X ps"),
        ("ask", "git $X"),
        ("ask", "git push && npm publish"),
        ("go", "git push && npm run build"),
        ("ask", "git push > out.txt"),
        ("ask", "GIT_SSH=x git push"),
        ("ask", "ls secret.txt"),
        ("go", "ls public.txt"),
        ("ask", "/usr/bin/git push"),
    ] {
        assert_eq!(line(&rules, command), expected, "{command}");
    }
    let (shell, cwd) = (Line::Shell("make test"), "web");
    let in_web = judged(
        &Act::Runs(Command {
            line: shell,
            cwd,
            hosts: &[],
        }),
        &rules,
        None,
    );
    assert_eq!(word(&in_web), "go");
}

/// `**` of a wrapper does not swallow a command that nobody allowed.
#[test]
fn an_open_end_hides_no_other_command() {
    let rules = saved(
        "allow command xargs **
         allow command timeout **
         allow command bash -c **
         allow command find **
         allow command xargs rm **",
    );
    for (expected, command) in [
        ("ask", "ls | xargs touch"),
        ("go", "ls | xargs rm -f"),
        ("ask", "timeout 5 touch x"),
        ("go", "timeout 5 ls"),
        ("ask", "bash -c 'touch x'"),
        ("go", "bash -c 'ls'"),
        ("ask", "find . -exec touch {} \\;"),
        ("go", "find . -delete"),
    ] {
        assert_eq!(line(&rules, command), expected, "{command}");
    }
}

#[test]
fn the_most_specific_rule_counts_and_between_equals_the_strictest() {
    let user = Source::User { id: None };
    let project = Source::Project { id: None };
    let trusted = Source::File { trusted: true };
    let waiting = Source::File { trusted: false };
    let of = |list: &[(&Source, &str)]| -> Vec<(Source, RuleDraft)> {
        list.iter()
            .flat_map(|(source, text)| {
                short(text)
                    .into_iter()
                    .map(|draft| ((*source).clone(), draft))
            })
            .collect()
    };
    let deny_all = "deny command make **";
    for (expected, rules) in [
        ("refuse", of(&[(&user, deny_all)])),
        (
            "go",
            of(&[(&user, deny_all), (&user, "allow command make test **")]),
        ),
        (
            "go",
            of(&[(&user, deny_all), (&project, "allow command make test")]),
        ),
        (
            "go",
            of(&[(&user, deny_all), (&project, "allow command make **")]),
        ),
        (
            "refuse",
            of(&[(&project, deny_all), (&user, "allow command make **")]),
        ),
        ("go", of(&[(&trusted, "allow command make **")])),
        ("ask", of(&[(&waiting, "allow command make **")])),
        ("refuse", of(&[(&waiting, deny_all)])),
        (
            "refuse",
            of(&[(&user, deny_all), (&trusted, "allow command make test")]),
        ),
        (
            "go",
            of(&[(&trusted, deny_all), (&user, "allow command make test")]),
        ),
        (
            "ask",
            of(&[
                (&user, "allow command make **"),
                (&user, "ask command make test"),
            ]),
        ),
        (
            "go",
            of(&[
                (&user, "allow line make test"),
                (&user, "deny command make **"),
            ]),
        ),
    ] {
        assert_eq!(line(&rules, "make test"), expected, "{rules:?}");
    }
    // The same subject twice in a file is a fault, so equals come from different places only.
}

#[test]
fn paths_hosts_and_tools_have_rules() {
    let rules = saved(
        "deny read secrets/**
         deny read *.pem
         allow read /usr/include/**
         deny write migrations/**
         allow write ~/notes/**
         ask host *.example.com
         allow host docs.rs
         deny host evil.test
         deny tool web_search
         ask tool mcp__*
         allow tool fetch_*",
    );
    let paths = |path: &str| vec![path.to_owned()];
    let read = |path: &str| {
        word(&judged(
            &Act::Reads(&paths(path)),
            &rules,
            Some("read_project_file"),
        ))
    };
    assert_eq!(read("secrets/key"), "refuse");
    assert_eq!(read("secrets"), "refuse");
    assert_eq!(read("./src/../secrets/key"), "refuse");
    assert_eq!(read("a/b/x.pem"), "refuse");
    assert_eq!(read("src/main.rs"), "go");
    let write = |path: &str| {
        word(&judged(
            &Act::Writes(&paths(path)),
            &rules,
            Some("write_project_file"),
        ))
    };
    assert_eq!(write("migrations/1.sql"), "refuse");
    assert_eq!(write("/home/ada/notes/a.md"), "go");
    assert_eq!(write("/home/ada/other"), "ask");
    assert_eq!(write("src/a.rs"), "go");
    assert_eq!(write(".mira/hooks.toml"), "ask");
    assert_eq!(write(".mira/hooks/x.sh"), "ask");
    assert_eq!(write(".git/hooks/pre-commit"), "ask");
    for (expected, command) in [
        ("refuse", "cat secrets/key"),
        ("refuse", "cat ./secrets/key"),
        ("refuse", "cat < secrets/key"),
        ("refuse", "head -n1 a.pem"),
        ("refuse", "grep --file=secrets/key README.md"),
        ("go", "cat /usr/include/stdio.h"),
        ("ask", "cat /usr/share/x"),
        ("ask", "cat *"),
        ("go", "echo secrets/key"),
        ("refuse", "ls > migrations/x"),
        ("go", "cat migrations/1.sql"),
        ("refuse", "touch migrations/x"),
        ("refuse", "curl https://evil.test/x"),
        ("ask", "curl https://docs.rs/x"),
    ] {
        assert_eq!(line(&rules, command), expected, "{command}");
    }
    let reach = |url, tool| word(&judged(&Act::Reaches { url }, &rules, Some(tool)));
    assert_eq!(reach("https://docs.rs/x", "other"), "go");
    assert_eq!(reach("https://a.example.com/", "other"), "ask");
    assert_eq!(reach("https://evil.test/", "fetch_url"), "refuse");
    assert_eq!(reach("https://new.test/", "fetch_url"), "go", "by the tool");
    assert_eq!(
        reach("https://a.example.com/", "fetch_url"),
        "ask",
        "the host's rule is narrower"
    );
    assert_eq!(reach("https://docs.rs/", "web_search"), "refuse");
    let reads = |tool| word(&judged(&Act::Reads(&[]), &rules, Some(tool)));
    assert_eq!(
        (reads("mcp__x__y"), reads("web_search"), reads("git_log")),
        ("ask", "refuse", "go")
    );
}

#[test]
fn a_faulty_rule_is_refused_in_words() {
    for (text, told) in [
        ("[[rule]]\ncommand = \"ls\"", "line 1: It has no action"),
        (
            "\n[[rule]]\naction = \"allow\"",
            "line 2: It needs exactly one of",
        ),
        (
            "[[rule]]\naction = \"allow\"\ncommand = \"a\"\nhost = \"b\"",
            "exactly one of",
        ),
        ("[[rule]]\naction = \"maybe\"\ncommand = \"a\"", "line 2"),
        ("[[rule]]\naction = \"allow\"\ncomand = \"a\"", "comand"),
        (
            "[[rule]]\naction = \"allow\"\ncommand = \"** x\"",
            "begins with **",
        ),
        (
            "[[rule]]\naction = \"allow\"\ncommand = \"* x\"",
            "leaves the program open",
        ),
        (
            "[[rule]]\naction = \"allow\"\ncommand = \"a 'b\"",
            "not closed",
        ),
        ("[[rule]]\naction = \"allow\"\ncommand = \"\"", "is empty"),
        ("[[rule]]\naction = \"deny\"\nread = \"../x\"", "climbs"),
        ("[[rule]]\naction = \"deny\"\nhost = \"a/b\"", "is no host"),
        (
            "[[rule]]\naction = \"allow\"\ntool = \"run_*\"",
            "would let run_command run any command",
        ),
        (
            "[[rule]]\naction = \"allow\"\nhost = \"a\"\nfolder = \"b\"",
            "only be given for commands",
        ),
        (
            "[[rule]]\naction = \"allow\"\ncommand = \"a\"\nfolder = \"../b\"",
            "does not lie in the project",
        ),
        (
            "[[rule]]\naction = \"allow\"\nline = \"case x in\"",
            "has a statement",
        ),
        (
            "[[rule]]\naction = \"allow\"\ncommand = \"a\"\n[[rule]]\naction = \"deny\"\ncommand = \"a\"",
            "two rules",
        ),
        ("[[rules]]\naction = \"allow\"", "rules"),
        ("[[rule", "line 1"),
    ] {
        let faults = parse(text, RuleFormat::Toml).expect_err(text).join(" ");
        assert!(
            faults.contains(told),
            "{text:?}: {faults:?} has no {told:?}"
        );
    }
    let json = parse("{\"rule\":[{\"action\":\"allow\"}]}", RuleFormat::Json).unwrap_err();
    assert!(json[0].starts_with("rule 1: "), "{json:?}");
    assert!(parse("{", RuleFormat::Json).is_err());
}

#[test]
fn what_is_printed_is_read_again() {
    let all = short(
        "allow command cargo test ** @
         deny command echo 'a * b' \\*
         allow line make && ./run @web
         ask read ~/x/**
         deny write a\\*b/c
         ask host *.example.com
         deny tool mcp__*",
    );
    for format in [RuleFormat::Toml, RuleFormat::Json] {
        assert_eq!(parse(&print(&all, format), format).unwrap(), all);
    }
    assert!(all.iter().all(|draft| check(draft).as_ref() == Ok(draft)));
}

/// What "always" saves fits what was asked about, whatever odd words are in it.
#[test]
fn always_fits_odd_words() {
    for command in [
        "touch 'a b' \"it's\" '*' '**' 'a\\b' ''",
        "touch \\* x",
        "env FOO=1 touch x",
        "FOO=1 touch x",
        "touch x > 'a b'",
        "touch $X",
        "touch a && touch b; mkdir c | cat",
    ] {
        let (shell, cwd) = (Line::Shell(command), "");
        let act = Act::Runs(Command {
            line: shell,
            cwd,
            hosts: &[],
        });
        let Verdict::Ask { always, .. } = judged(&act, &[], None).verdict else {
            panic!("{command} was not asked about");
        };
        assert!(!always.is_empty(), "{command}");
        let source = Source::Project { id: None };
        let rules: Vec<_> = always
            .iter()
            .map(|draft| {
                (
                    source.clone(),
                    check(draft).unwrap_or_else(|fault| panic!("{fault}")),
                )
            })
            .collect();
        assert_eq!(
            word(&judged(&act, &rules, None)),
            "go",
            "{command}: {always:?}"
        );
        assert_eq!(line(&rules, "touch other"), "ask", "{command}");
    }
}

#[test]
fn the_tree_says_what_decided_each_part() {
    let rules = saved("allow command make **");
    let (shell, cwd) = (Line::Shell("make && ls $(touch x) | timeout 5 make"), "");
    let tree = judged(
        &Act::Runs(Command {
            line: shell,
            cwd,
            hosts: &[],
        }),
        &rules,
        None,
    )
    .tree;
    let mut lines = Vec::new();
    fn walk(tree: &Judgement, depth: usize, lines: &mut Vec<String>) {
        let by = match &tree.by {
            JudgedBy::Rule { text, .. } => text.clone(),
            JudgedBy::SafeList => "safe".into(),
            JudgedBy::Unlisted => "unlisted".into(),
            JudgedBy::Parts => "parts".into(),
            other => format!("{other:?}"),
        };
        lines.push(format!(
            "{}{:?} {} ({by})",
            " ".repeat(depth),
            tree.action,
            tree.text
        ));
        tree.parts
            .iter()
            .for_each(|part| walk(part, depth + 1, lines));
    }
    walk(&tree, 0, &mut lines);
    assert_eq!(
        lines,
        [
            "Ask make && ls $(touch x) | timeout 5 make (parts)",
            " Allow make (allow command make **)",
            " Ask ls $(…) (unlisted)",
            "  Ask $(…) (parts)",
            "   Ask touch x (unlisted)",
            " Allow timeout 5 make (parts)",
            "  Allow make (allow command make **)",
        ]
    );
}
