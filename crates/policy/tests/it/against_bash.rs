//! The claim that the reader of shell lines lives by, against bash itself: no program runs that it
//! did not list. Generated lines run in a folder whose only programs record their words.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use mira_policy::{Act, Command, Context, EveryBlock, Line, Rules, command_fits, decide};
use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::JudgedBy;

const PROGRAMS: [&str; 5] = ["pa", "pb", "pc", "pd", "pe"];
/// `MIRA_FUZZ_LINES` runs more.
const LINES: usize = 120;

struct Seed(u64);

impl Seed {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

fn program(seed: &mut Seed) -> String {
    let name = seed.one(&PROGRAMS);
    match seed.below(8) {
        0 => format!("'{name}'"),
        1 => format!("\\{name}"),
        2 => format!("\"{name}\""),
        3 => format!("{}''{}", &name[..1], &name[1..]),
        4 => format!("$'{name}'"),
        5 => format!("{}\\\n{}", &name[..1], &name[1..]),
        _ => name.to_owned(),
    }
}

fn word(seed: &mut Seed, depth: usize) -> String {
    match seed.below(9) {
        0 if depth > 0 => format!("$({})", line(seed, depth - 1)),
        1 if depth > 0 => format!("\"x$({})y\"", line(seed, depth - 1)),
        2 if depth > 0 => format!("`{} a`", program(seed)),
        3 if depth > 0 => format!("<({})", line(seed, depth - 1)),
        4 => "'a; pa'".into(),
        5 => "\"b && pb\"".into(),
        6 => "${x:-c}".into(),
        7 => "\\;".into(),
        _ => seed
            .one(&["a", "-f", "#no", "a#b", "{}", "~", "*.none"])
            .to_owned(),
    }
}

fn simple(seed: &mut Seed, depth: usize) -> String {
    let mut out = String::new();
    if seed.below(5) == 0 {
        out += seed.one(&["X=1 ", "X='a b' ", "X=$(pe) ", "X+=1 "]);
    }
    out += &program(seed);
    for _ in 0..seed.below(3) {
        out += " ";
        out += &word(seed, depth);
    }
    out += seed.one(&[
        "",
        "",
        "",
        " > /dev/null",
        " 2>&1",
        " < /dev/null",
        " <<< text",
        " &> /dev/null",
        " # pa pb",
    ]);
    if out.ends_with("pb") {
        out += "\n:";
    }
    out
}

fn line(seed: &mut Seed, depth: usize) -> String {
    if depth == 0 {
        return simple(seed, 0);
    }
    match seed.below(13) {
        0 => format!("{}; {}", line(seed, depth - 1), simple(seed, depth)),
        1 => format!("{} && {}", simple(seed, depth), line(seed, depth - 1)),
        2 => format!("{} || {}", simple(seed, depth), line(seed, depth - 1)),
        3 => format!("{} | {}", simple(seed, depth), simple(seed, depth)),
        4 => format!("( {} )", line(seed, depth - 1)),
        5 => format!("{{ {}; }}", line(seed, depth - 1)),
        6 => format!(
            "if {}; then {}; else {}; fi",
            simple(seed, depth),
            line(seed, depth - 1),
            simple(seed, depth)
        ),
        7 => format!("for i in 1 2; do {}; done", line(seed, depth - 1)),
        8 => format!("{}\n{}", line(seed, depth - 1), simple(seed, depth)),
        9 => format!("{} <<EOF\n$({})\nEOF", program(seed), simple(seed, depth)),
        10 => format!("{} <<'EOF'\n$(pa)\nEOF", program(seed)),
        11 => format!("f() {{ {}; }}; f", line(seed, depth - 1)),
        _ => simple(seed, depth),
    }
}

/// Where bash lies: the lines get another PATH.
fn bash() -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut folders = std::env::split_paths(&path).map(|folder| folder.join("bash"));
    folders
        .find(|file| file.is_file())
        .expect("bash is on the PATH")
}

/// Whether the reader understood a line: what it refuses to read is asked about, and proves nothing.
fn understood(line: &str) -> bool {
    let rules = Rules::default();
    let cx = Context {
        access: Access::Project,
        approve: ApproveMode::Ask,
        root: Path::new("/p/app"),
        home: None,
        rules: &rules,
        tool: None,
        blocks: &EveryBlock,
    };
    let (line, cwd) = (Line::Shell(line), "");
    decide(
        &Act::Runs(Command {
            line,
            cwd,
            hosts: &[],
        }),
        &cx,
    )
    .tree
    .by != JudgedBy::Unparsed
}

/// What bash ran; None where it did not like the line.
fn ran(folder: &Path, at: usize, line: &str) -> Option<BTreeSet<String>> {
    // A log each: what a stream runs may come after the line has ended.
    let log = folder.join(format!("log-{at}"));
    std::fs::write(&log, "").unwrap();
    let sound = Process::new(bash())
        .args(["-n", "-c", line])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    if !sound.success() {
        return None;
    }
    Process::new(bash())
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .env("PATH", folder.join("bin"))
        .env("LOG", &log)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn bash_runs_nothing_that_was_not_listed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("mira-bash-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("bin")).unwrap();
    for name in PROGRAMS {
        let path = folder.join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho {name} >> \"$LOG\"\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let wanted = std::env::var("MIRA_FUZZ_LINES")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut seed = Seed(0x9e37_79b9_7f4a_7c15);
    let (mut tried, mut held, mut asked, mut sound, mut programs) = (0, 0, 0, 0, 0);
    let mut missed = Vec::new();
    for at in 0..wanted.unwrap_or(LINES) {
        let line = line(&mut seed, 3);
        let Some(ran) = ran(&folder, at, &line) else {
            continue;
        };
        if !understood(&line) {
            asked += 1;
            continue;
        }
        tried += 1;
        programs += ran.len();
        sound += usize::from(!ran.is_empty());
        let unlisted = ran
            .iter()
            .find(|name| !command_fits(&format!("{name} **"), &Line::Shell(&line)));
        match unlisted {
            None => held += 1,
            Some(name) => missed.push(format!("{name} ran in {line:?}")),
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    println!(
        "against bash: tried {tried}, held {held}; {programs} programs ran; {asked} more lines were not understood, so asked about"
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(
        sound > tried / 2,
        "too few lines ran anything: {sound} of {tried}"
    );
}
