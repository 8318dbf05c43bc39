// The icon in the tray: what it says, and what each of its entries does to the window and the app.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { App, Tray, Vendor, World, native, shownWindows } from "./lib/desktop.mjs";
import { KEYS } from "./lib/webdriver.mjs";

const SCRIPT = {
  check_prefix: false,
  aside: "A title",
  replies: [
    { when: { user: "in the background" }, text: "It went on without a window.", gate: "go" },
    { when: { user: "ask first", result: "exit" }, text: "Asked and done." },
    { when: { user: "ask first" }, calls: [{ name: "run_command", args: { command: "touch asked.txt && date +%s" } }] },
    { when: { user: "stop in the middle" }, text: "Never shown.", gate: "never" },
    { text: "An answer.", times: 0 },
  ],
};
const WORKING = "Mira is still working";

describe("the tray", { timeout: 600_000 }, () => {
  let world, vendor, tray, app, page;

  const ask = async (text) => page.type(await page.find("textbox", "Message"), text + KEYS.enter);
  const menuSays = (label) => page.until(async () => (await tray.menu()).some((entry) => entry.label === label), `in the tray: ${label}`);
  const windows = (count, what) => page.until(async () => (await shownWindows()).length === count, what);

  before(async () => {
    world = new World({ "notes.txt": "nothing\n" });
    vendor = await Vendor.start(world, SCRIPT);
    tray = await Tray.start();
    app = await App.start(world, { vendor, args: [world.project], env: { OPENAI_API_KEY: "sk-tray" } });
    page = app.page;
    await page.find("textbox", "Message");
    await page.sees("calculator");
  });
  after(async () => {
    app?.kill();
    tray?.stop();
    vendor?.stop();
    world?.remove();
  });

  it("has an icon with a menu that says nothing runs and nothing waits", async () => {
    await tray.until("registered");
    const shown = (await tray.menu()).map(({ label, enabled }) => [label, enabled]);
    assert.deepEqual(shown, [
      ["Nothing running", false],
      ["Nothing waits for you", false],
      [null, true],
      ["New session", true],
      ["Show Mira", true],
      [null, true],
      ["Quit", true],
    ]);
  });

  it("counts what runs, and goes on with it after the window was hidden instead of quitting", async () => {
    await ask("Work in the background");
    await page.until(async () => (await vendor.admin("waiting")).length > 0, "the request");
    await menuSays("1 task running");
    await tray.choose("Quit");
    await native("press", WORKING, "Keep working in the background");
    await windows(0, "no window");
    await vendor.release("go");
    await menuSays("Nothing running");
    await tray.choose("Show Mira");
    await windows(1, "the window again");
    await page.until(() => page.run(() => document.hasFocus()), "the window in front");
    await page.sees("It went on without a window.");
  });

  it("begins a new session, whose field is empty though the last one began in it", async () => {
    await tray.choose("New session");
    await page.sees("What should be done?");
    const field = await page.find("textbox", "Message");
    assert.equal(await page.run((field) => field.value, field), "");
  });

  it("leads to the session that waits for the person", async () => {
    await ask("Please ask first");
    await page.sees("touch asked.txt");
    await menuSays("1 approval waits for you");
    await page.click("button", /New session/);
    await page.sees("What should be done?");
    await tray.choose("1 approval waits for you");
    await page.click("button", "Allow once");
    await page.sees("Asked and done.");
    await menuSays("Nothing waits for you");
  });

  it("stays where the question before quitting is answered with no, and quits with yes", async () => {
    await ask("Now stop in the middle");
    await page.until(async () => (await vendor.admin("waiting")).length > 0, "the request");
    await tray.choose("Quit");
    await native("press", WORKING, "Keep open");
    await native("gone", WORKING);
    await menuSays("1 task running");
    await tray.choose("Quit");
    await native("press", WORKING, "Stop and quit");
    await tray.until("gone");
    assert.deepEqual(await shownWindows(), []);
  });
});
