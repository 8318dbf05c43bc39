//! Windows: made, shown, brought to the front, closed with care. The main one is always there;
//! [`crate::windows`] knows which others are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[cfg(target_os = "linux")]
use tauri::DragDropEvent;
use tauri::plugin::TauriPlugin;
use tauri::webview::{DownloadEvent, PageLoadEvent};
use tauri::{
    AppHandle, Manager, Url, Webview, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
    Wry,
};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogResult};
use tauri_plugin_opener::OpenerExt;
use tauri_plugin_window_state::{AppHandleExt, StateFlags};

use crate::attention::{self, Running};
#[cfg(target_os = "linux")]
use crate::dropped;
use crate::feed::Feeds;
use crate::host::Host;
use crate::windows::Windows;
use crate::words::{Words, words};
use crate::{tray, trouble};

pub const MAIN: &str = "main";

/// What is kept of a window's place. Whether it is visible is not: a window that was hidden in the
/// tray must come up at the next start.
const PLACE: StateFlags = StateFlags::all().difference(StateFlags::VISIBLE);
/// How long windows stand still before their places are written.
const STANDS_STILL: Duration = Duration::from_secs(1);

/// Keeps size and place of each window in the data directory, at the end of the app and, with
/// [`Moves`], while it runs.
pub fn remember_place(data_dir: Option<&Path>) -> TauriPlugin<Wry> {
    let plugin = tauri_plugin_window_state::Builder::new().with_state_flags(PLACE);
    match data_dir {
        // An absolute name wins over the plugin's own folder.
        Some(dir) => plugin
            .with_filename(dir.join("window.json").to_string_lossy())
            .build(),
        None => plugin.build(),
    }
}

/// Counts moves and changes of size, so that places are written when they end: a crash, or the end
/// of the person's session, leaves no time for it.
#[derive(Default)]
pub struct Moves(AtomicU64);

fn keep_places_soon(app: &AppHandle) {
    let this = app.state::<Moves>().0.fetch_add(1, Ordering::Relaxed) + 1;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(STANDS_STILL).await;
        if app.state::<Moves>().0.load(Ordering::Relaxed) != this {
            return;
        }
        let here = app.clone();
        // The plugin asks the windows while it holds what their events wait for: only where those
        // come in may it do so.
        let kept = app.run_on_main_thread(move || {
            if let Err(error) = here.save_window_state(PLACE) {
                tracing::warn!(%error, "the places of the windows were not kept");
            }
        });
        if let Err(error) = kept {
            tracing::debug!(%error, "the app ends");
        }
    });
}

/// Where pages keep what is theirs; None: the system's place.
pub struct PagesDir(pub Option<PathBuf>);

/// Makes a window with that page. It shows itself once its page is there, so that nobody sees a
/// white frame.
pub fn open(app: &AppHandle, label: &str, page: &str) -> tauri::Result<WebviewWindow> {
    let here = app.clone();
    let mut builder = WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into()))
        .title("Mira")
        .inner_size(1320.0, 860.0)
        .min_inner_size(420.0, 420.0)
        .visible(false)
        .on_download(save_download)
        .on_navigation(move |url| may_navigate(&here, url))
        .on_document_title_changed(|window, title| {
            if let Err(error) = window.set_title(&title) {
                tracing::debug!(%error, "the window's title could not be changed");
            }
        })
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Finished
                && let Err(error) = window.show()
            {
                tracing::warn!(%error, "the window could not be shown");
            }
        });
    // Elsewhere pages are given the files of a drop by the web view itself.
    if cfg!(not(target_os = "linux")) {
        builder = builder.disable_drag_drop_handler();
    }
    if let Some(dir) = &app.state::<PagesDir>().0 {
        builder = builder.data_directory(dir.clone());
    }
    builder.build()
}

