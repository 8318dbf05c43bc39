//! The two settings that only the shell reads. They live in the engine's one list, like all others.

use mira_protocol::settings::SettingList;

/// Terminals and browsers may attach over the loopback socket.
pub const SOCKET: &str = "MIRA_SOCKET";
/// Approvals are asked in a native dialog even while the window is in front.
pub const NATIVE_APPROVALS: &str = "MIRA_NATIVE_APPROVALS";

pub fn value<'a>(list: &'a SettingList, name: &str) -> Option<&'a str> {
    list.settings
        .iter()
        .find(|setting| setting.name == name)
        .map(|setting| setting.value.as_str())
}

pub fn is_on(list: &SettingList, name: &str) -> bool {
    value(list, name) == Some("true")
}
