// `npm run ui:e2e [-- PART]`: the journeys whose name has PART; all without it.

import { closeBrowser } from "./world.mjs";
import { journeys } from "./journeys.mjs";

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
