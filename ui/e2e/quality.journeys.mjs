// How the code keeps and what it is about: quality, hotspots from a real history, concepts, structure, folders in layers.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessibility, openProject, world } from "./world.mjs";

const HARD = `import { round } from "../core/round";

/** Adds up the prices of a cart. */
export function cartTotal(items: number[], open: boolean): number {
  let total = 0;
  for (const item of items) {
    if (open) {
      if (item > 3) {
        for (const other of items) {
          if ((other > item && open) || total > 9) {
            if (other === 7) {
              total += 1;
            }
          }
        }
      } else if (item === 2) {
        total += 2;
      }
    }
  }
  return round(total);
}

export function cartPrice(items: number[]): number {
  return cartTotal(items, true);
}

export function cartLabel(items: number[]): string {
  return String(cartPrice(items));
}
`;
const ROUND = `export function round(value: number): number {
  return Math.round(value);
}
`;

export const DAMAGED = { type: "error", code: "internal", message: "The code index failed: index.db is damaged.", hint: "Index the project anew on the page Index." };

/** Runs one way in a world with some TypeScript that has a history. */
async function journey(walk, { broken } = {}) {
  const here = await world({});
  const git = (...args) => execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd: here.project });
  const commit = (message, files) => {
    for (const [path, text] of Object.entries(files)) writeFileSync(join(here.project, path), text);
    git("add", ".");
    git("commit", "-qm", message);
  };
  try {
    for (const folder of ["src/shop", "src/core", "checks"]) mkdirSync(join(here.project, folder), { recursive: true });
    commit("Add a cart", { "src/shop/cart.ts": HARD, "src/core/round.ts": ROUND, "checks/prices.test.ts": "// The prices.\n" });
    commit("Fix the total", { "src/shop/cart.ts": `${HARD}// Mended.\n`, "checks/prices.test.ts": "// The prices again.\n" });
    commit("Fix it again", { "src/shop/cart.ts": `${HARD}// Mended twice.\n`, "checks/prices.test.ts": "// The prices at last.\n" });
    const page = await here.page({ broken });
    await openProject(page, here.project);
    await page.getByRole("button", { name: "Project: greeter" }).waitFor();
    const go = (tab) => page.goto(`${page.url().split("#")[0]}#/code/${tab}`);
    await walk({ here, page, go });
    assert.deepEqual(here.problems(), []);
  } finally {
    await here.close();
  }
}

