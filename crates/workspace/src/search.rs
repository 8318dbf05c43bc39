//! Text search with ripgrep's own libraries.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkMatch};
use ignore::overrides::OverrideBuilder;
use ignore::{WalkBuilder, WalkState};
use tokio_util::sync::CancellationToken;

use crate::guard::Intent;
use crate::{Refusal, Workspace, truncate};

/// What to search for, and how much of it to bring.
#[derive(Debug, Clone)]
pub struct Query {
    /// A regular expression (Rust syntax), or with `literal` plain text.
    pub pattern: String,
    pub literal: bool,
    pub case: Case,
    /// A folder or a file to search in; empty for the project.
    pub path: String,
    /// Only files whose path matches one of these (`*.rs`, `!tests/**`).
    pub globs: Vec<String>,
    /// Lines shown before and after each match.
    pub context: usize,
    /// Stop after so many matching lines.
    pub max_matches: usize,
    /// Stop after so much text, in bytes.
    pub max_bytes: usize,
    /// Also search in files that .gitignore hides.
    pub ignored: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            pattern: String::new(),
            literal: false,
            case: Case::Smart,
            path: String::new(),
            globs: Vec::new(),
            context: 0,
            max_matches: 100,
            max_bytes: 32 * 1024,
            ignored: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Insensitive unless the pattern has an upper-case letter.
    Smart,
    Sensitive,
    Insensitive,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Sorted by path.
    pub files: Vec<FileMatches>,
    /// Matching lines in `files`.
    pub matches: usize,
    pub files_searched: usize,
    /// Why there may be more, in words ("the first 100 matches").
    pub truncated: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMatches {
    pub path: String,
    pub lines: Vec<MatchLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchLine {
    /// 1-based.
    pub number: usize,
    /// Without its line end; long lines are cut.
    pub text: String,
    /// False: a line of context.
    pub is_match: bool,
}

/// Longer lines are cut, in characters.
const LINE_CHARS: usize = 300;
/// Larger files are not searched, in bytes.
const FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Files that are searched side by side before their matches are counted: few at first, since few
/// may be enough, then twice as many each time.
const FIRST_BATCH: usize = 64;
const LARGEST_BATCH: usize = 512;

impl Workspace {
    /// Searches text files, .gitignore respected, hidden files included, `.git` not. Blocks; stops
    /// soon after `cancel`. Fails where pattern, glob or path are wrong.
    pub fn search(&self, query: &Query, cancel: &CancellationToken) -> Result<Found, Refusal> {
        let matcher = matcher(query)?;
        let files = self.searched_files(query, cancel)?;
        if cancel.is_cancelled() {
            return Err(Refusal::Cancelled);
        }
        let mut found = Found::default();
        let mut bytes = 0;
        let mut left = files.as_slice();
        let mut size = FIRST_BATCH;
        while !left.is_empty() {
            let (batch, after) = left.split_at(size.min(left.len()));
            left = after;
            size = LARGEST_BATCH.min(size * 2);
            let results = side_by_side(
                batch,
                || searcher(query),
                |searcher, (path, shown)| {
                    if cancel.is_cancelled() {
                        None
                    } else {
                        search_file(searcher, path, shown, &matcher)
                    }
                },
            );
            if cancel.is_cancelled() {
                return Err(Refusal::Cancelled);
            }
            found.files_searched += batch.len();
            for mut file in results.into_iter().flatten() {
                let room = query.max_matches.saturating_sub(found.matches);
                let cut = keep(&mut file.lines, room, query.max_bytes.saturating_sub(bytes));
                found.matches += file.lines.iter().filter(|line| line.is_match).count();
                bytes +=
                    file.path.len() + file.lines.iter().map(|line| line.text.len()).sum::<usize>();
                if !file.lines.is_empty() {
                    found.files.push(file);
                }
                if let Some(reason) = cut {
                    found.truncated = Some(reason);
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// The files to search with their names, sorted.
    fn searched_files(
        &self,
        query: &Query,
        cancel: &CancellationToken,
    ) -> Result<Vec<(PathBuf, String)>, Refusal> {
        let start = self.resolve(&query.path, Intent::Read)?;
        let meta = std::fs::metadata(&start.absolute)
            .map_err(|error| Refusal::io(format_args!("search in {:?}", query.path), &error))?;
        if meta.is_file() {
            let shown = start.shown();
            return Ok(vec![(start.absolute, shown)]);
        }
        let mut walk = self.walk(&start.absolute, query.ignored);
        if !query.globs.is_empty() {
            let mut globs = OverrideBuilder::new(&start.absolute);
            for glob in &query.globs {
                globs.add(glob).map_err(|error| {
                    Refusal::Unsuitable(format!("{glob:?} is not a valid glob: {error}."))
                })?;
            }
            let globs = globs.build().map_err(|error| {
                Refusal::Unsuitable(format!("The globs cannot be used together: {error}."))
            })?;
            walk.overrides(globs);
        }
        let files = Mutex::new(Vec::new());
        walk.max_filesize(Some(FILE_BYTES))
            .build_parallel()
            .run(|| {
                Box::new(|entry| {
                    if cancel.is_cancelled() {
                        return WalkState::Quit;
                    }
                    if let Ok(entry) = entry
                        && entry.file_type().is_some_and(|kind| kind.is_file())
                    {
                        let shown = self.shown(entry.path());
                        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                        files.push((entry.into_path(), shown));
                    }
                    WalkState::Continue
                })
            });
        let mut files = files.into_inner().unwrap_or_else(PoisonError::into_inner);
        files.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
        Ok(files)
    }

    /// A walk over what people count as the project: no `.git`, nothing of Mira's own, no links
    /// followed, and unless `ignored` nothing that .gitignore hides.
    pub(crate) fn walk(&self, start: &Path, ignored: bool) -> WalkBuilder {
        let protected: Vec<PathBuf> = self
            .protected
            .iter()
            .filter(|path| !self.root.starts_with(path))
            .cloned()
            .collect();
        let mut walk = WalkBuilder::new(start);
        walk.hidden(false)
            .follow_links(false)
            .require_git(false)
            .ignore(!ignored)
            .git_ignore(!ignored)
            .git_exclude(!ignored)
            .git_global(!ignored)
            .parents(!ignored)
            .threads(
                std::thread::available_parallelism()
                    .map_or(1, usize::from)
                    .min(4),
            )
            .filter_entry(move |entry| {
                entry.file_name() != ".git" && !protected.iter().any(|path| path == entry.path())
            });
        walk
    }
}

fn matcher(query: &Query) -> Result<RegexMatcher, Refusal> {
    if query.pattern.is_empty() {
        return Err(Refusal::Unsuitable("The pattern is empty.".into()));
    }
    RegexMatcherBuilder::new()
        .case_smart(query.case == Case::Smart)
        .case_insensitive(query.case == Case::Insensitive)
        .fixed_strings(query.literal)
        .crlf(true)
        .size_limit(10 * 1024 * 1024)
        .build(&query.pattern)
        .map_err(|error| {
            let literally = if query.literal {
                ""
            } else {
                " For plain text, search literally."
            };
            Refusal::Unsuitable(format!(
                "{:?} is not a valid pattern: {error}.{literally}",
                query.pattern
            ))
        })
}

/// Runs `work` over all items on a few threads, each with a tool of its own; results in the order
/// of the items.
fn side_by_side<T: Sync, S, R: Send>(
    items: &[T],
    tool: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    let share = items.len().div_ceil(threads).max(1);
    let part = |items: &[T]| {
        let mut tool = tool();
        items.iter().map(|item| work(&mut tool, item)).collect()
    };
    if threads == 1 || items.len() < 8 {
        return part(items);
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> = items
            .chunks(share)
            .map(|items| scope.spawn(|| part(items)))
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| -> Vec<R> { handle.join().unwrap_or_default() })
            .collect()
    })
}

fn searcher(query: &Query) -> Searcher {
    SearcherBuilder::new()
        .line_terminator(LineTerminator::crlf())
        .binary_detection(BinaryDetection::quit(b'\0'))
        .line_number(true)
        .before_context(query.context)
        .after_context(query.context)
        .max_matches(Some(query.max_matches as u64 + 1))
        .build()
}

/// None: nothing matches, or it is no text.
fn search_file(
    searcher: &mut Searcher,
    path: &Path,
    shown: &str,
    matcher: &RegexMatcher,
) -> Option<FileMatches> {
    let mut collect = Collect::default();
    if let Err(error) = searcher.search_path(matcher, path, &mut collect) {
        tracing::debug!(path = shown, %error, "a file could not be searched");
    }
    let has_match = collect.lines.iter().any(|line| line.is_match);
    (has_match && !collect.binary).then(|| FileMatches {
        path: shown.to_owned(),
        lines: collect.lines,
    })
}

#[derive(Default)]
struct Collect {
    lines: Vec<MatchLine>,
    binary: bool,
}

impl Collect {
    fn push(&mut self, number: Option<u64>, bytes: &[u8], is_match: bool) {
        let text = String::from_utf8_lossy(bytes);
        let text = truncate::line(text.trim_end_matches(['\n', '\r']), LINE_CHARS).into_owned();
        self.lines.push(MatchLine {
            number: number.unwrap_or(0) as usize,
            text,
            is_match,
        });
    }
}

impl Sink for Collect {
    type Error = std::io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, Self::Error> {
        self.push(found.line_number(), found.bytes(), true);
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, line: &SinkContext<'_>) -> Result<bool, Self::Error> {
        self.push(line.line_number(), line.bytes(), false);
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> Result<bool, Self::Error> {
        self.binary = true;
        Ok(false)
    }
}

/// Keeps lines up to so many matches and bytes; tells which limit was met.
fn keep(lines: &mut Vec<MatchLine>, matches: usize, bytes: usize) -> Option<String> {
    let (mut count, mut size) = (0, 0);
    for (at, line) in lines.iter().enumerate() {
        size += line.text.len();
        if line.is_match && count == matches {
            lines.truncate(at);
            return Some("the limit of matches was reached".into());
        }
        if size > bytes {
            lines.truncate(at);
            return Some("the limit of text was reached".into());
        }
        count += usize::from(line.is_match);
    }
    None
}
