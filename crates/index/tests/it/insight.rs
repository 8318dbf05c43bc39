//! What is said of a project's code without a model, on small real projects.

use std::collections::HashMap;

use mira_index::{Changes, Index, IssueKind, IssueQuery, Severity, Step};
use tokio_util::sync::CancellationToken;

use crate::Place;

/// A function with eight paths, nested four deep.
fn hard(name: &str) -> String {
    format!(
        "pub fn {name}(items: &[u8], open: bool) -> u8 {{
    let mut sum = 0;
    for item in items {{
        if open {{
            if *item > 3 {{
                for other in items {{
                    if other > item && open || sum > 9 {{
                        if *other == 7 {{
                            sum += 1;
                        }}
                    }}
                }}
            }} else if *item == 2 {{
                sum += 2;
            }}
        }}
    }}
    sum
}}
"
    )
}

/// Lines that are all of another kind: what repeats itself is no copy.
fn copied(name: &str) -> String {
    let words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda omega sigma tau";
    let body: String = words
        .split(' ')
        .map(|word| format!("    let {word} = items.{word}() * price.of({word}_rate) ^ mask;\n"))
        .collect();
    format!("fn {name}(items: &Items, price: &Price, mask: u64) {{\n{body}    keep(alpha);\n}}\n")
}

async fn project(files: &[(&str, &str)]) -> (Place, Index) {
    let place = Place::with(files);
    let index = place.synced().await;
    index.insights(&CancellationToken::new()).await.unwrap();
    (place, index)
}

async fn issues(index: &Index, kind: IssueKind) -> Vec<(String, Option<String>, f64)> {
    let query = IssueQuery {
        kinds: vec![kind],
        ..IssueQuery::default()
    };
    let found = index.issues(&query).await.unwrap();
    let found = found.into_iter().map(|issue| {
        assert!(issue.measure.is_finite() && !issue.title.is_empty() && !issue.advice.is_empty());
        (
            issue.path,
            issue.element.map(|element| element.name),
            issue.measure,
        )
    });
    found.collect()
}

#[tokio::test]
async fn issues_say_what_was_measured() {
    let long = format!("pub fn long() {{\n{}}}\n", "    step();\n".repeat(90));
    let (_place, index) = project(&[
        ("Cargo.toml", "[package]\nname = \"shop\"\n"),
        ("src/lib.rs", "mod hard;\nmod long;\nmod a;\nmod b;\npub fn step() { hard::hard(&[], true); long::long(); }\n"),
        ("src/hard.rs", &hard("hard")),
        ("src/long.rs", &long),
        ("src/a.rs", &copied("first_total")),
        ("src/b.rs", &copied("second_total")),
        ("tests/it.rs", "#[test]\nfn steps() { shop::step(); }\n"),
    ])
    .await;
    let complex = issues(&index, IssueKind::Complexity).await;
    assert_eq!(complex.len(), 1, "{complex:?}");
    assert_eq!(complex[0].1.as_deref(), Some("hard"));
    assert!(complex[0].2 > 15.0, "{complex:?}");
    assert_eq!(
        issues(&index, IssueKind::Length).await,
        [("src/long.rs".to_owned(), Some("long".to_owned()), 92.0)]
    );
    let query = IssueQuery {
        kinds: vec![IssueKind::Duplication],
        ..IssueQuery::default()
    };
    let copies = index.issues(&query).await.unwrap();
    assert_eq!(copies.len(), 1, "{copies:?}");
    assert_eq!(copies[0].path, "src/a.rs");
    let other = copies[0].other.clone().unwrap();
    assert_eq!(other.0, "src/b.rs");
    assert!(copies[0].measure >= 10.0, "{copies:?}");
}

