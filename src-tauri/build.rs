//! Tells Tauri which commands the window may call and bakes the interface's files in.

use tauri_build::{AppManifest, Attributes};

/// Without this list every page could call every command; with it each needs a line in
/// `capabilities/`.
const COMMANDS: &[&str] = &[
    "request",
    "subscribe",
    "native_info",
    "tell_project",
    "open_window",
    "update_check",
    "update_install",
];

fn main() {
    // The files of the interface are baked in; the folder must be there even for `cargo check`.
    if let Err(error) = std::fs::create_dir_all("ui/dist") {
        println!("cargo:warning=ui/dist could not be made: {error}");
    }
    for name in ["MIRA_UPDATE_URL", "MIRA_UPDATE_KEY"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=ui/dist");
    println!("cargo:rerun-if-changed=src-tauri/capabilities");

    let attributes = Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}
