//! A value as YAML that people like to read: block style, long texts as they are.

use serde_json::Value;

/// The whole document. Every YAML 1.2 parser reads the same value back.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// A value that begins on a line of its own.
fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                *out += &format!("{pad}{}:", key_text(key));
                after_mark(value, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        // The first key stands behind the dash.
                        let mut inner = String::new();
                        block(item, indent + 2, &mut inner);
                        *out += &format!("{pad}- {}", &inner[indent + 2..]);
                    }
                    _ => {
                        *out += &format!("{pad}-");
                        after_mark(item, indent + 2, out);
                    }
                }
            }
        }
        _ => {
            *out += &pad;
            *out += &scalar(value);
            out.push('\n');
        }
    }
}

/// A value behind `key:` or `-`.
fn after_mark(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            block(value, indent, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, indent, out);
        }
        Value::String(text) if reads_well_as_literal(text) => literal(text, indent, out),
        _ => {
            out.push(' ');
            *out += &scalar(value);
            out.push('\n');
        }
    }
}

fn scalar(value: &Value) -> String {
    // JSON's scalars and its empty braces are YAML's.
    value.to_string()
}

fn key_text(key: &str) -> String {
    let word = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let reserved = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if word && !reserved.contains(&key.to_ascii_lowercase().as_str()) {
        key.to_owned()
    } else {
        Value::from(key).to_string()
    }
}

/// Several lines, nothing in them that a literal block could not hold or would blur.
fn reads_well_as_literal(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.lines().all(|line| !line.ends_with([' ', '\t']))
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || !c.is_control())
        && !text.contains(['\u{2028}', '\u{2029}', '\u{FEFF}'])
}

fn literal(text: &str, indent: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    let keep = match ends {
        0 => "-",
        1 => "",
        _ => "+",
    };
    *out += &format!(" |{keep}\n");
    let pad = " ".repeat(indent);
    for line in body.split('\n') {
        if !line.is_empty() {
            *out += &pad;
            *out += line;
        }
        out.push('\n');
    }
    for _ in 1..ends {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::write;

    #[test]
    fn it_is_readable() {
        let value = json!({
            "name": "Mend: it",
            "files": [{ "path": "a.sh", "content": "one\n  two\n" }, { "path": "b", "content": "no end\nhere" }],
            "empty": [], "on": true, "odd": "a\r\nb\n",
        });
        assert_eq!(
            write(&value),
            "name: \"Mend: it\"\nfiles:\n  - path: \"a.sh\"\n    content: |\n      one\n        two\n  - path: \"b\"\n    \
             content: |-\n      no end\n      here\nempty: []\n\"on\": true\nodd: \"a\\r\\nb\\n\"\n"
        );
    }
}
