//! The conversation in the terminal, until the person leaves.

mod back;
mod conversation;
mod custom;
mod review;
mod slash;

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use mira_engine::settings::Settings;
use mira_protocol::message::{EstimateMessage, Mention};
use mira_protocol::operation::{
    Access, Attachment, OperationRef, OperationStarted, ResumeOperation, Tier,
};
use mira_protocol::project::Project;
use mira_protocol::session::{Session, SessionRef};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, OperationId, SessionId, calls};
use mira_server::Server;

use crate::args::Cli;
use crate::client::Client;
use crate::commands::{say, transcript};
use crate::input::{Input, Read};
use crate::render::diff;
use crate::render::style::Style;
use crate::render::text::{clean, count, one_line, plural, usd};
use crate::turn::{Ending, Turn};
use crate::{exit, host};

use custom::Custom;

/// Lines of diff that are shown of each file after a turn; `/diff` shows all.
const DIFF_LINES: usize = 40;
/// Characters of the last answer that are shown when a session is resumed.
const TAIL: usize = 1_500;

/// Everything that the conversation knows.
struct Repl {
    settings: Settings,
    client: Client,
    door: Option<Server>,
    project: Project,
    session: Option<SessionId>,
    access: Access,
    tier: Option<Tier>,
    model: Option<String>,
    input: Input,
    style: Style,
    custom: Custom,
    /// The newest operation of this conversation.
    operation: Option<OperationId>,
    queued: VecDeque<String>,
    /// Ctrl-C was pressed at an empty prompt.
    leaving: bool,
}

/// What a line led to.
enum Next {
    Line,
    Leave,
}

pub async fn run(cli: Cli, settings: Settings) -> Result<u8, Failure> {
    let client = host::client(settings.clone()).await?;
    let project = host::project(&client, cli.target.project.as_deref()).await?;
    let resumed = host::session(&client, &cli.target, &project.id).await?;
    let mut repl = Repl {
        input: Input::new(settings.data_dir.join("history")),
        door: host::open_door(&client).await,
        style: Style::of(&io::stdout()),
        session: None,
        access: cli.access.into(),
        tier: cli.model.tier.map(Into::into),
        model: cli.model.model,
        custom: Custom::default(),
        operation: None,
        queued: VecDeque::new(),
        leaving: false,
        settings,
        client,
        project,
    };
    repl.welcome().await?;
    let next = match resumed {
        Some(session) => repl.resume(session).await?,
        None => Next::Line,
    };
    let code = match next {
        Next::Line => repl.converse().await?,
        Next::Leave => 0,
    };
    host::close(&repl.client, repl.door).await;
    Ok(code)
}

impl Repl {
    async fn welcome(&mut self) -> Result<(), Failure> {
        self.custom = custom::load(&self.client, &self.project, self.input.is_terminal()).await?;
        if let Input::Terminal(editor) = &mut self.input {
            editor.project = Some(self.project.id.clone());
            editor.names = slash::names().chain(self.custom.names()).collect();
            let attached = match self.client.attached_to() {
                Some(address) => format!(", attached to the engine at {address}"),
                None => String::new(),
            };
            let head = format!("Mira in {}{attached}", self.project.path);
            say(&self
                .style
                .dim(&format!("{head}. /help shows commands, Ctrl-D leaves.")))?;
        }
        let status = self.client.call(calls::SystemStatus(Nothing {})).await?;
        if !status.provider_ready {
            say(
                "No model can be asked yet. Save a key with `mira config set-key openai`, set \
                 OPENAI_API_KEY, GEMINI_API_KEY or ANTHROPIC_API_KEY, or start a local server (Ollama, LM Studio, llama.cpp) and set \
                 LOCAL_BASE_URL. `mira demo` needs neither.",
            )?;
        }
        Ok(())
    }

    async fn converse(&mut self) -> Result<u8, Failure> {
        loop {
            let line = match self.queued.pop_front() {
                Some(line) => Read::Line(line),
                None => {
                    self.foretell().await?;
                    self.input.read(&self.client, "> ", "").await
                }
            };
            let next = match line {
                Read::End => Ok(Next::Leave),
                Read::Interrupted if self.leaving => Ok(Next::Leave),
                Read::Interrupted => {
                    self.leaving = true;
                    say(&self.style.dim("Ctrl-C again leaves.")).map(|()| Next::Line)
                }
                Read::Line(line) => {
                    self.leaving = false;
                    self.line(line.trim()).await
                }
            };
            match next {
                Ok(Next::Line) => {}
                Ok(Next::Leave) => return Ok(0),
                Err(failure) if failure.code == Code::Interrupted => {
                    self.reconnect(&failure).await?
                }
                Err(failure) => exit::report(&failure),
            }
        }
    }

