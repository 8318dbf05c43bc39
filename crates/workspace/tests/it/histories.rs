//! Random histories of a project: edits, shell commands, deletions, renames, permissions and links,
//! taken back and brought again in every way, with the process killed in the middle.
//!
//! `MIRA_UNDO_HISTORIES` says how many (a few by default; the `undo` lane of `npm test` runs
//! thousands), `MIRA_UNDO_SEED` where to begin. A failure names the seed that shows it again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mira_workspace::checkpoint::diff;
use mira_workspace::{Access, Blobs, Change, Direction, Journals, Way, Workspace};

use crate::{Place, tree};

type Tree = Vec<(String, u32, Vec<u8>)>;

/// Names the folder of a process that is to be killed.
const CHILD: &str = "MIRA_UNDO_CHILD";

#[test]
fn random_histories_are_taken_back_and_brought_again() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let count = number("MIRA_UNDO_HISTORIES").unwrap_or(60);
    let first = number("MIRA_UNDO_SEED").unwrap_or(1);
    let next = AtomicU64::new(0);
    let totals = Mutex::new(Totals::default());
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let seed = first + at;
                    let told = std::panic::catch_unwind(|| history(seed));
                    let mut totals = totals.lock().unwrap();
                    match told {
                        Ok(one) => totals.add(&one),
                        Err(_) => {
                            eprintln!("the history of MIRA_UNDO_SEED={seed} MIRA_UNDO_HISTORIES=1 did not hold");
                            totals.failed += 1;
                        }
                    }
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap();
    println!(
        "{} steps ({} by sh), {} restores, {} processes killed, {} of them half-way in a restore",
        totals.steps, totals.shells, totals.restores, totals.kills, totals.halfway
    );
    println!(
        "{} histories held, {} failed",
        count - totals.failed,
        totals.failed
    );
    assert_eq!(totals.failed, 0);
}

#[derive(Default)]
struct Totals {
    failed: u64,
    steps: u64,
    shells: u64,
    restores: u64,
    kills: u64,
    halfway: u64,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.shells += other.shells;
        self.restores += other.restores;
        self.kills += other.kills;
        self.halfway += other.halfway;
    }
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.roll() % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// One history; panics where anything does not hold.
fn history(seed: u64) -> Totals {
    let mut dice = Dice::new(seed);
    let mut totals = Totals::default();
    let place = Place::new();
    let root = place.root();
    for _ in 0..dice.below(12) {
        Deed::roll(&mut dice).by_hand(&root);
    }
    let workspace = place.workspace();
    let journals = Journals::open(&place.dir.path().join("data/restores")).unwrap();
    let (mut trees, mut steps) = (vec![tree(&root)], Vec::<Vec<Change>>::new());
    for _ in 0..2 + dice.below(4) {
        steps.push(step(&mut dice, &workspace, &root, &mut totals));
        trees.push(tree(&root));
    }
    totals.steps = steps.len() as u64;

    // Step by step back and forward again.
    for (at, changes) in steps.iter().enumerate().rev() {
        restore(&workspace, changes, Direction::Undo);
        same(&root, &trees[at], "undo of step", at);
    }
    for (at, changes) in steps.iter().enumerate() {
        restore(&workspace, changes, Direction::Redo);
        same(&root, &trees[at + 1], "redo of step", at);
    }
    totals.restores += 2 * steps.len() as u64;

    // All at once to any point, and that taken back.
    let point = dice.below(steps.len() as u64) as usize;
    rewind(&workspace, &journals, &steps[point..]);
    same(&root, &trees[point], "rewind to", point);
    let back: Vec<Vec<Change>> = steps[point..]
        .iter()
        .map(|step| turned(step))
        .rev()
        .collect();
    rewind(&workspace, &journals, &back);
    same(&root, &trees[steps.len()], "rewind taken back from", point);
    totals.restores += 2;

    // Some files of the last step; the others stay.
    if let Some(last) = steps.last() {
        let all: Vec<&Change> = last.iter().filter(|change| !change.is_dir()).collect();
        let only: Vec<String> = all
            .iter()
            .filter(|_| dice.below(2) == 0)
            .map(|change| change.path.clone())
            .collect();
        if !only.is_empty() {
            let undone = workspace
                .restore(last, Direction::Undo, Some(&only))
                .unwrap();
            let redone = workspace
                .restore(last, Direction::Redo, Some(&undone.restored))
                .unwrap();
            assert_eq!(redone.conflicts, [], "redo of a part");
            same_files(&root, &trees[steps.len()], "a part");
            totals.restores += 2;
        }
    }
    // What a part left of folders is not what this is about.
    restore_whole(&root, &workspace, &steps, &trees);
    let outsider = outsiders_work_stays(&mut dice, &workspace, &root, &steps);
    if dice.below(3) == 0 && !outsider {
        kill(&mut dice, &place, &steps, &trees, &mut totals);
    }
    totals
}

