//! How each language is read in this project: whether, up to which size, under which extensions.

use std::collections::BTreeMap;
use std::time::Duration;

use mira_syntax::Limits;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;

use crate::reading::MAX_TEXT_BYTES;
use crate::{Index, IndexError};

/// Raised when the same file would now be read otherwise.
const READER: u32 = 8;

/// The settings of one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageConfig {
    /// As `syntax` names it.
    pub language: String,
    /// Off: its files are named and nothing more.
    pub enabled: bool,
    /// Without the dot, beside the usual ones.
    pub extensions: Vec<String>,
    /// Larger files are searched as text, not parsed; at most [`MAX_TEXT_BYTES`].
    pub max_bytes: u64,
    /// For one file, in milliseconds.
    pub max_ms: u64,
}

impl LanguageConfig {
    fn usual(language: &str) -> Self {
        let limits = Limits::default();
        Self {
            language: language.to_owned(),
            enabled: true,
            extensions: Vec::new(),
            max_bytes: limits.bytes as u64,
            max_ms: u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// All settings that differ from the usual ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Languages {
    configs: BTreeMap<String, LanguageConfig>,
}

/// How one file is to be read.
pub(crate) struct Manner {
    pub language: Option<&'static str>,
    /// The name under which the parser knows the language.
    pub parsed_as: Option<String>,
    pub enabled: bool,
    pub limits: Limits,
    /// Changes when the file has to be read again.
    pub fingerprint: i64,
}

impl Languages {
    pub fn new(configs: Vec<LanguageConfig>) -> Self {
        let configs = configs
            .into_iter()
            .map(|config| (config.language.clone(), config))
            .collect();
        Self { configs }
    }

    pub fn manner(&self, path: &str) -> Manner {
        let further = self.further(path);
        let language = further.or_else(|| mira_syntax::language(path));
        let config = language.and_then(|language| self.configs.get(language));
        let limits = match config {
            Some(config) => Limits {
                bytes: usize::try_from(config.max_bytes).unwrap_or(usize::MAX),
                time: Duration::from_millis(config.max_ms),
                ..Limits::default()
            },
            None => Limits::default(),
        };
        Manner {
            language,
            parsed_as: further.and_then(|language| {
                let language = language_named(language)?;
                Some(format!("{path}.{}", language.extensions.first()?))
            }),
            enabled: config.is_none_or(|config| config.enabled),
            fingerprint: fingerprint(language, config),
            limits,
        }
    }

    /// An extension belongs to one language.
    fn has_room_for(&self, config: &LanguageConfig) -> Result<(), IndexError> {
        let others = self.configs.values();
        let others = others.filter(|other| other.language != config.language);
        for extension in &config.extensions {
            let has = |other: &&LanguageConfig| {
                let mut all = other.extensions.iter();
                all.any(|one| one.eq_ignore_ascii_case(extension))
            };
            if let Some(other) = others.clone().find(has) {
                return Err(IndexError::Unsuitable(format!(
                    "Files that end in .{extension} are read as {} already. Take the extension \
                     from there first.",
                    other.language
                )));
            }
        }
        Ok(())
    }

    /// The language that a setting gives to this file's extension.
    fn further(&self, path: &str) -> Option<&'static str> {
        if self.configs.is_empty() {
            return None;
        }
        let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
        let config = self.configs.values().find(|config| {
            config
                .extensions
                .iter()
                .any(|one| one.eq_ignore_ascii_case(extension))
        })?;
        language_named(&config.language).map(|language| language.name)
    }
}

fn language_named(name: &str) -> Option<&'static mira_syntax::Language> {
    mira_syntax::languages().find(|language| language.name == name)
}

fn fingerprint(language: Option<&str>, config: Option<&LanguageConfig>) -> i64 {
    let config = config.map(|config| (config.enabled, config.max_bytes, config.max_ms));
    let of = format!(
        "{READER} {} {language:?} {config:?}",
        env!("CARGO_PKG_VERSION")
    );
    let hash = blake3::hash(of.as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    i64::from(u32::from_le_bytes([a, b, c, d]))
}

impl Index {
    /// The settings of every language, by name.
    pub fn languages(&self) -> Vec<LanguageConfig> {
        let languages = self.known_languages();
        let mut all: Vec<LanguageConfig> = mira_syntax::languages()
            .map(|language| match languages.configs.get(language.name) {
                Some(config) => config.clone(),
                None => LanguageConfig::usual(language.name),
            })
            .collect();
        all.sort_by(|left, right| left.language.cmp(&right.language));
        all
    }

    /// Changes the settings of a language. The next [`Index::sync`] of the whole project reads its
    /// files again.
    ///
    /// # Errors
    /// Where the language is not known, an extension is no extension or another language's by a
    /// setting, or a limit is zero or above what is read at all.
    pub async fn set_language(&self, config: LanguageConfig) -> Result<(), IndexError> {
        check(&config)?;
        let mut writer = self.writer().await;
        self.known_languages().has_room_for(&config)?;
        store(&mut writer.connection, &config).await?;
        let mut languages = self
            .shared
            .languages
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        languages.configs.insert(config.language.clone(), config);
        Ok(())
    }

    pub(crate) fn known_languages(&self) -> Languages {
        self.shared
            .languages
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

fn check(config: &LanguageConfig) -> Result<(), IndexError> {
    let unsuitable = |text: String| Err(IndexError::Unsuitable(text));
    if language_named(&config.language).is_none() {
        return unsuitable(format!(
            "{:?} is no language that is read.",
            config.language
        ));
    }
    for extension in &config.extensions {
        if extension.is_empty() || extension.contains(['.', '/', '*', ' ']) {
            return unsuitable(format!(
                "{extension:?} is no file extension. Write it without the dot, as \"rs\"."
            ));
        }
    }
    if config.max_bytes > MAX_TEXT_BYTES {
        return unsuitable(format!(
            "Files over {MAX_TEXT_BYTES} bytes are not read, so they cannot be parsed. Set at most \
             that."
        ));
    }
    if config.max_bytes == 0 || config.max_ms == 0 {
        return unsuitable(
            "A limit of zero reads nothing. Switch the language off instead.".into(),
        );
    }
    Ok(())
}

pub(crate) async fn stored(
    connection: &mut SqliteConnection,
) -> Result<Vec<LanguageConfig>, sqlx::Error> {
    let rows: Vec<(String, bool, String, i64, i64)> = sqlx::query_as(
        "SELECT language, enabled, extensions, max_bytes, max_ms FROM language_configs",
    )
    .fetch_all(connection)
    .await?;
    let configs = rows.into_iter().map(|row| LanguageConfig {
        language: row.0,
        enabled: row.1,
        extensions: serde_json::from_str(&row.2).unwrap_or_default(),
        max_bytes: row.3.unsigned_abs(),
        max_ms: row.4.unsigned_abs(),
    });
    Ok(configs.collect())
}

pub(crate) async fn store(
    connection: &mut SqliteConnection,
    config: &LanguageConfig,
) -> Result<(), sqlx::Error> {
    let extensions = serde_json::to_string(&config.extensions).unwrap_or_else(|_| "[]".into());
    sqlx::query(
        "INSERT INTO language_configs (language, enabled, extensions, max_bytes, max_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (language) DO UPDATE SET enabled = excluded.enabled,
           extensions = excluded.extensions, max_bytes = excluded.max_bytes,
           max_ms = excluded.max_ms",
    )
    .bind(&config.language)
    .bind(config.enabled)
    .bind(extensions)
    .bind(i64::try_from(config.max_bytes).unwrap_or(i64::MAX))
    .bind(i64::try_from(config.max_ms).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}
