//! Files that belong together: by who calls and imports whom, what they are about, and where they
//! stand. Communities by modularity (Louvain), in a fixed order, so that the same code gives the
//! same clusters.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::Code;
use super::code::SURE;
use super::terms::Terms;

/// A part of the project that is about one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cluster {
    /// Its folder, and the words that set it apart: `crates/store: session, event`.
    pub name: String,
    /// Words that set it apart, the strongest first.
    pub words: Vec<String>,
    /// Places of files, in the order of the project.
    pub files: Vec<usize>,
    /// How much of what ties its files stays inside: 0 to 1.
    pub cohesion: f64,
}

const CALL: f64 = 1.0;
const IMPORT: f64 = 1.5;
const SAME_FOLDER: f64 = 0.6;
const SAME_WORDS: f64 = 1.0;
const ALIKE: f64 = 0.25;
/// In larger folders standing side by side says nothing.
const LARGE_FOLDER: usize = 40;
const ROUNDS: usize = 12;
const WORDS: usize = 5;

pub(super) fn find(code: &Code, terms: &Terms) -> Vec<Cluster> {
    let members: Vec<usize> = (0..code.files.len())
        .filter(|file| {
            let roles = code.files[*file].roles;
            code.files[*file].language.is_some() && !roles.is_generated && !roles.is_vendored
        })
        .collect();
    let profile = profiles(code, terms);
    let ties = ties(code, &profile, &members);
    let community = communities(&members, &ties);
    let spread = spread(&profile);
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for file in &members {
        groups.entry(community[file]).or_default().push(*file);
    }
    let mut clusters: Vec<Cluster> = groups
        .into_values()
        .filter(|files| files.len() > 1)
        .map(|files| {
            let words = words(terms, &profile, &spread, &files);
            cluster(code, words, &ties, files)
        })
        .collect();
    clusters.sort_by(|a, b| {
        b.files
            .len()
            .cmp(&a.files.len())
            .then_with(|| a.name.cmp(&b.name))
    });
    clusters
}

/// What each file is about: its words with their weight.
fn profiles(code: &Code, terms: &Terms) -> Vec<HashMap<u32, f64>> {
    let mut profile = vec![HashMap::new(); code.files.len()];
    for (index, element) in code.elements.iter().enumerate() {
        for (word, weight) in &terms.of_element[index] {
            *profile[element.file].entry(*word).or_insert(0.0) +=
                f64::from(*weight) * terms.says(*word);
        }
    }
    profile
}

type Ties = HashMap<usize, BTreeMap<usize, f64>>;

