//! Ids are types, so that a session cannot be passed where an operation is meant.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// A new id; later ids sort after earlier ones.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(format!(concat!($prefix, "{}"), uuid::Uuid::now_v7().simple()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    )*};
}

ids! {
    /// A project: one folder on disk.
    ProjectId "prj_";
    /// A conversation.
    SessionId "ses_";
    /// One run of the engine for one message of the person.
    OperationId "op_";
    /// A message of the person or of the model.
    MessageId "msg_";
    /// A tool call, as the model named it (or as we did where it gave no id).
    CallId "call_";
    /// A question to the person that a tool call waits for.
    ApprovalId "apr_";
    /// A remembered answer.
    RuleId "rule_";
    /// A command that goes on in the background.
    JobId "job_";
    /// A remark of the person on lines of a file.
    CommentId "cmt_";
}
