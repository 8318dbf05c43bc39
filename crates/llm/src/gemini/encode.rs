//! From a [`Prompt`] to the body of a request. `contents` stands last and is put together from
//! kept pieces, so that a request repeats the one before it byte for byte and adds to its end.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::GEMINI;
use crate::arguments::as_object;
use crate::catalogue::ModelFacts;
use crate::{Content, Item, ItemKind, Prompt, ToolChoice};

/// This vendor's place in [`crate::Item::encoded`].
const SLOT: usize = 2;

/// Stands for the signature of a call that Gemini did not make: the API's own word for it.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) fn body(prompt: &Prompt, facts: Option<&ModelFacts>, thinks: bool) -> Bytes {
    let mut head = declarations(prompt);
    if let Some(config) = generation(prompt, facts, thinks) {
        head.insert("generationConfig".into(), config);
    }
    with_contents(&Value::Object(head), prompt).into()
}

/// The same conversation, to be counted.
pub(super) fn count_body(prompt: &Prompt) -> Bytes {
    let mut head = declarations(prompt);
    head.insert("model".into(), format!("models/{}", prompt.model).into());
    let request = with_contents(&Value::Object(head), prompt);
    format!("{{\"generateContentRequest\":{request}}}").into()
}

/// Instructions and tools.
fn declarations(prompt: &Prompt) -> serde_json::Map<String, Value> {
    let mut head = serde_json::Map::new();
    if !prompt.instructions.is_empty() {
        let system = json!({"parts": [{"text": &*prompt.instructions}]});
        head.insert("systemInstruction".into(), system);
    }
    if !prompt.tools.is_empty() {
        let functions: Vec<Value> = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "name": tool.name,
                    "description": tool.description,
                    "parametersJsonSchema": tool.parameters,
                })
            })
            .collect();
        head.insert("tools".into(), json!([{"functionDeclarations": functions}]));
        let mode = match prompt.tool_choice {
            ToolChoice::Auto => "AUTO",
            ToolChoice::None => "NONE",
        };
        head.insert(
            "toolConfig".into(),
            json!({"functionCallingConfig": {"mode": mode}}),
        );
    }
    head
}

fn generation(prompt: &Prompt, facts: Option<&ModelFacts>, thinks: bool) -> Option<Value> {
    let mut config = serde_json::Map::new();
    if let Some(limit) = prompt.max_output_tokens {
        config.insert("maxOutputTokens".into(), limit.into());
    }
    if thinks && facts.is_none_or(|facts| !facts.efforts.is_empty()) {
        let mut thinking = json!({"includeThoughts": true});
        let known = |effort: &&str| {
            facts.is_none_or(|facts| facts.efforts.iter().any(|known| known == effort))
        };
        if let Some(level) = prompt.effort.as_deref().filter(known) {
            thinking["thinkingLevel"] = level.into();
        }
        config.insert("thinkingConfig".into(), thinking);
    }
    (!config.is_empty()).then_some(Value::Object(config))
}

fn with_contents(head: &Value, prompt: &Prompt) -> String {
    let head = head.to_string();
    let shown: Vec<&Arc<Item>> = prompt
        .items
        .iter()
        .filter(|item| item.kind.is_for(GEMINI, &prompt.model) || condensed(&item.kind))
        .collect();
    let size: usize = shown.iter().map(|item| piece(item).len() + 96).sum();
    let mut body = String::with_capacity(head.len() + size + 32);
    body.push_str(head.strip_suffix('}').unwrap_or(&head));
    body.push_str(if head.len() > 2 {
        ",\"contents\":["
    } else {
        "\"contents\":["
    });
    let names = names_of_calls(prompt);
    for (index, run) in shown
        .chunk_by(|a, b| speaker(&a.kind) == speaker(&b.kind))
        .enumerate()
    {
        if index > 0 {
            body.push(',');
        }
        match speaker(&run[0].kind) {
            Speaker::Person => content(&mut body, "user", run.iter().map(|item| piece(item))),
            Speaker::Tools => content(
                &mut body,
                "user",
                run.iter().map(|item| result(item, &names)),
            ),
            Speaker::Model => {
                let parts = model_parts(run, signs_calls(&prompt.model));
                content(&mut body, "model", parts.into_iter());
            }
        }
    }
    body.push_str("]}");
    body
}

