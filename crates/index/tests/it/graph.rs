//! Names to elements: one small project a language, each edge by hand.

use mira_index::{GraphQuery, Index, MapQuery, Usage};

use crate::{Place, sync};

/// Edges from an element, as `callee in path (kind)`, in the order in which they stand.
pub async fn calls(index: &Index, name: &str) -> Vec<String> {
    let elements = index.named(name, None).await.unwrap();
    assert_eq!(elements.len(), 1, "{name}: {elements:?}");
    let query = GraphQuery {
        kinds: vec!["call".into(), "construct".into(), "macro".into()],
        ..GraphQuery::default()
    };
    let edges = index.callees(elements[0].id, &query).await.unwrap();
    edges
        .into_iter()
        .filter_map(|edge| edge.element)
        .map(|callee| format!("{} in {}", callee.qualified_name, callee.path))
        .collect()
}

async fn callers(index: &Index, name: &str) -> Vec<String> {
    let elements = index.named(name, None).await.unwrap();
    assert_eq!(elements.len(), 1, "{name}: {elements:?}");
    let edges = index
        .callers(elements[0].id, &GraphQuery::default())
        .await
        .unwrap();
    let name = |edge: mira_index::Edge| match edge.element {
        Some(caller) => caller.qualified_name,
        None => edge.path,
    };
    edges.into_iter().map(name).collect()
}

#[tokio::test]
async fn a_variable_is_not_the_module_of_its_name_that_it_was_made_by() {
    let place = Place::with(&[
        (
            "src/cart.rs",
            "pub struct Cart;\nimpl Cart {\n    pub fn empty() -> Self { Cart }\n    pub fn total(&self) -> u64 { 0 }\n}\n",
        ),
        (
            "src/main.rs",
            "mod cart;\nfn main() {\n    let cart = cart::Cart::empty();\n    cart.total();\n}\n",
        ),
    ]);
    let index = place.synced().await;
    assert_eq!(
        calls(&index, "main").await,
        ["Cart::empty in src/cart.rs", "Cart::total in src/cart.rs"]
    );
}

#[tokio::test]
async fn rust_paths_methods_fields_and_reexports_lead_to_their_elements() {
    let place = Place::with(&[
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\n[dependencies]\nserde = \"1\"\n",
        ),
        (
            "src/lib.rs",
            "mod cart;\npub mod store;\npub use cart::Cart;\n",
        ),
        (
            "src/cart.rs",
            "use crate::store::{self, Store};\nuse serde::Serialize;\n\
             pub struct Cart { store: Store }\n\
             impl Cart {\n    pub fn open() -> Self { Cart { store: store::connect() } }\n\
                 pub fn add(&self) { self.check(); self.store.put(1); }\n    fn check(&self) {}\n}\n",
        ),
        (
            "src/store.rs",
            "pub struct Store;\nimpl Store { pub fn put(&self, n: u32) { log(n) } }\n\
             pub fn connect() -> Store { Store }\nfn log(n: u32) {}\n",
        ),
        (
            "tests/it/main.rs",
            "use shop::Cart;\n#[test]\nfn adding_works() { let cart = Cart::open(); cart.add(); }\n",
        ),
    ]);
    let index = place.synced().await;
    assert_eq!(
        calls(&index, "Cart::add").await,
        ["Cart::check in src/cart.rs", "Store::put in src/store.rs"]
    );
    let open = calls(&index, "Cart::open").await;
    assert!(
        open.contains(&"connect in src/store.rs".to_owned()),
        "{open:?}"
    );
    assert_eq!(calls(&index, "Store::put").await, ["log in src/store.rs"]);
    assert_eq!(
        calls(&index, "adding_works").await,
        ["Cart::add in src/cart.rs", "Cart::open in src/cart.rs"]
    );
    assert_eq!(callers(&index, "Store::put").await, ["Cart::add"]);
    let add = index.named("Cart::add", None).await.unwrap().remove(0);
    let tests = index.tests_for(add.id, 10).await.unwrap();
    assert_eq!(tests[0].test.as_ref().unwrap().name, "adding_works");
    let packages = index.dependencies().await.unwrap();
    let serde = packages.iter().find(|one| one.name == "serde").unwrap();
    assert_eq!((serde.status, serde.files), (Usage::Used, 1));
}

