//! Projects, settings, status, doctor: what surrounds the work.

use mira_protocol::project::*;
use mira_protocol::settings::{SetSetting, Setting};
use mira_protocol::system::{CheckState, Nothing, ReadLogs};
use mira_protocol::table::calls;
use mira_protocol::{Code, Event, Topic};
use mira_testkit::{ScriptedModel, ScriptedModels, TempProject, TestEngine};

async fn engine() -> TestEngine {
    TestEngine::with_model(&ScriptedModel::replies([])).await
}

fn open(path: impl Into<String>) -> calls::ProjectOpen {
    calls::ProjectOpen(OpenProject { path: path.into() })
}

#[tokio::test]
async fn a_folder_is_one_project_however_it_is_reached() {
    let on = engine().await;
    let folder = TempProject::new("");
    let root = folder.root().display().to_string();
    let first = on.engine.call(open(&root)).await.unwrap();
    let detour = on.engine.call(open(format!("{root}/./"))).await.unwrap();
    assert_eq!((detour.id.clone(), first.exists), (first.id.clone(), true));
    let update = UpdateProject {
        project_id: first.id.clone(),
        name: Some("Lake".into()),
        description: Some("birds".into()),
    };
    on.engine.call(calls::ProjectUpdate(update)).await.unwrap();
    let list = on
        .engine
        .call(calls::ProjectList(Nothing {}))
        .await
        .unwrap()
        .projects;
    assert_eq!(list.len(), 1);
    assert_eq!(
        (list[0].name.as_str(), list[0].description.as_str()),
        ("Lake", "birds")
    );

    let of = ProjectRef {
        project_id: first.id.clone(),
    };
    on.engine.call(calls::ProjectRemove(of)).await.unwrap();
    let list = on
        .engine
        .call(calls::ProjectList(Nothing {}))
        .await
        .unwrap()
        .projects;
    assert!(list.is_empty());
    assert!(folder.root().is_dir(), "nothing on disk is touched");
    assert_eq!(on.engine.call(open(&root)).await.unwrap().id, first.id);
}

#[tokio::test]
async fn what_cannot_be_a_project_is_refused() {
    let on = engine().await;
    let folder = TempProject::new("");
    let file = folder.root().join("file");
    std::fs::write(&file, "").unwrap();
    let data = on.data_dir();
    for path in [
        file.display().to_string(),
        folder.root().join("missing").display().to_string(),
        data.display().to_string(),
        data.join("blobs").display().to_string(),
        "/".into(),
        String::new(),
    ] {
        let failure = on.engine.call(open(&path)).await.unwrap_err();
        assert!(
            matches!(failure.code, Code::BadParams | Code::Refused),
            "{path:?}: {failure}"
        );
    }
}

#[tokio::test]
async fn a_new_project_gets_a_folder_of_its_own() {
    let on = engine().await;
    let create = |name: &str, path: Option<String>| {
        let request = CreateProject {
            name: name.into(),
            path,
            description: None,
        };
        on.engine.call(calls::ProjectCreate(request))
    };
    let first = create("Night Heron", None).await.unwrap();
    let second = create("Night Heron", None).await.unwrap();
    assert_ne!(first.path, second.path);
    assert!(
        first.path.ends_with("/projects/night-heron"),
        "{}",
        first.path
    );
    assert_eq!(second.name, "Night Heron");
    let outside = create("../../escape", None).await.unwrap();
    assert!(outside.path.contains("/projects/"), "{}", outside.path);

    let folder = TempProject::new("");
    let nested = folder.root().join("a/b").display().to_string();
    let made = create("Nested", Some(nested)).await.unwrap();
    assert!(made.exists);
    std::fs::write(format!("{}/x", made.path), "").unwrap();
    let failure = create("Again", Some(made.path.clone())).await.unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    assert_eq!(create("  ", None).await.unwrap_err().code, Code::BadParams);
}

#[tokio::test]
async fn guidelines_are_told() {
    let on = engine().await;
    let folder = TempProject::new("");
    std::fs::write(folder.root().join("AGENTS.md"), "Use tabs.").unwrap();
    let project = on.open(&folder).await;
    let of = ProjectRef {
        project_id: project.id,
    };
    let files = on
        .engine
        .call(calls::ProjectGuidelines(of))
        .await
        .unwrap()
        .files;
    assert_eq!(files.len(), 1);
    assert_eq!(
        (files[0].path.as_str(), files[0].content.as_str()),
        ("AGENTS.md", "Use tabs.")
    );
}

async fn setting(on: &TestEngine, name: &str) -> Setting {
    let list = on
        .engine
        .call(calls::SettingsList(Nothing {}))
        .await
        .unwrap();
    list.settings
        .into_iter()
        .find(|setting| setting.name == name)
        .unwrap()
}

