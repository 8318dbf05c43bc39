//! Settings: where values come from, what is legal, what each is called.
//!
//! [`NAMES`] is the one documented list of every name. A value comes from the highest of these
//! that has it: flag, environment, what the person saved, `config.toml`, the default. A wrong
//! value is refused by name when Mira starts. No `.env` file is ever read.

mod dirs;
mod handle;
mod names;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mira_protocol::provider::ProviderName;
use mira_protocol::vectors::{VectorMaker, VectorStore};
use mira_protocol::{Code, Failure, MicroUsd};

pub(crate) use dirs::absolute as expand;
pub use handle::SettingsHandle;
pub use names::{NAMES, Name};
pub(crate) use value::show_dollars;

/// All settings as values. Libraries below take what they need of it as plain arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Everything Mira writes outside projects lies under it. Absolute.
    pub data_dir: PathBuf,
    /// `config.toml`, `models.json`, the person's own guidelines and commands. Absolute.
    pub config_dir: PathBuf,
    /// What the log keeps, as a tracing filter.
    pub log: String,

    /// Where `mira serve`, and the app where `socket` is on, listen.
    pub host: IpAddr,
    pub port: u16,
    /// The desktop app lets terminals and browsers attach.
    pub socket: bool,
    /// The desktop app asks for approvals in a native dialog even while its window is in front.
    pub native_approvals: bool,

    pub look: Look,
    pub notify: Notify,
    /// Where the app asks whether there is a newer version; None: what the build says.
    pub update_url: Option<String>,
    /// The minisign key that a new version must be signed with; None: what the build says.
    pub update_key: Option<String>,
    /// The app asks by itself, once a day. Off: only when the person asks.
    pub update_check: bool,
    /// The person's editor as a command, with `{file}`, `{line}` and `{column}`.
    pub editor: Option<String>,

    /// From the environment only; else the keychain has it.
    pub openai_api_key: Option<Secret>,
    /// With `/v1`, without a slash at the end.
    pub openai_base_url: String,
    pub gemini_api_key: Option<Secret>,
    /// With the API's version (`/v1beta`), without a slash at the end.
    pub gemini_base_url: String,
    pub anthropic_api_key: Option<Secret>,
    /// With `/v1`, without a slash at the end.
    pub anthropic_base_url: String,
    pub local_base_url: Option<String>,
    pub local_api_key: Option<Secret>,
    /// Who answers where a provider is down, in this order; empty: nobody.
    pub provider_failover: Vec<ProviderName>,
    /// A conversation that no longer fits is condensed by the provider, where it can.
    pub provider_compaction: bool,
    /// Providers in use are asked once a day which models they have.
    pub model_refresh: bool,
    /// The model of embeddings; may begin with `openai/` or `local/`.
    pub embedding_model: String,
    /// Numbers of a vector; None: as many as the model makes.
    pub embedding_dimensions: Option<u32>,
    /// Who makes vectors of code.
    pub vector_maker: VectorMaker,
    /// Where they lie; None: on the Qdrant server where one is named, else in a file.
    pub vector_store: Option<VectorStore>,
    pub qdrant_url: Option<String>,
    /// From the environment only; else the keychain has it.
    pub qdrant_api_key: Option<Secret>,
    /// The model of each tier; None: the catalogue's.
    pub model_fast: Option<String>,
    pub model_voice: Option<String>,
    pub model_code: Option<String>,
    pub model_agentic: Option<String>,
    /// Off: everything goes to the voice tier.
    pub model_router_enabled: bool,
    /// From so many tokens of prompt on the router takes the code tier.
    pub route_code_token_threshold: u64,
    /// From more files than this on the router takes the code tier.
    pub route_code_file_count: u32,
    /// A provider that sends nothing for so long counts as stalled, in milliseconds.
    pub stall_timeout_ms: u64,

    /// The most that one operation, and one session, may cost; None: no limit.
    pub budget_operation_limit_micro_usd: Option<MicroUsd>,
    pub budget_session_limit_micro_usd: Option<MicroUsd>,
    /// Models without known prices may be asked.
    pub budget_allow_unpriced: bool,
    /// The most that one answer may have where a cap holds, in tokens: what is reserved for it.
    pub output_limit_tokens: u64,
    /// Answers to the same request are kept and given again.
    pub cache_enabled: bool,
    /// How long, in milliseconds, and how much in all.
    pub cache_ttl_ms: u64,
    pub cache_max_bytes: u64,
    /// The most that a local day, and a month, may cost; None: no limit.
    pub budget_daily_limit_micro_usd: Option<MicroUsd>,
    pub budget_monthly_limit_micro_usd: Option<MicroUsd>,

    /// An approval that nobody answers is denied after this, in milliseconds.
    pub approval_timeout_ms: u64,
    /// The most requests to the model within one operation.
    pub max_iterations: u32,
    /// The longest an operation may run, in milliseconds; None: no limit.
    pub operation_timeout_ms: Option<u64>,
    /// The most the model gets to read of one tool's answer, in bytes.
    pub tool_output_bytes: usize,
    /// How long a message may wait for what the code index has for it, in milliseconds; 0: nothing
    /// of it is added.
    pub code_context_ms: u64,
    /// Commands are held by the operating system where it can.
    pub sandbox: bool,
    /// The network is open to every command.
    pub sandbox_network: bool,
    /// Further folders that commands may write. Absolute.
    pub sandbox_writable: Vec<PathBuf>,
    /// Folders and files that commands may read although they are on the list of secrets.
    pub sandbox_readable: Vec<PathBuf>,
    /// Checkpoints older than so many days are let go; None: never for their age.
    pub checkpoint_days: Option<u64>,
    /// The oldest checkpoints are let go where all take more than so many bytes; None: no limit.
    pub checkpoint_bytes: Option<u64>,
    /// Nothing leaves this machine.
    pub offline: bool,
    /// Tests only, without a name: `fetch_url` may reach private addresses.
    pub allow_private_hosts: bool,
    /// Without a name: the clean-up of checkpoints comes so long after the start …
    pub clean_up_first: Duration,
    /// … and then every so often.
    pub clean_up_every: Duration,

    /// Where each value that is not a default came from.
    sources: BTreeMap<&'static str, Source>,
}

