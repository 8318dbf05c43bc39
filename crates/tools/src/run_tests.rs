//! The project's tests, by the command that the project itself names.

use std::time::Duration;

use async_trait::async_trait;
use mira_workspace::{Intent, Spec, Workspace};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::run_command::{foreground, runnable, shown_cwd};
use crate::{Command, CommandLine, Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);
const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);

pub(crate) struct RunTests;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Only tests with this in their name.
    filter: Option<String>,
    /// Folder with the tests' project; default the whole project.
    path: Option<String>,
    /// Default 600.
    timeout_seconds: Option<u64>,
}

/// A test command and the file that says so.
#[derive(Debug, PartialEq)]
struct Found {
    argv: Vec<String>,
    because: String,
}

#[async_trait]
impl Tool for RunTests {
    const NAME: &'static str = "run_tests";
    const DESCRIPTION: &'static str = "Run the project's tests; the command is found from its \
                                       files (Cargo.toml, package.json, pyproject.toml, go.mod …).";
    type Input = Input;

    fn effect(&self, input: &Input, cx: &ToolCx) -> Result<Effect, ToolError> {
        let found = detect(&cx.workspace, input)?;
        Ok(Effect::Runs(Command {
            line: CommandLine::Argv(found.argv),
            cwd: shown_cwd(input.path.as_deref(), cx)?,
            background: false,
            timeout_ms: timeout(input).as_millis() as u64,
            purpose: Some("run the project's tests".into()),
            network: false,
            hosts: vec![],
            unconfined: false,
            elevate: false,
        }))
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let found = detect(&cx.workspace, &input)?;
        let shown = mira_workspace::CommandLine::Argv(found.argv.clone()).shown();
        let cwd = cx.workspace.cwd(input.path.as_deref().unwrap_or(""))?;
        let mut spec = Spec::new(runnable(CommandLine::Argv(found.argv)), cwd);
        spec.confine = cx.confinement(false, vec![]);
        let output = foreground(spec, timeout(&input), cx).await?;
        let text = format!("$ {shown}   [{}]\n{}", found.because, output.text);
        let summary = format!("{shown}: {}", output.summary);
        Ok(Output {
            text,
            summary,
            ..output
        })
    }
}

fn timeout(input: &Input) -> Duration {
    match input.timeout_seconds {
        None | Some(0) => DEFAULT_TIMEOUT,
        Some(seconds) => Duration::from_secs(seconds).min(MAX_TIMEOUT),
    }
}

/// Looks at one folder of the project. The first kind that fits counts: what names its tests
/// exactly (a package's script, a manifest) before what is only customary (a Makefile).
fn detect(workspace: &Workspace, input: &Input) -> Result<Found, ToolError> {
    let folder = Folder {
        workspace,
        path: input.path.as_deref().unwrap_or(""),
    };
    workspace.cwd(folder.path)?;
    let filter = input
        .filter
        .as_deref()
        .map(str::trim)
        .filter(|filter| !filter.is_empty());
    if let Some(filter) = filter.filter(|filter| filter.starts_with('-')) {
        return Err(ToolError::Refused(format!(
            "`filter` is a part of a test's name, not a flag: {filter:?}. For flags use run_command."
        )));
    }
    let kinds = [
        rust, node, deno, go, python, maven, gradle, dotnet, elixir, ruby, php, just, make,
    ];
    kinds
        .iter()
        .find_map(|kind| kind(&folder, filter))
        .ok_or_else(|| {
            ToolError::Refused(
            "No test command was found: there is no Cargo.toml, package.json with a test script, \
             deno.json, go.mod, Python tests, pom.xml, build.gradle, .sln, mix.exs, spec folder, \
             phpunit.xml, justfile or Makefile with a test target here. Give the folder with \
             `path`, or use run_command."
                .into(),
        )
        })
}

struct Folder<'a> {
    workspace: &'a Workspace,
    path: &'a str,
}

