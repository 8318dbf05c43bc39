//! API keys in the keychain of the operating system: Keychain on macOS, Credential Manager on
//! Windows, the Secret Service (GNOME Keyring, KWallet, KeePassXC) elsewhere.
//!
//! Nothing is opened before the first key is asked for, since reaching the Secret Service costs
//! tens of milliseconds and may ask the person to unlock it. There is no other place for a key:
//! without a keychain the caller is told so, and no file is written.

use keyring::{Entry, Error};
use mira_engine::ports::SecretStore;

/// Under which name the keychain's own program shows the entries.
const SERVICE: &str = "mira";

/// The keychain of this machine. Calls block, and may wait for the person to unlock it.
///
/// The `keyring` crate opens it once a process: when that failed, a restart is needed.
#[derive(Debug, Default, Clone, Copy)]
pub struct OsKeychain;

impl OsKeychain {
    /// Costs nothing; the keychain is opened at the first call.
    pub fn new() -> Self {
        Self
    }
}

impl SecretStore for OsKeychain {
    fn get(&self, name: &str) -> Result<Option<String>, String> {
        match Entry::new(SERVICE, name).and_then(|entry| entry.get_password()) {
            Ok(secret) => Ok(Some(secret)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(in_words("read", name, &error)),
        }
    }

    fn set(&self, name: &str, secret: &str) -> Result<(), String> {
        Entry::new(SERVICE, name)
            .and_then(|entry| entry.set_password(secret))
            .map_err(|error| in_words("save", name, &error))
    }

    fn delete(&self, name: &str) -> Result<(), String> {
        match Entry::new(SERVICE, name).and_then(|entry| entry.delete_credential()) {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(in_words("remove", name, &error)),
        }
    }
}

/// The secret itself never stands in a keychain's error.
fn in_words(verb: &str, name: &str, error: &Error) -> String {
    // Every call after a failed opening reports only that there is no store: tell why.
    let error = match (error, Entry::store_status()) {
        (Error::NoDefaultStore, Err(opening)) => opening,
        (error, _) => error,
    };
    let why = match error {
        Error::NoStorageAccess(cause) => format!("it is locked or refused access ({cause})"),
        Error::PlatformFailure(cause) => format!("it cannot be reached ({cause})"),
        Error::BadEncoding(_) => "what is saved there is not text".to_owned(),
        Error::Ambiguous(_) => "there is more than one entry of that name".to_owned(),
        Error::TooLong(what, limit) => format!("{what} is longer than {limit}"),
        other => other.to_string(),
    };
    let next = if cfg!(any(target_os = "macos", target_os = "windows")) {
        "Unlock the keychain and try again, or set the key in the environment."
    } else {
        "Start and unlock a Secret Service (GNOME Keyring, KWallet or KeePassXC), or set the key \
         in the environment."
    };
    format!("Could not {verb} {name} in the keychain: {why}. {next}")
}
