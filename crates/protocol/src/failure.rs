//! What a client is told when something did not work.

use serde::{Deserialize, Serialize};

/// What went wrong, in a word that a client can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The message is not JSON, or not of any known shape.
    BadMessage,
    /// No such `type` or `method`.
    UnknownMethod,
    /// The params of a known method do not fit.
    BadParams,
    /// The thing named does not exist (any more).
    NotFound,
    /// Refused by policy: a path outside the project, an approval that was not given.
    Refused,
    /// An approval was needed and was not given.
    ApprovalNeeded,
    /// Not possible in the state the thing is in now.
    Conflict,
    /// The token is missing or wrong.
    Unauthorized,
    /// No key for the provider.
    KeyMissing,
    /// The provider rejected the key.
    KeyRejected,
    /// The provider says that the account has no credit left.
    QuotaExceeded,
    /// The provider asked us to slow down, and the retries are used up.
    RateLimited,
    /// The provider cannot be reached, or broke off, and the retries are used up.
    ProviderUnreachable,
    /// The provider answered with an error that a retry does not mend.
    ProviderRefused,
    /// The model does not exist at the provider.
    ModelNotFound,
    /// The conversation does not fit the model even after compaction.
    ContextTooLong,
    /// A budget or a cost limit stopped the operation.
    BudgetExceeded,
    /// The operation ran into its time or iteration limit.
    LimitReached,
    /// Cancelled by the person.
    Cancelled,
    /// The engine ended while the operation ran.
    Interrupted,
    /// The client read too slowly and was cut off; reconnect and subscribe.
    TooSlow,
    /// Another engine holds the data directory.
    Locked,
    /// The keychain cannot be used.
    KeychainUnavailable,
    /// Disk, database or another part of this machine failed.
    Internal,
}

/// A failure, told so that the person knows what was attempted and what to do next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[error("{message}")]
pub struct Failure {
    pub code: Code,
    /// One sentence: what was attempted, with what, and why it failed.
    pub message: String,
    /// The next step, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When another try may work, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Raw detail for those who want it: a body, a stack, a path. Secrets are masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            retry_after_ms: None,
            detail: None,
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("{what} was not found."))
    }
}

impl From<crate::table::DecodeError> for Failure {
    fn from(error: crate::table::DecodeError) -> Self {
        use crate::table::{DecodeError, METHODS};
        match error {
            DecodeError::UnknownMethod(method) => {
                let family = method.split('.').next().unwrap_or_default();
                let near: Vec<_> = METHODS
                    .iter()
                    .map(|known| known.name)
                    .filter(|name| name.split('.').next() == Some(family))
                    .collect();
                let failure = Self::new(
                    Code::UnknownMethod,
                    format!("There is no method {method:?}."),
                );
                if near.is_empty() {
                    failure
                } else {
                    failure.hint(format!("Methods of {family}: {}.", near.join(", ")))
                }
            }
            error @ DecodeError::BadParams { .. } => {
                Self::new(Code::BadParams, format!("{error}."))
            }
        }
    }
}
