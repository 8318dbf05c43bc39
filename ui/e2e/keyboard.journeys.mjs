// Every page for somebody who never touches a mouse: there, through it, what it is for, and back.

import assert from "node:assert/strict";
import { READ_AND_EDIT } from "./journeys.mjs";
import { ask, openProject, world } from "./world.mjs";

const MOST_STOPS = 160;
const PATIENCE_MS = 30_000;

/** What the walks of one journey found: all of it is said at once. */
const faults = new Set();

async function journey(options, walk) {
  faults.clear();
  const here = await world(options);
  try {
    const page = await here.page();
    await page.evaluate(watcher);
    await walk(page, here);
    assert.deepEqual([...faults], []);
    assert.deepEqual(here.problems(), []);
  } finally {
    await here.close();
  }
}

/** In the page: what can have the keys, what has them, and how that looks. */
function watcher() {
  const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const name = (one) => `${one.tagName.toLowerCase()}${one.id ? `#${one.id}` : ""}${one.className?.baseVal === undefined ? `.${String(one.className).split(" ").join(".")}` : ""} “${(one.getAttribute("aria-label") ?? one.textContent ?? "").trim().slice(0, 40)}”`;
  /** A ring may be drawn around the control, its picture, or the words that belong to it. */
  const look = (one) =>
    [one, one.parentElement, one.closest("label, .composer-box"), ...one.querySelectorAll(":scope > rect, :scope > svg, :scope > .review-head, :scope [data-current]")]
      .filter(Boolean)
      .map((part) => {
        const style = getComputedStyle(part);
        return [style.outlineStyle === "none" ? "" : `${style.outlineWidth} ${style.outlineColor}`, style.boxShadow, style.borderColor, style.backgroundColor, style.stroke, style.strokeWidth].join("|");
      })
      .join(" / ");
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && !one.closest("[inert]");
  const isStop = (one) => {
    if (!shown(one) || one.disabled || one.tabIndex < 0) return false;
    if (one.type !== "radio") return true;
    const group = [...document.querySelectorAll(`input[type="radio"][name="${CSS.escape(one.name)}"]`)];
    return one.checked || (!group.some((other) => other.checked) && group[0] === one);
  };
  /** Some point of it is on the screen with nothing over it. */
  const seen = (one) => {
    const box = (one.matches(".hidden-text") ? (one.closest("label") ?? one) : one).getBoundingClientRect();
    for (const x of [0.5, 0.1, 0.9]) {
      for (const y of [0.5, 0.1, 0.9]) {
        const at = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
        if (at && (one.contains(at) || at.contains(one) || at.closest("label")?.contains(one))) return true;
      }
    }
    return false;
  };
  let before;
  globalThis.keysWatch = {
    stops: (root) => [...document.querySelector(root).querySelectorAll(CONTROLS)].filter(isStop),
    begin(root) {
      before = undefined;
      this.visited = new Set();
      this.expected = this.stops(root);
    },
    /** What is wrong with where the keys are, or undefined; and whether that is inside. */
    step(root) {
      const here = document.activeElement;
      const problems = [];
      if (before?.one.isConnected && before.one !== here && look(before.one) === before.look) problems.push(`${name(before.one)} does not show that it has the keys`);
      const inside = here !== document.body && document.querySelector(root)?.contains(here);
      if (!inside) {
        before = undefined;
        return { inside: false, problems };
      }
      if (here.tabIndex > 0) problems.push(`${name(here)} comes before others by its number`);
      if (!seen(here)) problems.push(`${name(here)} has the keys where nobody sees it`);
      if (before?.one.isConnected && before.one.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_PRECEDING) problems.push(`${name(here)} comes after ${name(before.one)}, which stands behind it`);
      // A day has three fields in one.
      if (before && before.one === here && here.type !== "date") problems.push(`${name(here)} does not let the keys go`);
      before = { one: here, look: look(here) };
      this.visited.add(here);
      return { inside: true, problems, here: name(here) };
    },
    /** What was there from the beginning to the end and never had the keys. */
    missed(root) {
      const still = new Set(this.stops(root));
      return this.expected.filter((one) => still.has(one) && !this.visited.has(one)).map(name);
    },
  };
}

