//! How good search is, on judged questions over public packages (`evaluation/README.md`):
//!
//! ```text
//! evaluate [--packages FOLDER] [--data FOLDER] [--only PACKAGE] [--losses] [--candidates FILE] [--pool FILE]
//!          [--learn FILE]
//! ```
//!
//! `--packages` and `--data` may stand several times, in pairs: sets of questions of others' beside
//! the project's own.
//!
//! Prints NDCG@10 and recall@10 of grep, BM25, vectors and all together, by half, kind and
//! language, and what each stage is worth. `--losses` lists what went wrong on the half that may be
//! looked at; `--candidates` writes what each question brought, with every signal, as lines of JSON;
//! `--pool` writes the first ten results of every way for each question, one line of JSON each, in an
//! order that does not tell which way found them or how early: what a judge of the truth reads;
//! `--learn` writes the weights of the order, from the half that may be looked at.

mod data;
mod figures;
mod grep;
mod learn;
mod memo;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mira_index::{Index, Meaning, Query, Stages, What, With};
use mira_vectors::{Cached, Embedded, LocalEmbedder, Places};
use mira_workspace::{Access, Blobs, Workspace};
use tokio_util::sync::CancellationToken;

use data::{Package, Place, Question};
use figures::{Figures, Row};

struct Options {
    /// Where the packages of each set are.
    packages: Vec<PathBuf>,
    /// Where its questions are.
    data: Vec<PathBuf>,
    only: Option<String>,
    losses: bool,
    candidates: Option<PathBuf>,
    pool: Option<PathBuf>,
    learn: Option<PathBuf>,
}

/// So many candidates of a question are written down.
const WRITTEN: usize = 400;

/// A way to search that is compared with others.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    stages: Stages,
}

const OFF: Stages = Stages {
    words: false,
    meaning: false,
    names: false,
    graph: false,
    rules: false,
    order: false,
    recency: false,
};

#[tokio::main]
async fn main() -> Result<()> {
    let options = options()?;
    let began = Instant::now();
    if options.packages.len() != options.data.len() {
        bail!("--packages and --data come in pairs");
    }
    let mut sets = Vec::new();
    for (folder, data) in options.packages.iter().zip(&options.data) {
        let of = data::packages(data)?.into_iter();
        sets.extend(of.map(|package| (folder, data, package)));
    }
    let local = LocalEmbedder::find(&Places::of_this_process(None));
    if let Err(error) = &local {
        eprintln!("Without vectors: {error}. {}", error.hint());
    }
    let mut rows = Vec::new();
    let create = |file: &Option<PathBuf>| file.as_deref().map(std::fs::File::create).transpose();
    let mut candidates = create(&options.candidates)?;
    let mut pool = create(&options.pool)?;
    let mut lessons = Vec::new();
    for (folder, data, package) in &sets {
        let work = folder.join(".search");
        if options
            .only
            .as_ref()
            .is_some_and(|only| *only != package.name)
        {
            continue;
        }
        let questions = data::questions(data, &package.name)?;
        let root = folder.join(&package.name);
        if !root.is_dir() {
            eprintln!(
                "{} is not there (node evaluation/fetch.mjs gets it): left out",
                package.name
            );
            continue;
        }
        let index = open(&root, &work.join(&package.name)).await?;
        let meaning = match &local {
            Ok(local) => {
                let embedder =
                    Cached::open(Arc::new(local.clone()), &work.join("embeddings.db")).await;
                let vectors = Embedded::open(&work.join("vectors.db")).await?;
                let embedder = memo::Memo::new(Arc::new(embedder));
                let meaning = Meaning::new(Arc::new(embedder), Arc::new(vectors), &package.name);
                let cancel = CancellationToken::new();
                index.embed(&meaning, &cancel, |_| ()).await?;
                Some(meaning)
            }
            Err(_) => None,
        };
        let totals = index.totals().await?;
        eprintln!(
            "{}: {} files, {} elements, {} pieces, {} edges; {} questions ({:.0} s)",
            package.name,
            totals.files,
            totals.elements,
            totals.chunks,
            totals.edges,
            questions.len(),
            began.elapsed().as_secs_f64()
        );
        for question in &questions {
            if let Some(file) = &mut candidates {
                write_candidates(file, &index, meaning.as_ref(), question).await?;
                continue;
            }
            if let Some(file) = &mut pool {
                write_pool(file, &index, meaning.as_ref(), question).await?;
                continue;
            }
            if options.learn.is_some() {
                lessons.extend(lesson(&index, meaning.as_ref(), package, question).await?);
                continue;
            }
            rows.extend(asked(&index, meaning.as_ref(), package, question, options.losses).await?);
        }
    }
    if let Some(file) = &options.learn {
        let across = learn::across_packages(&lessons);
        println!(
            "{} sentences; each package by what the others taught: NDCG@10 {across:.3}",
            lessons.len()
        );
        let all: Vec<&learn::Lesson> = lessons.iter().collect();
        std::fs::write(file, learn::written(&learn::weights(&all)))?;
        return Ok(());
    }
    if candidates.is_some() || pool.is_some() {
        return Ok(());
    }
    if rows.is_empty() {
        bail!("no package is there; `node evaluation/fetch.mjs` gets them");
    }
    Figures::of(&rows).print();
    Ok(())
}