#[tokio::test]
async fn typescript_imports_classes_and_barrels_lead_to_their_elements() {
    let place = Place::with(&[
        (
            "package.json",
            "{\"name\":\"shop\",\"dependencies\":{\"left-pad\":\"^1\"}}",
        ),
        (
            "src/index.ts",
            "export * from './cart';\nexport { connect as open } from './store';\n",
        ),
        (
            "src/cart.ts",
            "import { Store } from './store.js';\nimport pad from 'left-pad';\n\
             export class Base { check() {} }\n\
             export class Cart extends Base {\n  constructor(private store: Store) { super(); }\n\
             \x20 add(n: number) { this.check(); this.store.put(n); pad(n); }\n}\n",
        ),
        (
            "src/store.ts",
            "export class Store { put(n: number) {} }\nexport function connect(): Store { return new Store(); }\n",
        ),
        (
            "src/main.ts",
            "import { Cart, open } from './index';\nexport function main() {\n  const cart = new Cart(open());\n  cart.add(1);\n}\n",
        ),
    ]);
    let index = place.synced().await;
    let mut main = calls(&index, "main").await;
    main.sort();
    let constructor = index.elements_of("src/cart.ts").await.unwrap();
    let constructor = constructor
        .iter()
        .find(|one| one.name == "constructor")
        .unwrap();
    let made = format!("{} in src/cart.ts", constructor.qualified_name);
    let cart_add = main
        .iter()
        .find(|one| one.contains("add"))
        .cloned()
        .unwrap_or_default();
    assert!(main.contains(&made), "{main:?}");
    assert!(
        main.contains(&"connect in src/store.ts".to_owned()),
        "{main:?}"
    );
    assert!(cart_add.ends_with("in src/cart.ts"), "{main:?}");
    assert_eq!(main.len(), 3, "{main:?}");
    let add = calls(&index, cart_add.split(' ').next().unwrap()).await;
    assert_eq!(add.len(), 2, "{add:?}");
    assert!(
        add[0].contains("check in src/cart.ts") && add[1].contains("put in src/store.ts"),
        "{add:?}"
    );
}

#[tokio::test]
async fn python_modules_classes_and_bases_lead_to_their_elements() {
    let place = Place::with(&[
        ("shop/__init__.py", "from .cart import Cart\n"),
        (
            "shop/cart.py",
            "import os\nfrom .store import Store, connect\n\nclass Base:\n    def check(self):\n        pass\n\n\
             class Cart(Base):\n    def __init__(self):\n        self.store = Store()\n\n    def add(self, n):\n        self.check()\n        self.store.put(n)\n        os.getcwd()\n        print(n)\n",
        ),
        (
            "shop/store.py",
            "class Store:\n    def put(self, n):\n        pass\n\ndef connect():\n    return Store()\n\ndef print(x):\n    pass\n",
        ),
        (
            "main.py",
            "import shop\nfrom shop import store as s\n\ndef main():\n    cart = shop.Cart()\n    cart.add(1)\n    s.connect()\n",
        ),
    ]);
    let index = place.synced().await;
    let add = calls(&index, "Cart.add").await;
    assert_eq!(
        add,
        ["Base.check in shop/cart.py", "Store.put in shop/store.py"]
    );
    let mut main = calls(&index, "main").await;
    main.sort();
    assert_eq!(
        main,
        [
            "Cart.__init__ in shop/cart.py",
            "Cart.add in shop/cart.py",
            "connect in shop/store.py"
        ]
    );
}

#[tokio::test]
async fn an_edit_elsewhere_gives_and_takes_meaning() {
    let place = Place::with(&[
        (
            "a.py",
            "from b import helper\n\ndef main():\n    helper()\n",
        ),
        ("b.py", "def other():\n    pass\n"),
    ]);
    let index = place.synced().await;
    assert!(calls(&index, "main").await.is_empty());
    place.put(
        "b.py",
        "def other():\n    pass\n\ndef helper():\n    pass\n",
    );
    sync(&index, &["b.py"]).await;
    assert_eq!(calls(&index, "main").await, ["helper in b.py"]);
    let before = index.named("helper", None).await.unwrap()[0].id;
    place.put("b.py", "# moved down\n\n\ndef helper():\n    pass\n");
    sync(&index, &["b.py"]).await;
    assert_eq!(
        index.named("helper", None).await.unwrap()[0].id,
        before,
        "it is the same element"
    );
    assert_eq!(calls(&index, "main").await, ["helper in b.py"]);
    std::fs::rename(place.root().join("b.py"), place.root().join("c.py")).unwrap();
    sync(&index, &["b.py", "c.py"]).await;
    assert!(calls(&index, "main").await.is_empty());
}