fn condensed(kind: &ItemKind) -> bool {
    matches!(kind, ItemKind::Condensed { .. })
}

/// Since Gemini 3 a step's first call must carry a signature.
fn signs_calls(model: &str) -> bool {
    !["gemini-1", "gemini-2"]
        .iter()
        .any(|old| model.starts_with(old))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Person,
    Tools,
    Model,
}

fn speaker(kind: &ItemKind) -> Speaker {
    match kind {
        ItemKind::User { .. } | ItemKind::Condensed { .. } => Speaker::Person,
        ItemKind::CallResult { .. } => Speaker::Tools,
        ItemKind::Assistant { .. } | ItemKind::Call { .. } | ItemKind::Opaque { .. } => {
            Speaker::Model
        }
    }
}

fn content(body: &mut String, role: &str, parts: impl Iterator<Item = impl AsRef<str>>) {
    body.push_str("{\"role\":\"");
    body.push_str(role);
    body.push_str("\",\"parts\":[");
    for (index, part) in parts.enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(part.as_ref());
    }
    body.push_str("]}");
}

/// The parts of one answer, each signature on the part it came with.
fn model_parts(run: &[&Arc<Item>], signs: bool) -> Vec<String> {
    let mut parts = Vec::with_capacity(run.len());
    let mut signature = None;
    let mut first_call = true;
    for item in run {
        match &item.kind {
            ItemKind::Opaque { value, .. } => {
                let text = value["thoughtSignature"].as_str().unwrap_or_default();
                if value["part"] == "functionCall" {
                    signature = Some(text);
                } else {
                    parts.push(json!({"text": "", "thoughtSignature": text}).to_string());
                }
            }
            ItemKind::Call { .. } => {
                let missing = (first_call && signs).then_some(NO_SIGNATURE);
                first_call = false;
                parts.push(match signature.take().or(missing) {
                    Some(text) => format!(
                        "{{\"functionCall\":{},\"thoughtSignature\":{}}}",
                        piece(item),
                        Value::from(text)
                    ),
                    None => format!("{{\"functionCall\":{}}}", piece(item)),
                });
            }
            _ => parts.push(piece(item).to_string()),
        }
    }
    if parts.is_empty() {
        parts.push("{\"text\":\"\"}".into());
    }
    parts
}

fn names_of_calls(prompt: &Prompt) -> HashMap<&str, &str> {
    prompt
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Call { id, name, .. } => Some((id.as_str(), name.as_str())),
            _ => None,
        })
        .collect()
}

fn result(item: &Item, names: &HashMap<&str, &str>) -> String {
    let ItemKind::CallResult { id, .. } = &item.kind else {
        return piece(item).to_string();
    };
    let name = names.get(id.as_str()).copied().unwrap_or_default();
    format!(
        "{{\"functionResponse\":{{\"id\":{},\"name\":{},\"response\":{{\"output\":{}}}}}}}",
        Value::from(id.as_str()),
        Value::from(name),
        piece(item)
    )
}

/// The kept encoding: parts of a message, the inside of a call, the text of a result.
fn piece(item: &Item) -> &Arc<str> {
    item.encoded(SLOT, |kind| match kind {
        ItemKind::User { content } => {
            let parts: Vec<String> = content.iter().map(part).collect();
            parts.join(",")
        }
        ItemKind::Condensed { digest, .. } => json!({"text": digest}).to_string(),
        ItemKind::Assistant { text } => json!({"text": text}).to_string(),
        ItemKind::Call {
            id,
            name,
            arguments,
        } => format!(
            "{{\"id\":{},\"name\":{},\"args\":{}}}",
            Value::from(id.as_str()),
            Value::from(name.as_str()),
            as_object(arguments)
        ),
        ItemKind::CallResult { output, .. } => Value::from(output.as_str()).to_string(),
        ItemKind::Opaque { .. } => String::new(),
    })
}