/** From where the keys are back to the beginning of this part of the page, then with Tab through all of it and out. */
async function through(page, root, what) {
  await keysAt(page, `${root} *`, what);
  await settled(page);
  const inside = () => page.evaluate((part) => document.activeElement.closest(part) !== null, root);
  for (let back = 0; await inside(); back += 1) {
    assert.ok(back < MOST_STOPS, `${what}: Shift+Tab does not leave it at ${await focused(page)}`);
    await page.keyboard.press("Shift+Tab");
  }
  await page.evaluate((part) => globalThis.keysWatch.begin(part), root);
  let stops = 0;
  for (;;) {
    await page.keyboard.press("Tab");
    const step = await page.evaluate((part) => globalThis.keysWatch.step(part), root);
    for (const one of step.problems) faults.add(`${what}: ${one}`);
    if (!step.inside) break;
    stops += 1;
    if (stops > MOST_STOPS) throw new Error(`${what}: Tab does not leave it at ${step.here}`);
  }
  for (const one of await page.evaluate((part) => globalThis.keysWatch.missed(part), root)) faults.add(`${what}: ${one} is not reached with Tab`);
  assert.ok(stops > 0, `${what}: nothing takes the keys`);
}

function focused(page) {
  return page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120));
}

async function keysAt(page, selector, what) {
  const until = Date.now() + PATIENCE_MS;
  while (!(await page.evaluate((one) => document.activeElement?.matches(one), selector))) {
    if (Date.now() > until) throw new Error(`${what}: the keys are at ${await focused(page)}`);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
}

/** An action by its name, through the palette. */
async function act(page, words) {
  await page.keyboard.press("Control+k");
  await keysAt(page, "dialog .palette-input", words);
  await page.keyboard.type(words);
  await page.keyboard.press("Enter");
}

async function tabTo(page, selector) {
  for (let pressed = 0; pressed < MOST_STOPS; pressed += 1) {
    if (await page.evaluate((one) => document.activeElement?.matches(one), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab did not reach ${selector}`);
}

/** Home, End and the arrow move the keys among these. */
async function walked(page, row, what) {
  const at = () => page.evaluate((one) => [...document.querySelectorAll(one)].indexOf(document.activeElement), row);
  const count = await page.locator(row).count();
  assert.ok(count > 1, `${what}: there is more than one`);
  await page.keyboard.press("End");
  assert.equal(await at(), count - 1, `${what}: End`);
  await page.keyboard.press("Home");
  assert.equal(await at(), 0, `${what}: Home`);
  await page.keyboard.press("ArrowDown");
  assert.equal(await at(), 1, `${what}: the arrow`);
}

/** Nothing more comes that was waited for. */
async function settled(page) {
  await page.locator(".empty[role='status']").first().waitFor({ state: "detached" });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

async function worked(page) {
  await page.keyboard.type("Make it greet properly");
  await page.keyboard.press("Enter");
  await page.getByRole("alertdialog").waitFor();
}

/** TypeScript with something to find, use and measure. */
const CODE = {
  "src/berths.ts": "import { fits } from \"./ships\";\n\nexport function assign(metres: number, berths: number[]): number | undefined {\n  return berths.find((berth) => fits(metres, berth));\n}\n",
  "src/ships.ts": "export function fits(metres: number, berth: number): boolean {\n  return metres * 1.1 <= berth;\n}\n",
  "lib/arrive.ts": "import { assign } from \"../src/berths\";\n\nexport function arrive(metres: number): boolean {\n  return assign(metres, [100, 200]) !== undefined;\n}\n",
};

export const journeys = {
  "keyboard alone: every page that the palette leads to is walked through, and left to where one was": () =>
    journey({ replies: READ_AND_EDIT }, async (page, here) => {
      await openProject(page, here.project);
      await worked(page);
      await tabTo(page, ".approval .primary");
      await page.keyboard.press("Enter");
      await page.getByText(/^Done in/).waitFor();
      await page.keyboard.press("Control+k");
      const group = page.locator("[cmdk-group]", { has: page.getByText("Go to", { exact: true }) });
      await group.waitFor();
      const names = await group.locator("[cmdk-item] .grow").allTextContents();
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+l");
      await keysAt(page, "#message", "the message field");
      let pages = 0;
      for (const name of names) {
        await act(page, name);
        await page.locator("dialog").waitFor({ state: "detached" });
        // The first page, and what stays in the conversation, have ways of their own.
        if (await page.evaluate(() => /^#\/(chat|welcome)/.test(location.hash))) {
          await page.keyboard.press("Escape");
          await page.keyboard.press("Control+l");
          continue;
        }
        await through(page, "main.middle", name);
        pages += 1;
        await page.keyboard.press("Shift+Tab");
        await page.keyboard.press("Escape");
        await keysAt(page, "#message", `${name}: Escape leads back`);
      }
      assert.ok(pages >= 20, `only ${pages} pages`);
    }),

  "keyboard alone: the conversation, the sessions and each tab beside them are walked through": () =>
    journey({ replies: READ_AND_EDIT }, async (page, here) => {
      await openProject(page, here.project);
      await worked(page);
      await tabTo(page, "aside.sidebar button");
      await through(page, "aside.sidebar", "the sidebar");
      await page.keyboard.press("Control+l");
      await through(page, "main.middle", "the conversation with a question");
      await page.keyboard.press("Control+l");
      await tabTo(page, ".approval .primary");
      await page.keyboard.press("Enter");
      await keysAt(page, ".conversation-scroll", "after the answer");
      await page.getByText(/^Done in/).waitFor();
      await page.keyboard.press("Control+l");
      await through(page, "main.middle", "the conversation");
      for (const [key, name] of [["1", "changes"], ["2", "activity"], ["3", "files"], ["4", "context"], ["5", "cost"]]) {
        await page.keyboard.press(`Control+${key}`);
        await page.locator(`#inspector-${name}[aria-selected="true"]`).waitFor();
        await through(page, "aside.inspector", name);
        await page.keyboard.press(`Control+${key}`);
        await keysAt(page, "#inspector-panel, #inspector-panel *", name);
        await page.keyboard.press("Escape");
        await keysAt(page, "#message", `${name}: Escape leads back`);
      }
      // The file tree: arrows, a file opened, and back in the tree.
      await page.keyboard.press("Control+3");
      await keysAt(page, ".files-head input", "the files");
      await page.keyboard.press("ArrowDown");
      await keysAt(page, "#file-tree", "from the field into the tree");
      const current = () => page.locator("#file-tree [data-current='true']").textContent();
      await page.keyboard.press("Home");
      const first = await current();
      await page.keyboard.press("End");
      assert.notEqual(await current(), first);
      await page.keyboard.press("Enter");
      await page.locator(".viewer-text").waitFor();
      // The tabs themselves: Home, End, arrows.
      await tabTo(page, "[role='tab']");
      await page.keyboard.press("End");
      await keysAt(page, "#inspector-cost", "the last tab");
      await page.keyboard.press("Home");
      await keysAt(page, "#inspector-changes", "the first tab");
      // Sessions: a second one, the arrows between them, Enter opens.
      await page.keyboard.press("Control+n");
      await keysAt(page, "#message", "a new session");
      await page.keyboard.type("Another question");
      await page.keyboard.press("Enter");
      await page.locator(".session-open").nth(1).waitFor();
      await tabTo(page, ".session-open");
      await walked(page, ".session-open", "the sessions");
      await page.keyboard.press("Enter");
      await page.getByText("Make it greet properly").first().waitFor();
    }),

  "keyboard alone: what lies over the page keeps the keys, and gives them back": () =>
    journey({ replies: READ_AND_EDIT }, async (page, here) => {
      await openProject(page, here.project);
      for (const [keys, what] of [["Control+k", "the palette"], ["Control+p", "go to a file"], ["Control+Shift+o", "go to a symbol"], ["Control+o", "open a folder"], ["Control+/", "the shortcuts"]]) {
        await page.keyboard.press("Control+l");
        await keysAt(page, "#message", what);
        await page.keyboard.press(keys);
        await page.locator("dialog[open]").waitFor();
        await settled(page);
        const stops = await page.evaluate(() => globalThis.keysWatch.stops("dialog[open]").length);
        for (let pressed = 0; pressed <= stops + 2; pressed += 1) {
          // Past its last control a dialog of the browser lets the keys to the browser's own, and no further.
          assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog[open]")), `${what}: Tab stays in it, and not at ${await focused(page)}`);
          await page.keyboard.press("Tab");
        }
        await page.keyboard.press("Escape");
        await page.locator("dialog").waitFor({ state: "detached" });
        await keysAt(page, "#message", `${what}: Escape gives the keys back`);
      }
      // The palette and the quick list: arrows, Home and End.
      await page.keyboard.press("Control+k");
      const chosen = () => page.locator("[cmdk-item][data-selected='true']").textContent();
      await page.locator("[cmdk-item]").first().waitFor();
      const first = await chosen();
      await page.keyboard.press("End");
      assert.notEqual(await chosen(), first);
      await page.keyboard.press("Home");
      assert.equal(await chosen(), first);
      await page.keyboard.press("Escape");
      await ask(page, "Make it greet properly");
      await page.getByRole("alertdialog").waitFor();
      // Menus: opened, walked and left with keys.
      for (const menu of [".project-switch", ".session-more"]) {
        await tabTo(page, menu);
        await page.keyboard.press("Enter");
        await page.getByRole("menu").waitFor();
        await page.keyboard.press("End");
        await keysAt(page, "[role^='menuitem']", menu);
        await page.keyboard.press("Escape");
        await page.getByRole("menu").waitFor({ state: "detached" });
        await keysAt(page, menu, `${menu}: the keys are back`);
      }
    }),

  "keyboard alone: code is found, its pictures are walked, its element opened": () =>
    journey({ files: CODE }, async (page, here) => {
      await openProject(page, here.project);
      here.put("src/ships.ts", CODE["src/ships.ts"].replace("1.1", "1.2"));
      here.commit("More to spare");
      await page.keyboard.press("Control+Shift+f");
      await keysAt(page, "input.code-query", "the search");
      await page.keyboard.type("berth");
      await page.locator(".code-place").nth(1).waitFor();
      await settled(page);
      await page.keyboard.press("ArrowDown");
      await keysAt(page, ".code-place", "from the field to the hits");
      await walked(page, ".code-place", "the hits");
      await through(page, "main.middle", "the hits of a search");
      for (const [words, row] of [["hotspots", ".heat-file"], ["dependencies of the code", ".code-node"]]) {
        await act(page, words);
        await page.locator(row).first().waitFor();
        await through(page, "main.middle", words);
        await page.keyboard.press("Escape");
      }
      await act(page, "hotspots");
      await page.locator(".heat-file").nth(1).waitFor();
      await tabTo(page, ".heat-file");
      await walked(page, ".heat-file", "the map");
      await page.keyboard.press("Enter");
      await page.locator(".viewer-text").waitFor();
      await page.keyboard.press("Control+Shift+o");
      await keysAt(page, "dialog input", "go to a symbol");
      await page.keyboard.type("assign");
      await page.getByRole("option", { name: /assign/ }).first().waitFor();
      await page.keyboard.press("Enter");
      await page.getByRole("article").waitFor();
      await page.locator(".code-node").nth(1).waitFor();
      await through(page, "main.middle", "an element");
      await tabTo(page, ".code-node:not([data-middle='true'])");
      const before = page.url();
      await page.keyboard.press("Enter");
      await page.waitForFunction((was) => location.href !== was, before);
    }),

  "keyboard alone: in a narrow window a side takes the keys, keeps them and gives them back": () =>
    journey({}, async (page, here) => {
      await openProject(page, here.project);
      await page.setViewportSize({ width: 480, height: 860 });
      await page.keyboard.press("Control+l");
      await keysAt(page, "#message", "the message field");
      for (const [keys, side] of [["Control+b", ".sidebar"], ["Control+3", ".inspector"]]) {
        await page.keyboard.press(keys);
        await page.locator(`aside${side}.drawer`).waitFor();
        await page.waitForFunction(() => document.activeElement?.closest(".drawer"));
        await through(page, ".panes", `${side} over the middle`);
        await page.keyboard.press("Escape");
        await keysAt(page, "#message", `${side}: Escape gives the keys back`);
      }
    }),
};
