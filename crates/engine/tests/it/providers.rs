//! Several providers in one conversation, over real HTTP: each fake refuses what its service
//! refuses, and objects to whatever another one made.

use mira_engine::settings::{Secret, Settings};
use mira_protocol::operation::{OperationState, StartOperation, Tier};
use mira_protocol::provider::{ProviderName, TestEmbeddings, TestProvider};
use mira_protocol::route::{Purpose, RouteRule};
use mira_protocol::system::{CheckState, Nothing};
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, StoredEvent};
use mira_testkit::{Entry, FakeVendor, Fault, Place, Reply, Script, TempProject, TestEngine};
use serde_json::json;

use crate::support::{
    check_laws, completed, end, ledger, messages, project, results, route_of, say, say_in,
};

/// One fake for each provider.
struct Vendors {
    openai: FakeVendor,
    gemini: FakeVendor,
    anthropic: FakeVendor,
    local: FakeVendor,
}

impl Vendors {
    fn start(openai: Script, gemini: Script, anthropic: Script, local: Script) -> Self {
        Self {
            openai: FakeVendor::start(openai),
            gemini: FakeVendor::start(gemini),
            anthropic: FakeVendor::start(anthropic),
            local: FakeVendor::start(local),
        }
    }

    fn tune(&self, settings: &mut Settings) {
        settings.openai_base_url = self.openai.url();
        settings.openai_api_key = Some(Secret::new("sk-openai"));
        settings.gemini_base_url = self.gemini.gemini_url();
        settings.gemini_api_key = Some(Secret::new("gemini-key"));
        settings.anthropic_base_url = self.anthropic.url();
        settings.anthropic_api_key = Some(Secret::new("sk-ant"));
        settings.local_base_url = Some(self.local.url());
    }

    fn assert_clean(&self) {
        for vendor in [&self.openai, &self.gemini, &self.anthropic, &self.local] {
            vendor.assert_clean();
            assert_eq!(vendor.unused(), 0, "every reply was asked for");
        }
    }
}

fn work(name: &str) -> [Reply; 2] {
    [
        Reply::call("list_project_files", json!({}))
            .with_text(format!("I am {name}, grüß dich 😀"))
            .reasoning(format!("{name} thinks")),
        Reply::text(format!("{name} is done.")),
    ]
}

fn keyed(script: Script, key: &str) -> Script {
    Script {
        api_key: Some(key.into()),
        ..script
    }
}

fn with_model(request: StartOperation, model: &str) -> StartOperation {
    StartOperation {
        model: Some(model.into()),
        ..request
    }
}

