//! The settings as they are now, what the person saved among them.

use std::sync::{Arc, PoisonError, RwLock};

use mira_protocol::settings::{SetSetting, Setting, SettingList};
use mira_protocol::{Code, Failure, Topic};
use mira_store::Store;

use super::{NAMES, Name, Settings, Source, unknown_name, wrong_value};
use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;

/// Gives the current [`Settings`] and changes what is saved. Cheap to clone.
#[derive(Clone)]
pub struct SettingsHandle {
    /// Without anything saved.
    base: Arc<Settings>,
    current: Arc<RwLock<Arc<Settings>>>,
    store: Store,
    events: EventLog,
}

impl SettingsHandle {
    /// Takes what was saved into `base`.
    pub async fn new(base: Settings, store: Store, events: EventLog) -> Result<Self, Failure> {
        let base = Arc::new(base);
        let current = Arc::new(RwLock::new(Arc::clone(&base)));
        let handle = Self {
            base,
            current,
            store,
            events,
        };
        handle.refresh().await?;
        Ok(handle)
    }

    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every name with value, source and what is legal.
    pub async fn list(&self) -> Result<SettingList, Failure> {
        let current = self.current();
        Ok(SettingList {
            settings: NAMES.iter().map(|name| setting(name, &current)).collect(),
            config_file: current.config_file().display().to_string(),
            data_dir: current.data_dir.display().to_string(),
        })
    }

    /// Saves a value, or (None) goes back to the next lower source.
    pub async fn set(&self, request: SetSetting) -> Result<SettingList, Failure> {
        let SetSetting { name, value } = request;
        let Some(known) = Name::find(&name) else {
            return Err(unknown_name(&name, "request"));
        };
        if !known.editable {
            return Err(not_editable(known));
        }
        if let Some(value) = &value {
            let mut probe = Settings::clone(&self.base);
            known
                .apply(&mut probe, value)
                .map_err(|legal| wrong_value(known, value, Source::Saved, &legal))?;
        }
        self.store
            .save_setting(known.name, value.as_deref(), now_ms())
            .await
            .map_err(from_store)?;
        self.refresh().await?;
        for topic in [Topic::Settings, Topic::Providers, Topic::Budget] {
            self.events.topic(topic);
        }
        self.list().await
    }

    async fn refresh(&self) -> Result<(), Failure> {
        let mut settings = Settings::clone(&self.base);
        for (name, value) in self.store.saved_settings().await.map_err(from_store)? {
            let Some(known) = Name::find(&name).filter(|known| known.editable) else {
                continue;
            };
            if settings.source(known.name) > Source::Saved {
                continue;
            }
            // Legal when it was saved; a version that thinks otherwise must still start, or
            // nobody could mend it in the settings.
            let before = settings.clone();
            match known.apply(&mut settings, &value) {
                Ok(()) => {
                    settings.sources.insert(known.name, Source::Saved);
                }
                Err(legal) => {
                    tracing::warn!(name = known.name, legal, "a saved setting is not legal now");
                    settings = before;
                }
            }
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }
}

fn setting(name: &'static Name, current: &Settings) -> Setting {
    let source = current.source(name.name);
    Setting {
        name: name.name.to_owned(),
        value: name.show(current),
        default: name.default.to_owned(),
        source: source.word().to_owned(),
        doc: name.doc.to_owned(),
        legal: name.legal.to_owned(),
        editable: name.editable && source <= Source::Saved,
    }
}

fn not_editable(name: &Name) -> Failure {
    let hint = match name.secret {
        true => "Save the key in the OS keychain: in the settings, or with `mira config set-key`.",
        false => "Set it in the environment, as a flag, or in config.toml, and start Mira again.",
    };
    Failure::new(
        Code::Refused,
        format!("{} cannot be saved here.", name.name),
    )
    .hint(hint)
}
