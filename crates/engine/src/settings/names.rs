//! The one list of every name.

use super::value::{self, Parsed};
use super::{Secret, Settings, dirs};

/// A setting under its name: the same in the environment, in `config.toml` and on screen.
pub struct Name {
    pub name: &'static str,
    /// The default as a person would write it.
    pub default: &'static str,
    pub legal: &'static str,
    /// One sentence, with the unit.
    pub doc: &'static str,
    /// Its value is never shown, saved or read from a file.
    pub secret: bool,
    /// It may stand in `config.toml`.
    pub(super) in_file: bool,
    /// It may be saved by the person and takes effect at once (or at the next operation).
    pub(super) editable: bool,
    write: fn(&mut Settings, &str) -> Parsed<()>,
    read: fn(&Settings) -> String,
}

impl Name {
    pub fn find(name: &str) -> Option<&'static Self> {
        NAMES.iter().find(|known| known.name == name)
    }

    /// Sets the value; Err: what is legal.
    pub(super) fn apply(&self, settings: &mut Settings, text: &str) -> Parsed<()> {
        (self.write)(settings, text)
    }

    /// The value as text; of a secret only whether it is there.
    pub(super) fn show(&self, settings: &Settings) -> String {
        (self.read)(settings)
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const EDITABLE: Name = Name {
    name: "",
    default: "",
    legal: "",
    doc: "",
    secret: false,
    in_file: true,
    editable: true,
    write: |_, _| Ok(()),
    read: |_| String::new(),
};
/// Needed before anything saved can be read, or only when a program starts.
const AT_START: Name = Name {
    editable: false,
    ..EDITABLE
};
const SECRET: Name = Name {
    secret: true,
    in_file: false,
    editable: false,
    ..EDITABLE
};

const SECONDS: std::ops::RangeInclusive<u64> = 1..=604_800;

pub const NAMES: &[Name] = &[
    Name {
        name: "OPENAI_API_KEY",
        default: "none",
        legal: "a key",
        doc: "Key for OPENAI_BASE_URL; where it is not set, the OS keychain is asked.",
        write: |on, text| value::key(text).map(|value| on.openai_api_key = Some(value)),
        read: |on| presence(on.openai_api_key.as_ref()),
        ..SECRET
    },
    Name {
        name: "OPENAI_BASE_URL",
        default: "https://api.openai.com/v1",
        legal: "URL",
        doc: "Where the OpenAI Responses API is, with /v1.",
        write: |on, text| value::base_url(text).map(|value| on.openai_base_url = value),
        read: |on| on.openai_base_url.clone(),
        ..EDITABLE
    },
    Name {
        name: "GEMINI_API_KEY",
        default: "none",
        legal: "a key",
        doc: "Key for GEMINI_BASE_URL; where it is not set, the OS keychain is asked.",
        write: |on, text| value::key(text).map(|value| on.gemini_api_key = Some(value)),
        read: |on| presence(on.gemini_api_key.as_ref()),
        ..SECRET
    },
    Name {
        name: "GEMINI_BASE_URL",
        default: "https://generativelanguage.googleapis.com/v1beta",
        legal: "URL",
        doc: "Where the Gemini API is, with its version (/v1beta).",
        write: |on, text| value::base_url(text).map(|value| on.gemini_base_url = value),
        read: |on| on.gemini_base_url.clone(),
        ..EDITABLE
    },
    Name {
        name: "ANTHROPIC_API_KEY",
        default: "none",
        legal: "a key",
        doc: "Key for ANTHROPIC_BASE_URL; where it is not set, the OS keychain is asked.",
        write: |on, text| value::key(text).map(|value| on.anthropic_api_key = Some(value)),
        read: |on| presence(on.anthropic_api_key.as_ref()),
        ..SECRET
    },
    Name {
        name: "ANTHROPIC_BASE_URL",
        default: "https://api.anthropic.com/v1",
        legal: "URL",
        doc: "Where the Anthropic Messages API is, with /v1.",
        write: |on, text| value::base_url(text).map(|value| on.anthropic_base_url = value),
        read: |on| on.anthropic_base_url.clone(),
        ..EDITABLE
    },
    Name {
        name: "PROVIDER_FAILOVER",
        default: "none",
        legal: "providers by commas (openai, gemini, anthropic, local) | none",
        doc: "Who answers, in this order, where a provider is down or its credit is used up; none: nobody.",
        write: |on, text| value::providers(text).map(|value| on.provider_failover = value),
        read: |on| value::show_providers(&on.provider_failover),
        ..EDITABLE
    },
    Name {
        name: "PROVIDER_COMPACTION",
        default: "false",
        legal: "true | false",
        doc: "Let OpenAI condense a conversation that no longer fits (a call that costs); false: a digest made here.",
        write: |on, text| value::switch(text).map(|value| on.provider_compaction = value),
        read: |on| on.provider_compaction.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MODEL_REFRESH",
        default: "true",
        legal: "true | false",
        doc: "After work, at most once a day, ask providers that have a key which models they have; false: only on demand.",
        write: |on, text| value::switch(text).map(|value| on.model_refresh = value),
        read: |on| on.model_refresh.to_string(),
        ..EDITABLE
    },
    Name {
        name: "EMBEDDING_MODEL",
        default: "text-embedding-3-large",
        legal: "model id",
        doc: "Model of embeddings, at OPENAI_BASE_URL; with local/ before it, at LOCAL_BASE_URL.",
        write: |on, text| value::id(text).map(|value| on.embedding_model = value),
        read: |on| on.embedding_model.clone(),
        ..EDITABLE
    },
    Name {
        name: "EMBEDDING_DIMENSIONS",
        default: "none",
        legal: "1..=100000 | none",
        doc: "Numbers of a vector, where the model can make fewer than its own; none: its own.",
        write: |on, text| {
            value::optional(text, |text| value::whole(text, 1..=100_000))
                .map(|value| on.embedding_dimensions = value)
        },
        read: |on| or_none(on.embedding_dimensions.map(|n| n.to_string()).as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MIRA_EMBEDDER",
        default: "local",
        legal: "local | provider",
        doc: "Who makes vectors of code: the model that comes with Mira, on this machine, or EMBEDDING_MODEL, which sends code to its provider and costs.",
        write: |on, text| value::maker(text).map(|value| on.vector_maker = value),
        read: |on| on.vector_maker.as_str().to_owned(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_VECTORS",
        default: "auto",
        legal: "auto | embedded | qdrant",
        doc: "Where vectors lie: in a file, or on the server that QDRANT_URL names; auto: there where one is named.",
        write: |on, text| value::vector_store(text).map(|value| on.vector_store = value),
        read: |on| {
            on.vector_store
                .map_or("auto", |store| store.as_str())
                .to_owned()
        },
        ..EDITABLE
    },
    Name {
        name: "QDRANT_URL",
        default: "none",
        legal: "URL | none",
        doc: "A Qdrant server that keeps vectors, with its port for gRPC (usually 6334).",
        write: |on, text| value::optional(text, value::base_url).map(|value| on.qdrant_url = value),
        read: |on| or_none(on.qdrant_url.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "QDRANT_API_KEY",
        default: "none",
        legal: "a key",
        doc: "Key for QDRANT_URL; where it is not set, the OS keychain is asked.",
        write: |on, text| value::key(text).map(|value| on.qdrant_api_key = Some(value)),
        read: |on| presence(on.qdrant_api_key.as_ref()),
        ..SECRET
    },
    Name {
        name: "LOCAL_BASE_URL",
        default: "none",
        legal: "URL | none",
        doc: "A local or other server that speaks Chat Completions, with /v1.",
        write: |on, text| {
            value::optional(text, value::base_url).map(|value| on.local_base_url = value)
        },
        read: |on| or_none(on.local_base_url.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "LOCAL_API_KEY",
        default: "none",
        legal: "a key",
        doc: "Key for LOCAL_BASE_URL where that server wants one; else the OS keychain is asked.",
        write: |on, text| value::key(text).map(|value| on.local_api_key = Some(value)),
        read: |on| presence(on.local_api_key.as_ref()),
        ..SECRET
    },
    Name {
        name: "MODEL_FAST",
        default: "none",
        legal: "model id | none",
        doc: "Model of the fast tier (look-ups, titles); none: the catalogue's.",
        write: |on, text| value::optional(text, value::id).map(|value| on.model_fast = value),
        read: |on| or_none(on.model_fast.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MODEL_VOICE",
        default: "none",
        legal: "model id | none",
        doc: "Model of the voice tier (conversation); none: the catalogue's.",
        write: |on, text| value::optional(text, value::id).map(|value| on.model_voice = value),
        read: |on| or_none(on.model_voice.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MODEL_CODE",
        default: "none",
        legal: "model id | none",
        doc: "Model of the code tier (changes to code); none: the catalogue's.",
        write: |on, text| value::optional(text, value::id).map(|value| on.model_code = value),
        read: |on| or_none(on.model_code.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MODEL_AGENTIC",
        default: "none",
        legal: "model id | none",
        doc: "Model of the agentic tier (long tasks); none: the catalogue's.",
        write: |on, text| value::optional(text, value::id).map(|value| on.model_agentic = value),
        read: |on| or_none(on.model_agentic.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MODEL_ROUTER_ENABLED",
        default: "true",
        legal: "true | false",
        doc: "Choose a tier for each message; false: always the voice tier.",
        write: |on, text| value::switch(text).map(|value| on.model_router_enabled = value),
        read: |on| on.model_router_enabled.to_string(),
        ..EDITABLE
    },
    Name {
        name: "ROUTE_CODE_TOKEN_THRESHOLD",
        default: "50000",
        legal: "1..=10000000",
        doc: "From so many tokens of prompt on, the router takes the code tier.",
        write: |on, text| {
            value::whole(text, 1..=10_000_000).map(|value| on.route_code_token_threshold = value)
        },
        read: |on| on.route_code_token_threshold.to_string(),
        ..EDITABLE
    },
    Name {
        name: "ROUTE_CODE_FILE_COUNT",
        default: "3",
        legal: "0..=10000",
        doc: "With more files than this attached, named or changed, the router takes the code tier.",
        write: |on, text| {
            value::whole(text, 0..=10_000).map(|value| on.route_code_file_count = value)
        },
        read: |on| on.route_code_file_count.to_string(),
        ..EDITABLE
    },
    Name {
        name: "BUDGET_OPERATION_LIMIT_USD",
        default: "none",
        legal: "US dollars | none",
        doc: "The most that one operation may cost, in US dollars; then it waits for you.",
        write: |on, text| {
            value::optional(text, value::dollars)
                .map(|value| on.budget_operation_limit_micro_usd = value)
        },
        read: |on| {
            or_none(
                on.budget_operation_limit_micro_usd
                    .map(value::show_dollars)
                    .as_ref(),
            )
        },
        ..EDITABLE
    },
    Name {
        name: "BUDGET_SESSION_LIMIT_USD",
        default: "none",
        legal: "US dollars | none",
        doc: "The most that one session may cost, in US dollars; then its operations wait for you.",
        write: |on, text| {
            value::optional(text, value::dollars)
                .map(|value| on.budget_session_limit_micro_usd = value)
        },
        read: |on| {
            or_none(
                on.budget_session_limit_micro_usd
                    .map(value::show_dollars)
                    .as_ref(),
            )
        },
        ..EDITABLE
    },
    Name {
        name: "BUDGET_ALLOW_UNPRICED",
        default: "false",
        legal: "true | false",
        doc: "Ask models whose price is not known; what they cost is not counted.",
        write: |on, text| value::switch(text).map(|value| on.budget_allow_unpriced = value),
        read: |on| on.budget_allow_unpriced.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_OUTPUT_LIMIT_TOKENS",
        default: "32000",
        legal: "256..=1000000",
        doc: "The most that one answer may have where a cap of money holds, in tokens: what is reserved for it.",
        write: |on, text| {
            value::whole(text, 256..=1_000_000).map(|value| on.output_limit_tokens = value)
        },
        read: |on| on.output_limit_tokens.to_string(),
        ..EDITABLE
    },
    Name {
        name: "CACHE_ENABLED",
        default: "true",
        legal: "true | false",
        doc: "Keep answers, and give them again to exactly the same request in the same project.",
        write: |on, text| value::switch(text).map(|value| on.cache_enabled = value),
        read: |on| on.cache_enabled.to_string(),
        ..EDITABLE
    },
    Name {
        name: "CACHE_TTL_SECONDS",
        default: "86400",
        legal: "1..=604800",
        doc: "How long a kept answer is given again, in seconds.",
        write: |on, text| {
            value::whole(text, SECONDS).map(|seconds| on.cache_ttl_ms = seconds * 1_000)
        },
        read: |on| (on.cache_ttl_ms / 1_000).to_string(),
        ..EDITABLE
    },
    Name {
        name: "CACHE_MAX_MB",
        default: "64",
        legal: "1..=10000",
        doc: "How much kept answers may take in all, in megabytes; the longest not used go first.",
        write: |on, text| {
            value::whole(text, 1..=10_000).map(|mb: u64| on.cache_max_bytes = mb * 1024 * 1024)
        },
        read: |on| (on.cache_max_bytes / 1024 / 1024).to_string(),
        ..EDITABLE
    },
    Name {
        name: "BUDGET_DAILY_LIMIT_USD",
        default: "none",
        legal: "US dollars | none",
        doc: "The most that one local day may cost, in US dollars; then operations wait for you.",
        write: |on, text| {
            value::optional(text, value::dollars)
                .map(|value| on.budget_daily_limit_micro_usd = value)
        },
        read: |on| {
            or_none(
                on.budget_daily_limit_micro_usd
                    .map(value::show_dollars)
                    .as_ref(),
            )
        },
        ..EDITABLE
    },
    Name {
        name: "BUDGET_MONTHLY_LIMIT_USD",
        default: "none",
        legal: "US dollars | none",
        doc: "The most that one calendar month may cost, in US dollars; then operations wait for you.",
        write: |on, text| {
            value::optional(text, value::dollars)
                .map(|value| on.budget_monthly_limit_micro_usd = value)
        },
        read: |on| {
            or_none(
                on.budget_monthly_limit_micro_usd
                    .map(value::show_dollars)
                    .as_ref(),
            )
        },
        ..EDITABLE
    },
    Name {
        name: "MIRA_APPROVAL_TIMEOUT_SECONDS",
        default: "600",
        legal: "1..=604800",
        doc: "An approval that nobody answers is denied after so many seconds.",
        write: |on, text| {
            value::whole(text, SECONDS).map(|seconds| on.approval_timeout_ms = seconds * 1_000)
        },
        read: |on| (on.approval_timeout_ms / 1_000).to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_MAX_ITERATIONS",
        default: "2000",
        legal: "1..=100000",
        doc: "The most requests to the model within one operation.",
        write: |on, text| value::whole(text, 1..=100_000).map(|value| on.max_iterations = value),
        read: |on| on.max_iterations.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_OPERATION_TIMEOUT_SECONDS",
        default: "none",
        legal: "1..=604800 | none",
        doc: "The longest an operation may run, in seconds.",
        write: |on, text| {
            value::optional(text, |text| value::whole(text, SECONDS)).map(|seconds| {
                on.operation_timeout_ms = seconds.map(|seconds| seconds * 1_000);
            })
        },
        read: |on| {
            or_none(
                on.operation_timeout_ms
                    .map(|ms| (ms / 1_000).to_string())
                    .as_ref(),
            )
        },
        ..EDITABLE
    },
    Name {
        name: "MIRA_STALL_TIMEOUT_SECONDS",
        default: "120",
        legal: "1..=604800",
        doc: "A provider that sends nothing for so many seconds is asked again.",
        write: |on, text| {
            value::whole(text, SECONDS).map(|seconds| on.stall_timeout_ms = seconds * 1_000)
        },
        read: |on| (on.stall_timeout_ms / 1_000).to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_TOOL_OUTPUT_BYTES",
        default: "32768",
        legal: "1024..=1048576",
        doc: "The most that the model gets to read of one tool's answer, in bytes.",
        write: |on, text| {
            value::whole(text, 1_024..=1_048_576).map(|value| on.tool_output_bytes = value)
        },
        read: |on| on.tool_output_bytes.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_CODE_CONTEXT_MS",
        default: "100",
        legal: "0..=10000",
        doc: "How long a message may wait for the places that the code index has for it, in milliseconds; 0: none are added.",
        write: |on, text| value::whole(text, 0..=10_000).map(|value| on.code_context_ms = value),
        read: |on| on.code_context_ms.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_SANDBOX",
        default: "true",
        legal: "true | false",
        doc: "Commands are held by the operating system; false: by approvals only.",
        write: |on, text| value::switch(text).map(|value| on.sandbox = value),
        read: |on| on.sandbox.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_SANDBOX_NETWORK",
        default: "false",
        legal: "true | false",
        doc: "The network is open to every command; false: each that wants it is asked about.",
        write: |on, text| value::switch(text).map(|value| on.sandbox_network = value),
        read: |on| on.sandbox_network.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_SANDBOX_WRITABLE",
        default: "none",
        legal: "folders with a colon between | none",
        doc: "Folders outside the project that commands may write, such as further caches.",
        write: |on, text| value::folders(text).map(|value| on.sandbox_writable = value),
        read: |on| value::show_folders(&on.sandbox_writable),
        ..EDITABLE
    },
    Name {
        name: "MIRA_SANDBOX_READABLE",
        default: "none",
        legal: "folders or files with a colon between | none",
        doc: "What commands may read although it is on the list of secrets, such as ~/.npmrc.",
        write: |on, text| value::folders(text).map(|value| on.sandbox_readable = value),
        read: |on| value::show_folders(&on.sandbox_readable),
        ..EDITABLE
    },
    Name {
        name: "MIRA_CHECKPOINT_DAYS",
        default: "30",
        legal: "1..=36500 | none",
        doc: "What was changed longer ago can no longer be taken back.",
        write: |on, text| {
            value::optional(text, |text| value::whole(text, 1..=36_500))
                .map(|value| on.checkpoint_days = value)
        },
        read: |on| or_none(on.checkpoint_days.map(|days| days.to_string()).as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MIRA_CHECKPOINT_BYTES",
        default: "5368709120",
        legal: "1048576..=9223372036854775807 | none",
        doc: "The most that contents kept for undo take on disk, in bytes; the oldest go first.",
        write: |on, text| {
            value::optional(text, |text| value::whole(text, 1_048_576..=i64::MAX as u64))
                .map(|value| on.checkpoint_bytes = value)
        },
        read: |on| or_none(on.checkpoint_bytes.map(|bytes| bytes.to_string()).as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MIRA_SOCKET",
        default: "false",
        legal: "true | false",
        doc: "The desktop app lets terminals and browsers of this machine attach.",
        write: |on, text| value::switch(text).map(|value| on.socket = value),
        read: |on| on.socket.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_HOST",
        default: "127.0.0.1",
        legal: "IP address",
        doc: "The address on which the socket and the web page listen.",
        write: |on, text| value::address(text).map(|value| on.host = value),
        read: |on| on.host.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_PORT",
        default: "3001",
        legal: "0..=65535",
        doc: "The port on which the socket and the web page listen; 0: any free one.",
        write: |on, text| value::whole(text, 0..=65_535).map(|value| on.port = value),
        read: |on| on.port.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_NATIVE_APPROVALS",
        default: "false",
        legal: "true | false",
        doc: "The desktop app asks in a native dialog even while its window is in front.",
        write: |on, text| value::switch(text).map(|value| on.native_approvals = value),
        read: |on| on.native_approvals.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_LANGUAGE",
        default: "system",
        legal: "system | en | de | pseudo | pseudo-rtl",
        doc: "The language of the interface; the last two are made up, to try layouts.",
        write: |on, text| {
            value::word(text, &["system", "en", "de", "pseudo", "pseudo-rtl"])
                .map(|value| on.look.language = value)
        },
        read: |on| on.look.language.clone(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_THEME",
        default: "system",
        legal: "system | light | dark",
        doc: "Light or dark colours.",
        write: |on, text| {
            value::word(text, &["system", "light", "dark"]).map(|value| on.look.theme = value)
        },
        read: |on| on.look.theme.clone(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_CONTRAST",
        default: "normal",
        legal: "normal | high",
        doc: "Contrast of the interface; high also where the system asks for it.",
        write: |on, text| {
            value::word(text, &["normal", "high"]).map(|value| on.look.contrast = value)
        },
        read: |on| on.look.contrast.clone(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_DENSITY",
        default: "normal",
        legal: "compact | normal | roomy",
        doc: "How much space stands between lines and rows.",
        write: |on, text| {
            value::word(text, &["compact", "normal", "roomy"]).map(|value| on.look.density = value)
        },
        read: |on| on.look.density.clone(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_TEXT_SIZE",
        default: "13",
        legal: "11..=20",
        doc: "Base text size of the interface, in pixels.",
        write: |on, text| value::whole(text, 11..=20).map(|value| on.look.text_size = value),
        read: |on| on.look.text_size.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_SHORTCUTS",
        default: "{}",
        legal: "JSON of action and keys",
        doc: "Keys that differ from the usual ones, such as {\"palette\": \"mod+p\"}; \"\" takes the keys away.",
        write: |on, text| value::shortcuts(text).map(|value| on.look.shortcuts = value),
        read: |on| on.look.shortcuts.clone(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_NOTIFY",
        default: "done, waiting, failed",
        legal: "done, waiting, failed by commas, or none",
        doc: "What notifies while no window of Mira is in front.",
        write: |on, text| value::notify(text, &mut on.notify),
        read: |on| value::show_notify(&on.notify),
        ..EDITABLE
    },
    Name {
        name: "MIRA_NOTIFY_SOUND",
        default: "none",
        legal: "none | message | complete | bell",
        doc: "The sound of a notification.",
        write: |on, text| {
            value::word(text, &["none", "message", "complete", "bell"])
                .map(|value| on.notify.sound = value)
        },
        read: |on| on.notify.sound.clone(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_UPDATE_CHECK",
        default: "false",
        legal: "true | false",
        doc: "The desktop app asks once a day whether there is a newer version; it never installs one unasked.",
        write: |on, text| value::switch(text).map(|value| on.update_check = value),
        read: |on| on.update_check.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_UPDATE_URL",
        default: "none",
        legal: "URL | none",
        doc: "Where the desktop app looks for newer versions; none: where its build says.",
        write: |on, text| value::optional(text, value::base_url).map(|value| on.update_url = value),
        read: |on| or_none(on.update_url.as_ref()),
        ..AT_START
    },
    Name {
        name: "MIRA_UPDATE_KEY",
        default: "none",
        legal: "minisign public key | none",
        doc: "Newer versions must be signed with this key; none: the key of the build.",
        write: |on, text| value::optional(text, value::id).map(|value| on.update_key = value),
        read: |on| or_none(on.update_key.as_ref()),
        ..AT_START
    },
    Name {
        name: "MIRA_EDITOR",
        default: "none",
        legal: "command, with {file}, {line} and {column} | none",
        doc: "Opens files from the review and the file view; none: VISUAL, an editor that is found, or EDITOR.",
        write: |on, text| value::optional(text, value::command).map(|value| on.editor = value),
        read: |on| or_none(on.editor.as_ref()),
        ..EDITABLE
    },
    Name {
        name: "MIRA_LOG",
        default: "info",
        legal: "off | error | warn | info | debug | trace, or target=level, by commas",
        doc: "What the log keeps.",
        write: |on, text| value::log_filter(text).map(|value| on.log = value),
        read: |on| on.log.clone(),
        ..AT_START
    },
    Name {
        name: "MIRA_OFFLINE",
        default: "false",
        legal: "true | false",
        doc: "Nothing leaves this machine: only model servers on it are asked, commands have no network.",
        write: |on, text| value::switch(text).map(|value| on.offline = value),
        read: |on| on.offline.to_string(),
        ..EDITABLE
    },
    Name {
        name: "MIRA_DATA_DIR",
        default: "the system's folder for application data",
        legal: "folder",
        doc: "Everything Mira writes outside projects lies under it.",
        write: |on, text| {
            dirs::absolute(text)
                .map(|path| on.data_dir = path)
                .map_err(|error| error.message)
        },
        read: |on| on.data_dir.display().to_string(),
        ..AT_START
    },
    Name {
        name: "MIRA_CONFIG_DIR",
        default: "the system's folder for configuration",
        legal: "folder",
        doc: "Holds config.toml, models.json, your own guidelines and commands.",
        write: |on, text| {
            dirs::absolute(text)
                .map(|path| on.config_dir = path)
                .map_err(|error| error.message)
        },
        read: |on| on.config_dir.display().to_string(),
        in_file: false,
        ..AT_START
    },
];

fn or_none(value: Option<&String>) -> String {
    value.cloned().unwrap_or_else(|| "none".to_owned())
}

fn presence(secret: Option<&Secret>) -> String {
    if secret.is_some() { "set" } else { "none" }.to_owned()
}
