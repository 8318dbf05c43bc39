//! How fast files become facts: lines a second, one thread, by language.
//!
//! `cargo run --release -p mira-syntax --example parse_speed -- FOLDER…` (without one: the sources
//! of this project, and of the crates it is built from where they have been fetched).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mira_syntax::{Limits, facts, language};

#[derive(Default)]
struct Total {
    files: usize,
    lines: usize,
    bytes: usize,
    elements: usize,
    references: usize,
    notes: usize,
    time: Duration,
    slowest: Duration,
}

impl Total {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.elements += other.elements;
        self.references += other.references;
        self.notes += other.notes;
        self.time += other.time;
        self.slowest = self.slowest.max(other.slowest);
    }
}

fn main() {
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        folders.extend(registry());
    }
    let mut totals: BTreeMap<&'static str, Total> = BTreeMap::new();
    for folder in &folders {
        measure(folder, &mut totals);
    }
    println!(
        "language          files      lines  elements      uses  notes   lines/s   MB/s  slowest"
    );
    let mut all = Total::default();
    for (name, total) in &totals {
        print(name, total);
        all.add(total);
    }
    print("all", &all);
}

/// Where Cargo keeps the sources of crates.
fn registry() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let sources = home.map(|home| home.join("registry/src"));
    sources
        .and_then(|folder| fs::read_dir(folder).ok())
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn measure(folder: &Path, totals: &mut BTreeMap<&'static str, Total>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | ".git" | "dist") {
                measure(&path, totals);
            }
            continue;
        }
        let (Some(language), true) = (language(&name), kind.is_file()) else {
            continue;
        };
        let Ok(bytes) = fs::read(&path) else { continue };
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if text.len() > Limits::default().bytes {
            continue;
        }
        let begun = Instant::now();
        let facts = facts(&name, &text, &Limits::default());
        let time = begun.elapsed();
        totals.entry(language).or_default().add(&Total {
            files: 1,
            lines: facts.lines,
            bytes: text.len(),
            elements: facts.elements.len(),
            references: facts.references.len(),
            notes: facts.notes.len(),
            time,
            slowest: time,
        });
    }
}

fn print(name: &str, total: &Total) {
    let seconds = total.time.as_secs_f64().max(1e-9);
    println!(
        "{name:<14} {:>8} {:>10} {:>9} {:>9} {:>6} {:>9.0} {:>6.1} {:>5} ms",
        total.files,
        total.lines,
        total.elements,
        total.references,
        total.notes,
        total.lines as f64 / seconds,
        total.bytes as f64 / seconds / 1e6,
        total.slowest.as_millis(),
    );
}
