//! What a provider can do wrong, over real HTTP: nothing shown is lost, shown twice, or run twice.

use mira_engine::settings::Settings;
use mira_protocol::operation::OperationState;
use mira_protocol::{Code, EventKind, StoredEvent};
use mira_testkit::{FakeVendor, Fault, Place, Reply, Script, TempProject, TestEngine, TextStyle};
use serde_json::json;

use crate::support::{
    check_laws, completed, end, messages, notices, project, results, say, say_in,
};

struct Played {
    vendor: FakeVendor,
    folder: TempProject,
    events: Vec<StoredEvent>,
}

/// One message against a vendor that says this; the vendor must have no objections.
async fn play(replies: impl IntoIterator<Item = Reply>) -> Played {
    play_tuned(replies, |_| {}).await
}

async fn play_tuned(
    replies: impl IntoIterator<Item = Reply>,
    tune: impl FnOnce(&mut Settings),
) -> Played {
    let vendor = FakeVendor::start(Script::new(replies));
    let url = vendor.url();
    let engine = TestEngine::tuned(None, |settings| {
        settings.openai_base_url = url;
        settings.openai_api_key = Some(mira_engine::settings::Secret::new("sk-test"));
        tune(settings);
    })
    .await;
    let (folder, id) = project(&engine, "-- a.txt\ncontent\n").await;
    let (started, events) = engine.ask(say(&id, "Work")).await;
    check_laws(&engine.events(&started.session_id).await);
    engine.engine.shutdown().await;
    vendor.assert_clean();
    assert_eq!(vendor.unused(), 0, "every reply was asked for");
    Played {
        vendor,
        folder,
        events,
    }
}

