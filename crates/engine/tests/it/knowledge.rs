//! What is known of a project's code, as clients ask for it.

use mira_protocol::code::*;
use mira_protocol::project::ProjectRef;
use mira_protocol::table::calls;
use mira_protocol::{Code, Event, ProjectId, Topic};
use mira_testkit::{Reply, ScriptedModel, TempProject, TestEngine};

use crate::support::{completed, project, say};

const SHOP: &str = "\
-- src/cart.rs
//! What is to be bought.

/// Things with their prices.
pub struct Cart {
    items: Vec<u64>,
}

impl Cart {
    /// With nothing in it.
    pub fn empty() -> Self {
        Self { items: Vec::new() }
    }

    /// Adds up the prices.
    pub fn total_price(&self) -> u64 {
        self.items.iter().sum()
    }
}
-- src/main.rs
mod cart;

fn main() {
    let cart = cart::Cart::empty();
    let total = cart.total_price();
    println!(\"{total}\");
}
-- notes.md
# Umbrellas

They stand in the corner.
-- image.bin
\u{0}\u{1}\u{2}
";

fn of(project_id: &ProjectId) -> ProjectRef {
    ProjectRef {
        project_id: project_id.clone(),
    }
}

/// Waits for the first look at the whole project.
pub(crate) async fn indexed(on: &TestEngine, project: &ProjectId) -> IndexState {
    let mut events = on.engine.events();
    loop {
        let state = on.engine.call(calls::CodeState(of(project))).await.unwrap();
        if state.is_fresh {
            return state;
        }
        loop {
            let event = events.recv().await.unwrap();
            if matches!(&*event, Event::Topic(Topic::Code { project_id }) if project_id == project)
            {
                break;
            }
        }
    }
}

async fn engine() -> TestEngine {
    TestEngine::with_model(&ScriptedModel::replies([])).await
}

fn search(project: &ProjectId, query: &str, mode: SearchMode) -> calls::CodeSearch {
    calls::CodeSearch(SearchCode {
        project_id: project.clone(),
        query: query.into(),
        mode,
        limit: None,
        path: None,
        language: None,
        token_budget: None,
        explain: true,
    })
}

fn symbols(project: &ProjectId, query: &str, path: Option<&str>) -> calls::CodeSymbols {
    calls::CodeSymbols(FindSymbols {
        project_id: project.clone(),
        query: query.into(),
        kinds: vec![],
        path: path.map(str::to_owned),
        limit: None,
    })
}

#[tokio::test]
async fn code_is_found_by_words_names_and_text_with_reasons() {
    let on = engine().await;
    let (_folder, id) = project(&on, SHOP).await;
    let state = indexed(&on, &id).await;
    assert!(state.is_complete && state.failure.is_none());
    assert_eq!(state.totals.files, 4);

    let found = on
        .engine
        .call(search(&id, "adds up prices", SearchMode::Ranked))
        .await
        .unwrap();
    let adds_up = |hit: &&CodeHit| hit.text.contains("Adds up the prices");
    let best = found.hits.iter().take(2).find(adds_up);
    let best = best.unwrap_or_else(|| panic!("{:?}", found.hits));
    assert_eq!(best.path, "src/cart.rs");
    assert!(
        best.reasons.iter().any(|one| one.signal == "words"),
        "{:?}",
        best.reasons
    );

    let found = on
        .engine
        .call(search(&id, "totalPrice", SearchMode::Ranked))
        .await
        .unwrap();
    assert_eq!(found.hits[0].path, "src/cart.rs");

    let text = on
        .engine
        .call(search(&id, "items.iter()", SearchMode::Text))
        .await
        .unwrap();
    let hit = &text.hits[0];
    let element = hit.element.as_ref().unwrap();
    assert_eq!(element.name, "total_price");
    let regex = on
        .engine
        .call(search(&id, r"^fn ma.n", SearchMode::Regex))
        .await
        .unwrap();
    assert_eq!(regex.hits[0].path, "src/main.rs");
    let broken = on
        .engine
        .call(search(&id, "(", SearchMode::Regex))
        .await
        .unwrap_err();
    assert_eq!(broken.code, Code::BadParams);
    let empty = on
        .engine
        .call(search(&id, "  ", SearchMode::Ranked))
        .await
        .unwrap_err();
    assert_eq!(empty.code, Code::BadParams);
}

#[tokio::test]
async fn a_budget_of_tokens_holds() {
    let on = engine().await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    let mut ask = search(&id, "cart price total", SearchMode::Ranked);
    let all = on.engine.call(ask.clone()).await.unwrap();
    let smallest = all.hits.iter().map(|hit| hit.tokens).min().unwrap();
    ask.0.token_budget = Some(smallest);
    let few = on.engine.call(ask).await.unwrap();
    assert!(few.hits.iter().map(|hit| hit.tokens).sum::<u32>() <= smallest);
}

#[tokio::test]
async fn elements_are_found_by_name_and_shown_with_what_is_around_them() {
    let on = engine().await;
    let folder = TempProject::new(SHOP).with_git();
    let id = on.open(&folder).await.id;
    indexed(&on, &id).await;
    for name in ["total_price", "Cart::total_price", "totpri"] {
        let found = on.engine.call(symbols(&id, name, None)).await.unwrap();
        assert_eq!(found.elements[0].name, "total_price", "{name}");
    }
    let of_file = on
        .engine
        .call(symbols(&id, "", Some("src/main.rs")))
        .await
        .unwrap();
    let names: Vec<&str> = of_file
        .elements
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert!(names.contains(&"main"), "{names:?}");

    let by_name = |name: &str| {
        calls::CodeElement(ElementRef {
            project_id: id.clone(),
            id: None,
            name: Some(name.into()),
            path: None,
            depth: None,
            limit: None,
        })
    };
    let page = on.engine.call(by_name("total_price")).await.unwrap();
    assert!(page.text.contains("self.items.iter().sum()"));
    assert!(!page.text_cut);
    assert_eq!(page.around.last().unwrap().name, "Cart");
    assert_eq!(page.history.len(), 1);
    let caller = &page.callers.edges[0];
    assert_eq!(caller.element.as_ref().unwrap().name, "main");
    assert!(caller.confidence > 0.0 && !caller.reason.is_empty());
    let ask = AskGraph {
        project_id: id.clone(),
        id: page.element.id,
        depth: None,
        limit: None,
    };
    let graph = on.engine.call(calls::CodeGraph(ask)).await.unwrap();
    let main = graph
        .nodes
        .iter()
        .find(|one| one.element.name == "main")
        .unwrap();
    assert_eq!(main.step, -1);
    assert!(
        graph
            .edges
            .iter()
            .any(|one| one.from == main.element.id && one.to == page.element.id)
    );
    let again = ElementRef {
        project_id: id.clone(),
        id: Some(page.element.id),
        name: None,
        path: None,
        depth: None,
        limit: None,
    };
    let same = on.engine.call(calls::CodeElement(again)).await.unwrap();
    assert_eq!(same.element, page.element);
    // The type, not its `impl` block.
    let cart = on.engine.call(by_name("Cart")).await.unwrap();
    assert_eq!(cart.element.kind, "struct");
    let missing = on.engine.call(by_name("nowhere_at_all")).await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
}

#[tokio::test]
async fn dependencies_tests_and_the_map_are_told() {
    let on = engine().await;
    let shop = format!(
        "{SHOP}-- Cargo.toml\n[package]\nname = \"shop\"\n\n[dependencies]\nserde = \"1\"\n\
         -- tests/cart.rs\nuse shop::cart::Cart;\n\n#[test]\nfn totals_add_up() {{\n    \
         assert_eq!(Cart::default().total_price(), 0);\n}}\n"
    );
    let (_folder, id) = project(&on, &shop).await;
    indexed(&on, &id).await;
    let deps = |path: Option<&str>| {
        calls::CodeDeps(AskDependencies {
            project_id: id.clone(),
            path: path.map(str::to_owned),
        })
    };
    let all = on.engine.call(deps(None)).await.unwrap();
    let serde = all.packages.iter().find(|one| one.name == "serde").unwrap();
    assert_eq!((serde.status.as_str(), serde.files), ("unused", 0));
    let missing = on.engine.call(deps(Some("nowhere.rs"))).await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);

    let asked = ElementRef {
        project_id: id.clone(),
        id: None,
        name: Some("total_price".into()),
        path: None,
        depth: None,
        limit: None,
    };
    let found = on.engine.call(calls::CodeTests(asked)).await.unwrap();
    assert_eq!(found.tests[0].path, "tests/cart.rs");
    assert!(!found.tests[0].reason.is_empty());

    let ask = AskMap {
        project_id: id.clone(),
        path: None,
        token_budget: Some(200),
    };
    let map = on.engine.call(calls::CodeMap(ask)).await.unwrap();
    assert!(map.text.contains("src/cart.rs"), "{}", map.text);
    assert!(map.tokens <= 200);
}

