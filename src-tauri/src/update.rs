//! Newer versions: asked for by the person (or once a day where they switched that on), installed
//! only by their click, only with a right signature.
//!
//! Where to ask, and whose signature counts, is fixed when the app is built
//! (`MIRA_UPDATE_URL`, `MIRA_UPDATE_KEY`); settings of the same names win over it. A build without
//! both says so instead of asking anybody.

use std::time::Duration;

use mira_engine::settings::Settings;
use mira_protocol::{Code, Failure};
use serde::Serialize;
use tauri::{AppHandle, Manager};
use tauri_plugin_updater::{Update, UpdaterExt};

use crate::attention;
use crate::host::Host;
use crate::words::words;

const BUILT_URL: Option<&str> = option_env!("MIRA_UPDATE_URL");
const BUILT_KEY: Option<&str> = option_env!("MIRA_UPDATE_KEY");
/// Loading waits so long for the server's next bytes.
const TIMEOUT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the page shows.
#[derive(Debug, Clone, Serialize)]
pub struct UpdateState {
    configured: bool,
    available: Option<Available>,
}

#[derive(Debug, Clone, Serialize)]
struct Available {
    version: String,
    notes: String,
}

/// Where to ask, and the key that signs.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    url: String,
    key: String,
}

impl Source {
    fn of(settings: &Settings, built: (Option<&str>, Option<&str>)) -> Option<Self> {
        let url = settings.update_url.as_deref().or(built.0)?;
        let key = settings.update_key.as_deref().or(built.1)?;
        Some(Self {
            url: url.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// Looks for a newer version. Fails where the server cannot be asked or answers nonsense.
pub async fn check(app: &AppHandle) -> Result<UpdateState, Failure> {
    let settings = app.state::<Host>().engine().await?.settings();
    let Some(source) = Source::of(&settings, (BUILT_URL, BUILT_KEY)) else {
        return Ok(UpdateState {
            configured: false,
            available: None,
        });
    };
    Ok(UpdateState {
        configured: true,
        available: newer(app, &source).await?.map(|update| Available {
            version: update.version,
            notes: update.body.unwrap_or_default(),
        }),
    })
}

/// Loads the newer version, checks its signature, installs it and starts again.
pub async fn install(app: &AppHandle) -> Result<(), Failure> {
    let settings = app.state::<Host>().engine().await?.settings();
    let source = Source::of(&settings, (BUILT_URL, BUILT_KEY))
        .ok_or_else(|| refused("This build has no address for updates."))?;
    let update = newer(app, &source)
        .await?
        .ok_or_else(|| refused("There is no newer version."))?;
    let engine = app.state::<Host>().engine().await?;
    let mut written_down = engine.leaves(update.download_url.as_str(), "update")?;
    let bytes = update
        .download(|bytes, _| written_down.received(bytes as u64), || {})
        .await
        .map_err(|error| failed("The new version was not taken", &error))?;
    update
        .install(bytes)
        .map_err(|error| failed("The new version could not be installed", &error).hint(
            "Its signature is right. Where a package manager installed Mira, let it bring the new version.",
        ))?;
    app.state::<Host>().shut_down();
    app.restart();
}

/// Once a day where the person switched it on; a newer version is only told of.
pub async fn watch(app: AppHandle) {
    loop {
        if let Ok(engine) = app.state::<Host>().engine().await
            && engine.settings().update_check
            && let Ok(UpdateState {
                available: Some(available),
                ..
            }) = check(&app).await
        {
            let words = words(&engine.settings());
            attention::notify(&app, words.newer_version, &available.version, None, None);
        }
        tokio::time::sleep(DAY).await;
    }
}

async fn newer(app: &AppHandle, source: &Source) -> Result<Option<Update>, Failure> {
    let url = source.url.parse().map_err(|_| {
        refused("The address for updates is not a URL.").hint("Mend MIRA_UPDATE_URL.")
    })?;
    let asked = app
        .updater_builder()
        .pubkey(&source.key)
        .timeout(TIMEOUT)
        .endpoints(vec![url])
        .and_then(tauri_plugin_updater::UpdaterBuilder::build)
        .map_err(|error| failed("The address for updates cannot be used", &error))?;
    let engine = app.state::<Host>().engine().await?;
    let _written_down = engine.leaves(&source.url, "update")?;
    asked
        .check()
        .await
        .map_err(|error| failed("Looking for a newer version failed", &error))
}

fn refused(message: &str) -> Failure {
    Failure::new(Code::Refused, message)
}

fn failed(what: &str, error: &tauri_plugin_updater::Error) -> Failure {
    let code = match error {
        tauri_plugin_updater::Error::Minisign(_)
        | tauri_plugin_updater::Error::SignatureUtf8(_) => Code::Refused,
        _ => Code::ProviderUnreachable,
    };
    Failure::new(code, format!("{what}: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_without_address_and_key() {
        let mut settings = Settings::under(std::path::Path::new("/somewhere"));
        assert_eq!(Source::of(&settings, (None, None)), None);
        assert_eq!(Source::of(&settings, (Some("https://u"), None)), None);
        let built = (Some("https://u"), Some("key"));
        assert_eq!(
            Source::of(&settings, built)
                .map(|source| source.url)
                .as_deref(),
            Some("https://u")
        );
        settings.update_url = Some("https://own".into());
        assert_eq!(
            Source::of(&settings, built)
                .map(|source| source.url)
                .as_deref(),
            Some("https://own")
        );
    }
}
