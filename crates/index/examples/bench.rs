//! What the index costs, on the sources of a package: `bench NAME FOLDER`, a table of Markdown.
//!
//! The folder is copied first, because files of it are edited. `npm run bench code` gets the
//! packages and runs it on each.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use mira_index::{GraphQuery, Index, MapQuery, Phase, Query, SymbolQuery, Weights, What, With};
use mira_workspace::{Access, Blobs, Workspace, search};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn std::error::Error>;

/// One-file updates, and queries of each kind.
const TIMES: usize = 60;
/// Files that a branch switch changes, where there are so many.
const SWITCHED: usize = 2_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, folder] = words.as_slice() else {
        return Err("usage: bench NAME FOLDER".into());
    };
    let scratch = std::env::temp_dir().join(format!("mira-bench-code-{}", std::process::id()));
    let root = scratch.join("project");
    copy(Path::new(folder), &root)?;
    let result = bench(name, &root, &scratch.join("data")).await;
    std::fs::remove_dir_all(&scratch)?;
    result
}

async fn bench(name: &str, root: &Path, data: &Path) -> Result<(), Failure> {
    let cancel = CancellationToken::new();
    let blobs = Blobs::open(&data.join("blobs"))?;
    let workspace = Workspace::open(root, Access::Project, blobs, vec![data.to_owned()])?;
    let index = Index::open(&data.join("index.db"), workspace.clone()).await?;
    let begun = Instant::now();
    let (first, read, report) = {
        let mut state = index.follow();
        let sync = index.sync(What::Whole, &cancel);
        tokio::pin!(sync);
        let (mut first, mut read) = (None, None);
        loop {
            tokio::select! {
                done = &mut sync => break done.map(|report| (first, read, report))?,
                _ = state.changed() => {
                    let state = state.borrow();
                    if state.generation > 0 && first.is_none() {
                        first = Some(begun.elapsed());
                    }
                    if state.phase == Phase::Resolving && read.is_none() {
                        read = Some(begun.elapsed());
                    }
                }
            }
        }
    };
    let cold = begun.elapsed();
    let totals = index.totals().await?;
    println!("\n### {name}\n\n| what | figure |\n|---|---|");
    let row = |what: &str, figure: String| println!("| {what} | {figure} |");
    row(
        "files, lines, source",
        format!(
            "{}, {}, {:.1} MB",
            totals.files,
            totals.lines,
            totals.source_bytes as f64 / 1e6
        ),
    );
    row(
        "elements, edges, pieces",
        format!("{}, {}, {}", totals.elements, totals.edges, totals.chunks),
    );
    row("first words found after", shown(first.unwrap_or(cold)));
    row(
        "cold: read, parsed, written, resolved",
        format!(
            "{} ({:.0} lines/s)",
            shown(cold),
            totals.lines as f64 / cold.as_secs_f64()
        ),
    );
    row(
        "of it: read and written, then names resolved",
        format!(
            "{}, {} ({} steps)",
            shown(read.unwrap_or(cold)),
            shown(cold - read.unwrap_or(cold)),
            report.steps
        ),
    );
    row(
        "parsed alone, one core",
        format!("{:.0} lines/s", parse_alone(&index, root).await?),
    );
    row(
        "index bytes for a source byte",
        format!(
            "{:.2}",
            totals.bytes as f64 / totals.source_bytes.max(1) as f64
        ),
    );
    let begun = Instant::now();
    index.sync(What::Whole, &cancel).await?;
    row("whole sync, nothing changed", shown(begun.elapsed()));
    row("peak memory", format!("{:.0} MB", peak_mb()));
    looked_at(&index, &row).await?;
    updates(&index, root, &row).await?;
    switch(&index, root, &row).await?;
    queries(&index, &row).await?;
    beside(root, &workspace, &row)?;
    Ok(())
}

/// Quality, concepts, clusters, meanings and patterns of all the code, and its folders.
async fn looked_at(index: &Index, row: &impl Fn(&str, String)) -> Result<(), Failure> {
    let begun = Instant::now();
    let found = index.insights(&CancellationToken::new()).await?;
    row(
        "insight: issues, concepts, clusters, patterns",
        format!(
            "{} ({}, {}, {}, {})",
            shown(begun.elapsed()),
            found.issues,
            found.concepts,
            found.clusters,
            found.patterns
        ),
    );
    let begun = Instant::now();
    index.modules("", 40).await?;
    row("insight: folders", shown(begun.elapsed()));
    row("peak memory with insight", format!("{:.0} MB", peak_mb()));
    Ok(())
}