/// How windows look and speak. The engine only keeps it: words as in [`NAMES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub language: String,
    pub theme: String,
    pub contrast: String,
    pub density: String,
    /// Base text size, in pixels.
    pub text_size: u8,
    /// JSON: id of an action → keys as "mod+shift+k", or "" for none. What is not named has its
    /// usual keys.
    pub shortcuts: String,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            language: "system".to_owned(),
            theme: "system".to_owned(),
            contrast: "normal".to_owned(),
            density: "normal".to_owned(),
            text_size: 13,
            shortcuts: "{}".to_owned(),
        }
    }
}

/// What calls the person while they look elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    pub done: bool,
    pub waiting: bool,
    pub failed: bool,
    /// "none", "message", "complete", "bell"
    pub sound: String,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            done: true,
            waiting: true,
            failed: true,
            sound: "none".to_owned(),
        }
    }
}

/// Where a value came from, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Default,
    ConfigFile,
    Saved,
    Environment,
    Flag,
}

impl Source {
    fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::ConfigFile => "config.toml",
            Self::Saved => "settings",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// What a program's command line says.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub data_dir: Option<PathBuf>,
    pub config_dir: Option<PathBuf>,
    /// Any name of [`NAMES`] with its value.
    pub overrides: BTreeMap<String, String>,
}