impl Folder<'_> {
    fn inner(&self, name: &str) -> String {
        let path = self.path.trim_end_matches('/');
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}/{name}")
        }
    }

    fn has(&self, name: &str) -> bool {
        let resolved = self.workspace.resolve(&self.inner(name), Intent::Read);
        resolved.is_ok_and(|resolved| resolved.absolute.exists())
    }

    fn text(&self, name: &str) -> Option<String> {
        let file = self.workspace.read(&self.inner(name)).ok()?;
        Some(String::from_utf8_lossy(&file.bytes).into_owned())
    }

    fn any_ending(&self, ending: &str) -> Option<String> {
        let listing = self.workspace.list(self.path, 1, None, 500).ok()?;
        let mut names = listing.entries.iter().map(|entry| {
            entry
                .path
                .rsplit('/')
                .next()
                .unwrap_or(&entry.path)
                .to_owned()
        });
        names.find(|name| name.ends_with(ending))
    }
}

fn found(because: &str, words: &[&str], filter: Option<&[&str]>) -> Option<Found> {
    let words = words.iter().chain(filter.unwrap_or_default());
    Some(Found {
        argv: words.map(|word| (*word).to_owned()).collect(),
        because: because.into(),
    })
}

fn rust(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    folder.has("Cargo.toml").then_some(())?;
    found(
        "Cargo.toml",
        &["cargo", "test"],
        filter.map(|name| [name]).as_ref().map(|f| &f[..]),
    )
}

fn node(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let manifest: serde_json::Value = serde_json::from_str(&folder.text("package.json")?).ok()?;
    let script = manifest.get("scripts")?.get("test")?.as_str()?;
    // What `npm init` writes.
    if script.contains("no test specified") {
        return None;
    }
    let named = manifest
        .get("packageManager")
        .and_then(|name| name.as_str());
    let named = named.and_then(|name| name.split('@').next());
    let runner = match named {
        Some(name @ ("npm" | "pnpm" | "yarn" | "bun")) => name,
        _ if folder.has("pnpm-lock.yaml") => "pnpm",
        _ if folder.has("yarn.lock") => "yarn",
        _ if folder.has("bun.lock") || folder.has("bun.lockb") => "bun",
        _ => "npm",
    };
    let because = format!("the test script of package.json: {script}");
    let start: &[&str] = if runner == "bun" {
        &["bun", "run", "test"]
    } else {
        &[runner, "test"]
    };
    match filter {
        Some(name) if runner == "npm" => found(&because, start, Some(&["--", name])),
        Some(name) => found(&because, start, Some(&[name])),
        None => found(&because, start, None),
    }
}

fn deno(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let name = ["deno.json", "deno.jsonc"]
        .into_iter()
        .find(|name| folder.has(name))?;
    let pair = filter.map(|filter| ["--filter", filter]);
    found(name, &["deno", "test"], pair.as_ref().map(|f| &f[..]))
}

fn go(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    folder.has("go.mod").then_some(())?;
    let pair = filter.map(|filter| ["-run", filter]);
    found(
        "go.mod",
        &["go", "test", "./..."],
        pair.as_ref().map(|f| &f[..]),
    )
}

fn python(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let mentions =
        |name: &str, part: &str| folder.text(name).is_some_and(|text| text.contains(part));
    let because = if folder.has("pytest.ini") {
        "pytest.ini"
    } else if mentions("pyproject.toml", "pytest") {
        "pytest in pyproject.toml"
    } else if mentions("setup.cfg", "[tool:pytest]") {
        "setup.cfg"
    } else if mentions("tox.ini", "pytest") {
        "pytest in tox.ini"
    } else if folder.has("conftest.py") || folder.has("tests/conftest.py") {
        "conftest.py"
    } else {
        return unittest(folder, filter);
    };
    let python = python_of(folder);
    let pair = filter.map(|filter| ["-k", filter]);
    found(
        because,
        &[python, "-m", "pytest", "-q"],
        pair.as_ref().map(|f| &f[..]),
    )
}