/// Brings the folder to the end of the history, whatever a partial redo left of empty folders.
fn restore_whole(root: &Path, workspace: &Workspace, steps: &[Vec<Change>], trees: &[Tree]) {
    if tree(root) == trees[steps.len()] {
        return;
    }
    let wanted = workspace.snapshot().unwrap();
    let last = steps.last().unwrap();
    let folders: Vec<Change> = last
        .iter()
        .filter(|change| change.is_dir())
        .map(|change| Change {
            path: change.path.clone(),
            before: wanted.get(&change.path).copied(),
            after: change.after,
        })
        .collect();
    restore(workspace, &folders, Direction::Redo);
    same(root, &trees[steps.len()], "the end", steps.len());
}

/// Somebody else edits a file of the last step: undo touches nothing and says which.
fn outsiders_work_stays(
    dice: &mut Dice,
    workspace: &Workspace,
    root: &Path,
    steps: &[Vec<Change>],
) -> bool {
    let Some(change) = steps.last().and_then(|last| {
        last.iter().find(|change| {
            change
                .after
                .is_some_and(|entry| entry.kind == mira_workspace::Kind::File)
        })
    }) else {
        return false;
    };
    if dice.below(3) != 0 {
        return false;
    }
    let path = root.join(&change.path);
    let mode = std::fs::metadata(&path).unwrap().permissions();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, b"somebody else's\n").unwrap();
    std::fs::set_permissions(&path, mode).unwrap();
    let before = tree(root);
    let report = workspace
        .restore(&steps[steps.len() - 1], Direction::Undo, None)
        .unwrap();
    assert!(
        report
            .conflicts
            .iter()
            .any(|conflict| conflict.path == change.path),
        "{report:?}"
    );
    assert_eq!(tree(root), before, "nothing is touched");
    true
}

/// Random deeds between two snapshots, by hand or by a shell; or a tool's write.
fn step(dice: &mut Dice, workspace: &Workspace, root: &Path, totals: &mut Totals) -> Vec<Change> {
    if dice.below(4) == 0 {
        let path = Deed::path(dice);
        if let Ok(written) = workspace.write(&path, &Deed::content(dice)) {
            return mira_workspace::merge(written.into_changes());
        }
    }
    let before = workspace.snapshot().unwrap();
    let deeds: Vec<Deed> = (0..1 + dice.below(6)).map(|_| Deed::roll(dice)).collect();
    if dice.below(2) == 0 {
        let script: Vec<String> = deeds.iter().map(Deed::by_shell).collect();
        let status = Command::new("sh")
            .args(["-c", &script.join("\n")])
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.unwrap();
        totals.shells += 1;
    } else {
        deeds.iter().for_each(|deed| deed.by_hand(root));
    }
    diff(&before, &workspace.snapshot().unwrap())
}

enum Deed {
    Write(String, Vec<u8>),
    Append(String),
    Remove(String),
    Rename(String, String),
    Mode(String, u32),
    Link(String, &'static str),
    Folder(String),
}

impl Deed {
    fn roll(dice: &mut Dice) -> Self {
        let path = Self::path(dice);
        match dice.below(10) {
            0..=2 => Self::Write(path, Self::content(dice)),
            3 => Self::Append(path),
            4 | 5 => Self::Remove(path),
            6 => Self::Rename(path, Self::path(dice)),
            7 => Self::Mode(path, *dice.pick(&[&0o644, &0o755, &0o600, &0o744, &0o775])),
            8 => Self::Link(path, dice.pick(&["a", "../b", "/etc/passwd", "nowhere"])),
            _ => Self::Folder(path),
        }
    }

    fn path(dice: &mut Dice) -> String {
        let parts: Vec<&str> = (0..1 + dice.below(3))
            .map(|_| dice.pick(&["a", "b", ".c", "d e", "ü", "F"]))
            .collect();
        parts.join("/")
    }