/// The mark in a text field stands still. WebKit draws it anew for as long as a field has the focus,
/// each time with some twenty wake-ups of three processes for one picture, and does not know the
/// system's rule that blinking ends after a while.
#[cfg(target_os = "linux")]
pub fn rest_the_caret() {
    use gtk::prelude::ObjectExt;
    if let Some(settings) = gtk::Settings::default() {
        // Switched off altogether, WebKit would ask for every picture of the screen.
        settings.set_property("gtk-cursor-blink-time", i32::MAX);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn rest_the_caret() {}

/// What the page offers as a file (an export) goes to the downloads, under a name of its own.
fn save_download(webview: Webview, event: DownloadEvent<'_>) -> bool {
    let app = webview.app_handle();
    match event {
        DownloadEvent::Requested { destination, .. } => {
            let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
            let Ok(folder) = folder else { return false };
            let name = destination.file_name().map(PathBuf::from);
            *destination = free_name(&folder, &name.unwrap_or_else(|| "mira-export".into()));
            if let Some(folder) = destination.parent()
                && let Err(error) = std::fs::create_dir_all(folder)
            {
                tracing::warn!(%error, "there is no folder for downloads");
            }
            true
        }
        DownloadEvent::Finished { path, success, .. } => {
            let words = words_of(app);
            if !success {
                attention::notify(app, words.not_saved, words.not_saved_why, None, None);
            } else if let Some(path) = path {
                attention::notify(app, words.saved, &path.to_string_lossy(), None, None);
            }
            true
        }
        _ => true,
    }
}

/// The name, or the name with a number where such a file is there already.
fn free_name(folder: &Path, name: &Path) -> PathBuf {
    let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, extension) = (part(name.file_stem()), part(name.extension()));
    let dot = if extension.is_empty() { "" } else { "." };
    std::iter::once(folder.join(name))
        .chain((2..=999).map(|n| folder.join(format!("{stem} {n}{dot}{extension}"))))
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(name))
}

/// The page stays on its own files; links to the web go to the browser.
fn may_navigate(app: &AppHandle, url: &Url) -> bool {
    match trouble::ask_of(url) {
        Some(trouble::Ask::Show) => return true,
        Some(trouble::Ask::Retry) => {
            app.state::<Host>().open();
            return false;
        }
        Some(trouble::Ask::Quit) => {
            app.exit(0);
            return false;
        }
        None => {}
    }
    if is_interface(app, url) {
        return true;
    }
    if matches!(url.scheme(), "http" | "https")
        && let Err(error) = app.opener().open_url(url.as_str(), None::<&str>)
    {
        tracing::warn!(%error, "a link could not be opened in the browser");
    }
    false
}

fn is_interface(app: &AppHandle, url: &Url) -> bool {
    let development = app
        .config()
        .build
        .dev_url
        .as_ref()
        .filter(|_| tauri::is_dev());
    url.scheme() == "tauri"
        || (cfg!(windows) && url.host_str() == Some("tauri.localhost"))
        || development.is_some_and(|dev| dev.origin() == url.origin())
}

/// Brings the interface back after the trouble page.
pub fn show_interface(app: &AppHandle) {
    let address = match app
        .config()
        .build
        .dev_url
        .clone()
        .filter(|_| tauri::is_dev())
    {
        Some(dev) => Some(dev),
        None if cfg!(windows) => Url::parse("http://tauri.localhost/index.html").ok(),
        None => Url::parse("tauri://localhost/index.html").ok(),
    };
    if let Some(address) = address {
        navigate(app, &address);
    }
}

/// Every window changes its page.
pub fn navigate(app: &AppHandle, address: &Url) {
    for window in app.webview_windows().into_values() {
        if let Err(error) = window.navigate(address.clone()) {
            tracing::warn!(%error, "the window could not change its page");
        }
    }
}