/// Text that must not be printed: its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the header it belongs in.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Settings {
    /// Settings of this process: flags, its environment, `config.toml`, defaults. What was saved
    /// joins them when the engine opens the database.
    ///
    /// # Errors
    /// [`Code::BadParams`] naming the setting, its value and what is legal.
    pub fn load(flags: Flags) -> Result<Self, Failure> {
        let environment: BTreeMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect();
        let text = |name: &str| {
            environment
                .get(name)
                .map(|value| value.to_string_lossy().into())
        };
        Self::load_from(flags, &text)
    }

    /// [`Settings::load`] with an environment given as a function from name to value.
    pub fn load_from(
        flags: Flags,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
        let mut flags = flags;
        for (name, path) in [
            ("MIRA_DATA_DIR", flags.data_dir.take()),
            ("MIRA_CONFIG_DIR", flags.config_dir.take()),
        ] {
            if let Some(path) = path {
                flags
                    .overrides
                    .insert(name.to_owned(), path.to_string_lossy().into_owned());
            }
        }
        if let Some(unknown) = flags
            .overrides
            .keys()
            .find(|name| Name::find(name).is_none())
        {
            return Err(unknown_name(unknown, Source::Flag.word()));
        }
        // The file's folder must be known before the file can say anything.
        let config_dir = ["MIRA_CONFIG_DIR"].iter().find_map(|name| {
            flags
                .overrides
                .get(*name)
                .cloned()
                .or_else(|| environment(name))
        });
        let config_dir = match config_dir {
            Some(text) => dirs::absolute(&text),
            None => dirs::config_dir(&environment),
        };
        let file = match &config_dir {
            Ok(folder) => config_file(&folder.join("config.toml"))?,
            Err(_) => BTreeMap::new(),
        };

        let mut settings = Self::bare();
        for name in NAMES {
            let found = [
                (Source::Flag, flags.overrides.get(name.name).cloned()),
                (Source::Environment, environment(name.name)),
                (Source::ConfigFile, file.get(name.name).cloned()),
            ];
            if let Some((source, value)) = found
                .into_iter()
                .find_map(|(source, value)| Some((source, value?)))
            {
                name.apply(&mut settings, &value)
                    .map_err(|legal| wrong_value(name, &value, source, &legal))?;
                settings.sources.insert(name.name, source);
            }
        }
        if settings.data_dir.as_os_str().is_empty() {
            settings.data_dir = dirs::data_dir(&environment)?;
        }
        if settings.config_dir.as_os_str().is_empty() {
            settings.config_dir = config_dir?;
        }
        Ok(settings)
    }

    /// Defaults alone, with everything under one folder: for tests, scenarios, demonstrations.
    pub fn under(folder: &Path) -> Self {
        Self {
            data_dir: folder.join("data"),
            config_dir: folder.join("config"),
            ..Self::bare()
        }
    }

    /// Every default but the two folders, which depend on the machine.
    fn bare() -> Self {
        Self {
            data_dir: PathBuf::new(),
            config_dir: PathBuf::new(),
            log: "info".to_owned(),
            host: IpAddr::from([127, 0, 0, 1]),
            port: 3001,
            socket: false,
            native_approvals: false,
            look: Look::default(),
            notify: Notify::default(),
            update_url: None,
            update_key: None,
            update_check: false,
            editor: None,
            openai_api_key: None,
            openai_base_url: "https://api.openai.com/v1".to_owned(),
            gemini_api_key: None,
            gemini_base_url: "https://generativelanguage.googleapis.com/v1beta".to_owned(),
            anthropic_api_key: None,
            anthropic_base_url: "https://api.anthropic.com/v1".to_owned(),
            local_base_url: None,
            local_api_key: None,
            provider_failover: Vec::new(),
            provider_compaction: false,
            model_refresh: true,
            embedding_model: "text-embedding-3-large".to_owned(),
            embedding_dimensions: None,
            vector_maker: VectorMaker::Local,
            vector_store: None,
            qdrant_url: None,
            qdrant_api_key: None,
            model_fast: None,
            model_voice: None,
            model_code: None,
            model_agentic: None,
            model_router_enabled: true,
            route_code_token_threshold: 50_000,
            route_code_file_count: 3,
            stall_timeout_ms: 120_000,
            budget_operation_limit_micro_usd: None,
            budget_session_limit_micro_usd: None,
            budget_allow_unpriced: false,
            output_limit_tokens: 32_000,
            cache_enabled: true,
            cache_ttl_ms: 86_400_000,
            cache_max_bytes: 64 * 1024 * 1024,
            budget_daily_limit_micro_usd: None,
            budget_monthly_limit_micro_usd: None,
            approval_timeout_ms: 600_000,
            max_iterations: 2_000,
            operation_timeout_ms: None,
            tool_output_bytes: 32 * 1024,
            code_context_ms: 100,
            sandbox: true,
            sandbox_network: false,
            sandbox_writable: Vec::new(),
            sandbox_readable: Vec::new(),
            checkpoint_days: Some(30),
            checkpoint_bytes: Some(5 * 1024 * 1024 * 1024),
            offline: false,
            allow_private_hosts: false,
            clean_up_first: Duration::from_secs(60),
            clean_up_every: Duration::from_secs(3_600),
            sources: BTreeMap::new(),
        }
    }

    /// Where a provider is; None for a local server that is not set.
    pub fn base_url(&self, provider: ProviderName) -> Option<&str> {
        match provider {
            ProviderName::Openai => Some(&self.openai_base_url),
            ProviderName::Gemini => Some(&self.gemini_base_url),
            ProviderName::Anthropic => Some(&self.anthropic_base_url),
            ProviderName::Local => self.local_base_url.as_deref(),
        }
    }

    /// A provider's key from the environment.
    pub fn api_key(&self, provider: ProviderName) -> Option<&Secret> {
        match provider {
            ProviderName::Openai => self.openai_api_key.as_ref(),
            ProviderName::Gemini => self.gemini_api_key.as_ref(),
            ProviderName::Anthropic => self.anthropic_api_key.as_ref(),
            ProviderName::Local => self.local_api_key.as_ref(),
        }
    }

    /// Where vectors lie.
    pub fn vectors_in(&self) -> VectorStore {
        self.vector_store.unwrap_or(match self.qdrant_url {
            Some(_) => VectorStore::Qdrant,
            None => VectorStore::Embedded,
        })
    }

    /// Where the value of a name came from.
    pub fn source(&self, name: &str) -> Source {
        self.sources.get(name).copied().unwrap_or(Source::Default)
    }

    pub fn config_file(&self) -> PathBuf {
        self.config_dir.join("config.toml")
    }
}

