//! Arguments as models really write them: mended where the meaning is beyond doubt, otherwise
//! refused with the field, what came, and the shape that is expected.

use serde_json::{Map, Value};

use crate::{ToolError, schema};

/// The text of a call's arguments as JSON. Empty text is an empty object; code fences, raw line
/// breaks inside strings, trailing commas and JSON wrapped in a JSON string are mended.
///
/// # Errors
/// [`ToolError::Refused`] where it is no JSON object after that.
pub fn parse(text: &str) -> Result<Value, ToolError> {
    let text = unfenced(text.trim());
    if text.is_empty() || text == "null" {
        return Ok(Value::Object(Map::new()));
    }
    let value = serde_json::from_str(text).or_else(|first: serde_json::Error| {
        serde_json::from_str(&mended(text)).map_err(|_| {
            ToolError::Refused(format!(
                "The arguments are not valid JSON ({first}). Nothing was done. Send the call \
                 again with one complete JSON object."
            ))
        })
    })?;
    match value {
        Value::String(inner) if inner.trim_start().starts_with('{') => parse(&inner),
        Value::Object(_) => Ok(value),
        other => Err(ToolError::Refused(format!(
            "The arguments must be one JSON object, not {}. Nothing was done.",
            kind_of(&other)
        ))),
    }
}

/// `value` brought to the form that `schema` asks for.
pub(crate) fn fit(tool: &str, value: &Value, schema: &Value) -> Result<Value, ToolError> {
    let unwrapped = match value {
        Value::String(text) => parse(text)?,
        Value::Null => Value::Object(Map::new()),
        other => other.clone(),
    };
    fitted(unwrapped, schema, "").map_err(|problem| refusal(tool, &problem, schema))
}

pub(crate) fn refusal(tool: &str, problem: &str, schema: &Value) -> ToolError {
    let shape = schema::shape(schema);
    ToolError::Refused(format!(
        "{tool}: {problem}. Nothing was done. Expected: {shape}"
    ))
}

fn fitted(value: Value, schema: &Value, at: &str) -> Result<Value, String> {
    let wrong = |value: &Value, want: &str| {
        let place = if at.is_empty() {
            "the arguments".to_owned()
        } else {
            format!("`{at}`")
        };
        Err(format!("{place} must be {want}, but {} came", seen(value)))
    };
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        let text = value.as_str().unwrap_or_default();
        let found = allowed.iter().find(|one| {
            **one == value
                || one
                    .as_str()
                    .is_some_and(|one| one.eq_ignore_ascii_case(text.trim()))
        });
        let names: Vec<_> = allowed.iter().map(Value::to_string).collect();
        return match found {
            Some(one) => Ok(one.clone()),
            None => wrong(&value, &format!("one of {}", names.join(", "))),
        };
    }
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("object"), Value::Object(map)) => object(map, schema, at),
        (Some("object"), Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Object(map)) => object(map, schema, at),
            _ => wrong(&Value::String(text), "an object"),
        },
        (Some("object"), other) => wrong(&other, "an object"),
        (Some("array"), value) => array(value, schema, at),
        (Some("integer"), value) => match whole_number(&value) {
            Some(number) => Ok(number.into()),
            None => wrong(&value, "a whole number of 0 or more"),
        },
        (Some("boolean"), Value::Bool(yes)) => Ok(Value::Bool(yes)),
        (Some("boolean"), value) => {
            match value
                .as_str()
                .map(|text| text.trim().to_ascii_lowercase())
                .as_deref()
            {
                Some("true" | "yes" | "1") => Ok(Value::Bool(true)),
                Some("false" | "no" | "0" | "") => Ok(Value::Bool(false)),
                _ if value == 1 => Ok(Value::Bool(true)),
                _ if value == 0 => Ok(Value::Bool(false)),
                _ => wrong(&value, "true or false"),
            }
        }
        (Some("string"), Value::Number(number)) => Ok(Value::String(number.to_string())),
        (Some("string"), Value::Bool(yes)) => Ok(Value::String(yes.to_string())),
        (Some("string"), Value::String(text)) => Ok(Value::String(text)),
        (Some("string"), other) => wrong(&other, "a string"),
        (_, value) => Ok(value),
    }
}