fn told(events: &[StoredEvent], wanted: &str) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Notice { code, text, .. } if code == wanted => Some(text.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn one_conversation_goes_through_four_providers_and_back() {
    let openai = Script::new([work("OpenAI"), work("OpenAI again")].concat());
    let local = Script {
        models: vec!["qwen".into()],
        ..Script::new(work("Local"))
    };
    let vendors = Vendors::start(
        keyed(openai, "sk-openai"),
        keyed(Script::new(work("Gemini")), "gemini-key"),
        keyed(Script::new(work("Anthropic")), "sk-ant"),
        local,
    );
    let engine = TestEngine::tuned(None, |settings| vendors.tune(settings)).await;
    let (_folder, id) = project(&engine, "-- a.txt\ncontent\n").await;
    let first = with_model(say(&id, "Look one"), "gpt-6.2-sol");
    let (started, events) = engine.ask(first).await;
    assert_eq!(completed(&events), "OpenAI is done.");
    assert!(told(&events, "model_switched").is_empty());

    let session = started.session_id;
    for (model, words, left) in [
        ("gemini-3.1-pro-preview", "Gemini", &["OpenAI"][..]),
        ("claude-sonnet-5", "Anthropic", &["Gemini", "OpenAI"]),
        ("local/qwen", "Local", &["Anthropic", "Gemini", "OpenAI"]),
        ("gpt-6.2-sol", "OpenAI again", &["Anthropic", "Gemini"]),
    ] {
        let next = with_model(say_in(&session, &format!("Look, {words}")), model);
        let (_, events) = engine.ask(next).await;
        assert_eq!(completed(&events), format!("{words} is done."));
        let said = told(&events, "model_switched");
        assert_eq!(said.len(), 1, "{said:?}");
        for name in ["OpenAI", "Gemini", "Anthropic"] {
            let named = said[0].contains(&format!(" of {name}"));
            assert_eq!(named, left.contains(&name), "{model}: {}", said[0]);
        }
    }
    vendors.assert_clean();
    check_laws(&engine.events(&session).await);

    // What went along: everything that was said, called and answered.
    let last = vendors
        .openai
        .requests()
        .pop()
        .expect("a request")
        .transcript;
    let says = |words: &str| {
        last.entries
            .iter()
            .any(|entry| matches!(entry, Entry::Assistant(text) if text.contains(words)))
    };
    assert!(says("I am Gemini, grüß dich 😀") && says("Anthropic is done.") && says("I am Local"));
    assert_eq!(last.calls().count(), 5);
    let budget = engine.engine.call(calls::BudgetGet(Nothing {})).await;
    assert_eq!(budget.expect("a budget").calls_today, 10);
}

async fn failing(
    openai: Vec<Reply>,
    gemini: Vec<Reply>,
    failover: Vec<ProviderName>,
) -> (Vendors, TempProject, TestEngine, Vec<StoredEvent>) {
    let nobody = || Script::new([]);
    let vendors = Vendors::start(Script::new(openai), Script::new(gemini), nobody(), nobody());
    let engine = TestEngine::tuned(None, |settings| {
        vendors.tune(settings);
        settings.provider_failover = failover;
    })
    .await;
    let (folder, id) = project(&engine, "-- a.txt\ncontent\n").await;
    let (_, events) = engine.ask(say(&id, "Write one line")).await;
    (vendors, folder, engine, events)
}

fn down() -> Reply {
    Reply::fault(Fault::Status {
        status: 500,
        body: String::new(),
    })
    .always()
}

#[tokio::test]
async fn a_provider_that_is_down_is_replaced_by_the_persons_choice() {
    let order = vec![ProviderName::Openai, ProviderName::Gemini];
    let (vendors, _folder, engine, events) =
        failing(vec![down()], vec![Reply::text("Here I am.")], order).await;
    assert_eq!(completed(&events), "Here I am.");
    let said = told(&events, "failover");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("gemini-4-argon") && said[0].contains("PROVIDER_FAILOVER"));
    vendors.gemini.assert_clean();
    // A row for each of the three attempts at the one, and for the other.
    let asked = vendors.openai.requests().len();
    assert_eq!(asked, 3);
    let budget = engine.engine.call(calls::BudgetGet(Nothing {})).await;
    assert_eq!(budget.expect("a budget").calls_today, asked as u64 + 1);
    let mut routed = events.iter().filter_map(|event| match &event.kind {
        EventKind::Routed { model, .. } => Some(model.as_str()),
        _ => None,
    });
    assert_eq!(routed.next_back(), Some("gemini-4-argon"));
}

#[tokio::test]
async fn without_the_persons_choice_nobody_else_is_asked() {
    let quota = vec![Reply::fault(Fault::Quota)];
    let (vendors, _folder, _engine, events) =
        failing(quota, vec![Reply::text("Not me.")], vec![]).await;
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Failed);
    assert_eq!(
        failure.map(|failure| failure.code),
        Some(Code::QuotaExceeded)
    );
    assert!(vendors.gemini.requests().is_empty());
}

#[tokio::test]
async fn text_that_was_shown_is_marked_and_a_call_is_never_doubled() {
    let broken = Reply::text("Half of an answer that breaks off")
        .with_fault(Fault::Reset { at: Place::Text })
        .always();
    let order = vec![ProviderName::Gemini];
    let (_vendors, _folder, _engine, events) =
        failing(vec![broken], vec![Reply::text("Whole.")], order.clone()).await;
    assert_eq!(completed(&events), "Whole.");
    assert!(told(&events, "failover")[0].contains("replaced"));
    let replaced = events.iter().any(|event| {
        matches!(&event.kind, EventKind::AssistantMessage { superseded: true, content, .. }
            if content.starts_with("Half"))
    });
    assert!(replaced, "{:?}", messages(&events));

    // A call that had come whole is run once, by whoever goes on.
    let once = Reply::call("run_command", json!({"command": "echo once >> marker.txt"}))
        .with_fault(Fault::Reset { at: Place::Calls });
    let (vendors, folder, _engine, events) =
        failing(vec![once, down()], vec![Reply::text("Done.")], order).await;
    assert_eq!(completed(&events), "Done.");
    assert_eq!(results(&events).len(), 1);
    assert_eq!(folder.read("marker.txt"), "once\n");
    vendors.gemini.assert_clean();
}

