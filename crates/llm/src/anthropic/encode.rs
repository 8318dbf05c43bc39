//! From a [`Prompt`] to the body of a request. `messages` stands last and is put together from
//! kept pieces: but for the marks of the cache a request repeats the one before it.
//!
//! Four marks (`cache_control`), the most that the API takes: behind the tools, behind the
//! instructions, behind the last message, and where the last mark of the request before stood.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{ANTHROPIC, Left};
use crate::arguments::as_object;
use crate::catalogue::ModelFacts;
use crate::{Content, Item, ItemKind, Prompt, ToolChoice};

/// This vendor's place in [`crate::Item::encoded`].
const SLOT: usize = 3;

/// The API wants a limit; this one where neither the prompt nor the catalogue names any.
const MAX_OUTPUT_TOKENS: u64 = 32_000;

const MARK: &str = ",\"cache_control\":{\"type\":\"ephemeral\"}}";

pub(super) fn body(prompt: &Prompt, facts: Option<&ModelFacts>, left: Left) -> Bytes {
    let mut head = declarations(prompt);
    let limit = prompt
        .max_output_tokens
        .or(facts.and_then(|facts| facts.max_output_tokens))
        .unwrap_or(MAX_OUTPUT_TOKENS);
    head.insert("max_tokens".into(), limit.into());
    head.insert("stream".into(), true.into());
    let thinks = facts.is_some_and(|facts| !facts.efforts.is_empty());
    if thinks && !left.thinking {
        let thinking = match left.display {
            true => json!({"type": "adaptive"}),
            false => json!({"type": "adaptive", "display": "summarized"}),
        };
        head.insert("thinking".into(), thinking);
    }
    let effort = prompt.effort.as_deref().filter(|effort| {
        facts.is_some_and(|facts| facts.efforts.iter().any(|known| known == effort))
    });
    if let Some(effort) = effort.filter(|_| !left.effort) {
        head.insert("output_config".into(), json!({"effort": effort}));
    }
    with_messages(head, prompt).into()
}

/// The same conversation, to be counted.
pub(super) fn count_body(prompt: &Prompt) -> Bytes {
    with_messages(declarations(prompt), prompt).into()
}

fn declarations(prompt: &Prompt) -> Map<String, Value> {
    let mark = json!({"type": "ephemeral"});
    let mut head = Map::new();
    head.insert("model".into(), prompt.model.as_str().into());
    if !prompt.tools.is_empty() {
        let mut tools: Vec<Value> = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": tool.parameters,
                })
            })
            .collect();
        if let Some(last) = tools.last_mut() {
            last["cache_control"] = mark.clone();
        }
        head.insert("tools".into(), tools.into());
        let choice = match prompt.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::None => "none",
        };
        head.insert("tool_choice".into(), json!({"type": choice}));
    }
    if !prompt.instructions.is_empty() {
        let system =
            json!([{"type": "text", "text": &*prompt.instructions, "cache_control": mark}]);
        head.insert("system".into(), system);
    }
    head
}

fn with_messages(head: Map<String, Value>, prompt: &Prompt) -> String {
    let head = Value::Object(head).to_string();
    let shown: Vec<&Arc<Item>> = prompt
        .items
        .iter()
        .filter(|item| {
            item.kind.is_for(ANTHROPIC, &prompt.model)
                || matches!(item.kind, ItemKind::Condensed { .. })
        })
        .filter(|item| !piece(item).is_empty())
        .collect();
    let runs: Vec<&[&Arc<Item>]> = shown
        .chunk_by(|a, b| is_person(&a.kind) == is_person(&b.kind))
        .collect();
    let marked: Vec<usize> = (0..runs.len())
        .rev()
        .filter(|&at| is_person(&runs[at][0].kind))
        .take(2)
        .collect();
    let size: usize = shown.iter().map(|item| piece(item).len() + 64).sum();
    let mut body = String::with_capacity(head.len() + size + 128);
    body.push_str(head.strip_suffix('}').unwrap_or(&head));
    body.push_str(",\"messages\":[");
    for (at, run) in runs.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        body.push_str(if is_person(&run[0].kind) {
            "{\"role\":\"user\",\"content\":["
        } else {
            "{\"role\":\"assistant\",\"content\":["
        });
        for (index, item) in run.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(piece(item));
        }
        if marked.contains(&at) && body.ends_with('}') {
            body.pop();
            body.push_str(MARK);
        }
        body.push_str("]}");
    }
    body.push_str("]}");
    body
}

fn is_person(kind: &ItemKind) -> bool {
    matches!(
        kind,
        ItemKind::User { .. } | ItemKind::CallResult { .. } | ItemKind::Condensed { .. }
    )
}

