//! `mira index vectors|test|migrate|old|embedder` and what was said, by meaning: against a fake Qdrant over gRPC and a fake vendor.

use std::process::Child;

use mira_fake_qdrant::FakeQdrant;
use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::Value;

use crate::home::{Home, text};

struct World {
    home: Home,
    project: TempProject,
    vendor: FakeVendor,
    server: FakeQdrant,
}

impl World {
    /// More pieces than one page of a move holds; their model costs nothing.
    fn new() -> Self {
        let vendor = FakeVendor::start(Script::new([]));
        let project = TempProject::new("");
        for file in 0..15 {
            let functions =
                (0..20).map(|n| format!("pub fn step_{file}_{n}() -> u32 {{\n    {n}\n}}\n\n"));
            project.write(&format!("part_{file}.rs"), functions.collect::<String>());
        }
        Self {
            home: Home::with(&vendor),
            project,
            vendor,
            server: FakeQdrant::start().expect("a server"),
        }
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.home.command(args);
        command
            .current_dir(self.project.root())
            .env("LOCAL_BASE_URL", self.vendor.url())
            .env("EMBEDDING_MODEL", "local/small")
            .env("EMBEDDING_DIMENSIONS", "16")
            .env("MIRA_EMBEDDER", "provider")
            .env("QDRANT_URL", self.server.url());
        command
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.command(args).output().expect("it runs");
        let code = output.status.code().expect("a code");
        (code, text(&output.stdout), text(&output.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (code, stdout, stderr) = self.run(&[args, &["--json"]].concat());
        assert_eq!(code, 0, "{args:?}: {stderr}");
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
    }

    /// An engine that others attach to.
    fn serve(&self) -> Child {
        let child = self.command(&["serve", "--port", "0"]).spawn();
        let mut child = child.expect("an engine");
        let mut said = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().expect("its output"));
        while !said.contains("listening on") {
            let read = std::io::BufRead::read_line(&mut out, &mut said);
            assert!(read.expect("its output") > 0, "{said}");
        }
        // Read on, so that it never waits for somebody who reads.
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        child
    }

    /// Until `mira index vectors` says so.
    fn until(&self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (_, stdout, _) = self.run(&["index", "vectors", "--json"]);
            if let Ok(state) = serde_json::from_str(&stdout)
                && fits(&state)
            {
                return state;
            }
        }
    }
}

#[test]
fn a_move_survives_a_kill_and_is_told_on_the_way() {
    let mut world = World::new();
    let (code, said, _) = world.run(&["index", "test"]);
    assert_eq!((code, said.contains("answers in")), (0, true), "{said}");
    let set = |value| world.run(&["config", "set", "MIRA_VECTORS", value]);
    assert_eq!(set("embedded").0, 0);

    let mut engine = world.serve();
    world.json(&["index"]);
    let state = world.until(|state| state["collections"][0]["points"].as_u64() >= Some(300));
    assert_eq!(state["store"], "embedded");
    let points = state["collections"][0]["points"].clone();

    // The server dies on the way, and then the engine is killed.
    world.server.die_after("Points/Upsert", 1);
    let mut moving = world
        .command(&["index", "migrate", "qdrant"])
        .spawn()
        .expect("it runs");
    world.until(|state| {
        let migration = &state["migration"];
        migration["failure"].is_string() && migration["done"].as_u64() > Some(0)
    });
    engine.kill().expect("killed");
    engine.wait().expect("gone");
    moving.wait().expect("it noticed");
    world.server.restart().expect("the same port");

    // Asked for again, it goes on and ends; `mira index` and doctor say where they are.
    let moved = world.json(&["index", "migrate", "qdrant"]);
    assert_eq!(moved["phase"], "done");
    let state = world.until(|_| true);
    assert_eq!(state["store"], "qdrant");
    assert_eq!(state["collections"][0]["points"], points);
    let place = world.server.url().replace("http://", "");
    let (_, said, _) = world.run(&["index"]);
    assert!(said.contains(&place), "{said}");
    let (_, said, _) = world.run(&["doctor"]);
    assert!(said.contains("vectors") && said.contains(&place), "{said}");
    assert_eq!(world.server.complaints(), Vec::<String>::new());

    // The file still holds what was moved away from: shown with what is lost, removed on a word.
    let (_, said, _) = world.run(&["index", "old"]);
    assert!(said.contains("uses every collection"), "{said}");
    let old = world.json(&["index", "old", "--at", "embedded"]);
    assert_eq!(old["collections"][0]["points"], points);
    let (code, _, said) = world.run(&["index", "old", "--at", "embedded", "--remove"]);
    assert_eq!((code, said.contains("--yes")), (1, true), "{said}");
    let args = ["index", "old", "--at", "embedded", "--remove", "--yes"];
    assert_eq!(world.json(&args)["collections"], serde_json::json!([]));

    // Gone, it is said and words are searched.
    world.server.stop();
    let (code, said, _) = world.run(&["index", "vectors"]);
    assert_eq!((code, said.contains("away")), (1, true), "{said}");
    let (code, said, notes) = world.run(&["search", "step_3_4"]);
    assert_eq!((code, said.contains("part_3.rs")), (0, true), "{said}");
    assert!(notes.contains("not by meaning"), "{notes}");
}

