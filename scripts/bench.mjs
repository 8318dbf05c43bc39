// `npm run bench [-- --quick] [-- --peers] [-- --json FILE]`: builds the optimised terminal client
// and measures it against a fake vendor (crates/testkit/src/bin/bench.rs says what and how).
// `npm run bench syntax [-- FOLDER…]`: how fast source text becomes facts, by language.
// `npm run bench ui`: the interface instead, in Chromium (ui/e2e/bench.mjs) and in the real window
// (e2e/desktop/bench.mjs); with --debug the unoptimised programs, which are there after a test.

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
