//! The name of a request: equal for requests that ask the same, different for all others.

use serde_json::Value;

use crate::{Content, ItemKind, Prompt, ToolChoice};

/// Changes when what is hashed changes, so that old names are not taken for new ones.
const VERSION: &str = "mira prompt 1";

impl Prompt {
    /// The canonical hash of the whole request: model, instructions, tools, conversation, choice
    /// of tools, effort, limit of the answer. 64 hexadecimal digits.
    ///
    /// Stable across runs and machines and across the order of fields in JSON (schemas, a call's
    /// arguments, opaque items). Every part is written with its length, so that no two requests
    /// run into the same bytes. Not in it: `cache_key`, which only says where a provider should
    /// look for its cache, and who is asked: whoever stores answers adds provider and address.
    pub fn fingerprint(&self) -> String {
        let mut hash = Parts(blake3::Hasher::new());
        hash.text(VERSION);
        hash.text(&self.model);
        hash.text(&self.instructions);
        hash.count(self.tools.len());
        for tool in self.tools.iter() {
            hash.text(&tool.name);
            hash.text(&tool.description);
            hash.json(&tool.parameters);
        }
        hash.count(self.items.len());
        for item in &self.items {
            hash.item(&item.kind);
        }
        hash.text(match self.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::None => "none",
        });
        hash.option(self.effort.as_deref());
        hash.option(self.max_output_tokens.map(|n| n.to_string()).as_deref());
        hash.0.finalize().to_hex().to_string()
    }
}

struct Parts(blake3::Hasher);

impl Parts {
    fn count(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    fn option(&mut self, text: Option<&str>) {
        self.count(usize::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn item(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::User { content } => {
                self.text("user");
                self.count(content.len());
                for part in content {
                    match part {
                        Content::Text { text } => {
                            self.text("text");
                            self.text(text);
                        }
                        Content::Image {
                            media_type,
                            data_base64,
                        } => {
                            self.text("image");
                            self.text(media_type);
                            self.text(data_base64);
                        }
                    }
                }
            }
            ItemKind::Assistant { text } => {
                self.text("assistant");
                self.text(text);
            }
            ItemKind::Call {
                id,
                name,
                arguments,
            } => {
                self.text("call");
                self.text(id);
                self.text(name);
                // Broken arguments count as they were written.
                match serde_json::from_str(arguments) {
                    Ok(value) => self.json(&value),
                    Err(_) => self.text(arguments),
                }
            }
            ItemKind::CallResult { id, output } => {
                self.text("result");
                self.text(id);
                self.text(output);
            }
            ItemKind::Opaque {
                provider,
                model,
                value,
            } => {
                self.text("opaque");
                self.text(provider);
                self.text(model);
                self.json(value);
            }
            ItemKind::Condensed {
                provider,
                model,
                items,
                digest,
            } => {
                self.text("condensed");
                self.text(provider);
                self.text(model);
                self.count(items.len());
                for item in items {
                    self.json(item);
                }
                self.text(digest);
            }
        }
    }

    /// Objects by their keys in order; numbers as they print.
    fn json(&mut self, value: &Value) {
        match value {
            Value::Null => self.text("null"),
            Value::Bool(yes) => self.text(if *yes { "true" } else { "false" }),
            Value::Number(number) => {
                self.text("number");
                self.text(&number.to_string());
            }
            Value::String(text) => {
                self.text("string");
                self.text(text);
            }
            Value::Array(list) => {
                self.text("list");
                self.count(list.len());
                for value in list {
                    self.json(value);
                }
            }
            Value::Object(map) => {
                self.text("object");
                self.count(map.len());
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort_unstable();
                for key in keys {
                    self.text(key);
                    self.json(&map[key]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, ToolSpec};
    use serde_json::json;
    use std::sync::Arc;

    fn prompt(schema: &str, arguments: &str, texts: &[&str]) -> Prompt {
        let mut items: Vec<Arc<Item>> = texts.iter().map(|text| Item::user(*text)).collect();
        items.push(Item::new(ItemKind::Call {
            id: "c".into(),
            name: "read".into(),
            arguments: arguments.into(),
        }));
        Prompt {
            model: "m".into(),
            instructions: "Be kind.".into(),
            tools: Arc::new([ToolSpec {
                name: "read".into(),
                description: "Reads".into(),
                parameters: serde_json::from_str(schema).unwrap(),
            }]),
            items,
            tool_choice: ToolChoice::Auto,
            effort: Some("high".into()),
            max_output_tokens: None,
            cache_key: "s".into(),
        }
    }

    #[test]
    fn the_order_of_fields_and_the_session_do_not_count() {
        let one = prompt(
            r#"{"type":"object","a":{"x":1,"y":2}}"#,
            r#"{"p":1,"q":[1,2]}"#,
            &["hi"],
        );
        let mut other = prompt(
            r#"{"a":{"y":2,"x":1},"type":"object"}"#,
            r#" {"q":[1,2], "p":1}"#,
            &["hi"],
        );
        other.cache_key = "another".into();
        assert_eq!(one.fingerprint(), other.fingerprint());
        // Written down: a change of it empties every cache, and must be meant.
        assert_eq!(
            one.fingerprint(),
            "90e6d8791e80f37eb3c90db0f1400b97596f2fe1c8600ea82592b29531cbafcf"
        );
    }

    #[test]
    fn everything_else_counts() {
        let base = || prompt("{}", "{}", &["ab", "c"]);
        let mut all = vec![
            base(),
            prompt("{}", "{}", &["a", "bc"]),
            prompt("{}", "{}", &["abc"]),
        ];
        all.push(prompt(r#"{"a":[]}"#, "{}", &["ab", "c"]));
        all.push(prompt("{}", r#"{"a":1}"#, &["ab", "c"]));
        all.push(prompt("{}", r#"{"a":"1"}"#, &["ab", "c"]));
        all.push(prompt("{}", r#"{"a":"#, &["ab", "c"]));
        let mut change = |edit: fn(&mut Prompt)| {
            let mut prompt = base();
            edit(&mut prompt);
            all.push(prompt);
        };
        change(|prompt| prompt.model = "n".into());
        change(|prompt| prompt.instructions = "Be".into());
        change(|prompt| prompt.tools = Arc::new([]));
        change(|prompt| prompt.tool_choice = ToolChoice::None);
        change(|prompt| prompt.effort = None);
        change(|prompt| prompt.effort = Some(String::new()));
        change(|prompt| prompt.max_output_tokens = Some(1));
        change(|prompt| {
            prompt.items.push(Item::new(ItemKind::Opaque {
                provider: "p".into(),
                model: "m".into(),
                value: json!({"a": null}),
            }))
        });
        let names: std::collections::HashSet<String> =
            all.iter().map(Prompt::fingerprint).collect();
        assert_eq!(names.len(), all.len());
    }
}
