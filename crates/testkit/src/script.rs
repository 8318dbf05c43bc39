//! What a fake model says: a list of replies, each for one request.
//!
//! ```yaml
//! # A request takes the first reply that is not used up and whose `when` fits.
//! replies:
//!   - text: "I will look at the file."          # streamed in pieces of `piece` characters
//!     calls:
//!       - { name: read_project_file, args: { path: src/lib.rs } }
//!       - { name: list_project_files }
//!   - when: { user: "greet" }                   # part of the newest user text
//!     text: "Hello."
//!     gate: hello                               # waits until `hello` is released
//!   - fault: { kind: rate_limited, retry_after_s: 1 }
//!   - text: "Half a sentence that breaks"
//!     fault: { kind: reset, at: text }
//!   - text: "Done."
//!     times: 0                                  # 0: as often as asked
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::transcript::Transcript;

/// The whole script of a fake vendor or a [`crate::ScriptedModel`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    pub replies: Vec<Reply>,
    /// Ids that `GET /v1/models` lists; each vendor's list has those that are named like its own.
    pub models: Vec<String>,
    /// Days of shut-down in that list, by id.
    pub shut_down: BTreeMap<String, String>,
    /// What happens to requests for vectors, one each, before they are answered.
    pub embedding_faults: Vec<Fault>,
    /// What happens to every request to condense a conversation.
    pub condense_fault: Option<Fault>,
    /// Answer to a request without tools that no reply names (titles, summaries). Without it
    /// such a request is a violation like any other unscripted one.
    pub aside: Option<String>,
    /// Requests over this estimate are answered with `context_length_exceeded`.
    pub context_tokens: Option<u64>,
    /// The most bytes that one tool result may have; default 256 KiB.
    pub max_result_bytes: Option<usize>,
    /// Consecutive requests of a conversation must keep the previous input as prefix; default
    /// true. Tests of compaction turn it off.
    pub check_prefix: Option<bool>,
    /// Requests with another key get 401. Without it any key, or none, will do.
    pub api_key: Option<String>,
    /// Refuse requests that break a rule with status 400, as the real service does; default
    /// true. Violations are recorded either way.
    pub strict: Option<bool>,
}

impl Script {
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self {
            replies: replies.into_iter().collect(),
            ..Self::default()
        }
    }

    /// From YAML or JSON.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    pub fn aside(mut self, text: impl Into<String>) -> Self {
        self.aside = Some(text.into());
        self
    }

    pub fn context_tokens(mut self, tokens: u64) -> Self {
        self.context_tokens = Some(tokens);
        self.check_prefix = Some(false);
        self
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    pub when: When,
    /// How many requests it answers; 0: any number.
    pub times: u32,
    pub text: String,
    /// A summary of the thinking; an encrypted reasoning item goes with it.
    pub reasoning: Option<String>,
    pub calls: Vec<ScriptedCall>,
    pub fault: Option<Fault>,
    /// Waits before the first byte until this gate is released.
    pub gate: Option<String>,
    /// Waits after the text and before the calls until this gate is released.
    pub gate_after_text: Option<String>,
    /// Before the first byte.
    pub delay_ms: u64,
    /// Between pieces of text.
    pub pace_ms: u64,
    /// Characters of a piece of text; 0: one piece.
    pub piece: usize,
    /// Instead of the figures that the fake estimates.
    pub usage: Option<mira_llm::Usage>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            when: When::default(),
            times: 1,
            text: String::new(),
            reasoning: None,
            calls: Vec::new(),
            fault: None,
            gate: None,
            gate_after_text: None,
            delay_ms: 0,
            pace_ms: 0,
            piece: 12,
            usage: None,
        }
    }
}

impl Reply {
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn call(name: &str, args: Value) -> Self {
        Self::default().and_call(name, args)
    }

    pub fn and_call(mut self, name: &str, args: Value) -> Self {
        self.calls.push(ScriptedCall {
            name: name.into(),
            args,
            ..ScriptedCall::default()
        });
        self
    }

    /// A call whose arguments are sent as they stand, broken or not.
    pub fn and_raw_call(mut self, name: &str, arguments: &str) -> Self {
        self.calls.push(ScriptedCall {
            name: name.into(),
            raw: Some(arguments.into()),
            ..ScriptedCall::default()
        });
        self
    }

    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub fn reasoning(mut self, summary: impl Into<String>) -> Self {
        self.reasoning = Some(summary.into());
        self
    }

    pub fn fault(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    pub fn gate(mut self, name: &str) -> Self {
        self.gate = Some(name.into());
        self
    }

    pub fn gate_after_text(mut self, name: &str) -> Self {
        self.gate_after_text = Some(name.into());
        self
    }

    pub fn when_user(mut self, part: &str) -> Self {
        self.when.user = Some(part.into());
        self
    }

    pub fn when_result(mut self, part: &str) -> Self {
        self.when.result = Some(part.into());
        self
    }

    pub fn always(mut self) -> Self {
        self.times = 0;
        self
    }

    pub fn usage(mut self, usage: mira_llm::Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// The text in the pieces in which it is streamed.
    pub fn pieces(&self) -> Vec<&str> {
        if self.piece == 0 {
            return if self.text.is_empty() {
                vec![]
            } else {
                vec![&self.text]
            };
        }
        let mut pieces = Vec::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let end = rest
                .char_indices()
                .nth(self.piece)
                .map_or(rest.len(), |(at, _)| at);
            pieces.push(&rest[..end]);
            rest = &rest[end..];
        }
        pieces
    }
}

/// A tool call of a reply.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptedCall {
    pub name: String,
    pub args: Value,
    /// Sent instead of `args`, byte for byte.
    pub raw: Option<String>,
    /// Default: a fresh one.
    pub id: Option<String>,
}