async fn parse_alone(index: &Index, root: &Path) -> Result<f64, Failure> {
    let mut lines = 0;
    let mut spent = Duration::ZERO;
    for file in index
        .files()
        .await?
        .iter()
        .filter(|file| file.language.is_some())
        .take(400)
    {
        let Ok(text) = std::fs::read_to_string(root.join(&file.path)) else {
            continue;
        };
        let begun = Instant::now();
        let facts = mira_syntax::facts(&file.path, &text, &mira_syntax::Limits::default());
        spent += begun.elapsed();
        lines += facts.lines;
    }
    Ok(lines as f64 / spent.as_secs_f64().max(f64::MIN_POSITIVE))
}

async fn updates(index: &Index, root: &Path, row: &impl Fn(&str, String)) -> Result<(), Failure> {
    let files: Vec<String> = code(index).await?;
    let mut spent = Vec::new();
    for time in 0..TIMES {
        let path = &files[time * files.len() / TIMES];
        let mut text = std::fs::read(root.join(path))?;
        text.extend_from_slice(format!("\n# updated_word_{time}\n").as_bytes());
        std::fs::write(root.join(path), text)?;
        let begun = Instant::now();
        index.apply(vec![path.clone()]).await?;
        let word = format!("updated_word_{time}");
        let hits = index.lexical(&word, Weights::default(), 1).await?;
        spent.push(begun.elapsed());
        if hits.first().is_none_or(|hit| hit.chunk.path != *path) {
            return Err(format!("{word} was not found in {path}").into());
        }
    }
    row(
        "one file: written to found, p50 / p95",
        percentiles(&mut spent),
    );
    // Behind the watcher, which waits until it is quiet.
    index.sync(What::Whole, &CancellationToken::new()).await?;
    let _watch = index.watch();
    let mut state = index.follow();
    state
        .wait_for(|state| state.watching != mira_index::Watching::Off)
        .await?;
    let mut spent = Vec::new();
    for time in 0..TIMES / 3 {
        let path = &files[time * files.len() / TIMES];
        let mut text = std::fs::read(root.join(path))?;
        text.extend_from_slice(format!("\n# watched_word_{time}\n").as_bytes());
        let begun = Instant::now();
        std::fs::write(root.join(path), text)?;
        while index
            .lexical(&format!("watched_word_{time}"), Weights::default(), 1)
            .await?
            .first()
            .is_none_or(|hit| hit.chunk.path != *path)
        {
            tokio::time::timeout(Duration::from_secs(5), state.changed()).await??;
        }
        spent.push(begun.elapsed());
    }
    row(
        "the same through the watcher, p50 / p95",
        percentiles(&mut spent),
    );
    Ok(())
}

async fn switch(index: &Index, root: &Path, row: &impl Fn(&str, String)) -> Result<(), Failure> {
    let files = code(index).await?;
    let count = files.len().min(SWITCHED);
    for path in files.iter().take(count) {
        let mut text = std::fs::read(root.join(path))?;
        text.extend_from_slice(b"\n# on_the_other_branch\n");
        std::fs::write(root.join(path), text)?;
    }
    let begun = Instant::now();
    let report = index.sync(What::Whole, &CancellationToken::new()).await?;
    row(
        &format!("branch switch of {count} files"),
        format!(
            "{} ({} transactions)",
            shown(begun.elapsed()),
            report.batches
        ),
    );
    Ok(())
}