export const journeys = {
  "code: what could be better is listed with its measure, narrowed, opened, and gone when it is mended": () =>
    journey(async ({ here, page, go }) => {
      await go("quality");
      const row = page.getByRole("row", { name: /complexity.*> 15/ });
      await row.waitFor();
      assert.deepEqual(await accessibility(page), [], "quality");
      await page.getByLabel("Kind").selectOption("length");
      await page.getByText("Nothing passes a threshold there").waitFor();
      await page.getByLabel("Kind").selectOption("complexity");
      await row.getByRole("button", { name: /cartTotal/ }).click();
      const element = page.getByRole("article", { name: "cartTotal" });
      await element.getByText("Adds up the prices of a cart.").first().waitFor();
      await element.getByRole("row", { name: /complexity.*> 15/ }).waitFor();
      await element.getByRole("row", { name: /Fix it again.*Ada/ }).waitFor();
      await element.getByText(/changed together with its file in 3 of 3 commits/).waitFor();
      assert.deepEqual(await accessibility(page), [], "an element with its quality");
      await go("quality");
      await row.waitFor();
      here.put("src/shop/cart.ts", "export function cartTotal(): number {\n  return 0;\n}\n");
      await row.waitFor({ state: "detached" });
    }),

  "code: hotspots of a real history as a map that keys walk, and as a table": () =>
    journey(async ({ page, go }) => {
      await go("hotspots");
      const file = page.getByRole("button", { name: /^src\/shop\/cart\.ts: \d+ lines, complexity \d+, 3 commits/ });
      await file.waitFor();
      await page.getByText("4 commits counted", { exact: false }).waitFor();
      assert.deepEqual(await accessibility(page), [], "hotspots");
      await file.focus();
      await page.keyboard.press("ArrowRight");
      await page.locator('.heat-file:focus:not([aria-label^="src/shop/cart.ts"])').waitFor();
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Enter");
      await page.locator("#inspector-panel").getByText("Adds up the prices of a cart.", { exact: false }).waitFor();
    }),

  "code: concepts with what is about them, clusters, patterns, and folders in layers": () =>
    journey(async ({ page, go }) => {
      await go("concepts");
      await page.getByRole("button", { name: /^cart/ }).first().click();
      await page.getByRole("region", { name: /^About “cart/ }).getByRole("button", { name: /cartTotal/ }).first().waitFor();
      assert.deepEqual(await accessibility(page), [], "concepts");
      await go("structure");
      await page.getByRole("heading", { name: "Files that belong together" }).waitFor();
      await page.getByText("No design pattern is known in this code").waitFor();
      assert.deepEqual(await accessibility(page), [], "structure");
      await go("deps");
      await page.getByRole("button", { name: /^src: 2 files/ }).click();
      await page.getByRole("heading", { name: "Folders in src" }).waitFor();
      await page.getByRole("row", { name: /src\/shop.*src\/core/ }).waitFor();
      assert.deepEqual(await accessibility(page), [], "folders in layers");
    }),

  "code: a model names the concepts once, the words stand beside the computed ones, and again costs nothing": () =>
    journey(async ({ here, page, go }) => {
      await go("concepts");
      const press = page.getByRole("button", { name: "Describe with a model" });
      const offer = page.getByText(/would name \d+: about <?\$[\d.]+, at most \$[\d.]+\./);
      await offer.waitFor();
      assert.deepEqual(await accessibility(page), [], "an offer");
      const count = Number(/would name (\d+)/.exec(await offer.textContent())[1]);
      // First words that do not fit: nothing of them is kept, and what to do is said.
      await here.say({ calls: [{ name: "name_items", args: { items: [{ id: 99, name: "Never", sentence: "Nobody asked." }] } }] });
      await press.click();
      const failure = page.getByRole("alert").filter({ hasText: "did not answer as asked" });
      await failure.getByText("Try again, or choose another model", { exact: false }).waitFor();
      const items = Array.from({ length: count }, (_, at) => ({ id: at + 1, name: `Shopping ${at + 1}`, sentence: "What a customer means to buy." }));
      await here.say({ calls: [{ name: "name_items", args: { items } }] });
      await press.click();
      const words = page.getByRole("region", { name: "In a model’s words" });
      await words.getByText("Shopping 1", { exact: true }).waitFor();
      await words.getByText(/^named by /).first().waitFor();
      await page.getByText(/has named all of these as they are now/).waitFor();
      assert.ok(await press.isDisabled());
      assert.equal(await failure.count(), 0);
      assert.deepEqual(await accessibility(page), [], "a model's words");
      await page.reload();
      await words.getByText("Shopping 1", { exact: true }).waitFor();
    }),

  "code: quality and hotspots that cannot be looked at say why, and trying again shows them": () => {
    const broken = new Map(["code.quality", "code.hotspots"].map((method) => [method, DAMAGED]));
    return journey(
      async ({ page, go }) => {
        for (const [tab, method, found] of [
          ["quality", "code.quality", page.getByRole("row", { name: /complexity.*> 15/ })],
          ["hotspots", "code.hotspots", page.getByRole("button", { name: /^src\/shop\/cart\.ts: \d+ lines/ })],
        ]) {
          await go(tab);
          const failure = page.getByRole("alert").filter({ hasText: "index.db is damaged" });
          await failure.waitFor();
          assert.deepEqual(await accessibility(page), [], `${tab} that failed`);
          await failure.getByRole("button", { name: "Try again" }).focus();
          broken.delete(method);
          await page.keyboard.press("Enter");
          await found.waitFor();
          await failure.waitFor({ state: "detached" });
        }
      },
      { broken },
    );
  },
};
