//! `mira-test`: plays, lists and checks scenarios.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand, ValueEnum};
use futures::stream::{self, StreamExt};
use mira_scenario::format::{self, Loaded};
use mira_scenario::report::{Report, ScenarioResult};
use mira_scenario::run::{self, Options};

#[derive(Parser)]
#[command(
    name = "mira-test",
    version,
    about = "Plays scenarios against Mira's engine."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play scenarios; exit code 1 where one fails.
    Run(Run),
    /// List scenarios with their tags.
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Check files without playing them.
    Validate { path: PathBuf },
}

#[derive(Args)]
struct Which {
    /// A scenario file, or a folder that is searched for *.yaml and *.yml.
    path: PathBuf,
    /// Only scenarios with one of these tags.
    #[arg(long, value_delimiter = ',')]
    tags: Vec<String>,
    /// Only scenarios with this in their name.
    #[arg(long)]
    name: Option<String>,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    which: Which,
    /// Script the model with each step's mock_response; everything else stays real.
    #[arg(long)]
    mock: bool,
    #[arg(long, short, value_enum, default_value_t = Output::Console)]
    output: Output,
    /// Stop at the first failure (one scenario at a time).
    #[arg(long)]
    fail_fast: bool,
    /// How many scenarios run at the same time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    parallel: usize,
    /// Seconds for each step, instead of what the file says.
    #[arg(long, value_name = "SECS")]
    timeout: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Console,
    Json,
    Junit,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => play(&args),
        Command::List { which } => list(&which),
        Command::Validate { path } => validate(&path),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("mira-test: {message}");
            ExitCode::from(2)
        }
    }
}

fn play(args: &Run) -> Result<bool, String> {
    let scenarios = select(&args.which)?;
    if scenarios.is_empty() {
        return Err(format!("no scenario in {} fits", args.which.path.display()));
    }
    let options = Options {
        mock: args.mock,
        timeout: args.timeout.map(Duration::from_secs),
    };
    let at_once = if args.fail_fast {
        1
    } else {
        args.parallel.max(1)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(at_once.min(4) + 1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let started = Instant::now();
    let results = runtime.block_on(play_all(scenarios, options, at_once, args.fail_fast));
    let report = Report::new(results, started.elapsed().as_millis() as u64);
    match args.output {
        Output::Console => print!("{}", report.console()),
        Output::Json => {
            println!(
                "{}",
                serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?
            );
        }
        Output::Junit => print!("{}", report.junit()),
    }
    Ok(report.summary.failed == 0)
}

/// In the order of the files, however many run at once.
async fn play_all(
    scenarios: Vec<Loaded>,
    options: Options,
    at_once: usize,
    fail_fast: bool,
) -> Vec<ScenarioResult> {
    let mut results = Vec::new();
    if fail_fast {
        let mut failed = false;
        for loaded in scenarios {
            let result = if failed {
                ScenarioResult {
                    name: loaded.scenario.name.clone(),
                    file: loaded.file.display().to_string(),
                    skipped: true,
                    ..ScenarioResult::default()
                }
            } else {
                run::play(&loaded, &options).await
            };
            failed |= !result.passed;
            results.push(result);
        }
        return results;
    }
    let playing = scenarios.iter().map(|loaded| run::play(loaded, &options));
    stream::iter(playing).buffered(at_once).collect().await
}

fn list(which: &Which) -> Result<bool, String> {
    for Loaded { file, scenario, .. } in select(which)? {
        println!(
            "{}  [{}]  {} steps  {}",
            scenario.name,
            scenario.tags.join(", "),
            scenario.steps.len(),
            file.display()
        );
    }
    Ok(true)
}

fn validate(path: &Path) -> Result<bool, String> {
    let mut good = true;
    let files = files(path)?;
    for file in &files {
        match format::load(file) {
            Ok(loaded) => {
                println!("ok    {}", file.display());
                for note in loaded.notes {
                    println!("      {note}");
                }
            }
            Err(error) => {
                good = false;
                println!("wrong {error}");
            }
        }
    }
    if files.is_empty() {
        return Err(format!("no scenario in {}", path.display()));
    }
    Ok(good)
}

fn select(which: &Which) -> Result<Vec<Loaded>, String> {
    let mut chosen = Vec::new();
    for file in files(&which.path)? {
        let loaded = format::load(&file)?;
        let tagged = which.tags.is_empty()
            || loaded
                .scenario
                .tags
                .iter()
                .any(|tag| which.tags.contains(tag));
        let named = which.name.as_ref().is_none_or(|part| {
            loaded
                .scenario
                .name
                .to_lowercase()
                .contains(&part.to_lowercase())
        });
        if tagged && named {
            for note in &loaded.notes {
                eprintln!("{}: {note}", file.display());
            }
            chosen.push(loaded);
        }
    }
    Ok(chosen)
}

/// The file itself, or every scenario file below the folder, sorted.
fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let meta = std::fs::metadata(path)
        .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    if meta.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let entries = std::fs::read_dir(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path
            .extension()
            .is_some_and(|ext| ext == "yaml" || ext == "yml")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
