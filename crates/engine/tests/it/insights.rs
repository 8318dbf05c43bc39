//! Quality, history, concepts and patterns of a project, as clients ask for them.

use mira_protocol::code::{CodeTests, ElementDetail, ElementRef, IndexState};
use mira_protocol::insight::*;
use mira_protocol::project::ProjectRef;
use mira_protocol::table::calls;
use mira_protocol::{Code, Event, ProjectId, Topic};
use mira_testkit::{ScriptedModel, TempProject, TestEngine};

use crate::support::restarted;

const BANK: &str = "\
-- src/savings.py
\"\"\"Savings accounts.\"\"\"


def open_savings_account(items, is_open):
    \"\"\"Opens an account.\"\"\"
    total = 0
    for item in items:
        if is_open:
            if item > 3:
                for other in items:
                    if other > item and is_open or total > 9:
                        if other == 7:
                            total += 1
            elif item == 2:
                total += 2
    return close_savings_account(total)


def close_savings_account(total):
    return total


def audit_savings_account(total):
    return close_savings_account(total)
-- src/calm.py
def calm():
    return 1
-- checks/test_ledger.py
def test_sums():
    assert True
";

fn of(project_id: &ProjectId) -> ProjectRef {
    ProjectRef {
        project_id: project_id.clone(),
    }
}

fn ask_quality(project: &ProjectId) -> AskQuality {
    AskQuality {
        project_id: project.clone(),
        kinds: vec![],
        min_severity: None,
        path: None,
        limit: None,
    }
}

fn element(project: &ProjectId, name: &str) -> ElementRef {
    ElementRef {
        project_id: project.clone(),
        id: None,
        name: Some(name.into()),
        path: None,
        depth: None,
        limit: None,
    }
}

/// Asks, and waits until what is asked for fits the code and the history as they are.
pub async fn looked_into(on: &TestEngine, project: &ProjectId) -> IndexState {
    let mut events = on.engine.events();
    loop {
        let asked = calls::CodeQuality(ask_quality(project));
        on.engine.call(asked).await.unwrap();
        let state = on.engine.call(calls::CodeState(of(project))).await.unwrap();
        if state.insight.is_current {
            return state;
        }
        assert_eq!(state.insight.failure, None);
        loop {
            let event = events.recv().await.unwrap();
            if matches!(&*event, Event::Topic(Topic::Code { project_id }) if project_id == project)
            {
                break;
            }
        }
    }
}

async fn bank() -> (TestEngine, TempProject, ProjectId) {
    bank_with(&ScriptedModel::replies([])).await
}

async fn bank_with(model: &ScriptedModel) -> (TestEngine, TempProject, ProjectId) {
    let on = TestEngine::with_model(model).await;
    let folder = TempProject::new(BANK).with_git();
    let id = on.open(&folder).await.id;
    (on, folder, id)
}

/// Changes two files in one commit.
fn commit(folder: &TempProject, message: &str) {
    for path in ["src/savings.py", "checks/test_ledger.py"] {
        let path = folder.root().join(path);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}# {message}\n")).unwrap();
    }
    folder.git(&["commit", "-q", "-a", "-m", message]);
}

async fn hotspots(on: &TestEngine, project: &ProjectId) -> CodeHotspots {
    let asked = AskHotspots {
        project_id: project.clone(),
        path: None,
        limit: None,
    };
    on.engine.call(calls::CodeHotspots(asked)).await.unwrap()
}

#[tokio::test]
async fn issues_have_their_measure_and_stand_on_the_page_of_their_element() {
    let (on, _folder, id) = bank().await;
    let state = looked_into(&on, &id).await;
    assert!(state.insight.issues > 0 && state.insight.commits == 1);

    let quality = on
        .engine
        .call(calls::CodeQuality(ask_quality(&id)))
        .await
        .unwrap();
    assert_eq!(quality.notes, Vec::<String>::new());
    let complex = quality
        .issues
        .iter()
        .find(|one| one.kind == "complexity")
        .unwrap();
    assert!(complex.value > complex.threshold && complex.threshold == 15.0);
    assert_eq!(complex.unit, "cognitive complexity");
    assert_eq!(
        complex.element.as_ref().unwrap().name,
        "open_savings_account"
    );
    let count = quality
        .counts
        .iter()
        .find(|one| one.kind == "complexity")
        .unwrap();
    assert_eq!(count.issues, 1);

    let narrow = AskQuality {
        kinds: vec!["length".into()],
        ..ask_quality(&id)
    };
    let none = on.engine.call(calls::CodeQuality(narrow)).await.unwrap();
    assert!(none.issues.is_empty());
    assert_eq!(none.counts, quality.counts);
    let unknown = AskQuality {
        kinds: vec!["smell".into()],
        ..ask_quality(&id)
    };
    let failure = on.engine.call(calls::CodeQuality(unknown)).await;
    assert_eq!(failure.unwrap_err().code, Code::BadParams);

    let page: ElementDetail = on
        .engine
        .call(calls::CodeElement(element(&id, "open_savings_account")))
        .await
        .unwrap();
    assert!(page.quality.iter().any(|one| one.kind == "complexity"));
    let meaning = page.meaning.unwrap();
    assert_eq!(meaning.purpose, "Opens an account.");
    assert_eq!(meaning.confidence, 0.9);
}

