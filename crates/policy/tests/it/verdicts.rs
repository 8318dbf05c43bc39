use std::io::Write;
use std::path::Path;

use mira_policy::{
    Act, Command, Context, EveryBlock, Line, Rules, Source, Verdict, decide, line_of,
};
use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::{RuleAction, RuleDraft, RuleKind};

const CORPUS: &str = include_str!("../commands.txt");

fn shell<'a>(line: &'a str, cwd: &'a str) -> Act<'a> {
    let line = Line::Shell(line);
    Act::Runs(Command {
        line,
        cwd,
        hosts: &[],
    })
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn allow(kind: RuleKind, pattern: &str, folder: Option<&str>) -> RuleDraft {
    RuleDraft {
        action: RuleAction::Allow,
        kind,
        pattern: pattern.into(),
        folder: folder.map(String::from),
        note: String::new(),
    }
}

fn remembered() -> Vec<RuleDraft> {
    vec![
        allow(RuleKind::Line, "cargo test", Some("")),
        allow(RuleKind::Line, "npm run lint", Some("")),
        allow(RuleKind::Host, "example.com", None),
        allow(RuleKind::Line, "cd web && npm test", Some("")),
    ]
}

fn verdict(act: &Act<'_>, access: Access, approve: ApproveMode) -> Verdict {
    verdict_with(act, access, approve, &remembered())
}

fn verdict_with(
    act: &Act<'_>,
    access: Access,
    approve: ApproveMode,
    drafts: &[RuleDraft],
) -> Verdict {
    let source = Source::Project { id: None };
    let (rules, problems) = Rules::compile(drafts.iter().map(|draft| (source.clone(), draft)));
    assert_eq!(problems, [] as [String; 0]);
    let cx = Context {
        access,
        approve,
        root: Path::new("/p/app"),
        home: Some(Path::new("/home/ada")),
        rules: &rules,
        tool: None,
        blocks: &EveryBlock,
    };
    decide(act, &cx).verdict
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Go => "go",
        Verdict::Ask { .. } => "ask",
        Verdict::Refuse { .. } => "refuse",
    }
}

fn corpus() -> Vec<(&'static str, String)> {
    let lines = CORPUS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases = lines.map(|line| {
        let (verdict, command) = line.split_once(' ').expect("a verdict and a command");
        (
            verdict,
            command.trim().replace("\\n", "\n").replace("\\t", "\t"),
        )
    });
    cases.collect()
}

/// Past the test harness, which keeps what tests print to itself.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn every_command_of_the_corpus_gets_its_verdict() {
    let cases = corpus();
    assert!(cases.len() >= 500);
    let tried = cases.len();
    let mut missed = Vec::new();
    for (expected, command) in cases {
        let got = verdict(&shell(&command, ""), Access::Project, ApproveMode::Ask);
        if word(&got) != expected {
            missed.push(format!("{command:?}: {got:?}, expected {expected}"));
        }
    }
    print(&format!(
        "command verdicts: tried {tried}, held {}",
        tried - missed.len()
    ));
    missed
        .iter()
        .for_each(|one| print(&format!("  missed: {one}")));
    assert!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
}

/// The modes only ever narrow or widen the middle: elevation stays refused in each of them.
#[test]
fn approval_modes_keep_their_promises() {
    for (expected, command) in corpus() {
        let act = shell(&command, "");
        let in_mode = |mode| word(&verdict(&act, Access::Project, mode));
        assert_eq!(in_mode(ApproveMode::Safe), expected, "{command:?}");
        let (all, never) = match expected {
            "go" => ("go", "refuse"),
            "ask" => ("go", "ask"),
            _ => ("refuse", "refuse"),
        };
        assert_eq!(in_mode(ApproveMode::All), all, "{command:?}");
        assert_eq!(in_mode(ApproveMode::Never), never, "{command:?}");
        let reading = verdict(&act, Access::Read, ApproveMode::All);
        assert_eq!(word(&reading), "refuse", "{command:?}");
    }
}