#[tokio::test]
async fn the_provider_condenses_what_no_longer_fits_and_another_one_gets_the_digest() {
    let big = "a line of some length that fills the window\n".repeat(400);
    let reads =
        (0..12).map(|at| Reply::call("read_project_file", json!({"path": format!("{at}.txt")})));
    let script = Script::new(reads.chain([Reply::text("I have read everything.")]));
    let gemini = Script {
        check_prefix: Some(false),
        ..Script::new([Reply::text("Me too.")])
    };
    let nobody = || Script::new([]);
    let vendors = Vendors::start(script.context_tokens(24_000), gemini, nobody(), nobody());
    let engine = TestEngine::tuned(None, |settings| {
        vendors.tune(settings);
        settings.provider_compaction = true;
    })
    .await;
    let fixture: String = (0..12).map(|at| format!("-- {at}.txt\n{big}")).collect();
    let (_folder, id) = project(&engine, &fixture).await;
    let (started, events) = engine
        .ask(with_model(
            say(&id, "Read all, remember heliotrope"),
            "gpt-6.2-sol",
        ))
        .await;
    assert_eq!(completed(&events), "I have read everything.");
    let condensed = events.iter().filter_map(|event| match &event.kind {
        EventKind::Compacted { condensed, .. } => Some(condensed.is_some()),
        _ => None,
    });
    let condensed: Vec<bool> = condensed.collect();
    assert!(!condensed.is_empty() && condensed.iter().all(|by_them| *by_them));
    let asked = vendors.openai.asides();
    let condensing = asked
        .iter()
        .filter(|aside| aside.path.ends_with("/compact"));
    assert_eq!(condensing.count(), condensed.len());
    vendors.openai.assert_clean();
    let summaries: Vec<_> = ledger(&engine)
        .await
        .into_iter()
        .filter(|call| call.purpose == "summary")
        .collect();
    assert_eq!(summaries.len(), condensed.len());
    for call in summaries {
        let route = route_of(&engine, &call).await;
        assert_eq!(
            (route.rule, route.model.as_str(), route.facts.purpose),
            (RouteRule::OnlyModel, "gpt-6.2-sol", Purpose::Summary)
        );
        assert!(call.cost_micro_usd.is_some_and(|cost| cost > 0));
    }

    let next = with_model(say_in(&started.session_id, "And you?"), "gemini-4-argon");
    let (_, events) = engine.ask(next).await;
    assert_eq!(completed(&events), "Me too.");
    assert_eq!(told(&events, "model_switched").len(), 1);
    vendors.gemini.assert_clean();
    let seen = vendors
        .gemini
        .requests()
        .pop()
        .expect("a request")
        .transcript;
    let users: String = seen
        .entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::User(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        users.contains("Earlier part of this conversation"),
        "{users}"
    );
    assert!(users.contains("heliotrope"));
}

#[tokio::test]
async fn where_the_provider_does_not_condense_the_digest_stands() {
    let big = "a line of some length that fills the window\n".repeat(400);
    let reads =
        (0..12).map(|at| Reply::call("read_project_file", json!({"path": format!("{at}.txt")})));
    let script = Script {
        condense_fault: Some(Fault::Status {
            status: 500,
            body: String::new(),
        }),
        ..Script::new(reads.chain([Reply::text("Read.")])).context_tokens(24_000)
    };
    let vendor = FakeVendor::start(script);
    let engine = TestEngine::tuned(None, |settings| {
        settings.openai_base_url = vendor.url();
        settings.openai_api_key = Some(Secret::new("sk-test"));
        settings.provider_compaction = true;
    })
    .await;
    let fixture: String = (0..12).map(|at| format!("-- {at}.txt\n{big}")).collect();
    let (_folder, id) = project(&engine, &fixture).await;
    let (_, events) = engine.ask(say(&id, "Read all")).await;
    assert_eq!(completed(&events), "Read.");
    assert!(!told(&events, "compaction").is_empty());
    vendor.assert_clean();
}

