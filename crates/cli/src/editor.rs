//! The line editor: history, completion, several lines.
//!
//! It blocks, so it lives on a thread of its own; file names for completion are asked of the
//! engine by the side that waits for the line.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::mpsc as blocking;
use std::time::Duration;

use mira_protocol::project::FindFiles;
use mira_protocol::{ProjectId, calls};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Helper};
use tokio::sync::{mpsc, oneshot};

use crate::client::Client;
use crate::input::Read;

/// How long a Tab may wait for file names.
const PATIENCE: Duration = Duration::from_secs(1);
/// Lines of history that are kept.
const HISTORY: usize = 2_000;

/// Asks the engine for files that match, from the editor's thread.
struct Query {
    words: String,
    answer: blocking::Sender<Vec<String>>,
}

/// One line to read.
struct Wanted {
    prompt: String,
    begun: String,
    names: Vec<String>,
    done: oneshot::Sender<Read>,
}

pub struct Editor {
    history: PathBuf,
    thread: Option<blocking::Sender<Wanted>>,
    queries: Option<mpsc::UnboundedReceiver<Query>>,
    /// Slash commands to complete, with the slash.
    pub names: Vec<String>,
    /// Whose files `@` completes.
    pub project: Option<ProjectId>,
}

impl Editor {
    /// The terminal is touched at the first line.
    pub fn new(history: PathBuf) -> Self {
        Self {
            history,
            thread: None,
            queries: None,
            names: Vec::new(),
            project: None,
        }
    }

    pub async fn read(&mut self, client: &Client, prompt: &str, begun: &str) -> Read {
        let (done, mut line) = oneshot::channel();
        let wanted = Wanted {
            prompt: prompt.to_owned(),
            begun: begun.to_owned(),
            names: self.names.clone(),
            done,
        };
        let history = self.history.clone();
        let queries = &mut self.queries;
        let thread = self.thread.get_or_insert_with(|| {
            let (wanted, wishes) = blocking::channel();
            let (ask, asked) = mpsc::unbounded_channel();
            *queries = Some(asked);
            std::thread::spawn(move || edit(&history, &wishes, ask));
            wanted
        });
        if thread.send(wanted).is_err() {
            return Read::End;
        }
        loop {
            tokio::select! {
                line = &mut line => return line.unwrap_or(Read::End),
                Some(query) = next(&mut self.queries) => {
                    let files = match &self.project {
                        Some(project) => files(client, project, query.words).await,
                        None => Vec::new(),
                    };
                    let _ = query.answer.send(files);
                }
            }
        }
    }
}

async fn next(queries: &mut Option<mpsc::UnboundedReceiver<Query>>) -> Option<Query> {
    match queries {
        Some(queries) => queries.recv().await,
        None => None,
    }
}

async fn files(client: &Client, project: &ProjectId, query: String) -> Vec<String> {
    let find = FindFiles {
        project_id: project.clone(),
        query,
        limit: Some(20),
    };
    match client.call(calls::FileFind(find)).await {
        Ok(found) => found.entries.into_iter().map(|entry| entry.path).collect(),
        Err(_) => Vec::new(),
    }
}

/// The editor's thread.
fn edit(history: &Path, wishes: &blocking::Receiver<Wanted>, ask: mpsc::UnboundedSender<Query>) {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .max_history_size(HISTORY)
        .map(|config| config.auto_add_history(false).build());
    let editor = config.and_then(rustyline::Editor::<Words, FileHistory>::with_config);
    let Ok(mut editor) = editor else { return };
    // There is none at the first time.
    let _ = editor.load_history(history);
    editor.set_helper(Some(Words {
        names: Vec::new(),
        ask,
    }));
    while let Ok(wanted) = wishes.recv() {
        if let Some(words) = editor.helper_mut() {
            words.names = wanted.names;
        }
        let read = match editor.readline_with_initial(&wanted.prompt, (&wanted.begun, "")) {
            Ok(line) => {
                if !line.trim().is_empty() {
                    let _ = editor.add_history_entry(&line);
                    let _ = editor.append_history(history);
                }
                Read::Line(line.replace("\\\n", "\n"))
            }
            Err(ReadlineError::Interrupted) => Read::Interrupted,
            Err(_) => Read::End,
        };
        if wanted.done.send(read).is_err() {
            return;
        }
    }
}

/// Completion, and when a line is whole.
struct Words {
    names: Vec<String>,
    ask: mpsc::UnboundedSender<Query>,
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..position];
        let pair = |text: String| Pair {
            display: text.clone(),
            replacement: text + " ",
        };
        if before.starts_with('/') && !before.contains(char::is_whitespace) {
            let names = self
                .names
                .iter()
                .filter(|name| name.starts_with(before))
                .cloned();
            return Ok((0, names.map(pair).collect()));
        }
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |space| space + 1);
        let Some(words) = before[start..].strip_prefix('@') else {
            return Ok((position, vec![]));
        };
        let (answer, answered) = blocking::channel();
        let words = words.to_owned();
        if self.ask.send(Query { words, answer }).is_err() {
            return Ok((position, vec![]));
        }
        let files = answered.recv_timeout(PATIENCE).unwrap_or_default();
        Ok((
            start,
            files
                .into_iter()
                .map(|path| pair(format!("@{path}")))
                .collect(),
        ))
    }
}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_whole(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

/// A backslash at the end, or a code fence that is still open, asks for another line.
fn is_whole(text: &str) -> bool {
    let fences = text
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count();
    !text.ends_with('\\') && fences % 2 == 0
}

impl Highlighter for Words {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Cow::Borrowed(prompt);
        }
        Cow::Owned(format!("\x1b[1;36m{prompt}\x1b[0m"))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_after_a_backslash_and_inside_a_fence() {
        assert!(is_whole("explain this"));
        assert!(!is_whole("explain\\"));
        assert!(!is_whole("fix\n```rust\nfn main() {}"));
        assert!(is_whole("fix\n```rust\nfn main() {}\n```"));
    }
}
