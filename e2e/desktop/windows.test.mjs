// Several windows, one a project, and how they come back.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { App, Tray, Vendor, World, shownWindows, tool } from "./lib/desktop.mjs";
import { KEYS } from "./lib/webdriver.mjs";

const SCRIPT = { check_prefix: false, aside: "A title", replies: [{ text: "An answer.", times: 0 }] };
/** Where the windows are put. */
// Wide enough for the inspector beside the conversation.
const MAIN = { x: 40, y: 60, width: 1080, height: 640 };
const OWN = { x: 300, y: 180, width: 1100, height: 600 };
const MOVED = { x: 280, y: 120, width: 1120, height: 560 };

describe("several windows", { timeout: 600_000 }, () => {
  let world, other, vendor, tray, app, page;

  const start = async (...args) => {
    app = await App.start(world, { vendor, args, env: { OPENAI_API_KEY: "sk-windows" } });
    page = app.page;
    await page.find("textbox", "Message");
    await tray.until("registered");
  };
  const second = () => tool("env", "TAURI_WEBVIEW_AUTOMATION=", `MIRA_DATA_DIR=${world.data}`, `MIRA_CONFIG_DIR=${join(world.root, "config")}`, process.env.MIRA_DESKTOP, other.project);
  const quit = async () => {
    await tray.choose("Quit");
    await tray.until("gone");
    app.kill();
  };
  const shown = async (count) => {
    await page.until(async () => (await shownWindows()).length === count, `${count} windows`);
    return shownWindows();
  };
  const turnTo = (ask, what) =>
    page.until(async () => {
      for (const window of await page.windows()) {
        await page.turnTo(window);
        if (await page.run(ask)) return true;
      }
      return false;
    }, what);
  const turnToOwn = () => turnTo(() => location.search.includes("window="), "the window of the other project");
  const turnToMain = () => turnTo(() => !location.search.includes("window="), "the main window");
  const put = (id, { x, y, width, height }) => tool("xdotool", "windowsize", "--sync", id, String(width), String(height), "windowmove", "--sync", id, String(x), String(y));
  const places = async () => (await shown(2)).map(({ x, y, width, height }) => ({ x, y, width, height })).sort((a, b) => a.width - b.width);

  before(async () => {
    world = new World({ "notes.txt": "nothing\n" });
    other = new World({ "other.txt": "x" }, "abacus");
    vendor = await Vendor.start(world, SCRIPT);
    tray = await Tray.start();
    await start(world.project);
  });
  after(async () => {
    app?.kill();
    tray?.stop();
    vendor?.stop();
    world?.remove();
    other?.remove();
  });

  it("come back where they stood, each with its project, session and panes, after the app was quit", async () => {
    const [first] = await shown(1);
    await second();
    const [own] = (await shown(2)).filter((window) => window.id !== first.id);
    await put(first.id, MAIN);
    await put(own.id, OWN);
    await turnToOwn();
    await page.type(await page.find("textbox", "Message"), `Hello there${KEYS.enter}`);
    await page.sees("Done in");
    await page.click("button", "Hide inspector");
    const left = await places();
    await quit();
    await start();
    assert.deepEqual(await places(), left);
    await turnToOwn();
    await page.sees("An answer.");
    await page.find("button", "Show inspector");
    await turnToMain();
    await page.sees("What should be done?");
    await page.find("button", "Hide inspector");
  });

  it("say in their titles what they show", async () => {
    const named = new Map((await shown(2)).map(({ title, width }) => [width, title]));
    const [mains, owns] = [world, other].map((one) => one.project.split("/").at(-1));
    assert.equal(named.get(MAIN.width), `${mains} – Mira`);
    assert.equal(named.get(OWN.width), `Hello there – ${owns} – Mira`);
  });

  it("come back where they stood last after a crash, too", async () => {
    const own = (await shown(2)).find(({ width }) => width === OWN.width);
    await put(own.id, MOVED);
    const left = await places();
    const kept = () => Object.values(JSON.parse(readFileSync(join(world.data, "window.json"), "utf8"))).some(({ width, height }) => width === MOVED.width && height === MOVED.height);
    await page.until(kept, "the place on disk");
    app.kill();
    await tray.until("gone");
    await start();
    assert.deepEqual(await places(), left);
  });

  it("stay away once they were closed", async () => {
    const own = (await shown(2)).find(({ width }) => width === MOVED.width);
    await tool("xdotool", "windowactivate", "--sync", own.id, "key", "alt+F4");
    await shown(1);
    await quit();
    await start();
    await turnToMain();
    await page.sees("What should be done?");
    const [main] = await shown(1);
    assert.deepEqual([main.width, main.height], [MAIN.width, MAIN.height]);
  });
});
