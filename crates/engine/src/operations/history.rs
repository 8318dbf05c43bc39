//! What the model has been told so far: a pure fold of a session's events.
//!
//! Laws: the items of an operation stand together, in the order in which operations started; a
//! call is followed by its result; a message that reached a running operation is told between two
//! requests, never between a call and its result; what was compacted is told as its summary.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use mira_llm::{Content, Item, ItemKind};
use mira_protocol::context::ContextTarget;
use mira_protocol::event::CondensedItems;
use mira_protocol::message::{Fragment, Mention};
use mira_protocol::operation::{Attachment, Focus, OperationState};
use mira_protocol::receipt::{FragmentLine, FragmentPart};
use mira_protocol::rewind::Visible;
use mira_protocol::{CallId, EventKind, OperationId, StoredEvent};

/// One item with the event it came from.
#[derive(Debug, Clone)]
pub struct Told {
    pub seq: u64,
    pub item: Arc<Item>,
    pub tokens: u64,
    /// The operation that it belongs to; None: a digest of several.
    pub operation: Option<OperationId>,
    /// Of this item and all before it.
    chain: u64,
}

/// A turn that the person left out, as the receipt tells of it.
#[derive(Debug, Clone, Default)]
struct LeftOut {
    label: String,
    tokens: u64,
}

/// The most turns that a receipt names one by one; the newest.
const MOST_TURNS: usize = 40;
/// How much of a turn's message names it, in characters.
const LABEL_CHARS: usize = 80;

/// A message that waits for its turn.
#[derive(Debug, Clone)]
struct Unsaid {
    seq: u64,
    content: String,
    attachments: Vec<Attachment>,
    focus: Option<Focus>,
    fragments: Vec<Fragment>,
}

impl Unsaid {
    fn tell(&self) -> Told {
        let focus = self.focus.as_ref();
        let item = user_item(&self.content, &self.attachments, focus, &self.fragments);
        tell(self.seq, item)
    }
}

/// A call without a result.
#[derive(Debug, Clone)]
pub struct OpenCall {
    pub call_id: CallId,
    pub tool: String,
}

/// The conversation as the model sees it, kept up to date event by event.
#[derive(Debug, Clone, Default)]
pub struct History {
    told: Vec<Told>,
    tokens: u64,
    /// Messages of operations that have not started; the person may still change them.
    waiting: HashMap<OperationId, Vec<Unsaid>>,
    /// Messages into the running operation, told before its next request.
    steering: Vec<Told>,
    /// The message that the newest started operation answers.
    current: Option<Told>,
    /// What that message points at, for the receipt.
    parts: Vec<FragmentLine>,
    /// Calls without a result so far, in order.
    open: Vec<OpenCall>,
    /// Every call id of the session: weak servers use theirs again.
    known_calls: HashSet<String>,
    /// Provider and model of the newest request.
    asked: Option<(String, String)>,
    last_seq: u64,
    /// Operations that the person does not want told.
    excluded: HashSet<OperationId>,
    left_out: Vec<(OperationId, LeftOut)>,
    /// Items that a digest stands for, and their tokens.
    dropped: (u64, u64),
    /// The operation of the event that is being applied.
    applying: Option<OperationId>,
}

