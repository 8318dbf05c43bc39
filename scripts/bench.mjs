// `npm run bench [-- --quick] [-- --peers] [-- --json FILE] [-- --desktop]`: builds the optimised
// terminal client and measures it against a fake vendor (crates/testkit/src/bin/bench.rs says what
// and how); with --desktop the window instead (e2e/desktop/bench.mjs). MIRA_DESKTOP names a built
// program to measure.

import { root, program } from "./lib/place.mjs";
import { main, run, status } from "./lib/run.mjs";
import { npmPackages, tools, userInterface } from "./lib/setup.mjs";
import { underXvfb } from "./lib/xvfb.mjs";

await main(async () => {
  const words = process.argv.slice(2);
  if (words.includes("--desktop")) return desktop();
  await tools("build");
  await run("cargo", ["build", "--release", "-p", "mira-cli", "-p", "mira-testkit", "--bin", "mira", "--bin", "bench"]);
  const code = await status(program("bench", "release"), ["--mira", program("mira", "release"), ...words], { cwd: root });
  return code || status("cargo", ["run", "--quiet", "--release", "-p", "mira-workspace", "--example", "sandbox_cost"], { cwd: root });
});

async function desktop() {
  await tools("build", "desktop", "tests");
  await npmPackages();
  await userInterface();
  const built = process.env.MIRA_DESKTOP;
  if (!built) {
    await run("cargo", ["build", "--release", "-p", "mira-desktop", "-p", "mira-testkit", "--bin", "mira-desktop", "--bin", "fake-vendor"]);
  }
  const env = {
    MIRA_DESKTOP: built ?? program("mira-desktop", "release"),
    MIRA_FAKE_VENDOR: program("fake-vendor", built ? undefined : "release"),
  };
  return underXvfb(process.execPath, ["e2e/desktop/bench.mjs"], { cwd: root, env });
}
