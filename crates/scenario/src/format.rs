//! The file format: one scenario a YAML file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mira_protocol::approval::Decision;
use mira_protocol::operation::Access;
use serde::Deserialize;
use serde_json::Value;

/// A scenario, as it stands in its file. Unknown fields are errors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub tags: Vec<String>,
    /// For all steps together.
    #[serde(default = "two_minutes")]
    pub timeout_seconds: u64,
    #[serde(default)]
    pub setup: Setup,
    pub steps: Vec<Step>,
    #[serde(default)]
    pub cleanup: Cleanup,
}

fn two_minutes() -> u64 {
    120
}

/// What is there before the first step.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// A folder to work in; default: a temporary one, gone afterwards.
    pub project_path: Option<PathBuf>,
    pub create_dirs: Vec<String>,
    pub create_files: Vec<NewFile>,
    /// Makes the project a git repository with one commit of the files above.
    pub git: bool,
    /// Environment of the engine (never of the commands it runs).
    pub env_vars: BTreeMap<String, String>,
    /// As `--mock`, for this scenario.
    pub mock_mode: bool,
    /// The session's id; default: a new one.
    pub session_id: Option<String>,
    /// Accepted for older files; every scenario has a data directory, and a project, of its own.
    pub project_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// Relative to the project.
    pub path: String,
    #[serde(default)]
    pub content: String,
    /// The content as base64, where it is no text; instead of `content`.
    #[serde(default)]
    pub content_base64: Option<String>,
    #[serde(default)]
    pub executable: bool,
}

/// One message (or one undo, or one redo) and what must come of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub prompt: String,
    /// Instead of a prompt: take back the newest changes of the session.
    #[serde(default)]
    pub undo: bool,
    /// Instead of a prompt: bring back what was taken back last.
    #[serde(default)]
    pub redo: bool,
    #[serde(default)]
    pub approve: Approve,
    /// Answers to approvals, in order, with `approve: ask`.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    #[serde(default)]
    pub access: Access,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub max_cost_usd: Option<f64>,
    /// Cancels the operation when this event comes.
    #[serde(default)]
    pub cancel_on: Option<String>,
    #[serde(default)]
    pub expect_events: Vec<ExpectedEvent>,
    #[serde(default)]
    pub assertions: Vec<Assertion>,
    #[serde(default = "one_minute")]
    pub timeout_seconds: u64,
    /// The operation must not complete.
    #[serde(default)]
    pub expect_failure: bool,
    #[serde(default)]
    pub skip: bool,
    #[serde(default)]
    pub skip_reason: Option<String>,
    /// What the model says with `--mock`: calls first where there are any, then the text.
    #[serde(default)]
    pub mock_response: Option<MockResponse>,
    /// The same reply by reply.
    #[serde(default)]
    pub mock_responses: Vec<MockResponse>,
}

fn one_minute() -> u64 {
    60
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approve {
    /// Every approval that may be given is given.
    #[default]
    All,
    Safe,
    Never,
    /// Each one is asked for and answered by the step's `decisions` (denied when they run out).
    Ask,
}

/// One reply of the model.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MockResponse {
    pub text: String,
    pub tool_calls: Vec<MockCall>,
    /// Only in `mock_response`: what the model says after its calls, where that is not `text`.
    pub final_text: Option<String>,
    /// A summary of the model's thinking; an opaque reasoning item comes with it.
    pub reasoning: Option<String>,
    /// Instead of (`quota`, …) or in the midst of (`reset_text`, …) the reply.
    pub error: Option<MockError>,
    /// Waits before it answers.
    pub delay_ms: u64,
    pub usage: Option<mira_llm::Usage>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockCall {
    pub name: String,
    #[serde(default)]
    pub args: Value,
    /// Sent instead of `args`, as it stands.
    #[serde(default)]
    pub raw_args: Option<String>,
    #[serde(default)]
    pub id: Option<String>,
    /// Accepted for older files and ignored: tools really run.
    #[serde(default)]
    pub result: Option<Value>,
    #[serde(default)]
    pub success: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MockError {
    RateLimit,
    Quota,
    Unauthorized,
    ModelNotFound,
    WrongUrl,
    Server,
    Loading,
    ContextTooLong,
    ResetText,
    ResetCalls,
    EofText,
    MalformedEvent,
    UnknownEvents,
    Failed,
    Incomplete,
    CallsAsText,
}

/// An event that must come; further keys must be those of its data. A text may begin or end
/// with `*`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ExpectedEvent {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(flatten)]
    pub data: BTreeMap<String, Value>,
}

/// What must be true after a step. Events and answers are those of the step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Assertion {
    EventReceived {
        event_type: String,
    },
    EventCount {
        event_type: String,
        count: usize,
    },
    /// In this order; others may lie between.
    EventSequence {
        events: Vec<String>,
    },
    NoErrors {},
    ToolExecuted {
        tool_name: String,
        #[serde(default = "yes")]
        success: bool,
    },
    /// In this order; others may lie between.
    ToolSequence {
        tools: Vec<String>,
    },
    ToolCount {
        tool_name: String,
        count: usize,
    },
    NoToolErrors {},
    ResponseContains {
        text: String,
        #[serde(default)]
        case_sensitive: bool,
    },
    ResponseMatches {
        pattern: String,
    },
    ResponseNotContains {
        text: String,
    },
    FileExists {
        path: String,
    },
    FileNotExists {
        path: String,
    },
    FileContains {
        path: String,
        text: String,
    },
    /// Equal but for white space around it.
    FileContentEquals {
        path: String,
        content: String,
    },
    CompletedWithin {
        seconds: f64,
    },
    CompletedSuccessfully {},
    OperationFailed {
        #[serde(default)]
        error_contains: Option<String>,
    },
}