fn mark() -> Reply {
    Reply::call(
        "run_command",
        json!({ "command": "echo once >> marker.txt" }),
    )
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_with_a_notice() {
    let played = play([
        Reply::fault(Fault::RateLimited {
            retry_after_s: Some(0.1),
        }),
        Reply::text("Here."),
    ])
    .await;
    assert_eq!(completed(&played.events), "Here.");
    let said = notices(&played.events).join("\n");
    assert!(!said.is_empty(), "a wait is announced");
}

#[tokio::test]
async fn no_credit_a_wrong_key_or_model_or_url_end_at_once_with_the_next_step() {
    let cases = [
        (Fault::Quota, Code::QuotaExceeded),
        (Fault::Unauthorized, Code::KeyRejected),
        (Fault::ModelNotFound, Code::ModelNotFound),
        (Fault::NoSuchPath, Code::ProviderRefused),
        (Fault::Html, Code::ProviderRefused),
    ];
    for (fault, code) in cases {
        let played = play([Reply::fault(fault.clone())]).await;
        let (state, failure, _) = end(&played.events);
        assert_eq!(state, OperationState::Failed, "{fault:?}");
        let failure = failure.expect("a failure");
        assert_eq!(failure.code, code, "{fault:?}: {failure:?}");
        assert!(failure.hint.as_ref().is_some_and(|hint| !hint.is_empty()));
        let told = format!("{failure:?}");
        assert!(!told.contains("sk-test"), "the key is in {told}");
        assert_eq!(
            played.vendor.requests().len(),
            1,
            "{fault:?} is not retried"
        );
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_asked() {
    let engine = TestEngine::tuned(None, |_| {}).await;
    let (_folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(say(&id, "Work")).await;
    let failure = end(&events).1.expect("a failure");
    assert_eq!(failure.code, Code::KeyMissing);
    assert!(
        failure
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("OPENAI_API_KEY"))
    );
}

#[tokio::test]
async fn a_server_error_or_a_loading_server_is_tried_again() {
    for fault in [
        Fault::Status {
            status: 500,
            body: String::new(),
        },
        Fault::Status {
            status: 408,
            body: String::new(),
        },
        Fault::Loading,
        Fault::Reset { at: Place::Start },
        Fault::Failed {
            code: "server_error".into(),
        },
        Fault::ErrorEvent,
    ] {
        let played = play([Reply::fault(fault.clone()), Reply::text("Here.")]).await;
        assert_eq!(completed(&played.events), "Here.", "{fault:?}");
        assert_eq!(played.vendor.requests().len(), 2, "{fault:?}");
        assert!(
            !notices(&played.events).is_empty(),
            "{fault:?} is announced"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_broken_for_good_ends_the_operation() {
    let vendor = FakeVendor::start(Script::new([Reply::fault(Fault::Reset {
        at: Place::Start,
    })
    .always()]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(say(&id, "Work")).await;
    let failure = end(&events).1.expect("a failure");
    assert_eq!(failure.code, Code::ProviderUnreachable);
    assert!(vendor.requests().len() > 2, "it was tried again");
}

#[tokio::test]
async fn text_that_broke_off_goes_on_where_it_stopped() {
    let whole = "This sentence is whole, although the line broke in the midst of it.";
    for fault in [
        Fault::Reset { at: Place::Text },
        Fault::Eof { at: Place::Text },
    ] {
        let played = play([
            Reply::text(whole).with_fault(fault.clone()),
            Reply::text(whole),
        ])
        .await;
        assert_eq!(completed(&played.events), whole, "{fault:?}");
        assert_eq!(
            messages(&played.events),
            [(whole, false, false)],
            "{fault:?}: once and whole"
        );
    }
}

#[tokio::test]
async fn when_the_second_answer_differs_both_are_kept_and_marked() {
    let played = play([
        Reply::text("The first answer, which breaks off in its midst.")
            .with_fault(Fault::Reset { at: Place::Text }),
        Reply::text("Another answer altogether."),
    ])
    .await;
    assert_eq!(completed(&played.events), "Another answer altogether.");
    let told = messages(&played.events);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].0.starts_with("The first answer") && told[0].1 && told[0].2,
        "{told:?}"
    );
    assert_eq!(told[1], ("Another answer altogether.", false, false));
}

#[tokio::test]
async fn a_call_that_arrived_whole_is_run_exactly_once() {
    for fault in [
        Fault::Reset { at: Place::Calls },
        Fault::Eof { at: Place::Calls },
        Fault::Incomplete,
    ] {
        let played = play([mark().with_fault(fault.clone()), Reply::text("Done.")]).await;
        assert_eq!(completed(&played.events), "Done.", "{fault:?}");
        assert_eq!(played.folder.read("marker.txt"), "once\n", "{fault:?}");
        assert_eq!(results(&played.events).len(), 1, "{fault:?}");
        assert_eq!(played.vendor.requests().len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn odd_streams_are_read_as_they_are_meant() {
    let text = "Grüße aus Köln: ✓ 漢字 🙂 — all of it arrives.";
    for fault in [
        Fault::MalformedEvent,
        Fault::UnknownEvents,
        Fault::SplitBytes,
    ] {
        let played = play([Reply::text(text).with_fault(fault.clone())]).await;
        assert_eq!(completed(&played.events), text, "{fault:?}");
        assert_eq!(played.vendor.requests().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_stall_is_noticed_and_tried_again() {
    for at in [Place::Start, Place::Text] {
        let text = "It came in the end, after all that waiting.";
        let stalled = Reply::text(text).with_fault(Fault::Stall { at, ms: 60_000 });
        let played = play_tuned([stalled, Reply::text(text)], |settings| {
            settings.stall_timeout_ms = 300
        })
        .await;
        assert_eq!(completed(&played.events), text, "{at:?}");
        assert_eq!(messages(&played.events), [(text, false, false)], "{at:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_request_is_hung_up() {
    let vendor = FakeVendor::start(Script::new([Reply::text("never").gate("hold")]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = mira_testkit::Collector::new(&engine.engine);
    let started = engine.start(say(&id, "Work")).await;
    let it = mira_protocol::operation::OperationRef {
        operation_id: started.operation_id.clone(),
    };
    tokio::task::block_in_place(|| vendor.wait_gate("hold"));
    engine
        .engine
        .call(mira_protocol::table::calls::OperationCancel(it))
        .await
        .expect("cancelled");
    collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    tokio::task::block_in_place(|| vendor.wait_gone());
}

#[tokio::test]
async fn reasoning_comes_back_verbatim_and_five_figures_are_counted() {
    let usage = mira_llm::Usage {
        input: 2_000,
        cached: 1_024,
        cache_write: 512,
        output: 90,
        reasoning: 40,
    };
    let played = play([
        Reply::call("read_project_file", json!({ "path": "a.txt" }))
            .reasoning("First I read.")
            .usage(usage),
        Reply::call("list_project_files", json!({})).reasoning("Then I list."),
        Reply::text("Done."),
    ])
    .await;
    completed(&played.events);
    let counted = played.events.iter().find_map(|event| match event.kind {
        EventKind::ModelCallFinished { usage, .. } => Some(usage),
        _ => None,
    });
    let counted = counted.expect("a count");
    assert_eq!(
        [
            counted.input_tokens,
            counted.cached_tokens,
            counted.cache_write_tokens,
            counted.output_tokens,
            counted.reasoning_tokens
        ],
        [2_000, 1_024, 512, 90, 40]
    );
    assert!(played.events.iter().any(
        |event| matches!(&event.kind, EventKind::Reasoning { text, .. } if text == "First I read.")
    ));
}

#[tokio::test]
async fn the_whole_previous_input_stays_a_prefix() {
    let turns = (0..12).map(|at| match at % 3 {
        0 => Reply::text("I read.").and_call("read_project_file", json!({ "path": "a.txt" })),
        1 => Reply::call(
            "write_project_file",
            json!({ "path": "b.txt", "content": format!("{at}\n") }),
        ),
        _ => Reply::call("run_command", json!({ "command": "true" }))
            .and_call("list_project_files", json!({})),
    });
    let played = play(turns.chain([Reply::text("Done.")])).await;
    completed(&played.events);
    for seen in played.vendor.requests().iter().skip(1) {
        assert_eq!(
            seen.kept_input_bytes, seen.previous_input_bytes,
            "request {}",
            seen.number
        );
    }
    let first = &played.vendor.requests()[0];
    assert!(
        first.body_bytes / 4 <= 4_000,
        "the first request has {} bytes",
        first.body_bytes
    );
}

#[tokio::test]
async fn broken_arguments_come_back_as_an_error_and_the_history_stays_valid() {
    let played = play([
        Reply::default().and_raw_call("read_project_file", "{\"path\": \"a.t"),
        Reply::default().and_raw_call("no_such_tool", "{}"),
        Reply::text("Sorry."),
    ])
    .await;
    completed(&played.events);
    assert!(results(&played.events).iter().all(|(success, _)| !success));
}

/// The same through Chat Completions of a local server.
async fn local(replies: impl IntoIterator<Item = Reply>) -> Played {
    let vendor = FakeVendor::start(Script {
        models: vec!["small-coder".into()],
        ..Script::new(replies)
    });
    let url = vendor.url();
    let engine = TestEngine::tuned(None, |settings| settings.local_base_url = Some(url)).await;
    let (folder, id) = project(&engine, "-- a.txt\ncontent\n").await;
    let (started, events) = engine.ask(say(&id, "Work")).await;
    let again = engine.ask(say_in(&started.session_id, "Thanks")).await.1;
    completed(&again);
    check_laws(&engine.events(&started.session_id).await);
    vendor.assert_clean();
    Played {
        vendor,
        folder,
        events,
    }
}

#[tokio::test]
async fn a_local_server_is_spoken_to_in_its_own_dialect() {
    let played = local([
        Reply::text("I look.")
            .and_call("read_project_file", json!({ "path": "a.txt" }))
            .and_call("list_project_files", json!({})),
        Reply::text("It says content."),
        Reply::text("You are welcome."),
    ])
    .await;
    assert_eq!(completed(&played.events), "It says content.");
    assert!(
        played
            .vendor
            .requests()
            .iter()
            .all(|seen| seen.path == "/v1/chat/completions" && seen.model == "small-coder")
    );
}

#[tokio::test]
async fn calls_that_a_weak_model_writes_as_text_are_run_and_not_shown() {
    for style in [
        TextStyle::Fence,
        TextStyle::Bare,
        TextStyle::Tag,
        TextStyle::Tools,
    ] {
        let played = local([
            mark().with_fault(Fault::CallsAsText { style }),
            Reply::text("Marked."),
            Reply::text("You are welcome."),
        ])
        .await;
        assert_eq!(completed(&played.events), "Marked.", "{style:?}");
        assert_eq!(played.folder.read("marker.txt"), "once\n", "{style:?}");
        assert!(
            !messages(&played.events)
                .iter()
                .any(|(text, ..)| text.contains("run_command")),
            "{style:?}"
        );
    }
}

#[tokio::test]
async fn a_local_server_fails_like_any_other() {
    let played = local([
        Reply::fault(Fault::Loading),
        mark().with_fault(Fault::Reset { at: Place::Calls }),
        mark(),
        Reply::text("Half of this is lost and comes again.")
            .with_fault(Fault::Reset { at: Place::Text }),
        Reply::text("Half of this is lost and comes again."),
        Reply::text("You are welcome."),
    ])
    .await;
    assert_eq!(
        completed(&played.events),
        "Half of this is lost and comes again."
    );
    // Here nothing says that a call is whole before the answer ends: it is asked for again.
    assert_eq!(played.folder.read("marker.txt"), "once\n");
}