#[tokio::test]
async fn issues_are_narrowed_by_place_and_gravity() {
    let (_place, index) = project(&[
        ("src/one/hard.rs", &hard("one")),
        ("src/two/hard.rs", &hard("two")),
        ("src/twofold.rs", &hard("three")),
    ])
    .await;
    let query = |path: &str, min_severity| IssueQuery {
        kinds: vec![IssueKind::Complexity],
        path: path.to_owned(),
        min_severity,
        ..IssueQuery::default()
    };
    let count = async |query: IssueQuery| index.issues(&query).await.unwrap().len();
    assert_eq!(count(query("", Severity::Info)).await, 3);
    assert_eq!(count(query("src/two", Severity::Info)).await, 1);
    assert_eq!(count(query("src/two/hard.rs", Severity::Info)).await, 1);
    assert_eq!(count(query("", Severity::High)).await, 0);
}

#[tokio::test]
async fn what_is_given_out_and_used_by_nobody_is_named() {
    let (_place, index) = project(&[
        ("package.json", "{ \"name\": \"shop\" }"),
        ("src/cart.ts", "export function used() { return 1; }\nexport function unused() { return 2; }\nexport class Held { go() { return 3; } }\n"),
        ("src/main.ts", "import { used, Held } from './cart';\nfunction start() { used(); new Held().go(); }\nstart();\n"),
    ])
    .await;
    let dead = issues(&index, IssueKind::DeadExport).await;
    assert_eq!(
        dead,
        [("src/cart.ts".to_owned(), Some("unused".to_owned()), 0.0)]
    );
}

#[tokio::test]
async fn branches_without_a_test_are_named_where_there_are_tests() {
    let branchy = |name: &str| {
        format!(
            "def {name}(a, b):\n    if a:\n        return 1\n    elif b:\n        return 2\n    for x in a:\n        if x:\n            return x\n    return 0\n"
        )
    };
    let source = [
        branchy("reached"),
        branchy("missed"),
        branchy("also"),
        branchy("_hidden"),
    ]
    .join("\n\n");
    let without = [("shop.py", source.as_str())];
    let (_place, index) = project(&without).await;
    assert_eq!(issues(&index, IssueKind::MissingTests).await, []);
    let (_place, index) = project(&[
        without[0],
        (
            "test_shop.py",
            "from shop import reached\n\ndef test_it():\n    assert reached([], 1) == 2\n",
        ),
    ])
    .await;
    let untested = issues(&index, IssueKind::MissingTests).await;
    assert_eq!(
        untested,
        [("shop.py".to_owned(), Some("missed".to_owned()), 5.0)]
    );
    let query = IssueQuery {
        kinds: vec![IssueKind::MissingTests],
        ..IssueQuery::default()
    };
    let title = &index.issues(&query).await.unwrap()[0].title;
    assert!(
        title.ends_with("nor 1 more of this file: also (5)"),
        "{title}"
    );
}

#[tokio::test]
async fn what_many_use_and_nobody_explains_is_named() {
    let users: String = (0..4)
        .map(|at| format!("def user{at}():\n    return plain(1) + told(2)\n\n\n"))
        .collect();
    let source = format!(
        "def plain(x):\n    y = x\n    return y\n\n\ndef told(x):\n    \"\"\"Gives it back.\"\"\"\n    return x\n\n\n{users}"
    );
    let (_place, index) = project(&[("shop.py", &source)]).await;
    let silent = issues(&index, IssueKind::MissingDocs).await;
    assert_eq!(
        silent,
        [("shop.py".to_owned(), Some("plain".to_owned()), 4.0)]
    );
}

const PATTERNS: &str = "
export interface Price { cost(): number; }
export class Fixed implements Price { cost() { return 1; } }
export class Scaled implements Price { cost() { return 2; } }
export class Taxed implements Price {
  constructor() {}
  private inner: Price = new Fixed();
  cost() { return this.inner.cost() * 2; }
}
export class Cart { price: Price = new Fixed(); total() { return this.price.cost(); } }
export function createPrice(kind: string): Price {
  if (kind === 'fixed') { return new Fixed(); }
  return new Scaled();
}
export class Registry {
  private static instance: Registry;
  private constructor() {}
  static getInstance(): Registry { return this.instance; }
}
export class QueryBuilder {
  where(x: string): this { return this; }
  limit(x: number): this { return this; }
  order(x: string): this { return this; }
  build(): string { return ''; }
}
export class Bus {
  subscribe(f: () => void) {}
  emit(name: string) {}
}
export class CartRepository {
  find(id: string) {}
  save(cart: Cart) {}
  remove(id: string) {}
}
";