fn unittest(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let is_python = folder.has("pyproject.toml")
        || folder.has("setup.py")
        || folder.has("requirements.txt")
        || folder.any_ending(".py").is_some();
    let in_tests = ["tests", "test"].into_iter().find(|name| {
        let inside = Folder {
            workspace: folder.workspace,
            path: &folder.inner(name),
        };
        inside.any_ending(".py").is_some()
    });
    let listing = folder
        .workspace
        .list(folder.path, 1, Some("test_*.py"), 10)
        .ok();
    let beside = listing.is_some_and(|listing| listing.entries.iter().any(|entry| !entry.is_dir));
    let python = python_of(folder);
    let because = match in_tests {
        Some(name) => format!("Python files in {name}"),
        None if is_python && beside => "test_*.py".to_owned(),
        None => return None,
    };
    let pair = filter.map(|filter| ["-k", filter]);
    let start: &[&str] = match in_tests {
        Some(name) => &[python, "-m", "unittest", "discover", "-s", name, "-t", "."],
        None => &[python, "-m", "unittest", "discover"],
    };
    found(&because, start, pair.as_ref().map(|f| &f[..]))
}

/// The project's own interpreter before the machine's.
fn python_of(folder: &Folder<'_>) -> &'static str {
    let own = [".venv/bin/python", "venv/bin/python"];
    // A virtual environment's interpreter is a link that leads out of the project.
    let path = folder.workspace.root().join(folder.path);
    own.into_iter()
        .find(|name| path.join(name).exists())
        .unwrap_or("python3")
}

fn maven(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    folder.has("pom.xml").then_some(())?;
    let program = if folder.has("mvnw") { "./mvnw" } else { "mvn" };
    let only = filter.map(|filter| format!("-Dtest={filter}"));
    let only = only.as_deref().map(|only| [only]);
    found(
        "pom.xml",
        &[program, "-q", "test"],
        only.as_ref().map(|f| &f[..]),
    )
}

fn gradle(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let name = ["build.gradle", "build.gradle.kts"]
        .into_iter()
        .find(|name| folder.has(name))?;
    let program = if folder.has("gradlew") {
        "./gradlew"
    } else {
        "gradle"
    };
    let pair = filter.map(|filter| ["--tests", filter]);
    found(name, &[program, "test"], pair.as_ref().map(|f| &f[..]))
}

fn dotnet(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let name = [".sln", ".slnx", ".csproj", ".fsproj"]
        .iter()
        .find_map(|e| folder.any_ending(e))?;
    let pair = filter.map(|filter| ["--filter", filter]);
    found(&name, &["dotnet", "test"], pair.as_ref().map(|f| &f[..]))
}

fn elixir(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    folder.has("mix.exs").then_some(())?;
    found(
        "mix.exs",
        &["mix", "test"],
        filter.map(|name| [name]).as_ref().map(|f| &f[..]),
    )
}

fn ruby(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    (folder.has("Gemfile") && folder.has("spec")).then_some(())?;
    let pair = filter.map(|filter| ["-e", filter]);
    found(
        "Gemfile and spec",
        &["bundle", "exec", "rspec"],
        pair.as_ref().map(|f| &f[..]),
    )
}

fn php(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let name = ["phpunit.xml", "phpunit.xml.dist"]
        .into_iter()
        .find(|name| folder.has(name))?;
    let pair = filter.map(|filter| ["--filter", filter]);
    found(name, &["vendor/bin/phpunit"], pair.as_ref().map(|f| &f[..]))
}

fn just(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let name = ["justfile", "Justfile", ".justfile"]
        .into_iter()
        .find(|name| folder.has(name))?;
    has_target(&folder.text(name)?).then_some(())?;
    found(
        name,
        &["just", "test"],
        filter.map(|name| [name]).as_ref().map(|f| &f[..]),
    )
}

fn make(folder: &Folder<'_>, filter: Option<&str>) -> Option<Found> {
    let names = ["GNUmakefile", "makefile", "Makefile"];
    let name = names.into_iter().find(|name| folder.has(name))?;
    let text = folder.text(name)?;
    has_target(&text).then_some(())?;
    // Make has no filter; the common variable is passed on where the file knows it.
    let only = filter
        .filter(|_| text.contains("TEST"))
        .map(|filter| format!("TEST={filter}"));
    let only = only.as_deref().map(|only| [only]);
    found(name, &["make", "test"], only.as_ref().map(|f| &f[..]))
}

fn has_target(text: &str) -> bool {
    text.lines().any(|line| {
        let rest = line.strip_prefix("test");
        rest.is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.starts_with(':') && !rest.starts_with(":=")
                || rest.contains(':') && line.starts_with("test ")
        })
    })
}
