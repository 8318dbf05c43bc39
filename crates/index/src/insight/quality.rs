//! What makes the code hard to keep: each issue with the measure behind it and the bound it
//! passes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use mira_syntax::{Kind, Visibility};
use serde::Serialize;

use super::Code;
use super::duplicates;

/// Something that could be better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Issue {
    pub kind: IssueKind,
    pub severity: Severity,
    /// Place of the file.
    pub file: usize,
    /// Place of the element; none: the file, or a part of it.
    pub element: Option<usize>,
    /// 1-based, inclusive.
    pub lines: (u32, u32),
    /// What was measured, in `unit`, and the bound it passes.
    pub measure: f64,
    pub bound: f64,
    pub unit: &'static str,
    /// For people, with the measure: `cognitive complexity 31 (bound 15), 12 paths`.
    pub title: String,
    /// What to do about it.
    pub advice: String,
    /// The other place of a duplicate: file and lines.
    pub other: Option<(usize, (u32, u32))>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    Complexity,
    Length,
    Duplication,
    DeadExport,
    MissingTests,
    MissingDocs,
}

impl IssueKind {
    pub const ALL: [Self; 6] = [
        Self::Complexity,
        Self::Length,
        Self::Duplication,
        Self::DeadExport,
        Self::MissingTests,
        Self::MissingDocs,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complexity => "complexity",
            Self::Length => "length",
            Self::Duplication => "duplication",
            Self::DeadExport => "dead_export",
            Self::MissingTests => "missing_tests",
            Self::MissingDocs => "missing_docs",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Info, Self::Low, Self::Medium, Self::High];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// By how far a measure is beyond its bound.
    fn beyond(measure: f64, bound: f64) -> Self {
        match measure / bound {
            times if times >= 3.0 => Self::High,
            times if times >= 1.5 => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// Bounds, as the tools that most people know set them.
const COGNITIVE: u32 = 15;
const CYCLOMATIC: u32 = 15;
const FUNCTION_LINES: u32 = 80;
const FILE_LINES: u32 = 1_000;
/// From so many paths on a function deserves a test of its own.
const PATHS_TO_TEST: u32 = 4;
/// From so many also one that no other file can call.
const HIDDEN_PATHS_TO_TEST: u32 = 10;
/// Or one that is called in so many places.
const USERS_TO_TEST: usize = 3;
const STEPS_TO_TEST: usize = 3;
/// Further functions of a file that are named.
const NAMED_UNTESTED: usize = 4;
/// What so many others use should say what it is.
const USERS_TO_DOCUMENT: usize = 3;

/// All issues: by file, then by line.
pub(super) fn find(code: &Code) -> Vec<Issue> {
    let users = code.users();
    let lived_in = lived_in(code, &users);
    let mut issues = Vec::new();
    for element in 0..code.elements.len() {
        if code.is_product(element) {
            issues.extend(complexity(code, element));
            issues.extend(length(code, element));
            issues.extend(dead_export(code, element, &users, &lived_in));
            issues.extend(missing_docs(code, element, &users));
        }
    }
    issues.extend(long_files(code));
    issues.extend(missing_tests(code, &users));
    issues.extend(duplication(code));
    issues.sort_by_key(|issue| (issue.file, issue.lines, issue.kind.as_str()));
    issues
}

/// An issue of an element; its severity, title and advice are for the caller to say.
fn of(code: &Code, element: usize, kind: IssueKind, measure: f64, bound: f64) -> Issue {
    let one = &code.elements[element];
    Issue {
        kind,
        severity: Severity::beyond(measure, bound),
        file: one.file,
        element: Some(element),
        lines: (one.start_line, one.end_line),
        measure,
        bound,
        unit: "",
        title: String::new(),
        advice: String::new(),
        other: None,
    }
}

fn complexity(code: &Code, element: usize) -> Option<Issue> {
    let one = &code.elements[element];
    let (effort, paths) = (one.cognitive, one.cyclomatic);
    // A flat table of cases has many paths and is easy to follow.
    if effort <= COGNITIVE && (paths <= CYCLOMATIC || effort * 2 < paths) {
        return None;
    }
    let by_effort =
        f64::from(effort) / f64::from(COGNITIVE) >= f64::from(paths) / f64::from(CYCLOMATIC);
    let (measure, bound, unit) = match by_effort {
        true => (effort, COGNITIVE, "cognitive complexity"),
        false => (paths, CYCLOMATIC, "cyclomatic complexity"),
    };
    Some(Issue {
        unit,
        title: format!("{unit} {measure} (bound {bound}); {paths} paths, effort {effort}"),
        advice: "split it where the nesting is deepest; return early".to_owned(),
        ..of(
            code,
            element,
            IssueKind::Complexity,
            f64::from(measure),
            f64::from(bound),
        )
    })
}

fn length(code: &Code, element: usize) -> Option<Issue> {
    let one = &code.elements[element];
    let lines = one.lines();
    let is_code = one.kind.is_callable() && one.kind != Kind::Macro && one.cyclomatic > 0;
    (is_code && lines > FUNCTION_LINES).then(|| Issue {
        unit: "lines",
        title: format!("{lines} lines (bound {FUNCTION_LINES})"),
        advice: "give its parts names of their own".to_owned(),
        ..of(
            code,
            element,
            IssueKind::Length,
            f64::from(lines),
            f64::from(FUNCTION_LINES),
        )
    })
}

fn long_files(code: &Code) -> impl Iterator<Item = Issue> {
    let with_code: HashSet<usize> = code
        .elements
        .iter()
        .filter(|element| element.kind.is_callable())
        .map(|element| element.file)
        .collect();
    let long = code.files.iter().enumerate().filter(move |(file, of)| {
        of.lines > FILE_LINES && with_code.contains(file) && !of.roles.is_apart()
    });
    long.map(|(file, of)| Issue {
        kind: IssueKind::Length,
        severity: Severity::beyond(f64::from(of.lines), f64::from(FILE_LINES)),
        file,
        element: None,
        lines: (1, of.lines),
        measure: f64::from(of.lines),
        bound: f64::from(FILE_LINES),
        unit: "lines",
        title: format!("{} lines in one file (bound {FILE_LINES})", of.lines),
        advice: "move what belongs together into files of its own".to_owned(),
        other: None,
    })
}

/// Names that something outside the code calls.
const ENTRIES: &[&str] = &[
    "main",
    "init",
    "setup",
    "default",
    "handler",
    "activate",
    "deactivate",
];

/// Whether uses in this language can be found well enough to say that there is none.
fn is_resolved(language: Option<&str>) -> bool {
    matches!(
        language,
        Some(
            "Rust"
                | "TypeScript"
                | "TSX"
                | "JavaScript"
                | "Python"
                | "Go"
                | "Java"
                | "C#"
                | "Kotlin"
        )
    )
}

/// Files and names of elements (and of types with an implementation) of which a part is used.
fn lived_in<'c>(code: &'c Code, users: &[Vec<usize>]) -> HashSet<(usize, &'c str)> {
    let mut found = HashSet::new();
    for element in (0..code.elements.len()).filter(|element| !users[*element].is_empty()) {
        let mut at = code.elements[element].parent;
        while let Some(around) = at.map(|at| &code.elements[at]) {
            found.insert((around.file, &*around.name));
            at = around.parent;
        }
        let one = &code.elements[element];
        if one.kind == Kind::Method && one.parent.is_none() {
            found.insert((one.file, one.owner()));
        }
    }
    found
}

fn dead_export(
    code: &Code,
    element: usize,
    users: &[Vec<usize>],
    lived_in: &HashSet<(usize, &str)>,
) -> Option<Issue> {
    let one = &code.elements[element];
    let is_declared = one.kind == Kind::Function
        || one.kind == Kind::Macro
        || one.kind == Kind::Constant
        || one.kind.is_type();
    let is_top = one
        .parent
        .is_none_or(|parent| code.elements[parent].kind == Kind::Module);
    let language = code.files[one.file].language.as_deref();
    let is_candidate = is_declared
        && is_top
        && one.visibility == Visibility::Public
        && users[element].is_empty()
        && !one.is_decorated
        && !ENTRIES.contains(&&*one.name)
        && is_resolved(language);
    // A type whose methods are used is used.
    if !is_candidate || lived_in.contains(&(one.file, &*one.name)) {
        return None;
    }
    Some(Issue {
        severity: Severity::Low,
        unit: "uses",
        title: format!(
            "nothing in this project uses this public {}",
            one.kind.as_str()
        ),
        advice: "remove it, or make it private; keep it if it is there for others".to_owned(),
        ..of(code, element, IssueKind::DeadExport, 0.0, 1.0)
    })
}

fn missing_docs(code: &Code, element: usize, users: &[Vec<usize>]) -> Option<Issue> {
    let one = &code.elements[element];
    let is_worth = one.kind.is_type() || one.kind.is_callable() && one.kind != Kind::Constructor;
    let callers: HashSet<_> = users[element]
        .iter()
        .map(|edge| (code.edges[*edge].from, code.edges[*edge].from_file))
        .collect();
    let is_open = matches!(one.visibility, Visibility::Public | Visibility::Internal);
    if !is_worth
        || !is_open
        || one.doc.is_some()
        || callers.len() < USERS_TO_DOCUMENT
        || one.lines() < 3
    {
        return None;
    }
    let count = callers.len();
    Some(Issue {
        severity: match count {
            0..10 => Severity::Info,
            _ => Severity::Low,
        },
        unit: "users",
        title: format!("used in {count} places, and no word says what it does"),
        advice: "say what it gives, and when it fails".to_owned(),
        ..of(
            code,
            element,
            IssueKind::MissingDocs,
            count as f64,
            USERS_TO_DOCUMENT as f64,
        )
    })
}

/// Functions with many paths that no test reaches in a few steps, and that others can call, call
/// often, or can hardly follow: for each file one issue, of the one with the most paths. Says
/// nothing of a project that has no tests at all: that is one fact, not a thousand.
fn missing_tests(code: &Code, users: &[Vec<usize>]) -> Vec<Issue> {
    let tests: Vec<usize> = (0..code.elements.len())
        .filter(|at| code.is_test(*at))
        .collect();
    if tests.is_empty() {
        return Vec::new();
    }
    let mut reaches: HashMap<usize, Vec<usize>> = HashMap::new();
    for edge in users.iter().flatten().map(|at| &code.edges[*at]) {
        if let Some(from) = edge.from {
            reaches.entry(from).or_default().push(edge.to);
        }
    }
    let mut steps: HashMap<usize, usize> = tests.iter().map(|test| (*test, 0)).collect();
    let mut next: VecDeque<usize> = tests.into();
    while let Some(element) = next.pop_front() {
        let distance = steps[&element];
        if distance == STEPS_TO_TEST {
            continue;
        }
        for to in reaches.get(&element).into_iter().flatten() {
            if !steps.contains_key(to) {
                steps.insert(*to, distance + 1);
                next.push_back(*to);
            }
        }
    }
    // What runs at the top of a test file counts like a test.
    let top: HashSet<usize> = code
        .edges
        .iter()
        .filter(|edge| edge.from.is_none() && code.files[edge.from_file].roles.is_test)
        .map(|edge| edge.to)
        .collect();
    let untested = (0..code.elements.len()).filter(|element| {
        let one = &code.elements[*element];
        let is_open = matches!(one.visibility, Visibility::Public | Visibility::Internal);
        code.is_product(*element)
            && one.kind.is_callable()
            && one.cyclomatic >= PATHS_TO_TEST
            && (is_open
                || one.cyclomatic >= HIDDEN_PATHS_TO_TEST
                || users[*element].len() >= USERS_TO_TEST)
            && is_resolved(code.files[one.file].language.as_deref())
            && !steps.contains_key(element)
            && !top.contains(element)
    });
    let mut by_file: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for element in untested {
        let file = code.elements[element].file;
        by_file.entry(file).or_default().push(element);
    }
    by_file
        .into_values()
        .map(|elements| untested_file(code, elements, users))
        .collect()
}

fn untested_file(code: &Code, mut elements: Vec<usize>, users: &[Vec<usize>]) -> Issue {
    let paths = |element: usize| code.elements[element].cyclomatic;
    elements.sort_by_key(|at| (Reverse(paths(*at)), Reverse(users[*at].len()), *at));
    let (hardest, others) = (elements[0], &elements[1..]);
    let most = paths(hardest);
    let mut title = format!("{most} paths, and no test reaches it in {STEPS_TO_TEST} steps");
    if !others.is_empty() {
        let named = others.iter().take(NAMED_UNTESTED);
        let named: Vec<String> = named
            .map(|at| format!("{} ({})", code.elements[*at].name, paths(*at)))
            .collect();
        title += &format!("; nor {} more of this file: ", others.len());
        title += &named.join(", ");
        if others.len() > NAMED_UNTESTED {
            title += ", …";
        }
    }
    Issue {
        unit: "paths",
        title,
        advice: "test its branches, first those that fail".to_owned(),
        ..of(
            code,
            hardest,
            IssueKind::MissingTests,
            f64::from(most),
            f64::from(PATHS_TO_TEST),
        )
    }
}

/// Lines of a copy from which on it is worth a look.
const COPIED_LINES: f64 = 8.0;

fn duplication(code: &Code) -> impl Iterator<Item = Issue> {
    let mut by_file: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, element) in code.elements.iter().enumerate() {
        if element.kind.is_callable() {
            by_file.entry(element.file).or_default().push(index);
        }
    }
    duplicates::find(code).into_iter().map(move |copy| {
        let inside = by_file.get(&copy.file).into_iter().flatten().copied();
        // The innermost function that holds where it begins.
        let element = inside
            .filter(|at| {
                let one = &code.elements[*at];
                (one.start_line..=one.end_line).contains(&copy.lines.0)
            })
            .max_by_key(|at| code.elements[*at].start_line);
        let lines = f64::from(copy.lines.1 + 1 - copy.lines.0);
        let other = &code.files[copy.other_file].path;
        Issue {
            kind: IssueKind::Duplication,
            severity: Severity::beyond(lines, COPIED_LINES * 1.5),
            file: copy.file,
            element,
            lines: copy.lines,
            measure: lines,
            bound: COPIED_LINES,
            unit: "lines",
            title: format!(
                "{lines} lines that stand also in {other}:{}–{}",
                copy.other_lines.0, copy.other_lines.1
            ),
            advice: "say it once, and call it from both places".to_owned(),
            other: Some((copy.other_file, copy.other_lines)),
        }
    })
}
