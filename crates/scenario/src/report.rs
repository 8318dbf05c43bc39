//! Results for people, for programs, for CI.

use std::fmt::Write as _;

use mira_protocol::StoredEvent;
use serde::Serialize;

use crate::assertions::Checked;

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub summary: Summary,
    pub scenarios: Vec<ScenarioResult>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    pub total: usize,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    pub duration_ms: u64,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct ScenarioResult {
    pub name: String,
    pub file: String,
    pub passed: bool,
    /// Every step was skipped, or an earlier failure ended the run.
    pub skipped: bool,
    pub duration_ms: u64,
    pub error: Option<String>,
    pub steps: Vec<StepResult>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct StepResult {
    pub name: String,
    pub passed: bool,
    pub skipped: bool,
    pub skip_reason: Option<String>,
    pub duration_ms: u64,
    pub event_count: usize,
    pub tool_executions: Vec<ToolExecution>,
    pub assertions: Vec<Checked>,
    pub error: Option<String>,
    /// Everything that was stored.
    #[serde(skip)]
    pub events: Vec<StoredEvent>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ToolExecution {
    pub tool: String,
    pub success: bool,
    pub duration_ms: u64,
    pub summary: String,
}

impl Report {
    pub fn new(scenarios: Vec<ScenarioResult>, duration_ms: u64) -> Self {
        let count =
            |which: fn(&ScenarioResult) -> bool| scenarios.iter().filter(|s| which(s)).count();
        let summary = Summary {
            total: scenarios.len(),
            passed: count(|s| s.passed && !s.skipped),
            failed: count(|s| !s.passed && !s.skipped),
            skipped: count(|s| s.skipped),
            duration_ms,
        };
        Self { summary, scenarios }
    }

    pub fn console(&self) -> String {
        let mut out = String::new();
        for scenario in &self.scenarios {
            let _ = writeln!(
                out,
                "{} {} ({} ms)",
                mark(scenario.passed, scenario.skipped),
                scenario.name,
                scenario.duration_ms
            );
            if let Some(error) = &scenario.error {
                let _ = writeln!(out, "    {error}");
            }
            for step in scenario
                .steps
                .iter()
                .filter(|step| !step.passed || step.skipped)
            {
                let reason = step.skip_reason.as_deref().unwrap_or_default();
                let _ = writeln!(
                    out,
                    "  {} {} {reason}",
                    mark(step.passed, step.skipped),
                    step.name
                );
                if let Some(error) = &step.error {
                    let _ = writeln!(out, "      {error}");
                }
                for checked in step.assertions.iter().filter(|checked| !checked.passed) {
                    let _ = writeln!(out, "      {}: wanted {}", checked.kind, checked.message);
                }
            }
        }
        let Summary {
            total,
            passed,
            failed,
            skipped,
            duration_ms,
        } = &self.summary;
        let _ = writeln!(
            out,
            "{total} scenarios: {passed} passed, {failed} failed, {skipped} skipped, {duration_ms} ms"
        );
        out
    }

    pub fn junit(&self) -> String {
        let Summary {
            total,
            failed,
            skipped,
            duration_ms,
            ..
        } = &self.summary;
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{total}\" failures=\"{failed}\" skipped=\"{skipped}\" time=\"{}\">\n",
            seconds(*duration_ms)
        );
        for scenario in &self.scenarios {
            let failures = scenario.steps.iter().filter(|step| !step.passed).count();
            let _ = writeln!(
                out,
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{}\" time=\"{}\">",
                escape(&scenario.name),
                scenario.steps.len(),
                usize::from(scenario.error.is_some()),
                seconds(scenario.duration_ms)
            );
            if let Some(error) = &scenario.error {
                let _ = writeln!(
                    out,
                    "    <testcase name=\"scenario\"><error message=\"{}\"/></testcase>",
                    escape(error)
                );
            }
            for step in &scenario.steps {
                let _ = write!(
                    out,
                    "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                    escape(&scenario.name),
                    escape(&step.name),
                    seconds(step.duration_ms)
                );
                if step.skipped {
                    let reason = step.skip_reason.as_deref().unwrap_or_default();
                    let _ = writeln!(out, "><skipped message=\"{}\"/></testcase>", escape(reason));
                } else if step.passed {
                    out += "/>\n";
                } else {
                    let failed = step.assertions.iter().filter(|checked| !checked.passed);
                    let lines = failed
                        .map(|checked| format!("{}: wanted {}", checked.kind, checked.message));
                    let text: Vec<String> = step.error.iter().cloned().chain(lines).collect();
                    let first = text.first().map_or("", String::as_str);
                    let _ = writeln!(
                        out,
                        "><failure message=\"{}\">{}</failure></testcase>",
                        escape(first),
                        escape(&text.join("\n"))
                    );
                }
            }
            out += "  </testsuite>\n";
        }
        out + "</testsuites>\n"
    }
}

fn mark(passed: bool, skipped: bool) -> &'static str {
    match (skipped, passed) {
        (true, _) => "skip",
        (_, true) => "ok  ",
        (_, false) => "FAIL",
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// For XML attributes and text; characters that XML cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out += "&#10;",
            '\t' => out.push(c),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
