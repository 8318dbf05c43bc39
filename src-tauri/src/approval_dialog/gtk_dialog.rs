//! Linux: a GTK dialog, on GTK's thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use gtk::prelude::*;
use gtk::{glib, pango};
use mira_protocol::approval::Approval;
use mira_protocol::{ApprovalId, UtcMs};
use tauri::{AppHandle, Manager};

use super::{Answer, lines, printable};
use crate::window;
use crate::words::Words;

/// Height of the command's box before it scrolls, in pixels.
const COMMAND_HEIGHT: i32 = 160;

thread_local! {
    /// The dialogs that stand now; touched on GTK's thread only.
    static OPEN: RefCell<HashMap<ApprovalId, gtk::MessageDialog>> = RefCell::default();
}

pub fn show(
    app: &AppHandle,
    approval: &Approval,
    words: &'static Words,
    answer: impl Fn(Answer) + Send + 'static,
) {
    let (here, approval) = (app.clone(), approval.clone());
    on_gtk_thread(app, move || {
        let dialog = build(&here, &approval, words);
        let id = approval.id.clone();
        OPEN.with_borrow_mut(|open| open.insert(id.clone(), dialog.clone()));
        dialog.connect_response(move |dialog, response| {
            OPEN.with_borrow_mut(|open| open.remove(&id));
            // SAFETY: nobody else keeps the dialog: it just left the map.
            unsafe { dialog.destroy() };
            answer(match response {
                gtk::ResponseType::Accept => Answer::Allow,
                gtk::ResponseType::Reject => Answer::Deny,
                gtk::ResponseType::Other(_) => Answer::Later,
                _ => Answer::Nothing,
            });
        });
        count_down(&dialog, approval.expires_at, words);
        dialog.show_all();
    });
}

pub fn close(app: &AppHandle, id: &ApprovalId) {
    let id = id.clone();
    on_gtk_thread(app, move || {
        // Taken out first: the answer that closing gives looks into the map again.
        let dialog = OPEN.with_borrow_mut(|open| open.remove(&id));
        if let Some(dialog) = dialog {
            dialog.response(gtk::ResponseType::None);
        }
    });
}

fn on_gtk_thread(app: &AppHandle, task: impl FnOnce() + Send + 'static) {
    if let Err(error) = app.run_on_main_thread(task) {
        tracing::warn!(%error, "no native dialog");
    }
}

fn build(app: &AppHandle, approval: &Approval, words: &'static Words) -> gtk::MessageDialog {
    let parent = app
        .get_webview_window(window::MAIN)
        .and_then(|window| window.gtk_window().ok());
    let dialog = gtk::MessageDialog::new(
        parent.as_ref(),
        gtk::DialogFlags::DESTROY_WITH_PARENT,
        gtk::MessageType::Question,
        gtk::ButtonsType::None,
        words.approval_title,
    );
    dialog.set_title(words.approval_title);
    // It comes while the person works elsewhere: it must not swallow what they type there.
    dialog.set_focus_on_map(false);
    dialog.set_urgency_hint(true);

    if let Ok(area) = dialog.message_area().downcast::<gtk::Box>() {
        area.add(&command_box(&approval.command));
        for (name, line) in lines(approval, words) {
            area.add(&wrapped(&format!("{name}: {line}")));
        }
    }
    dialog.add_button(words.deny, gtk::ResponseType::Reject);
    dialog.add_button(words.decide_in_mira, gtk::ResponseType::Other(1));
    dialog.add_button(words.allow_once, gtk::ResponseType::Accept);
    dialog.set_default_response(gtk::ResponseType::Reject);
    if let Some(deny) = dialog.widget_for_response(gtk::ResponseType::Reject) {
        deny.grab_focus();
    }
    dialog
}

/// The whole command, to be scrolled and selected, in type where `l` is not `1`.
fn command_box(command: &str) -> gtk::ScrolledWindow {
    let label = gtk::Label::new(Some(&printable(command)));
    label.set_selectable(true);
    label.set_can_focus(false);
    label.set_xalign(0.0);
    label.set_line_wrap(true);
    label.set_line_wrap_mode(pango::WrapMode::WordChar);
    label.set_max_width_chars(72);
    label.set_margin(6);
    let attributes = pango::AttrList::new();
    attributes.insert(pango::AttrString::new_family("monospace"));
    label.set_attributes(Some(&attributes));

    let scrolled = gtk::ScrolledWindow::new(gtk::Adjustment::NONE, gtk::Adjustment::NONE);
    scrolled.set_policy(gtk::PolicyType::Never, gtk::PolicyType::Automatic);
    scrolled.set_propagate_natural_height(true);
    scrolled.set_propagate_natural_width(true);
    scrolled.set_max_content_height(COMMAND_HEIGHT);
    scrolled.set_shadow_type(gtk::ShadowType::In);
    scrolled.add(&label);
    scrolled
}

fn wrapped(text: &str) -> gtk::Label {
    let label = gtk::Label::new(Some(text));
    label.set_xalign(0.0);
    label.set_line_wrap(true);
    label.set_line_wrap_mode(pango::WrapMode::WordChar);
    label.set_max_width_chars(72);
    label
}

/// Says each second how much time is left, and closes the dialog at the end of it.
fn count_down(dialog: &gtk::MessageDialog, expires_at: UtcMs, words: &'static Words) {
    let label = wrapped(&remaining(expires_at - now_ms(), words));
    if let Ok(area) = dialog.message_area().downcast::<gtk::Box>() {
        area.add(&label);
    }
    let dialog = dialog.downgrade();
    glib::timeout_add_seconds_local(1, move || {
        let Some(dialog) = dialog.upgrade().filter(|dialog| dialog.is_visible()) else {
            return glib::ControlFlow::Break;
        };
        let left = expires_at - now_ms();
        if left <= 0 {
            dialog.response(gtk::ResponseType::None);
            return glib::ControlFlow::Break;
        }
        label.set_text(&remaining(left, words));
        glib::ControlFlow::Continue
    });
}

fn remaining(left_ms: i64, words: &Words) -> String {
    let seconds = left_ms.max(0) / 1_000;
    let clock = format!("{}:{:02}", seconds / 60, seconds % 60);
    words.denied_in.replace("{}", &clock)
}

fn now_ms() -> UtcMs {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as UtcMs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_minutes_and_seconds_and_never_negative() {
        let english = crate::words::of("en");
        assert_eq!(remaining(600_000, english), "Denied by itself in 10:00");
        assert_eq!(remaining(61_999, english), "Denied by itself in 1:01");
        assert_eq!(
            remaining(-5, crate::words::of("de")),
            "Von selbst abgelehnt in 0:00"
        );
    }
}