fn options() -> Result<Options> {
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let mut options = Options {
        packages: Vec::new(),
        data: Vec::new(),
        only: None,
        losses: false,
        candidates: None,
        pool: None,
        learn: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .with_context(|| format!("{word} wants a value"))
        };
        match word.as_str() {
            "--packages" => options.packages.push(value()?.into()),
            "--data" => options.data.push(value()?.into()),
            "--only" => options.only = Some(value()?),
            "--losses" => options.losses = true,
            "--candidates" => options.candidates = Some(value()?.into()),
            "--pool" => options.pool = Some(value()?.into()),
            "--learn" => options.learn = Some(value()?.into()),
            _ => bail!(
                "usage: evaluate [--packages FOLDER] [--data FOLDER] [--only PACKAGE] [--losses] \
                 [--candidates FILE] [--pool FILE] [--learn FILE]"
            ),
        }
    }
    if options.packages.is_empty() {
        options.packages.push(cache.join("mira-evaluation"));
    }
    if options.data.is_empty() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evaluation");
        options.data.push(own);
    }
    Ok(options)
}

async fn open(root: &Path, work: &Path) -> Result<Index> {
    std::fs::create_dir_all(work)?;
    let blobs = Blobs::open(&work.join("blobs"))?;
    let workspace = Workspace::open(root, Access::Project, blobs, vec![work.to_owned()])?;
    let index = Index::open(&work.join("index.db"), workspace).await?;
    index.sync(What::Whole, &CancellationToken::new()).await?;
    Ok(index)
}

fn with(meaning: Option<&Meaning>) -> With<'_> {
    match meaning {
        Some(meaning) => With::Meaning(meaning),
        None => With::Words {
            why: "no model",
            hint: "",
        },
    }
}

async fn write_candidates(
    file: &mut std::fs::File,
    index: &Index,
    meaning: Option<&Meaning>,
    question: &Question,
) -> Result<()> {
    let mut query = Query::new(question.question.as_str());
    query.limit = WRITTEN;
    // All of them, none named with another.
    query.stages.order = false;
    let answer = index.search(&query, with(meaning)).await?;
    let hits: Vec<serde_json::Value> = answer
        .hits
        .iter()
        .map(|hit| serde_json::json!({ "hit": hit, "known": hit.known }))
        .collect();
    let line = serde_json::json!({ "id": question.id, "hits": hits });
    Ok(writeln!(file, "{line}")?)
}

/// What a question of the half that may be looked at teaches.
async fn lesson(
    index: &Index,
    meaning: Option<&Meaning>,
    package: &Package,
    question: &Question,
) -> Result<Option<learn::Lesson>> {
    if question.half != "tune" {
        return Ok(None);
    }
    let mut query = Query::new(question.question.as_str());
    query.limit = learn::CANDIDATES;
    query.stages.order = false;
    let answer = index.search(&query, with(meaning)).await?;
    let truth = question.truth.clone();
    Ok(learn::Lesson::of(&package.name, truth, &answer.hits))
}

