//! A model names concepts, clusters and patterns: what it is told, what it costs, what is kept.

use mira_engine::settings::{Secret, Settings};
use mira_protocol::insight::{AskConcepts, CodeConcept};
use mira_protocol::naming::{AskNaming, Described, NamedKind, NamingOffer};
use mira_protocol::project::ProjectRef;
use mira_protocol::table::calls;
use mira_protocol::{Code, Failure, ProjectId};
use mira_testkit::{
    FakeVendor, Reply, Script, ScriptedModel, ScriptedModels, TempProject, TestEngine,
};
use serde_json::{Value, json};

use crate::insights::looked_into;
use crate::support::{ledger, route_of};

const TOKEN: &str = concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ456789");

fn fixture() -> String {
    format!(
        "\
-- src/savings.py
def open_savings_account(items):
    \"\"\"Opens an account with {TOKEN}.\"\"\"
    return \"a body that is never told\"


def close_savings_account(total):
    return total


def audit_savings_account(total):
    return close_savings_account(total)
-- src/post.py
def send_post_letter(to):
    return to


def read_post_letter(to):
    return to


def burn_post_letter(to):
    return to
"
    )
}

fn tuned(vendor: &FakeVendor) -> impl FnOnce(&mut Settings) {
    let url = vendor.url();
    move |settings| {
        settings.openai_base_url = url;
        settings.openai_api_key = Some(Secret::new("sk-test"));
    }
}

fn ask(project: &ProjectId, kind: NamedKind) -> AskNaming {
    AskNaming {
        project_id: project.clone(),
        kind,
    }
}

async fn offer(on: &TestEngine, project: &ProjectId) -> NamingOffer {
    let asked = calls::CodeNaming(ask(project, NamedKind::Concepts));
    on.engine.call(asked).await.unwrap()
}

async fn describe(on: &TestEngine, project: &ProjectId) -> Result<Described, Failure> {
    let asked = calls::CodeDescribe(ask(project, NamedKind::Concepts));
    on.engine.call(asked).await
}

async fn concepts(on: &TestEngine, project: &ProjectId) -> Vec<CodeConcept> {
    let asked = AskConcepts {
        project_id: project.clone(),
        concept: None,
        limit: None,
    };
    let found = on.engine.call(calls::CodeConcepts(asked)).await.unwrap();
    found.concepts
}

/// Names the first so many items.
fn names(count: u32) -> Reply {
    let items: Vec<Value> = (1..=count)
        .map(|id| json!({"id": id, "name": format!("Name {id}"), "sentence": format!("What {id} is for.")}))
        .collect();
    Reply::call("name_items", json!({ "items": items }))
}

async fn opened(on: &TestEngine) -> (TempProject, ProjectId) {
    let folder = TempProject::new(&fixture());
    let id = on.open(&folder).await.id;
    looked_into(on, &id).await;
    (folder, id)
}