impl ScriptedCall {
    pub fn arguments(&self) -> String {
        match (&self.raw, &self.args) {
            (Some(raw), _) => raw.clone(),
            (None, Value::Null) => "{}".into(),
            (None, args) => args.to_string(),
        }
    }
}

/// Which requests a reply is for. Every given part must fit; all are case-insensitive parts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Of the newest user text.
    pub user: Option<String>,
    /// Of the newest tool result, where one came after the newest user text.
    pub result: Option<String>,
    /// Of the instructions.
    pub instructions: Option<String>,
    /// Of the model's id.
    pub model: Option<String>,
    /// Whether tools are offered.
    pub tools: Option<bool>,
}

impl When {
    pub(crate) fn fits(&self, request: &Transcript) -> bool {
        let has = |part: &Option<String>, text: &str| {
            part.as_ref()
                .is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        has(&self.user, request.last_user())
            && has(&self.result, request.last_result().unwrap_or_default())
            && has(&self.instructions, &request.instructions)
            && has(&self.model, &request.model)
            && self
                .tools
                .is_none_or(|tools| tools != request.tools.is_empty())
    }

    fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What goes wrong with a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// 429 `rate_limit_exceeded`.
    RateLimited {
        #[serde(default)]
        retry_after_s: Option<f64>,
    },
    /// 429 `insufficient_quota`.
    Quota,
    /// 400 `context_length_exceeded`.
    ContextTooLong,
    /// 401 `invalid_api_key`.
    Unauthorized,
    /// 404 `model_not_found`.
    ModelNotFound,
    /// 404 for the path, in HTML.
    NoSuchPath,
    /// 503 as a local server says it while it loads.
    Loading,
    /// 200 with a web page.
    Html,
    /// Any status, with this body.
    Status {
        status: u16,
        #[serde(default)]
        body: String,
    },
    /// The connection is reset (TCP RST).
    Reset { at: Place },
    /// The body ends properly, but without its terminal event.
    Eof { at: Place },
    /// No byte for so long, then it goes on.
    Stall { at: Place, ms: u64 },
    /// A line of broken JSON in between.
    MalformedEvent,
    /// Event types that nobody knows.
    UnknownEvents,
    /// The bytes come in threes, so that characters are cut.
    SplitBytes,
    /// `response.failed` (an error chunk in Chat Completions) after the text.
    Failed {
        #[serde(default)]
        code: String,
    },
    /// An `error` event after the text.
    ErrorEvent,
    /// Everything arrives whole, but the response ends as incomplete (`max_output_tokens`;
    /// `length` in Chat Completions).
    Incomplete,
    /// The calls are written into the text.
    CallsAsText { style: TextStyle },
}

/// Where in a reply something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the status line.
    Start,
    /// After the first half of the text.
    Text,
    /// After the last whole call, before the end.
    Calls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextStyle {
    /// A ```json fence.
    Fence,
    /// JSON alone.
    Bare,
    /// `<tool_call>` tags.
    Tag,
    /// One `<tools>` block.
    Tools,
}

impl TextStyle {
    pub fn write(self, calls: &[ScriptedCall]) -> String {
        let bodies: Vec<String> = calls
            .iter()
            .map(|call| {
                format!(
                    r#"{{"name": "{}", "arguments": {}}}"#,
                    call.name,
                    call.arguments()
                )
            })
            .collect();
        match self {
            Self::Fence => bodies
                .iter()
                .map(|b| format!("```json\n{b}\n```"))
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Bare => bodies.join("\n"),
            Self::Tag => bodies
                .iter()
                .map(|b| format!("<tool_call>\n{b}\n</tool_call>"))
                .collect::<Vec<_>>()
                .join("\n"),
            Self::Tools => format!("<tools>\n{}\n</tools>", bodies.join("\n")),
        }
    }
}

/// A script that is being played: which replies are used up.
#[derive(Debug, Default)]
pub(crate) struct Player {
    pub script: Script,
    used: Vec<u32>,
}

impl Player {
    pub fn new(script: Script) -> Self {
        Self {
            used: vec![0; script.replies.len()],
            script,
        }
    }

    pub fn push(&mut self, replies: impl IntoIterator<Item = Reply>) {
        self.script.replies.extend(replies);
        self.used.resize(self.script.replies.len(), 0);
    }

    /// The reply for this request. A reply that names nothing in `when` is never taken for a
    /// request without tools while an `aside` is there for it.
    pub fn next(&mut self, request: &Transcript) -> Option<Reply> {
        let aside = request.tools.is_empty() && self.script.aside.is_some();
        for (reply, used) in self.script.replies.iter().zip(&mut self.used) {
            let left = reply.times == 0 || *used < reply.times;
            if left && reply.when.fits(request) && !(aside && reply.when.says_nothing()) {
                *used += 1;
                return Some(reply.clone());
            }
        }
        self.script.aside.clone().filter(|_| aside).map(Reply::text)
    }

    /// Replies that were never asked for.
    pub fn unused(&self) -> usize {
        self.script
            .replies
            .iter()
            .zip(&self.used)
            .filter(|(r, used)| r.times > **used)
            .count()
    }
}