#[tokio::test]
async fn lists_of_models_are_asked_for_kept_and_told() {
    let soon = jiff::Zoned::now()
        .date()
        .checked_add(jiff::ToSpan::days(10))
        .expect("a day");
    let openai = Script {
        models: vec!["gpt-6-luna".into(), "gpt-6.2-sol".into()],
        shut_down: [("gpt-6.2-sol".to_owned(), soon.to_string())].into(),
        ..Script::new([])
    };
    let gemini = Script {
        models: vec!["gemini-4-argon".into()],
        ..Script::new([])
    };
    let nobody = || Script::new([]);
    let vendors = Vendors::start(keyed(openai, "sk-openai"), gemini, nobody(), nobody());
    let engine = TestEngine::tuned(None, |settings| vendors.tune(settings)).await;
    let list = engine.engine.call(calls::ModelRefresh(Nothing {})).await;
    let list = list.expect("a list");
    let known = |list: &mira_protocol::provider::ModelList, id: &str| {
        let model = list.models.iter().find(|model| model.id == id);
        let model = model.expect("in the catalogue").clone();
        (model.listed, model.shut_down, model.notice.is_some())
    };
    let ends = Some(soon.to_string());
    assert_eq!(
        known(&list, "gpt-6.2-sol"),
        (Some(true), ends.clone(), true)
    );
    assert_eq!(known(&list, "gpt-6-luna"), (Some(true), None, false));
    assert_eq!(known(&list, "gpt-6-sol"), (Some(false), None, false));
    assert_eq!(known(&list, "gemini-4-argon").0, Some(true));
    // Nothing came of Anthropic's empty list, and that is said.
    assert_eq!(known(&list, "claude-opus-5").0, None);
    let problem = |name| {
        let told = list.lists.iter().find(|told| told.provider == name);
        told.and_then(|told| told.problem.clone())
    };
    assert!(problem(ProviderName::Anthropic).is_some());
    assert_eq!(problem(ProviderName::Gemini), None);

    // The next start knows it without asking.
    engine.engine.shutdown().await;
    let data = engine.data.clone();
    drop(engine);
    let engine = TestEngine::again(data, None, |settings| vendors.tune(settings)).await;
    let list = engine.engine.call(calls::ModelList(Nothing {})).await;
    assert_eq!(known(&list.expect("a list"), "gpt-6.2-sol").1, ends);
    let doctor = engine.engine.call(calls::SystemDoctor(Nothing {})).await;
    let check = doctor.expect("a report").checks;
    let models = check.iter().find(|check| check.name == "models");
    assert_eq!(models.map(|check| check.state), Some(CheckState::Warning));
}

// Two threads: waiting for the fake holds one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn providers_are_asked_for_their_lists_after_work_once_a_day() {
    let script = Script {
        models: vec!["gpt-6-luna".into()],
        ..Script::new([Reply::text("One."), Reply::text("Two.")])
    };
    let vendor = FakeVendor::start(script);
    let engine = TestEngine::with_vendor(&vendor).await;
    let (_folder, id) = project(&engine, "").await;
    completed(&engine.ask(say(&id, "Hello")).await.1);
    let lists = || {
        let asides = vendor.asides();
        asides
            .iter()
            .filter(|aside| aside.path == "/v1/models")
            .count()
    };
    vendor.wait_asides(1);
    let first = vendor.requests()[0].answered_ms;
    assert!(
        first.is_some(),
        "the answer was out before the list was asked for"
    );
    completed(&engine.ask(say(&id, "Hello again")).await.1);
    engine.engine.shutdown().await;
    assert_eq!(lists(), 1);
}

