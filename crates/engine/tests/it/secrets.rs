//! Secrets: masked for the model, in the database and in the log, kept whole on disk.

use std::path::Path;

use mira_protocol::EventKind;
use mira_protocol::approval::Decision;
use mira_protocol::operation::{ApproveMode, StartOperation};
use mira_testkit::{Collector, Reply, ScriptedModel, TestEngine};
use serde_json::json;

use crate::support::{completed, project, results, say};

/// Made up, and written in two halves so that no scanner takes this file for a leak.
fn token() -> String {
    format!("{}{}", "ghp_", "zZ9yY8xX7wW6vV5uU4tT3sS2rR1qQ0pP9oO8")
}

fn password() -> String {
    format!("{}{}", "correct-horse-", "battery-77")
}

/// Files below `folder` that hold the text, by name.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path)
                && bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn what_the_person_and_the_files_say_is_masked_everywhere_but_on_disk() {
    let model = ScriptedModel::replies([
        Reply::call("read_project_file", json!({ "path": "deploy.yml" })),
        Reply::call("run_command", json!({ "command": "cat deploy.yml" })),
        Reply::call("search_codebase", json!({ "pattern": "token" })),
        Reply::text("seen"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let line = format!("token: {}\n", token());
    folder.write("deploy.yml", &line);
    let request = say(
        &id,
        &format!("deploy with Authorization: Bearer {}", token()),
    );
    let (_, events) = engine.ask(request).await;
    assert_eq!(completed(&events), "seen");

    let told = format!("{:?}", model.prompts());
    assert!(!told.contains(&token()), "told to the model");
    assert!(told.contains("[secret:github-token:"));
    assert!(
        !serde_json::to_string(&events)
            .expect("JSON")
            .contains(&token())
    );
    // Undo keeps whole files, the person's own, where only they can read.
    let kept = engine.data_dir().join("blobs").display().to_string();
    let mut holding = holding(&engine.data_dir(), &token());
    holding.retain(|path| !path.starts_with(&kept));
    assert_eq!(holding, Vec::<String>::new());
    assert_eq!(folder.read("deploy.yml"), line);
    model.assert_clean();
}

#[tokio::test]
async fn an_edit_keeps_the_secret_that_the_model_never_saw() {
    let model = ScriptedModel::replies([
        Reply::call("read_project_file", json!({ "path": "app.toml" })),
        Reply::text("read"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    folder.write(
        "app.toml",
        format!("name = \"a\"\npassword = \"{}\"\n", password()),
    );
    let (_, events) = engine.ask(say(&id, "read it")).await;
    let shown = results(&events)[0].1.to_owned();
    assert!(!shown.contains(&password()), "{shown}");
    let mark = shown
        .split('"')
        .find(|part| part.starts_with("[secret:"))
        .expect("a mark")
        .to_owned();

    let copied = json!({ "path": "copy.toml", "content": format!("password = \"{mark}\"\n") });
    model.then([
        Reply::call(
            "edit_project_file",
            json!({ "path": "app.toml", "edits": [{
                "old": format!("name = \"a\"\npassword = \"{mark}\""),
                "new": format!("name = \"b\"\npassword = \"{mark}\""),
            }] }),
        ),
        Reply::call("write_project_file", copied),
        Reply::call("run_command", json!({ "command": format!("echo {mark}") })),
        Reply::text("done"),
    ]);
    let (_, events) = engine.ask(say(&id, "rename it")).await;
    let results = results(&events);
    assert!(results[0].0, "{results:?}");
    assert_eq!(
        folder.read("app.toml"),
        format!("name = \"b\"\npassword = \"{}\"\n", password())
    );
    assert!(!results[1].0 && results[1].1.contains("stands for a secret"));
    assert!(!folder.exists("copy.toml"));
    assert!(!results[2].0 && results[2].1.contains("[secret:"));
    model.assert_clean();
}

#[tokio::test]
async fn a_secret_file_is_read_only_when_the_person_says_so() {
    let read = || Reply::call("read_project_file", json!({ "path": ".env" }));
    let model = ScriptedModel::replies([
        read(),
        Reply::text("not read"),
        read(),
        Reply::text("read"),
        read(),
        Reply::text("read again"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    folder.write(".env", format!("MODE=dev\nDB_URL={}\n", password()));
    let ask = |content: &str| StartOperation {
        approve: ApproveMode::Ask,
        ..say(&id, content)
    };
    for (decision, answer) in [(Decision::Deny, "not read"), (Decision::Always, "read")] {
        let mut collector = Collector::new(&engine.engine);
        collector.decide(vec![decision]);
        let started = engine.start(ask("look")).await;
        let events = collector
            .finished(&started.session_id, &started.operation_id)
            .await
            .expect("an end");
        assert_eq!(completed(&events), answer);
        let asked = events.iter().find_map(|event| match &event.kind {
            EventKind::ApprovalRequested { approval } => Some(approval.command.clone()),
            _ => None,
        });
        assert_eq!(asked.as_deref(), Some("read .env"));
        let output = results(&events)[0].1;
        assert!(!output.contains(&password()));
        assert_eq!(
            output.contains("DB_URL=[secret:env-value:"),
            answer == "read"
        );
    }
    // Remembered: nobody is asked the third time.
    let (_, events) = engine.ask(ask("look again")).await;
    assert_eq!(completed(&events), "read again");
    model.assert_clean();
}

#[tokio::test]
async fn marks_stay_the_same_after_a_restart_and_their_key_is_the_owners_alone() {
    let read = || {
        ScriptedModel::replies([
            Reply::call("read_project_file", json!({ "path": "deploy.yml" })),
            Reply::text("seen"),
        ])
    };
    let model = read();
    let first = TestEngine::with_model(&model).await;
    let (folder, id) = project(&first, "").await;
    folder.write("deploy.yml", format!("token: {}\n", token()));
    let (_, events) = first.ask(say(&id, "look")).await;
    let before = results(&events)[0].1.to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(first.data_dir().join("mask-key"))
            .expect("a key")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    first.engine.shutdown().await;
    let data = first.data.clone();
    drop(first);
    let model = read();
    let models = mira_testkit::ScriptedModels::new(model.clone());
    let second = TestEngine::again(data, Some(models), |_| {}).await;
    let (_, events) = second.ask(say(&id, "look")).await;
    assert_eq!(results(&events)[0].1, before);
}

/// Neither the file's name nor the value's look helps where a command prints it some other way.
#[tokio::test]
async fn values_of_env_files_are_masked_in_whatever_a_command_prints() {
    let line = ". ./.env; echo \"it is $ADMIN_PASS in $NODE_ENV\"; tail -c +6 .env";
    let model = ScriptedModel::replies([
        Reply::call("run_command", json!({ "command": line })),
        Reply::text("seen"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    folder.write(".gitignore", ".env\n");
    folder.write(
        ".env",
        format!("NODE_ENV=development\nADMIN_PASS={}\n", password()),
    );
    let request = StartOperation {
        approve: ApproveMode::All,
        ..say(&id, "look")
    };
    let (_, events) = engine.ask(request).await;
    assert_eq!(completed(&events), "seen");
    let (success, output) = results(&events)[0];
    assert!(success, "{output}");
    assert!(output.contains("it is [secret:env-value:"), "{output}");
    assert!(output.contains("in development"), "{output}");
    assert!(!output.contains(&password()), "{output}");
    engine.engine.shutdown().await;
    let found = holding(&engine.data_dir(), &password());
    let kept: Vec<&String> = found
        .iter()
        .filter(|path| !path.contains("/blobs/"))
        .collect();
    assert_eq!(kept, [] as [&String; 0]);
    model.assert_clean();
}
