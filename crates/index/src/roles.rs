//! What a file is for, as far as its name and its own words tell.

use mira_syntax::FileFacts;

use crate::model::Roles;

/// Folders whose files are brought along.
const VENDORED: &[&str] = &[
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "node_modules",
    "external",
    "bower_components",
    "Pods",
    "Carthage",
    "_vendor",
];
const GENERATED_FOLDERS: &[&str] = &["generated", "__generated__", "gen", "dist", "__snapshots__"];
const GENERATED_NAMES: &[&str] = &[
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "npm-shrinkwrap.json",
    "bun.lock",
    "Cargo.lock",
    "poetry.lock",
    "Pipfile.lock",
    "uv.lock",
    "pdm.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
    "pubspec.lock",
    "flake.lock",
    "Package.resolved",
    "gradle.lockfile",
];
const GENERATED_ENDS: &[&str] = &[
    ".min.js",
    ".min.css",
    ".bundle.js",
    ".pb.go",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    ".pb.cc",
    ".pb.h",
    ".g.dart",
    ".g.cs",
    ".designer.cs",
    ".generated.ts",
    ".generated.cs",
    ".map",
    ".snap",
];
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "testing",
    "e2e",
    "testdata",
    "fixtures",
    "androidTest",
    "integration-tests",
    "unittests",
];

pub(crate) fn of(path: &str, facts: &FileFacts) -> Roles {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let within = |list: &[&str]| folders.split('/').any(|folder| list.contains(&folder));
    Roles {
        is_test: within(TEST_FOLDERS) || is_test_name(name),
        is_generated: facts.is_generated
            || GENERATED_NAMES.contains(&name)
            || GENERATED_ENDS.iter().any(|end| name.ends_with(end))
            || within(GENERATED_FOLDERS),
        is_vendored: within(VENDORED),
    }
}

/// `test_x.py`, `x_test.go`, `x.spec.ts`, `XTest.java`, `conftest.py`.
pub(crate) fn is_test_name(name: &str) -> bool {
    let Some((stem, _)) = name.split_once('.') else {
        return false;
    };
    let inner = name.split('.').rev().nth(1).unwrap_or(stem);
    let capital = |end: &str| {
        stem.strip_suffix(end).is_some_and(|rest| {
            rest.ends_with(|c: char| c.is_alphanumeric() && (end != "IT" || !c.is_uppercase()))
        })
    };
    stem.starts_with("test_")
        || stem.starts_with("test-")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || stem.ends_with("-test")
        || matches!(inner, "test" | "spec" | "tests" | "cy")
        || matches!(stem, "tests" | "test" | "conftest")
        || ["Test", "Tests", "Spec", "TestCase", "IT"]
            .into_iter()
            .any(capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_by_their_names() {
        for name in [
            "test_x.py",
            "x_test.go",
            "x.spec.ts",
            "XTest.java",
            "conftest.py",
            "tests.rs",
        ] {
            assert!(is_test_name(name), "{name}");
        }
        for name in [
            "contest.py",
            "latest.ts",
            "Greatest.java",
            "attestation.rs",
            "UNIT.md",
            "AUDIT.md",
        ] {
            assert!(!is_test_name(name), "{name}");
        }
    }

    #[test]
    fn a_path_tells_what_a_file_is_for() {
        let roles = |path: &str| of(path, &FileFacts::default());
        assert!(roles("a/tests/it/x.rs").is_test);
        assert!(roles("web/package-lock.json").is_generated);
        assert!(roles("third_party/z/z.c").is_vendored);
        assert_eq!(roles("src/lib.rs"), Roles::default());
    }
}
