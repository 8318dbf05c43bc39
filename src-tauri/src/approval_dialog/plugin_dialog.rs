//! macOS and Windows: the system's message box.

use mira_protocol::ApprovalId;
use mira_protocol::approval::Approval;
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::{
    DialogExt, MessageDialogButtons, MessageDialogKind, MessageDialogResult,
};

use super::{Answer, lines, printable};
use crate::window;
use crate::words::Words;

pub fn show(
    app: &AppHandle,
    approval: &Approval,
    words: &'static Words,
    answer: impl Fn(Answer) + Send + 'static,
) {
    let mut text = format!("{}\n", printable(&approval.command));
    for (name, line) in lines(approval, words) {
        text += &format!("\n{name}: {line}");
    }
    // The first button is the one that Enter presses.
    let buttons = MessageDialogButtons::YesNoCancelCustom(
        words.deny.into(),
        words.allow_once.into(),
        words.decide_in_mira.into(),
    );
    let mut dialog = app
        .dialog()
        .message(text)
        .title(words.approval_title)
        .kind(MessageDialogKind::Warning)
        .buttons(buttons);
    if let Some(window) = app.get_webview_window(window::MAIN) {
        dialog = dialog.parent(&window);
    }
    dialog.show_with_result(move |pressed| {
        answer(match pressed {
            MessageDialogResult::Custom(label) if label == words.deny => Answer::Deny,
            MessageDialogResult::Custom(label) if label == words.allow_once => Answer::Allow,
            MessageDialogResult::Custom(_) => Answer::Later,
            _ => Answer::Nothing,
        });
    });
}

/// The system's message box cannot be taken away; a late answer is refused by the engine.
pub fn close(_: &AppHandle, _: &ApprovalId) {}
