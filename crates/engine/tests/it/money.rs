//! Caps that hold: reserved before, settled after, paused between, decided by the person.

use mira_protocol::budget::*;
use mira_protocol::message::EstimateMessage;
use mira_protocol::operation::{OperationState, StartOperation, Tier};
use mira_protocol::route::{ExplainRoute, RouteRule, SetRouteChoice};
use mira_protocol::session::SessionRef;
use mira_protocol::settings::SetSetting;
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, OperationId, ProjectId, StoredEvent};
use mira_testkit::{
    Collector, FakeVendor, Fault, Reply, Script, ScriptedModel, ScriptedModels, TestEngine,
};
use serde_json::json;

use crate::support::{check_laws, completed, end, ledger, project, say, say_in};

/// A dollar for a million input tokens, ten for a million output tokens.
async fn priced(
    model: &ScriptedModel,
    tune: impl FnOnce(&mut mira_engine::settings::Settings),
) -> TestEngine {
    let models = ScriptedModels::new(model.clone()).priced();
    TestEngine::tuned(Some(models), |settings| {
        settings.output_limit_tokens = 1_000;
        tune(settings);
    })
    .await
}

const fn dear(input: u64, output: u64) -> mira_llm::Usage {
    mira_llm::Usage {
        input,
        output,
        cached: 0,
        cache_write: 0,
        reasoning: 0,
    }
}

async fn decide(engine: &TestEngine, operation: &OperationId, choice: PauseChoice) {
    let decide = DecidePause {
        operation_id: operation.clone(),
        choice,
        amount_micro_usd: None,
    };
    engine
        .engine
        .call(calls::BudgetDecide(decide))
        .await
        .expect("a paused operation");
}

/// Starts, waits for the pause, chooses, waits for the end.
async fn ask_and_choose(
    engine: &TestEngine,
    request: StartOperation,
    choice: PauseChoice,
) -> (Pause, Vec<StoredEvent>) {
    let mut collector = Collector::new(&engine.engine);
    let started = engine.start(request).await;
    let is_mine = |event: &StoredEvent| event.operation_id.as_ref() == Some(&started.operation_id);
    let seen = collector
        .until(&started.session_id, 0, |event| {
            is_mine(event) && matches!(event.kind, EventKind::BudgetPaused { .. })
        })
        .await
        .expect("a pause");
    let pause = seen.into_iter().rev().find_map(|event| match event.kind {
        EventKind::BudgetPaused { pause } => Some(pause),
        _ => None,
    });
    let listed = engine
        .engine
        .call(calls::BudgetPauses(Nothing {}))
        .await
        .expect("pauses");
    assert_eq!(listed.pauses.len(), 1);
    decide(engine, &started.operation_id, choice).await;
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    (pause.expect("a pause"), events)
}

async fn total(engine: &TestEngine) -> Spend {
    let query = SpendQuery::default();
    let table = engine.engine.call(calls::BudgetSpend(query)).await;
    table.expect("a view").total
}

fn read() -> Reply {
    Reply::call("read_project_file", json!({ "path": "a.txt" }))
}

#[tokio::test]
async fn a_cost_limit_pauses_before_the_call_that_could_pass_it() {
    let big = dear(100_000, 1_000);
    let model = ScriptedModel::replies([read().usage(big), read().usage(big), Reply::text("x")]);
    let engine = priced(&model, |_| {}).await;
    let (_folder, id) = project(&engine, "-- a.txt\nx\n").await;
    let limited = StartOperation {
        max_cost_micro_usd: Some(240_000),
        ..say(&id, "Look")
    };
    let (pause, events) = ask_and_choose(&engine, limited, PauseChoice::Stop).await;
    assert_eq!(pause.caps[0].source, "--max-cost");
    assert_eq!(pause.caps[0].spent_micro_usd, 220_000);
    assert!(!pause.waits_for_others && pause.missing_micro_usd > 0);
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Failed);
    let failure = failure.expect("why");
    assert_eq!(failure.code, Code::BudgetExceeded);
    assert!(
        failure
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains("--max-cost"))
    );
    assert_eq!(model.turns().len(), 2, "two requests at 0.11 dollars each");
    assert_eq!(total(&engine).await.cost_micro_usd, 220_000);
    model.assert_clean();
}

