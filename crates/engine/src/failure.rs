//! Every error of the crates below, as what a client is told.

use mira_llm::{ErrorKind, ModelError};
use mira_protocol::provider::ProviderName;
use mira_protocol::{Code, Failure};
use mira_store::{StoreError, Trouble};

pub fn internal(what: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Internal, format!("Mira failed: {what}."))
        .hint("`mira doctor` checks this machine; the log has the details.")
}

pub fn from_store(error: StoreError) -> Failure {
    let (code, hint) = match &error {
        StoreError::NotFound { .. } => {
            return Failure::new(Code::NotFound, format!("The {error}."));
        }
        StoreError::Conflict(_) => (Code::Conflict, "Look at its state and try again."),
        StoreError::Newer { .. } => (
            Code::Internal,
            "Install that version, or take another data directory with MIRA_DATA_DIR.",
        ),
        StoreError::Corrupt { .. } | StoreError::Migration { .. } => (
            Code::Internal,
            "Nothing was changed. Put a backup (mira.db.backup-*) in its place, or begin anew with `mira db reset`, which keeps the file.",
        ),
        StoreError::Io { .. } | StoreError::Sql(_) | StoreError::Encoding { .. } => {
            (Code::Internal, trouble(error.trouble()))
        }
    };
    tracing::error!(%error, "the database failed");
    Failure::new(code, format!("The database failed: {error}.")).hint(hint)
}

/// What helps a database that fails.
pub fn trouble(trouble: Option<Trouble>) -> &'static str {
    match trouble {
        Some(Trouble::Full) => {
            "Make room on the disk of the data directory (`mira config path` names it), then go on; what was stored is not lost."
        }
        Some(Trouble::Locked) => {
            "Another program holds the database: close what copies it or looks into it, then try again."
        }
        Some(Trouble::Unwritable) => {
            "Check the permissions of mira.db and its folder (`mira config path` names it)."
        }
        Some(Trouble::Damaged) => {
            "Put a backup (mira.db.backup-*) in its place, or begin anew with `mira db reset`, which keeps the file."
        }
        None => "`mira doctor` checks the database and the disk.",
    }
}

/// A model's error, after the retries.
pub fn from_model(error: &ModelError, provider: ProviderName, model: &str) -> Failure {
    let (key, page) = match provider {
        ProviderName::Openai => ("OPENAI_API_KEY", "https://platform.openai.com/settings"),
        ProviderName::Gemini => ("GEMINI_API_KEY", "https://aistudio.google.com"),
        ProviderName::Anthropic => ("ANTHROPIC_API_KEY", "https://platform.claude.com/settings"),
        ProviderName::Local => ("the local server's key", "the server's settings"),
    };
    let (code, hint) = match &error.kind {
        ErrorKind::RateLimited { .. } => (
            Code::RateLimited,
            "Wait a moment, then resume; nothing is lost.".to_owned(),
        ),
        ErrorKind::Quota => (
            Code::QuotaExceeded,
            format!(
                "Add credit or raise the limit at {page}, or choose another provider; then resume."
            ),
        ),
        ErrorKind::Unauthorized => (
            Code::KeyRejected,
            format!(
                "Check {key}: set it in the settings, with `mira config set-key`, or in the environment."
            ),
        ),
        ErrorKind::ModelNotFound => (
            Code::ModelNotFound,
            format!("Choose another model than {model}, in the settings or with --model."),
        ),
        ErrorKind::WrongUrl => (
            Code::ProviderRefused,
            format!(
                "Check {}: it ends in the API's version, /v1 for most servers.",
                provider.url_setting()
            ),
        ),
        ErrorKind::ContextTooLong { .. } => (
            Code::ContextTooLong,
            "Start a new session, or choose a model with a larger context.".to_owned(),
        ),
        ErrorKind::Server { .. }
        | ErrorKind::Unreached
        | ErrorKind::Broken
        | ErrorKind::Stalled { .. } => (
            Code::ProviderUnreachable,
            "Check the connection and the base URL, then resume; nothing is lost.".to_owned(),
        ),
        ErrorKind::Offline => (
            Code::ProviderUnreachable,
            "Go online in the settings (MIRA_OFFLINE), or choose a model on this machine."
                .to_owned(),
        ),
        ErrorKind::Refused { .. } => (
            Code::ProviderRefused,
            "The detail has the provider's own words.".to_owned(),
        ),
        ErrorKind::Cancelled => (Code::Cancelled, "Resume to go on.".to_owned()),
    };
    Failure {
        code,
        message: error.message.clone(),
        hint: Some(hint),
        retry_after_ms: match error.kind {
            ErrorKind::RateLimited { retry_after_ms }
            | ErrorKind::Server { retry_after_ms, .. } => retry_after_ms,
            _ => None,
        },
        detail: error.detail.clone(),
    }
}