/// "Always" remembers exactly what was shown: that line goes afterwards, and nothing longer does.
#[test]
fn what_is_remembered_is_what_was_shown() {
    for (expected, command) in corpus() {
        let act = shell(&command, "");
        let asked = verdict(&act, Access::Project, ApproveMode::Ask);
        let Verdict::Ask { always, .. } = asked else {
            continue;
        };
        if always.is_empty() {
            continue;
        }
        assert_eq!(expected, "ask");
        let kept = always;
        let decided = |act: &Act<'_>, drafts: &[RuleDraft]| {
            verdict_with(act, Access::Project, ApproveMode::Ask, drafts)
        };
        assert_eq!(decided(&act, &kept), Verdict::Go, "{command:?}");
        let longer = format!("{command}\nrm -rf /");
        assert_ne!(
            decided(&shell(&longer, ""), &kept),
            Verdict::Go,
            "{command:?}"
        );
        let elsewhere = shell(&command, "src");
        assert_eq!(
            decided(&elsewhere, &kept),
            decided(&elsewhere, &[]),
            "{command:?}"
        );
    }
}

#[test]
fn a_folder_is_part_of_what_is_remembered() {
    let mode = |act: Act<'_>| word(&verdict(&act, Access::Project, ApproveMode::Ask));
    assert_eq!(mode(shell("npm test", "web")), "go");
    assert_eq!(mode(shell("npm test", "./web/")), "go");
    assert_eq!(mode(shell("npm test", "")), "ask");
    assert_eq!(mode(shell("cd web && npm test", "")), "go");
    assert_eq!(mode(shell("ls", "../other")), "ask");
    assert_eq!(mode(shell("cat ../Cargo.toml", "web")), "go");
    assert_eq!(mode(shell("cat ../../secret", "web")), "ask");
}

#[test]
fn words_run_directly_are_judged_alike() {
    let mode = |list: &[&str]| {
        let (line, cwd) = (&words(list), "");
        let act = Act::Runs(Command {
            line: Line::Argv(line),
            cwd,
            hosts: &[],
        });
        word(&verdict(&act, Access::Project, ApproveMode::Ask))
    };
    assert_eq!(mode(&["ls", "-la"]), "go");
    assert_eq!(mode(&["ls", "a; rm x"]), "go");
    assert_eq!(mode(&["cargo", "test"]), "go");
    assert_eq!(mode(&["cargo test"]), "ask");
    assert_eq!(mode(&["rm", "x"]), "ask");
    assert_eq!(mode(&["cat", "/etc/passwd"]), "ask");
    assert_eq!(mode(&["sudo", "ls"]), "refuse");
    assert_eq!(mode(&["env", "sudo", "ls"]), "refuse");
    assert_eq!(mode(&["bash", "-c", "s'u'do ls"]), "refuse");
    let argv = words(&["touch", "it's here", ""]);
    assert_eq!(line_of(&Line::Argv(&argv)), r"touch 'it'\''s here' ''");
}

#[test]
fn writes_stay_inside_unless_the_person_allowed_more() {
    let paths = |path: &str| words(&["src/a.rs", path]);
    let cases = [
        (Access::Project, "b.rs", "go"),
        (Access::Project, "/p/app/b.rs", "go"),
        (Access::Project, "/p/other/b.rs", "refuse"),
        (Access::Project, "../b.rs", "refuse"),
        (Access::Project, "/p/app/../b.rs", "refuse"),
        (Access::Project, "/p/apple", "refuse"),
        (Access::Read, "b.rs", "refuse"),
        (Access::Home, "b.rs", "go"),
        (Access::Home, "/p/other/b.rs", "ask"),
        (Access::System, "/etc/hosts", "ask"),
    ];
    for (access, path, expected) in cases {
        let got = verdict(&Act::Writes(&paths(path)), access, ApproveMode::Ask);
        assert_eq!(word(&got), expected, "{access:?} {path}");
        let never = verdict(&Act::Writes(&paths(path)), access, ApproveMode::Never);
        assert_eq!(word(&never), expected, "{access:?} {path}");
    }
    assert_eq!(
        verdict(
            &Act::Writes(&paths("/etc/x")),
            Access::System,
            ApproveMode::All
        ),
        Verdict::Go
    );
}

