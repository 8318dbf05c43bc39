//! JSON Schemas as small as they can be: every byte is sent with every request.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The schema of `T`, everything inline, without titles, formats, defaults and null unions: an
/// optional field is one that is not in `required`.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    if let Value::Object(root) = &mut schema {
        root.remove("description");
        root.entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
    }
    trim(&mut schema);
    schema
}

fn trim(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    for noise in [
        "$schema", "title", "format", "default", "minimum", "maximum",
    ] {
        map.remove(noise);
    }
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|one| !one.is_null());
    }
    if let Some(Value::Array(mut branches)) = map.remove("anyOf") {
        branches.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
        match (branches.len(), branches.pop()) {
            (1, Some(Value::Object(only))) => {
                for (key, value) in only {
                    map.entry(key).or_insert(value);
                }
            }
            (_, last) => {
                branches.extend(last);
                map.insert("anyOf".into(), Value::Array(branches));
            }
        }
    }
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(trim);
        map.insert("additionalProperties".into(), Value::Bool(false));
    }
    if let Some(items) = map.get_mut("items") {
        trim(items);
    }
    if let Some(Value::String(description)) = map.get_mut("description") {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

/// The schema as a person would jot it down: `{"path": string, "limit"?: integer}`.
pub(crate) fn shape(schema: &Value) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" | ");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!("[{}]", schema.get("items").map_or("any".into(), shape)),
        Some("object") => {
            let required = required(schema);
            let fields = properties(schema).map(|(name, field)| {
                let mark = if required.contains(&name) { "" } else { "?" };
                format!("\"{name}\"{mark}: {}", shape(field))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    }
}

pub(crate) fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, field)| (name.as_str(), field))
}

pub(crate) fn required(schema: &Value) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
