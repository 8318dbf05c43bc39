//! Random histories of a project: at the end the index is the one that is made from nothing.
//!
//! `MIRA_INDEX_OPERATIONS` and `MIRA_INDEX_SEED` say how many operations, and which.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mira_index::{Index, Meaning, Watching};
use mira_vectors::{Embedded, Embedder, ModelId, Role};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio_util::sync::CancellationToken;

use crate::{Place, sync, whole};

/// A model that tells every two texts apart and costs nothing.
struct Hashed(ModelId);

#[async_trait]
impl Embedder for Hashed {
    fn model(&self) -> &ModelId {
        &self.0
    }
    fn dimensions(&self) -> usize {
        8
    }
    fn reads_bytes(&self) -> usize {
        400
    }
    async fn embed(&self, texts: &[String], _: Role) -> mira_vectors::Result<Vec<Vec<f32>>> {
        let vector = |text: &String| {
            let hash = blake3::hash(text.as_bytes());
            let numbers = hash.as_bytes().iter().take(8);
            numbers.map(|byte| f32::from(*byte) + 1.0).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }
}

async fn meaning_at(place: &Place, name: &str) -> Meaning {
    let file = place.database().with_file_name(name);
    let vectors = Embedded::open(&file).await.unwrap();
    let embedder = Hashed(ModelId::new("hashed"));
    Meaning::new(Arc::new(embedder), Arc::new(vectors), "project")
}

/// Every vector, with what it stands for.
async fn vectors(index: &Index, meaning: &Meaning) -> BTreeSet<String> {
    let cancel = CancellationToken::new();
    index.embed(meaning, &cancel, |_| ()).await.unwrap();
    let mut told = BTreeSet::new();
    let mut from = None;
    loop {
        let page = meaning.vectors().page(meaning.collection(), from, 500);
        let page = page.await.unwrap();
        let points = page.points.iter();
        told.extend(points.map(|point| format!("{point:?}")));
        from = page.next;
        if from.is_none() {
            return told;
        }
    }
}

/// Everything that the database says, without ids and times.
async fn told(index: &Index) -> BTreeSet<String> {
    let options = SqliteConnectOptions::new()
        .filename(index.path())
        .read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let mut told = BTreeSet::new();
    for sql in [
        "SELECT 'file ' || path || ' ' || ifnull(language, '-') || ' ' || ifnull(hex(hash), '-')
           || ' ' || lines || ' ' || roles || ' ' || ifnull(note, '-') FROM files",
        "SELECT 'element ' || path || ' ' || place || ' ' || kind || ' ' || qualified_name || ' '
           || start_line || '-' || end_line || ' ' || ifnull((SELECT p.place FROM elements p
             WHERE p.id = e.parent_id), '-') FROM elements e JOIN files f ON f.id = e.file_id",
        "SELECT 'chunk ' || path || ' ' || c.start_line || '-' || c.end_line || ' ' || hex(c.hash)
           || ' ' || ifnull((SELECT place FROM elements e WHERE e.id = c.element_id), '-')
           FROM chunks c JOIN files f ON f.id = c.file_id",
        "SELECT 'import ' || f.path || ' ' || line || ' ' || module || ' ' || ifnull(names, '-')
           || ' ' || ifnull(t.path, '-') || ' ' || ifnull(i.package, '-')
           FROM imports i JOIN files f ON f.id = i.file_id LEFT JOIN files t ON t.id = i.target_id",
        "SELECT 'edge ' || f.path || ' ' || ifnull(a.qualified_name, 'top') || ' -> ' || cf.path || ' '
           || b.qualified_name || ' ' || b.place || ' ' || g.kind || ' ' || g.line || ' ' || g.times
           || ' ' || round(g.confidence, 4) || ' ' || r.text
           FROM call_graph g JOIN reasons r ON r.id = g.reason_id JOIN files f ON f.id = g.file_id JOIN elements b ON b.id = g.callee_id
           JOIN files cf ON cf.id = b.file_id LEFT JOIN elements a ON a.id = g.caller_id",
        "SELECT 'dependency ' || manifest || ' ' || name || ' ' || ifnull(requirement, '-') FROM external_dependencies",
        "SELECT 'unresolved ' || file_id FROM unresolved",
        "SELECT 'an edge to nothing in ' || path FROM call_graph g JOIN files f ON f.id = g.file_id
           WHERE callee_id NOT IN (SELECT id FROM elements)",
        "SELECT 'words without a piece ' || rowid FROM words WHERE rowid NOT IN (SELECT id FROM chunks)",
        "SELECT 'a piece without words ' || id FROM chunks WHERE id NOT IN (SELECT rowid FROM words)",
    ] {
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        told.extend(rows);
    }
    told
}

/// Fails where the index differs from one that is made from nothing.
async fn compare(place: &Place, index: &Index, meaning: &Meaning, after: &str) {
    let fresh = place
        .open_at(&place.database().with_file_name("fresh.db"))
        .await;
    whole(&fresh).await;
    let (mut own, mut fresh_told) = (told(index).await, told(&fresh).await);
    let fresh_meaning = meaning_at(place, "fresh-vectors.db").await;
    own.extend(vectors(index, meaning).await);
    fresh_told.extend(vectors(&fresh, &fresh_meaning).await);
    let more: Vec<_> = own.difference(&fresh_told).take(10).collect();
    let less: Vec<_> = fresh_told.difference(&own).take(10).collect();
    assert!(
        more.is_empty() && less.is_empty(),
        "{after}: the index has\n{more:#?}\nand lacks\n{less:#?}"
    );
    assert!(!own.is_empty());
    drop((fresh, fresh_meaning));
    for name in ["fresh.db", "fresh-vectors.db"] {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(place.database().with_file_name(format!("{name}{end}")));
        }
    }
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.roll(of.len())]
    }
}