fn object(map: Map<String, Value>, schema: &Value, at: &str) -> Result<Value, String> {
    let required = schema::required(schema);
    let mut fitted_map = Map::new();
    let mut unknown = Map::new();
    for (name, value) in map {
        let Some((_, field)) = schema::properties(schema).find(|(known, _)| *known == name) else {
            unknown.insert(name, value);
            continue;
        };
        let is_required = required.contains(&name.as_str());
        // Models write null, or "" for a number, where they mean "not given".
        let absent = value.is_null()
            || (value == "" && field.get("type").is_some_and(|kind| kind != "string"));
        if absent && !is_required {
            continue;
        }
        let path = if at.is_empty() {
            name.clone()
        } else {
            format!("{at}.{name}")
        };
        fitted_map.insert(name, fitted(value, field, &path)?);
    }
    for name in required {
        if fitted_map.contains_key(name) {
            continue;
        }
        let path = if at.is_empty() {
            name.to_owned()
        } else {
            format!("{at}.{name}")
        };
        let field = schema::properties(schema).find(|(known, _)| *known == name);
        let field = field.map_or(&Value::Null, |(_, field)| field);
        let value = meant(name, field, &unknown).ok_or_else(|| {
            let names: Vec<&str> = unknown.keys().map(String::as_str).collect();
            match names.is_empty() {
                true => format!("`{path}` is missing"),
                false => format!(
                    "`{path}` is missing (unknown fields came: {})",
                    names.join(", ")
                ),
            }
        })?;
        fitted_map.insert(name.to_owned(), fitted(value, field, &path)?);
    }
    Ok(Value::Object(fitted_map))
}

/// A required field under a name from elsewhere: `file_path` or `filePath` for `path`; or the
/// fields of a list's only item beside the list's place.
fn meant(name: &str, field: &Value, unknown: &Map<String, Value>) -> Option<Value> {
    let mut similar = unknown.iter().filter(|(other, _)| {
        let split = other.replace(|c: char| c.is_ascii_uppercase(), "_");
        let ends = other.to_ascii_lowercase();
        split.split('_').any(|part| part == name) || ends.ends_with(name) && name.len() >= 4
    });
    if let (Some((_, value)), None) = (similar.next(), similar.next()) {
        return Some(value.clone());
    }
    let item = field
        .get("items")
        .filter(|item| item.get("properties").is_some())?;
    let only = fitted(Value::Object(unknown.clone()), item, "").ok()?;
    Some(Value::Array(vec![only]))
}

fn array(value: Value, schema: &Value, at: &str) -> Result<Value, String> {
    let items = match value {
        Value::Array(items) => items,
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => items,
            Ok(one @ Value::Object(_)) => vec![one],
            _ => vec![Value::String(text)],
        },
        one => vec![one],
    };
    let any = Value::Null;
    let item = schema.get("items").unwrap_or(&any);
    let fitted_items = items
        .into_iter()
        .enumerate()
        .map(|(index, value)| fitted(value, item, &format!("{at}[{index}]")));
    Ok(Value::Array(fitted_items.collect::<Result<_, _>>()?))
}

fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole_float(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| whole_float(text.parse().ok()?))
        }
        _ => None,
    }
}

fn whole_float(number: f64) -> Option<u64> {
    let exact = number >= 0.0 && number.fract() == 0.0 && number < 9.0e15;
    exact.then_some(number as u64)
}