#[tokio::test]
async fn patterns_are_found_with_what_speaks_for_them() {
    let (_place, index) = project(&[("src/shop.ts", PATTERNS)]).await;
    let patterns = index.patterns().await.unwrap();
    let found: HashMap<&str, &str> = patterns
        .iter()
        .map(|pattern| (pattern.name.as_str(), pattern.element.name.as_str()))
        .collect();
    for (name, element) in [
        ("strategy", "Price"),
        ("decorator", "Taxed"),
        ("factory", "createPrice"),
        ("singleton", "Registry"),
        ("builder", "QueryBuilder"),
        ("observer", "Bus"),
        ("repository", "CartRepository"),
    ] {
        assert_eq!(found.get(name), Some(&element), "{name}: {found:?}");
    }
    assert_eq!(found.len(), 7, "{found:?}");
    for pattern in &patterns {
        assert!(!pattern.evidence.is_empty() && (0.5..1.0).contains(&pattern.confidence));
    }
    let evidence = |name: &str| {
        let of = patterns.iter().find(|pattern| pattern.name == name);
        of.map(|pattern| pattern.evidence.as_str())
    };
    assert_eq!(
        evidence("builder"),
        Some("where, limit, order give it back, build ends it; named so")
    );
    assert!(
        evidence("strategy").is_some_and(|said| said.ends_with("own ways; Cart holds one of them"))
    );
    assert_eq!(
        evidence("decorator"),
        Some("is of Price, and holds another")
    );
    // A builder of several states has its end in each.
    let staged = "pub struct Empty;\npub struct Full;\npub struct CakeBuilder<S>(S);\n\
                  impl CakeBuilder<Empty> {\n    pub fn new() -> Self { Self(Empty) }\n    pub fn flour(self) -> Self { self }\n    pub fn build(self) -> u8 { 1 }\n}\n\
                  impl CakeBuilder<Full> {\n    pub fn sugar(self) -> Self { self }\n    pub fn build(self) -> u8 { 2 }\n}\n";
    let (_place, index) = project(&[("src/lib.rs", staged)]).await;
    let patterns = index.patterns().await.unwrap();
    assert_eq!(
        patterns[0].evidence,
        "flour, sugar give it back, build ends it; named so"
    );
}

