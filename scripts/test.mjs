// `npm test [-- LANE…]`: every check there is, each lane timed, its output in test-results/LANE.log.
// The last line is `N passed, N failed`; the exit code is 1 where anything failed. A lane that hangs is
// ended at its limit. A test that failed is run once more, alone; if it passes then, it is named as unsteady.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { installed } from "./lib/installed.mjs";
import { embeddingModel } from "./lib/model.mjs";
import { root, program } from "./lib/place.mjs";
import { main, status } from "./lib/run.mjs";
import { browser, npmPackages, rustComponents, tools, userInterface } from "./lib/setup.mjs";
import { underXvfb } from "./lib/xvfb.mjs";

const RESULTS = join(root, "test-results");
/** Lines of a failed lane's log to show at once. */
const TAIL = 60;
/** Nothing here takes so long on a machine that works, a first build included. */
const LIMIT_MS = 40 * 60_000;
/** Tests alone, when everything is built. */
const TESTS_LIMIT_MS = 20 * 60_000;

/** Two chains run beside each other (cargo, and what needs no cargo); the rest follows in order. */
const CARGO = [
  lane("format", "Rust is formatted", (log) => cargo(log, "fmt", "--all", "--check")),
  lane("clippy", "Rust without warnings, the desktop included", (log) =>
    cargo(log, "clippy", "--workspace", "--all-targets", "--", "-D", "warnings")),
  lane("rust", "unit and integration tests of every crate", rust, cargoCounts),
  lane("undo", "2,000 random histories taken back and brought again, with kill -9 in them", histories, historyCounts),
  lane("build", "the programs that the next lanes use", (log) => cargo(log, "build", "--workspace", "--bins")),
];
const BESIDE = [
  lane("lint", "ESLint and strict TypeScript", (log) => npm(log, "ui:lint")),
  lane("interface", "the interface's own tests", userInterfaceTests, vitestCounts),
];
const AFTER = [
  lane("scenarios", "whole conversations with a scripted model", scenarios, scenarioCounts),
  lane("browser", "the interface in Chromium against the real engine", (log) => npm(log, "ui:e2e", { CHROME_PATH: browser() }), closingCounts),
  lane("desktop", "the real window: chat, review, approval, keychain, restart", desktop, nodeTestCounts),
  lane("installed", "the programs away from the repository", installed, closingCounts),
];
const ALL = [...CARGO, ...BESIDE, ...AFTER];

await main(async () => {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !ALL.some((one) => one.name === name));
  if (unknown.length) {
    console.error(`No such lane: ${unknown.join(", ")}. Lanes: ${ALL.map((one) => one.name).join(", ")}.`);
    return 2;
  }
  const wanted = (list) => list.filter((one) => chosen.length === 0 || chosen.includes(one.name));

  const began = Date.now();
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  await tools("build", "desktop", "tests");
  await rustComponents();
  await npmPackages();
  await userInterface();
  await embeddingModel();
  console.log(`ready after ${seconds(Date.now() - began)}\n`);

  const cargoLanes = inOrder(wanted(CARGO));
  const results = (await Promise.all([cargoLanes, inOrder(wanted(BESIDE), { alone: cargoLanes })])).flat();
  // Without programs there is nothing for the others to drive.
  const built = results.every((result) => result.name !== "build" || result.failed === 0);
  results.push(...(await inOrder(wanted(AFTER), { reasonToSkip: built ? undefined : "the programs were not built" })));
  return summary(results, Date.now() - began);
});

function lane(name, what, work, counts = oneCount) {
  return { name, what, work, counts };
}

/** `alone`: settles when nothing runs beside these lanes any more. */
async function inOrder(lanes, circumstances = {}) {
  const results = [];
  for (const one of lanes) results.push(await runLane(one, circumstances));
  return results;
}

