//! macOS and Windows: the system's message box.

use mira_protocol::ApprovalId;
use mira_protocol::approval::Approval;
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::{
    DialogExt, MessageDialogButtons, MessageDialogKind, MessageDialogResult,
};

use super::{ALLOW, Answer, DENY, LATER, TITLE, lines, printable};
use crate::window;

pub fn show(app: &AppHandle, approval: &Approval, answer: impl Fn(Answer) + Send + 'static) {
    let mut text = format!("{}\n", printable(&approval.command));
    for (name, line) in lines(approval) {
        text += &format!("\n{name}: {line}");
    }
    // The first button is the one that Enter presses.
    let buttons = MessageDialogButtons::YesNoCancelCustom(DENY.into(), ALLOW.into(), LATER.into());
    let mut dialog = app
        .dialog()
        .message(text)
        .title(TITLE)
        .kind(MessageDialogKind::Warning)
        .buttons(buttons);
    if let Some(window) = app.get_webview_window(window::MAIN) {
        dialog = dialog.parent(&window);
    }
    dialog.show_with_result(move |pressed| {
        answer(match pressed {
            MessageDialogResult::Custom(label) if label == DENY => Answer::Deny,
            MessageDialogResult::Custom(label) if label == ALLOW => Answer::Allow,
            MessageDialogResult::Custom(_) => Answer::Later,
            _ => Answer::Nothing,
        });
    });
}

/// The system's message box cannot be taken away; a late answer is refused by the engine.
pub fn close(_: &AppHandle, _: &ApprovalId) {}