#[tokio::test]
async fn what_changed_alone_is_asked_for_again_and_words_survive_a_restart() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = TestEngine::tuned(None, tuned(&vendor)).await;
    let (folder, id) = opened(&on).await;
    let offered = offer(&on, &id).await;
    assert!(
        offered.items >= 2 && offered.to_name == offered.items,
        "{offered:?}"
    );
    assert_eq!(offered.obstacle, None);
    let (expected, worst) = (offered.expected_micro_usd, offered.worst_micro_usd);
    assert!(expected > Some(0) && worst > expected, "{offered:?}");
    assert_eq!(vendor.requests().len(), 0, "an offer asks nobody");

    vendor.then([names(offered.items)]);
    let described = describe(&on, &id).await.unwrap();
    assert_eq!(
        (described.asked, described.named),
        (offered.items, offered.items)
    );
    assert_eq!(Some(&described.model), offered.model.as_ref());
    assert!(described.cost_micro_usd <= worst);
    let told = vendor.requests()[0].last_user.clone();
    assert!(told.contains("open_savings_account(items)"), "{told}");
    assert!(told.contains("Opens an account with [secret:"), "{told}");
    assert!(
        !told.contains(TOKEN) && !told.contains("never told"),
        "{told}"
    );
    for (at, one) in concepts(&on, &id).await.iter().enumerate() {
        let words = one.told.as_ref().unwrap();
        assert_eq!(words.name, format!("Name {}", at + 1));
        assert_eq!(
            (&words.model, one.name.is_empty()),
            (&described.model, false)
        );
    }
    let calls = ledger(&on).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].purpose, "analysis");
    assert_eq!(calls[0].project_id.as_ref(), Some(&id));
    assert_eq!(calls[0].cost_micro_usd, described.cost_micro_usd);
    assert!(route_of(&on, &calls[0]).await.reason.contains("analysis"));

    let again = describe(&on, &id).await.unwrap();
    assert_eq!((again.asked, again.cost_micro_usd), (0, Some(0)));
    assert_eq!(offer(&on, &id).await.to_name, 0);
    on.engine.shutdown().await;
    let data = on.data.clone();
    drop(on);
    let on = TestEngine::again(data, None, tuned(&vendor)).await;
    looked_into(&on, &id).await;
    assert!(
        concepts(&on, &id)
            .await
            .iter()
            .all(|one| one.told.is_some())
    );
    assert_eq!(describe(&on, &id).await.unwrap().asked, 0);
    assert_eq!((vendor.requests().len(), ledger(&on).await.len()), (1, 1));

    folder.write(
        "src/post.py",
        folder
            .read("src/post.py")
            .replace("send_post_letter(to)", "send_post_letter(to, copy)"),
    );
    let of = ProjectRef {
        project_id: id.clone(),
    };
    on.engine.call(calls::CodeReindex(of)).await.unwrap();
    looked_into(&on, &id).await;
    let offered = offer(&on, &id).await;
    assert!(
        offered.to_name > 0 && offered.to_name < offered.items,
        "{offered:?}"
    );
    let found = concepts(&on, &id).await;
    let unnamed: Vec<&CodeConcept> = found.iter().filter(|one| one.told.is_none()).collect();
    assert_eq!(unnamed.len() as u32, offered.to_name);
    vendor.then([names(offered.to_name)]);
    describe(&on, &id).await.unwrap();
    let told = vendor.requests()[1].last_user.clone();
    assert!(told.contains("send_post_letter(to, copy)"), "{told}");
    assert!(!told.contains("savings"), "{told}");
    assert!(
        concepts(&on, &id)
            .await
            .iter()
            .all(|one| one.told.is_some())
    );
    vendor.assert_clean();
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_paid_told_and_not_kept() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = TestEngine::tuned(None, tuned(&vendor)).await;
    let (_folder, id) = opened(&on).await;
    let lie = json!({"items": [
        {"id": 1, "name": "Good", "sentence": "Fits."},
        {"id": 99, "name": "Bad", "sentence": "Nobody asked."},
    ]});
    vendor.then([
        Reply::call("name_items", lie),
        Reply::text("I would rather talk."),
    ]);
    for why in ["item 99", "no tool"] {
        let failure = describe(&on, &id).await.unwrap_err();
        assert_eq!(failure.code, Code::ProviderRefused);
        assert!(
            failure.message.contains(why) && failure.hint.is_some(),
            "{failure:?}"
        );
    }
    assert!(
        concepts(&on, &id)
            .await
            .iter()
            .all(|one| one.told.is_none())
    );
    let calls = ledger(&on).await;
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.cost_micro_usd > Some(0)));
    let offered = offer(&on, &id).await;
    assert_eq!(offered.to_name, offered.items);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_runs_and_is_ended_by_the_person() {
    let vendor = FakeVendor::start(Script::new([names(1).gate("held")]));
    let on = TestEngine::tuned(None, tuned(&vendor)).await;
    let (_folder, id) = opened(&on).await;
    let engine = on.engine.clone();
    let asked = calls::CodeDescribe(ask(&id, NamedKind::Concepts));
    let asking = tokio::spawn(async move { engine.call(asked).await });
    tokio::task::block_in_place(|| vendor.wait_gate("held"));
    assert!(offer(&on, &id).await.is_running);
    assert_eq!(describe(&on, &id).await.unwrap_err().code, Code::Conflict);
    let of = ProjectRef {
        project_id: id.clone(),
    };
    on.engine.call(calls::CodeStopDescribing(of)).await.unwrap();
    let failure = asking.await.unwrap().unwrap_err();
    assert_eq!(failure.code, Code::Cancelled);
    let offered = offer(&on, &id).await;
    assert!(!offered.is_running && offered.to_name == offered.items);
    let calls = ledger(&on).await;
    assert_eq!(calls.len(), 1, "what it may have cost stays spent");
    assert!(calls[0].cost_micro_usd > Some(0));
    vendor.release("held");
}

