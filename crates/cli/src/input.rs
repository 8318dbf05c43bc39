//! Where the person's words come from: a terminal with a line editor, a pipe, or nobody.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use crate::client::Client;
use crate::editor::Editor;
use crate::hidden::Quiet;

/// What reading a line came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the pipe's end.
    End,
}

pub enum Input {
    Terminal(Editor),
    Pipe(Lines<BufReader<Stdin>>),
    /// For the demonstration without a terminal: every question of its throw-away project is
    /// answered with yes.
    AlwaysYes,
}

impl Input {
    /// A line editor on a terminal, plain lines otherwise.
    pub fn new(history: PathBuf) -> Self {
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            Self::Terminal(Editor::new(history))
        } else {
            Self::Pipe(BufReader::new(tokio::io::stdin()).lines())
        }
    }

    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal(_))
    }

    /// Reads a message; `begun` is what was typed of it already.
    pub async fn read(&mut self, client: &Client, prompt: &str, begun: &str) -> Read {
        match self {
            Self::Terminal(editor) => editor.read(client, prompt, begun).await,
            Self::Pipe(lines) => {
                let mut text = String::new();
                loop {
                    match lines.next_line().await {
                        Ok(Some(line)) => match line.strip_suffix('\\') {
                            Some(line) => text = text + line + "\n",
                            None => return Read::Line(text + &line),
                        },
                        _ if text.is_empty() => return Read::End,
                        _ => return Read::Line(text),
                    }
                }
            }
            Self::AlwaysYes => Read::End,
        }
    }

    /// The next line of a pipe; None at its end. Never returns on a terminal.
    pub async fn piped_line(&mut self) -> Option<String> {
        match self {
            Self::Pipe(lines) => lines.next_line().await.ok().flatten(),
            Self::AlwaysYes => Some("y".to_owned()),
            Self::Terminal(_) => std::future::pending().await,
        }
    }

    /// Key presses while an operation runs; None without a terminal.
    pub fn keys(&self) -> Option<Keys> {
        match self {
            Self::Terminal(_) => Keys::begin().ok(),
            _ => None,
        }
    }
}

/// Single key presses, not echoed.
pub struct Keys {
    #[cfg(unix)]
    stdin: tokio::io::unix::AsyncFd<io::Stdin>,
    _quiet: Quiet,
}

impl Keys {
    #[cfg(unix)]
    fn begin() -> io::Result<Self> {
        let readable = tokio::io::Interest::READABLE;
        // SAFETY: standard input stays open for as long as the process lives.
        let stdin =
            unsafe { tokio::io::unix::AsyncFd::register_with_interest(io::stdin(), readable)? };
        Ok(Self {
            stdin,
            _quiet: Quiet::begin(true)?,
        })
    }

    /// Elsewhere the person waits for the end of the operation, or cancels it.
    #[cfg(not(unix))]
    fn begin() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// What was typed since; never returns where there are no keys.
    pub async fn typed(keys: &mut Option<Self>) -> String {
        match keys {
            Some(keys) => keys.next().await,
            None => std::future::pending().await,
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) -> String {
        let Ok(mut ready) = self.stdin.readable().await else {
            return std::future::pending().await;
        };
        let mut bytes = [0; 256];
        let read = rustix::io::read(io::stdin(), &mut bytes);
        ready.clear_ready();
        match read {
            // Arrow keys and the like: an escape sequence is one press without a letter.
            Ok(count) if count > 1 && bytes[0] == 0x1b => String::new(),
            Ok(count) => String::from_utf8_lossy(&bytes[..count]).into_owned(),
            Err(_) => String::new(),
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> String {
        std::future::pending().await
    }
}
