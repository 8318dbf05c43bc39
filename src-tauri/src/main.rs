// No console window beside the app on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    mira_desktop::askpass::ask_if_called();
    mira_desktop::run();
}