/// The kept encoding: content blocks, by commas. Empty text is none: the API refuses it.
fn piece(item: &Item) -> &Arc<str> {
    item.encoded(SLOT, |kind| match kind {
        ItemKind::User { content } => {
            let blocks: Vec<String> = content.iter().filter_map(block).collect();
            blocks.join(",")
        }
        ItemKind::Condensed { digest, .. } => text_block(digest).unwrap_or_default(),
        ItemKind::Assistant { text } => text_block(text.trim_end()).unwrap_or_default(),
        ItemKind::Call {
            id,
            name,
            arguments,
        } => format!(
            "{{\"type\":\"tool_use\",\"id\":{},\"name\":{},\"input\":{}}}",
            Value::from(legal_id(id)),
            Value::from(name.as_str()),
            as_object(arguments)
        ),
        ItemKind::CallResult { id, output } => {
            json!({"type": "tool_result", "tool_use_id": legal_id(id), "content": output})
                .to_string()
        }
        ItemKind::Opaque { value, .. } => value.to_string(),
    })
}

fn block(content: &Content) -> Option<String> {
    match content {
        Content::Text { text } => text_block(text),
        Content::Image {
            media_type,
            data_base64,
        } => Some(
            json!({
                "type": "image",
                "source": {"type": "base64", "media_type": media_type, "data": data_base64},
            })
            .to_string(),
        ),
    }
}

fn text_block(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}).to_string())
}

/// The API takes letters, digits, `_` and `-`; ids of other providers may have more.
fn legal_id(id: &str) -> Cow<'_, str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !id.is_empty() && id.chars().all(legal) {
        return Cow::Borrowed(id);
    }
    let hex: String = id.bytes().map(|byte| format!("{byte:02x}")).collect();
    Cow::Owned(format!("id_{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolSpec;
    use crate::catalogue::Catalogue;

    const MODEL: &str = "claude-sonnet-5";

    fn prompt(model: &str, items: Vec<Arc<Item>>) -> Prompt {
        Prompt {
            model: model.into(),
            instructions: "Be kind.".into(),
            tools: Arc::new([ToolSpec {
                name: "read".into(),
                description: "Reads".into(),
                parameters: json!({"type": "object"}),
            }]),
            items,
            tool_choice: ToolChoice::Auto,
            effort: Some("high".into()),
            max_output_tokens: Some(900),
            cache_key: "s".into(),
        }
    }

    fn thought(provider: &str, model: &str) -> Arc<Item> {
        Item::new(ItemKind::Opaque {
            provider: provider.into(),
            model: model.into(),
            value: json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"}),
        })
    }

    fn call(id: &str) -> Arc<Item> {
        Item::new(ItemKind::Call {
            id: id.into(),
            name: "read".into(),
            arguments: String::new(),
        })
    }

    fn result(id: &str) -> Arc<Item> {
        Item::new(ItemKind::CallResult {
            id: id.into(),
            output: "out".into(),
        })
    }

    fn encoded(prompt: &Prompt) -> String {
        let catalogue = Catalogue::builtin();
        let body = body(prompt, catalogue.get(&prompt.model), Left::default());
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn a_whole_body() {
        let items = vec![
            Item::user("ä"),
            thought(ANTHROPIC, MODEL),
            Item::new(ItemKind::Assistant { text: "so ".into() }),
            call("a:1"),
            result("a:1"),
            Item::user("go on"),
        ];
        let expected = concat!(
            r#"{"model":"claude-sonnet-5","tools":[{"name":"read","description":"Reads","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],"#,
            r#""tool_choice":{"type":"auto"},"system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],"#,
            r#""max_tokens":900,"stream":true,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"},"#,
            r#""messages":[{"role":"user","content":[{"type":"text","text":"ä","cache_control":{"type":"ephemeral"}}]},"#,
            r#"{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","text":"so"},"#,
            r#"{"type":"tool_use","id":"id_613a31","name":"read","input":{}}]},"#,
            r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"id_613a31","content":"out"},"#,
            r#"{"type":"text","text":"go on","cache_control":{"type":"ephemeral"}}]}]}"#,
        );
        assert_eq!(encoded(&prompt(MODEL, items)), expected);
    }

    #[test]
    fn what_another_model_made_is_not_sent() {
        for (provider, model) in [(ANTHROPIC, "claude-opus-5"), ("openai", MODEL)] {
            let items = vec![
                Item::user("hi"),
                thought(provider, model),
                call("a"),
                result("a"),
            ];
            assert!(!encoded(&prompt(MODEL, items)).contains("c2ln"));
        }
    }

    #[test]
    fn a_model_without_efforts_is_not_told_to_think() {
        let sent = encoded(&prompt("claude-haiku-4-5", vec![Item::user("hi")]));
        assert!(
            !sent.contains("thinking") && !sent.contains("effort"),
            "{sent}"
        );
    }

    #[test]
    fn but_for_the_marks_a_body_repeats_the_one_before_it() {
        let unmarked = |prompt: &Prompt| encoded(prompt).replace(MARK, "}");
        let mut items = vec![Item::user("one")];
        let mut before = unmarked(&prompt(MODEL, items.clone()));
        for turn in 0..4 {
            let id = format!("c{turn}");
            items.extend([call(&id), result(&id)]);
            let next = prompt(MODEL, items.clone());
            assert_eq!(encoded(&next).matches("cache_control").count(), 4);
            let now = unmarked(&next);
            let kept = before.strip_suffix("]}").unwrap();
            assert!(now.starts_with(kept), "{kept}\n{now}");
            before = now;
        }
    }
}
