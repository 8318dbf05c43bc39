//! Ways out of the sandbox, each really tried: `corpus.toml` has them, [`outside`] sees whether
//! one worked. Prints how many were tried and held, and names each that was not.

mod outside;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mira_workspace::process::run;
use mira_workspace::sandbox::{Level, protection};
use mira_workspace::{Access, CommandLine, Confinement, Network, Spec};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use outside::Outside;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    escape: Vec<Escape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escape {
    name: String,
    how: String,
    #[serde(default = "yes")]
    control: bool,
    /// Why it is not held at [`Level::Basic`].
    basic: Option<String>,
}

fn yes() -> bool {
    true
}

fn corpus() -> Vec<Escape> {
    let corpus: Corpus = toml::from_str(include_str!("corpus.toml")).unwrap();
    let only = std::env::var("MIRA_ESCAPE").unwrap_or_default();
    let chosen = corpus.escape.into_iter();
    chosen
        .filter(|escape| escape.name.contains(&only))
        .collect()
}

/// Where the places of this run lie: not in a temporary folder, which the sandbox covers.
fn base() -> PathBuf {
    std::env::var_os("MIRA_ESCAPES_IN")
        .map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from)
}

/// None: without a sandbox.
async fn tried(escape: &Escape, level: Option<Level>) -> Vec<String> {
    let outside = Outside::new(&base());
    let line = CommandLine::Shell(escape.how.clone());
    let mut spec = Spec::new(line, outside.project());
    spec.timeout = Some(Duration::from_secs(20));
    spec.env = outside.variables();
    spec.confine = level.map(|level| {
        Arc::new(Confinement {
            root: outside.project(),
            access: Access::Project,
            network: Network::Closed,
            own: vec![outside.data()],
            writable: vec![],
            readable: vec![],
            home: Some(outside.home()),
            level,
        })
    });
    let exit = run(spec, &CancellationToken::new(), &|_| ()).await.unwrap();
    if escape.name.contains("nobody looks") {
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    outside.seen(&exit.output)
}

/// Past the test harness, which keeps what tests print to itself.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn who() -> &'static str {
    if rustix::process::geteuid().is_root() {
        "root"
    } else {
        "an ordinary user"
    }
}

async fn all_held(level: Level, named: &str) {
    if protection().level < level {
        let why = format!(
            "escapes, {named}, as {}: not possible on this machine",
            who()
        );
        // What was not tried is not proven.
        assert!(std::env::var_os("CI").is_none(), "{why}");
        print(&why);
        return;
    }
    let (mut held, mut known, mut missed) = (0, Vec::new(), Vec::new());
    let corpus = corpus();
    for escape in &corpus {
        let seen = tried(escape, Some(level)).await;
        match (&escape.basic, level) {
            _ if seen.is_empty() => held += 1,
            (Some(why), Level::Basic) => known.push(format!("{}: {why}", escape.name)),
            _ => missed.push(format!("{}: {}", escape.name, seen.join("; "))),
        }
    }
    print(&format!(
        "escapes, {named}, as {}: tried {}, held {held}, known misses {}, new misses {}",
        who(),
        corpus.len(),
        known.len(),
        missed.len()
    ));
    for miss in known.iter().chain(&missed) {
        print(&format!("  missed: {miss}"));
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[tokio::test]
async fn nothing_gets_out_with_namespaces() {
    all_held(Level::Full, "with namespaces").await;
}

#[tokio::test]
async fn nothing_but_what_is_known_gets_out_without_namespaces() {
    all_held(Level::Basic, "without namespaces").await;
}

/// What nobody could do anyway proves nothing: without the sandbox each of these works.
#[tokio::test]
async fn without_a_sandbox_they_get_out() {
    let mut corpus = corpus();
    corpus.retain(|escape| escape.control);
    let mut failed = Vec::new();
    for escape in &corpus {
        if tried(escape, None).await.is_empty() {
            failed.push(&escape.name);
        }
    }
    print(&format!(
        "escapes, without a sandbox, as {}: tried {}, got out {}",
        who(),
        corpus.len(),
        corpus.len() - failed.len()
    ));
    // Tools that this machine lacks, and calls that an ordinary user may not make.
    assert!(
        failed.len() * 8 < corpus.len(),
        "did not work at all: {failed:#?}"
    );
}

/// The same once more as somebody who is not root, where the user namespace does the work.
#[test]
fn the_same_as_an_ordinary_user() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Path::new("/srv");
    let place = if place.is_dir() {
        place
    } else {
        Path::new("/opt")
    };
    let place = tempfile::Builder::new()
        .prefix("mira-escapes-")
        .tempdir_in(place)
        .unwrap();
    let program = place.path().join("it");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let work = place.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let allow = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path(), allow).unwrap();
    std::os::unix::fs::chown(&work, Some(NOBODY), Some(NOBODY)).unwrap();
    let run = |filter: &str| {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(&program)
            .args(["--exact", filter])
            .env("MIRA_ESCAPES_IN", &work)
            .env("HOME", &work)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .current_dir(&work);
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        said.lines()
            .filter(|line| line.starts_with("escapes") || line.starts_with("  missed"))
            .for_each(print);
        (
            out.status.success(),
            format!("{}{said}", String::from_utf8_lossy(&out.stdout)),
        )
    };
    for filter in [
        "escapes::nothing_gets_out_with_namespaces",
        "escapes::nothing_but_what_is_known_gets_out_without_namespaces",
        "escapes::without_a_sandbox_they_get_out",
    ] {
        let (success, said) = run(filter);
        assert!(success && said.contains("1 passed"), "{said}");
    }
}