fn ties(code: &Code, profile: &[HashMap<u32, f64>], members: &[usize]) -> Ties {
    let mut ties: Ties = members
        .iter()
        .map(|file| (*file, BTreeMap::new()))
        .collect();
    let mut tie = |a: usize, b: usize, weight: f64| {
        if a != b && ties.contains_key(&a) && ties.contains_key(&b) {
            for (from, to) in [(a, b), (b, a)] {
                if let Some(all) = ties.get_mut(&from) {
                    *all.entry(to).or_default() += weight;
                }
            }
        }
    };
    let mut calls: HashMap<(usize, usize), f64> = HashMap::new();
    for edge in code.edges.iter().filter(|edge| edge.confidence >= SURE) {
        let pair = (edge.from_file, code.elements[edge.to].file);
        *calls.entry(pair).or_default() += edge.confidence * f64::from(edge.times).ln_1p();
    }
    let mut calls: Vec<_> = calls.into_iter().collect();
    calls.sort_unstable_by_key(|(pair, _)| *pair);
    for ((from, to), weight) in calls {
        tie(from, to, CALL * weight.ln_1p());
    }
    for (from, to) in &code.imports {
        tie(*from, *to, IMPORT);
    }
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for file in members {
        folders
            .entry(folder(&code.files[*file].path))
            .or_default()
            .push(*file);
    }
    for files in folders.values().filter(|files| files.len() <= LARGE_FOLDER) {
        for (at, a) in files.iter().enumerate() {
            for b in &files[at + 1..] {
                let alike = cosine(&profile[*a], &profile[*b]);
                tie(*a, *b, SAME_FOLDER / (files.len() as f64).sqrt());
                if alike >= ALIKE {
                    tie(*a, *b, SAME_WORDS * alike);
                }
            }
        }
    }
    ties
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn cosine(a: &HashMap<u32, f64>, b: &HashMap<u32, f64>) -> f64 {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let both: f64 = short
        .iter()
        .filter_map(|(word, x)| Some(x * long.get(word)?))
        .sum();
    let length = |of: &HashMap<u32, f64>| of.values().map(|x| x * x).sum::<f64>().sqrt();
    let lengths = length(a) * length(b);
    if lengths > 0.0 { both / lengths } else { 0.0 }
}

/// For each file the community it is in.
fn communities(members: &[usize], ties: &Ties) -> HashMap<usize, usize> {
    // What the files of one level have become: at first each is one group.
    let mut group: HashMap<usize, usize> = members.iter().map(|file| (*file, *file)).collect();
    let mut level: Ties = ties.clone();
    for _ in 0..4 {
        let moved = settle(&level);
        if moved.iter().all(|(node, to)| node == to) {
            break;
        }
        for of in group.values_mut() {
            *of = moved.get(of).copied().unwrap_or(*of);
        }
        let mut next: Ties = HashMap::new();
        for (node, others) in &level {
            let from = moved.get(node).copied().unwrap_or(*node);
            let own = next.entry(from).or_default();
            for (other, weight) in others {
                let to = moved.get(other).copied().unwrap_or(*other);
                *own.entry(to).or_default() += weight;
            }
        }
        level = next;
    }
    group
}

/// Each node goes to the neighbour's community that gains most, until none wants to move.
fn settle(ties: &Ties) -> HashMap<usize, usize> {
    let mut nodes: Vec<usize> = ties.keys().copied().collect();
    nodes.sort_unstable();
    let degree: HashMap<usize, f64> = ties
        .iter()
        .map(|(node, others)| (*node, others.values().sum()))
        .collect();
    let all: f64 = nodes.iter().map(|node| degree[node]).sum();
    let mut community: HashMap<usize, usize> = nodes.iter().map(|node| (*node, *node)).collect();
    let mut total = degree.clone();
    if all == 0.0 {
        return community;
    }
    for _ in 0..ROUNDS {
        let mut has_moved = false;
        for node in &nodes {
            let own = community[node];
            let mut into: BTreeMap<usize, f64> = BTreeMap::new();
            for (other, weight) in ties[node].iter().filter(|(other, _)| *other != node) {
                *into.entry(community[other]).or_default() += weight;
            }
            if let Some(sum) = total.get_mut(&own) {
                *sum -= degree[node];
            }
            let gain = |to: usize| {
                into.get(&to).copied().unwrap_or(0.0)
                    - total.get(&to).copied().unwrap_or(0.0) * degree[node] / all
            };
            let mut best = (own, gain(own));
            for to in into.keys() {
                let gained = gain(*to);
                if gained > best.1 + 1e-9 {
                    best = (*to, gained);
                }
            }
            *total.entry(best.0).or_default() += degree[node];
            has_moved |= best.0 != own;
            community.insert(*node, best.0);
        }
        if !has_moved {
            break;
        }
    }
    community
}

fn cluster(code: &Code, words: Vec<String>, ties: &Ties, files: Vec<usize>) -> Cluster {
    let (mut inside, mut outside) = (0.0, 0.0);
    for (other, weight) in files.iter().filter_map(|file| ties.get(file)).flatten() {
        match files.binary_search(other) {
            Ok(_) => inside += weight,
            Err(_) => outside += weight,
        }
    }
    let place = common_folder(code, &files);
    let said = words.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let name = match (place.as_str(), said.as_str()) {
        ("", "") => first_of(code, &files),
        ("", said) => said.to_owned(),
        (place, "") => place.to_owned(),
        (place, said) => format!("{place}: {said}"),
    };
    Cluster {
        name,
        words,
        files,
        cohesion: if inside > 0.0 {
            inside / (inside + outside)
        } else {
            0.0
        },
    }
}

/// In how many files each word stands.
fn spread(profile: &[HashMap<u32, f64>]) -> HashMap<u32, usize> {
    let mut spread = HashMap::new();
    for word in profile.iter().flat_map(HashMap::keys) {
        *spread.entry(*word).or_default() += 1;
    }
    spread
}

/// The words that stand in it more than elsewhere.
fn words(
    terms: &Terms,
    profile: &[HashMap<u32, f64>],
    spread: &HashMap<u32, usize>,
    files: &[usize],
) -> Vec<String> {
    let mut here: HashMap<u32, (f64, usize)> = HashMap::new();
    for (word, weight) in files.iter().flat_map(|file| &profile[*file]) {
        let of = here.entry(*word).or_default();
        *of = (of.0 + weight, of.1 + 1);
    }
    let elsewhere = |word: u32| spread.get(&word).copied().unwrap_or(1) as f64;
    let mut strong: Vec<(u32, f64, usize)> = here
        .into_iter()
        .map(|(word, (weight, count))| (word, weight, count))
        .collect();
    strong.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    strong.truncate(40);
    let mut scored: Vec<(f64, u32)> = strong
        .into_iter()
        .map(|(word, weight, count)| (weight * count as f64 / elsewhere(word), word))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let words = scored.into_iter().take(WORDS);
    words
        .map(|(_, word)| terms.words[word as usize].clone())
        .collect()
}

/// The folder in which most of the files stand, and its parents if they do not stand in one.
/// Where nothing else names them.
fn first_of(code: &Code, files: &[usize]) -> String {
    let first = files.iter().take(2).map(|file| &*code.files[*file].path);
    let more = if files.len() > 2 { ", …" } else { "" };
    format!("{}{more}", first.collect::<Vec<_>>().join(", "))
}

fn common_folder(code: &Code, files: &[usize]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        let mut place = folder(&code.files[*file].path);
        while !place.is_empty() {
            *counts.entry(place).or_default() += 1;
            place = folder(place);
        }
    }
    let enough = files.len() * 6 / 10;
    let fits = counts.into_iter().filter(|(_, count)| *count > enough);
    let deepest = fits.max_by_key(|(place, _)| place.len());
    deepest.map_or_else(String::new, |(place, _)| place.to_owned())
}
