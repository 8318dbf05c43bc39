//! The tray: is Mira there, does it work, show it, quit it.

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Emitter, Manager, Wry};

use crate::attention::{Running, Waiting};
use crate::links::{self, Link};
use crate::window;

const SHOW: &str = "show";
const NEW: &str = "new";
const WAITING: &str = "waiting";
const QUIT: &str = "quit";
/// Sent to a page with the id of one of its actions.
const ACTION: &str = "action";

struct Tray {
    icon: TrayIcon<Wry>,
    /// A line that only informs: how many tasks run.
    running: MenuItem<Wry>,
    /// Leads to a session that waits for the person.
    waiting: MenuItem<Wry>,
    new: MenuItem<Wry>,
    show: MenuItem<Wry>,
    quit: MenuItem<Wry>,
}

/// Puts the icon up. Without a tray (or, on Linux, without its library) the app works all the same.
pub fn install(app: &AppHandle) {
    if !can_be_made() {
        tracing::info!("no tray: libayatana-appindicator3 is not installed");
        return;
    }
    if let Err(error) = build(app) {
        tracing::warn!(%error, "no tray");
    }
}

pub fn is_there(app: &AppHandle) -> bool {
    app.try_state::<Tray>().is_some()
}

/// Says what runs and what waits, in the language that holds now.
pub fn show_state(app: &AppHandle) {
    let Some(tray) = app.try_state::<Tray>() else {
        return;
    };
    let words = window::words_of(app);
    let (running, waiting) = counts(app);
    let title = (running > 0).then(|| running.to_string());
    let steps = [
        tray.running.set_text(words.running(running)),
        tray.waiting.set_text(words.waiting_count(waiting)),
        tray.waiting.set_enabled(waiting > 0),
        tray.new.set_text(words.new_session),
        tray.show.set_text(words.show),
        tray.quit.set_text(words.quit),
        tray.icon.set_title(title),
        tray.icon
            .set_tooltip(Some(format!("Mira: {}", words.running(running)))),
    ];
    for error in steps.into_iter().filter_map(Result::err) {
        tracing::debug!(%error, "the tray could not be changed");
    }
}

fn counts(app: &AppHandle) -> (usize, usize) {
    (
        app.state::<Running>().count(),
        app.state::<Waiting>().count(),
    )
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let words = window::words_of(app);
    let item =
        |id: &str, text: &str, enabled| MenuItem::with_id(app, id, text, enabled, None::<&str>);
    let running = item("running", &words.running(0), false)?;
    let waiting = item(WAITING, &words.waiting_count(0), false)?;
    let new = item(NEW, words.new_session, true)?;
    let show = item(SHOW, words.show, true)?;
    let quit = item(QUIT, words.quit, true)?;
    let menu = Menu::with_items(
        app,
        &[
            &running,
            &waiting,
            &PredefinedMenuItem::separator(app)?,
            &new,
            &show,
            &PredefinedMenuItem::separator(app)?,
            &quit,
        ],
    )?;
    let mut tray = TrayIconBuilder::new()
        .tooltip("Mira")
        .menu(&menu)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| choose(app, event.id().as_ref()))
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                window::bring_forward(tray.app_handle());
            }
        });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    let icon = tray.build(app)?;
    app.manage(Tray {
        icon,
        running,
        waiting,
        new,
        show,
        quit,
    });
    Ok(())
}

fn choose(app: &AppHandle, id: &str) {
    match id {
        SHOW => {
            window::bring_forward(app);
        }
        NEW => {
            if let Some(label) = window::bring_forward(app)
                && let Err(error) = app.emit_to(label.as_str(), ACTION, "new")
            {
                tracing::warn!(%error, "the page could not be told of the tray");
            }
        }
        WAITING => {
            if let Some(session_id) = app.state::<Waiting>().any() {
                links::show(app, Link::Session { session_id });
            }
        }
        QUIT => window::quit(app),
        _ => {}
    }
}

/// The indicator library is opened while the app runs, and the tray's own code panics without it:
/// so look first, in the places the loader looks.
#[cfg(target_os = "linux")]
fn can_be_made() -> bool {
    const NAMES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];
    let given = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let usual = [
        format!("/usr/lib/{triple}"),
        format!("/lib/{triple}"),
        "/usr/lib64".to_owned(),
        "/usr/lib".to_owned(),
        "/usr/local/lib".to_owned(),
    ];
    std::env::split_paths(&given)
        .chain(usual.iter().map(Into::into))
        .any(|dir| NAMES.iter().any(|name| dir.join(name).exists()))
}

#[cfg(not(target_os = "linux"))]
fn can_be_made() -> bool {
    true
}
