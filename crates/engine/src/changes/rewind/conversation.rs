//! The conversation's part of a rewind: which events it is about.

use std::collections::BTreeSet;

use mira_protocol::operation::OperationState;
use mira_protocol::rewind::{RewindRequest, RewindWhat, SeqRange, Visible};
use mira_protocol::{CallId, CheckpointId, Code, EventKind, Failure, OperationId, StoredEvent};

/// Where a rewind goes: to before this event.
pub(super) struct Point {
    pub seq: u64,
    /// Steps from this event on are taken back.
    pub files_seq: u64,
    /// Where one tool call is meant.
    pub call: Option<CallId>,
    pub message: String,
    /// Operations that had begun before; what they said later stays.
    earlier: BTreeSet<OperationId>,
}

impl Point {
    pub fn find(events: &[StoredEvent], request: &RewindRequest) -> Result<Self, Failure> {
        let event = match (&request.message_id, request.seq) {
            (Some(id), None) => events.iter().find(|event| {
                matches!(&event.kind, EventKind::UserMessage { message_id, .. } if message_id == id)
            }),
            (None, Some(seq)) => events.iter().find(|event| event.seq == seq),
            _ => {
                return Err(Failure::new(
                    Code::BadParams,
                    "A rewind goes to one message: name its `message_id` or its `seq`.",
                ));
            }
        };
        let event = event.ok_or_else(|| Failure::not_found("The message"))?;
        if !Visible::of(events).contains(event.seq) {
            return Err(Failure::new(
                Code::Conflict,
                "That message is no longer part of the conversation: an earlier rewind went behind it.",
            )
            .hint("Take that rewind back first."));
        }
        let (message, call) = match &event.kind {
            EventKind::UserMessage {
                content,
                steering: false,
                ..
            } => (content.clone(), None),
            _ if request.what.conversation() => {
                return Err(Failure::new(
                    Code::BadParams,
                    "The conversation goes back to a message that began a turn; to any other step, only files can.",
                )
                .hint("Rewind files alone, or to the message before."));
            }
            EventKind::ToolCall { call_id, .. }
            | EventKind::ToolStarted { call_id, .. }
            | EventKind::ToolResult { call_id, .. } => (String::new(), Some(call_id.clone())),
            _ => (String::new(), None),
        };
        let started = |event: &&StoredEvent| {
            matches!(
                event.kind,
                EventKind::OperationState {
                    state: OperationState::Started,
                    ..
                }
            )
        };
        let begins = events
            .iter()
            .filter(started)
            .find(|other| !message.is_empty() && other.operation_id == event.operation_id);
        let earlier = events
            .iter()
            .filter(started)
            .filter(|other| other.seq < event.seq)
            .filter_map(|other| other.operation_id.clone())
            .collect();
        Ok(Self {
            seq: event.seq,
            files_seq: begins.map_or(event.seq, |begins| begins.seq),
            call,
            message,
            earlier,
        })
    }

    /// The events that leave the conversation, and how many messages are among them.
    pub fn hidden(&self, events: &[StoredEvent], what: RewindWhat) -> (Vec<SeqRange>, u32) {
        let visible = Visible::of(events);
        let goes = |event: &&StoredEvent| {
            event.seq >= self.seq
                && visible.contains(event.seq)
                && !event
                    .operation_id
                    .as_ref()
                    .is_some_and(|id| self.earlier.contains(id))
                && !stays(&event.kind, what)
        };
        ranges(events.iter().filter(goes))
    }
}

/// What is not about a turn.
fn stays(kind: &EventKind, what: RewindWhat) -> bool {
    match kind {
        EventKind::Renamed { .. } => true,
        EventKind::Undone { .. } | EventKind::Reviewed { .. } => !what.files(),
        _ => false,
    }
}

/// A rewind that can be taken back.
pub(super) struct Last {
    pub seq: u64,
    pub to_seq: u64,
    pub what: RewindWhat,
    pub hidden: Vec<SeqRange>,
    pub checkpoint_id: Option<CheckpointId>,
}

pub(super) fn newest_rewind(events: &[StoredEvent]) -> Option<Last> {
    let undone: BTreeSet<u64> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Rewound { undoes_seq, .. } => undoes_seq,
            _ => None,
        })
        .collect();
    events.iter().rev().find_map(|event| match &event.kind {
        EventKind::Rewound {
            undoes_seq: None,
            what,
            to_seq,
            hidden,
            checkpoint_id,
            ..
        } if !undone.contains(&event.seq) => Some(Last {
            seq: event.seq,
            to_seq: *to_seq,
            what: *what,
            hidden: hidden.clone(),
            checkpoint_id: *checkpoint_id,
        }),
        _ => None,
    })
}

impl Last {
    /// What was said since the rewind, which leaves when it is taken back; and how many messages
    /// come back.
    pub fn hidden_by_undo(&self, events: &[StoredEvent]) -> (Vec<SeqRange>, u32) {
        let back = |event: &&StoredEvent| self.hidden.iter().any(|range| range.contains(event.seq));
        let (_, messages) = ranges(events.iter().filter(back));
        if !self.what.conversation() {
            return (vec![], messages);
        }
        let visible = Visible::of(events);
        let since = |event: &&StoredEvent| {
            event.seq > self.seq && visible.contains(event.seq) && !stays(&event.kind, self.what)
        };
        (ranges(events.iter().filter(since)).0, messages)
    }
}

/// Events as ranges, and how many messages are among them.
fn ranges<'a>(events: impl Iterator<Item = &'a StoredEvent>) -> (Vec<SeqRange>, u32) {
    let mut ranges: Vec<SeqRange> = Vec::new();
    let mut messages = 0;
    for event in events {
        match &event.kind {
            EventKind::UserMessage { .. } => messages += 1,
            EventKind::AssistantMessage {
                superseded: false, ..
            } => messages += 1,
            _ => {}
        }
        match ranges.last_mut() {
            Some(range) if range.last + 1 == event.seq => range.last = event.seq,
            _ => ranges.push(SeqRange {
                first: event.seq,
                last: event.seq,
            }),
        }
    }
    (ranges, messages)
}
