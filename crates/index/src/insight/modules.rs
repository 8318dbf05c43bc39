//! Folders of the project and which uses which: what stands in one folder is one thing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::Row as _;

use crate::{Index, IndexError};

/// A folder, or a file that stands beside folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub path: String,
    pub is_folder: bool,
    pub files: u64,
    pub lines: u64,
    /// 0: it uses none of the others.
    pub layer: u32,
}

/// One uses the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleUse {
    /// Places in the list of modules.
    pub from: usize,
    pub to: usize,
    /// Pairs of files of which one imports or uses the other.
    pub files: u64,
    pub is_cycle: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modules {
    pub modules: Vec<Module>,
    pub uses: Vec<ModuleUse>,
    pub truncated: bool,
}

/// Uses less sure than this draw no line between folders.
const CLEAR: f64 = 0.6;

impl Index {
    /// What stands in `folder` (empty: the root), at most `most` of it, by layers. A folder that
    /// holds one folder and nothing else is passed through.
    pub async fn modules(&self, folder: &str, most: usize) -> Result<Modules, IndexError> {
        let rows = sqlx::query(
            "SELECT id, path, lines FROM files WHERE roles & 6 = 0
               AND (EXISTS (SELECT 1 FROM elements e WHERE e.file_id = files.id AND e.cyclomatic > 0)
                 OR EXISTS (SELECT 1 FROM imports i WHERE i.file_id = files.id))",
        )
        .fetch_all(self.reader())
        .await?;
        let mut files = HashMap::new();
        for row in &rows {
            let lines: i64 = row.try_get(2)?;
            let file = (row.try_get::<String, _>(1)?, lines.unsigned_abs());
            files.insert(row.try_get::<i64, _>(0)?, file);
        }
        let pairs: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT file_id, target_id FROM imports WHERE target_id IS NOT NULL
             UNION SELECT g.file_id, e.file_id FROM call_graph g
             JOIN elements e ON e.id = g.callee_id WHERE g.confidence >= ?1",
        )
        .bind(CLEAR)
        .fetch_all(self.reader())
        .await?;
        Ok(of(&files, &pairs, folder.trim_matches('/'), most))
    }
}

fn of(
    files: &HashMap<i64, (String, u64)>,
    pairs: &[(i64, i64)],
    folder: &str,
    most: usize,
) -> Modules {
    let folder = passed_through(files, folder);
    let mut sums: BTreeMap<String, (bool, u64, u64)> = BTreeMap::new();
    let mut module_of: HashMap<i64, String> = HashMap::new();
    for (id, (path, lines)) in files {
        let Some((module, is_folder)) = module(path, &folder) else {
            continue;
        };
        let sum = sums.entry(module.clone()).or_default();
        *sum = (is_folder, sum.1 + 1, sum.2 + lines);
        module_of.insert(*id, module);
    }
    let truncated = sums.len() > most;
    let mut kept: Vec<(String, (bool, u64, u64))> = sums.into_iter().collect();
    kept.sort_by(|a, b| b.1.2.cmp(&a.1.2).then_with(|| a.0.cmp(&b.0)));
    kept.truncate(most);
    kept.sort();
    let place: HashMap<&str, usize> = kept
        .iter()
        .enumerate()
        .map(|(at, (path, _))| (path.as_str(), at))
        .collect();
    let mut uses: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (from, to) in pairs {
        let at = |id| place.get(module_of.get(id)?.as_str()).copied();
        if let (Some(from), Some(to)) = (at(from), at(to))
            && from != to
        {
            *uses.entry((from, to)).or_default() += 1;
        }
    }
    let circles = circles(kept.len(), uses.keys());
    let layers = layers(&circles, uses.keys());
    let module = |(at, (path, (is_folder, files, lines)))| Module {
        path,
        is_folder,
        files,
        lines,
        layer: layers[at],
    };
    Modules {
        modules: kept.into_iter().enumerate().map(module).collect(),
        uses: uses
            .into_iter()
            .map(|((from, to), files)| ModuleUse {
                from,
                to,
                files,
                is_cycle: circles[from] == circles[to],
            })
            .collect(),
        truncated,
    }
}