/// The first results of every way that is compared, each place once, by file and line.
async fn write_pool(
    file: &mut std::fs::File,
    index: &Index,
    meaning: Option<&Meaning>,
    question: &Question,
) -> Result<()> {
    let mut places = grep::ranked(index, &question.question).await?;
    for way in ways() {
        let mut query = Query::new(question.question.as_str());
        query.stages = way.stages;
        let answer = index.search(&query, with(meaning)).await?;
        places.extend(answer.hits.iter().take(data::TOP).map(Place::of));
    }
    let pool: BTreeSet<_> = places
        .into_iter()
        .map(|one| (one.path, one.start, one.end))
        .collect();
    let line = serde_json::json!({ "id": question.id, "pool": pool });
    Ok(writeln!(file, "{line}")?)
}

fn ways() -> Vec<Way> {
    let all = Stages::default();
    let way = |name, stages| Way { name, stages };
    vec![
        way("BM25", Stages { words: true, ..OFF }),
        way(
            "vectors",
            Stages {
                meaning: true,
                ..OFF
            },
        ),
        way("hybrid", all),
        way(
            "without words",
            Stages {
                words: false,
                ..all
            },
        ),
        way(
            "without meaning",
            Stages {
                meaning: false,
                ..all
            },
        ),
        way(
            "without names",
            Stages {
                names: false,
                ..all
            },
        ),
        way(
            "without calls",
            Stages {
                graph: false,
                ..all
            },
        ),
        way(
            "without rules",
            Stages {
                rules: false,
                ..all
            },
        ),
        way(
            "without order",
            Stages {
                order: false,
                ..all
            },
        ),
    ]
}

/// What a way found.
struct Found {
    hits: Vec<Place>,
    /// The same with the places that are named with each hit, in the order in which one reads.
    read: Vec<Place>,
}

impl Found {
    fn plain(hits: Vec<Place>) -> Self {
        Self {
            read: hits.clone(),
            hits,
        }
    }
}

async fn asked(
    index: &Index,
    meaning: Option<&Meaning>,
    package: &Package,
    question: &Question,
    losses: bool,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let is_by_file = question.truth.iter().any(|one| one.lines.is_none());
    let mut add = |way: &'static str, found: &Found, began: Instant| {
        let (first, _) = data::score(&question.truth, &found.hits);
        // Who judges files counts results; who judges places reads what is named with each.
        let read = if is_by_file { &found.hits } else { &found.read };
        let (ndcg, recall) = data::score(&question.truth, read);
        rows.push(Row {
            way,
            ndcg,
            recall,
            first,
            by_file: data::score_by_file(&question.truth, &found.hits),
            ms: began.elapsed().as_secs_f64() * 1e3,
            kind: question.kind.clone(),
            half: question.half.clone(),
            language: package.language.clone(),
        });
        ndcg
    };
    let began = Instant::now();
    let lines = grep::ranked(index, &question.question).await?;
    add("grep", &Found::plain(lines), began);
    for way in ways() {
        let mut query = Query::new(question.question.as_str());
        query.stages = way.stages;
        let began = Instant::now();
        let answer = index.search(&query, with(meaning)).await?;
        let found = Found {
            hits: answer.hits.iter().map(Place::of).collect(),
            read: answer.hits.iter().flat_map(Place::read).collect(),
        };
        let ndcg = add(way.name, &found, began);
        if losses && way.name == "hybrid" && question.half == "tune" && ndcg < 0.7 {
            println!("\n{ndcg:.2} {} {}", question.id, question.question);
            let wanted: BTreeMap<_, _> = question
                .truth
                .iter()
                .map(|one| (&one.element, (one.grade, &one.file, one.lines)))
                .collect();
            println!("   wanted {wanted:?}");
            for hit in answer.hits.iter().take(6) {
                let name = hit
                    .element
                    .as_ref()
                    .map_or("-", |one| one.qualified_name.as_str());
                let why: Vec<String> = hit
                    .why
                    .iter()
                    .map(|one| format!("{} {:.2}", one.text, one.points))
                    .collect();
                println!(
                    "   {:.2} {}:{}-{} {name} | {}",
                    hit.score,
                    hit.path,
                    hit.start_line,
                    hit.end_line,
                    why.join(", ")
                );
            }
        }
    }
    Ok(rows)
}
