//! How right the call graph is: precision and recall against `evaluation/calls`, a language.
//!
//! `npm run bench calls [-- SOURCES EVALUATION] [--faults]`, where SOURCES is what
//! `node evaluation/fetch.mjs` filled (its default folder when left out).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use mira_index::{GraphQuery, Index, What};
use mira_workspace::{Access, Blobs, Workspace};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Score {
    drawn: usize,
    right: usize,
    wanted: usize,
    met: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let shows_faults = std::env::args().any(|word| word == "--faults");
    let home = std::env::var("HOME").unwrap_or_default();
    let sources = words.first().map_or_else(
        || Path::new(&home).join(".cache/mira-evaluation"),
        PathBuf::from,
    );
    let evaluation = words
        .get(1)
        .map_or_else(|| "evaluation".into(), PathBuf::from);
    let scratch = std::env::temp_dir().join(format!("mira-calls-{}", std::process::id()));
    let mut indexes: HashMap<String, Option<Index>> = HashMap::new();
    println!(
        "{:<12} {:>8} {:>9} {:>7} {:>6} {:>6}",
        "language", "callers", "precision", "recall", "edges", "calls"
    );
    let mut files: Vec<PathBuf> = std::fs::read_dir(evaluation.join("calls"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    for file in files {
        let language = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut score = Score::default();
        let mut callers = 0;
        let mut missing = HashSet::new();
        for line in std::fs::read_to_string(&file)?
            .lines()
            .filter(|line| !line.trim().is_empty())
        {
            let sample: Value = serde_json::from_str(line)?;
            let package = sample["package"].as_str().unwrap_or_default().to_owned();
            if !indexes.contains_key(&package) {
                let root = sources.join(&package);
                let index = if root.is_dir() {
                    Some(indexed(&root, &scratch.join(&package)).await?)
                } else {
                    None
                };
                indexes.insert(package.clone(), index);
            }
            match indexes.get(&package) {
                Some(Some(index)) => {
                    callers += 1;
                    let faults = judge(index, &sample, &mut score).await?;
                    if shows_faults {
                        faults.iter().for_each(|fault| println!("  {fault}"));
                    }
                }
                _ => {
                    missing.insert(package);
                }
            }
        }
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        println!(
            "{language:<12} {callers:>8} {:>9.3} {:>7.3} {:>6} {:>6}{}",
            share(score.right, score.drawn),
            share(score.met, score.wanted),
            score.drawn,
            score.wanted,
            if missing.is_empty() {
                String::new()
            } else {
                format!("  without {missing:?}")
            }
        );
    }
    let _ = std::fs::remove_dir_all(scratch);
    Ok(())
}

async fn indexed(root: &Path, data: &Path) -> Result<Index, Box<dyn std::error::Error>> {
    let blobs = Blobs::open(&data.join("blobs"))?;
    let workspace = Workspace::open(root, Access::Project, blobs, vec![data.to_owned()])?;
    let index = Index::open(&data.join("index.db"), workspace).await?;
    index.sync(What::Whole, &CancellationToken::new()).await?;
    Ok(index)
}

/// Where an edge ends.
struct End {
    path: String,
    name: String,
    lines: (u64, u64),
    /// An edge to it is right or wrong; else it is left out of both figures.
    counts: bool,
    shown: String,
}

/// Whether this end is, or stands for, a callee.
fn stands_for(callee: &Value, to: &End) -> bool {
    let short = |name: &str| {
        name.rsplit(['.', ':', '#'])
            .next()
            .unwrap_or(name)
            .to_owned()
    };
    let wanted = callee["name"].as_str().unwrap_or_default();
    let is_named = |wanted: &str| {
        let wanted = short(wanted);
        to.name == wanted || to.name.trim_start_matches('#') == wanted
    };
    if callee["via"].as_str() == Some("dispatch") && is_named(wanted) {
        return true;
    }
    if callee["file"].as_str() != Some(&to.path) {
        return false;
    }
    let also = callee["also"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64);
    let mut lines = callee["line"].as_u64().into_iter().chain(also);
    let named = is_named(wanted) || callee["called"].as_str().is_some_and(is_named);
    named && lines.any(|line| to.lines.0 <= line && line <= to.lines.1)
}

async fn judge(
    index: &Index,
    sample: &Value,
    score: &mut Score,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let caller = &sample["caller"];
    let callees = sample["callees"].as_array().cloned().unwrap_or_default();
    let drawn = ends(index, caller, &callees).await?;
    let mut faults = Vec::new();
    let mut met = HashSet::new();
    let mut wrong = 0;
    let name = caller["name"].as_str().unwrap_or_default();
    for end in drawn.values() {
        match callees.iter().position(|callee| stands_for(callee, end)) {
            Some(at) => {
                met.insert(at);
            }
            None if end.counts => {
                wrong += 1;
                faults.push(format!("wrong   {name} -> {} in {}", end.shown, end.path));
            }
            None => {}
        }
    }
    let missing = callees
        .iter()
        .enumerate()
        .filter(|(at, _)| !met.contains(at));
    for (_, callee) in missing {
        faults.push(format!(
            "missing {name} -> {} in {}",
            callee["name"], callee["file"]
        ));
    }
    score.drawn += met.len() + wrong;
    score.right += met.len();
    score.wanted += callees.len();
    score.met += met.len();
    Ok(faults)
}

/// Where the edges from a caller end, by element. What stands in the caller is a part of it.
async fn ends(
    index: &Index,
    caller: &Value,
    callees: &[Value],
) -> Result<BTreeMap<i64, End>, Box<dyn std::error::Error>> {
    let file = caller["file"].as_str().unwrap_or_default();
    let line = |at: usize| caller["lines"][at].as_u64().unwrap_or(0) as u32;
    let (first, last) = (line(0), line(1));
    let query = GraphQuery {
        kinds: vec!["call".into(), "construct".into()],
        ..GraphQuery::default()
    };
    let mut ends = BTreeMap::new();
    for element in index.elements_of(file).await? {
        // Attributes and decorators may stand above the line that names the caller.
        let is_caller = element.end_line <= last
            && element.end_line >= first
            && (element.start_line >= first
                || element.start_line + 12 >= first && element.end_line == last);
        if !is_caller {
            continue;
        }
        for edge in index.callees(element.id, &query).await? {
            let Some(to) = edge.element else { continue };
            let is_inner = to.path == file && to.start_line > first && to.end_line <= last;
            let mut end = End {
                lines: (u64::from(to.start_line), u64::from(to.end_line)),
                counts: !is_inner && to.kind.is_callable(),
                shown: format!(
                    "{} ({:.2}, {})",
                    to.qualified_name, edge.confidence, edge.reason
                ),
                path: to.path,
                name: to.name,
            };
            // A type is an end only where its constructor is not written.
            end.counts |=
                to.kind.is_type() && callees.iter().any(|callee| stands_for(callee, &end));
            ends.insert(to.id, end);
        }
    }
    Ok(ends)
}