#[tokio::test]
async fn what_mira_writes_is_found_when_the_turn_has_ended() {
    let model = ScriptedModel::replies([
        Reply::call(
            "write_project_file",
            serde_json::json!({ "path": "src/rain.rs", "content": "pub fn drizzle() {}\n" }),
        ),
        Reply::text("Done."),
    ]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    let mut events = on.engine.events();
    let (_, ran) = on.ask(say(&id, "Write it")).await;
    completed(&ran);
    loop {
        let found = on.engine.call(symbols(&id, "drizzle", None)).await.unwrap();
        if found.elements.iter().any(|one| one.path == "src/rain.rs") {
            break;
        }
        events.recv().await.unwrap();
    }
}

#[tokio::test]
async fn left_out_files_are_named_and_languages_can_be_switched() {
    let on = engine().await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    let noted = on
        .engine
        .call(calls::CodeNotedFiles(of(&id)))
        .await
        .unwrap();
    let image = noted
        .files
        .iter()
        .find(|file| file.path == "image.bin")
        .unwrap();
    assert!(image.is_skipped);
    assert_eq!(image.kind, "binary");

    let off = SetCodeLanguage {
        project_id: id.clone(),
        language: "rust".into(),
        enabled: Some(false),
        extensions: None,
        max_bytes: None,
        max_ms: None,
    };
    let told = on
        .engine
        .call(calls::CodeSetLanguage(off.clone()))
        .await
        .unwrap();
    let rust = told
        .languages
        .iter()
        .find(|one| one.language == "Rust")
        .unwrap();
    assert!(!rust.enabled);
    indexed(&on, &id).await;
    let gone = on
        .engine
        .call(symbols(&id, "total_price", None))
        .await
        .unwrap();
    assert!(gone.elements.is_empty());
    let unknown = SetCodeLanguage {
        language: "Klingon".into(),
        ..off
    };
    let failure = on
        .engine
        .call(calls::CodeSetLanguage(unknown))
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::BadParams);
}

