//! The native question for an approval: what exactly, where, why, until when. "Deny" comes first
//! and has the focus; closing the dialog decides nothing, and the question stays in the window.
//!
//! On Linux this is a GTK dialog of our own: the dialog library passes its text through a format
//! string there, so that a command with a `%` in it would be misread, and its dialogs cannot be
//! closed when the question is decided elsewhere.

#[cfg(target_os = "linux")]
mod gtk_dialog;
#[cfg(target_os = "linux")]
use gtk_dialog as platform;
#[cfg(not(target_os = "linux"))]
mod plugin_dialog;
#[cfg(not(target_os = "linux"))]
use plugin_dialog as platform;

use mira_engine::Engine;
use mira_protocol::approval::{Approval, DecideApproval, Decision};
use mira_protocol::{ApprovalId, calls};
use tauri::AppHandle;

use crate::window;
use crate::words::{Words, words};

/// What the person pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Allow,
    Deny,
    /// Look at it in the window.
    Later,
    /// Closed: the question goes on waiting.
    Nothing,
}

/// Shows the question; the answer goes to the engine.
pub fn show(app: &AppHandle, engine: &Engine, approval: &Approval) {
    let words = words(&engine.settings());
    let (engine, id, here) = (engine.clone(), approval.id.clone(), app.clone());
    platform::show(app, approval, words, move |answer| {
        let decision = match answer {
            Answer::Allow => Decision::Allow,
            Answer::Deny => Decision::Deny,
            Answer::Later => {
                window::bring_forward(&here);
                return;
            }
            Answer::Nothing => return,
        };
        tauri::async_runtime::spawn(decide(engine.clone(), id.clone(), decision));
    });
}

/// Takes the question away: it was decided elsewhere, or its time is over.
pub fn close(app: &AppHandle, id: &ApprovalId) {
    platform::close(app, id);
}

async fn decide(engine: Engine, approval_id: ApprovalId, decision: Decision) {
    let asked = calls::ApprovalDecide(DecideApproval {
        approval_id,
        decision,
    });
    if let Err(failure) = engine.call(asked).await {
        // Answered at the same moment in the window, or expired: the engine took the first answer.
        tracing::info!(code = ?failure.code, "the native answer came too late");
    }
}

/// The lines around the command, in the order of their weight.
fn lines(approval: &Approval, words: &'static Words) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        (words.approval_in, printable(&approval.cwd)),
        (words.why_asked, printable(&approval.reason)),
    ];
    if let Some(purpose) = &approval.purpose {
        lines.push((words.model_says, printable(purpose)));
    }
    lines
}

/// Text as it may be shown in a question of safety: characters that hide or reorder others become
/// visible escapes.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hides = c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{00ad}');
        if hides {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_question_is_hidden_or_reordered() {
        assert_eq!(printable("date +%s\n\tls ünï"), "date +%s\n\tls ünï");
        assert_eq!(
            printable("rm \u{202e}x\u{0}y\u{200b}\r"),
            "rm \\u{202e}x\\u{0}y\\u{200b}\\u{d}"
        );
    }

    #[test]
    fn the_harmless_button_has_a_name_of_its_own() {
        for language in ["en", "de"] {
            let words = crate::words::of(language);
            let labels = [words.deny, words.decide_in_mira, words.allow_once];
            assert!(
                labels
                    .iter()
                    .all(|label| labels.iter().filter(|other| *other == label).count() == 1)
            );
        }
    }
}
