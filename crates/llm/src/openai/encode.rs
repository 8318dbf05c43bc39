//! From a [`Prompt`] to the body of a request. `input` stands last and is put together from the
//! kept encodings of the items, so that a request repeats the one before it byte for byte and
//! adds to its end.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};

use super::OPENAI;
use super::wire::{Head, Reasoning, Tool};
use crate::arguments::as_object;
use crate::catalogue::ModelFacts;
use crate::{Content, ItemKind, Prompt, ToolChoice};

/// This vendor's place in [`crate::Item::encoded`].
const SLOT: usize = 0;

/// A field that a request can do without, should the server refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Optional {
    Include,
    CacheKey,
    MaxOutput,
    Effort,
    Summary,
    ParallelCalls,
}

impl Optional {
    /// From the `param` of an error.
    pub(super) fn named(param: &str) -> Option<Self> {
        match param.split('[').next().unwrap_or(param) {
            "include" => Some(Self::Include),
            "prompt_cache_key" => Some(Self::CacheKey),
            "max_output_tokens" => Some(Self::MaxOutput),
            "reasoning" | "reasoning.effort" => Some(Self::Effort),
            "reasoning.summary" => Some(Self::Summary),
            "parallel_tool_calls" => Some(Self::ParallelCalls),
            _ => None,
        }
    }
}

pub(super) fn body(
    prompt: &Prompt,
    facts: Option<&ModelFacts>,
    without: &BTreeSet<Optional>,
) -> Bytes {
    let sends = |field| !without.contains(&field);
    let reasons = facts.is_none_or(|facts| !facts.efforts.is_empty());
    let has_tools = !prompt.tools.is_empty();
    let head = Head {
        model: &prompt.model,
        stream: true,
        store: false,
        include: (reasons && sends(Optional::Include)).then_some(["reasoning.encrypted_content"]),
        prompt_cache_key: Some(prompt.cache_key.as_str())
            .filter(|key| !key.is_empty() && sends(Optional::CacheKey)),
        max_output_tokens: prompt
            .max_output_tokens
            .filter(|_| sends(Optional::MaxOutput)),
        reasoning: reasoning(prompt, facts, without),
        instructions: &prompt.instructions,
        tools: prompt
            .tools
            .iter()
            .map(|tool| Tool {
                kind: "function",
                name: &tool.name,
                description: &tool.description,
                parameters: &tool.parameters,
                strict: false,
            })
            .collect(),
        parallel_tool_calls: (has_tools && sends(Optional::ParallelCalls)).then_some(true),
        tool_choice: has_tools.then_some(match prompt.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::None => "none",
        }),
    };
    // Strings, numbers and JSON values only: serialising them cannot fail.
    let head = serde_json::to_string(&head).unwrap_or_default();
    with_input(&head, prompt)
}

/// The conversation alone, for the provider to condense.
pub(super) fn condense_body(prompt: &Prompt) -> Bytes {
    let head = json!({"model": prompt.model, "instructions": &*prompt.instructions});
    with_input(&head.to_string(), prompt)
}

/// What counts as input, to be counted.
pub(super) fn count_body(prompt: &Prompt) -> Bytes {
    let tools: Vec<Value> = prompt
        .tools
        .iter()
        .map(|tool| {
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": false,
            })
        })
        .collect();
    let head = json!({
        "model": prompt.model,
        "instructions": &*prompt.instructions,
        "tools": tools,
    });
    with_input(&head.to_string(), prompt)
}

fn with_input(head: &str, prompt: &Prompt) -> Bytes {
    let items: Vec<&str> = prompt
        .items
        .iter()
        .map(|item| &**item.encoded(SLOT, encode_item))
        .filter(|text| !text.is_empty())
        .collect();
    let size = head.len() + 16 + items.iter().map(|item| item.len() + 1).sum::<usize>();
    let mut body = String::with_capacity(size);
    body.push_str(head.strip_suffix('}').unwrap_or(head));
    body.push_str(",\"input\":[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(item);
    }
    body.push_str("]}");
    body.into()
}

/// Only for models that know efforts; for an unknown model only where one is asked for.
fn reasoning<'a>(
    prompt: &'a Prompt,
    facts: Option<&ModelFacts>,
    without: &BTreeSet<Optional>,
) -> Option<Reasoning<'a>> {
    let effort = prompt.effort.as_deref().filter(|effort| {
        facts.is_none_or(|facts| facts.efforts.iter().any(|known| known == effort))
    });
    let reasons = facts.map_or(effort.is_some(), |facts| !facts.efforts.is_empty());
    let effort = effort.filter(|_| !without.contains(&Optional::Effort));
    let summary = Some("auto").filter(|_| !without.contains(&Optional::Summary));
    (reasons && (effort.is_some() || summary.is_some())).then_some(Reasoning { effort, summary })
}

