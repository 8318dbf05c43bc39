//! What was asked, in one shape for every dialect, and the rules that every request must keep.

use std::collections::{HashMap, HashSet};

use mira_llm::{Content, ItemKind, Prompt};
use serde_json::Value;

/// A request to a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    pub model: String,
    pub instructions: String,
    pub tools: Vec<(String, Value)>,
    pub entries: Vec<Entry>,
    /// Requests with the same key belong to one conversation.
    pub conversation: String,
}

/// One item of the input.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    User(String),
    Assistant(String),
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    Output {
        id: String,
        output: String,
    },
    Opaque(Value),
}

impl Transcript {
    pub fn of(prompt: &Prompt) -> Self {
        let entries = prompt.items.iter().map(|item| match &item.kind {
            ItemKind::User { content } => Entry::User(
                content
                    .iter()
                    .map(|part| match part {
                        Content::Text { text } => text.clone(),
                        Content::Image { media_type, .. } => format!("[{media_type}]"),
                    })
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            ItemKind::Assistant { text } => Entry::Assistant(text.clone()),
            ItemKind::Call {
                id,
                name,
                arguments,
            } => Entry::Call {
                id: id.clone(),
                name: name.clone(),
                arguments: arguments.clone(),
            },
            ItemKind::CallResult { id, output } => Entry::Output {
                id: id.clone(),
                output: output.clone(),
            },
            ItemKind::Opaque { value, .. } => Entry::Opaque(value.clone()),
            ItemKind::Condensed { digest, .. } => Entry::User(digest.clone()),
        });
        Self {
            model: prompt.model.clone(),
            instructions: prompt.instructions.to_string(),
            tools: prompt
                .tools
                .iter()
                .map(|t| (t.name.clone(), t.parameters.clone()))
                .collect(),
            entries: entries.collect(),
            conversation: prompt.cache_key.clone(),
        }
    }

    /// The newest user text; empty if there is none.
    pub fn last_user(&self) -> &str {
        self.entries
            .iter()
            .rev()
            .find_map(|entry| match entry {
                Entry::User(text) => Some(text.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The newest tool result, unless the user wrote since.
    pub fn last_result(&self) -> Option<&str> {
        self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Output { output, .. } => Some(Some(output.as_str())),
            Entry::User(_) => Some(None),
            _ => None,
        })?
    }

    pub fn results(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Output { id, output } => Some((id.as_str(), output.as_str())),
            _ => None,
        })
    }

    pub fn calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Call {
                name, arguments, ..
            } => Some((name.as_str(), arguments.as_str())),
            _ => None,
        })
    }

    /// A rough count of tokens: a quarter of the bytes.
    pub fn estimated_tokens(&self) -> u64 {
        let tools: usize = self
            .tools
            .iter()
            .map(|(n, schema)| n.len() + schema.to_string().len())
            .sum();
        let entries: usize = self
            .entries
            .iter()
            .map(|entry| match entry {
                Entry::User(text) | Entry::Assistant(text) => text.len(),
                Entry::Call {
                    name, arguments, ..
                } => name.len() + arguments.len() + 24,
                Entry::Output { output, .. } => output.len() + 24,
                Entry::Opaque(value) => value.to_string().len() * 3 / 8,
            })
            .sum();
        ((self.instructions.len() + tools + entries) as u64).div_ceil(4)
    }

    /// Every rule of a well-formed conversation that this request breaks.
    pub fn faults(&self, max_result_bytes: usize) -> Vec<String> {
        let mut faults = Vec::new();
        self.check_tools(&mut faults);
        self.check_calls(max_result_bytes, &mut faults);
        match self.entries.last() {
            None => faults.push("the input is empty".into()),
            Some(Entry::Assistant(_)) => {
                faults.push("the input ends with the assistant's words".into())
            }
            Some(Entry::Opaque(_)) => faults.push("the input ends with a reasoning item".into()),
            _ => {}
        }
        if !self
            .entries
            .iter()
            .any(|entry| matches!(entry, Entry::User(text) if !text.is_empty()))
        {
            faults.push("the input has no user message".into());
        }
        faults
    }

    fn check_tools(&self, faults: &mut Vec<String>) {
        let mut names = HashSet::new();
        for (name, schema) in &self.tools {
            if name.is_empty()
                || name.len() > 64
                || !name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            {
                faults.push(format!("{name:?} is no tool name"));
            }
            if !names.insert(name) {
                faults.push(format!("the tool {name} is offered twice"));
            }
            if let Err(fault) = check_schema(schema, true) {
                faults.push(format!("the schema of {name}: {fault}"));
            }
        }
    }

    fn check_calls(&self, max_result_bytes: usize, faults: &mut Vec<String>) {
        let mut open: Vec<&str> = Vec::new();
        let mut all = HashMap::new();
        for entry in &self.entries {
            match entry {
                Entry::Call {
                    id,
                    name,
                    arguments,
                } => {
                    if all.insert(id.as_str(), false).is_some() {
                        faults.push(format!("the call id {id} is used twice"));
                    }
                    if !matches!(serde_json::from_str(arguments), Ok(Value::Object(_))) {
                        faults.push(format!(
                            "the arguments of {name} ({id}) are no JSON object: {arguments}"
                        ));
                    }
                    open.push(id);
                }
                Entry::Output { id, output } => {
                    match all.get_mut(id.as_str()) {
                        None => faults.push(format!(
                            "No tool call found for function call output with call_id {id}."
                        )),
                        Some(true) => faults.push(format!("the call {id} has two outputs")),
                        Some(answered) => *answered = true,
                    }
                    open.retain(|other| other != id);
                    if output.len() > max_result_bytes {
                        faults.push(format!(
                            "the output of {id} has {} bytes, cap {max_result_bytes}",
                            output.len()
                        ));
                    }
                }
                Entry::User(_) if !open.is_empty() => {
                    faults.push(format!(
                        "a user message stands between call {} and its output",
                        open[0]
                    ));
                    open.clear();
                }
                _ => {}
            }
        }
        for (id, answered) in all {
            if !answered {
                faults.push(format!("No tool output found for function call {id}."));
            }
        }
    }
}

