use std::collections::BTreeMap;

use super::*;

fn load(
    environment: &[(&str, &str)],
    file: &str,
    flags: &[(&str, &str)],
) -> Result<Settings, Failure> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), file).unwrap();
    let environment: BTreeMap<_, _> = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .chain([("HOME".to_owned(), "/home/someone".to_owned())])
        .collect();
    let flags = Flags {
        data_dir: None,
        config_dir: Some(folder.path().to_owned()),
        overrides: flags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    Settings::load_from(flags, &|name| environment.get(name).cloned())
}

#[test]
fn every_name_is_documented_and_its_default_is_the_default() {
    let bare = Settings::bare();
    for name in NAMES {
        assert!(
            name.doc.ends_with('.') && !name.legal.is_empty(),
            "{name:?}"
        );
        if name.secret || name.name.ends_with("_DIR") {
            continue;
        }
        assert_eq!(name.show(&bare), name.default, "{name:?}");
        let mut again = Settings::bare();
        name.apply(&mut again, name.default).unwrap();
        assert_eq!(again, bare, "{name:?}");
    }
    let mut names: Vec<_> = NAMES.iter().map(|name| name.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), NAMES.len());
}

#[test]
fn flag_wins_over_environment_over_file_over_default() {
    let file = "MIRA_PORT = 4001\n";
    let check = |settings: Settings, port, source| {
        assert_eq!(
            (settings.port, settings.source("MIRA_PORT")),
            (port, source)
        );
    };
    check(load(&[], "", &[]).unwrap(), 3001, Source::Default);
    check(load(&[], file, &[]).unwrap(), 4001, Source::ConfigFile);
    let environment = [("MIRA_PORT", "5001")];
    check(
        load(&environment, file, &[]).unwrap(),
        5001,
        Source::Environment,
    );
    check(
        load(&environment, file, &[("MIRA_PORT", "6001")]).unwrap(),
        6001,
        Source::Flag,
    );
    // Set to nothing is not set.
    check(
        load(&[("MIRA_PORT", "")], file, &[]).unwrap(),
        4001,
        Source::ConfigFile,
    );
}

#[test]
fn a_wrong_value_is_refused_with_its_name_its_value_and_what_is_legal() {
    for (name, value) in [
        ("MIRA_PORT", "70000"),
        ("MIRA_PORT", "x"),
        ("MODEL_ROUTER_ENABLED", "maybe"),
        ("BUDGET_DAILY_LIMIT_USD", "-1"),
        ("BUDGET_DAILY_LIMIT_USD", "1.2345678"),
        ("BUDGET_MONTHLY_LIMIT_USD", "."),
        ("OPENAI_BASE_URL", "api.openai.com/v1"),
        ("OPENAI_BASE_URL", "file:///etc/passwd"),
        ("LOCAL_BASE_URL", "http://"),
        ("MIRA_HOST", "somewhere"),
        ("MIRA_MAX_ITERATIONS", "0"),
        ("MIRA_LOG", "loud"),
        ("MODEL_CODE", "two words"),
    ] {
        let failure = load(&[(name, value)], "", &[]).unwrap_err();
        assert_eq!(failure.code, Code::BadParams);
        for part in [name, value, "environment", "not legal: "] {
            assert!(
                failure.message.contains(part),
                "{part} in {}",
                failure.message
            );
        }
    }
}

#[test]
fn secrets_are_masked_everywhere() {
    let secret = "sk-geheim geheim";
    let failure = load(&[("OPENAI_API_KEY", secret)], "", &[]).unwrap_err();
    assert!(!format!("{failure:?}").contains("geheim"), "{failure:?}");
    let settings = load(&[("OPENAI_API_KEY", "sk-geheim")], "", &[]).unwrap();
    assert!(!format!("{settings:?}").contains("geheim"));
    assert_eq!(settings.openai_api_key.unwrap().expose(), "sk-geheim");
    let failure = load(&[], "OPENAI_API_KEY = 'sk-geheim'", &[]).unwrap_err();
    assert!(!format!("{failure:?}").contains("geheim"), "{failure:?}");
    assert!(failure.hint.unwrap().contains("keychain"));
}

