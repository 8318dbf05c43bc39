//! From a [`Prompt`] to the body of a Chat Completions request. Items become messages: an answer's
//! text and calls are one assistant message, adjacent messages of the person are one, because
//! many chat templates refuse two of a kind in a row. `messages` stands last and is put together
//! from kept pieces, so that a request repeats the one before it byte for byte.
//!
//! Left out on purpose, since local servers refuse or misread them: `store`, the developer role,
//! `reasoning_effort`, `max_completion_tokens`, strict schemas.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::as_object;
use crate::{Content, Item, ItemKind, Prompt, ToolChoice};

/// This vendor's place in [`crate::Item::encoded`].
const SLOT: usize = 1;

#[derive(Serialize)]
struct Head<'a> {
    model: &'a str,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

pub(super) fn body(prompt: &Prompt) -> Bytes {
    let has_tools = !prompt.tools.is_empty();
    let head = Head {
        model: &prompt.model,
        stream: true,
        stream_options: StreamOptions {
            include_usage: true,
        },
        max_tokens: prompt.max_output_tokens,
        tools: prompt
            .tools
            .iter()
            .map(|tool| Tool {
                kind: "function",
                function: Function {
                    name: &tool.name,
                    description: &tool.description,
                    parameters: &tool.parameters,
                },
            })
            .collect(),
        tool_choice: (has_tools && prompt.tool_choice == ToolChoice::None).then_some("none"),
    };
    // Strings, numbers and JSON values only: serialising them cannot fail.
    let head = serde_json::to_string(&head).unwrap_or_default();
    let size: usize = prompt.items.iter().map(|item| piece(item).len() + 64).sum();
    let mut body = String::with_capacity(head.len() + size + prompt.instructions.len() * 2 + 64);
    body.push_str(head.strip_suffix('}').unwrap_or(&head));
    body.push_str(",\"messages\":[");
    let mut messages = Messages { body, any: false };
    if !prompt.instructions.is_empty() {
        let content = Value::from(&*prompt.instructions).to_string();
        messages
            .begin()
            .push_str("{\"role\":\"system\",\"content\":");
        messages.body.push_str(&content);
        messages.body.push('}');
    }
    let shown = prompt
        .items
        .iter()
        .filter(|item| !matches!(item.kind, ItemKind::Opaque { .. }));
    let shown: Vec<&Arc<Item>> = shown.collect();
    for run in shown.chunk_by(|a, b| role(&a.kind) == role(&b.kind) && role(&a.kind) != Role::Tool)
    {
        match role(&run[0].kind) {
            Role::User => messages.user(run),
            Role::Assistant => messages.assistant(run),
            Role::Tool => messages.begin().push_str(piece(run[0])),
        }
    }
    let mut body = messages.body;
    body.push_str("]}");
    body.into()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
    Tool,
}

fn role(kind: &ItemKind) -> Role {
    match kind {
        ItemKind::User { .. } | ItemKind::Condensed { .. } => Role::User,
        ItemKind::CallResult { .. } => Role::Tool,
        ItemKind::Assistant { .. } | ItemKind::Call { .. } | ItemKind::Opaque { .. } => {
            Role::Assistant
        }
    }
}

/// The kept encoding: a JSON string for plain text, content parts for text with images, an entry
/// of `tool_calls` for a call, a whole message for a result.
fn piece(item: &Item) -> &Arc<str> {
    item.encoded(SLOT, |kind| match kind {
        ItemKind::User { content } => match plain_text(content) {
            Some(text) => Value::from(text).to_string(),
            None => content.iter().map(part).collect::<Vec<_>>().join(","),
        },
        ItemKind::Assistant { text } => Value::from(text.as_str()).to_string(),
        ItemKind::Call {
            id,
            name,
            arguments,
        } => json!({
            "id": id,
            "type": "function",
            "function": {"name": name, "arguments": as_object(arguments)},
        })
        .to_string(),
        ItemKind::CallResult { id, output } => {
            json!({"role": "tool", "tool_call_id": id, "content": output}).to_string()
        }
        ItemKind::Condensed { digest, .. } => Value::from(digest.as_str()).to_string(),
        ItemKind::Opaque { .. } => String::new(),
    })
}

fn plain_text(content: &[Content]) -> Option<String> {
    let texts: Option<Vec<&str>> = content
        .iter()
        .map(|part| match part {
            Content::Text { text } => Some(text.as_str()),
            Content::Image { .. } => None,
        })
        .collect();
    Some(texts?.join("\n\n"))
}

fn part(content: &Content) -> String {
    match content {
        Content::Text { text } => json!({"type": "text", "text": text}),
        Content::Image {
            media_type,
            data_base64,
        } => json!({
            "type": "image_url",
            "image_url": {"url": format!("data:{media_type};base64,{data_base64}")},
        }),
    }
    .to_string()
}

struct Messages {
    body: String,
    any: bool,
}

impl Messages {
    fn begin(&mut self) -> &mut String {
        if self.any {
            self.body.push(',');
        }
        self.any = true;
        &mut self.body
    }