#[tokio::test]
async fn a_pause_can_be_decided_as_soon_as_it_is_told() {
    let model = ScriptedModel::replies([]);
    let engine = priced(&model, |_| {}).await;
    let (_folder, id) = project(&engine, "-- a.txt\nx\n").await;
    for _ in 0..30 {
        let poor = StartOperation {
            max_cost_micro_usd: Some(1),
            ..say(&id, "Look")
        };
        let (_, events) = ask_and_choose(&engine, poor, PauseChoice::Stop).await;
        assert_eq!(end(&events).0, OperationState::Failed);
    }
    assert_eq!(model.turns().len(), 0);
}

#[tokio::test]
async fn raised_once_it_goes_on_and_the_cap_stays() {
    let model = ScriptedModel::replies([
        Reply::text("one").usage(dear(400_000, 0)),
        // Enough that what is left of the raise does not hold another call.
        Reply::text("two").usage(dear(10_000, 10)),
        Reply::text("three").usage(dear(100, 10)),
    ]);
    let engine = priced(&model, |settings| {
        settings.budget_daily_limit_micro_usd = Some(400_000);
    })
    .await;
    let (_folder, id) = project(&engine, "").await;
    completed(&engine.ask(say(&id, "first")).await.1);
    let (pause, events) = ask_and_choose(&engine, say(&id, "second"), PauseChoice::RaiseOnce).await;
    assert_eq!(pause.caps[0].source, "BUDGET_DAILY_LIMIT_USD");
    assert_eq!(completed(&events), "two");
    let resumed = events.iter().find_map(|event| match &event.kind {
        EventKind::BudgetResumed { choice, .. } => *choice,
        _ => None,
    });
    assert_eq!(resumed, Some(PauseChoice::RaiseOnce));
    let caps = engine.engine.call(calls::BudgetCaps(Nothing {})).await;
    let day = &caps.expect("caps").caps[0];
    assert_eq!(day.limit_micro_usd, 400_000);
    assert!(day.raised_micro_usd > 0);
    assert!(day.spent_micro_usd <= day.limit_micro_usd + day.raised_micro_usd);
    let (_, events) = ask_and_choose(&engine, say(&id, "third"), PauseChoice::RaiseForGood).await;
    assert_eq!(completed(&events), "three");
    let now = engine.engine.settings().budget_daily_limit_micro_usd;
    assert!(now.is_some_and(|limit| limit > 400_000 && limit % 100_000 == 0));
    model.assert_clean();
}

#[tokio::test]
async fn a_raise_elsewhere_a_higher_setting_and_a_cancel_end_the_wait() {
    let model = ScriptedModel::replies([Reply::text("a"), Reply::text("b")]);
    let engine = priced(&model, |settings| {
        settings.budget_daily_limit_micro_usd = Some(10);
    })
    .await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let paused = |event: &StoredEvent| matches!(event.kind, EventKind::BudgetPaused { .. });

    let first = engine.start(say(&id, "raise")).await;
    collector.until(&first.session_id, 0, paused).await.unwrap();
    let raise = RaiseCap {
        period: CapPeriod::Day,
        project_id: None,
        operation_id: None,
        session_id: None,
        by_micro_usd: 100_000,
    };
    engine.engine.call(calls::BudgetRaise(raise)).await.unwrap();
    let events = collector
        .finished(&first.session_id, &first.operation_id)
        .await
        .unwrap();
    assert_eq!(completed(&events), "a");

    // A project's cap is in the way now.
    let set = |limit_micro_usd| SetCap {
        period: CapPeriod::Month,
        project_id: Some(id.clone()),
        limit_micro_usd,
    };
    engine
        .engine
        .call(calls::BudgetSetCap(set(Some(1))))
        .await
        .unwrap();
    let second = engine.start(say(&id, "remove")).await;
    collector
        .until(&second.session_id, 0, paused)
        .await
        .unwrap();
    engine
        .engine
        .call(calls::BudgetSetCap(set(None)))
        .await
        .unwrap();
    let events = collector
        .finished(&second.session_id, &second.operation_id)
        .await
        .unwrap();
    assert_eq!(completed(&events), "b");

    engine
        .engine
        .call(calls::BudgetSetCap(set(Some(1))))
        .await
        .unwrap();
    let third = engine.start(say(&id, "cancel")).await;
    collector.until(&third.session_id, 0, paused).await.unwrap();
    let of = mira_protocol::operation::OperationRef {
        operation_id: third.operation_id.clone(),
    };
    engine
        .engine
        .call(calls::OperationCancel(of))
        .await
        .unwrap();
    let events = collector
        .finished(&third.session_id, &third.operation_id)
        .await
        .unwrap();
    assert_eq!(end(&events).0, OperationState::Cancelled);
    let left = engine.engine.call(calls::BudgetPauses(Nothing {})).await;
    assert!(left.unwrap().pauses.is_empty());
    check_laws(&engine.events(&third.session_id).await);
}

