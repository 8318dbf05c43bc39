// `npm run bench [-- --quick] [-- --peers] [-- --json FILE]`: builds the optimised terminal client
// and measures it against a fake vendor (crates/testkit/src/bin/bench.rs says what and how).

import { root, program } from "./lib/place.mjs";
import { main, run, status } from "./lib/run.mjs";
import { tools } from "./lib/setup.mjs";

await main(async () => {
  await tools("build");
  await run("cargo", ["build", "--release", "-p", "mira-cli", "-p", "mira-testkit", "--bin", "mira", "--bin", "bench"]);
  const words = ["--mira", program("mira", "release"), ...process.argv.slice(2)];
  return status(program("bench", "release"), words, { cwd: root });
});
