//! The tray: is Mira there, does it work, show it, quit it.

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

use crate::window;

const SHOW: &str = "show";
const QUIT: &str = "quit";

struct Tray {
    /// A line that only informs: how many tasks run.
    running: MenuItem<Wry>,
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

pub fn show_running(app: &AppHandle, count: usize) {
    let Some(tray) = app.try_state::<Tray>() else {
        return;
    };
    if let Err(error) = tray.running.set_text(running_text(count)) {
        tracing::debug!(%error, "the tray could not be changed");
    }
}

fn running_text(count: usize) -> String {
    match count {
        0 => "Nothing running".to_owned(),
        1 => "1 task running".to_owned(),
        n => format!("{n} tasks running"),
    }
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let running = MenuItem::with_id(app, "running", running_text(0), false, None::<&str>)?;
    let menu = Menu::with_items(
        app,
        &[
            &running,
            &PredefinedMenuItem::separator(app)?,
            &MenuItem::with_id(app, SHOW, "Show Mira", true, None::<&str>)?,
            &MenuItem::with_id(app, QUIT, "Quit", true, None::<&str>)?,
        ],
    )?;
    let mut tray = TrayIconBuilder::new()
        .tooltip("Mira")
        .menu(&menu)
        .show_menu_on_left_click(false)
        .on_menu_event(|app, event| match event.id().as_ref() {
            SHOW => window::bring_forward(app),
            QUIT => window::quit(app),
            _ => {}
        })
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
    tray.build(app)?;
    app.manage(Tray { running });
    Ok(())
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