fn part(content: &Content) -> String {
    match content {
        Content::Text { text } => json!({"text": text}),
        Content::Image {
            media_type,
            data_base64,
        } => json!({"inlineData": {"mimeType": media_type, "data": data_base64}}),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolSpec;
    use crate::catalogue::Catalogue;

    fn call(id: &str) -> Arc<Item> {
        Item::new(ItemKind::Call {
            id: id.into(),
            name: "read".into(),
            arguments: r#"{"p":1}"#.into(),
        })
    }

    fn result(id: &str) -> Arc<Item> {
        Item::new(ItemKind::CallResult {
            id: id.into(),
            output: "out".into(),
        })
    }

    fn signature(provider: &str, model: &str, part: &str) -> Arc<Item> {
        Item::new(ItemKind::Opaque {
            provider: provider.into(),
            model: model.into(),
            value: json!({"part": part, "thoughtSignature": "c2ln"}),
        })
    }

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

    fn encoded(prompt: &Prompt) -> String {
        let catalogue = Catalogue::builtin();
        let body = body(prompt, catalogue.get(&prompt.model), true);
        String::from_utf8(body.to_vec()).unwrap()
    }

    const MODEL: &str = "gemini-3.1-pro-preview";

    #[test]
    fn a_whole_body() {
        let items = vec![
            Item::user("ä"),
            Item::new(ItemKind::Assistant { text: "hm".into() }),
            signature(GEMINI, MODEL, "functionCall"),
            call("a"),
            call("b"),
            result("a"),
            result("b"),
            Item::user("go on"),
        ];
        let expected = concat!(
            r#"{"systemInstruction":{"parts":[{"text":"Be kind."}]},"#,
            r#""tools":[{"functionDeclarations":[{"name":"read","description":"Reads","parametersJsonSchema":{"type":"object"}}]}],"#,
            r#""toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},"#,
            r#""generationConfig":{"maxOutputTokens":900,"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"high"}},"#,
            r#""contents":[{"role":"user","parts":[{"text":"ä"}]},"#,
            r#"{"role":"model","parts":[{"text":"hm"},{"functionCall":{"id":"a","name":"read","args":{"p":1}},"thoughtSignature":"c2ln"},"#,
            r#"{"functionCall":{"id":"b","name":"read","args":{"p":1}}}]},"#,
            r#"{"role":"user","parts":[{"functionResponse":{"id":"a","name":"read","response":{"output":"out"}}},"#,
            r#"{"functionResponse":{"id":"b","name":"read","response":{"output":"out"}}}]},"#,
            r#"{"role":"user","parts":[{"text":"go on"}]}]}"#,
        );
        assert_eq!(encoded(&prompt(MODEL, items)), expected);
    }

    #[test]
    fn what_another_model_made_is_not_sent_and_its_calls_are_marked() {
        for (provider, model) in [(GEMINI, "gemini-4-argon"), ("openai", MODEL)] {
            let items = vec![
                Item::user("hi"),
                signature(provider, model, "functionCall"),
                call("a"),
                result("a"),
            ];
            let sent = encoded(&prompt(MODEL, items.clone()));
            assert!(!sent.contains("c2ln"), "{sent}");
            assert!(sent.contains(NO_SIGNATURE), "{sent}");
            assert!(!encoded(&prompt("gemini-2.5-pro", items)).contains(NO_SIGNATURE));
        }
        let kept = vec![
            Item::user("hi"),
            Item::new(ItemKind::Assistant { text: "ho".into() }),
            signature(GEMINI, MODEL, "text"),
            Item::user("more"),
        ];
        let sent = encoded(&prompt(MODEL, kept));
        assert!(sent.contains(r#"{"text":"ho"},{"text":"","thoughtSignature":"c2ln"}]"#));
    }

    #[test]
    fn a_body_repeats_the_one_before_it() {
        let mut items = vec![Item::user("one")];
        let mut before = encoded(&prompt(MODEL, items.clone()));
        for turn in 0..4 {
            let id = format!("c{turn}");
            items.extend([call(&id), result(&id)]);
            let now = encoded(&prompt(MODEL, items.clone()));
            let kept = before.strip_suffix("]}").unwrap();
            assert!(now.starts_with(kept), "{kept}\n{now}");
            before = now;
        }
    }
}
