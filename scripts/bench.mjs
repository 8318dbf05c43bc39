// `npm run bench [-- --quick] [-- --peers] [-- --json FILE]`: builds the optimised terminal client
// and measures it against a fake vendor (crates/testkit/src/bin/bench.rs says what and how).
// `npm run bench syntax [-- FOLDER…]`: how fast source text becomes facts, by language.
// `npm run bench ui`: the interface instead, in Chromium (ui/e2e/bench.mjs) and in the real window
// (e2e/desktop/bench.mjs); with --debug the unoptimised programs, which are there after a test.
// `npm run bench code`: the code index, on the sources of three published packages
// (scripts/bench-code.json; crates/index/examples/bench.rs says what).
// `npm run bench calls`: precision and recall of the call graph on the samples of evaluation/.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { root, program } from "./lib/place.mjs";
import { main, run, status } from "./lib/run.mjs";
import { browser, npmPackages, tools, userInterface } from "./lib/setup.mjs";
import { underXvfb } from "./lib/xvfb.mjs";

await main(async () => {
  const words = process.argv.slice(2);
  if (words[0] === "syntax") {
    await tools("build");
    return example("parse_speed", words.slice(1), "mira-syntax");
  }
  if (words.includes("code")) return codeBench();
  if (words.includes("calls")) return callsBench();
  if (words.includes("ui")) return userInterfaceBench(words.includes("--debug"));
  await tools("build");
  await run("cargo", ["build", "--release", "-p", "mira-cli", "-p", "mira-testkit", "--bin", "mira", "--bin", "bench"]);
  const code = await status(program("bench", "release"), ["--mira", program("mira", "release"), ...words], { cwd: root });
  const held = code || (await example("sandbox_cost")) || (await example("checkpoint_cost", words.includes("--quick") ? ["--quick"] : []));
  return held || example("verdicts", [], "mira-policy");
});

/** What costs something without the engine around it. */
function example(name, words = [], of = "mira-workspace") {
  return status("cargo", ["run", "--quiet", "--release", "-p", of, "--example", name, "--", ...words], { cwd: root });
}

async function codeBench() {
  await tools("build");
  const list = join(root, "scripts/bench-code.json");
  const folder = join(homedir(), ".cache/mira-bench-code");
  await run(process.execPath, ["evaluation/fetch.mjs", "--list", list, folder]);
  await run("cargo", ["build", "--quiet", "--release", "-p", "mira-index", "--example", "bench"]);
  for (const { name, version } of JSON.parse(readFileSync(list, "utf8")).packages) {
    const code = await status(program("examples/bench", "release"), [`${name} ${version}`, join(folder, name)], { cwd: root });
    if (code) return code;
  }
  return 0;
}

async function callsBench() {
  await tools("build");
  // A package that is missing is named in the figures.
  await status(process.execPath, ["evaluation/fetch.mjs"]);
  return example("calls", process.argv.slice(3), "mira-index");
}

async function userInterfaceBench(debug) {
  await tools("build", "desktop", "tests");
  await npmPackages();
  await userInterface();
  const profile = debug ? [] : ["--release"];
  await run("cargo", ["build", ...profile, "-p", "mira-desktop", "-p", "mira-cli", "-p", "mira-testkit", "--bin", "mira-desktop", "--bin", "mira", "--bin", "fake-vendor"]);
  await run("cargo", ["build", ...profile, "-p", "mira-store", "--example", "long_session"]);
  const kind = debug ? undefined : "release";
  const env = {
    MIRA_DESKTOP: program("mira-desktop", kind),
    MIRA_FAKE_VENDOR: program("fake-vendor", kind),
    MIRA_PROGRAMS: kind ?? "debug",
    CHROME_PATH: browser(),
  };
  const page = await status(process.execPath, ["ui/e2e/bench.mjs"], { cwd: root, env });
  const window = await underXvfb(process.execPath, ["e2e/desktop/bench.mjs"], { cwd: root, env });
  return page || window;
}