/// Shows the window that is best known to the person, wherever it was, in front: the one that has
/// the focus, the main one, any. Without a window the main one is made again. Its label.
pub fn bring_forward(app: &AppHandle) -> Option<String> {
    let windows = app.webview_windows();
    let focused = windows
        .iter()
        .find(|(_, window)| window.is_focused().unwrap_or(false))
        .map(|(label, _)| label.clone());
    let label = focused.unwrap_or_else(|| match windows.keys().next() {
        Some(any) if !windows.contains_key(MAIN) => any.clone(),
        _ => MAIN.to_owned(),
    });
    if !bring_label_forward(app, &label)
        && let Err(error) = open(app, MAIN, "index.html")
    {
        tracing::warn!(%error, "the window could not be made again");
        return None;
    }
    Some(label)
}

/// False where there is no such window.
pub fn bring_label_forward(app: &AppHandle, label: &str) -> bool {
    let Some(window) = app.get_webview_window(label) else {
        return false;
    };
    for step in [window.unminimize(), window.show(), window.set_focus()] {
        if let Err(error) = step {
            tracing::debug!(%error, "the window could not be brought forward");
        }
    }
    true
}

/// The person looks at one of the windows now.
pub fn is_watched(app: &AppHandle) -> bool {
    app.webview_windows()
        .values()
        .any(|window| window.is_focused().unwrap_or(false) && window.is_visible().unwrap_or(false))
}

/// Closing the last window ends the app; while work runs the person chooses.
pub fn on_event(app: &AppHandle, label: &str, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            let running = app.state::<Running>().count();
            let last = app.webview_windows().len() <= 1;
            if last && running > 0 {
                api.prevent_close();
                ask_before_quitting(app, running);
            } else {
                app.state::<Windows>().closed(label);
            }
        }
        #[cfg(target_os = "linux")]
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
            dropped::tell(app, label, paths.clone());
        }
        WindowEvent::Moved(_) | WindowEvent::Resized(_) => keep_places_soon(app),
        WindowEvent::Destroyed => app.state::<Feeds>().end(label),
        _ => {}
    }
}

/// The shell's words in the language that holds now; English until the engine is open.
pub fn words_of(app: &AppHandle) -> &'static Words {
    match app.state::<Host>().settings() {
        Some(settings) => words(&settings),
        None => words(&mira_engine::settings::Settings::under(Path::new("/"))),
    }
}

/// Quits, after a question where work still runs.
pub fn quit(app: &AppHandle) {
    match app.state::<Running>().count() {
        0 => app.exit(0),
        running => ask_before_quitting(app, running),
    }
}

fn ask_before_quitting(app: &AppHandle, running: usize) {
    let words = words_of(app);
    let (stay, hide, stop) = (words.stay, words.hide, words.stop_and_quit);
    // Hidden without a tray, the app could only be found again by starting it once more.
    let buttons = if tray::is_there(app) {
        MessageDialogButtons::YesNoCancelCustom(hide.into(), stop.into(), stay.into())
    } else {
        MessageDialogButtons::OkCancelCustom(stop.into(), stay.into())
    };
    let mut dialog = app
        .dialog()
        .message(words.would_stop(running))
        .title(words.still_working)
        .buttons(buttons);
    // With several windows the question comes from the tray, and all of them would go.
    let windows: Vec<_> = app.webview_windows().into_values().collect();
    if let Some(window) = windows.first() {
        dialog = dialog.parent(window);
    }
    let app = app.clone();
    dialog.show_with_result(move |answer| match answer {
        MessageDialogResult::Custom(label) if label == stop => app.exit(0),
        MessageDialogResult::Custom(label) if label == hide => {
            for window in &windows {
                if let Err(error) = window.hide() {
                    tracing::warn!(%error, "a window could not be hidden");
                }
            }
        }
        _ => {}
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_never_overwrites() {
        let dir = tempfile::tempdir().expect("a folder");
        let name = |n: &str| free_name(dir.path(), Path::new(n));
        assert_eq!(name("session.md"), dir.path().join("session.md"));
        for file in ["session.md", "session 2.md", "plain"] {
            std::fs::write(dir.path().join(file), "").expect("written");
        }
        assert_eq!(name("session.md"), dir.path().join("session 3.md"));
        assert_eq!(name("plain"), dir.path().join("plain 2"));
    }
}