#[tokio::test]
async fn a_cap_that_is_set_is_exactly_that_whatever_was_added_before() {
    let model = ScriptedModel::replies([]);
    let engine = priced(&model, |_| {}).await;
    let raise = || {
        calls::BudgetRaise(RaiseCap {
            period: CapPeriod::Day,
            project_id: None,
            operation_id: None,
            session_id: None,
            by_micro_usd: 3_000_000,
        })
    };
    let none = engine.engine.call(raise()).await.unwrap_err();
    assert_eq!(none.code, Code::Conflict, "{none:?}");

    let set = |limit| {
        calls::BudgetSetCap(SetCap {
            period: CapPeriod::Day,
            project_id: None,
            limit_micro_usd: Some(limit),
        })
    };
    let stands = |list: &CapList| {
        let cap = &list.caps[0];
        (cap.limit_micro_usd, cap.raised_micro_usd)
    };
    let caps = engine.engine.call(set(1_000_000)).await.unwrap();
    assert_eq!(
        stands(&caps),
        (1_000_000, 0),
        "nothing was kept of the raise"
    );
    let caps = engine.engine.call(raise()).await.unwrap();
    assert_eq!(stands(&caps), (1_000_000, 3_000_000));
    let caps = engine.engine.call(set(50_000)).await.unwrap();
    assert_eq!(stands(&caps), (50_000, 0));

    engine.engine.call(raise()).await.unwrap();
    let setting = SetSetting {
        name: "BUDGET_DAILY_LIMIT_USD".into(),
        value: Some("0.02".into()),
    };
    engine
        .engine
        .call(calls::SettingsSet(setting))
        .await
        .unwrap();
    let caps = engine.engine.call(calls::BudgetCaps(Nothing {})).await;
    assert_eq!(stands(&caps.unwrap()), (20_000, 0));
}

/// A day cap of $0.50 and 20 operations at once: never passed; the paused ones resume.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_operations_share_one_day_and_go_on_after_a_raise() {
    const CAP: i64 = 500_000;
    // Within what the requests allow (a token a byte, a thousand of output): beyond it a vendor
    // may pass the cap.
    const FIRST: mira_llm::Usage = dear(7_000, 950);
    const SECOND: mira_llm::Usage = dear(7_100, 950);
    let work = |at: usize| {
        let task = format!("task {at:02}.");
        let read = Reply::call("read_project_file", json!({ "path": "a.txt" }));
        [
            read.usage(FIRST).when_user(&task),
            Reply::text("done").usage(SECOND).when_user(&task),
        ]
    };
    let model = ScriptedModel::replies((0..20).flat_map(work));
    let engine = priced(&model, |settings| {
        settings.budget_daily_limit_micro_usd = Some(CAP);
    })
    .await;
    let (_folder, id) = project(&engine, "-- a.txt\nx\n").await;
    let watched = engine.engine.clone();
    let watch = async {
        let mut heard = watched.events();
        let mut most = 0;
        while heard.recv().await.is_ok() {
            let Ok(caps) = watched.call(calls::BudgetCaps(Nothing {})).await else {
                break;
            };
            let cap = &caps.caps[0];
            let limit = cap.limit_micro_usd + cap.raised_micro_usd;
            let used = cap.spent_micro_usd + cap.reserved_micro_usd;
            assert!(used <= limit, "{used} of {limit}");
            most = most.max(used);
        }
        most
    };
    let work = async {
        let mut started = Vec::new();
        for at in 0..20 {
            started.push(engine.start(say(&id, &format!("task {at:02}."))).await);
        }
        // Until everything that fits has run, and all others wait for the person.
        let mut heard = engine.engine.events();
        let paused = loop {
            let running = engine
                .engine
                .call(calls::SystemStatus(Nothing {}))
                .await
                .unwrap()
                .running_operations as usize;
            let pauses = engine.engine.call(calls::BudgetPauses(Nothing {})).await;
            let waiting = pauses.unwrap().pauses;
            if waiting.len() == running && waiting.iter().all(|pause| !pause.waits_for_others) {
                break waiting;
            }
            let _ = heard.recv().await;
        };
        let spent = total(&engine).await.cost_micro_usd;
        assert!(spent <= CAP, "{spent}");
        assert!(spent > CAP / 2, "the cap was used: {spent}");
        // 20 operations cost 20 · (0.0165 + 0.0166) dollars: some of them wait.
        assert!((3..=15).contains(&paused.len()), "{} wait", paused.len());
        let raise = RaiseCap {
            period: CapPeriod::Day,
            project_id: None,
            operation_id: None,
            session_id: None,
            by_micro_usd: 1_000_000,
        };
        engine.engine.call(calls::BudgetRaise(raise)).await.unwrap();
        let mut collector = Collector::new(&engine.engine);
        for one in &started {
            let events = collector
                .finished(&one.session_id, &one.operation_id)
                .await
                .unwrap();
            assert_eq!(completed(&events), "done");
        }
        assert_eq!(total(&engine).await.cost_micro_usd, 20 * (16_500 + 16_600));
    };
    tokio::select! {
        _ = watch => panic!("the engine went silent"),
        () = work => {}
    }
    model.assert_clean();
}

