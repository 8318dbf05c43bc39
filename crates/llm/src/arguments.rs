//! Arguments of tool calls as providers accept them in the history.

use std::borrow::Cow;

use serde_json::{Value, json};

/// The arguments as the text of a JSON object. Servers refuse a history with anything else, and a
/// model may have written it, or its answer was cut; then the text stands inside an object, so
/// that the model still sees what it wrote.
pub(crate) fn as_object(arguments: &str) -> Cow<'_, str> {
    let text = arguments.trim();
    if text.is_empty() || text == "null" {
        return Cow::Borrowed("{}");
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(_)) => Cow::Borrowed(text),
        _ => Cow::Owned(json!({ "unreadable_arguments": arguments }).to_string()),
    }
}

/// JSON from text in which strings may hold raw line ends and tabs, as weak models write them.
pub(crate) fn forgiving_json(text: &str) -> Option<Value> {
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&with_escaped_controls(text)))
        .ok()
}

fn with_escaped_controls(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len() + 16);
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            '\n' if in_string => fixed.push_str("\\n"),
            '\r' if in_string => fixed.push_str("\\r"),
            '\t' if in_string => fixed.push_str("\\t"),
            _ => fixed.push(c),
        }
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = c == '\\' && !escaped;
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_holds_objects_only() {
        for (written, sent) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            ("", "{}"),
            (" null", "{}"),
            (r#"{"a":"#, r#"{"unreadable_arguments":"{\"a\":"}"#),
            ("[1]", r#"{"unreadable_arguments":"[1]"}"#),
            ("\"x\"", r#"{"unreadable_arguments":"\"x\""}"#),
        ] {
            assert_eq!(as_object(written), sent);
        }
    }

    #[test]
    fn raw_line_ends_in_strings_are_forgiven() {
        let value = forgiving_json("{\n\"a\": \"x\ny\\\"\tz\"}").unwrap();
        assert_eq!(value["a"], "x\ny\"\tz");
        assert!(forgiving_json("{").is_none());
    }
}
