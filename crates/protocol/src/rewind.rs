//! Going back to a message: the conversation, the files, or both.
//!
//! Nothing is deleted. A [`Rewound`](crate::EventKind::Rewound) event names the events that are
//! no longer part of the conversation; they stay stored, can be read and forked, and are part of
//! it again once the rewind is taken back. [`Visible`] is the one rule of what counts.

use serde::{Deserialize, Serialize};

use crate::change::{FileChangeSummary, Resolve, UndoConflict};
use crate::{CheckpointId, EventKind, MessageId, SessionId, StoredEvent};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RewindWhat {
    Conversation,
    Files,
    Both,
}

impl RewindWhat {
    pub fn conversation(self) -> bool {
        self != Self::Files
    }

    pub fn files(self) -> bool {
        self != Self::Conversation
    }
}

/// Events `first..=last` of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SeqRange {
    pub first: u64,
    pub last: u64,
}

impl SeqRange {
    pub fn contains(self, seq: u64) -> bool {
        (self.first..=self.last).contains(&seq)
    }
}

/// Go back to before a message of the person (named by its id or its `seq`). Files alone can also
/// go back to before any other event, such as one tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RewindRequest {
    pub session_id: SessionId,
    #[serde(default)]
    pub message_id: Option<MessageId>,
    #[serde(default)]
    pub seq: Option<u64>,
    pub what: RewindWhat,
    /// Only tell what would be done.
    #[serde(default)]
    pub preview: Option<bool>,
    /// What to do where somebody else changed a file meanwhile.
    #[serde(default)]
    pub resolve: Option<Vec<Resolve>>,
}

/// Takes the newest rewind of a session back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct UnrewindRequest {
    pub session_id: SessionId,
    #[serde(default)]
    pub preview: Option<bool>,
    #[serde(default)]
    pub resolve: Option<Vec<Resolve>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RewindReport {
    pub session_id: SessionId,
    pub what: RewindWhat,
    /// It was done. False with `preview`, and where there are conflicts without an answer: then
    /// nothing was touched, the conversation neither.
    pub done: bool,
    /// The first event that is gone back behind.
    pub to_seq: u64,
    /// That message, to be written anew; empty where it is none.
    pub message: String,
    /// Messages of person and model that are (or would be) no longer part of the conversation, or
    /// are part of it again.
    pub messages: u32,
    /// What happens to files: "created" is a file that comes (back) into being.
    pub files: Vec<FileChangeSummary>,
    pub conflicts: Vec<UndoConflict>,
    /// What is not covered, in words.
    pub notes: Vec<String>,
    /// The checkpoint of the files' part.
    #[serde(default)]
    pub checkpoint_id: Option<CheckpointId>,
}

/// Which events are part of a conversation, kept up to date event by event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visible {
    /// Sorted, apart.
    hidden: Vec<SeqRange>,
}

impl Visible {
    pub fn of<'a>(events: impl IntoIterator<Item = &'a StoredEvent>) -> Self {
        let mut visible = Self::default();
        for event in events {
            visible.apply(event);
        }
        visible
    }

    pub fn apply(&mut self, event: &StoredEvent) {
        if let EventKind::Rewound { hidden, shown, .. } = &event.kind {
            for range in shown {
                self.hidden = self
                    .hidden
                    .iter()
                    .flat_map(|old| without(*old, *range))
                    .collect();
            }
            self.hidden.extend(hidden);
            self.hidden.sort_unstable_by_key(|range| range.first);
        }
    }

    pub fn contains(&self, seq: u64) -> bool {
        !self.hidden.iter().any(|range| range.contains(seq))
    }

    /// What is hidden now, sorted.
    pub fn hidden(&self) -> &[SeqRange] {
        &self.hidden
    }

    /// The parts of `range` that are visible.
    pub fn within(&self, range: SeqRange) -> Vec<SeqRange> {
        self.hidden.iter().fold(vec![range], |parts, hidden| {
            parts
                .into_iter()
                .flat_map(|part| without(part, *hidden))
                .collect()
        })
    }
}

/// What is left of a range without another.
fn without(range: SeqRange, other: SeqRange) -> Vec<SeqRange> {
    // Numbers count from 1.
    let before = SeqRange {
        last: range.last.min(other.first.saturating_sub(1)),
        ..range
    };
    let after = SeqRange {
        first: range.first.max(other.last.saturating_add(1)),
        ..range
    };
    [before, after]
        .into_iter()
        .filter(|part| part.first <= part.last)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> SeqRange {
        SeqRange { first, last }
    }

    fn rewound(seq: u64, hidden: &[SeqRange], shown: &[SeqRange]) -> StoredEvent {
        StoredEvent {
            session_id: "ses".into(),
            seq,
            operation_id: None,
            at: 0,
            kind: EventKind::Rewound {
                what: RewindWhat::Conversation,
                to_seq: 1,
                hidden: hidden.to_vec(),
                shown: shown.to_vec(),
                paths: vec![],
                undoes_seq: None,
                checkpoint_id: None,
            },
        }
    }

    #[test]
    fn ranges_are_cut() {
        assert_eq!(
            without(range(3, 9), range(5, 6)),
            [range(3, 4), range(7, 9)]
        );
        assert_eq!(without(range(3, 9), range(1, 9)), []);
        assert_eq!(without(range(3, 9), range(10, 12)), [range(3, 9)]);
        assert_eq!(without(range(3, 9), range(1, 3)), [range(4, 9)]);
    }

    #[test]
    fn a_rewind_hides_and_its_undo_shows_again() {
        let mut visible = Visible::of(&[rewound(9, &[range(4, 8)], &[])]);
        assert_eq!(
            [3, 4, 8, 9].map(|seq| visible.contains(seq)),
            [true, false, false, true]
        );
        assert_eq!(visible.within(range(1, 12)), [range(1, 3), range(9, 12)]);
        visible.apply(&rewound(12, &[range(10, 11)], &[range(4, 8)]));
        assert_eq!(visible.hidden(), [range(10, 11)]);
    }
}