#[tokio::test]
async fn the_next_request_is_priced_before_it_is_sent() {
    let model =
        ScriptedModel::replies([Reply::text("a long answer ".repeat(400)).usage(dear(100, 50))]);
    let engine = priced(&model, |_| {}).await;
    let (_folder, id) = project(&engine, "").await;
    let estimate = async |session| {
        let message = EstimateMessage {
            content: "and now rename it".into(),
            project_id: Some(id.clone()),
            session_id: session,
            ..EstimateMessage::default()
        };
        let told = engine.engine.call(calls::OperationEstimate(message)).await;
        told.expect("an estimate")
    };
    let first = estimate(None).await;
    // Instructions and tools go along, and an answer comes.
    assert!(first.prompt_tokens > first.message_tokens);
    assert!(first.input_micro_usd > Some(0) && first.expected_micro_usd > first.input_micro_usd);
    let (started, events) = engine.ask(say(&id, "begin")).await;
    completed(&events);
    let next = estimate(Some(started.session_id)).await;
    assert!(
        next.prompt_tokens > first.prompt_tokens + 1_000,
        "the conversation so far goes along: {} → {}",
        first.prompt_tokens,
        next.prompt_tokens
    );
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_unless_allowed() {
    let model = ScriptedModel::replies([Reply::text("free")]);
    let models = ScriptedModels {
        prices: None,
        ..ScriptedModels::new(model.clone())
    };
    let engine = TestEngine::tuned(Some(models), |_| {}).await;
    let (_folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(say(&id, "hi")).await;
    let failure = end(&events).1.expect("refused");
    assert_eq!(failure.code, Code::BudgetExceeded);
    assert!(
        failure
            .hint
            .as_deref()
            .is_some_and(|hint| hint.contains("BUDGET_ALLOW_UNPRICED"))
    );
    assert!(model.turns().is_empty());
    let allow = SetSetting {
        name: "BUDGET_ALLOW_UNPRICED".into(),
        value: Some("true".into()),
    };
    engine.engine.call(calls::SettingsSet(allow)).await.unwrap();
    assert_eq!(completed(&engine.ask(say(&id, "hi")).await.1), "free");
    let spend = total(&engine).await;
    assert_eq!((spend.calls, spend.unpriced_calls), (1, 1));
}

#[tokio::test]
async fn what_a_crash_leaves_reserved_stays_spent_until_it_is_reconciled() {
    let model = ScriptedModel::replies([Reply::text("never whole").gate_after_text("held")]);
    let engine = priced(&model, |settings| {
        settings.budget_daily_limit_micro_usd = Some(1_000_000);
    })
    .await;
    let (_folder, id) = project(&engine, "").await;
    let started = engine.start(say(&id, "go")).await;
    model.wait_gate("held").await;
    // As after `kill -9`: the file as it is now, and a new engine on it.
    let data = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let to = data.path().join("data");
    std::fs::create_dir_all(&to).unwrap();
    for file in ["mira.db", "mira.db-wal"] {
        std::fs::copy(engine.data_dir().join(file), to.join(file)).unwrap();
    }
    let models = ScriptedModels::new(ScriptedModel::replies([])).priced();
    let again = TestEngine::again(data, Some(models), |_| {}).await;
    let spend = total(&again).await;
    assert_eq!((spend.calls, spend.kept_calls), (1, 1));
    assert!(spend.cost_micro_usd > 0 && spend.kept_micro_usd == spend.cost_micro_usd);
    let call = &ledger(&again).await[0];
    assert_eq!(call.outcome, "unsettled");
    assert_eq!(call.cost_micro_usd, call.reserved_micro_usd);
    let operation = again
        .engine
        .call(calls::OperationGet(
            mira_protocol::operation::OperationRef {
                operation_id: started.operation_id.clone(),
            },
        ))
        .await
        .unwrap();
    assert_eq!(operation.state, OperationState::Interrupted);
    assert_eq!(operation.cost_micro_usd, spend.cost_micro_usd);
    let done = again
        .engine
        .call(calls::BudgetReconcile(Reconcile {
            ids: vec![call.id],
            cost_micro_usd: Some(123),
        }))
        .await
        .unwrap();
    assert_eq!((done.calls, done.after_micro_usd), (1, 123));
    let spend = total(&again).await;
    assert_eq!((spend.cost_micro_usd, spend.kept_calls), (123, 0));
    let twice = Reconcile {
        ids: vec![call.id],
        cost_micro_usd: Some(0),
    };
    let failure = again.engine.call(calls::BudgetReconcile(twice)).await;
    assert_eq!(failure.unwrap_err().code, Code::Conflict);
    model.release("held");
}

#[tokio::test]
async fn broken_and_refused_attempts_have_rows_of_their_own() {
    let vendor = FakeVendor::start(Script::new([
        Reply::fault(Fault::Status {
            status: 500,
            body: String::new(),
        }),
        Reply::text("half of a sentence that breaks").with_fault(Fault::Reset {
            at: mira_testkit::Place::Text,
        }),
        Reply::text("whole"),
        Reply::fault(Fault::Quota),
    ]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "").await;
    assert_eq!(completed(&engine.ask(say(&id, "why?")).await.1), "whole");
    let (_, events) = engine.ask(say(&id, "and why?")).await;
    assert_eq!(end(&events).1.unwrap().code, Code::QuotaExceeded);
    let rows = ledger(&engine).await;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.outcome.as_str(), row.settlement))
        .collect();
    assert_eq!(
        shown,
        [
            ("error", Settlement::Settled),
            ("broken", Settlement::Kept),
            ("stop", Settlement::Settled),
            ("error", Settlement::Settled)
        ]
    );
    assert_eq!(rows[0].cost_micro_usd, Some(0));
    assert!(rows[1].cost_micro_usd > Some(0));
    assert_eq!(rows[3].cost_micro_usd, Some(0));
    vendor.assert_clean();
}

#[tokio::test]
async fn what_reached_nobody_costs_nothing() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let engine = TestEngine::tuned(None, |settings| {
        settings.openai_base_url = format!("http://{address}/v1");
        settings.openai_api_key = Some(mira_engine::settings::Secret::new("sk-test"));
    })
    .await;
    let (_folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(say(&id, "why?")).await;
    assert_eq!(end(&events).1.unwrap().code, Code::ProviderUnreachable);
    let rows = ledger(&engine).await;
    assert!(!rows.is_empty());
    for row in rows {
        let shown = (row.outcome.as_str(), row.settlement, row.cost_micro_usd);
        assert_eq!(shown, ("error", Settlement::Settled, Some(0)));
    }
}

#[tokio::test]
async fn the_same_request_is_answered_once_and_saves_what_it_cost() {
    let vendor = FakeVendor::start(Script::new([
        Reply::text("The answer."),
        Reply::text("Another project's."),
        Reply::text("Without the cache."),
    ]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "").await;
    // The code tier states its effort: only then an answer is kept.
    let (_, first) = engine.ask(say(&id, "fix the spelling")).await;
    let (_, again) = engine.ask(say(&id, "fix the spelling")).await;
    assert_eq!(
        (completed(&first), completed(&again)),
        ("The answer.", "The answer.")
    );
    assert_eq!(vendor.requests().len(), 1);
    let rows = ledger(&engine).await;
    assert!(!rows[0].cache_hit && rows[1].cache_hit);
    assert_eq!(Some(rows[1].saved_micro_usd), rows[0].cost_micro_usd);
    assert_eq!(rows[1].cost_micro_usd, Some(0));
    let hit = again.iter().any(|event| {
        matches!(&event.kind, EventKind::ModelCallFinished { money: Some(money), .. } if money.cache_hit)
    });
    assert!(hit, "the event says so");

    let (_other, other) = project(&engine, "").await;
    let (_, foreign) = engine.ask(say(&other, "fix the spelling")).await;
    assert_eq!(completed(&foreign), "Another project's.");
    let off = SetSetting {
        name: "CACHE_ENABLED".into(),
        value: Some("false".into()),
    };
    engine.engine.call(calls::SettingsSet(off)).await.unwrap();
    let (_, fresh) = engine.ask(say(&id, "fix the spelling")).await;
    assert_eq!(completed(&fresh), "Without the cache.");
    let saved = engine
        .engine
        .call(calls::BudgetSavings(SpendQuery::default()))
        .await
        .unwrap();
    assert_eq!(saved.hits, 1);
    assert_eq!(Some(saved.hit_saved_micro_usd), rows[0].cost_micro_usd);
    vendor.assert_clean();
}

#[tokio::test]
async fn prefixes_are_foretold_and_what_breaks_them_is_named() {
    let long = "a line of a file that fills the prompt\n".repeat(300);
    let vendor = FakeVendor::start(Script {
        check_prefix: Some(false),
        ..Script::new([
            read(),
            Reply::text("one"),
            Reply::text("two"),
            Reply::text("three"),
        ])
    });
    let engine = TestEngine::with_vendor(&vendor).await;
    let (folder, id) = project(&engine, &format!("-- a.txt\n{long}")).await;
    let (started, _) = engine.ask(say(&id, "why is it like that")).await;
    completed(&engine.ask(say_in(&started.session_id, "and why?")).await.1);
    let guidelines = folder.root().join("AGENTS.md");
    std::fs::write(&guidelines, "Use tabs.").unwrap();
    completed(&engine.ask(say_in(&started.session_id, "really?")).await.1);
    let rows = ledger(&engine).await;
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.expected_cached_tokens, row.prefix_break.as_deref()))
        .collect();
    assert_eq!(found[0], (Some(0), None), "nothing was there before");
    for row in &rows[1..3] {
        assert_eq!(row.prefix_break, None);
        assert!(row.expected_cached_tokens > Some(1_000));
        assert_eq!(
            row.expected_cached_tokens,
            Some(row.usage.cached_tokens),
            "the vendor kept what we expected"
        );
    }
    assert_eq!(found[3], (Some(0), Some("guidelines changed")));

    let of = SessionRef {
        session_id: started.session_id.clone(),
    };
    let cache = engine
        .engine
        .call(calls::SessionCache(of.clone()))
        .await
        .unwrap();
    let state = cache.state.unwrap();
    assert_eq!((state.requests, state.breaks), (4, 1));
    assert_eq!(cache.files.len(), 1);
    assert!(!cache.files[0].changed_since);
    folder.write("a.txt", "other");
    let cache = engine.engine.call(calls::SessionCache(of)).await.unwrap();
    assert!(cache.files[0].changed_since);
}