#[tokio::test]
async fn the_map_names_what_is_used_most_and_keeps_its_budget() {
    let mut files = vec![(
        "core.py".to_owned(),
        "def heart(x):\n    return x\n\ndef appendix(x):\n    return x\n".to_owned(),
    )];
    for number in 0..30 {
        let text = format!("from core import heart\n\ndef user_{number}():\n    heart({number})\n");
        files.push((format!("users/u{number}.py"), text));
    }
    files.push((
        "test_core.py".into(),
        "from core import appendix\n\ndef test_it():\n    appendix(1)\n".into(),
    ));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    let place = Place::with(&files);
    let index = place.synced().await;
    let map = index
        .map(&MapQuery {
            budget_tokens: 60,
            ..MapQuery::default()
        })
        .await
        .unwrap();
    assert!(
        map.text.starts_with("core.py\n  1 def heart(x)"),
        "{}",
        map.text
    );
    assert!(map.text.len() <= 240, "{}", map.text.len());
    assert!(!map.text.contains("test_it"));
    assert_eq!((map.of_files, map.of_elements), (31, 32));
    let focus = MapQuery {
        budget_tokens: 30,
        focus: vec!["users/u7.py".into()],
        path: Some("users".into()),
    };
    let map = index.map(&focus).await.unwrap();
    assert!(map.text.starts_with("users/u7.py\n"), "{}", map.text);
}

#[tokio::test]
async fn the_map_is_not_led_by_guesses() {
    let mut files = vec![
        ("core.py", "def heart(x):\n    return x\n"),
        (
            "drum.py",
            "class Drum:\n    def beat(self):\n        return 1\n",
        ),
        (
            "one.py",
            "from core import heart\n\ndef one():\n    heart(1)\n",
        ),
        (
            "two.py",
            "from core import heart\n\ndef two():\n    heart(2)\n",
        ),
    ];
    let guesses: Vec<(String, String)> = (0..20)
        .map(|number| {
            let text = format!("def user_{number}(thing):\n    thing.beat()\n");
            (format!("users/u{number}.py"), text)
        })
        .collect();
    files.extend(guesses.iter().map(|(path, text)| (&**path, &**text)));
    let place = Place::with(&files);
    let index = place.synced().await;
    let beat = index.named("beat", None).await.unwrap();
    let query = GraphQuery::default();
    let guessed = index.callers(beat[0].id, &query).await.unwrap();
    assert_eq!((guessed.len(), guessed[0].confidence), (20, 0.5));
    let map = index.map(&MapQuery::default()).await.unwrap();
    assert!(map.text.starts_with("core.py\n"), "{}", map.text);
}

#[tokio::test]
async fn go_packages_receivers_and_versions_lead_to_their_elements() {
    let place = Place::with(&[
        (
            "go.mod",
            "module example.org/shop/v5\n\ngo 1.21\n\nrequire github.com/x/y v1.2.3\n",
        ),
        (
            "shop.go",
            "package shop\n\ntype Cart struct{ n int }\n\nfunc Open() *Cart { return &Cart{} }\n\nfunc (c *Cart) Add(n int) { c.check(); log(n) }\n",
        ),
        (
            "more.go",
            "package shop\n\nfunc (c *Cart) check() {}\n\nfunc log(n int) {}\n",
        ),
        (
            "cmd/main.go",
            "package main\n\nimport (\n\t\"fmt\"\n\n\t\"example.org/shop/v5\"\n)\n\nfunc run() {\n\tcart := shop.Open()\n\tcart.Add(1)\n\tfmt.Println(cart)\n}\n",
        ),
    ]);
    let index = place.synced().await;
    assert_eq!(
        calls(&index, "Cart.Add").await,
        ["Cart.check in more.go", "log in more.go"]
    );
    assert_eq!(
        calls(&index, "run").await,
        ["Open in shop.go", "Cart.Add in shop.go"]
    );
    let imports = index.imports_of("cmd/main.go").await.unwrap();
    assert!(imports[1].target.is_some(), "{imports:?}");
}