/// Names and values of `config.toml`; empty where there is no such file.
fn config_file(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let refuse = |reason: String| {
        Failure::new(
            Code::BadParams,
            format!("{} could not be used: {reason}", path.display()),
        )
        .hint("Mend the file, or move it away to start with the defaults.")
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(refuse(format!("{error}."))),
    };
    let table: toml::Table = toml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let mut values = BTreeMap::new();
    for (name, value) in table {
        let Some(known) = Name::find(&name) else {
            return Err(unknown_name(&name, &path.display().to_string()));
        };
        if !known.in_file {
            return Err(
                refuse(format!("{name} cannot stand in it.")).hint(match known.secret {
                    true => {
                        "Keys belong in the keychain (`mira config set-key`) or the environment."
                    }
                    false => "Set it in the environment or as a flag.",
                }),
            );
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(switch) => switch.to_string(),
            _ => {
                return Err(refuse(format!(
                    "{name} is neither text nor number nor true/false."
                )));
            }
        };
        values.insert(name, value);
    }
    Ok(values)
}

fn wrong_value(name: &Name, value: &str, source: Source, legal: &str) -> Failure {
    let shown = if name.secret {
        "(a secret)".to_owned()
    } else {
        format!("{value:?}")
    };
    Failure::new(
        Code::BadParams,
        format!(
            "{} is {shown} ({}), which is not legal: {legal}.",
            name.name,
            source.word()
        ),
    )
    .hint(format!("{} Default: {}.", name.doc, name.default))
}

fn unknown_name(name: &str, place: &str) -> Failure {
    Failure::new(
        Code::BadParams,
        format!("There is no setting {name:?} ({place})."),
    )
    .hint("`mira config list` shows all names.")
}

#[cfg(test)]
mod tests;