#[tokio::test]
async fn what_does_not_fit_a_cap_is_refused_before_it_leaves() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = TestEngine::tuned(None, |settings| {
        tuned(&vendor)(settings);
        settings.budget_daily_limit_micro_usd = Some(1);
    })
    .await;
    let (_folder, id) = opened(&on).await;
    let obstacle = offer(&on, &id).await.obstacle.unwrap();
    assert_eq!(obstacle.code, Code::BudgetExceeded);
    assert_eq!(describe(&on, &id).await.unwrap_err(), obstacle);
    assert_eq!((vendor.requests().len(), ledger(&on).await.len()), (0, 0));
}

#[tokio::test]
async fn offline_and_without_a_key_nobody_is_asked_and_the_offer_says_why() {
    let model = ScriptedModel::replies([]);
    let models = ScriptedModels::new(model.clone());
    let on = TestEngine::tuned(Some(models), |settings| settings.offline = true).await;
    let (_folder, id) = opened(&on).await;
    let obstacle = offer(&on, &id).await.obstacle.unwrap();
    assert_eq!(obstacle.code, Code::ProviderUnreachable);
    assert!(obstacle.message.contains("offline"), "{obstacle:?}");
    assert_eq!(describe(&on, &id).await.unwrap_err(), obstacle);
    assert!(model.prompts().is_empty() && ledger(&on).await.is_empty());

    let on = TestEngine::tuned(None, |_| {}).await;
    let (_folder, id) = opened(&on).await;
    let offered = offer(&on, &id).await;
    let obstacle = offered.obstacle.unwrap();
    assert_eq!((obstacle.code, offered.model), (Code::KeyMissing, None));
    assert_eq!(describe(&on, &id).await.unwrap_err(), obstacle);
}

#[tokio::test]
async fn clusters_and_patterns_are_named_too() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = TestEngine::tuned(None, tuned(&vendor)).await;
    let part = |word: &str| {
        format!(
            "-- src/{word}/open.ts\nimport {{ close{word}Account }} from \"./close\";\nexport function open{word}Account() {{ return close{word}Account(); }}\nexport function check{word}Account() {{ return open{word}Account(); }}\n-- src/{word}/close.ts\nexport function close{word}Account() {{ return 1; }}\n"
        )
    };
    let builder = "-- src/query.ts\nexport class QueryBuilder {\n  where(x: string): this { return this; }\n  limit(x: number): this { return this; }\n  order(x: string): this { return this; }\n  build(): string { return ''; }\n}\n";
    let folder = TempProject::new(&format!("{}{}{builder}", part("Savings"), part("Mortgage")));
    let id = on.open(&folder).await.id;
    looked_into(&on, &id).await;
    let of = ProjectRef {
        project_id: id.clone(),
    };
    for kind in [NamedKind::Clusters, NamedKind::Patterns] {
        let asked = calls::CodeNaming(ask(&id, kind));
        let offered = on.engine.call(asked).await.unwrap();
        assert!(offered.items > 0, "{kind:?}");
        vendor.then([names(offered.items)]);
        let asked = calls::CodeDescribe(ask(&id, kind));
        assert_eq!(on.engine.call(asked).await.unwrap().named, offered.items);
    }
    let clusters = on
        .engine
        .call(calls::CodeClusters(of.clone()))
        .await
        .unwrap();
    assert!(clusters.clusters.iter().all(|one| one.told.is_some()));
    let patterns = on.engine.call(calls::CodePatterns(of)).await.unwrap();
    assert!(patterns.patterns.iter().all(|one| one.told.is_some()));
    vendor.assert_clean();
}