#[tokio::test]
async fn vectors_are_made_and_stand_in_the_ledger() {
    let vendor = FakeVendor::start(Script {
        embedding_faults: vec![Fault::RateLimited {
            retry_after_s: Some(0.01),
        }],
        ..Script::new([])
    });
    let engine = TestEngine::with_vendor(&vendor).await;
    let test = |dimensions| {
        engine.engine.call(calls::EmbeddingTest(TestEmbeddings {
            model: None,
            dimensions,
        }))
    };
    let made = test(None).await.expect("a vector");
    assert_eq!(
        (made.dimensions, made.model.as_str()),
        (3_072, "text-embedding-3-large")
    );
    assert!(made.input_tokens > 0 && made.cost_micro_usd.is_some_and(|cost| cost > 0));
    assert_eq!(test(Some(256)).await.expect("a vector").dimensions, 256);
    let budget = engine.engine.call(calls::BudgetGet(Nothing {})).await;
    let budget = budget.expect("a budget");
    assert_eq!(budget.calls_today, 2);
    assert!(budget.today_micro_usd >= 2);

    let nowhere = TestEngine::tuned(None, |_| {}).await;
    let failure = nowhere
        .engine
        .call(calls::EmbeddingTest(TestEmbeddings {
            model: None,
            dimensions: None,
        }))
        .await
        .expect_err("no key");
    assert_eq!(failure.code, Code::KeyMissing);
}

#[tokio::test]
async fn a_local_server_elsewhere_may_be_billed_and_is_not_asked_without_a_price() {
    let engine = TestEngine::tuned(None, |_| {}).await;
    let test = TestProvider {
        provider: ProviderName::Local,
        base_url: Some("http://192.0.2.1:9/v1".into()),
        model: Some("qwen".into()),
        key: None,
    };
    let refused = engine.engine.call(calls::ProviderTest(test)).await;
    let refused = refused.expect_err("no price is known");
    assert_eq!(refused.code, Code::BudgetExceeded);
    assert!(
        refused
            .hint
            .is_some_and(|hint| hint.contains("BUDGET_ALLOW_UNPRICED"))
    );
    assert!(ledger(&engine).await.is_empty(), "nothing has left");
}

#[tokio::test]
async fn each_provider_can_be_tested_and_says_what_is_wrong_with_a_key() {
    let ready = || Script::new([Reply::call("ready", json!({"ok": true}))]);
    let nobody = || Script::new([]);
    let vendors = Vendors::start(
        keyed(ready(), "sk-openai"),
        keyed(ready(), "gemini-key"),
        keyed(ready(), "sk-ant"),
        nobody(),
    );
    let engine = TestEngine::tuned(None, |settings| vendors.tune(settings)).await;
    for provider in [
        ProviderName::Openai,
        ProviderName::Gemini,
        ProviderName::Anthropic,
    ] {
        let test = |key: Option<&str>| {
            engine.engine.call(calls::ProviderTest(TestProvider {
                provider,
                base_url: None,
                model: None,
                key: key.map(str::to_owned),
            }))
        };
        let found = test(None).await.expect("an answer");
        assert_eq!(
            (found.tools.as_str(), found.usage_reported),
            ("native", true)
        );
        let refused = test(Some("wrong-key-1234")).await.expect_err("refused");
        assert_eq!(refused.code, Code::KeyRejected, "{provider:?}");
        assert!(
            refused
                .hint
                .is_some_and(|hint| hint.contains(provider.key_variable()))
        );
    }
    vendors.assert_clean();
    let calls = ledger(&engine).await;
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.purpose.as_str(), call.outcome.as_str(), call.tier))
        .collect();
    let (refused, answered) = (
        ("test", "error", Some(Tier::Fast)),
        ("test", "stop", Some(Tier::Fast)),
    );
    assert_eq!(told, [answered, refused].repeat(3));
    for call in &calls {
        let cost = call.cost_micro_usd.expect("a price");
        assert_eq!(cost > 0, call.outcome == "stop", "{call:?}");
        let route = route_of(&engine, call).await;
        assert_eq!((route.rule, route.tiers.len()), (RouteRule::SideCall, 4));
    }
    let list = engine.engine.call(calls::ProviderList(Nothing {})).await;
    let ready = list.expect("a list").providers;
    assert_eq!(ready.iter().filter(|provider| provider.ready).count(), 4);
}