#[test]
fn vectors_are_made_where_no_engine_stays() {
    let mut world = World::new();
    let set = world.run(&["config", "set", "MIRA_VECTORS", "embedded"]);
    assert_eq!(set.0, 0);
    world.json(&["index"]);
    let (_, _, notes) = world.run(&["search", "step_3_4"]);
    assert!(notes.contains("`mira index --vectors`"), "{notes}");

    let state = world.json(&["index", "--vectors"]);
    let meaning = &state["meaning"];
    assert_eq!(
        (&meaning["done"], &meaning["total"]),
        (&300.into(), &300.into())
    );
    let (code, found, notes) = world.run(&["search", "step_3_4"]);
    assert_eq!((code, notes.as_str()), (0, ""), "{found}");

    // What cannot be made is no reason to wait.
    let set = world.run(&["config", "set", "MIRA_VECTORS", "qdrant"]);
    assert_eq!(set.0, 0);
    world.server.stop();
    let (code, said, _) = world.run(&["index", "--vectors"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("does not answer"), "{said}");
}

#[test]
fn what_a_model_costs_is_shown_and_agreed_to() {
    let mut world = World::new();
    world.server.stop();
    let paid = |args: &[&str]| {
        let mut command = world.home.command(args);
        command.current_dir(world.project.root());
        let output = command.output().expect("it runs");
        let code = output.status.code().expect("a code");
        (code, text(&output.stdout))
    };
    let (code, said) = paid(&["index", "embedder", "provider", "--dimensions", "64"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("pieces, 0 commits and 0 messages, about") && said.contains('$'),
        "{said}"
    );
    assert!(said.contains("--yes"), "{said}");
    let (code, said) = paid(&["index", "embedder", "--yes", "--json"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        serde_json::from_str::<Value>(&said).expect("JSON")["is_agreed"],
        true
    );
    let (_, said) = paid(&["index", "vectors"]);
    assert!(said.contains("openai/text-embedding-3-large"), "{said}");
}

#[test]
fn what_was_said_is_found_by_meaning_and_without_vectors_by_words() {
    let mut world = World::new();
    world
        .vendor
        .then([Reply::text("By post, with a label on it.")]);
    let mut engine = world.serve();
    let (code, _, said) = world.run(&["exec", "How is a parcel sent?"]);
    assert_eq!(code, 0, "{said}");
    while world.json(&["index"])["messages"]["done"] != 2 {}
    let (_, said, _) = world.run(&["index"]);
    assert!(said.contains("2, 2 with a vector"), "{said}");

    let search = ["sessions", "search", "shipping", "--project", "."];
    let (code, said, notes) = world.run(&[&search[..], &["--why"]].concat());
    assert_eq!((code, notes.as_str()), (0, ""));
    assert!(
        said.contains("By post") && said.contains(", by meaning"),
        "{said}"
    );
    assert!(said.contains(" meaning: place 1 by meaning"), "{said}");
    let found = world.json(&["sessions", "search", "parcel sent"]);
    let signals = found["hits"][0]["reasons"].as_array().expect("reasons");
    let signals: Vec<&Value> = signals.iter().map(|reason| &reason["signal"]).collect();
    assert!(signals.contains(&&Value::from("words")), "{found}");

    world.server.stop();
    let (code, said, notes) = world.run(&["sessions", "search", "parcel"]);
    assert_eq!((code, said.contains("parcel")), (0, true), "{said}");
    assert!(
        notes.contains("note: searched by words, not by meaning: "),
        "{notes}"
    );
    assert!(notes.contains("QDRANT_URL"), "{notes}");
    engine.kill().expect("killed");
    engine.wait().expect("gone");
}