/// A JSON Schema as the services accept it for tool parameters.
fn check_schema(schema: &Value, root: bool) -> Result<(), String> {
    const TYPES: [&str; 7] = [
        "object", "array", "string", "integer", "number", "boolean", "null",
    ];
    let Value::Object(map) = schema else {
        return Err(format!("{schema} is no schema"));
    };
    match map.get("type") {
        Some(Value::String(kind)) if root && kind != "object" => {
            return Err(format!("type {kind}, object wanted"));
        }
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => {}
        Some(Value::Array(kinds)) if !root => {
            if let Some(bad) = kinds
                .iter()
                .find(|k| !k.as_str().is_some_and(|k| TYPES.contains(&k)))
            {
                return Err(format!("unknown type {bad}"));
            }
        }
        Some(other) => return Err(format!("unknown type {other}")),
        None if root => return Err("no type".into()),
        None => {}
    }
    let properties = map.get("properties").and_then(Value::as_object);
    if root && properties.is_none() {
        return Err("no properties".into());
    }
    for (name, property) in properties.into_iter().flatten() {
        check_schema(property, false).map_err(|fault| format!("{name}: {fault}"))?;
    }
    for required in map
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let known = required
            .as_str()
            .zip(properties)
            .is_some_and(|(name, all)| all.contains_key(name));
        if !known {
            return Err(format!("required {required} is no property"));
        }
    }
    if let Some(items) = map.get("items") {
        check_schema(items, false).map_err(|fault| format!("items: {fault}"))?;
    } else if map.get("type").and_then(Value::as_str) == Some("array") {
        return Err("an array without items".into());
    }
    Ok(())
}
