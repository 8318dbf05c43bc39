// `npm run ui:e2e [-- PART]`: the journeys whose name has PART; all without it.

import { readdirSync } from "node:fs";
import { closeBrowser } from "./world.mjs";

// Each file whose name ends so has some of them.
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith("journeys.mjs")).sort();
const journeys = Object.assign({}, ...(await Promise.all(files.map(async (name) => (await import(`./${name}`)).journeys))));

const part = process.argv[2] ?? "";
/** No journey takes so long on a machine that works. */
const LIMIT_MS = 180_000;

const chosen = Object.entries(journeys).filter(([name]) => name.includes(part));
const failures = [];
for (const [name, journey] of chosen) if (!(await walk(name, journey))) failures.push([name, journey]);
// Once more, when nothing else of them runs: what passes then is named as unsteady.
let failed = 0;
for (const [name, journey] of failures) {
  if (await walk(name, journey)) console.log(`unsteady: ${name}`);
  else failed += 1;
}
await Promise.race([closeBrowser(), new Promise((done) => setTimeout(done, 10_000))]);
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && chosen.length > 0 ? 0 : 1);

async function walk(name, journey) {
  const began = Date.now();
  let timer;
  const limit = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`it still ran after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
  });
  try {
    await Promise.race([journey(), limit]);
    console.log(`ok      ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}\n${error instanceof Error ? error.stack : error}\n`);
    return false;
  } finally {
    clearTimeout(timer);
  }
}
