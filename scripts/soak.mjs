// `npm run soak [-- HISTORIES]`: the random histories of undo, many more than `npm test` runs, from
// a seed of today. A failure names the seed that shows it again (MIRA_UNDO_SEED).

import { main, status } from "./lib/run.mjs";
import { tools } from "./lib/setup.mjs";

const HISTORIES = 50_000;

await main(async () => {
  const count = process.argv[2] ?? process.env.MIRA_UNDO_HISTORIES ?? HISTORIES;
  const seed = process.env.MIRA_UNDO_SEED ?? Math.floor(Date.now() / 1000);
  console.log(`${count} histories from MIRA_UNDO_SEED=${seed}`);
  await tools("build");
  const words = ["test", "-p", "mira-workspace", "--test", "it", "histories", "--", "--nocapture"];
  return status("cargo", words, { env: { MIRA_UNDO_HISTORIES: String(count), MIRA_UNDO_SEED: String(seed) } });
});