#[test]
fn a_config_file_that_makes_no_sense_is_refused() {
    for (file, part) in [
        ("MIRA_PROT = 1", "MIRA_PROT"),
        ("MIRA_PORT = [1]", "MIRA_PORT"),
        ("MIRA_CONFIG_DIR = '/x'", "MIRA_CONFIG_DIR"),
        ("= 1", "config.toml"),
    ] {
        let failure = load(&[], file, &[]).unwrap_err();
        assert!(
            failure.message.contains(part),
            "{file}: {}",
            failure.message
        );
    }
    let failure = load(&[], "", &[("MIRA_PROT", "1")]).unwrap_err();
    assert!(failure.message.contains("MIRA_PROT"));
}

#[test]
fn money_and_urls_are_taken_exactly() {
    let settings = load(
        &[
            ("BUDGET_DAILY_LIMIT_USD", "0.000001"),
            ("OPENAI_BASE_URL", "http://[::1]:8080/v1/"),
        ],
        "BUDGET_MONTHLY_LIMIT_USD = 12.5\nMIRA_MAX_ITERATIONS = 1_000\n",
        &[],
    )
    .unwrap();
    assert_eq!(settings.budget_daily_limit_micro_usd, Some(1));
    assert_eq!(settings.budget_monthly_limit_micro_usd, Some(12_500_000));
    assert_eq!(settings.openai_base_url, "http://[::1]:8080/v1");
    assert_eq!(settings.max_iterations, 1_000);
    for (micro, text) in [
        (0, "0"),
        (1, "0.000001"),
        (12_500_000, "12.5"),
        (3_000_000, "3"),
    ] {
        assert_eq!(show_dollars(micro), text);
        assert_eq!(value::dollars(text), Ok(micro));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn folders_follow_xdg() {
    let load = |pairs: &[(&str, &str)]| {
        let pairs: BTreeMap<_, _> = pairs.iter().copied().collect();
        Settings::load_from(Flags::default(), &|name| {
            pairs.get(name).map(|&text| text.to_owned())
        })
    };
    let settings = load(&[("HOME", "/nowhere/h")]).unwrap();
    assert_eq!(settings.data_dir, Path::new("/nowhere/h/.local/share/mira"));
    assert_eq!(settings.config_dir, Path::new("/nowhere/h/.config/mira"));
    let settings = load(&[
        ("HOME", "/nowhere/h"),
        ("XDG_DATA_HOME", "/x"),
        ("XDG_CONFIG_HOME", "rel"),
    ])
    .unwrap();
    assert_eq!(settings.data_dir, Path::new("/x/mira"));
    assert_eq!(settings.config_dir, Path::new("/nowhere/h/.config/mira"));
    let failure = load(&[]).unwrap_err();
    assert!(failure.hint.unwrap().contains("MIRA_DATA_DIR"));
    // Both given: no home folder is needed.
    load(&[("MIRA_DATA_DIR", "/d"), ("MIRA_CONFIG_DIR", "/nowhere/c")]).unwrap();
}

#[test]
fn keys_and_notifications_are_taken_as_words() {
    let settings = load(
        &[
            ("MIRA_SHORTCUTS", r#"{"palette":"mod+p","stop":""}"#),
            ("MIRA_NOTIFY", "waiting,failed"),
        ],
        "",
        &[],
    )
    .unwrap();
    assert_eq!(settings.look.shortcuts, r#"{"palette":"mod+p","stop":""}"#);
    assert!(!settings.notify.done && settings.notify.waiting && settings.notify.failed);
    let none = load(&[("MIRA_NOTIFY", "none")], "", &[]).unwrap();
    assert!(!none.notify.done && !none.notify.waiting && !none.notify.failed);
    for (name, wrong) in [
        ("MIRA_SHORTCUTS", "[]"),
        ("MIRA_SHORTCUTS", r#"{"a": 1}"#),
        ("MIRA_NOTIFY", "done, sometimes"),
        ("MIRA_THEME", "pink"),
        ("MIRA_TEXT_SIZE", "10"),
    ] {
        let failure = load(&[(name, wrong)], "", &[]).unwrap_err();
        assert!(failure.message.contains(name), "{}", failure.message);
    }
}