impl History {
    pub fn from_events<'a>(events: impl IntoIterator<Item = &'a StoredEvent>) -> Self {
        let mut history = Self::default();
        for event in events {
            history.apply(event);
        }
        history
    }

    /// Of all events of a session those that no rewind went behind.
    pub fn visible(events: &[StoredEvent], excluded: HashSet<OperationId>) -> Self {
        let visible = Visible::of(events);
        let mut history = Self::without(excluded);
        for event in events {
            if visible.contains(event.seq) {
                history.apply(event);
            } else if let EventKind::ToolCall { call_id, .. } = &event.kind {
                history.known_calls.insert(call_id.0.clone());
            }
            history.last_seq = event.seq;
        }
        history
    }

    /// A history in which these operations are not told.
    pub fn without(excluded: HashSet<OperationId>) -> Self {
        Self {
            excluded,
            ..Self::default()
        }
    }

    pub fn excluded(&self) -> &HashSet<OperationId> {
        &self.excluded
    }

    /// The newest turns with what they take, oldest first, and those that are left out.
    pub fn turns(&self) -> Vec<FragmentPart> {
        let mut turns: Vec<(OperationId, LeftOut)> = Vec::new();
        for told in &self.told {
            let Some(operation) = &told.operation else {
                continue;
            };
            if turns.last().is_none_or(|(last, _)| last != operation) {
                turns.push((operation.clone(), LeftOut::default()));
            }
            let Some((_, turn)) = turns.last_mut() else {
                continue;
            };
            turn.tokens += told.tokens;
            if turn.label.is_empty()
                && let ItemKind::User { content } = &told.item.kind
                && let Some(Content::Text { text }) = content.first()
            {
                turn.label = label(text);
            }
        }
        let skip = turns.len().saturating_sub(MOST_TURNS);
        let told = turns.into_iter().skip(skip).map(|turn| (turn, false));
        let left_out = self.left_out.iter().cloned().map(|turn| (turn, true));
        told.chain(left_out)
            .map(|((operation_id, turn), excluded)| FragmentPart {
                target: ContextTarget::Turn { operation_id },
                label: turn.label,
                tokens: turn.tokens,
                excluded,
            })
            .collect()
    }

    /// What digests stand for, for the receipt.
    pub fn compacted(&self) -> Option<String> {
        let (items, tokens) = self.dropped;
        (items > 0).then(|| format!("{items} older items ({tokens} tokens), kept as a digest"))
    }

    /// What is told; to a model that cannot see, that there was an image.
    pub fn items_for(&self, sees_images: bool) -> impl ExactSizeIterator<Item = Arc<Item>> + '_ {
        self.told.iter().map(move |told| match &told.item.kind {
            ItemKind::User { content } if !sees_images && content.iter().any(is_image) => {
                Item::new(without_images(content))
            }
            _ => told.item.clone(),
        })
    }

    /// What the current message points at, a line each.
    pub fn parts(&self) -> &[FragmentLine] {
        &self.parts
    }

    pub fn len(&self) -> usize {
        self.told.len()
    }

    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The hash of the order of the first `count` items; None where there are fewer. An item never
    /// changes once its event is stored, so the order of events is the content.
    pub fn chain_at(&self, count: u64) -> Option<u64> {
        match count {
            0 => Some(0),
            count => Some(self.told.get(usize::try_from(count).ok()? - 1)?.chain),
        }
    }

    /// An upper bound of the tokens of everything from item `from` on, and of what waits.
    pub fn bound_from(&self, from: u64) -> u64 {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        self.told
            .iter()
            .skip(from)
            .chain(&self.steering)
            .map(|told| told.item.token_bound())
            .sum()
    }

    /// True when a message waits for the next request.
    pub fn has_steering(&self) -> bool {
        !self.steering.is_empty()
    }

    /// Calls that were announced and have no result: an interrupted operation's.
    pub fn open_calls(&self) -> &[OpenCall] {
        &self.open
    }

    pub fn knows_call(&self, id: &str) -> bool {
        self.known_calls.contains(id)
    }

    /// Provider and model of the newest request.
    pub fn asked(&self) -> Option<(&str, &str)> {
        let (provider, model) = self.asked.as_ref()?;
        Some((provider, model))
    }

    /// How many items of whom this provider's model is not sent, because only their maker
    /// understands them.
    pub fn left_behind(&self, provider: &str, model: &str) -> BTreeMap<String, usize> {
        let mut left = BTreeMap::new();
        for told in &self.told {
            if let ItemKind::Opaque { provider: of, .. } | ItemKind::Condensed { provider: of, .. } =
                &told.item.kind
                && !told.item.kind.is_for(provider, model)
            {
                *left.entry(of.clone()).or_default() += 1;
            }
        }
        left
    }

    pub fn apply(&mut self, event: &StoredEvent) {
        self.last_seq = event.seq;
        if self.leaves_out(event) {
            return;
        }
        self.applying.clone_from(&event.operation_id);
        match &event.kind {
            EventKind::UserMessage {
                content,
                attachments,
                steering,
                focus,
                fragments,
                ..
            } => {
                let unsaid = Unsaid {
                    seq: event.seq,
                    content: content.clone(),
                    attachments: attachments.clone(),
                    focus: focus.clone(),
                    fragments: fragments.clone(),
                };
                match &event.operation_id {
                    _ if *steering => self.steering.push(unsaid.tell()),
                    Some(id) => self.waiting.entry(id.clone()).or_default().push(unsaid),
                    None => self.push(unsaid.tell()),
                }
            }
            EventKind::MessageEdited {
                content, fragments, ..
            } => {
                let waiting = event.operation_id.as_ref();
                for unsaid in waiting
                    .and_then(|id| self.waiting.get_mut(id))
                    .into_iter()
                    .flatten()
                {
                    unsaid.content.clone_from(content);
                    unsaid.fragments.clone_from(fragments);
                }
            }
            EventKind::OperationState {
                state: OperationState::Started,
                ..
            } => {
                let Some(id) = &event.operation_id else {
                    return;
                };
                for unsaid in self.waiting.remove(id).unwrap_or_default() {
                    self.parts = unsaid.fragments.iter().map(part_line).collect();
                    let told = unsaid.tell();
                    self.current = Some(told.clone());
                    self.push(told);
                }
            }
            EventKind::ModelCallStarted {
                provider, model, ..
            } => {
                self.asked = Some((provider.clone(), model.clone()));
                self.flush_steering();
            }
            EventKind::AssistantMessage {
                content,
                partial,
                superseded: false,
                ..
            } if !content.is_empty() => {
                // What a cancelled or interrupted operation left is told, because the person saw
                // it and may refer to it.
                let mut text = content.clone();
                if *partial {
                    text += "\n\n[The answer broke off here.]";
                }
                self.push(tell(event.seq, ItemKind::Assistant { text }));
            }
            EventKind::ModelItems {
                provider,
                model,
                items,
            } => {
                for value in items.as_array().into_iter().flatten() {
                    self.push(tell(
                        event.seq,
                        ItemKind::Opaque {
                            provider: provider.clone(),
                            model: model.clone(),
                            value: value.clone(),
                        },
                    ));
                }
            }
            // The person's doing, not the model's; the message says it.
            EventKind::ToolCall { tool, .. } | EventKind::ToolResult { tool, .. }
                if tool == super::apply::TOOL => {}
            EventKind::ToolCall {
                call_id,
                tool,
                arguments,
            } => {
                self.open.push(OpenCall {
                    call_id: call_id.clone(),
                    tool: tool.clone(),
                });
                self.known_calls.insert(call_id.0.clone());
                let arguments = match arguments {
                    // Broken arguments are kept as the text that the model wrote.
                    serde_json::Value::String(raw) => raw.clone(),
                    other => other.to_string(),
                };
                self.push(tell(
                    event.seq,
                    ItemKind::Call {
                        id: call_id.0.clone(),
                        name: tool.clone(),
                        arguments,
                    },
                ));
            }
            EventKind::ToolResult {
                call_id, output, ..
            } => {
                self.open.retain(|call| call.call_id != *call_id);
                self.push(tell(
                    event.seq,
                    ItemKind::CallResult {
                        id: call_id.0.clone(),
                        output: output.clone(),
                    },
                ));
            }
            EventKind::Compacted {
                up_to_seq,
                summary,
                dropped_items,
                dropped_tokens,
                condensed,
                ..
            } => {
                self.dropped.0 += u64::from(*dropped_items);
                self.dropped.1 += dropped_tokens;
                self.compact(*up_to_seq, summary, condensed.as_ref());
            }
            EventKind::OperationFinished { .. } => {
                self.flush_steering();
                if let Some(id) = &event.operation_id {
                    // Cancelled while it was queued: its message was never told and never will be.
                    self.waiting.remove(id);
                }
            }
            _ => {}
        }
    }

    fn flush_steering(&mut self) {
        for told in std::mem::take(&mut self.steering) {
            self.push(told);
        }
    }

    fn push(&mut self, told: Told) {
        self.append(told, false);
    }

    /// A summary stands where the item of its event stood, and is another one.
    fn append(&mut self, mut told: Told, summary: bool) {
        let mut hasher = DefaultHasher::new();
        let before = self.told.last().map_or(0, |told| told.chain);
        (before, told.seq, summary).hash(&mut hasher);
        told.chain = hasher.finish();
        self.tokens += told.tokens;
        if told.operation.is_none() {
            told.operation.clone_from(&self.applying);
        }
        self.told.push(told);
    }

    /// True for what belongs to an operation that is not to be told. A digest made meanwhile
    /// stays: what it stands for was dropped with it.
    fn leaves_out(&mut self, event: &StoredEvent) -> bool {
        let Some(operation) = &event.operation_id else {
            return false;
        };
        if !self.excluded.contains(operation) || matches!(event.kind, EventKind::Compacted { .. }) {
            return false;
        }
        let at = self
            .left_out
            .iter()
            .position(|(known, _)| known == operation)
            .unwrap_or_else(|| {
                self.left_out.push((operation.clone(), LeftOut::default()));
                self.left_out.len() - 1
            });
        let (_, turn) = &mut self.left_out[at];
        let length = match &event.kind {
            EventKind::UserMessage { content, .. } => {
                if turn.label.is_empty() {
                    turn.label = label(content);
                }
                content.len()
            }
            EventKind::AssistantMessage { content, .. } => content.len(),
            EventKind::ToolCall {
                call_id, arguments, ..
            } => {
                self.known_calls.insert(call_id.0.clone());
                arguments.to_string().len()
            }
            EventKind::ToolResult { output, .. } => output.len(),
            _ => 0,
        };
        turn.tokens += (length as u64).div_ceil(4);
        true
    }

    fn compact(&mut self, up_to_seq: u64, summary: &str, condensed: Option<&CondensedItems>) {
        let kept: Vec<Told> = std::mem::take(&mut self.told)
            .into_iter()
            .filter(|told| told.seq > up_to_seq)
            .collect();
        let current = self.current.clone().filter(|told| told.seq <= up_to_seq);
        let earlier = match condensed {
            Some(theirs) => ItemKind::Condensed {
                provider: theirs.provider.clone(),
                model: theirs.model.clone(),
                items: theirs.items.clone(),
                digest: summary.to_owned(),
            },
            None => user_item(summary, &[], None, &[]),
        };
        self.tokens = 0;
        self.append(tell(up_to_seq, earlier), true);
        for told in current.into_iter().chain(kept) {
            self.push(told);
        }
    }

    /// Where to cut so that at most `keep_tokens` stay: the `seq` of the last event to drop, never
    /// between a call and its result. None where nothing can be dropped.
    pub fn cut_for(&self, keep_tokens: u64) -> Option<u64> {
        let mut kept = 0;
        let mut cut = None;
        for (at, told) in self.told.iter().enumerate().rev() {
            if kept + told.tokens > keep_tokens && at + 1 < self.told.len() {
                cut = Some(at);
                break;
            }
            kept += told.tokens;
        }
        let mut at = cut?;
        // The tail must not begin with the results of calls that were dropped, nor with reasoning
        // that belongs to them: move on to the next safe beginning.
        while at + 1 < self.told.len() && !self.begins_a_step(at + 1) {
            at += 1;
        }
        // A cut behind everything would drop what the model is about to answer.
        (at + 1 < self.told.len()).then(|| self.told[at].seq)
    }

    fn begins_a_step(&self, at: usize) -> bool {
        match self.told[at].item.kind {
            ItemKind::User { .. } => true,
            ItemKind::CallResult { .. } => false,
            // A model's step begins after a result or a message, with whatever it says first.
            _ => matches!(
                self.told[at - 1].item.kind,
                ItemKind::CallResult { .. } | ItemKind::User { .. }
            ),
        }
    }

    /// Items up to and including that event, for the digest.
    pub fn up_to(&self, seq: u64) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.seq <= seq)
    }
}