async function runLane({ name, what, work, counts }, { alone, reasonToSkip }) {
  const log = join(RESULTS, `${name}.log`);
  const began = Date.now();
  let code = 1;
  try {
    if (reasonToSkip) writeFileSync(log, `not run: ${reasonToSkip}\n`);
    else code = await work(log, alone);
  } catch (error) {
    writeFileSync(log, `${error.stack}\n`, { flag: "a" });
  }
  const text = existsSync(log) ? readFileSync(log, "utf8") : "";
  const result = { name, ms: Date.now() - began, ...settled(counts(text, code), code) };
  for (const name of unsteady(text)) console.log(`       unsteady: ${name} failed, and passed when it was run again`);
  for (const figure of figures(text)) console.log(`       ${figure}`);
  const mark = result.failed ? "FAILED" : "ok";
  console.log(`${mark.padEnd(7)}${name.padEnd(11)}${seconds(result.ms).padStart(8)}  ${result.passed} passed, ${result.failed} failed  ${what}`);
  if (result.failed) {
    const lines = text.trimEnd().split("\n");
    console.log(lines.slice(-TAIL).map((line) => `    ${line}`).join("\n"));
    console.log(`    … all of it: ${log}`);
  }
  return result;
}

/** What the corpora print: how many ways were tried and held, and each that was not. */
function figures(text) {
  return plain(text).split("\n").filter((line) => /^(escapes|canary|command verdicts|injections|secrets)\b.*:|^ {2}missed: /.test(line));
}

/** A lane that ended badly has failed, whatever it counted; one that counted nothing ran nothing. */
function settled({ passed, failed }, code) {
  if (code !== 0 && failed === 0) return { passed, failed: 1 };
  if (passed === 0 && failed === 0) return { passed, failed: 1 };
  return { passed, failed };
}

