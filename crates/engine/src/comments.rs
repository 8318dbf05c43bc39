//! Remarks on lines, and the one message that they become.

use std::fmt::Write as _;

use mira_protocol::comment::{
    AddComment, Comment, CommentList, CommentRef, EditComment, ListComments, SendComments, Side,
};
use mira_protocol::operation::OperationStarted;
use mira_protocol::system::Nothing;
use mira_protocol::{Code, CommentId, Failure, SessionId, Topic};
use mira_store::Store;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::operations::Operations;

/// The most remarks that may wait in one session.
const MOST: usize = 500;
/// The longest remark, in characters.
const LONGEST_TEXT: usize = 10_000;
/// The most of the lines that is repeated, in characters.
const LONGEST_QUOTE: usize = 2_000;

#[derive(Clone)]
pub struct Comments {
    store: Store,
    events: EventLog,
    operations: Operations,
}

impl Comments {
    pub fn new(store: Store, events: EventLog, operations: Operations) -> Self {
        Self {
            store,
            events,
            operations,
        }
    }

    pub async fn list(&self, request: ListComments) -> Result<CommentList, Failure> {
        let comments = self.store.comments(&request.session_id).await;
        Ok(CommentList {
            comments: comments.map_err(from_store)?,
        })
    }

    pub async fn add(&self, request: AddComment) -> Result<Comment, Failure> {
        let end_line = request.end_line.unwrap_or(request.line);
        if request.line == 0 || end_line < request.line {
            return Err(Failure::new(
                Code::BadParams,
                "A comment is on lines that exist: `line` counts from 1, and `end_line` is not \
                 before it.",
            ));
        }
        if request.path.is_empty() || request.path.chars().any(char::is_control) {
            return Err(Failure::new(Code::BadParams, "The comment names no file."));
        }
        self.store
            .session(&request.session_id)
            .await
            .map_err(from_store)?;
        let waiting = self.store.comments(&request.session_id).await;
        if waiting.map_err(from_store)?.len() >= MOST {
            return Err(
                Failure::new(Code::LimitReached, format!("{MOST} comments wait already."))
                    .hint("Send them first."),
            );
        }
        let now = now_ms();
        let comment = Comment {
            id: CommentId::new(),
            session_id: request.session_id,
            operation_id: request.operation_id,
            path: request.path,
            side: request.side,
            line: request.line,
            end_line,
            quote: self.masked(
                &request
                    .quote
                    .chars()
                    .take(LONGEST_QUOTE)
                    .collect::<String>(),
            ),
            text: self.masked(&checked(&request.text)?),
            created_at: now,
            updated_at: now,
        };
        self.store.add_comment(&comment).await.map_err(from_store)?;
        self.stale(&comment.session_id);
        Ok(comment)
    }

    pub async fn edit(&self, request: EditComment) -> Result<Comment, Failure> {
        let text = self.masked(&checked(&request.text)?);
        self.store
            .edit_comment(&request.comment_id, &text, now_ms())
            .await
            .map_err(from_store)?;
        let comment = self.store.comment(&request.comment_id).await;
        let comment = comment.map_err(from_store)?;
        self.stale(&comment.session_id);
        Ok(comment)
    }

    pub async fn remove(&self, request: CommentRef) -> Result<Nothing, Failure> {
        let comment = self.store.comment(&request.comment_id).await;
        let comment = comment.map_err(from_store)?;
        self.store
            .remove_comments(&[comment.id])
            .await
            .map_err(from_store)?;
        self.stale(&comment.session_id);
        Ok(Nothing {})
    }

    /// Starts an operation with all remarks. Where it cannot start they stay.
    pub async fn send(&self, request: SendComments) -> Result<OperationStarted, Failure> {
        let session_id = request.session_id;
        let comments = self.store.comments(&session_id).await.map_err(from_store)?;
        if comments.is_empty() {
            return Err(Failure::new(Code::NotFound, "There is no comment to send.")
                .hint("Write one on a line of the changes first."));
        }
        let mut start = request.start;
        start.content = message(&start.content, &comments);
        start.session_id = Some(session_id.clone());
        let started = self.operations.start(start).await?;
        let ids: Vec<CommentId> = comments.into_iter().map(|comment| comment.id).collect();
        self.store.remove_comments(&ids).await.map_err(from_store)?;
        self.stale(&session_id);
        Ok(started)
    }

    /// Code that is quoted may hold a secret; none is stored.
    fn masked(&self, text: &str) -> String {
        self.operations.masker.mask(text).into_owned()
    }

    fn stale(&self, session: &SessionId) {
        self.events.topic(Topic::Changes {
            session_id: session.clone(),
        });
    }
}

fn checked(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::new(Code::BadParams, "The comment is empty."));
    }
    if text.chars().count() > LONGEST_TEXT {
        return Err(Failure::new(
            Code::BadParams,
            format!("The comment is longer than {LONGEST_TEXT} characters."),
        ));
    }
    Ok(text.to_owned())
}

/// What the model reads: the person's words first, then each remark under its place.
fn message(words: &str, comments: &[Comment]) -> String {
    let mut text = words.trim().to_owned();
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text += match comments.len() {
        1 => "A comment from the review:\n",
        _ => "Comments from the review:\n",
    };
    for comment in comments {
        let _ = write!(text, "\n{}:{}", comment.path, comment.line);
        if comment.end_line > comment.line {
            let _ = write!(text, "-{}", comment.end_line);
        }
        if comment.side == Side::Before {
            text += " (as it was before the change)";
        }
        text.push('\n');
        for line in comment.quote.lines() {
            let _ = writeln!(text, "> {line}");
        }
        let _ = writeln!(text, "{}", comment.text);
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_quotes_each_place() {
        let comment = |line, end_line, side, quote: &str, text: &str| Comment {
            id: CommentId::from("c"),
            session_id: SessionId::from("s"),
            operation_id: None,
            path: "src/a.rs".into(),
            side,
            line,
            end_line,
            quote: quote.into(),
            text: text.into(),
            created_at: 0,
            updated_at: 0,
        };
        let comments = [
            comment(3, 3, Side::Before, "old()", "Why is this gone?"),
            comment(7, 8, Side::After, "one\ntwo", "Name it better."),
        ];
        assert_eq!(
            message("Please look again.", &comments),
            "Please look again.\n\n\
             Comments from the review:\n\n\
             src/a.rs:3 (as it was before the change)\n> old()\nWhy is this gone?\n\n\
             src/a.rs:7-8\n> one\n> two\nName it better."
        );
        assert!(message("", &comments[..1]).starts_with("A comment from the review:\n\nsrc"));
    }
}
