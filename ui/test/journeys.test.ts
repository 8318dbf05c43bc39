// docs/JOURNEYS.md lists what people do and the test that walks each way; here each is looked up.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

interface Journey {
  what: string;
  file: string;
  test: string;
}

function journeys(): Journey[] {
  const rows = readFileSync(join(ROOT, "docs/JOURNEYS.md"), "utf8").split("\n").filter((line) => line.startsWith("| ") && line.includes("`"));
  return rows.map((row) => {
    const [what = "", where = ""] = row.replace(/^\| | \|$/g, "").split(" | ");
    const match = /^`([^`]+)` · `([^`]+)`/.exec(where.trim());
    return { what: what.trim(), file: match?.[1] ?? "", test: match?.[2] ?? "" };
  });
}

it("lists journeys, each once", () => {
  const all = journeys();
  expect(all.length).toBeGreaterThanOrEqual(40);
  expect(new Set(all.map((one) => one.what)).size).toBe(all.length);
});

it("names for each journey a test that exists", () => {
  const missing = journeys().filter(({ file, test }) => {
    const path = join(ROOT, file);
    if (!file || !test || !existsSync(path)) return true;
    const text = readFileSync(path, "utf8");
    // Rust tests are functions; the others have a name in quotes.
    return file.endsWith(".rs") ? !text.includes(`fn ${test}(`) : !text.includes(`"${test}"`);
  });
  expect(missing).toEqual([]);
});
