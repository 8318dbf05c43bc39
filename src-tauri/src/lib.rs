//! The desktop shell: the window, native dialogs, notifications, the tray, the keychain, and the
//! engine inside the same process.
//!
//! It translates between Tauri and the engine's protocol and holds no product logic: whatever a
//! browser or a terminal must do too belongs below, in `mira-engine`. Start reading at [`run`], then
//! [`host`] (who owns the engine) and [`commands`] (what the page may call).

mod approval_dialog;
mod attention;
mod commands;
mod feed;
mod host;
mod instance;
mod log;
mod socket;
mod tray;
mod trouble;
mod window;

use mira_engine::settings::{Flags, Settings};
use mira_protocol::Failure;
use tauri::{Manager, RunEvent};

use crate::attention::Running;
use crate::feed::Feed;
use crate::host::Host;

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
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .plugin(window::remember_place(data_dir.as_deref()))
        .invoke_handler(tauri::generate_handler![
            commands::request,
            commands::subscribe,
            commands::native_info
        ])
        .register_uri_scheme_protocol(trouble::SCHEME, |context, _| {
            trouble::page(context.app_handle())
        })
        .setup(move |app| {
            start(app.handle(), settings);
            window::open(app.handle(), data_dir.as_deref())?;
            tray::install(app.handle());
            tauri::async_runtime::spawn(trouble::show_when_failed(app.handle().clone()));
            Ok(())
        })
        .build(tauri::generate_context!());

    match app {
        Ok(app) => app.run(|app, event| match event {
            RunEvent::WindowEvent { label, event, .. } if label == window::MAIN => {
                window::on_event(app, &event);
            }
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
    app.manage(Feed::default());
    tauri::async_runtime::spawn(attention::watch(app.clone()));
    tauri::async_runtime::spawn(socket::follow_setting(app.clone()));
    instance::open_argument(app);
}