fn set(name: &str, value: Option<&str>) -> calls::SettingsSet {
    calls::SettingsSet(SetSetting {
        name: name.into(),
        value: value.map(str::to_owned),
    })
}

#[tokio::test]
async fn a_saved_setting_holds_over_a_restart_and_goes_back() {
    const NAME: &str = "BUDGET_DAILY_LIMIT_USD";
    let on = engine().await;
    let mut heard = on.engine.events();
    on.engine.call(set(NAME, Some("2.50"))).await.unwrap();
    assert_eq!(
        on.engine.settings().budget_daily_limit_micro_usd,
        Some(2_500_000)
    );
    assert_eq!(*heard.recv().await.unwrap(), Event::Topic(Topic::Settings));
    let failure = on.engine.call(set(NAME, Some("lots"))).await.unwrap_err();
    assert_eq!(failure.code, Code::BadParams);
    assert!(failure.message.contains("\"lots\""), "{failure}");

    let TestEngine { engine, data } = on;
    engine.shutdown().await;
    drop(engine);
    let models = ScriptedModels::new(ScriptedModel::replies([]));
    let on = TestEngine::again(data, Some(models), |_| {}).await;
    let saved = setting(&on, NAME).await;
    assert_eq!(
        (saved.value.as_str(), saved.source.as_str()),
        ("2.5", "settings")
    );
    on.engine.call(set(NAME, None)).await.unwrap();
    let back = setting(&on, NAME).await;
    assert_eq!(
        (back.value.as_str(), back.source.as_str()),
        ("none", "default")
    );
    assert_eq!(on.engine.settings().budget_daily_limit_micro_usd, None);
}

#[tokio::test]
async fn the_environment_wins_over_what_was_saved_and_secrets_are_not_shown() {
    let env = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let on = TestEngine::from_env(vec![
        env("MIRA_MAX_ITERATIONS", "7"),
        env("OPENAI_API_KEY", "sk-geheim"),
    ])
    .await
    .unwrap();
    on.engine
        .call(set("MIRA_MAX_ITERATIONS", Some("9")))
        .await
        .unwrap();
    let shown = setting(&on, "MIRA_MAX_ITERATIONS").await;
    assert_eq!(
        (shown.value.as_str(), shown.source.as_str()),
        ("7", "environment")
    );
    assert!(!shown.editable);
    assert_eq!(on.engine.settings().max_iterations, 7);

    let list = on
        .engine
        .call(calls::SettingsList(Nothing {}))
        .await
        .unwrap();
    assert!(!serde_json::to_string(&list).unwrap().contains("geheim"));
    for (name, code) in [
        ("OPENAI_API_KEY", Code::Refused),
        ("MIRA_DATA_DIR", Code::Refused),
        ("NO_SUCH", Code::BadParams),
    ] {
        let failure = on.engine.call(set(name, Some("x"))).await.unwrap_err();
        assert_eq!(failure.code, code, "{name}");
    }
    for file in ["mira.db", "mira.db-wal"] {
        let stored = std::fs::read(on.data_dir().join(file)).unwrap();
        assert!(
            !String::from_utf8_lossy(&stored).contains("geheim"),
            "{file}"
        );
    }
}

#[tokio::test]
async fn status_doctor_and_logs_answer() {
    let on = engine().await;
    on.engine.set_listening(Some("ws://127.0.0.1:1/ws".into()));
    let status = on
        .engine
        .call(calls::SystemStatus(Nothing {}))
        .await
        .unwrap();
    assert_eq!(status.pid, std::process::id());
    assert_eq!(status.listening.as_deref(), Some("ws://127.0.0.1:1/ws"));
    assert!(status.memory_bytes > 1_000_000);
    let report = on
        .engine
        .call(calls::SystemDoctor(Nothing {}))
        .await
        .unwrap();
    for name in ["data directory", "database", "models", "socket"] {
        let check = report
            .checks
            .iter()
            .find(|check| check.name == name)
            .unwrap();
        assert_ne!(check.state, CheckState::Problem, "{check:?}");
    }
    for check in &report.checks {
        assert_eq!(
            check.state == CheckState::Ok,
            check.hint.is_none(),
            "{check:?}"
        );
    }
    std::fs::create_dir_all(on.data_dir().join("logs")).unwrap();
    std::fs::write(
        on.data_dir().join("logs/mira.jsonl"),
        "{\"a\":1}\n{\"a\":2}\n",
    )
    .unwrap();
    let read = ReadLogs { lines: Some(1) };
    let lines = on.engine.call(calls::SystemLogs(read)).await.unwrap().lines;
    assert_eq!(lines, ["{\"a\":2}"]);
    let budget = on.engine.call(calls::BudgetGet(Nothing {})).await.unwrap();
    assert_eq!(
        (budget.calls_today, budget.daily_limit_micro_usd),
        (0, None)
    );
}