    /// Above the prompt: what the next message is going to cost.
    async fn foretell(&self) -> Result<(), Failure> {
        if !self.input.is_terminal() {
            return Ok(());
        }
        match self.next_cost().await {
            Ok(told) => say(&self.style.dim(&told)),
            // Nobody can be asked, or the engine is gone: what comes next says so.
            Err(_) => Ok(()),
        }
    }

    /// "Next request: about 4,120 tokens, $0.0123 (gpt-6.2-sol)."
    async fn next_cost(&self) -> Result<String, Failure> {
        let message = EstimateMessage {
            content: String::new(),
            session_id: self.session.clone(),
            project_id: Some(self.project.id.clone()),
            attachments: Vec::new(),
            mentions: Vec::new(),
            tier: self.tier,
            model: self.model.clone(),
        };
        let told = self.client.call(calls::OperationEstimate(message)).await?;
        let cost = told
            .expected_micro_usd
            .map_or_else(|| "price not known".to_owned(), usd);
        Ok(format!(
            "Next request: about {} tokens, {cost} ({}).",
            count(told.prompt_tokens),
            clean(&told.model)
        ))
    }

    async fn line(&mut self, line: &str) -> Result<Next, Failure> {
        if line.is_empty() {
            return Ok(Next::Line);
        }
        if let Some(command) = line.strip_prefix('/') {
            return slash::run(self, command).await;
        }
        self.ask(line.to_owned()).await
    }

    /// One turn.
    async fn ask(&mut self, content: String) -> Result<Next, Failure> {
        let mut start = host::turn(content, &self.project.id, self.session.clone());
        (start.mentions, start.attachments) =
            mentions(&start.content, Path::new(&self.project.path));
        start.access = self.access;
        start.tier = self.tier;
        start.model = self.model.clone();
        let since = self.last_seq().await?;
        let started = self.client.call(calls::OperationStart(start)).await?;
        self.watch(started, since).await
    }

    /// Goes on with an operation that was interrupted.
    async fn go_on(&mut self, operation: OperationId) -> Result<Next, Failure> {
        let since = self.last_seq().await?;
        let operation = ResumeOperation {
            operation_id: operation,
            tier: self.tier,
            model: self.model.clone(),
        };
        let started = self.client.call(calls::OperationResume(operation)).await?;
        self.watch(started, since).await
    }

    async fn last_seq(&self) -> Result<u64, Failure> {
        let Some(session_id) = self.session.clone() else {
            return Ok(0);
        };
        let session = self
            .client
            .call(calls::SessionGet(SessionRef { session_id }))
            .await?;
        Ok(session.last_seq)
    }

    async fn watch(&mut self, started: OperationStarted, since: u64) -> Result<Next, Failure> {
        self.session = Some(started.session_id.clone());
        self.operation = Some(started.operation_id.clone());
        let mut feed = self.client.follow(started.session_id, since);
        let mut turn = Turn::new(self.client.clone(), self.style);
        let ending = turn
            .watch(&mut feed, &started.operation_id, &mut self.input)
            .await;
        self.end(turn, ending, &started.operation_id).await
    }

    /// Watches what another client began, or this one before it went away.
    async fn join(&mut self, operation: OperationId, since: u64) -> Result<Next, Failure> {
        let Some(session) = self.session.clone() else {
            return Ok(Next::Line);
        };
        say(&self.style.dim("Its turn still runs:"))?;
        self.operation = Some(operation.clone());
        let mut feed = self.client.follow(session, since);
        let mut turn = Turn::new(self.client.clone(), self.style);
        let ending = turn.join(&mut feed, &operation, &mut self.input).await;
        self.end(turn, ending, &operation).await
    }

    async fn end(
        &mut self,
        mut turn: Turn,
        ending: Result<Ending, Failure>,
        operation: &OperationId,
    ) -> Result<Next, Failure> {
        self.queued.append(&mut turn.next_prompts);
        match ending? {
            Ending::Quit => return Ok(Next::Leave),
            // The events have told it already.
            Ending::Failed(_) | Ending::Cancelled | Ending::Completed => {}
        }
        self.show_changes(operation, DIFF_LINES).await?;
        Ok(Next::Line)
    }

    async fn show_changes(&self, operation: &OperationId, lines: usize) -> Result<(), Failure> {
        let operation = OperationRef {
            operation_id: operation.clone(),
        };
        let changes = self.client.call(calls::OperationChanges(operation)).await?;
        if changes.files.is_empty() {
            return Ok(());
        }
        say(&diff::changes(&changes, self.style, lines))?;
        let files = plural(changes.files.len() as u64, "file");
        say(&self.style.dim(&format!(
            "{files} changed; /undo takes it back, /diff shows all."
        )))
    }

