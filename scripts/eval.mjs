// `npm run eval [-- --losses --only PACKAGE]`: how good search is, on judged questions over public
// packages. Fetches the packages and the local model once, then needs no network.

import { join } from "node:path";

import { embeddingModel } from "./lib/model.mjs";
import { root } from "./lib/place.mjs";
import { main, status } from "./lib/run.mjs";
import { tools } from "./lib/setup.mjs";

await main(async () => {
  await tools("build");
  await embeddingModel();
  // 2: some packages could not be had; the evaluation names them and goes on with the rest.
  const fetched = await status(process.execPath, [join(root, "evaluation", "fetch.mjs")]);
  if (fetched === 1) console.warn("The packages were not fetched whole; those that are there are used.");
  return status("cargo", ["run", "-q", "-p", "mira-index", "--bin", "evaluate", "--", ...process.argv.slice(2)]);
});