#[tokio::test]
async fn a_call_can_be_looked_into_and_its_parts_add_up() {
    let vendor = FakeVendor::start(Script::new([read(), Reply::text("It says x.")]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "-- a.txt\nx\n").await;
    completed(&engine.ask(say(&id, "what does a.txt say?")).await.1);
    let rows = ledger(&engine).await;
    assert_eq!(rows[0].purpose, "chat");
    assert_eq!(rows[1].purpose, "continuation");
    for row in &rows {
        let told = engine
            .engine
            .call(calls::BudgetCall(CallRef { id: row.id }))
            .await
            .unwrap();
        let names: Vec<_> = told.lines.iter().map(|line| line.name.as_str()).collect();
        assert!(
            names.contains(&"tools") && names.contains(&"conversation"),
            "{names:?}"
        );
        let tokens: u64 = told.lines.iter().map(|line| line.tokens).sum();
        assert_eq!(tokens, row.usage.input_tokens + row.usage.output_tokens);
        let micro: i64 = told.lines.iter().filter_map(|line| line.micro_usd).sum();
        assert_eq!(Some(micro), row.cost_micro_usd);
        let route = told.route.expect("how it was routed");
        assert_eq!(route.tiers.len(), 4);
        assert!(
            route
                .tiers
                .iter()
                .all(|tier| tier.expected_micro_usd > Some(0))
        );
        assert!(row.cost_micro_usd <= row.reserved_micro_usd);
        assert!(row.price_version.starts_with("in "));
    }
    let csv = engine
        .engine
        .call(calls::BudgetExport(ExportBudget::default()))
        .await
        .unwrap();
    assert_eq!(csv.content.lines().count(), 3, "{}", csv.content);
}

#[tokio::test]
async fn choices_hold_for_session_and_project_and_are_explained() {
    let vendor = FakeVendor::start(Script::new([
        Reply::text("a"),
        Reply::text("b"),
        Reply::text("c"),
    ]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "").await;
    let choose = |session_id, project_id: Option<ProjectId>, tier| SetRouteChoice {
        session_id,
        project_id,
        tier,
        model: None,
    };
    let on = &engine.engine;
    on.call(calls::RouteChoose(choose(
        None,
        Some(id.clone()),
        Some(Tier::Fast),
    )))
    .await
    .unwrap();
    let (started, _) = engine.ask(say(&id, "fix it")).await;
    let session = Some(started.session_id.clone());
    on.call(calls::RouteChoose(choose(
        session.clone(),
        None,
        Some(Tier::Agentic),
    )))
    .await
    .unwrap();
    engine.ask(say_in(&started.session_id, "fix it more")).await;
    for of in [
        choose(session.clone(), None, None),
        choose(None, Some(id.clone()), None),
    ] {
        on.call(calls::RouteChoose(of)).await.unwrap();
    }
    engine
        .ask(say_in(&started.session_id, "list the files"))
        .await;
    let tiers: Vec<_> = ledger(&engine).await.iter().map(|row| row.tier).collect();
    assert_eq!(
        tiers,
        [Some(Tier::Fast), Some(Tier::Agentic), Some(Tier::Fast)]
    );

    let explain = ExplainRoute {
        content: "migrate the whole codebase".into(),
        session_id: session,
        ..ExplainRoute::default()
    };
    let told = on.call(calls::RouteExplain(explain)).await.unwrap();
    assert_eq!(told.decision.rule, RouteRule::LongWork);
    assert_eq!(told.decision.tier, Tier::Agentic);
    assert_eq!(told.decision.tiers.len(), 4);
    assert!(told.blocked_by.is_none());
    assert_eq!(vendor.requests().len(), 3, "explaining asks nobody");
    let outcomes = on.call(calls::RouteOutcomes(Nothing {})).await.unwrap();
    let all: u64 = outcomes.lines.iter().map(|line| line.operations).sum();
    assert_eq!(all, 3);
}

#[tokio::test]
async fn a_cheaper_tier_goes_on_with_the_same_conversation() {
    let vendor = FakeVendor::start(Script::new([Reply::text("cheap").usage(dear(2_500, 10))]));
    let engine = TestEngine::with_vendor(&vendor).await;
    let cap = SetCap {
        period: CapPeriod::Session,
        project_id: None,
        limit_micro_usd: Some(100_000),
    };
    engine.engine.call(calls::BudgetSetCap(cap)).await.unwrap();
    let (_folder, id) = project(&engine, "").await;
    // 32,000 tokens of output cost 0.32 dollars on the code tier: too much.
    let (pause, events) = ask_and_choose(
        &engine,
        say(&id, "fix the parser"),
        PauseChoice::CheaperTier,
    )
    .await;
    assert_eq!(pause.tier, Tier::Code);
    // Voice would cost up to 0.16 dollars and does not fit either.
    let cheaper = pause.cheaper.expect("there is one");
    assert_eq!(cheaper.tier, Tier::Fast);
    assert!(cheaper.worst_micro_usd < 100_000);
    assert_eq!(completed(&events), "cheap");
    let rows = ledger(&engine).await;
    assert_eq!((rows.len(), rows[0].tier), (1, Some(Tier::Fast)));
}