fn yes() -> bool {
    true
}

/// What is removed afterwards. A temporary project always goes.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cleanup {
    /// Also removes `setup.project_path`.
    pub remove_project: bool,
    pub remove_files: Vec<String>,
    pub remove_dirs: Vec<String>,
}

/// Events as older files name them.
const ALIASES: &[(&str, &str, Option<&str>)] = &[
    ("operation.started", "operation_state", Some("STARTED")),
    ("operation.streaming", "assistant_message", None),
    ("operation.tool_executed", "tool_result", None),
    ("operation.tool_call", "tool_call", None),
    ("operation.approval_requested", "approval_requested", None),
    (
        "operation.completed",
        "operation_finished",
        Some("COMPLETED"),
    ),
    ("operation.failed", "operation_finished", Some("FAILED")),
    (
        "operation.cancelled",
        "operation_finished",
        Some("CANCELLED"),
    ),
];

const EVENTS: &[&str] = &[
    "user_message",
    "message_edited",
    "operation_state",
    "routed",
    "context_gathered",
    "model_call_started",
    "model_call_finished",
    "budget_paused",
    "budget_resumed",
    "notice",
    "reasoning",
    "assistant_message",
    "model_items",
    "tool_call",
    "tool_started",
    "tool_result",
    "approval_requested",
    "approval_decided",
    "compacted",
    "operation_finished",
    "undone",
    "rewound",
    "reviewed",
    "renamed",
    "forked",
    "job_started",
    "job_finished",
];

/// An event's name in a file: our own, or an alias that also names a state.
pub fn event_name(name: &str) -> Option<(&str, Option<&str>)> {
    ALIASES
        .iter()
        .find(|(alias, ..)| *alias == name)
        .map(|(_, kind, state)| (*kind, *state))
        .or_else(|| EVENTS.contains(&name).then_some((name, None)))
}

/// A file that was read, and what its author may want to know.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub file: PathBuf,
    pub scenario: Scenario,
    pub notes: Vec<String>,
}

/// Reads a scenario; the error names the line.
pub fn load(file: &Path) -> Result<Loaded, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let (scenario, notes) = parse(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Loaded {
        file: file.to_owned(),
        scenario,
        notes,
    })
}

/// A scenario from its text, with notes for its author.
pub fn parse(text: &str) -> Result<(Scenario, Vec<String>), String> {
    let scenario: Scenario = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let mut notes = Vec::new();
    check(&scenario, &mut notes)?;
    Ok((scenario, notes))
}

/// What the types cannot say.
fn check(scenario: &Scenario, notes: &mut Vec<String>) -> Result<(), String> {
    if scenario.steps.is_empty() {
        return Err(format!("scenario {:?} has no steps", scenario.name));
    }
    if scenario.setup.project_id.is_some() {
        notes.push("setup.project_id is ignored: the scenario has a project of its own".into());
    }
    let paths = scenario.setup.create_files.iter().map(|file| &file.path);
    let paths = paths
        .chain(&scenario.setup.create_dirs)
        .chain(&scenario.cleanup.remove_files);
    for path in paths.chain(&scenario.cleanup.remove_dirs) {
        inside(path)?;
    }
    for (at, step) in scenario.steps.iter().enumerate() {
        let name = step.title(at);
        let deeds =
            usize::from(!step.prompt.is_empty()) + usize::from(step.undo) + usize::from(step.redo);
        if deeds != 1 {
            return Err(format!(
                "step {name:?} needs exactly one of prompt, undo and redo"
            ));
        }
        if step.mock_response.is_some() && !step.mock_responses.is_empty() {
            return Err(format!(
                "step {name:?} has both mock_response and mock_responses"
            ));
        }
        let mocks = step.mock_response.iter().chain(&step.mock_responses);
        for call in mocks.flat_map(|mock| &mock.tool_calls) {
            if call.result.is_some() || call.success.is_some() {
                notes.push(format!("step {name:?}: result and success of the call {} are ignored: tools really run", call.name));
            }
        }
        let named = step
            .assertions
            .iter()
            .flat_map(Assertion::events)
            .chain(step.cancel_on.iter());
        for event in named.chain(step.expect_events.iter().map(|expected| &expected.kind)) {
            if event_name(event).is_none() {
                return Err(format!("step {name:?} names the unknown event {event:?}"));
            }
        }
        for assertion in &step.assertions {
            if let Assertion::ResponseMatches { pattern } = assertion {
                regex::Regex::new(pattern).map_err(|error| format!("step {name:?}: {error}"))?;
            }
        }
    }
    Ok(())
}

fn inside(path: &str) -> Result<(), String> {
    let normal = |part| {
        matches!(
            part,
            std::path::Component::Normal(_) | std::path::Component::CurDir
        )
    };
    if path.is_empty() || !Path::new(path).components().all(normal) {
        return Err(format!("{path:?} is not a path inside the project"));
    }
    Ok(())
}

impl Step {
    /// Its name, or its number.
    pub fn title(&self, at: usize) -> String {
        if self.name.is_empty() {
            format!("step {}", at + 1)
        } else {
            self.name.clone()
        }
    }
}

impl Assertion {
    fn events(&self) -> &[String] {
        match self {
            Self::EventReceived { event_type } | Self::EventCount { event_type, .. } => {
                std::slice::from_ref(event_type)
            }
            Self::EventSequence { events } => events,
            _ => &[],
        }
    }
}
