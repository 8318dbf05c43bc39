// `npm run setup`: everything that building and testing need, and nothing else.

import { embeddingModel } from "./lib/model.mjs";
import { main } from "./lib/run.mjs";
import { npmPackages, rustComponents, tools } from "./lib/setup.mjs";

await main(async () => {
  await tools("build", "desktop", "tests");
  await rustComponents();
  await npmPackages();
  const model = await embeddingModel();
  console.log(model ? "Everything is there." : "Everything is there but the local model of embeddings.");
});