    fn user(&mut self, run: &[&Arc<Item>]) {
        let pieces: Vec<&str> = run.iter().map(|item| &**piece(item)).collect();
        let body = self.begin();
        body.push_str("{\"role\":\"user\",\"content\":");
        if pieces.iter().all(|piece| piece.starts_with('"')) {
            push_joined(body, &pieces);
        } else {
            body.push('[');
            for (index, piece) in pieces.iter().enumerate() {
                if index > 0 {
                    body.push(',');
                }
                if piece.starts_with('"') {
                    body.push_str("{\"type\":\"text\",\"text\":");
                    body.push_str(piece);
                    body.push('}');
                } else {
                    body.push_str(piece);
                }
            }
            body.push(']');
        }
        body.push('}');
    }

    fn assistant(&mut self, run: &[&Arc<Item>]) {
        let (texts, calls): (Vec<&Arc<Item>>, Vec<&Arc<Item>>) = run
            .iter()
            .partition(|item| matches!(item.kind, ItemKind::Assistant { .. }));
        let texts: Vec<&str> = texts.iter().map(|item| &**piece(item)).collect();
        let body = self.begin();
        body.push_str("{\"role\":\"assistant\",\"content\":");
        push_joined(body, &texts);
        for (index, call) in calls.iter().enumerate() {
            body.push_str(if index == 0 { ",\"tool_calls\":[" } else { "," });
            body.push_str(piece(call));
        }
        body.push_str(if calls.is_empty() { "}" } else { "]}" });
    }
}

/// Several JSON strings as one, an empty line between them.
fn push_joined(body: &mut String, strings: &[&str]) {
    body.push('"');
    for (index, string) in strings.iter().enumerate() {
        if index > 0 {
            body.push_str("\\n\\n");
        }
        body.push_str(string.get(1..string.len() - 1).unwrap_or_default());
    }
    body.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolSpec;

    fn prompt(items: Vec<Arc<Item>>) -> Prompt {
        Prompt {
            model: "q".into(),
            instructions: "Be \"kind\".".into(),
            tools: Arc::new([ToolSpec {
                name: "read".into(),
                description: "Reads".into(),
                parameters: json!({"type": "object"}),
            }]),
            items,
            tool_choice: ToolChoice::Auto,
            effort: Some("high".into()),
            max_output_tokens: Some(64),
            cache_key: "s".into(),
        }
    }

    fn encoded(items: Vec<Arc<Item>>) -> String {
        String::from_utf8(body(&prompt(items)).to_vec()).unwrap()
    }

    fn assistant(text: &str) -> Arc<Item> {
        Item::new(ItemKind::Assistant { text: text.into() })
    }

    fn call(id: &str, arguments: &str) -> Arc<Item> {
        let (id, name) = (id.to_owned(), "read".to_owned());
        Item::new(ItemKind::Call {
            id,
            name,
            arguments: arguments.into(),
        })
    }

    fn result(id: &str) -> Arc<Item> {
        Item::new(ItemKind::CallResult {
            id: id.into(),
            output: "out".into(),
        })
    }

    #[test]
    fn a_whole_body() {
        let opaque = Item::new(ItemKind::Opaque {
            model: "m".into(),
            provider: "openai".into(),
            value: json!({}),
        });
        let items = vec![
            Item::user("a"),
            Item::user("ü\n"),
            opaque,
            assistant("I \"read\""),
            call("1", r#"{"p":1}"#),
            call("2", "{broken"),
            result("1"),
            result("2"),
            call("3", ""),
            result("3"),
            assistant("done"),
        ];
        let expected = concat!(
            r#"{"model":"q","stream":true,"stream_options":{"include_usage":true},"max_tokens":64,"#,
            r#""tools":[{"type":"function","function":{"name":"read","description":"Reads","parameters":{"type":"object"}}}],"#,
            r#""messages":[{"role":"system","content":"Be \"kind\"."},"#,
            r#"{"role":"user","content":"a\n\nü\n"},"#,
            r#"{"role":"assistant","content":"I \"read\"","tool_calls":["#,
            r#"{"id":"1","type":"function","function":{"name":"read","arguments":"{\"p\":1}"}},"#,
            r#"{"id":"2","type":"function","function":{"name":"read","arguments":"{\"unreadable_arguments\":\"{broken\"}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"1","content":"out"},{"role":"tool","tool_call_id":"2","content":"out"},"#,
            r#"{"role":"assistant","content":"","tool_calls":[{"id":"3","type":"function","function":{"name":"read","arguments":"{}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"3","content":"out"},{"role":"assistant","content":"done"}]}"#,
        );
        assert_eq!(encoded(items), expected);
    }

    #[test]
    fn images_are_parts() {
        let image = Content::Image {
            media_type: "image/png".into(),
            data_base64: "AA==".into(),
        };
        let text = Content::Text { text: "see".into() };
        let items = vec![
            Item::user("a"),
            Item::new(ItemKind::User {
                content: vec![text, image],
            }),
        ];
        let body: Value = serde_json::from_str(&encoded(items)).unwrap();
        assert_eq!(
            body["messages"][1]["content"],
            json!([
                {"type": "text", "text": "a"},
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ])
        );
    }

    #[test]
    fn a_body_repeats_the_one_before_it() {
        let mut items = vec![Item::user("one")];
        let mut before = encoded(items.clone());
        for turn in 0..5 {
            items.extend([call(&turn.to_string(), "{}"), result(&turn.to_string())]);
            let now = encoded(items.clone());
            let kept = before.strip_suffix("]}").unwrap();
            assert!(now.starts_with(kept), "{kept}\n{now}");
            before = now;
        }
    }
}
