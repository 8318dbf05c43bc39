//! Secrets are masked before anything is stored, announced or told to a model.
//!
//! Everything that a session stores goes through [`EventLog`](crate::events::EventLog), and the
//! model's history is built from what was stored, so that one place is enough. What a file holds
//! is masked by the tool that reads it, which knows the file's name.

use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mira_protocol::approval::Approval;
use mira_protocol::message::{Fragment, Mention};
use mira_protocol::operation::Attachment;
use mira_protocol::rule::RuleDraft;
use mira_protocol::{EventKind, Failure};
use mira_secrets::{KEY_BYTES, Masker};
use mira_workspace::colours;
use serde_json::Value;

/// The installation's key for marks, in the data directory, readable by its owner only.
const KEY_FILE: &str = "mask-key";

/// Live output of a tool, whole lines in colour: secrets are looked for in what is without it.
pub fn live(masker: &Masker, coloured: &str) -> String {
    let plain = colours::plain(coloured);
    let masked = masker.mask(&plain);
    colours::over(&masked, coloured).unwrap_or_else(|| masked.into_owned())
}

/// Opens the installation's masker; the first time its key is made.
///
/// # Errors
/// Where the key can be neither read nor written.
pub fn open(data_dir: &Path) -> io::Result<Masker> {
    let path = data_dir.join(KEY_FILE);
    let mut key = [0; KEY_BYTES];
    match std::fs::File::open(&path) {
        // A file that was cut by a crash is made anew: marks in old texts do not matter then.
        Ok(mut file) => {
            if file.read_exact(&mut key).is_ok() {
                return Ok(Masker::new(key));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    key = rand::random();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(&key)?;
    Ok(Masker::new(key))
}

/// A step of a session without secrets. Items that only their provider can read stay as they are.
pub fn event(masker: &Masker, kind: EventKind) -> EventKind {
    let text = |text: String| own(masker, text);
    match kind {
        EventKind::UserMessage {
            message_id,
            content,
            attachments,
            steering,
            focus,
            fragments,
        } => EventKind::UserMessage {
            message_id,
            content: text(content),
            attachments: attachments
                .into_iter()
                .map(|one| attachment(masker, one))
                .collect(),
            steering,
            focus,
            fragments: mentioned(masker, fragments),
        },
        EventKind::MessageEdited {
            message_id,
            content,
            fragments,
        } => EventKind::MessageEdited {
            message_id,
            content: text(content),
            fragments: mentioned(masker, fragments),
        },
        EventKind::Reasoning {
            message_id,
            text: thought,
        } => EventKind::Reasoning {
            message_id,
            text: text(thought),
        },
        EventKind::AssistantMessage {
            message_id,
            content,
            partial,
            superseded,
        } => EventKind::AssistantMessage {
            message_id,
            content: text(content),
            partial,
            superseded,
        },
        EventKind::ToolCall {
            call_id,
            tool,
            mut arguments,
        } => {
            strings(masker, &mut arguments);
            EventKind::ToolCall {
                call_id,
                tool,
                arguments,
            }
        }
        EventKind::ToolStarted { call_id, command } => EventKind::ToolStarted {
            call_id,
            command: command.map(text),
        },
        EventKind::ToolResult {
            call_id,
            tool,
            success,
            output,
            coloured,
            summary,
            duration_ms,
            truncated,
            changes,
        } => {
            let output = text(output);
            EventKind::ToolResult {
                call_id,
                tool,
                success,
                // Colours must not cut a secret in two before it is looked for.
                coloured: coloured.and_then(|coloured| colours::over(&output, &coloured)),
                output,
                summary: text(summary),
                duration_ms,
                truncated,
                changes,
            }
        }
        EventKind::Compacted {
            up_to_seq,
            summary,
            dropped_items,
            dropped_tokens,
            kept_tokens,
            // Encrypted: changed by a letter it would be refused.
            condensed,
        } => EventKind::Compacted {
            up_to_seq,
            summary: text(summary),
            dropped_items,
            dropped_tokens,
            kept_tokens,
            condensed,
        },
        EventKind::OperationFinished {
            state,
            failure,
            content,
            usage,
            cost_micro_usd,
            duration_ms,
            changes,
        } => EventKind::OperationFinished {
            state,
            failure: failure.map(|failure| told(masker, failure)),
            content: text(content),
            usage,
            cost_micro_usd,
            duration_ms,
            changes,
        },
        EventKind::JobStarted { job_id, command } => EventKind::JobStarted {
            job_id,
            command: text(command),
        },
        EventKind::ApprovalRequested { approval } => EventKind::ApprovalRequested {
            approval: asked(masker, approval),
        },
        other => other,
    }
}

/// A question as it is stored and shown. What runs with more rights is bound word by word, and is
/// shown as it is.
pub fn asked(masker: &Masker, approval: Approval) -> Approval {
    if approval.elevation.is_some() {
        return approval;
    }
    let text = |text: String| own(masker, text);
    let command = text(approval.command);
    // A rule with a mark in it would fit nothing, and one with the secret would keep it.
    let secret = |rule: &RuleDraft| masker.mask(&rule.pattern) != rule.pattern.as_str();
    let kept = !approval.rules.iter().any(secret);
    Approval {
        argv: approval
            .argv
            .map(|argv| argv.into_iter().map(text).collect()),
        reason: text(approval.reason),
        purpose: approval.purpose.map(text),
        pattern: approval.pattern.filter(|_| kept),
        rules: match kept {
            true => approval.rules,
            false => vec![],
        },
        command,
        ..approval
    }
}

/// An error's words: a provider may repeat what it was sent.
pub fn told(masker: &Masker, failure: Failure) -> Failure {
    let text = |text: String| own(masker, text);
    Failure {
        message: text(failure.message),
        hint: failure.hint.map(text),
        detail: failure.detail.map(text),
        ..failure
    }
}

fn own(masker: &Masker, text: String) -> String {
    match masker.mask(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(masked) => masked,
    }
}

/// What a message points at; a file's kind says where its secrets are.
fn mentioned(masker: &Masker, mut fragments: Vec<Fragment>) -> Vec<Fragment> {
    for fragment in &mut fragments {
        let masked = match &fragment.mention {
            Mention::File { path } | Mention::Symbol { path, .. } => {
                masker.mask_file(path, &fragment.text)
            }
            _ => masker.mask(&fragment.text),
        };
        if let std::borrow::Cow::Owned(masked) = masked {
            fragment.text = masked;
        }
    }
    fragments
}

/// Every string in a value, keys left alone.
pub fn strings(masker: &Masker, value: &mut Value) {
    match value {
        Value::String(text) => *text = own(masker, std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| strings(masker, item)),
        Value::Object(fields) => fields.values_mut().for_each(|field| strings(masker, field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Text that came with a message; pictures stay as they are.
fn attachment(masker: &Masker, attachment: Attachment) -> Attachment {
    if attachment.media_type.starts_with("image/") {
        return attachment;
    }
    let name = attachment.path.as_deref().unwrap_or(&attachment.name);
    let masked = attachment.data_base64.as_deref().and_then(|data| {
        let text = String::from_utf8(STANDARD.decode(data).ok()?).ok()?;
        match masker.mask_file(name, &text) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(masked) => Some(STANDARD.encode(masked)),
        }
    });
    Attachment {
        data_base64: masked.or(attachment.data_base64),
        ..attachment
    }
}

/// Writes what a log is given, line by line, without its secrets. A line is one call of `write`.
pub struct Masked<W> {
    inner: W,
    masker: Masker,
}

impl<W> Masked<W> {
    /// With the key of this data directory; where that cannot be had, with one of its own, whose
    /// marks say no less and cannot be compared with others.
    pub fn new(inner: W, data_dir: &Path) -> Self {
        let masker = open(data_dir).unwrap_or_else(|_| Masker::new(rand::random()));
        Self { inner, masker }
    }
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.inner.write_all(self.masker.mask(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ456789");

    #[test]
    fn a_log_has_no_secret_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Masked::new(Vec::new(), folder.path());
        let line = format!("{{\"url\":\"https://x/?t={TOKEN}\"}}\n");
        log.write_all(line.as_bytes()).unwrap();
        let text = String::from_utf8(log.inner).unwrap();
        assert!(!text.contains(TOKEN) && text.ends_with("\"}\n"), "{text}");
        assert!(text.contains("[secret:"), "{text}");
    }

    #[test]
    fn what_a_provider_repeats_is_masked() {
        let masker = Masker::new([3; KEY_BYTES]);
        let failure = Failure::new(
            mira_protocol::Code::BadParams,
            format!("no such key {TOKEN}"),
        )
        .hint(format!("not {TOKEN}"))
        .detail(TOKEN);
        let shown = format!("{:?}", told(&masker, failure));
        assert!(!shown.contains(TOKEN), "{shown}");
    }
}
