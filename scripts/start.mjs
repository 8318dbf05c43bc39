// `npm start [-- FOLDER]`: builds Mira and opens it. Without a display: the headless engine and a
// link to the same interface.

import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { embeddingModel } from "./lib/model.mjs";
import { hasDisplay, program } from "./lib/place.mjs";
import { main, run, status } from "./lib/run.mjs";
import { npmPackages, tools, userInterface } from "./lib/setup.mjs";

await main(async () => {
  const windowed = await hasDisplay();
  await tools("build", ...(windowed ? ["desktop"] : []));
  await npmPackages();
  await userInterface();
  await embeddingModel();

  if (!windowed) {
    console.log("There is no display here: starting the headless engine; open its link in a browser.");
    await run("cargo", ["build", "--bin", "mira"]);
    return status(program("mira"), ["serve", ...process.argv.slice(2)], { env: {} });
  }
  // Chosen out of the whole workspace, it is built with the same features as for the tests: what
  // those built is not built again.
  await run("cargo", ["build", "--workspace", "--bin", "mira-desktop"]);
  // npm runs scripts in the repository; the person's folder is where they called it.
  const from = process.env.INIT_CWD || process.cwd();
  const words = process.argv.slice(2).map((word) => (word.startsWith("-") ? word : resolve(from, word)));
  return status(program("mira-desktop"), words, { env: withoutGraphicsCard() });
});

/** WebKit's fast path needs a graphics device; without one it would show an empty window. */
function withoutGraphicsCard() {
  if (process.platform !== "linux" || existsSync("/dev/dri")) return {};
  return { WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
}
