//! Which tests are about an element: by calls, by imports, by names, by
//! what was changed together.

use std::collections::HashMap;

use serde::Serialize;

use crate::graph::GraphQuery;
use crate::model::Element;
use crate::roles::is_test_name;
use crate::tokens::letters_of;
use crate::{Index, IndexError};

/// A test that is about an element, or a file of tests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestFor {
    pub path: String,
    /// None: the file as a whole.
    pub test: Option<Element>,
    pub line: u32,
    /// 0 to 1.
    pub confidence: f64,
    /// Why, in words; several where more than one thing speaks for it.
    pub reasons: Vec<String>,
}

/// How many steps a test may be from what it calls.
const STEPS: u32 = 3;
/// Tests that are looked at for their names alone.
const MOST_NAMED: usize = 200;

impl Index {
    /// Tests of an element, the surest first, at most `limit`.
    pub async fn tests_for(&self, id: i64, limit: usize) -> Result<Vec<TestFor>, IndexError> {
        let Some(element) = self.element(id).await? else {
            return Ok(Vec::new());
        };
        let mut found = Tests::default();
        self.by_calls(&element, &mut found).await?;
        self.by_names(&element, &mut found).await?;
        self.by_imports(&element, &mut found).await?;
        self.by_history(&element, &mut found).await?;
        Ok(found.best(limit))
    }

    async fn by_calls(&self, element: &Element, found: &mut Tests) -> Result<(), IndexError> {
        let query = GraphQuery {
            kinds: ["call", "construct", "macro", "type", "read"]
                .map(str::to_owned)
                .to_vec(),
            depth: STEPS,
            limit: 2_000,
            ..GraphQuery::default()
        };
        let test_files = self.test_files().await?;
        for edge in self.callers(element.id, &query).await? {
            let is_test = edge.element.as_ref().is_some_and(|one| one.is_test)
                || test_files.contains(&edge.path);
            if !is_test {
                continue;
            }
            let steps = f64::from(edge.distance);
            let reason = match edge.distance {
                1 => format!("uses it in line {}", edge.line),
                steps => format!("reaches it in {steps} steps"),
            };
            found.add(
                &edge.path,
                edge.element,
                edge.line,
                edge.confidence / steps,
                reason,
            );
        }
        Ok(())
    }

    async fn by_names(&self, element: &Element, found: &mut Tests) -> Result<(), IndexError> {
        self.loaded().await?;
        let name = letters_of(&element.name);
        // Short names are parts of too many others.
        if name.len() < 4 {
            return Ok(());
        }
        let ids: Vec<i64> = {
            let symbols = self.symbols();
            let mut ids = symbols.whose_letters_contain(&name);
            ids.retain(|id| {
                let one = symbols.elements.get(id);
                one.is_some_and(|one| one.is_test && one.kind.is_callable())
            });
            ids.sort_unstable();
            ids.truncate(MOST_NAMED);
            ids
        };
        for test in self.elements_by_id(&ids).await? {
            let is_near = test.language == element.language;
            let confidence = if is_near { 0.5 } else { 0.2 };
            let (path, line) = (test.path.clone(), test.start_line);
            found.add(
                &path,
                Some(test),
                line,
                confidence,
                "its name says so".into(),
            );
        }
        Ok(())
    }

    async fn by_imports(&self, element: &Element, found: &mut Tests) -> Result<(), IndexError> {
        let test_files = self.test_files().await?;
        for import in self.imported_by(&element.path).await? {
            if test_files.contains(&import.path) {
                let is_named = import
                    .names
                    .iter()
                    .any(|name| name.split(' ').next() == Some(&element.name));
                let (confidence, reason) = match is_named {
                    true => (0.6, format!("imports it in line {}", import.line)),
                    false => (0.3, format!("imports its file in line {}", import.line)),
                };
                found.add(&import.path, None, import.line, confidence, reason);
            }
        }
        let stem = stem_of(&element.path);
        for path in test_files.iter().filter(|path| is_test_of(path, stem)) {
            found.add(
                path,
                None,
                1,
                0.4,
                "its file is named after this one".into(),
            );
        }
        Ok(())
    }

    /// Files of tests that the commits of its file changed, too. A sign, never a proof: half sure
    /// where they always change together.
    async fn by_history(&self, element: &Element, found: &mut Tests) -> Result<(), IndexError> {
        let test_files = self.test_files().await?;
        for companion in self.changed_with(&element.path).await? {
            if !test_files.contains(&companion.path) {
                continue;
            }
            let (together, of) = (companion.together, companion.of.max(companion.together));
            let confidence = 0.5 * f64::from(together) / f64::from(of);
            let reason = format!("changed together with its file in {together} of {of} commits");
            found.add_file(&companion.path, confidence, reason);
        }
        Ok(())
    }

    async fn test_files(&self) -> Result<std::collections::HashSet<String>, IndexError> {
        let paths: Vec<String> = sqlx::query_scalar("SELECT path FROM files WHERE roles & 1")
            .fetch_all(self.reader())
            .await?;
        Ok(paths.into_iter().collect())
    }
}

fn stem_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// `cart_test.go` and `test_cart.py` are of `cart`.
fn is_test_of(path: &str, stem: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if stem.len() < 3 || !is_test_name(name) {
        return false;
    }
    let own = stem_of(path).to_lowercase();
    let own = own
        .trim_start_matches("test")
        .trim_start_matches(['_', '-']);
    let mut own = own;
    for end in ["tests", "test", "spec", "testcase"] {
        own = own
            .strip_suffix(end)
            .unwrap_or(own)
            .trim_end_matches(['_', '-']);
    }
    own == stem.to_lowercase()
}

#[derive(Default)]
struct Tests {
    found: HashMap<(String, Option<i64>), TestFor>,
}

impl Tests {
    fn add(
        &mut self,
        path: &str,
        test: Option<Element>,
        line: u32,
        confidence: f64,
        reason: String,
    ) {
        let key = (path.to_owned(), test.as_ref().map(|one| one.id));
        let entry = self.found.entry(key).or_insert_with(|| TestFor {
            path: path.to_owned(),
            test,
            line,
            confidence: 0.0,
            reasons: Vec::new(),
        });
        // Independent signs: each leaves less doubt.
        entry.confidence = 1.0 - (1.0 - entry.confidence) * (1.0 - confidence);
        if !entry.reasons.contains(&reason) {
            entry.reasons.push(reason);
        }
    }

    /// Speaks for a file: for the tests of it that are known already, else for the file.
    fn add_file(&mut self, path: &str, confidence: f64, reason: String) {
        let known: Vec<(Option<Element>, u32)> = self
            .found
            .values()
            .filter(|one| one.path == path)
            .map(|one| (one.test.clone(), one.line))
            .collect();
        if known.is_empty() {
            self.add(path, None, 1, confidence, reason);
            return;
        }
        for (test, line) in known {
            self.add(path, test, line, confidence, reason.clone());
        }
    }

    fn best(self, limit: usize) -> Vec<TestFor> {
        let mut all: Vec<TestFor> = self.found.into_values().collect();
        all.sort_by(|left, right| {
            let by_path = || left.path.cmp(&right.path).then(left.line.cmp(&right.line));
            right
                .confidence
                .total_cmp(&left.confidence)
                .then_with(by_path)
        });
        all.truncate(limit);
        all
    }
}
