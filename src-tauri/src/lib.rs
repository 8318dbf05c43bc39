//! The desktop shell: the window, native dialogs, notifications, the tray, the keychain, and the
//! engine inside the same process.
//!
//! It translates between Tauri and the engine's protocol and holds no product logic: whatever a
//! browser or a terminal must do too belongs below, in `mira-engine`. Start reading at [`run`], then
//! [`host`] (who owns the engine) and [`commands`] (what the page may call).

mod approval_dialog;
pub mod askpass;
mod attention;
mod commands;
#[cfg(target_os = "linux")]
mod dropped;
mod feed;
mod host;
mod instance;
mod links;
mod log;
mod socket;
mod tray;
mod trouble;
mod update;
mod window;
mod windows;
mod words;

use mira_engine::settings::{Flags, Settings};
use mira_protocol::Failure;
use tauri::{Manager, RunEvent};

use crate::attention::{Running, Waiting};
use crate::feed::Feeds;
use crate::host::Host;
use crate::window::{Moves, PagesDir};
use crate::windows::Windows;

/// Starts the app and returns when it was quit. Ends the process with status 1 where not even a
/// window can be made.
pub fn run() {
    let settings = Settings::load(Flags::default());
    let data_dir = settings
        .as_ref()
        .ok()
        .map(|settings| settings.data_dir.clone());
    let log = settings
        .as_ref()
        .ok()
        .and_then(|settings| log::to_file(&settings.data_dir, &settings.log));

    let app = tauri::Builder::default()
        .plugin(instance::plugin(data_dir.as_deref()))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .plugin(tauri_plugin_updater::Builder::new().build())
        .plugin(window::remember_place(data_dir.as_deref()))
        .invoke_handler(tauri::generate_handler![
            commands::request,
            commands::subscribe,
            commands::native_info,
            commands::tell_project,
            commands::open_window,
            commands::update_check,
            commands::update_install
        ])
        .register_uri_scheme_protocol(trouble::SCHEME, |context, _| {
            trouble::page(context.app_handle())
        })
        .setup(move |app| {
            app.manage(PagesDir(data_dir.as_ref().map(|dir| dir.join("webview"))));
            app.manage(Windows::new(data_dir.as_deref()));
            start(app.handle(), settings);
            window::rest_the_caret();
            window::open(app.handle(), window::MAIN, "index.html")?;
            windows::reopen(app.handle());
            follow_links(app.handle());
            attention::follow_clicks(app.handle());
            tray::install(app.handle());
            tauri::async_runtime::spawn(trouble::show_when_failed(app.handle().clone()));
            Ok(())
        })
        .build(tauri::generate_context!());

    match app {
        Ok(app) => app.run(|app, event| match event {
            RunEvent::WindowEvent { label, event, .. } => window::on_event(app, &label, &event),
            RunEvent::Exit => app.state::<Host>().shut_down(),
            _ => {}
        }),
        Err(error) => {
            tracing::error!(%error, "the window could not be made");
            eprintln!(
                "Mira could not open its window: {error}.\nWithout a display, run `mira serve` \
                 and open the link it prints in a browser."
            );
            drop(log);
            std::process::exit(1);
        }
    }
}

/// Opens the engine beside the window, so that the window is there at once.
fn start(app: &tauri::AppHandle, settings: Result<Settings, Failure>) {
    let host = Host::new(settings);
    host.open();
    app.manage(host);
    app.manage(Running::default());
    app.manage(Waiting::default());
    app.manage(Feeds::default());
    app.manage(Moves::default());
    tauri::async_runtime::spawn(attention::watch(app.clone()));
    tauri::async_runtime::spawn(socket::follow_setting(app.clone()));
    tauri::async_runtime::spawn(update::watch(app.clone()));
    instance::open_argument(app);
}

/// macOS hands links over as events; elsewhere they are words of a command line.
#[cfg(target_os = "macos")]
fn follow_links(app: &tauri::AppHandle) {
    use tauri_plugin_deep_link::DeepLinkExt;
    let here = app.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            links::show(&here, links::read(url.as_str()));
        }
    });
}

#[cfg(not(target_os = "macos"))]
fn follow_links(_: &tauri::AppHandle) {}
