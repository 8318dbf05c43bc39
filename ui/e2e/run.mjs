// `npm run ui:e2e [-- PART]`: the journeys whose name has PART; all without it.

import { readdirSync } from "node:fs";
import { closeBrowser } from "./world.mjs";

// Each file whose name ends so has some of them.
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith("journeys.mjs")).sort();
const journeys = Object.assign({}, ...(await Promise.all(files.map(async (name) => (await import(`./${name}`)).journeys))));

const part = process.argv[2] ?? "";
let passed = 0;
let failed = 0;
for (const [name, journey] of Object.entries(journeys)) {
  if (!name.includes(part)) continue;
  const began = Date.now();
  try {
    await journey();
    passed += 1;
    console.log(`ok      ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error instanceof Error ? error.stack : error}\n`);
  }
}
await closeBrowser();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