    async fn resume(&mut self, session: Session) -> Result<Next, Failure> {
        let name = if session.name.is_empty() {
            &session.last_message_preview
        } else {
            &session.name
        };
        let messages = plural(session.message_count, "message");
        let head = format!(
            "Resumed {} ({}, {messages}).",
            session.id,
            one_line(name, 60)
        );
        say(&self.style.bold(&head))?;
        let text = transcript(&self.client, &session.id, Style::PLAIN).await?;
        let tail: String = {
            let count = text.chars().count();
            text.chars().skip(count.saturating_sub(TAIL)).collect()
        };
        let tail = match tail.split_once('\n') {
            Some((_, whole_lines)) if tail.len() < text.len() => whole_lines,
            _ => &tail,
        };
        say(&self.style.dim(&clean(tail)))?;
        self.session = Some(session.id);
        self.operation = None;
        if session.resumable_operation_id.is_some() {
            say("Its last turn was interrupted; /continue goes on with it.")?;
        }
        if let Some(operation) = session.running_operation_id
            && let Next::Leave = self.join(operation, session.last_seq).await?
        {
            return Ok(Next::Leave);
        }
        conversation::tell_waiting(self).await?;
        Ok(Next::Line)
    }

    /// The engine of another terminal ended: go on with one of our own.
    async fn reconnect(&mut self, failure: &Failure) -> Result<(), Failure> {
        if self.client.attached_to().is_none() {
            exit::report(failure);
            return Ok(());
        }
        say(&self
            .style
            .yellow("The engine that this terminal was attached to ended."))?;
        self.client = host::client(self.settings.clone()).await?;
        self.door = host::open_door(&self.client).await;
        self.project = host::project(&self.client, Some(Path::new(&self.project.path))).await?;
        let Some(session_id) = self.session.clone() else {
            return Ok(());
        };
        let session = self
            .client
            .call(calls::SessionGet(SessionRef { session_id }))
            .await?;
        let how = if session.resumable_operation_id.is_some() {
            "Started a new one. The turn was interrupted; /continue goes on with it."
        } else {
            "Started a new one. Nothing is lost."
        };
        say(how)
    }
}

/// What a message points at: `@path` of a file or folder, `@session:ID`, `@commit:REV`,
/// `@symbol:NAME` or `@symbol:PATH#NAME`; and the images among the files, as attachments.
fn mentions(content: &str, root: &Path) -> (Vec<Mention>, Vec<Attachment>) {
    let mut found: Vec<Mention> = Vec::new();
    let mut images: Vec<Attachment> = Vec::new();
    for word in content.split_whitespace() {
        let Some(word) = word.strip_prefix('@') else {
            continue;
        };
        let word = word.trim_end_matches([',', '.', ';', ':', ')', '?']);
        let on_disk = root.join(word);
        let mention = if let Some(id) = word.strip_prefix("session:") {
            Mention::Session {
                session_id: id.into(),
            }
        } else if let Some(commit) = word.strip_prefix("commit:") {
            Mention::Commit {
                commit: commit.to_owned(),
            }
        } else if let Some(symbol) = word.strip_prefix("symbol:") {
            let (path, name) = symbol.rsplit_once('#').unwrap_or(("", symbol));
            Mention::Symbol {
                path: path.to_owned(),
                name: name.to_owned(),
            }
        } else if word.is_empty() {
            continue;
        } else if on_disk.is_dir() {
            Mention::Folder {
                path: word.to_owned(),
            }
        } else if on_disk.is_file() {
            Mention::File {
                path: word.to_owned(),
            }
        } else {
            continue;
        };
        let media_type = media_type(word);
        let image = media_type.starts_with("image/") && matches!(mention, Mention::File { .. });
        if image && images.iter().all(|known| known.name != word) {
            images.push(Attachment {
                name: word.to_owned(),
                media_type: media_type.to_owned(),
                path: Some(word.to_owned()),
                data_base64: None,
            });
        } else if !image && !found.contains(&mention) {
            found.push(mention);
        }
    }
    (found, images)
}

fn media_type(path: &str) -> &'static str {
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => "text/plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_mentioned_once_and_images_are_attached() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/a.rs"), "x").unwrap();
        std::fs::write(folder.path().join("b.png"), "x").unwrap();
        let (found, images) = mentions(
            "see @src/a.rs, @src/a.rs in @src and @b.png; mail a@b.c @gone.rs @ @commit:HEAD~1, \
             @symbol:Cart::total and @symbol:src/a.rs#total.",
            folder.path(),
        );
        let path = String::from;
        assert_eq!(
            found,
            [
                Mention::File {
                    path: path("src/a.rs")
                },
                Mention::Folder { path: path("src") },
                Mention::Commit {
                    commit: path("HEAD~1")
                },
                Mention::Symbol {
                    path: path(""),
                    name: path("Cart::total")
                },
                Mention::Symbol {
                    path: path("src/a.rs"),
                    name: path("total")
                },
            ]
        );
        let names: Vec<_> = images
            .iter()
            .map(|a| (a.name.as_str(), a.media_type.as_str()))
            .collect();
        assert_eq!(names, [("b.png", "image/png")]);
    }
}
