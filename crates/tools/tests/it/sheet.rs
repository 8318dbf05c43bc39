//! What a model sees, on one sheet.

use std::path::Path;

use mira_tools::{all, specs};
use serde_json::{Value, json};

/// The sheet that is checked in. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn the_sheet_shows_what_the_model_sees() {
    let sheet: Vec<Value> = specs(&all())
        .iter()
        .map(|spec| serde_json::to_value(spec).expect("plain words"))
        .collect();
    let shown = serde_json::to_string_pretty(&sheet).expect("JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tool-sheet.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &shown).expect("the sheet");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == shown,
        "crates/tools/tool-sheet.json is out of date; UPDATE_EXPECT=1 renews it"
    );
}

/// About 2,600 tokens: it is sent with every request.
#[test]
fn the_advertisement_is_small() {
    let bytes = serde_json::to_string(&specs(&all())).expect("JSON").len();
    assert!(bytes <= 11_000, "{bytes} bytes");
}

#[test]
fn schemas_are_plain() {
    for spec in specs(&all()) {
        let schema = &spec.parameters;
        assert_eq!(schema["type"], "object", "{}", spec.name);
        assert_eq!(
            schema["additionalProperties"],
            json!(false),
            "{}",
            spec.name
        );
        let text = schema.to_string();
        for noise in [
            "\"null\"",
            "$schema",
            "$ref",
            "\"title\"",
            "\"format\"",
            "anyOf",
            "\"default\"",
        ] {
            assert!(!text.contains(noise), "{} has {noise}", spec.name);
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            let known = schema["properties"].get(name.as_str().expect("a name"));
            assert!(known.is_some(), "{} requires {name}", spec.name);
        }
    }
}

#[test]
fn names_are_those_of_the_product() {
    let names: Vec<&str> = specs(&all()).iter().map(|spec| spec.name).collect();
    assert_eq!(
        names,
        [
            "read_project_file",
            "write_project_file",
            "edit_project_file",
            "search_codebase",
            "list_project_files",
            "get_file_summary",
            "run_command",
            "background_job",
            "run_tests",
            "git_log",
            "git_diff",
            "fetch_url",
            "web_search",
            "get_codebase_overview",
            "search_code_semantic",
            "find_function",
            "find_class_or_struct",
            "get_file_symbols",
            "get_element_definition",
            "find_callers",
            "find_tests_for_code",
            "find_imports",
            "analyze_dependencies",
            "get_complexity_hotspots",
            "get_quality_issues",
        ]
    );
}