#[tokio::test]
async fn what_a_function_makes_and_gives_on_is_met_through_it() {
    let place = Place::with(&[
        (
            "src/counter.ts",
            "export function createCounter() {\n  let n = 0;\n  const more = () => { n += 1; };\n\
             \x20 return { more, less: () => { n -= 1; } };\n}\nexport const counter = createCounter();\n",
        ),
        (
            "src/page.ts",
            "import { counter } from './counter';\n\
             export function press() { counter.more(); counter.less(); }\n",
        ),
    ]);
    let index = place.synced().await;
    assert_eq!(
        calls(&index, "press").await,
        [
            "createCounter.less in src/counter.ts",
            "createCounter.more in src/counter.ts"
        ]
    );
}

#[tokio::test]
async fn a_class_that_extends_one_of_its_own_name_is_met_with_a_measured_confidence() {
    let place = Place::with(&[
        (
            "clock.py",
            "import outside\n\nclass Clock(outside.Clock):\n    def tick_once(self):\n        pass\n",
        ),
        ("use.py", "def wait(thing):\n    thing.tick_once()\n"),
    ]);
    let index = place.synced().await;
    let wait = index.named("wait", None).await.unwrap();
    let query = GraphQuery::default();
    let edges = index.callees(wait[0].id, &query).await.unwrap();
    assert_eq!(edges.len(), 1, "{edges:?}");
    assert!(edges[0].confidence <= 0.5, "{edges:?}");
}

#[tokio::test]
async fn a_field_and_a_method_of_one_name_are_told_apart_and_a_default_is_of_its_type() {
    let place = Place::with(&[
        ("Cargo.toml", "[package]\nname = \"shop\"\n"),
        (
            "src/lib.rs",
            "pub struct Now;\nimpl Now { pub fn tick(&self) {} }\n\
             pub struct Clock;\nimpl Clock { pub fn tick(&self) -> Now { Now } }\n\
             #[derive(Default)]\npub struct Shop { clock: Clock }\n\
             impl Shop {\n    pub fn clock(&self) -> Now { Now }\n\
                 pub fn read(&self) { self.clock.tick(); }\n\
                 pub fn call(&self) { self.clock().tick(); }\n}\n\
             pub fn open() { let shop = Shop::default(); shop.read(); }\n",
        ),
    ]);
    let index = place.synced().await;
    assert_eq!(
        calls(&index, "Shop::read").await,
        ["Clock::tick in src/lib.rs"]
    );
    let called = ["Now::tick in src/lib.rs", "Shop::clock in src/lib.rs"];
    assert_eq!(calls(&index, "Shop::call").await, called);
    assert_eq!(calls(&index, "open").await, ["Shop::read in src/lib.rs"]);
}

/// A class of `count` fields, each of which is made from every other, and one of them a cart.
fn knot(count: usize) -> String {
    let mut text = String::from(
        "class Cart:\n    def add(self):\n        return self\n\nclass Knot:\n    def tie(self):\n",
    );
    for field in 0..count {
        for other in (0..count).filter(|other| *other != field) {
            text += &format!("        self.f{field} = self.f{other}.turned()\n");
        }
    }
    text += "        self.cart = Cart()\n\n    def untie(self):\n        self.cart.add()\n";
    for field in 0..count {
        text += &format!("        self.f{field}.pulled()\n");
    }
    text
}

#[tokio::test]
async fn fields_that_are_made_from_each_other_cost_no_more_than_they_are() {
    let mut steps = Vec::new();
    for count in [10, 20] {
        let text = knot(count);
        let place = Place::with(&[("knot.py", text.as_str())]);
        let index = place.open().await;
        steps.push(crate::whole(&index).await.steps);
        assert_eq!(calls(&index, "Knot.untie").await, ["Cart.add in knot.py"]);
    }
    // Each of the fields' 380 bindings once for each depth, and what is said of them.
    assert!(steps[1] < 380 * 10, "{steps:?}");
    assert!(steps[1] < steps[0] * 6, "{steps:?}");
}

