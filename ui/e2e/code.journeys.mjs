// What is known of the project's code: found by name, words and text, looked at, and what the index leaves out.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessibility, openProject, world } from "./world.mjs";

const CART = `/// Things with their prices.
pub struct Cart {
    items: Vec<u64>,
}

impl Cart {
    /// Adds up the prices.
    pub fn total_price(&self) -> u64 {
        self.items.iter().sum()
    }
}
`;

/** Runs one way in a world with some Rust; the console must have stayed silent. */
async function journey(walk, options = {}) {
  const here = await world(options);
  try {
    writeFileSync(join(here.project, "cart.rs"), CART);
    writeFileSync(join(here.project, "image.bin"), Buffer.from([0, 1, 2]));
    const page = await here.page();
    await openProject(page, here.project);
    await page.getByRole("button", { name: "Project: greeter" }).waitFor();
    await page.getByText("What should be done?").waitFor();
    await walk(here, page);
    assert.deepEqual(here.problems(), []);
  } finally {
    await here.close();
  }
}

export const journeys = {
  "code: found by words with reasons, by exact text, and its file opened at the line": () =>
    journey(async (here, page) => {
      await page.keyboard.press("Control+Shift+F");
      const field = page.getByRole("searchbox", { name: "Search code" });
      await field.fill("adds up prices");
      await page.getByLabel("Why this order").check();
      await page.getByRole("list", { name: "Why it ranks here" }).first().getByText("words", { exact: true }).waitFor();
      await page.getByText("Text", { exact: true }).click();
      await field.fill("items.iter()");
      const place = page.getByRole("button", { name: /^Open cart\.rs:/ }).first();
      await place.waitFor();
      assert.deepEqual(await accessibility(page), [], "search in the code");
      await place.click();
      await page.getByRole("tab", { name: "Files" }).and(page.locator('[aria-selected="true"]')).waitFor();
      await page.locator("#inspector-panel").getByText("self.items.iter().sum()").waitFor();
    }),

  "code: a sentence is answered file by file, and what answers as well in a file is named with it": () =>
    journey(async (here, page) => {
      here.put("retry.rs", "/// Waits before the next try.\npub fn backoff(tries: u32) -> u32 {\n    tries * 2\n}\n\n/// Waits longer before the next try when the server asks for it.\npub fn slow_down(tries: u32) -> u32 {\n    tries * 3\n}\n");
      here.put("client.rs", "/// Asks again, and waits before the next try.\npub fn ask_again(tries: u32) -> u32 {\n    tries + 1\n}\n");
      await page.keyboard.press("Control+Shift+F");
      await page.getByRole("searchbox", { name: "Search code" }).fill("how does it wait before the next try?");
      const hit = page.locator(".code-hit").filter({ has: page.getByRole("button", { name: /^Open retry\.rs:/ }) });
      await hit.getByText("Also here").waitFor();
      assert.equal(await hit.count(), 1, "the file is listed once");
      await page.getByRole("button", { name: /^Open client\.rs:/ }).waitFor();
      assert.deepEqual(await accessibility(page), [], "places that are named with a hit");
      await hit.locator(".code-also .code-element").click();
      await page.getByRole("article", { name: /backoff|slow_down/ }).waitFor();
    }),

  "code: a commit is found beside the code and alone, with reasons, and shows what it changed": () =>
    journey(async (here, page) => {
      here.put("ask.rs", "pub fn ask_again() {}\n");
      here.commit("Retry a question once more\n\nThe server forgets the first after a restart.");
      await page.keyboard.press("Control+Shift+F");
      await page.getByRole("searchbox", { name: "Search code" }).fill("why do we retry twice");
      const commits = page.getByRole("region", { name: "Commits" });
      await commits.getByText("Retry a question once more").waitFor();
      await commits.getByRole("button", { name: "All commits that fit" }).click();
      await page.getByLabel("Why this order").check();
      await commits.getByRole("list", { name: "Why it ranks here" }).first().getByText("words", { exact: true }).waitFor();
      await commits.getByRole("button", { name: /Retry a question once more/ }).click();
      await commits.getByText("pub fn ask_again() {}").waitFor();
      assert.deepEqual(await accessibility(page), [], "commits");
      await commits.getByRole("button", { name: "Open ask.rs:1" }).click();
      await page.locator("#inspector-panel").getByText("pub fn ask_again() {}").waitFor();
    }),

  "code: a symbol by letters of its name, its page, what it stands in, and back": () =>
    journey(async (here, page) => {
      await page.keyboard.press("Control+Shift+O");
      await page.getByPlaceholder("A function, type or other name").fill("totpri");
      await page.getByRole("option", { name: /total_price/ }).first().waitFor();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: /total_price/ }).waitFor();
      await page.getByText("Adds up the prices.").first().waitFor();
      assert.deepEqual(await accessibility(page), [], "an element");
      await page.getByRole("navigation", { name: "Where it stands" }).getByRole("button").last().click();
      await page.getByRole("heading", { name: "Cart", exact: true }).waitFor();
      await page.goBack();
      await page.getByRole("heading", { name: /total_price/ }).waitFor();
      await page.keyboard.press("Control+p");
      await page.getByPlaceholder(/Letters of a path/).fill("greet:2");
      await page.getByRole("option", { name: /greet\.sh/ }).waitFor();
      await page.keyboard.press("Enter");
      await page.locator("#inspector-panel").getByText("# Greets by name.").waitFor();
    }),

  "code: a symbol is mentioned by letters of its name, and its definition goes with the message": () =>
    journey(
      async (here, page) => {
        const field = page.getByRole("textbox", { name: "Message", exact: true });
        await field.pressSequentially("explain @totpri");
        await page.getByRole("listbox", { name: "Symbols" }).waitFor();
        await page.getByRole("option", { name: /Cart::total_price/ }).waitFor();
        assert.deepEqual(await accessibility(page), [], "symbols to mention");
        await page.keyboard.press("Enter");
        await page.getByText(/tokens · .*\$/).waitFor();
        assert.match(await field.inputValue(), /^explain @symbol:Cart::total_price /);
        await page.keyboard.press("Enter");
        await page.getByText("It adds them up.").first().waitFor();
        await page.getByText(/^Done in/).waitFor();
        await page.getByRole("list", { name: "Mentioned" }).getByText("Cart::total_price (cart.rs:8-10)").waitFor();
        await page.getByRole("tab", { name: "Context" }).click();
        await page.locator("#inspector-panel").getByText("Cart::total_price (cart.rs:8-10)").waitFor();
        assert.deepEqual(await here.violations(), []);
      },
      { replies: [{ when: { user: "self.items.iter().sum()" }, text: "It adds them up." }] },
    ),

  "code: places from the code index go with a message by themselves, stand in its receipt, and are left out": () =>
    journey(
      async (here, page) => {
        await page.goto(`${page.url().split("#")[0]}#/code/index`);
        await page.getByText("Up to date").waitFor();
        await page.keyboard.press("Escape");
        const field = page.getByRole("textbox", { name: "Message", exact: true });
        const say = async (text, answer) => {
          await field.fill(text);
          await page.keyboard.press("Enter");
          await page.getByText(answer, { exact: true }).first().waitFor();
        };
        await say("Why does total_price add up prices twice?", "It does so once.");
        await page.getByRole("tab", { name: "Context" }).click();
        const row = page.getByRole("row", { name: /From the code index/ });
        await row.getByText(/part/).first().click();
        assert.deepEqual(await accessibility(page), [], "the receipt");
        const choice = (name) => page.getByRole("button", { name: `${name}: What the code index has for a message` });
        await choice("Leave out").focus();
        await page.keyboard.press("Enter");
        await page.getByText("It counts from the next message on.").first().waitFor();
        // A reply for what comes without places alone.
        await say("And does total_price add up prices again?", "Never again.");
        await row.getByText(/part/).first().click();
        await choice("Take in").waitFor();
        assert.deepEqual(await here.violations(), []);
      },
      {
        settings: { MIRA_CODE_CONTEXT_MS: "10000" },
        replies: [
          { when: { user: "cart.rs:8-10 method Cart::total_price" }, text: "It does so once." },
          { text: "Never again." },
        ],
      },
    ),

  "code: the picture of who uses what, walked with keys": () =>
    journey(async (here, page) => {
      writeFileSync(join(here.project, "shop.rs"), "pub fn checkout(cart: &crate::cart::Cart) -> u64 {\n    cart.total_price()\n}\n");
      await page.keyboard.press("Control+Shift+O");
      await page.getByPlaceholder("A function, type or other name").fill("totpri");
      await page.getByRole("option", { name: /total_price/ }).first().waitFor();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: /total_price/ }).waitFor();
      const user = page.getByRole("button", { name: /checkout, 1 step away/ });
      await user.waitFor();
      // With Tab alone: the picture first, then each of its places.
      for (let presses = 0; presses < 60 && !(await user.evaluate((one) => one === document.activeElement)); presses += 1) await page.keyboard.press("Tab");
      assert.ok(await user.evaluate((one) => one === document.activeElement), "Tab reaches who uses it");
      assert.equal(await user.evaluate((one) => getComputedStyle(one.querySelector("rect")).strokeWidth), "2.5px", "the focus is seen");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "checkout", exact: true }).waitFor();
      assert.deepEqual(await accessibility(page), [], "a picture");
      await page.goBack();
      await page.getByRole("heading", { name: /total_price/ }).waitFor();
    }),

  "code: what the model asks the index about is told in lines, with what it found": () =>
    journey(
      async (here, page) => {
        const field = page.getByRole("textbox", { name: "Message", exact: true });
        await field.fill("who uses it?");
        await page.keyboard.press("Enter");
        await page.getByText("Nobody does.").first().waitFor();
        await page.getByText(/^Done in/).waitFor();
        for (const [name, found] of [
          ["Find function total_price", "1 function"],
          ["Find uses of Cart::total_price", "no use known"],
          ["Definition Cart", "3 lines"],
        ]) {
          const line = page.getByRole("button", { name: new RegExp(`^${name}`) });
          await line.waitFor();
          await line.getByText(found).waitFor();
        }
        await page.getByRole("button", { name: /^Find uses of/ }).click();
        await page.getByText(/search_codebase for its name shows every mention/).waitFor();
        assert.deepEqual(await here.violations(), []);
      },
      {
        replies: [
          {
            calls: [
              { name: "find_function", args: { name: "total_price" } },
              { name: "find_callers", args: { name: "Cart::total_price" } },
              { name: "get_element_definition", args: { name: "Cart" } },
            ],
          },
          { text: "Nobody does." },
        ],
      },
    ),

  "code: the index says what it knows and leaves out, and a language is switched off": () =>
    journey(async (here, page) => {
      await page.goto(`${page.url().split("#")[0]}#/code/index`);
      await page.getByText("Up to date").waitFor();
      await page.getByRole("row", { name: /image\.bin/ }).waitFor();
      assert.deepEqual(await accessibility(page), [], "the index");
      await page.getByRole("checkbox", { name: "Read Rust" }).click();
      await page.getByRole("checkbox", { name: "Read Rust", checked: false }).waitFor();
      await page.getByText("Up to date").waitFor();
      await page.keyboard.press("Control+Shift+O");
      await page.getByPlaceholder("A function, type or other name").fill("total_price");
      await page.getByText("No element is named like that").waitFor();
    }),
};