/// The folder below which there is more than one thing.
fn passed_through(files: &HashMap<i64, (String, u64)>, folder: &str) -> String {
    let mut folder = folder.to_owned();
    loop {
        let below: BTreeSet<(String, bool)> = files
            .values()
            .filter_map(|(path, _)| module(path, &folder))
            .collect();
        match below.into_iter().collect::<Vec<_>>().as_slice() {
            [(only, true)] => folder.clone_from(only),
            _ => return folder,
        }
    }
}

/// The part of `folder` that a file stands in.
fn module(path: &str, folder: &str) -> Option<(String, bool)> {
    let rest = match folder {
        "" => path,
        folder => path.strip_prefix(folder)?.strip_prefix('/')?,
    };
    let name = rest.split('/').next()?;
    let is_folder = name.len() < rest.len();
    let below = path.len() - rest.len();
    Some((path[..below + name.len()].to_owned(), is_folder))
}

/// For each the least of those that it uses and that use it, by whatever way: its circle.
fn circles<'a>(count: usize, uses: impl Iterator<Item = &'a (usize, usize)> + Clone) -> Vec<usize> {
    let mut reaches = vec![vec![false; count]; count];
    for (at, row) in reaches.iter_mut().enumerate() {
        row[at] = true;
    }
    for (from, to) in uses {
        reaches[*from][*to] = true;
    }
    for by in 0..count {
        let beyond = reaches[by].clone();
        for row in reaches.iter_mut().filter(|row| row[by]) {
            for (to, further) in row.iter_mut().zip(&beyond) {
                *to |= further;
            }
        }
    }
    let mate = |one: usize, other: usize| reaches[one][other] && reaches[other][one];
    (0..count)
        .map(|one| (0..=one).find(|other| mate(one, *other)).unwrap_or(one))
        .collect()
}

/// How many stand below each, at the longest.
fn layers<'a>(
    circles: &[usize],
    uses: impl Iterator<Item = &'a (usize, usize)> + Clone,
) -> Vec<u32> {
    let mut layers = vec![0_u32; circles.len()];
    // Each round is right for one layer more; there are at most as many as modules.
    for _ in 0..circles.len() {
        let before = layers.clone();
        for (from, to) in uses.clone() {
            let (from, to) = (circles[*from], circles[*to]);
            if from != to {
                layers[from] = layers[from].max(layers[to] + 1);
            }
        }
        if layers == before {
            break;
        }
    }
    circles.iter().map(|circle| layers[*circle]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> HashMap<i64, (String, u64)> {
        let files = paths.iter().zip(0..);
        files
            .map(|(path, id)| (id, ((*path).to_owned(), 10)))
            .collect()
    }

    fn told(modules: &Modules) -> Vec<(&str, u32)> {
        let all = modules.modules.iter();
        all.map(|one| (one.path.as_str(), one.layer)).collect()
    }

    #[test]
    fn folders_lie_in_layers() {
        let files = files(&[
            "src/app/a.ts",
            "src/core/b.ts",
            "src/core/c.ts",
            "src/main.ts",
        ]);
        let modules = of(&files, &[(3, 0), (0, 1), (0, 2), (1, 2)], "", 10);
        assert_eq!(
            told(&modules),
            [("src/app", 1), ("src/core", 0), ("src/main.ts", 2)]
        );
        let app = modules.uses.iter().find(|one| one.from == 0).unwrap();
        assert_eq!((app.to, app.files, app.is_cycle), (1, 2, false));
    }

    #[test]
    fn circles_are_named_and_lie_in_one_layer() {
        let files = files(&["a/x.ts", "b/x.ts", "c/x.ts", "d/x.ts"]);
        let modules = of(&files, &[(0, 1), (1, 2), (2, 0), (0, 3)], "", 10);
        assert_eq!(told(&modules), [("a", 1), ("b", 1), ("c", 1), ("d", 0)]);
        let cycle: Vec<bool> = modules.uses.iter().map(|one| one.is_cycle).collect();
        assert_eq!(cycle, [true, false, true, true]);
    }

    #[test]
    fn of_many_the_largest_stay() {
        let modules = of(&files(&["a.ts", "b/x.ts", "b/y.ts", "c.ts"]), &[], "", 2);
        assert_eq!(told(&modules), [("a.ts", 0), ("b", 0)]);
        assert!(modules.truncated);
        let below = of(&files(&["a.ts", "b/x.ts", "b/y.ts"]), &[], "b", 9);
        assert_eq!(told(&below), [("b/x.ts", 0), ("b/y.ts", 0)]);
    }
}
