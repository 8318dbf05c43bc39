// What is around the conversation: keys, search, languages, looks, notifications, pages to hand on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { READ_AND_EDIT } from "./journeys.mjs";
import { accessibility, ask, FILES, openProject, world } from "./world.mjs";

const TOKEN = ["ghp", "0123456789abcdefghijABCDEFGHIJ456789"].join("_");

/** Runs one way in a world of its own; the console must have stayed silent. */
async function journey(options, walk) {
  const here = await world(options);
  try {
    await walk(here);
    assert.deepEqual(here.problems(), []);
  } finally {
    await here.close();
  }
}

/** An action by its name, through the palette. */
async function act(page, words) {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a command").fill(words);
  await page.keyboard.press("Enter");
}

async function settle(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    // A colour that is on its way to another one is neither.
    const ends = document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity);
    await Promise.all(ends.map((one) => one.finished.catch(() => undefined)));
    await frame();
  });
}

const NEVER = { when: { user: "wait" }, text: "Thinking about it", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] };

export const journeys = {
  "shortcuts: changed with a conflict solved, true after a reload, reset": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await act(page, "change keyboard shortcuts");
      await page.getByRole("button", { name: /^Doctor: no keys/ }).click();
      await page.keyboard.press("Control+b");
      await page.getByText(/Ctrl\+B already means/).waitFor();
      await page.getByRole("button", { name: "Use it for “Doctor”" }).click();
      await page.getByRole("button", { name: /^Doctor: Ctrl\+B/ }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: /^Doctor: Ctrl\+B/ }).waitFor();
      await page.keyboard.press("Control+b");
      await page.getByRole("heading", { name: "Doctor and logs" }).waitFor();
      await act(page, "change keyboard shortcuts");
      await page.getByRole("button", { name: "Reset all" }).click();
      await page.getByRole("button", { name: /^Doctor: no keys/ }).waitFor();
    }),

  "search: narrowed by role, tool and day, and the hit opened in the conversation": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Make it greet properly");
      await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
      await page.getByText(/^Done in/).waitFor();
      await page.keyboard.press("Control+Alt+F");
      await page.getByRole("searchbox", { name: "Search all sessions" }).fill("hello");
      await page.locator(".hit").nth(1).waitFor();
      await page.getByLabel("Said by").selectOption("tool");
      await page.getByLabel("Tool", { exact: true }).selectOption("read_project_file");
      await page.locator(".hit").first().waitFor();
      for (const badge of await page.locator(".hit .badge").allTextContents()) assert.equal(badge, "read_project_file");
      await page.getByLabel("To", { exact: true }).fill("2001-01-01");
      await page.getByText(/with these filters/).waitFor();
      await page.getByRole("button", { name: "Clear filters" }).click();
      await page.locator(".hit").first().click();
      await page.locator(".row.found").waitFor();
    }),

  "search: what was said is found by meaning, with why, and opened in the conversation": () =>
    journey(
      {
        replies: [{ text: "By post, with a label on it." }],
        settings: (vendor) => ({ LOCAL_BASE_URL: vendor, EMBEDDING_MODEL: "local/small", EMBEDDING_DIMENSIONS: "16", MIRA_EMBEDDER: "provider" }),
      },
      async (here) => {
        const page = await here.page();
        await openProject(page, here.project);
        await ask(page, "How is a parcel sent?");
        await page.getByText(/^Done in/).waitFor();
        await page.goto(`${page.url().split("#")[0]}#/code/index`);
        await page.getByText("2 of 2 messages in its sessions have a vector.").waitFor();
        await page.keyboard.press("Control+Alt+F");
        const field = page.getByRole("searchbox", { name: "Search all sessions" });
        await field.fill("shipping");
        const hit = page.locator(".hit").filter({ hasText: "By post, with a label on it." });
        await hit.getByText("by meaning", { exact: true }).waitFor();
        assert.deepEqual(await accessibility(page), [], "a hit by meaning");
        await field.fill("parcel");
        await page.locator(".hit").first().getByText("words and meaning", { exact: true }).waitFor();
        await field.fill("shipping");
        await hit.click();
        await page.locator(".row.found").getByText("By post, with a label on it.").waitFor();
      },
    ),

  "languages: German, a made-up one and right to left keep every screen whole": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await act(page, "next language");
      await page.getByText("Was soll getan werden?").waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
      await page.keyboard.press("Control+,");
      await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
      await page.getByRole("tab", { name: "Darstellung" }).click();
      await page.reload();
      await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
      for (const [language, dir] of [["pseudo", "ltr"], ["pseudo-rtl", "rtl"]]) {
        await page.locator("#language").selectOption(language);
        await page.waitForFunction((wanted) => document.documentElement.dir === wanted, dir);
        await page.locator("#language").waitFor();
        assert.deepEqual(await accessibility(page), [], language);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${language} does not run out of the window sideways: ${over}`);
      }
      // From right to left the sidebar stands on the right.
      const side = await page.locator("aside.sidebar").boundingBox();
      const middle = await page.locator("main.middle").boundingBox();
      assert.ok(side.x > middle.x);
      await page.locator("#language").selectOption("en");
      await page.getByRole("heading", { name: "Settings" }).waitFor();
    }),

  "appearance: dark, high contrast, compact and large hold after a reload and in a second page": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await page.keyboard.press("Control+,");
      await page.getByRole("tab", { name: "Appearance" }).click();
      for (const name of ["Dark", "High", "Compact"]) await page.locator("label.choice-option", { hasText: new RegExp(`^${name}$`) }).click();
      for (let times = 0; times < 7; times += 1) await page.keyboard.press("Control+=");
      await page.getByText("20 px").waitFor();
      assert.deepEqual(await accessibility(page), []);
      const look = () => ({ ...document.documentElement.dataset, size: getComputedStyle(document.documentElement).fontSize });
      await page.reload();
      await page.getByText("20 px").waitFor();
      const seen = await page.evaluate(look);
      assert.deepEqual([seen.theme, seen.contrast, seen.density, seen.size], ["dark", "high", "compact", "20px"]);
      const other = await here.another(page);
      await other.waitForFunction(() => document.documentElement.dataset.density === "compact");
      await page.keyboard.press("Control+0");
      await page.getByText("13 px").waitFor();
    }),

  "settings: found by a word, changed, undone, reset": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await page.keyboard.press("Control+,");
      await page.getByRole("searchbox", { name: "Filter settings" }).fill("approval seconds");
      const field = page.getByLabel("MIRA_APPROVAL_TIMEOUT_SECONDS");
      await field.fill("90");
      await field.press("Enter");
      await page.getByText("Saved.").waitFor();
      await field.fill("nonsense");
      await field.press("Enter");
      await page.locator(".setting .bad").waitFor();
      await field.fill("91");
      await field.press("Enter");
      await page.getByRole("button", { name: "Undo last change" }).click();
      await page.waitForFunction(() => document.querySelector("#setting-MIRA_APPROVAL_TIMEOUT_SECONDS").value === "90");
      await page.getByRole("button", { name: "Reset", exact: true }).click();
      await page.waitForFunction(() => document.querySelector("#setting-MIRA_APPROVAL_TIMEOUT_SECONDS").value === "600");
    }),

  "a page to hand on: no secret, no script, readable alone": () =>
    journey({ replies: [{ when: { user: "token" }, text: "I will **not** repeat it. <script>alert(1)</script>" }] }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, `My token is ${TOKEN}`);
      await page.getByText(/^Done in/).waitFor();
      const download = page.waitForEvent("download");
      await act(page, "share session as a page");
      const file = await download;
      assert.match(file.suggestedFilename(), /\.html$/);
      const html = readFileSync(await file.path(), "utf8");
      assert.ok(!html.includes(TOKEN) && !html.includes("<script"));
      const alone = await here.blank();
      await alone.setContent(html);
      await alone.getByText("not", { exact: true }).waitFor();
      assert.deepEqual(await accessibility(alone), []);
    }),

  "notifications: by consent, only while nobody looks, and a click leads there": () =>
    journey({ replies: [{ when: { user: "slow" }, text: "It is done now.", gate: "go" }] }, async (here) => {
      const page = await here.page({
        prepare: () => {
          globalThis.told = [];
          globalThis.Notification = class {
            static permission = "default";
            static requestPermission = async () => (globalThis.Notification.permission = "granted");
            constructor(title, options) {
              globalThis.told.push({ title, body: options.body, click: () => this.onclick() });
            }
            close() {}
          };
        },
      });
      await openProject(page, here.project);
      await act(page, "notifications");
      await page.getByRole("button", { name: "Allow in this browser" }).click();
      await page.getByText("allowed", { exact: true }).waitFor();
      await page.keyboard.press("Escape");
      await ask(page, "Something slow");
      await page.getByRole("button", { name: /^Stop/ }).first().waitFor();
      await page.keyboard.press("Control+,");
      await page.evaluate(() => (document.hasFocus = () => false));
      await here.release("go");
      await page.waitForFunction(() => globalThis.told.length === 1);
      const [told] = await page.evaluate(() => globalThis.told.map(({ title, body }) => ({ title, body })));
      assert.deepEqual(told, { title: "Done", body: "It is done now." });
      await page.evaluate(() => globalThis.told[0].click());
      await page.getByText("It is done now.").first().waitFor();
    }),

  "keyboard alone: a folder, a question, an approval, the review, undo": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await page.getByLabel("Path of the folder").waitFor();
      await tabTo(page, () => document.activeElement?.matches("input[placeholder='/home/you/project']"));
      await page.keyboard.type(here.project);
      await page.keyboard.press("Enter");
      await page.getByText("What should be done?").waitFor();
      await page.waitForFunction(() => document.activeElement?.id === "message");
      await page.keyboard.type("Make it greet properly");
      await page.keyboard.press("Enter");
      await page.getByRole("alertdialog").waitFor();
      await tabTo(page, () => document.activeElement?.matches("button") && /Allow once/.test(document.activeElement.textContent));
      assert.ok(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== "none"), "the focus is visible");
      await page.keyboard.press("Enter");
      await page.getByText(/^Done in/).waitFor();
      assert.match(here.file("greet.sh"), /Hello, \$name\./);
      await page.keyboard.press("Control+1");
      await page.waitForFunction(() => document.activeElement?.closest("#inspector-panel"));
      await page.keyboard.press("j");
      await page.keyboard.press("n");
      await page.getByText("rejected").first().waitFor();
      await page.keyboard.press("Control+l");
      await page.keyboard.press("Control+Shift+z");
      await page.waitForFunction(() => document.body.innerText.includes("taken back"));
      assert.equal(here.file("greet.sh"), FILES["greet.sh"]);
    }),

  "dialogs give the keys back to where they were": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      const before = page.getByRole("button", { name: /^Project: greeter/ });
      for (const [keys, dialog] of [["Control+k", "Commands"], ["Control+p", "Go to file"], ["Control+Shift+o", "Go to symbol"], ["Control+o", "Open a folder"], ["Control+/", "Keyboard shortcuts"]]) {
        await before.focus();
        await page.keyboard.press(keys);
        await page.locator("dialog[open]").waitFor();
        assert.ok(await page.evaluate(() => document.activeElement?.closest("dialog[open]")), `${dialog}: the keys are inside`);
        await page.keyboard.press("Escape");
        await page.locator("dialog").waitFor({ state: "detached" });
        assert.ok(await before.evaluate((one) => one === document.activeElement), `${dialog}: the keys are back`);
      }
    }),

  "no key: within a minute files, git and doctor show something, and nothing is a dead end": () =>
    journey({ key: false }, async (here) => {
      const began = Date.now();
      const page = await here.page();
      await page.getByRole("button", { name: "Continue without a model" }).click();
      await openProject(page, here.project);
      await page.keyboard.press("Control+3");
      await page.getByText("greet.sh").first().click();
      await page.getByText("Greets by name").first().waitFor();
      await page.getByRole("button", { name: "Set up a model" }).click();
      await page.getByRole("region", { name: "OpenAI" }).waitFor();
      await page.getByRole("button", { name: "Back to the conversation" }).or(page.locator(".session-open").first()).first().waitFor({ timeout: 1 }).catch(() => undefined);
      await page.keyboard.press("Escape");
      await page.getByText("What should be done?").waitFor();
      await act(page, "doctor");
      await page.getByRole("button", { name: "Check again" }).waitFor();
      await act(page, "play the demonstration");
      await page.getByText("Demonstration", { exact: true }).waitFor();
      assert.ok(Date.now() - began < 60_000, `it took ${Date.now() - began} ms`);
    }),

  "no key: what works without a model stands in the middle, and each leads somewhere and back": () =>
    journey({ key: false }, async (here) => {
      const page = await here.page();
      await page.getByRole("button", { name: "Continue without a model" }).click();
      await openProject(page, here.project);
      const offers = page.getByRole("list", { name: "What works without a model" });
      await offers.waitFor();
      assert.deepEqual(await accessibility(page), []);
      const go = async (name) => {
        await offers.getByRole("button", { name }).focus();
        await page.keyboard.press("Enter");
      };
      await go(/^Search the code/);
      await page.getByRole("searchbox", { name: "Search code" }).fill("greet");
      await page.getByRole("button", { name: /^Open greet\.sh:/ }).first().waitFor();
      await page.keyboard.press("Escape");
      for (const [name, tab] of [[/^See how it is laid out/, "Map"], [/^See what could be better/, "Quality"], [/^See what changes most/, "Hotspots"]]) {
        await go(name);
        await page.getByRole("tab", { name: tab, selected: true }).waitFor();
        await page.getByRole("tabpanel").getByText(/\S/).first().waitFor();
        await page.keyboard.press("Escape");
      }
      await go(/^Read its files/);
      await page.getByText("greet.sh").first().click();
      await page.getByText("Greets by name").first().waitFor();
      await go(/^Play the demonstration/);
      await page.getByText("Demonstration", { exact: true }).waitFor();
    }),

  "the engine goes away: the line says so, counts down, and a click comes back": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await here.killEngine();
      await page.getByText(/The connection to the engine is broken/).waitFor();
      await page.getByText(/Next try in/).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("button", { name: "Reconnect now" }).waitFor();
      // A browser says in its console what it could not reach.
      here.forgive(/ERR_CONNECTION|WebSocket/);
    }),

  "a limit of money that is reached stops before a model is asked, and says how to go on": () =>
    journey({ replies: [{ when: { user: "spend" }, text: "A long answer. ".repeat(200), times: 0 }] }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await act(page, "set limits of money");
      await page.getByLabel("Dollars").fill("0.000001");
      await page.getByRole("button", { name: "Set cap" }).click();
      await page.getByRole("button", { name: "Remove the cap: A day" }).waitFor();
      await page.keyboard.press("Escape");
      await ask(page, "spend something");
      await page.getByText(/A limit of money is reached/).first().waitFor();
      await page.getByText("A long answer.").waitFor({ state: "detached" });
    }),

  "a narrow page: the sides become drawers that Escape closes": () =>
    journey({}, async (here) => {
      const page = await here.page({ width: 480 });
      await openProject(page, here.project);
      assert.equal(await page.locator("aside.sidebar").count(), 0);
      await page.keyboard.press("Control+b");
      await page.locator("aside.sidebar.drawer").waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.keyboard.press("Escape");
      await page.locator("aside.sidebar.drawer").waitFor({ state: "detached" });
      await page.keyboard.press("Control+3");
      await page.locator("aside.inspector.drawer").waitFor();
      await page.keyboard.press("Escape");
      await page.locator("aside.inspector.drawer").waitFor({ state: "detached" });
      // Beside both sides the conversation keeps room to read: the inspector gives way first, then lies over it.
      for (const [width, beside] of [[1360, true], [1100, true], [1024, false], [900, false]]) {
        await page.setViewportSize({ width, height: 860 });
        await page.locator("aside.inspector").waitFor({ state: beside ? "attached" : "detached" });
        const middle = await page.locator("main").evaluate((one) => one.getBoundingClientRect().width);
        assert.ok(middle >= 419, `${width}: the conversation is ${middle} px wide`);
      }
    }),

  "axe finds nothing on any screen, light and dark, and in high contrast": () =>
    journey({ replies: [...READ_AND_EDIT, NEVER] }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Make it greet properly");
      await page.getByRole("alertdialog").waitFor();
      const check = async (name) => {
        for (const [theme, contrast] of [["light", "no-preference"], ["dark", "no-preference"], ["dark", "more"], ["light", "more"]]) {
          await page.emulateMedia({ colorScheme: theme, contrast, reducedMotion: "reduce" });
          await settle(page);
          assert.deepEqual(await accessibility(page), [], `${name}, ${theme}, contrast ${contrast}`);
        }
      };
      await check("an approval");
      await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
      await page.getByText(/^Done in/).waitFor();
      for (const tab of [1, 2, 3, 4, 5]) {
        await page.keyboard.press(`Control+${tab}`);
        await page.waitForLoadState("networkidle");
        await check(`inspector ${tab}`);
      }
      await page.keyboard.press("Control+k");
      await check("the palette");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+/");
      await check("the shortcuts");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+Alt+F");
      await page.getByRole("searchbox", { name: "Search all sessions" }).fill("hello");
      await page.locator(".hit").first().waitFor();
      await check("search");
    }),

  "every page that the palette leads to: axe finds nothing, light, dark and in high contrast, and nothing runs out of the window": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Make it greet properly");
      await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
      await page.getByText(/^Done in/).waitFor();
      await page.keyboard.press("Control+k");
      const group = page.locator("[cmdk-group]", { has: page.getByText("Go to", { exact: true }) });
      await group.waitFor();
      const names = await group.locator("[cmdk-item] .grow").allTextContents();
      await page.keyboard.press("Escape");
      assert.ok(names.length >= 20, `only ${names.length} pages`);
      for (const name of names) {
        await act(page, name);
        await page.waitForLoadState("networkidle");
        // A page that is loaded when it is first shown has no heading before.
        await page.locator("h1").first().waitFor();
        await page.locator(".dot-pulse").first().waitFor({ state: "detached" });
        for (const [theme, contrast] of [["light", "no-preference"], ["dark", "no-preference"], ["dark", "more"]]) {
          await page.emulateMedia({ colorScheme: theme, contrast, reducedMotion: "reduce" });
          await page.waitForFunction(
            ([colours, wanted]) => document.documentElement.dataset.theme === colours && document.documentElement.dataset.contrast === wanted,
            [theme, contrast === "more" ? "high" : "normal"],
          );
          await settle(page);
          assert.deepEqual(await accessibility(page), [], `${name}, ${theme}, contrast ${contrast}`);
        }
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${name} runs out of the window sideways: ${over}`);
        // What is wide in half a window scrolls by itself; the page does not.
        await page.setViewportSize({ width: 800, height: 860 });
        // A chart is drawn anew once it knows its width.
        await page.waitForFunction(() => [...document.querySelectorAll(".view")].every((view) => view.scrollWidth - view.clientWidth <= 1), undefined, { timeout: 10_000 }).catch(() => assert.fail(`${name} scrolls sideways where it is narrow`));
        await page.setViewportSize({ width: 1360, height: 860 });
      }
    }),
};

/** Presses Tab until the page says that it is there. */
async function tabTo(page, there) {
  for (let pressed = 0; pressed < 120; pressed += 1) {
    if (await page.evaluate(there)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("Tab did not reach it");
}
