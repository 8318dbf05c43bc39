//! Colours of commands: for the screen, also after a restart, and for nobody else.

use mira_protocol::EventKind;
use mira_protocol::job::ReadJob;
use mira_protocol::session::{ExportFormat, ExportSession, SearchSessions};
use mira_protocol::table::calls;
use mira_testkit::{Reply, ScriptedModel, TestEngine};
use serde_json::json;

use crate::support::{completed, project, restarted, say, say_in};

#[tokio::test]
async fn colours_come_back_after_a_restart_and_model_search_and_export_see_words() {
    // Made up, and written in two halves so that no scanner takes this file for a leak.
    let (half, rest) = ("ghp_zZ9yY8xX7wW6vV5", "uU4tT3sS2rR1qQ0pP9oO8");
    let command = format!(
        "printf '\\033[1;32mok\\033[0m 3 pass\\033[4med\\033[0m\\n\\033[2J\\033]0;title\\007plain\\n\
         \\033[31m{half}\\033[32m{rest}\\033[0m\\n'"
    );
    let model = ScriptedModel::replies([
        Reply::call("run_command", json!({ "command": command })),
        Reply::text("seen"),
        Reply::text("again"),
    ]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, "").await;
    let (started, events) = on.ask(say(&id, "run it")).await;
    assert_eq!(completed(&events), "seen");
    let session = started.session_id;

    let on = restarted(on, &model).await;
    let events = on.events(&session).await;
    let shown = events.iter().find_map(|event| match &event.kind {
        EventKind::ToolResult {
            output, coloured, ..
        } => Some((output.clone(), coloured.clone())),
        _ => None,
    });
    let (output, coloured) = shown.expect("a result");
    assert!(output.starts_with("ok 3 passed\nplain\n"), "{output:?}");
    let coloured = coloured.expect("colours");
    assert!(
        coloured.starts_with("\u{1b}[1;32mok\u{1b}[0m 3 pass\u{1b}[4med\u{1b}[0m\nplain\n"),
        "{coloured:?}"
    );
    assert_eq!(mira_workspace::colours::plain(&coloured), output);
    assert!(
        !output.contains(rest) && !coloured.contains(rest),
        "{coloured:?}"
    );

    on.ask(say_in(&session, "and now?")).await;
    let prompts = format!("{:?}", model.turns());
    assert!(prompts.contains("ok 3 passed") && !prompts.contains("\\u{1b}"));
    let search = SearchSessions {
        query: "passed".into(),
        ..SearchSessions::default()
    };
    let found = on.engine.call(calls::SessionSearch(search)).await;
    assert!(!found.expect("a search").hits.is_empty());
    for format in [ExportFormat::Markdown, ExportFormat::Html] {
        let export = ExportSession {
            session_id: session.clone(),
            format,
        };
        let export = on.engine.call(calls::SessionExport(export)).await;
        let text = export.expect("an export").content;
        assert!(text.contains("ok 3 passed") && !text.contains('\u{1b}'));
    }
}

#[tokio::test]
async fn a_background_command_keeps_its_colours_in_the_panel_and_where_a_model_read_it() {
    let (half, rest) = ("ghp_zZ9yY8xX7wW6vV5", "uU4tT3sS2rR1qQ0pP9oO8");
    let command = format!(
        "printf '\\033[1;32mready\\033[0m on 5199\\n\\033[31m{half}\\033[32m{rest}\\033[0m\\nplain\\n'"
    );
    let begin = json!({ "command": command, "background": true });
    let model = ScriptedModel::replies([Reply::call("run_command", begin), Reply::text("begun")]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, "").await;
    let mut collector = mira_testkit::Collector::new(&on.engine);
    let (started, _) = on.ask(say(&id, "serve")).await;
    let session = started.session_id;
    let ended =
        |event: &mira_protocol::StoredEvent| matches!(event.kind, EventKind::JobFinished { .. });
    let events = collector.until(&session, 0, ended).await.unwrap();
    let job_id = events.iter().find_map(|event| match &event.kind {
        EventKind::JobStarted { job_id, .. } => Some(job_id.clone()),
        _ => None,
    });
    let job_id = job_id.expect("a background command");

    let read = async |offset| {
        let job_id = job_id.clone();
        let request = calls::JobOutput(ReadJob { job_id, offset });
        on.engine.call(request).await.expect("its output")
    };
    let ready = "\u{1b}[1;32mready\u{1b}[0m on 5199\n";
    let output = read(0).await;
    let coloured = output.coloured.expect("colours");
    assert!(coloured.starts_with(ready), "{coloured:?}");
    assert_eq!(mira_workspace::colours::plain(&coloured), output.text);
    assert!(!coloured.contains(rest), "{coloured:?}");
    let plain = read(output.next_offset - "plain\n".len() as u64).await;
    assert_eq!((plain.text.as_str(), plain.coloured), ("plain\n", None));

    let look = json!({ "action": "read", "job_id": job_id });
    model.then([Reply::call("background_job", look), Reply::text("seen")]);
    on.ask(say_in(&session, "what does it say?")).await;
    drop(collector);
    assert!(!format!("{:?}", model.turns()).contains("\\u{1b}"));
    let on = restarted(on, &model).await;
    let kept = on.events(&session).await.into_iter().any(|event| {
        matches!(event.kind, EventKind::ToolResult { coloured: Some(text), .. } if text.starts_with(ready))
    });
    assert!(kept, "the colours are stored with the result");
}