const FOLDERS: &[&str] = &["", "src", "src/inner", "pkg", "pkg/deep/er", "tests"];
const NAMES: &[&str] = &[
    "alpha", "beta", "gamma", "delta", "index", "mod", "__init__", "lib",
];
const WORDS: &[&str] = &[
    "alpha", "beta", "gamma", "delta", "run", "Cart", "Store", "check",
];

fn text(dice: &mut Dice, extension: &str) -> String {
    let mut text = String::new();
    for _ in 0..dice.roll(5) {
        let (a, b, c) = (dice.one(WORDS), dice.one(WORDS), dice.one(NAMES));
        text += &match extension {
            "py" => match dice.roll(5) {
                0 => format!("from .{c} import {a}\n"),
                1 => format!("import {c}\n\ndef {a}():\n    {c}.{b}()\n"),
                2 => format!("class {a}({b}):\n    def {c}(self):\n        self.{b}()\n"),
                3 => format!("from pkg.{c} import *\n\ndef {a}():\n    x = {b}()\n    x.{c}()\n"),
                _ => format!("def {a}():\n    return {b}()\n"),
            },
            "ts" => match dice.roll(5) {
                0 => format!("import {{ {a} }} from './{c}';\n"),
                1 => format!("export * from '../{c}';\n"),
                2 => format!("export class {a} extends {b} {{ {c}() {{ this.{b}(); }} }}\n"),
                3 => format!("import {a} from '@/{c}';\nexport const {b} = () => {a}();\n"),
                _ => format!("export function {a}(x: {b}) {{ x.{c}(); {b}(); }}\n"),
            },
            "rs" => match dice.roll(5) {
                0 => format!("mod {c};\nuse {c}::{a};\n"),
                1 => format!("pub use crate::{c}::*;\n"),
                2 => format!(
                    "pub struct {a};\nimpl {b} for {a} {{ fn {c}(&self) {{ self.{b}(); }} }}\n"
                ),
                3 => format!("fn {a}(x: {b}) {{ x.{c}(); super::{c}::{b}(); }}\n"),
                _ => format!("pub fn {a}() {{ {b}(); {c}::{a}(); }}\n"),
            },
            _ => format!("{a} {b} {c}\n"),
        };
    }
    text
}

/// One operation on the project; gives the paths that it touched.
fn operate(place: &Place, dice: &mut Dice, with_git: bool) -> Vec<String> {
    let extension = dice.one(&["py", "ts", "rs", "py", "ts", "rs", "txt"]);
    let path = |dice: &mut Dice| {
        let (folder, name) = (dice.one(FOLDERS), dice.one(NAMES));
        format!("{folder}/{name}.{extension}")
            .trim_start_matches('/')
            .to_owned()
    };
    let one = path(dice);
    let at = |path: &str| place.root().join(path);
    match dice.roll(if with_git { 12 } else { 10 }) {
        0..4 => place.put(&one, text(dice, extension)),
        4 => {
            let mut old = fs::read_to_string(at(&one)).unwrap_or_default();
            old += &text(dice, extension);
            place.put(&one, old);
        }
        5 => {
            let other = path(dice);
            fs::create_dir_all(at(&other).parent().unwrap()).unwrap();
            let _ = fs::rename(at(&one), at(&other));
            return vec![one, other];
        }
        6 => {
            let _ = fs::remove_file(at(&one));
        }
        7 => {
            let (from, to) = (
                dice.one(&["src", "pkg", "pkg/deep"]),
                dice.one(&["src", "pkg", "lib"]),
            );
            let _ = fs::rename(at(from), at(to));
            return vec![from.into(), to.into()];
        }
        8 => {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = [0o600, 0o644, 0o755][dice.roll(3)];
            let _ = fs::set_permissions(at(&one), fs::Permissions::from_mode(mode));
        }
        9 => {
            let (file, text) = [
                (
                    "tsconfig.json",
                    "{\"compilerOptions\":{\"paths\":{\"@/*\":[\"src/*\"]}}}",
                ),
                ("tsconfig.json", "{}"),
                ("Cargo.toml", "[package]\nname = \"alpha\"\n"),
                (".gitignore", "pkg/deep/\n*.txt\n"),
                (".gitignore", ""),
            ][dice.roll(5)];
            place.put(file, text);
            return vec![file.into()];
        }
        _ => {
            let branch = dice.one(&["main", "one", "two"]);
            place.git(&["add", "-A"]);
            place.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
            place.git(&["switch", "-q", branch]);
            return vec![String::new()];
        }
    }
    vec![one]
}

fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

fn repository(place: &Place) {
    place.git(&["init", "-q", "-b", "main"]);
    place.git(&["commit", "-q", "--allow-empty", "-m", "begin"]);
    place.git(&["branch", "one"]);
    place.git(&["branch", "two"]);
}

#[tokio::test]
async fn each_change_alone_gives_what_a_fresh_index_has() {
    let seed = asked("MIRA_INDEX_SEED", 0x5eed);
    let mut dice = Dice(seed | 1);
    let place = Place::new();
    let index = place.synced().await;
    let meaning = meaning_at(&place, "vectors.db").await;
    for step in 0..asked("MIRA_INDEX_OPERATIONS", 120) {
        let paths = operate(&place, &mut dice, false);
        if paths.iter().any(|path| path.ends_with(".gitignore")) {
            whole(&index).await;
        } else {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            sync(&index, &paths).await;
        }
        if step % 20 == 19 {
            compare(
                &place,
                &index,
                &meaning,
                &format!("seed {seed}, step {step}, {paths:?}"),
            )
            .await;
        }
    }
    compare(&place, &index, &meaning, &format!("seed {seed}")).await;
}

#[tokio::test]
async fn the_watcher_ends_with_what_a_fresh_index_has() {
    let seed = asked("MIRA_INDEX_SEED", 0xca5e);
    let mut dice = Dice(seed | 1);
    let place = Place::new();
    repository(&place);
    let index = place.open().await;
    let meaning = meaning_at(&place, "vectors.db").await;
    let _watch = index.watch();
    index
        .follow()
        .wait_for(|state| state.watching == Watching::On)
        .await
        .unwrap();
    for _ in 0..asked("MIRA_INDEX_OPERATIONS", 150) {
        operate(&place, &mut dice, true);
        match dice.roll(40) {
            // Vectors are made while files go on changing.
            0 => drop(vectors(&index, &meaning).await),
            1..10 => tokio::task::yield_now().await,
            _ => {}
        }
    }
    // What was done last is seen last.
    place.put("the_end.py", "def the_end_of_it(): pass\n");
    let mut state = index.follow();
    let settled = async {
        while crate::found(&index, "the_end_of_it").await.is_empty() {
            state.changed().await.unwrap();
        }
        // Folders that moved while they were looked at are told of again.
        while told(&index).await != {
            let fresh = place
                .open_at(&place.database().with_file_name("fresh.db"))
                .await;
            whole(&fresh).await;
            told(&fresh).await
        } {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(300), settled).await;
    compare(&place, &index, &meaning, &format!("seed {seed}")).await;
}

/// The other program of [`a_killed_sync_is_made_up_for`].
#[tokio::test]
#[ignore = "run by another test"]
async fn sync_until_killed() {
    let path = |name: &str| PathBuf::from(std::env::var(name).unwrap());
    let data = path("MIRA_INDEX_TEST_DATA");
    let blobs = mira_workspace::Blobs::open(&data.join("blobs")).unwrap();
    let root = path("MIRA_INDEX_TEST_ROOT");
    let access = mira_workspace::Access::Project;
    let workspace = mira_workspace::Workspace::open(&root, access, blobs, vec![]).unwrap();
    let index = Index::open(&data.join("index.db"), workspace)
        .await
        .unwrap();
    whole(&index).await;
}

#[tokio::test]
async fn a_killed_sync_is_made_up_for() {
    let mut dice = Dice(0xdead);
    let place = Place::new();
    for number in 0..400 {
        let extension = dice.one(&["py", "ts", "rs"]);
        place.put(
            &format!("src/d{}/f{number}.{extension}", number % 9),
            text(&mut dice, extension),
        );
    }
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "histories::sync_until_killed"])
            .env("MIRA_INDEX_TEST_DATA", place.database().parent().unwrap())
            .env("MIRA_INDEX_TEST_ROOT", place.root())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Somewhere in the middle; where exactly is what the test is about.
        let until = std::time::Instant::now() + Duration::from_millis(20 << round);
        while std::time::Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        place.put(&format!("src/new{round}.py"), text(&mut dice, "py"));
    }
    let index = place.synced().await;
    let meaning = meaning_at(&place, "vectors.db").await;
    compare(&place, &index, &meaning, "after six kills").await;
}
