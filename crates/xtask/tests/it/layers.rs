//! Dependencies point one way: down the list of members in the root manifest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const DESKTOP: &str = "mira-desktop";
const FAKES: &str = "mira-testkit";

/// Who alone may use a family of packages: the boundary that each of them is.
const RESERVED: &[(&str, &[&str])] = &[
    ("tauri", &[DESKTOP]),
    ("gtk", &[DESKTOP]),
    ("sqlx", &["mira-store", "mira-vectors", "mira-index"]),
    ("qdrant", &["mira-vectors", "mira-fake-qdrant"]),
    ("tonic", &["mira-vectors", "mira-fake-qdrant"]),
    ("axum", &["mira-server", FAKES]),
    ("git2", &["mira-git"]),
    ("reqwest", &["mira-egress", "mira-llm", "mira-tools"]),
    ("keyring", &["mira-keychain"]),
    ("clap", &["mira-cli", "mira-scenario", FAKES, "mira-bench"]),
];

/// The words of Mira need serde and no more.
const PROTOCOL_USES: &[&str] = &["serde", "serde_json", "thiserror", "uuid", "ts-rs"];

#[derive(Debug)]
struct Package {
    name: String,
    /// Its place in the list of members; lower is nearer to the ground.
    floor: usize,
    /// What its code uses, and what only its tests use.
    uses: Vec<String>,
    tests_use: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the repository")
}

/// The members in the order of the manifest, as folders.
fn members(root: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).expect("the root manifest");
    let manifest: toml::Table = text.parse().expect("valid TOML");
    let list = manifest["workspace"]["members"]
        .as_array()
        .expect("a list of members");
    list.iter()
        .map(|member| {
            root.join(member.as_str().expect("a path"))
                .canonicalize()
                .expect("a member")
        })
        .collect()
}

fn packages() -> Vec<Package> {
    let root = root();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(&root)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let members = members(&root);
    let mut packages: Vec<Package> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| read(package, &members))
        .collect();
    packages.sort_by_key(|package| package.floor);
    packages
}

fn read(package: &Value, members: &[PathBuf]) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifest = PathBuf::from(text(&package["manifest_path"]));
    let folder = manifest
        .parent()
        .expect("a folder")
        .canonicalize()
        .expect("there");
    let name = text(&package["name"]);
    let floor = members
        .iter()
        .position(|member| *member == folder)
        .unwrap_or_else(|| panic!("{name} is not in the list of members"));
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let (tests_use, uses): (Vec<&Value>, Vec<&Value>) = dependencies
        .iter()
        .partition(|dependency| dependency["kind"] == "dev");
    let names = |list: Vec<&Value>| list.into_iter().map(|one| text(&one["name"])).collect();
    Package {
        name,
        floor,
        uses: names(uses),
        tests_use: names(tests_use),
    }
}

/// Every arrow that breaks a rule, as a sentence.
fn faults(packages: &[Package]) -> Vec<String> {
    let floor_of = |name: &str| {
        packages
            .iter()
            .find(|one| one.name == name)
            .map(|one| one.floor)
    };
    let mut faults = Vec::new();
    for package in packages {
        let Package {
            name,
            floor,
            uses,
            tests_use,
        } = package;
        for used in uses {
            if floor_of(used).is_some_and(|other| other >= *floor) {
                faults.push(format!("{name} uses {used}, which stands above it"));
            }
            for (family, allowed) in RESERVED {
                let reserved = used == family || used.starts_with(&format!("{family}-"));
                if reserved && !allowed.contains(&name.as_str()) {
                    faults.push(format!(
                        "{name} uses {used}, which belongs to {}",
                        allowed.join(", ")
                    ));
                }
            }
        }
        for used in tests_use {
            // The fakes stand above what they fake, and the tests below them use them.
            if used != FAKES && used != name && floor_of(used).is_some_and(|other| other > *floor) {
                faults.push(format!(
                    "the tests of {name} use {used}, which stands above it"
                ));
            }
        }
        if uses.iter().any(|used| used == FAKES)
            && !["mira-scenario", "mira-bench"].contains(&name.as_str())
        {
            faults.push(format!("{name} ships the fakes of {FAKES}"));
        }
    }
    faults
}

#[test]
fn no_arrow_runs_up_and_no_boundary_leaks() {
    let packages = packages();
    assert!(
        packages.len() > 10,
        "only {} packages were read",
        packages.len()
    );
    let faults = faults(&packages);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_protocol_is_words_only() {
    let packages = packages();
    let protocol = packages
        .iter()
        .find(|one| one.name == "mira-protocol")
        .expect("the protocol");
    let used: BTreeSet<&str> = protocol.uses.iter().map(String::as_str).collect();
    let more: Vec<&&str> = used
        .iter()
        .filter(|name| !PROTOCOL_USES.contains(name))
        .collect();
    assert!(more.is_empty(), "mira-protocol uses {more:?}");
}

#[test]
fn every_crate_is_a_member() {
    let root = root();
    let members = members(&root);
    let crates = std::fs::read_dir(root.join("crates")).expect("the crates");
    for folder in crates.map(|entry| entry.expect("an entry").path()) {
        if folder.join("Cargo.toml").exists() {
            let folder = folder.canonicalize().expect("there");
            assert!(
                members.contains(&folder),
                "{} is no member",
                folder.display()
            );
        }
    }
}

#[test]
fn the_check_sees_an_arrow_up_a_leak_and_a_shipped_fake() {
    let package = |name: &str, floor, uses: &[&str], tests_use: &[&str]| Package {
        name: name.to_owned(),
        floor,
        uses: uses.iter().map(|name| (*name).to_owned()).collect(),
        tests_use: tests_use.iter().map(|name| (*name).to_owned()).collect(),
    };
    let sound = [
        package("mira-llm", 0, &["serde"], &[FAKES]),
        package("mira-engine", 1, &["mira-llm"], &[]),
        package(FAKES, 2, &["mira-engine", "axum"], &[]),
    ];
    assert!(faults(&sound).is_empty());

    let broken = [
        package(
            "mira-llm",
            0,
            &["mira-engine", "tauri-plugin-dialog"],
            &["mira-cli"],
        ),
        package("mira-engine", 1, &[FAKES], &[]),
        package(FAKES, 0, &[], &[]),
        package("mira-cli", 3, &[], &[]),
    ];
    assert_eq!(
        faults(&broken),
        [
            "mira-llm uses mira-engine, which stands above it",
            "mira-llm uses tauri-plugin-dialog, which belongs to mira-desktop",
            "the tests of mira-llm use mira-cli, which stands above it",
            "mira-engine ships the fakes of mira-testkit",
        ]
    );
}