function summary(results, ms) {
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  const failed = results.filter((result) => result.failed);
  console.log(`\n${results.length} lanes in ${seconds(ms)}; logs in ${RESULTS}`);
  if (failed.length) console.log(`failed: ${failed.map((result) => result.name).join(", ")}`);
  console.log(`${total("passed")} passed, ${total("failed")} failed`);
  return failed.length ? 1 : 0;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

function cargo(log, ...words) {
  return status("cargo", words, { log, limitMs: LIMIT_MS });
}

async function rust(log) {
  const tests = ["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"];
  const built = await cargo(log, ...tests, "--no-run");
  if (built !== 0) return built;
  const code = await status("cargo", tests, { log, limitMs: TESTS_LIMIT_MS });
  const failed = failedTests(plain(readFileSync(log, "utf8")));
  if (code === 0 || failed.length === 0) return code;
  // Exact names, in whichever crate they are.
  const again = join(RESULTS, "rust-again.log");
  const secondCode = await status("cargo", [...tests, "--", "--exact", ...failed], { log: again, limitMs: TESTS_LIMIT_MS });
  const text = plain(readFileSync(again, "utf8"));
  if (secondCode !== 0 || cargoCounts(text).passed < failed.length) return code;
  writeFileSync(log, `\n${text}\n${failed.map((name) => `unsteady: ${name}\n`).join("")}`, { flag: "a" });
  return 0;
}

function failedTests(text) {
  return [...new Set([...text.matchAll(/^test (\S+)(?: - should panic)? \.\.\. FAILED$/gm)].map((match) => match[1]))];
}

function unsteady(text) {
  const named = [...plain(text).matchAll(/^unsteady: (.+)$/gm)].map((match) => match[1]);
  // Vitest's own word for it.
  const retried = [...plain(text).matchAll(/^\s*✓ (.+?) (?:\d+\s*ms )?\(retry x\d+\)/gm)].map((match) => match[1]);
  return [...named, ...retried];
}

/** Counted once by the rust lane with a few; here with enough to mean something. */
function histories(log) {
  const words = ["test", "-p", "mira-workspace", "--test", "it", "histories", "--", "--nocapture"];
  return status("cargo", words, { log, limitMs: LIMIT_MS, env: { MIRA_UNDO_HISTORIES: "2000" } });
}

function historyCounts(text) {
  const found = /^(\d+) histories held, (\d+) failed$/m.exec(plain(text));
  return { passed: Number(found?.[1] ?? 0), failed: Number(found?.[2] ?? 0) };
}

function npm(log, script, env) {
  return status("npm", ["run", "--silent", script], { log, env, limitMs: LIMIT_MS });
}

/** What failed beside a compiler is run again without one. */
async function userInterfaceTests(log, alone) {
  const code = await npm(log, "ui:test");
  if (code === 0) return code;
  await alone;
  const again = join(RESULTS, "interface-again.log");
  if ((await npm(again, "ui:test")) !== 0) return code;
  const failed = [...plain(readFileSync(log, "utf8")).matchAll(/^ *FAIL +\S+ > (.+)$/gm)].map((match) => match[1]);
  writeFileSync(log, `${readFileSync(again, "utf8")}\n${[...new Set(failed)].map((name) => `unsteady: ${name}\n`).join("")}`);
  return 0;
}

async function scenarios(log) {
  const report = join(RESULTS, "scenarios.json");
  return status("sh", ["-c", '"$0" run scenarios --mock --output json >"$1"', program("mira-test"), report], { log, limitMs: TESTS_LIMIT_MS });
}

/** The report alone stands on stdout: if it is no JSON, the lane failed. */
function scenarioCounts() {
  const { summary } = JSON.parse(readFileSync(join(RESULTS, "scenarios.json"), "utf8"));
  return { passed: summary.passed, failed: summary.failed };
}

async function desktop(log) {
  const words = ["--test", "--test-concurrency=1", "--test-reporter=spec", "e2e/desktop/"];
  const env = { MIRA_DESKTOP: program("mira-desktop"), MIRA_FAKE_VENDOR: program("fake-vendor"), MIRA_TEST_RESULTS: RESULTS };
  const once = (log) => underXvfb(process.execPath, words, { log, env, limitMs: TESTS_LIMIT_MS });
  const code = await once(log);
  if (code === 0) return code;
  // Each file is one long walk, so all of it again.
  const again = join(RESULTS, "desktop-again.log");
  if ((await once(again)) !== 0) return code;
  const failed = [...plain(readFileSync(log, "utf8")).matchAll(/^\s*✖ (.+?)(?: \([\d.]+ms\))?$/gm)].map((match) => match[1]);
  writeFileSync(log, `${readFileSync(again, "utf8")}\n${[...new Set(failed)].map((name) => `unsteady: ${name}\n`).join("")}`);
  return 0;
}

function oneCount(_, code) {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** What failed first and passed then counts as passed, once. */
function cargoCounts(text) {
  const counted = sum(text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm));
  return /^unsteady: /m.test(text) ? { passed: counted.passed, failed: 0 } : counted;
}

function vitestCounts(text) {
  const line = /^\s*Tests\s+(.*)$/m.exec(plain(text))?.[1] ?? "";
  return { passed: Number(/(\d+) passed/.exec(line)?.[1] ?? 0), failed: Number(/(\d+) failed/.exec(line)?.[1] ?? 0) };
}

function nodeTestCounts(text) {
  const figure = (word) => Number(new RegExp(`^. ${word} (\\d+)$`, "m").exec(plain(text))?.[1] ?? 0);
  return { passed: figure("pass"), failed: figure("fail") + figure("cancelled") };
}

/** For our own runners, which end with the same line as this one. */
function closingCounts(text) {
  return sum([...plain(text).matchAll(/^(\d+) passed, (\d+) failed$/gm)].slice(-1));
}

function sum(matches) {
  let [passed, failed] = [0, 0];
  for (const match of matches) {
    passed += Number(match[1]);
    failed += Number(match[2]);
  }
  return { passed, failed };
}

function plain(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}