#[tokio::test]
async fn concepts_clusters_patterns_and_modules_are_told() {
    let (on, _folder, id) = bank().await;
    looked_into(&on, &id).await;
    let ask = |concept: Option<&str>| {
        calls::CodeConcepts(AskConcepts {
            project_id: id.clone(),
            concept: concept.map(str::to_owned),
            limit: None,
        })
    };
    let concepts = on.engine.call(ask(None)).await.unwrap();
    let strongest = &concepts.concepts[0];
    assert!(strongest.name.contains("account"), "{concepts:?}");
    let about = on.engine.call(ask(Some(&strongest.name))).await.unwrap();
    assert_eq!(about.elements.len() as u64, strongest.elements);
    // While it is looked at anew nobody can say that there is none: the answer says so instead.
    let unknown = loop {
        match on.engine.call(ask(Some("umbrella"))).await {
            Err(unknown) => break unknown,
            Ok(answer) => assert!(answer.elements.is_empty() && !answer.notes.is_empty()),
        }
        looked_into(&on, &id).await;
    };
    assert_eq!(unknown.code, Code::NotFound);

    on.engine.call(calls::CodeClusters(of(&id))).await.unwrap();
    let patterns = on.engine.call(calls::CodePatterns(of(&id))).await.unwrap();
    assert!(patterns.patterns.is_empty() && patterns.notes.is_empty());
    let modules = AskModules {
        project_id: id.clone(),
        path: None,
    };
    let modules = on.engine.call(calls::CodeModules(modules)).await.unwrap();
    let paths: Vec<&str> = modules
        .modules
        .iter()
        .map(|one| one.path.as_str())
        .collect();
    assert_eq!(paths, ["checks", "src"]);
}

#[tokio::test]
async fn history_is_followed_and_survives_a_restart() {
    let model = ScriptedModel::replies([]);
    let (on, folder, id) = bank_with(&model).await;
    looked_into(&on, &id).await;
    assert_eq!(hotspots(&on, &id).await.window.commits, 1);

    commit(&folder, "Fix the sums");
    commit(&folder, "Count again");
    // A commit alone is seen, too: no file changes any more.
    folder.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]);
    looked_into(&on, &id).await;
    let found = hotspots(&on, &id).await;
    assert_eq!((found.window.commits, found.notes.len()), (3, 1));
    // Three files: in order, and none of them "100 %" hot.
    assert!(found.notes[0].contains("too few files"), "{found:?}");
    assert!(found.hotspots.len() > 1 && found.hotspots.iter().all(|one| one.score.is_none()));
    let hottest = &found.hotspots[0];
    assert_eq!(hottest.path, "src/savings.py");
    assert_eq!(
        (hottest.commits, hottest.fixes, hottest.authors),
        (3, 1, 1),
        "{hottest:?}"
    );

    let tests: CodeTests = on
        .engine
        .call(calls::CodeTests(element(&id, "close_savings_account")))
        .await
        .unwrap();
    let by_history = tests
        .tests
        .iter()
        .find(|one| one.path == "checks/test_ledger.py")
        .unwrap();
    assert!(
        by_history
            .reason
            .contains("changed together with its file in 3 of 3 commits"),
        "{by_history:?}"
    );

    let on = restarted(on, &model).await;
    // Before the first look: as it was known.
    let found = hotspots(&on, &id).await;
    assert_eq!(found.hotspots[0].commits, 3);
    let state = looked_into(&on, &id).await;
    assert_eq!(state.insight.commits, 3);
}

#[tokio::test]
async fn what_was_mended_is_no_issue_any_more() {
    let (on, folder, id) = bank().await;
    looked_into(&on, &id).await;
    assert_eq!(complex(&on, &id).await, 1);
    std::fs::write(
        folder.root().join("src/savings.py"),
        "def calm_too():\n    return 2\n",
    )
    .unwrap();
    on.engine.call(calls::CodeReindex(of(&id))).await.unwrap();
    looked_into(&on, &id).await;
    assert_eq!(complex(&on, &id).await, 0);
}

async fn complex(on: &TestEngine, project: &ProjectId) -> usize {
    let asked = AskQuality {
        kinds: vec!["complexity".into()],
        ..ask_quality(project)
    };
    let found = on.engine.call(calls::CodeQuality(asked)).await.unwrap();
    found.issues.len()
}

#[tokio::test]
async fn without_git_there_is_no_history_and_that_is_said() {
    let on = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let folder = TempProject::new(BANK);
    let id = on.open(&folder).await.id;
    looked_into(&on, &id).await;
    let found = hotspots(&on, &id).await;
    assert!(found.hotspots.is_empty() && found.window.commits == 0);
    assert!(found.notes[0].contains("no git history"), "{found:?}");
}