fn seen(value: &Value) -> String {
    let text = value.to_string();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn unfenced(text: &str) -> &str {
    let Some(inner) = text
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
    else {
        return text;
    };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}

/// Raw control characters inside strings escaped, commas before a closing bracket left out.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut in_string = false;
    let mut escaped = false;
    for character in text.chars() {
        if in_string {
            match character {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                other => out.push(other),
            }
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' => in_string = true,
            '}' | ']' => {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "properties": {
            "path": {"type": "string"}, "limit": {"type": "integer"}, "deep": {"type": "boolean"},
            "mode": {"enum": ["list", "kill"]},
            "edits": {"type": "array", "items": {"type": "object", "properties": {
                "old": {"type": "string"}}, "required": ["old"]}},
        }, "required": ["path"]})
    }

    fn check(arguments: &str, expected: Result<Value, &str>) {
        let got = parse(arguments).and_then(|value| fit("tool", &value, &schema()));
        match (got, expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{arguments}"),
            (Err(error), Err(part)) => {
                let text = error.to_string();
                assert!(text.contains(part), "{arguments}: {text}");
            }
            (got, expected) => panic!("{arguments}: {got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn what_is_meant_is_taken() {
        check(
            r#"{"path":"a","limit":"20"}"#,
            Ok(json!({"path": "a", "limit": 20})),
        );
        check(
            r#"{"path":"a","limit":20.0}"#,
            Ok(json!({"path": "a", "limit": 20})),
        );
        check(
            r#"{"path":"a","limit":null,"deep":null}"#,
            Ok(json!({"path": "a"})),
        );
        check(r#"{"path":"a","limit":""}"#, Ok(json!({"path": "a"})));
        check(
            r#"{"path":12,"deep":"True"}"#,
            Ok(json!({"path": "12", "deep": true})),
        );
        check(r#"{"path":"a","nonsense":1}"#, Ok(json!({"path": "a"})));
        check(r#""{\"path\":\"a\"}""#, Ok(json!({"path": "a"})));
        check("```json\n{\"path\":\"a\"}\n```", Ok(json!({"path": "a"})));
        check("{\"path\":\"a\nb\",}", Ok(json!({"path": "a\nb"})));
        check(r#"{"file_path":"a"}"#, Ok(json!({"path": "a"})));
        check(r#"{"filePath":"a"}"#, Ok(json!({"path": "a"})));
        check(
            r#"{"path":"a","mode":"LIST"}"#,
            Ok(json!({"path": "a", "mode": "list"})),
        );
        let edits = Ok(json!({"path": "a", "edits": [{"old": "x"}]}));
        check(r#"{"path":"a","edits":{"old":"x"}}"#, edits.clone());
        check(r#"{"path":"a","edits":"[{\"old\":\"x\"}]"}"#, edits.clone());
        check(
            r#"{"path":"a","edits":[{"old_string":"x"}]}"#,
            edits.clone(),
        );
        check(r#"{"path":"a","edits":["{\"old\":\"x\"}"]}"#, edits);
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("{}", Err("`path` is missing"));
        check(r#"{"file":"a"}"#, Err("unknown fields came: file"));
        check(
            r#"{"path":null}"#,
            Err("`path` must be a string, but null came"),
        );
        check(
            r#"{"path":"a","limit":-1}"#,
            Err("`limit` must be a whole number"),
        );
        check(r#"{"path":"a","limit":"ten"}"#, Err("but \"ten\" came"));
        check(
            r#"{"path":"a","deep":"perhaps"}"#,
            Err("`deep` must be true or false"),
        );
        check(
            r#"{"path":"a","mode":"stop"}"#,
            Err("one of \"list\", \"kill\""),
        );
        check(
            r#"{"path":"a","edits":[{"old":"x"},{}]}"#,
            Err("`edits[1].old` is missing"),
        );
        check(r#"{"path":"a""#, Err("not valid JSON"));
        check("[1]", Err("one JSON object, not an array"));
        check("", Err("Expected: {\"path\": string, \"limit\"?: integer"));
    }
}
