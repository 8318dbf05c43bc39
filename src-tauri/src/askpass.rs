//! `sudo -A` calls this program to ask the person for a password, in a window of its own: a
//! process apart, so that what is typed never comes near the engine, the page or a log.

use mira_engine::Askpass;

/// Its presence means that we are called by sudo.
const CALLED: &str = "MIRA_ASKPASS_WINDOW";
/// The command that the password is for.
const COMMAND: &str = "MIRA_ASKPASS_FOR";
/// The language of the settings.
const LANGUAGE: &str = "MIRA_LANGUAGE";
/// What a window needs to find the display and the system's language.
#[cfg(target_os = "linux")]
const DISPLAY: [&str; 8] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GTK_A11Y",
    "LC_ALL",
    "LANG",
];

/// How the app asks.
#[cfg(target_os = "linux")]
pub fn here() -> Option<Askpass> {
    let program = std::env::current_exe().ok()?;
    let display = DISPLAY.iter().filter_map(|name| {
        let value = std::env::var(name).ok()?;
        Some(((*name).to_owned(), value))
    });
    let mut env: Vec<(String, String)> = display.collect();
    env.push((CALLED.into(), "1".into()));
    Some(Askpass { program, env })
}

/// Elsewhere the system's own means ask, where there are any.
#[cfg(not(target_os = "linux"))]
pub fn here() -> Option<Askpass> {
    None
}

/// Asks where sudo called us to, and ends the process. Returns at an ordinary start.
pub fn ask_if_called() {
    if std::env::var_os(CALLED).is_none() {
        return;
    }
    #[cfg(target_os = "linux")]
    std::process::exit(linux::ask());
    #[cfg(not(target_os = "linux"))]
    std::process::exit(1);
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::Write;

    use gtk::pango;
    use gtk::prelude::*;

    use super::{COMMAND, LANGUAGE};
    use crate::words;

    /// 0 where a password was given.
    pub fn ask() -> i32 {
        if gtk::init().is_err() {
            eprintln!("mira: no password could be asked for: there is no display");
            return 1;
        }
        let language = std::env::var(LANGUAGE).unwrap_or_else(|_| "system".into());
        let words = words::of(&language);
        let dialog = gtk::MessageDialog::new(
            None::<&gtk::Window>,
            gtk::DialogFlags::MODAL,
            gtk::MessageType::Question,
            gtk::ButtonsType::None,
            words.password_title,
        );
        dialog.set_title(words.password_title);
        let entry = gtk::Entry::new();
        entry.set_visibility(false);
        entry.set_input_purpose(gtk::InputPurpose::Password);
        entry.set_activates_default(true);
        if let Some(accessible) = entry.accessible() {
            accessible.set_name(words.password);
        }
        if let Ok(area) = dialog.message_area().downcast::<gtk::Box>() {
            area.add(&command());
            let prompt = std::env::args().nth(1).unwrap_or_default();
            area.add(&gtk::Label::new(Some(&plain(&prompt))));
            area.add(&entry);
        }
        dialog.add_button(words.cancel, gtk::ResponseType::Cancel);
        dialog.add_button(words.give_to_sudo, gtk::ResponseType::Accept);
        dialog.set_default_response(gtk::ResponseType::Accept);
        dialog.show_all();
        entry.grab_focus();
        let response = dialog.run();
        let password = entry.text();
        entry.set_text("");
        if response != gtk::ResponseType::Accept || password.is_empty() {
            return 1;
        }
        let mut out = std::io::stdout().lock();
        let written = out
            .write_all(password.as_bytes())
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush());
        i32::from(written.is_err())
    }

    /// The command as it will be run, in type where `l` is not `1`.
    fn command() -> gtk::Label {
        let text = std::env::var(COMMAND).unwrap_or_default();
        let label = gtk::Label::new(Some(&plain(&text)));
        label.set_selectable(true);
        label.set_can_focus(false);
        label.set_xalign(0.0);
        label.set_line_wrap(true);
        label.set_line_wrap_mode(pango::WrapMode::WordChar);
        label.set_max_width_chars(72);
        let attributes = pango::AttrList::new();
        attributes.insert(pango::AttrString::new_family("monospace"));
        label.set_attributes(Some(&attributes));
        label
    }

    fn plain(text: &str) -> String {
        text.chars()
            .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
            .collect()
    }
}
