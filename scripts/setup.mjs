// `npm run setup`: everything that building and testing need, and nothing else.

import { main } from "./lib/run.mjs";
import { npmPackages, rustComponents, tools } from "./lib/setup.mjs";

await main(async () => {
  await tools("build", "desktop", "tests");
  await rustComponents();
  await npmPackages();
  console.log("Everything is there.");
});