/// Empty for what belongs to another provider.
fn encode_item(kind: &ItemKind) -> String {
    let value = match kind {
        ItemKind::User { content } => json!({
            "type": "message",
            "role": "user",
            "content": content.iter().map(encode_content).collect::<Vec<_>>(),
        }),
        ItemKind::Assistant { text } => json!({
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": text}],
        }),
        ItemKind::Call {
            id,
            name,
            arguments,
        } => json!({
            "type": "function_call",
            "call_id": id,
            "name": name,
            "arguments": as_object(arguments),
        }),
        ItemKind::CallResult { id, output } => json!({
            "type": "function_call_output",
            "call_id": id,
            "output": output,
        }),
        ItemKind::Opaque {
            provider, value, ..
        } if provider == OPENAI => value.clone(),
        ItemKind::Opaque { .. } => return String::new(),
        ItemKind::Condensed {
            provider, items, ..
        } if provider == OPENAI => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            return items.join(",");
        }
        ItemKind::Condensed { digest, .. } => json!({
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": digest}],
        }),
    };
    value.to_string()
}

fn encode_content(content: &Content) -> Value {
    match content {
        Content::Text { text } => json!({"type": "input_text", "text": text}),
        Content::Image {
            media_type,
            data_base64,
        } => json!({
            "type": "input_image",
            "image_url": format!("data:{media_type};base64,{data_base64}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::{Item, ToolSpec};
    use std::sync::Arc;

    fn prompt(model: &str, effort: Option<&str>, items: Vec<Arc<Item>>) -> Prompt {
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
            effort: effort.map(Into::into),
            max_output_tokens: None,
            cache_key: "session-1".into(),
        }
    }

    fn encoded(prompt: &Prompt, without: &[Optional]) -> String {
        let catalogue = Catalogue::builtin();
        let without = without.iter().copied().collect();
        String::from_utf8(body(prompt, catalogue.get(&prompt.model), &without).to_vec()).unwrap()
    }

    #[test]
    fn a_whole_body() {
        let items = vec![
            Item::user("ä"),
            Item::new(ItemKind::Opaque {
                provider: OPENAI.into(),
                model: "m".into(),
                value: json!({"type": "reasoning", "encrypted_content": "x", "a": 1}),
            }),
            Item::new(ItemKind::Opaque {
                provider: "other".into(),
                model: "m".into(),
                value: json!({}),
            }),
            Item::new(ItemKind::Assistant { text: "hm".into() }),
            Item::new(ItemKind::Call {
                id: "c".into(),
                name: "read".into(),
                arguments: "{\"a".into(),
            }),
            Item::new(ItemKind::CallResult {
                id: "c".into(),
                output: "out".into(),
            }),
        ];
        let expected = concat!(
            r#"{"model":"gpt-6.2-sol","stream":true,"store":false,"include":["reasoning.encrypted_content"],"#,
            r#""prompt_cache_key":"session-1","reasoning":{"effort":"high","summary":"auto"},"#,
            r#""instructions":"Be kind.","tools":[{"type":"function","name":"read","description":"Reads","#,
            r#""parameters":{"type":"object"},"strict":false}],"parallel_tool_calls":true,"tool_choice":"auto","#,
            r#""input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"ä"}]},"#,
            r#"{"type":"reasoning","encrypted_content":"x","a":1},"#,
            r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hm"}]},"#,
            r#"{"type":"function_call","call_id":"c","name":"read","arguments":"{\"unreadable_arguments\":\"{\\\"a\"}"},"#,
            r#"{"type":"function_call_output","call_id":"c","output":"out"}]}"#,
        );
        assert_eq!(
            encoded(&prompt("gpt-6.2-sol", Some("high"), items), &[]),
            expected
        );
    }

    #[test]
    fn reasoning_goes_only_where_it_is_known() {
        let check = |model, effort, without: &[Optional]| {
            let body: Value =
                serde_json::from_str(&encoded(&prompt(model, effort, vec![]), without)).unwrap();
            (
                body.get("reasoning").cloned(),
                body.get("include").is_some(),
            )
        };
        let both = json!({"effort": "high", "summary": "auto"});
        assert_eq!(
            check("gpt-6.2-sol", Some("high"), &[]),
            (Some(both.clone()), true)
        );
        assert_eq!(
            check("gpt-6.2-sol", Some("none"), &[]),
            (Some(json!({"summary": "auto"})), true)
        );
        assert_eq!(check("gpt-4.1", Some("high"), &[]), (None, false));
        assert_eq!(check("my-model", None, &[]), (None, true));
        assert_eq!(check("my-model", Some("high"), &[]), (Some(both), true));
        assert_eq!(
            check(
                "my-model",
                Some("high"),
                &[Optional::Summary, Optional::Include]
            ),
            (Some(json!({"effort": "high"})), false)
        );
    }

    #[test]
    fn a_body_repeats_the_one_before_it() {
        let mut items = vec![Item::user("one")];
        let mut before = encoded(&prompt("gpt-6.2-sol", None, items.clone()), &[]);
        for turn in 0..5 {
            items.push(Item::new(ItemKind::Assistant {
                text: format!("answer {turn}"),
            }));
            items.push(Item::user("next"));
            let now = encoded(&prompt("gpt-6.2-sol", None, items.clone()), &[]);
            let kept = before.strip_suffix("]}").unwrap();
            assert!(now.starts_with(kept), "{kept}\n{now}");
            before = now;
        }
    }
}
