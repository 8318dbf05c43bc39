// `npm run soak [-- HISTORIES]`: the random histories of undo, many more than `npm test` runs, from
// a seed of today. A failure names the seed that shows it again (MIRA_UNDO_SEED).
// `npm run soak code [OPERATIONS]`: random operations on a project whose code is indexed, by itself
// and behind the watcher; at the end the index is the one made from nothing (MIRA_INDEX_SEED).

import { main, status } from "./lib/run.mjs";
import { tools } from "./lib/setup.mjs";

const HISTORIES = 50_000;
const OPERATIONS = 10_000;

await main(async () => {
  if (process.argv[2] === "code") return code(process.argv[3]);
  const count = process.argv[2] ?? process.env.MIRA_UNDO_HISTORIES ?? HISTORIES;
  const seed = process.env.MIRA_UNDO_SEED ?? Math.floor(Date.now() / 1000);
  console.log(`${count} histories from MIRA_UNDO_SEED=${seed}`);
  await tools("build");
  const words = ["test", "-p", "mira-workspace", "--test", "it", "histories", "--", "--nocapture"];
  return status("cargo", words, { env: { MIRA_UNDO_HISTORIES: String(count), MIRA_UNDO_SEED: String(seed) } });
});

async function code(asked) {
  const count = asked ?? process.env.MIRA_INDEX_OPERATIONS ?? OPERATIONS;
  const seed = process.env.MIRA_INDEX_SEED ?? Math.floor(Date.now() / 1000);
  console.log(`${count} operations from MIRA_INDEX_SEED=${seed}`);
  await tools("build");
  const words = ["test", "-p", "mira-index", "--test", "it", "histories", "--", "--nocapture"];
  return status("cargo", words, { env: { MIRA_INDEX_OPERATIONS: String(count), MIRA_INDEX_SEED: String(seed) } });
}