#[tokio::test]
async fn concepts_clusters_and_kin_come_from_names_and_uses() {
    let part = |word: &str| {
        format!(
            "/// Opens the {word} for a customer.\npub fn open_{word}_account() {{ check_{word}_account(); }}\npub fn check_{word}_account() {{ close_{word}_account(); }}\npub fn close_{word}_account() {{}}\n"
        )
    };
    let again = |word: &str| {
        format!(
            "use crate::{word}::{word}_a::open_{word}_account;\npub fn audit_{word}_ledger() {{ open_{word}_account(); }}\npub fn print_{word}_ledger() {{ audit_{word}_ledger(); }}\n"
        )
    };
    let (_place, index) = project(&[
        ("Cargo.toml", "[package]\nname = \"bank\"\n"),
        ("src/lib.rs", "mod savings;\nmod mortgage;\n"),
        (
            "src/savings/mod.rs",
            "pub mod savings_a;\npub mod savings_b;\n",
        ),
        ("src/savings/savings_a.rs", &part("savings")),
        ("src/savings/savings_b.rs", &again("savings")),
        (
            "src/mortgage/mod.rs",
            "pub mod mortgage_a;\npub mod mortgage_b;\n",
        ),
        ("src/mortgage/mortgage_a.rs", &part("mortgage")),
        ("src/mortgage/mortgage_b.rs", &again("mortgage")),
    ])
    .await;
    let concepts = index.concepts(20).await.unwrap();
    let names: Vec<&str> = concepts
        .iter()
        .map(|concept| concept.name.as_str())
        .collect();
    assert!(
        names.iter().any(|name| name.contains("mortgage")),
        "{names:?}"
    );
    let concept = names.iter().find(|name| name.contains("mortgage")).unwrap();
    let about = index.about(concept, 10).await.unwrap();
    assert!(
        about
            .iter()
            .all(|(element, _)| element.name.contains("mortgage")),
        "{about:?}"
    );

    let clusters = index.clusters().await.unwrap();
    let of = |path: &str| {
        clusters
            .iter()
            .position(|cluster| cluster.paths.iter().any(|one| one == path))
    };
    assert_eq!(
        of("src/savings/savings_a.rs"),
        of("src/savings/savings_b.rs")
    );
    assert_eq!(
        of("src/mortgage/mortgage_a.rs"),
        of("src/mortgage/mortgage_b.rs")
    );
    assert_ne!(
        of("src/savings/savings_a.rs"),
        of("src/mortgage/mortgage_a.rs")
    );
    assert!(
        clusters
            .iter()
            .all(|cluster| cluster.cohesion > 0.3 && !cluster.name.is_empty())
    );

    let open = index.elements_of("src/savings/savings_a.rs").await.unwrap();
    let meaning = index.meaning(open[0].id).await.unwrap().unwrap();
    assert_eq!(meaning.purpose, "Opens the savings for a customer.");
    assert_eq!(meaning.confidence, 0.9);
    let by_name = index.meaning(open[2].id).await.unwrap().unwrap();
    assert_eq!(by_name.purpose, "close savings account");
    assert!(
        by_name.kin.iter().any(|kin| kin.relation == "akin"),
        "{by_name:?}"
    );
}

#[tokio::test]
async fn what_changed_often_and_is_hard_comes_first() {
    let (_place, index) = project(&[
        ("src/hard.rs", &hard("hard")),
        ("src/easy.rs", "pub fn easy() -> u8 { 1 }\n"),
        ("src/still.rs", &hard("still")),
        ("src/a.rs", "pub fn a() -> u8 { 1 }\n"),
        ("src/b.rs", "pub fn b() -> u8 { 1 }\n"),
        ("src/c.rs", "pub fn c() -> u8 { 1 }\n"),
    ])
    .await;
    let changes = |commits, fixes| Changes {
        commits,
        fixes,
        ..Changes::default()
    };
    let mut history = HashMap::from([
        ("src/hard.rs".to_owned(), changes(9, 3)),
        ("src/easy.rs".to_owned(), changes(10, 0)),
    ]);
    let found = index.hotspots(&history, 10).await.unwrap();
    let paths: Vec<&str> = found
        .iter()
        .map(|hotspot| hotspot.load.path.as_str())
        .collect();
    assert_eq!(paths, ["src/hard.rs", "src/easy.rs"]);
    assert!(
        found[0].why.starts_with("9 commits (3 fixes) × effort "),
        "{}",
        found[0].why
    );
    assert_eq!(found[0].score, None, "two files are too few to compare");

    for path in ["src/a.rs", "src/b.rs", "src/c.rs"] {
        history.insert(path.to_owned(), changes(1, 0));
    }
    let found = index.hotspots(&history, 2).await.unwrap();
    let scores: Vec<Option<f64>> = found.iter().map(|hotspot| hotspot.score).collect();
    assert_eq!(scores, [Some(1.0), Some(0.8 * 0.8)]);
}

#[tokio::test]
async fn insight_follows_the_code() {
    let (place, index) = project(&[("src/hard.rs", &hard("hard"))]).await;
    let cancel = CancellationToken::new();
    assert!(!index.insights(&cancel).await.unwrap().is_new);
    assert_eq!(issues(&index, IssueKind::Complexity).await.len(), 1);
    place.put("src/hard.rs", "pub fn easy() {}\n");
    crate::whole(&index).await;
    assert!(index.insights(&cancel).await.unwrap().is_new);
    assert_eq!(issues(&index, IssueKind::Complexity).await, []);
}