    fn content(dice: &mut Dice) -> Vec<u8> {
        match dice.below(5) {
            0 => vec![],
            1 => vec![0, 255, 13, 10, dice.roll() as u8],
            2 => format!("{}\n", dice.roll()).repeat(400).into_bytes(),
            _ => format!("line\r\n{}\n", dice.roll()).into_bytes(),
        }
    }

    fn by_hand(&self, root: &Path) {
        let at = |path: &str| root.join(path);
        // What cannot be done is not done, as in a shell.
        let made = |path: &Path| {
            inside(root, path) && std::fs::create_dir_all(path.parent().unwrap_or(root)).is_ok()
        };
        match self {
            Self::Write(path, content) => {
                let path = at(path);
                if made(&path) && !path.is_symlink() {
                    let _ = std::fs::write(path, content);
                }
            }
            Self::Append(path) => {
                let path = at(path);
                if inside(root, &path) && path.is_file() && !path.is_symlink() {
                    let file = std::fs::OpenOptions::new().append(true).open(path);
                    let _ = file.and_then(|mut file| file.write_all(b"more\n"));
                }
            }
            Self::Remove(path) => {
                let path = at(path);
                if !inside(root, &path) {
                    return;
                }
                if path.is_dir() && !path.is_symlink() {
                    let _ = std::fs::remove_dir_all(path);
                } else {
                    let _ = std::fs::remove_file(path);
                }
            }
            Self::Rename(from, to) => {
                let (from, to) = (at(from), at(to));
                if inside(root, &from) && from.symlink_metadata().is_ok() && made(&to) {
                    let _ = std::fs::rename(from, to);
                }
            }
            Self::Mode(path, mode) => {
                let path = at(path);
                if inside(root, &path) && !path.is_symlink() {
                    let _ =
                        std::fs::set_permissions(path, PermissionsExt::from_mode(*mode | 0o100));
                }
            }
            Self::Link(path, target) => {
                let path = at(path);
                if made(&path) {
                    let _ = symlink(target, path);
                }
            }
            Self::Folder(path) => {
                let path = at(path);
                if inside(root, &path) {
                    let _ = std::fs::create_dir_all(path);
                }
            }
        }
    }

    /// The same for `sh`; a line that fails is passed over.
    fn by_shell(&self) -> String {
        let parent = |path: &str| match path.rsplit_once('/') {
            Some((folder, _)) => format!("mkdir -p '{folder}' && "),
            None => String::new(),
        };
        // A link on the way would lead out of the project.
        let guard = |path: &str| {
            let mut tests = String::new();
            for (at, _) in path.match_indices('/') {
                tests += &format!("[ ! -L '{}' ] && ", &path[..at]);
            }
            tests
        };
        match self {
            Self::Write(path, content) => {
                let octal: String = content.iter().map(|byte| format!("\\{byte:03o}")).collect();
                format!(
                    "{}{}[ ! -L '{path}' ] && printf '{octal}' > '{path}'",
                    guard(path),
                    parent(path)
                )
            }
            Self::Append(path) => {
                format!(
                    "{}[ -f '{path}' ] && [ ! -L '{path}' ] && echo more >> '{path}'",
                    guard(path)
                )
            }
            Self::Remove(path) => format!("{}rm -rf '{path}'", guard(path)),
            Self::Rename(from, to) => {
                format!(
                    "{}{}{}mv -f '{from}' '{to}'",
                    guard(from),
                    guard(to),
                    parent(to)
                )
            }
            Self::Mode(path, mode) => {
                format!(
                    "{}[ ! -L '{path}' ] && chmod {:o} '{path}'",
                    guard(path),
                    mode | 0o100
                )
            }
            Self::Link(path, target) => {
                format!("{}{}ln -s '{target}' '{path}'", guard(path), parent(path))
            }
            Self::Folder(path) => format!("{}mkdir -p '{path}'", guard(path)),
        }
    }
}

/// Whether no link leads elsewhere on the way to a path.
fn inside(root: &Path, path: &Path) -> bool {
    let mut folders = path
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != root);
    folders.all(|folder| !folder.is_symlink())
}

fn restore(workspace: &Workspace, changes: &[Change], direction: Direction) {
    let report = workspace.restore(changes, direction, None).unwrap();
    assert_eq!(report.conflicts, []);
}