#[tokio::test]
async fn modules_that_bring_in_all_of_each_other_are_looked_through_once_for_a_name() {
    const MODULES: usize = 25;
    let brings = |own: usize| {
        let others = (0..MODULES).filter(|other| *other != own);
        others
            .map(|other| format!("from .m{other} import *\n"))
            .collect::<String>()
    };
    let mut files: Vec<(String, String)> = (0..MODULES)
        .map(|own| (format!("shop/m{own}.py"), brings(own)))
        .collect();
    files[MODULES - 1].1 += "\ndef pay():\n    pass\n";
    files.push(("shop/__init__.py".into(), String::new()));
    let asked: String = (0..20)
        .map(|name| format!("    nobody{name}()\n"))
        .collect();
    files.push((
        "app.py".into(),
        format!("from shop.m0 import *\n\ndef buy():\n    pay()\n{asked}"),
    ));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    let place = Place::with(&files);
    let index = place.open().await;
    let steps = crate::whole(&index).await.steps;
    assert_eq!(calls(&index, "buy").await, ["pay in shop/m24.py"]);
    // A name in each module once for each way's length, and where each import leads.
    let most = 22 * MODULES * 6 + 2 * MODULES * MODULES;
    assert!(steps < most as u64, "{steps} steps");
}

#[tokio::test]
async fn parameters_of_closures_are_what_the_called_method_hands_them() {
    let place = Place::with(&[
        (
            "src/lib.rs",
            "pub struct Cart { next: Option<Box<Cart>> }\npub struct Label;\npub struct Shop { carts: Vec<Cart>, label: Label }\n\
             impl Cart {\n    pub fn total(&self) -> u64 { 0 }\n    pub fn is_open(&self) -> bool { true }\n}\n\
             impl Label {\n    pub fn total(&self) -> u64 { 0 }\n    pub fn map(&self, f: impl Fn(u64)) {}\n}\n\
             impl Shop {\n    fn open_ones(&self) -> u64 {\n        let sum = self\n            .carts\n            .iter()\n\
             \x20           .filter(|cart| {\n                cart.is_open()\n            })\n            .fold(0, |sum, one| {\n\
             \x20               sum + one.total()\n            });\n        sum\n    }\n\
             \x20   fn of_label(&self) {\n        self.label.map(|each| {\n            each.total();\n        });\n    }\n\
             \x20   fn after(&self, one: &Label) {\n        self.carts.iter().for_each(|one| {\n            one.is_open();\n        });\n\
             \x20       one.total();\n    }\n}\n",
        ),
        (
            "web/shop.ts",
            "export class Line { weigh() { return 1; } close() {} }\n\
             export class Basket { lines: Array<Line> = []; all(): Array<Line> { return this.lines; }\n\
             \x20 sum(line: Line) { this.all().filter((line) => line.weigh() > 1).forEach((one) => one.close()); }\n\
             \x20 odd(lines: Map<string, Line>) { lines.forEach((value, key) => { value.close(); }); }\n}\n",
        ),
        (
            "app/Till.java",
            "import java.util.*;\nclass Coin { int worth() { return 1; } }\n\
             class Till {\n  List<Coin> coins;\n  Map<String, Coin> named;\n\
             \x20 void count() { coins.stream().filter(coin -> coin.worth() > 1).count(); }\n\
             \x20 void each() { named.forEach((name, coin) -> { coin.worth(); }); }\n}\n",
        ),
    ]);
    let index = place.synced().await;
    for (caller, callees) in [
        (
            "open_ones",
            &["Cart::is_open in src/lib.rs", "Cart::total in src/lib.rs"][..],
        ),
        // A method of its own hands on what it likes.
        ("of_label", &["Label::map in src/lib.rs"]),
        // Outside of the closure the name is what it was.
        (
            "after",
            &["Cart::is_open in src/lib.rs", "Label::total in src/lib.rs"],
        ),
        (
            "sum",
            &[
                "Line.weigh in web/shop.ts",
                "Line.close in web/shop.ts",
                "Basket.all in web/shop.ts",
            ],
        ),
        ("odd", &["Line.close in web/shop.ts"]),
        ("count", &["Coin.worth in app/Till.java"]),
        ("each", &["Coin.worth in app/Till.java"]),
    ] {
        let mut found = calls(&index, caller).await;
        found.sort();
        let mut wanted: Vec<&str> = callees.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{caller}");
    }
}