#[tokio::test]
async fn history_is_kept_and_speaks_for_tests() {
    let (place, index) = project(&[
        ("src/cart.py", "def total(cart):\n    return sum(cart)\n"),
        (
            "checks/test_prices.py",
            "def test_sums():\n    assert True\n",
        ),
    ])
    .await;
    assert_eq!(index.history_made_from().await.unwrap(), None);
    let step = |subject: &str, paths: &[&str]| Step {
        author: "Ada".to_owned(),
        at: 5,
        subject: subject.to_owned(),
        files: paths.iter().map(|path| ((*path).to_owned(), 2)).collect(),
    };
    let both = ["src/cart.py", "checks/test_prices.py"];
    let steps = [
        step("Fix sums", &both),
        step("Begin", &both),
        step("Alone", &both[..1]),
    ];
    index.set_history("abc", &steps).await.unwrap();
    drop(index);

    let index = place.open().await;
    assert_eq!(
        index.history_made_from().await.unwrap().as_deref(),
        Some("abc")
    );
    assert_eq!(index.history_window().await.unwrap().commits, 3);
    assert_eq!(index.changes().await.unwrap()["src/cart.py"].fixes, 1);
    let total = index.elements_of("src/cart.py").await.unwrap()[0].id;
    let tests = index.tests_for(total, 10).await.unwrap();
    assert_eq!(tests.len(), 1, "{tests:?}");
    assert_eq!(tests[0].path, "checks/test_prices.py");
    assert_eq!(
        tests[0].reasons,
        ["changed together with its file in 2 of 3 commits"]
    );
    assert!((0.3..0.4).contains(&tests[0].confidence), "{tests:?}");

    index.set_history("none", &[]).await.unwrap();
    assert_eq!(index.tests_for(total, 10).await.unwrap(), []);
}

#[tokio::test]
async fn folders_lie_above_what_they_use() {
    let (_place, index) = project(&[
        (
            "src/app/main.ts",
            "import { add } from '../core/sum';\nadd(1);\n",
        ),
        (
            "src/core/sum.ts",
            "export function add(a: number) { return a + 1; }\n",
        ),
    ])
    .await;
    let found = index.modules("", 10).await.unwrap();
    let told: Vec<(&str, u32, u64)> = found
        .modules
        .iter()
        .map(|one| (one.path.as_str(), one.layer, one.files))
        .collect();
    assert_eq!(told, [("src/app", 1, 1), ("src/core", 0, 1)]);
    assert_eq!(found.uses.len(), 1);
    assert!(!found.uses[0].is_cycle);
}

#[tokio::test]
async fn data_beside_the_code_changes_nothing_of_what_is_said() {
    let code = [
        ("src/shop.ts", PATTERNS),
        (
            "src/page.css",
            ":root { --shade: #123; }\n.cart { color: var(--shade); }\n",
        ),
        (
            "src/app.py",
            "@app.route('/')\ndef home():\n    return total()\n\ndef total():\n    return 1\n",
        ),
    ];
    let keys: Vec<String> = (0..400).map(|key| format!("\"key{key}\": {{}}")).collect();
    let data = format!("{{{}}}", keys.join(","));
    let (_place, without) = project(&code).await;
    let (_place, with) =
        project(&[&code[..], &[("data/words.json", data.as_str())]].concat()).await;
    let shown = async |index: &Index| {
        let mut shown = vec![format!("{:?}", index.concepts(50).await.unwrap())];
        for (path, _) in code {
            for element in index.elements_of(path).await.unwrap() {
                let meaning = index.meaning(element.id).await.unwrap();
                let meaning = meaning.map(|one| (one.purpose, (one.importance * 100.0).round()));
                shown.push(format!("{} {meaning:?}", element.name));
            }
        }
        for kind in IssueKind::ALL {
            shown.push(format!("{:?}", issues(index, kind).await));
        }
        shown
    };
    assert_eq!(shown(&without).await, shown(&with).await);
}