fn turned(changes: &[Change]) -> Vec<Change> {
    let turn = |change: &Change| Change {
        path: change.path.clone(),
        before: change.after,
        after: change.before,
    };
    changes.iter().map(turn).collect()
}

/// Takes several steps back in one restore, guarded by a journal.
fn rewind(workspace: &Workspace, journals: &Journals, steps: &[Vec<Change>]) {
    let mut ways = BTreeMap::<String, Way>::new();
    for change in steps.iter().rev().flatten() {
        let hop = (change.after, change.before);
        match ways.get_mut(&change.path) {
            Some(way) => way.hops.push(hop),
            None => {
                ways.insert(change.path.clone(), Way::new(&change.path, hop.0, hop.1));
            }
        }
    }
    let plan = workspace
        .plan(ways.into_values().collect(), None, &|_| None)
        .unwrap();
    assert_eq!(plan.conflicts, []);
    if let Some(journal) = workspace.carry_out(&plan, Some(journals)).unwrap() {
        journal.close();
    }
}

fn same(root: &Path, wanted: &Tree, what: &str, at: usize) {
    assert_eq!(&tree(root), wanted, "{what} {at}");
}

fn same_files(root: &Path, wanted: &Tree, what: &str) {
    let files = |tree: &Tree| -> Vec<(String, u32, Vec<u8>)> {
        tree.iter()
            .filter(|(_, mode, _)| mode & 0o170_000 != 0o040_000)
            .cloned()
            .collect()
    };
    assert_eq!(files(&tree(root)), files(wanted), "{what}");
}

/// A process takes the history back and brings it again, over and over, and is killed somewhere;
/// after the next start the folder is in one of the two states, and in the one that was noted.
fn kill(
    dice: &mut Dice,
    place: &Place,
    steps: &[Vec<Change>],
    trees: &[Tree],
    totals: &mut Totals,
) {
    let data = place.dir.path().join("data");
    std::fs::write(data.join("steps"), serde_json::to_vec(steps).unwrap()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "histories::a_process_that_is_killed",
            "--nocapture",
        ])
        .env(CHILD, place.dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.is_ok_and(|line| line.ends_with("begin"))),
        "it began"
    );
    std::thread::sleep(Duration::from_micros(dice.below(12_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    totals.kills += 1;

    let journals = Journals::open(&data.join("restores")).unwrap();
    let noted = std::fs::read_to_string(data.join("notes")).unwrap_or_default();
    let workspace = open(place.dir.path());
    for journal in journals.pending() {
        if noted.lines().any(|line| line == journal.name) {
            journal.tidy();
        } else {
            totals.halfway += 1;
            assert_eq!(workspace.roll_back(&journal).left, [""; 0]);
        }
        journal.close();
    }
    let end = if noted.lines().count().is_multiple_of(2) {
        &trees[steps.len()]
    } else {
        &trees[0]
    };
    same(
        &place.root(),
        end,
        "killed after restore",
        noted.lines().count(),
    );
}

fn open(dir: &Path) -> std::sync::Arc<Workspace> {
    let blobs = Blobs::open(&dir.join("data/blobs")).unwrap();
    Workspace::open(
        &dir.join("project"),
        Access::Project,
        blobs,
        vec![dir.join("data")],
    )
    .unwrap()
}

/// Not a test by itself: what [`kill`] starts.
#[test]
fn a_process_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    let mut text = String::new();
    std::fs::File::open(dir.join("data/steps"))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let steps: Vec<Vec<Change>> = serde_json::from_str(&text).unwrap();
    let changes = mira_workspace::merge(steps.into_iter().flatten());
    let workspace = open(&dir);
    let journals = Journals::open(&dir.join("data/restores")).unwrap();
    let mut notes = std::fs::File::create(dir.join("data/notes")).unwrap();
    println!("begin");
    for round in 0..400 {
        let way = |change: &Change| match round % 2 {
            0 => Way::new(&change.path, change.after, change.before),
            _ => Way::new(&change.path, change.before, change.after),
        };
        let plan = workspace
            .plan(changes.iter().map(way).collect(), None, &|_| None)
            .unwrap();
        assert_eq!(plan.conflicts, []);
        let Some(journal) = workspace.carry_out(&plan, Some(&journals)).unwrap() else {
            return;
        };
        notes
            .write_all(format!("{}\n", journal.name).as_bytes())
            .unwrap();
        journal.close();
    }
    // Whoever is not killed by now waits for it.
    std::thread::sleep(Duration::from_secs(60));
}
