//! What a hook says: JSON on its standard output.

use mira_protocol::hook::{HookOutcome, HookPoint};
use serde::Deserialize;
use serde_json::Value;

/// The most context that one hook adds, in characters.
const MAX_CONTEXT_CHARS: usize = 8_000;
const MAX_REASON_CHARS: usize = 1_000;

#[derive(Debug, Default, PartialEq)]
pub struct Said {
    pub deny: bool,
    pub reason: String,
    pub arguments: Option<Value>,
    pub context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    verdict: Word,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    arguments: Option<Value>,
    #[serde(default)]
    context: Option<String>,
}

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    #[default]
    Allow,
    Deny,
}

impl Said {
    pub fn outcome(&self) -> HookOutcome {
        match (self.deny, &self.arguments) {
            (true, _) => HookOutcome::Denied,
            (false, Some(_)) => HookOutcome::Changed,
            (false, None) => HookOutcome::Allowed,
        }
    }
}

/// Reads a verdict. Nothing at all is "allow": a hook that only looks need not say so.
///
/// # Errors
/// Why it is no verdict. A key that is not known is a fault too: a misspelt `verdict` must not
/// pass as "allow".
pub fn read(text: &str, point: HookPoint) -> Result<Said, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Said::default());
    }
    // A list would be read as the fields in their order.
    let written = serde_json::from_str::<serde_json::Map<String, Value>>(text)
        .and_then(|object| serde_json::from_value::<Written>(Value::Object(object)));
    let written = written.map_err(|error| format!("its output is no verdict: {error}"))?;
    let changes = matches!(point, HookPoint::BeforeTool | HookPoint::BeforeCommand);
    match &written.arguments {
        Some(_) if !changes => {
            return Err("it changes arguments at a point where there are none to change".into());
        }
        Some(value) if !value.is_object() => return Err("its `arguments` are no object".into()),
        _ => {}
    }
    let cut = |text: String, most: usize| match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} […]", &text[..end]),
        None => text,
    };
    Ok(Said {
        deny: written.verdict == Word::Deny,
        reason: cut(written.reason.unwrap_or_default(), MAX_REASON_CHARS),
        arguments: written.arguments,
        context: written
            .context
            .filter(|text| !text.trim().is_empty())
            .map(|text| cut(text, MAX_CONTEXT_CHARS)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read_strictly() {
        let before = |text| read(text, HookPoint::BeforeTool);
        assert_eq!(before(" \n").unwrap(), Said::default());
        assert!(before(r#"{"verdict":"deny","reason":"no"}"#).unwrap().deny);
        let changed = before(r#"{"arguments":{"a":1}}"#).unwrap();
        assert_eq!(changed.outcome(), HookOutcome::Changed);
        for garbage in [
            "yes",
            "[]",
            "null",
            r#"{"verdict":"maybe"}"#,
            r#"{"verdcit":"deny"}"#,
            r#"{"arguments":[1]}"#,
            r#"{"verdict":"allow"} trailing"#,
            "{",
        ] {
            assert!(before(garbage).is_err(), "{garbage}");
        }
        assert!(read(r#"{"arguments":{}}"#, HookPoint::AfterTool).is_err());
        let long = format!(r#"{{"context":"{}"}}"#, "ä".repeat(9_000));
        let cut = before(&long).unwrap().context.unwrap();
        assert_eq!(cut.chars().count(), MAX_CONTEXT_CHARS + 4);
    }
}
