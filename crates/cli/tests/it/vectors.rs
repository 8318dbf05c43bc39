//! `mira index vectors|test|migrate|old|embedder` and what was said, by meaning: against a fake Qdrant over gRPC and a fake vendor.

use std::process::{Child, Stdio};

use mira_fake_qdrant::FakeQdrant;
use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::Value;

use crate::home::{Home, ended, text};

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

    /// So many commits, each with a sentence of its own.
    fn with_commits(&self, count: usize) {
        let mut stream = String::new();
        for number in 0..count {
            let said = format!("Count to {number}");
            stream += &format!(
                "commit refs/heads/main\ncommitter Test <test@example.org> {} +0000\ndata {}\n{said}\n\
                 M 100644 inline count.txt\ndata {}\n{said}\n",
                1_790_000_000 + number,
                said.len(),
                said.len(),
            );
        }
        let file = self.home.data_dir().with_extension("commits");
        std::fs::write(&file, stream).expect("written");
        self.project.git(&["init", "-q", "-b", "main"]);
        let status = std::process::Command::new("git")
            .args(["fast-import", "--quiet"])
            .current_dir(self.project.root())
            .stdin(std::fs::File::open(file).expect("there"))
            .status();
        assert!(status.expect("git runs").success());
    }

    /// What a model was given of commits so far, again where it was given again.
    fn told_commits(&self) -> Vec<String> {
        let asides = self.vendor.asides().into_iter();
        let inputs = asides.filter_map(|aside| aside.body["input"].as_array().cloned());
        let texts = inputs.flatten();
        texts
            .filter_map(|text| text.as_str().map(str::to_owned))
            .filter(|text| text.starts_with("Count to "))
            .collect()
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
    world
        .vendor
        .then([Reply::text("By post, with a label on it.")]);
    let (code, _, said) = world.run(&["exec", "How is a parcel sent?"]);
    assert_eq!(code, 0, "{said}");
    let (_, found, notes) = world.run(&["sessions", "search", "parcel"]);
    assert!(found.contains("parcel"), "{found}");
    assert!(notes.contains("`mira index --vectors`"), "{notes}");
    world.json(&["index"]);
    let (_, _, notes) = world.run(&["search", "step_3_4"]);
    assert!(notes.contains("`mira index --vectors`"), "{notes}");

    let state = world.json(&["index", "--vectors"]);
    let meaning = &state["meaning"];
    assert_eq!(
        (&meaning["done"], &meaning["total"]),
        (&300.into(), &300.into())
    );
    assert_eq!(state["messages"]["done"], 2);
    let (_, found, notes) = world.run(&["sessions", "search", "shipping"]);
    assert!(
        found.contains("by meaning") && notes.is_empty(),
        "{found}{notes}"
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
fn a_killed_engine_makes_every_commits_vector_and_none_twice() {
    const COMMITS: usize = 1_000;
    /// In one request.
    const AT_ONCE: usize = 128;
    let world = World::new();
    let set = world.run(&["config", "set", "MIRA_VECTORS", "embedded"]);
    assert_eq!(set.0, 0);
    world.with_commits(COMMITS);

    // While commits are read; while their vectors are asked for; while earlier ones are stored.
    let kills = [0, 1, 1 + AT_ONCE, 1, 1 + 2 * AT_ONCE];
    for more in kills {
        let before = world.told_commits().len();
        let asked = world.vendor.asides().len();
        let mut engine = world
            .command(&["index", "--vectors"])
            .stdout(Stdio::null())
            .spawn()
            .expect("an engine");
        while world.told_commits().len() < before + more || world.vendor.asides().len() == asked {
            let ended = engine.try_wait().expect("a state");
            assert!(ended.is_none(), "it ended before it was killed");
            std::thread::yield_now();
        }
        engine.kill().expect("killed");
        engine.wait().expect("gone");
    }

    let state = world.json(&["index", "--vectors"]);
    let commits = &state["commits"];
    let all = Value::from(COMMITS);
    assert_eq!(
        [
            &commits["known"],
            &commits["meaning"]["done"],
            &commits["meaning"]["total"]
        ],
        [&all, &all, &all]
    );
    let state = world.until(|_| true);
    let kept = state["collections"].as_array().expect("a list");
    let points = |name| {
        let of = kept.iter().find(|one| one["name"] == name);
        of.and_then(|one| one["points"].as_u64())
    };
    assert_eq!(points("mira_git"), Some(COMMITS as u64));
    assert_eq!(points("mira_code"), Some(300));

    // What was under way is asked for again, and nothing else.
    let mut told = world.told_commits();
    let asked = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), COMMITS);
    let again = asked - COMMITS;
    assert!(
        again <= AT_ONCE * kills.len(),
        "{again} were asked for twice"
    );
    world.json(&["index", "--vectors"]);
    assert_eq!(world.told_commits().len(), asked);
}

#[test]
fn others_ask_through_a_command_that_takes_long_and_go_on_without_it() {
    let world = World::new();
    let set = world.run(&["config", "set", "MIRA_VECTORS", "embedded"]);
    assert_eq!(set.0, 0);
    // A server that takes the question and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", silent.local_addr().expect("an address"));
    let mut first = world.command(&["index", "--vectors"]);
    let first = first.env("LOCAL_BASE_URL", url).stdout(Stdio::null());
    let mut first = first.spawn().expect("it runs");
    let (held, _) = silent.accept().expect("a question");

    let found = world.json(&["symbols", "step_3_4"]);
    assert_eq!(found["elements"][0]["path"], "part_3.rs");
    let second = world.command(&["index", "--vectors", "--json"]).spawn();
    let second = second.expect("it runs");
    world.json(&["symbols", "step_3_5"]);
    first.kill().expect("killed");
    first.wait().expect("gone");
    drop(held);
    let second = ended(second);
    let said = text(&second.stdout);
    assert!(second.status.success(), "{said}{}", text(&second.stderr));
    let state: Value = serde_json::from_str(&said).expect("a state");
    assert_eq!(state["meaning"]["done"], 300);
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