#[test]
fn the_network_is_asked_about_by_host() {
    let ask = |url| verdict(&Act::Reaches { url }, Access::Project, ApproveMode::Ask);
    assert_eq!(ask("https://example.com/a"), Verdict::Go);
    let Verdict::Ask { always, .. } = ask("https://docs.rs/x") else {
        panic!("not asked")
    };
    assert_eq!(always, [allow(RuleKind::Host, "docs.rs", None)]);
    assert_eq!(word(&ask("https://evil.example.com/")), "ask");
    assert_eq!(word(&ask("https://example.com@evil.com/")), "ask");
    assert_eq!(word(&ask("nonsense")), "refuse");
    let url = "https://docs.rs";
    let mode = |mode| word(&verdict(&Act::Reaches { url }, Access::Project, mode));
    assert_eq!(mode(ApproveMode::Safe), "ask");
    assert_eq!(mode(ApproveMode::Never), "ask");
    assert_eq!(mode(ApproveMode::All), "go");
}

#[test]
fn looking_always_goes() {
    for mode in [
        ApproveMode::Ask,
        ApproveMode::Safe,
        ApproveMode::Never,
        ApproveMode::All,
    ] {
        assert_eq!(verdict(&Act::Reads(&[]), Access::Read, mode), Verdict::Go);
    }
}

/// What is refused alone stays refused beside, behind and inside something harmless, and nothing
/// becomes harmless by company (but for a stray parenthesis, which company may close).
#[test]
fn company_changes_no_verdict_for_the_better() {
    let judged = |line: &str| {
        word(&verdict(
            &shell(line, ""),
            Access::Project,
            ApproveMode::All,
        ))
    };
    for (expected, command) in corpus() {
        let around = [
            format!("true\n{command}"),
            format!("{command}\ntrue"),
            format!("ls && {command}"),
            format!("(\n{command}\n)"),
            format!("if true; then\n{command}\nfi"),
            format!("echo \"$(\n{command}\n)\""),
        ];
        for line in around {
            if expected == "refuse" {
                assert_eq!(judged(&line), "refuse", "{line:?}");
            } else if expected == "ask" && command != "ls )" {
                let asked = verdict(&shell(&line, ""), Access::Project, ApproveMode::Ask);
                assert_ne!(asked, Verdict::Go, "{line:?}");
            }
        }
    }
}

/// Garbled lines end in a verdict too. The garbling is always the same.
#[test]
fn no_line_breaks_the_judge() {
    let mut seed: u64 = 0x2545_f491_4f6c_dd1d;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let pieces: Vec<char> = "'\"\\$`(){}[]<>|&;#!*?~=-/ \n\tä漢🦀a0".chars().collect();
    for (_, command) in corpus() {
        for _ in 0..60 {
            let mut line: Vec<char> = command.chars().collect();
            for _ in 0..=next(3) {
                let at = next(line.len() + 1);
                match next(3) {
                    0 if at < line.len() => {
                        line.remove(at);
                    }
                    1 => line.truncate(at),
                    _ => line.insert(at, pieces[next(pieces.len())]),
                }
            }
            let line: String = line.into_iter().collect();
            verdict(&shell(&line, ""), Access::Project, ApproveMode::Ask);
        }
    }
    for deep in [
        "(", "$(", "`", "\"$(", "{ ", "<(", "((", "[[ ", "if ", "${", "<<a\n",
    ] {
        verdict(
            &shell(&deep.repeat(5_000), ""),
            Access::Project,
            ApproveMode::Ask,
        );
    }
}