#[tokio::test]
async fn a_place_is_understood_as_it_is_written_and_named_where_it_is_none() {
    let on = engine().await;
    let (folder, id) = project(&on, SHOP).await;
    std::os::unix::fs::symlink("/etc/hosts", folder.root().join("link.rs")).unwrap();
    indexed(&on, &id).await;
    on.engine.call(calls::CodeReindex(of(&id))).await.unwrap();
    indexed(&on, &id).await;

    let absolute = folder.root().join("src/cart.rs");
    for path in [
        "src/cart.rs",
        "./src/cart.rs",
        "src/../src/cart.rs/",
        absolute.to_str().unwrap(),
    ] {
        let found = on.engine.call(symbols(&id, "", Some(path))).await.unwrap();
        assert_eq!(found.elements[0].name, "Cart", "{path}");
        assert!(found.notes.is_empty(), "{:?}", found.notes);
        let asked = AskDependencies {
            project_id: id.clone(),
            path: Some(path.into()),
        };
        let found = on.engine.call(calls::CodeDeps(asked)).await.unwrap();
        assert_eq!(found.imported_by.len(), 1, "{path}");
    }
    let in_folder = calls::CodeSearch(SearchCode {
        path: Some("./src/".into()),
        ..search(&id, "total price", SearchMode::Ranked).0
    });
    let found = on.engine.call(in_folder).await.unwrap();
    let is_there = |hit: &CodeHit| hit.path.starts_with("src/");
    assert!(!found.hits.is_empty() && found.hits.iter().all(is_there));

    // Nothing there, something that is not read, something outside: each is told as what it is.
    let nowhere = symbols(&id, "Cart", Some("src/nowhere"));
    let found = on.engine.call(nowhere).await.unwrap();
    assert_eq!(
        found.notes,
        ["src/nowhere is no file or folder of the index"]
    );
    let link = on.engine.call(symbols(&id, "", Some("link.rs"))).await;
    let notes = link.unwrap().notes;
    assert_eq!(
        notes,
        ["link.rs: A link to /etc/hosts; links are not followed."]
    );
    let outside = on.engine.call(symbols(&id, "", Some("../x"))).await;
    assert!(outside.unwrap_err().message.contains("outside the project"));
    let element = |path: &str| {
        calls::CodeCallers(ElementRef {
            project_id: id.clone(),
            id: None,
            name: Some("total_price".into()),
            path: Some(path.into()),
            depth: None,
            limit: None,
        })
    };
    let found = on.engine.call(element("./src/cart.rs")).await.unwrap();
    assert_eq!(found.edges.len(), 1);
    let failure = on.engine.call(element("src/main.rs")).await.unwrap_err();
    assert_eq!(
        failure.message,
        "An element named \"total_price\" in src/main.rs was not found."
    );
    let folder = AskDependencies {
        project_id: id.clone(),
        path: Some("src".into()),
    };
    let failure = on.engine.call(calls::CodeDeps(folder)).await.unwrap_err();
    assert!(failure.hint.unwrap().contains("mira modules"));

    let klingon = calls::CodeSearch(SearchCode {
        language: Some("Klingon".into()),
        ..search(&id, "total", SearchMode::Ranked).0
    });
    let failure = on.engine.call(klingon).await.unwrap_err();
    assert_eq!(failure.code, Code::BadParams);
    let broken = on.engine.call(search(&id, "(", SearchMode::Regex)).await;
    assert!(broken.unwrap_err().hint.unwrap().contains("--text"));
}

#[tokio::test]
async fn a_forgotten_project_takes_its_index_along() {
    let on = engine().await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    let index = on.data_dir().join("index").join(&id.0);
    assert!(index.join("index.db").is_file());
    on.engine.call(calls::ProjectRemove(of(&id))).await.unwrap();
    assert!(!index.exists());
}