fn tell(seq: u64, kind: ItemKind) -> Told {
    let item = Item::new(kind);
    let tokens = item.estimated_tokens();
    Told {
        seq,
        item,
        tokens,
        operation: None,
        chain: 0,
    }
}

/// How a message begins, on one line.
fn label(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.chars().take(LABEL_CHARS).collect()
}

fn is_image(part: &Content) -> bool {
    matches!(part, Content::Image { .. })
}

fn without_images(content: &[Content]) -> ItemKind {
    let seen = |part: &Content| match part {
        Content::Image { .. } => Content::Text {
            text: "[An image stood here; this model cannot see images.]".into(),
        },
        text => text.clone(),
    };
    ItemKind::User {
        content: content.iter().map(seen).collect(),
    }
}

fn part_line(fragment: &Fragment) -> FragmentLine {
    if fragment.mention == Mention::Related {
        return super::related::line(fragment);
    }
    FragmentLine {
        name: "mentioned".into(),
        detail: fragment.name.clone(),
        tokens: fragment.tokens,
        bytes: fragment.text.len() as u64,
        cap_tokens: None,
        dropped: fragment.dropped.clone(),
        parts: vec![],
    }
}

/// A person's message with what came along, marked as data.
fn user_item(
    content: &str,
    attachments: &[Attachment],
    focus: Option<&Focus>,
    fragments: &[Fragment],
) -> ItemKind {
    let mut text = content.to_owned();
    for fragment in fragments {
        let name = fragment.name.replace('"', "'");
        let body = fragment.text.trim_end();
        let tag = match fragment.mention {
            Mention::Related => "from_code_index",
            _ => "mentioned",
        };
        text += &format!("\n\n<{tag} name=\"{name}\">\n{body}\n</{tag}>");
        if let Some(dropped) = &fragment.dropped {
            text += &format!("\n[Left out of it: {dropped}; your tools can read the rest.]");
        }
    }
    if let Some(file) = focus.and_then(|focus| focus.file_path.as_deref()) {
        text += &format!("\n\n[Open in the editor: {file}");
        if let Some(selection) = focus.and_then(|focus| focus.selection.as_ref()) {
            text += &format!(
                ", lines {}-{} selected",
                selection.start_line, selection.end_line
            );
            if let Some(selected) = &selection.text {
                text += &format!(":\n{selected}\n");
            }
        }
        text += "]";
    }
    let mut parts = Vec::new();
    for attachment in attachments {
        match &attachment.data_base64 {
            Some(data) if attachment.media_type.starts_with("image/") => {
                parts.push(Content::Image {
                    media_type: attachment.media_type.clone(),
                    data_base64: data.clone(),
                })
            }
            Some(data) => {
                let bytes = crate::operations::attachments::decode(data);
                text += &format!(
                    "\n\n<attachment name=\"{}\">\n{}\n</attachment>",
                    attachment.name.replace('"', "'"),
                    String::from_utf8_lossy(&bytes)
                );
            }
            None => text += &format!("\n\n[Attached, not readable: {}]", attachment.name),
        }
    }
    parts.insert(0, Content::Text { text });
    ItemKind::User { content: parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_protocol::{MessageId, SessionId};
    use serde_json::json;

    fn event(seq: u64, operation: &str, kind: EventKind) -> StoredEvent {
        StoredEvent {
            session_id: SessionId::from("s"),
            seq,
            operation_id: Some(OperationId::from(operation)),
            at: 0,
            kind,
        }
    }

    fn user(content: &str, steering: bool) -> EventKind {
        EventKind::UserMessage {
            message_id: MessageId::from("m"),
            content: content.into(),
            attachments: vec![],
            steering,
            focus: None,
            fragments: vec![],
        }
    }

    fn state(state: OperationState) -> EventKind {
        EventKind::OperationState {
            state,
            kind: None,
            reason: None,
        }
    }

    fn call(id: &str) -> EventKind {
        EventKind::ToolCall {
            call_id: id.into(),
            tool: "read".into(),
            arguments: json!({}),
        }
    }

    fn result(id: &str) -> EventKind {
        EventKind::ToolResult {
            call_id: id.into(),
            tool: "read".into(),
            success: true,
            output: "x".repeat(400),
            coloured: None,
            summary: String::new(),
            duration_ms: 0,
            truncated: false,
            changes: vec![],
        }
    }

    fn request() -> EventKind {
        EventKind::ModelCallStarted {
            call: 1,
            provider: "openai".into(),
            model: "m".into(),
            request_bytes: 0,
            estimated_input_tokens: 0,
        }
    }

    fn sketch(history: &History) -> Vec<String> {
        history
            .items_for(true)
            .map(|item| match &item.kind {
                ItemKind::User { content } => match &content[0] {
                    Content::Text { text } => format!("user {text}"),
                    Content::Image { .. } => "user image".into(),
                },
                ItemKind::Assistant { text } => format!("says {text}"),
                ItemKind::Call { id, .. } => format!("call {id}"),
                ItemKind::CallResult { id, .. } => format!("result {id}"),
                ItemKind::Opaque { .. } => "opaque".into(),
                ItemKind::Condensed { digest, .. } => format!("condensed {digest}"),
            })
            .collect()
    }

    #[test]
    fn a_queued_message_is_told_when_its_operation_starts() {
        let history = History::from_events(&[
            event(1, "a", user("first", false)),
            event(2, "a", state(OperationState::Started)),
            event(3, "b", user("second", false)),
            event(4, "a", call("1")),
            event(5, "a", result("1")),
            event(6, "b", state(OperationState::Started)),
        ]);
        assert_eq!(
            sketch(&history),
            ["user first", "call 1", "result 1", "user second"]
        );
    }

    #[test]
    fn a_queued_message_is_told_as_it_was_last_changed() {
        let edited = EventKind::MessageEdited {
            message_id: MessageId::from("m"),
            content: "second, better".into(),
            fragments: vec![],
        };
        let history = History::from_events(&[
            event(1, "a", user("first", false)),
            event(2, "a", state(OperationState::Started)),
            event(3, "b", user("second", false)),
            event(4, "b", edited),
            event(5, "b", state(OperationState::Started)),
        ]);
        assert_eq!(sketch(&history), ["user first", "user second, better"]);
    }

    #[test]
    fn a_model_that_cannot_see_is_told_that_there_was_an_image() {
        let shown = EventKind::UserMessage {
            message_id: MessageId::from("m"),
            content: "look".into(),
            attachments: vec![Attachment {
                name: "a.png".into(),
                media_type: "image/png".into(),
                path: None,
                data_base64: Some("AAAA".into()),
            }],
            steering: false,
            focus: None,
            fragments: vec![],
        };
        let history = History::from_events(&[
            event(1, "a", shown),
            event(2, "a", state(OperationState::Started)),
        ]);
        let images = |sees| {
            let item = history.items_for(sees).next().expect("the message");
            match &item.kind {
                ItemKind::User { content } => content.iter().filter(|part| is_image(part)).count(),
                _ => 0,
            }
        };
        assert_eq!((images(true), images(false)), (1, 0));
    }

    #[test]
    fn a_steering_message_never_parts_a_call_from_its_result() {
        let history = History::from_events(&[
            event(1, "a", user("go", false)),
            event(2, "a", state(OperationState::Started)),
            event(3, "a", request()),
            event(4, "a", call("1")),
            event(5, "a", user("faster", true)),
            event(6, "a", result("1")),
            event(7, "a", request()),
        ]);
        assert_eq!(
            sketch(&history),
            ["user go", "call 1", "result 1", "user faster"]
        );
    }

    #[test]
    fn a_turn_that_is_left_out_is_not_told_but_counted() {
        let events = [
            event(1, "a", user("first\nand more", false)),
            event(2, "a", state(OperationState::Started)),
            event(3, "a", call("1")),
            event(4, "a", result("1")),
            event(5, "b", user("second", false)),
            event(6, "b", state(OperationState::Started)),
        ];
        let mut history = History::without(HashSet::from([OperationId::from("a")]));
        for event in &events {
            history.apply(event);
        }
        assert_eq!(sketch(&history), ["user second"]);
        assert_eq!(history.last_seq(), 6);
        assert!(history.knows_call("1") && history.open_calls().is_empty());
        let turns: Vec<_> = history
            .turns()
            .into_iter()
            .map(|turn| (turn.label, turn.tokens > 0, turn.excluded))
            .collect();
        assert_eq!(
            turns,
            [("second".into(), true, false), ("first".into(), true, true)]
        );
    }

    #[test]
    fn compaction_keeps_the_current_message_and_whole_steps() {
        let mut events = vec![
            event(1, "a", user("go", false)),
            event(2, "a", state(OperationState::Started)),
        ];
        for n in 0..10 {
            events.push(event(3 + 2 * n, "a", call(&n.to_string())));
            events.push(event(4 + 2 * n, "a", result(&n.to_string())));
        }
        let mut history = History::from_events(&events);
        let cut = history.cut_for(250).expect("there is something to drop");
        history.apply(&event(
            30,
            "a",
            EventKind::Compacted {
                up_to_seq: cut,
                summary: "earlier".into(),
                dropped_items: 0,
                dropped_tokens: 0,
                kept_tokens: 0,
                condensed: None,
            },
        ));
        assert_eq!(
            sketch(&history),
            [
                "user earlier",
                "user go",
                "call 8",
                "result 8",
                "call 9",
                "result 9"
            ]
        );
    }
}