async fn queries(index: &Index, row: &impl Fn(&str, String)) -> Result<(), Failure> {
    let elements = index
        .map(&MapQuery {
            budget_tokens: 8_000,
            ..MapQuery::default()
        })
        .await?;
    let elements: Vec<_> = elements
        .files
        .into_iter()
        .flat_map(|file| file.elements)
        .map(|one| one.element)
        .collect();
    let pick = |time: usize| &elements[time * elements.len() / TIMES];
    let mut spent = [const { Vec::new() }; 7];
    for time in 0..TIMES {
        let element = pick(time);
        let other = &pick(TIMES - 1 - time).name;
        let sentence = format!("how does {} work with {other}", element.name);
        let begun = Instant::now();
        index.lexical(&sentence, Weights::default(), 20).await?;
        spent[0].push(begun.elapsed());
        let without = With::Words { why: "", hint: "" };
        let begun = Instant::now();
        index.search(&Query::new(sentence), without).await?;
        spent[6].push(begun.elapsed());
        for (at, name) in [
            (1, element.name.clone()),
            (2, element.name.chars().take(4).collect()),
            (3, misspelt(&element.name)),
        ] {
            let query = SymbolQuery {
                name,
                limit: 20,
                ..SymbolQuery::default()
            };
            let begun = Instant::now();
            index.find(&query).await?;
            spent[at].push(begun.elapsed());
        }
        let begun = Instant::now();
        index.callers(element.id, &GraphQuery::default()).await?;
        spent[4].push(begun.elapsed());
        let begun = Instant::now();
        index.tests_for(element.id, 20).await?;
        spent[5].push(begun.elapsed());
    }
    for (kind, spent) in [
        "words",
        "exact name",
        "begun name",
        "misspelt name",
        "callers",
        "tests of an element",
        "a sentence, ranked without vectors",
    ]
    .iter()
    .zip(&mut spent)
    {
        row(&format!("query: {kind}, p50 / p95"), percentiles(spent));
    }
    let begun = Instant::now();
    index
        .map(&MapQuery {
            focus: vec![elements[0].path.clone()],
            ..MapQuery::default()
        })
        .await?;
    row("query: map around a file", shown(begun.elapsed()));
    Ok(())
}

/// Other programs on the same files, where they are installed.
fn beside(root: &Path, workspace: &Workspace, row: &impl Fn(&str, String)) -> Result<(), Failure> {
    let timed = |program: &str, words: &[&str]| {
        let begun = Instant::now();
        let output = Command::new(program)
            .args(words)
            .current_dir(root)
            .output()
            .ok()?;
        (output.status.success() || output.status.code() == Some(1)).then(|| begun.elapsed())
    };
    let tags = std::env::temp_dir().join(format!("mira-bench-tags-{}", std::process::id()));
    let told = |spent: Option<Duration>| spent.map_or_else(|| "not installed".to_owned(), shown);
    row(
        "beside: ctags -R",
        told(timed("ctags", &["-R", "-f", &tags.to_string_lossy(), "."])),
    );
    let _ = std::fs::remove_file(tags);
    row(
        "beside: rg, one word",
        told(timed("rg", &["-c", "updated_word", "."])),
    );
    row(
        "beside: grep -r, one word",
        told(timed("grep", &["-rc", "updated_word", "."])),
    );
    row(
        "beside: semble, indexed and asked, asked again",
        semble(root),
    );
    let query = search::Query {
        pattern: "updated_word".into(),
        literal: true,
        ..search::Query::default()
    };
    let begun = Instant::now();
    workspace.search(&query, &CancellationToken::new())?;
    row("exact text, by Mira, one word", shown(begun.elapsed()));
    Ok(())
}

/// A folder that it has not seen is indexed with the first question.
fn semble(root: &Path) -> String {
    let ask = || {
        let begun = Instant::now();
        let output = Command::new("semble")
            .args(["search", "how is a word updated", "."])
            .current_dir(root)
            .output()?;
        Ok::<_, std::io::Error>(output.status.success().then(|| begun.elapsed()))
    };
    match (ask(), ask()) {
        (Ok(Some(first)), Ok(Some(again))) => format!("{}, {}", shown(first), shown(again)),
        (Err(_), _) => "not installed".to_owned(),
        _ => "failed (it needs its model)".to_owned(),
    }
}

async fn code(index: &Index) -> Result<Vec<String>, Failure> {
    let files = index.files().await?;
    Ok(files
        .into_iter()
        .filter(|file| file.language.as_deref() == Some("Python") || file.path.ends_with(".rs"))
        .map(|file| file.path)
        .collect())
}

fn misspelt(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() > 3 {
        letters.swap(1, 2);
    }
    letters.into_iter().collect()
}

fn percentiles(spent: &mut [Duration]) -> String {
    spent.sort_unstable();
    let at = |share: f64| spent[((spent.len() - 1) as f64 * share).round() as usize];
    format!("{} / {}", shown(at(0.5)), shown(at(0.95)))
}

fn shown(spent: Duration) -> String {
    match spent.as_secs_f64() * 1e3 {
        ms if ms >= 1_000.0 => format!("{:.2} s", ms / 1e3),
        ms => format!("{ms:.1} ms"),
    }
}

/// The most memory this process ever had, as the kernel counts it.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1e3
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target: PathBuf = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
