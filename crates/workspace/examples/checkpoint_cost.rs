//! `npm run bench`: milliseconds for one checkpoint around a command, on trees of 1,000, 10,000 and
//! 100,000 files of which 0, 1 and 100 change; beside it, in the same run and on the same tree,
//! what a hidden git repository would take for the same (`git add -A` and `git write-tree`).
//!
//! A checkpoint is what the engine does around each command: a look before, which is also written
//! down, a look after, and the difference. The command's own time is not counted. Git makes one tree:
//! the one before is its last. Beside the time on the clock stands that of the processors, which a
//! busy machine does not change.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use mira_workspace::checkpoint::diff;
use mira_workspace::{Access, Blobs, Workspace};

const FILES: [usize; 3] = [1_000, 10_000, 100_000];
const CHANGED: [usize; 3] = [0, 1, 100];
const ROUNDS: usize = 7;
const GIT_ROUNDS: usize = 3;

fn main() {
    let quick = std::env::args().any(|word| word == "--quick");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "load {}",
        load.split(' ').take(3).collect::<Vec<_>>().join(" ")
    );
    println!("ms, median of {ROUNDS} (git: {GIT_ROUNDS}); cpu: mean");
    println!("files    changed     mira    mira cpu         git     git cpu   git / mira");
    for files in FILES.into_iter().take(if quick { 1 } else { 3 }) {
        if let Err(error) = measure(files) {
            println!("{files:<8} could not be measured: {error}");
        }
    }
}

fn measure(files: usize) -> std::io::Result<()> {
    let home = tempfile::tempdir()?;
    let root = home.path().join("project");
    for number in 0..files {
        let path = root.join(name(number));
        if number % 100 == 0 {
            std::fs::create_dir_all(path.parent().unwrap_or(&root))?;
        }
        std::fs::write(path, content(number, 0))?;
    }
    let blobs = Blobs::open(&home.path().join("blobs")).map_err(std::io::Error::other)?;
    let workspace = Workspace::open(&root, Access::Project, blobs, vec![]);
    let workspace = workspace.map_err(std::io::Error::other)?;
    let git = Git::new(home.path(), &root)?;
    // Files that were written a moment ago are read again by everybody.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let first = Spent::on(|| look(&workspace, None));
    let git_first = Spent::on(|| git.tree());
    line(files, "first", &[first], &[git_first]);
    // Settled now for both.
    look(&workspace, None);
    git.tree();
    let mut round = 0;
    for changed in CHANGED {
        let (mut mira, mut shadow) = (Vec::new(), Vec::new());
        for nth in 0..ROUNDS {
            round += 1;
            let state = home.path().join("state");
            let before = std::cell::Cell::new(None);
            let mut spent = Spent::on(|| before.set(Some(look(&workspace, Some(&state)))));
            for number in 0..changed {
                std::fs::write(
                    root.join(name(number * (files / 100).max(1) % files)),
                    content(number, round),
                )?;
            }
            let before = before.take();
            spent += Spent::on(|| {
                let after = look(&workspace, None);
                let found = before
                    .as_ref()
                    .map_or(0, |before| diff(before, &after).len());
                assert_eq!(found, changed, "the changes are found");
                let _ = std::fs::remove_file(&state);
            });
            mira.push(spent);
            if nth < GIT_ROUNDS {
                // The state before is the last tree; only the one after is made anew.
                shadow.push(Spent::on(|| git.tree()));
            }
        }
        line(files, &changed.to_string(), &mira, &shadow);
    }
    Ok(())
}

fn look(workspace: &Workspace, keep: Option<&Path>) -> std::sync::Arc<mira_workspace::Manifest> {
    match workspace.snapshot() {
        Ok(state) => {
            if let Some(path) = keep {
                let _ = std::fs::write(path, state.encode());
            }
            state
        }
        Err(error) => panic!("{error}"),
    }
}

/// A repository beside the project, as a checkpoint of git would use it.
struct Git {
    dir: std::path::PathBuf,
    root: std::path::PathBuf,
}

impl Git {
    fn new(home: &Path, root: &Path) -> std::io::Result<Self> {
        let git = Self {
            dir: home.join("shadow.git"),
            root: root.to_owned(),
        };
        Command::new("git")
            .args(["init", "-q", "--bare"])
            .arg(&git.dir)
            .status()?;
        Ok(git)
    }

    fn tree(&self) {
        for words in [&["add", "-A"][..], &["write-tree"]] {
            let done = Command::new("git")
                .arg("--git-dir")
                .arg(&self.dir)
                .arg("--work-tree")
                .arg(&self.root)
                .args(["-c", "core.bare=false", "-c", "gc.auto=0"])
                .args(words)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(done.is_ok_and(|status| status.success()), "git {words:?}");
        }
    }
}

fn name(number: usize) -> String {
    format!(
        "part{}/folder{}/file{number}.rs",
        number / 10_000,
        number / 100
    )
}

fn content(number: usize, round: usize) -> String {
    format!("// file {number} of round {round}\n").repeat(1 + number % 60)
}

/// Milliseconds on the clock and on the processors, of ended children too.
#[derive(Clone, Copy)]
struct Spent {
    clock: f64,
    cpu: f64,
}

impl Spent {
    fn on<T>(work: impl FnOnce() -> T) -> Self {
        let (begun, cpu) = (Instant::now(), cpu_ms());
        let _ = work();
        Self {
            clock: begun.elapsed().as_secs_f64() * 1_000.0,
            cpu: cpu_ms() - cpu,
        }
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        self.clock += more.clock;
        self.cpu += more.cpu;
    }
}

/// Of this process and its ended children, in steps of 10 ms. Linux only.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name may hold anything, and ends with the last bracket.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks = fields
        .skip(12)
        .take(4)
        .filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() * 10.0
}

fn median(all: &[Spent]) -> f64 {
    let mut all: Vec<f64> = all.iter().map(|spent| spent.clock).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn mean_cpu(all: &[Spent]) -> f64 {
    all.iter().map(|spent| spent.cpu).sum::<f64>() / all.len() as f64
}

fn line(files: usize, changed: &str, mira: &[Spent], git: &[Spent]) {
    let (ours, theirs) = (median(mira), median(git));
    println!(
        "{files:<8} {changed:<8} {ours:>8.1} {:>11.1} {theirs:>11.1} {:>11.1} {:>12.1}",
        mean_cpu(mira),
        mean_cpu(git),
        theirs / ours
    );
}
