// The real window, the real engine, real files; only the model's words are scripted.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { App, Vendor, World, native, tool } from "./lib/desktop.mjs";
import { KEYS } from "./lib/webdriver.mjs";

const KEY = "sk-test-0123456789abcdefghijklmnopqrstuv";
const APPROVAL = "Mira asks for your approval";
const SHOTS = process.env.MIRA_SCREENSHOTS ?? join(fileURLToPath(new URL("../..", import.meta.url)), "test-results", "screenshots");

const FILES = {
  "src/calculator.py": `"""Sums and means of what people type."""


def total(numbers):
    result = 0
    for number in numbers:
        result += number
    return result


def mean(numbers):
    return total(numbers) / len(numbers)


def median(numbers):
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return mean(ordered[middle - 1 : middle + 1])


def largest(numbers):
    best = 0
    for number in numbers:
        if number > best:
            best = number
    return best
`,
  "README.md": "# Calculator\n\nSums and means.\n",
};

/** What the fake model answers, by what it is asked. */
const SCRIPT = {
  api_key: KEY,
  models: ["gpt-5.5", "gpt-5.4-mini"],
  aside: "A title",
  check_prefix: false,
  replies: [
    // The test of a new key asks for one call of its own tool.
    { when: { user: "Call ready" }, calls: [{ name: "ready", args: { ok: true } }], times: 0 },
    {
      when: { user: "empty list", result: "def mean" },
      text: "Two places fail on an empty list: `mean` divides by zero, and `largest` starts from 0.",
      calls: [
        {
          name: "edit_project_file",
          args: {
            path: "src/calculator.py",
            edits: [
              { old: "    return total(numbers) / len(numbers)\n", new: "    if not numbers:\n        return 0\n    return total(numbers) / len(numbers)\n" },
              { old: "    best = 0\n    for", new: "    best = numbers[0] if numbers else 0\n    for" },
            ],
          },
        },
      ],
    },
    { when: { user: "empty list", result: "edit" }, text: "An empty list now gives 0, and `largest` works for negative numbers too." },
    { when: { user: "empty list" }, text: "I will read the file first.", calls: [{ name: "read_project_file", args: { path: "src/calculator.py" } }] },
    { when: { user: "in the window", result: "exit" }, text: "The command ran." },
    { when: { user: "in the window" }, calls: [{ name: "run_command", args: { command: "touch by-window.txt && date +%s", purpose: "to leave a mark" } }] },
    { when: { user: "in the window" }, text: "The first command was answered.", times: 0 },
    { when: { user: "natively", result: "exit" }, text: "Answered natively." },
    { when: { user: "natively" }, calls: [{ name: "run_command", args: { command: "touch natively.txt && date +%s", purpose: "to leave another mark" } }] },
    { when: { user: "natively" }, text: "The second command was answered.", times: 0 },
    { when: { user: "refuse this" }, calls: [{ name: "run_command", args: { command: "touch refused.txt && date +%s" } }] },
    { when: { user: "refuse this" }, text: "I will not do that.", times: 0 },
    { when: { user: "long work" }, text: "This takes a while, and the app will end in the middle of it.", calls: [{ name: "read_project_file", args: { path: "README.md" } }] },
    { when: { user: "long work" }, text: "Never shown.", gate: "crash" },
    { when: { user: "where you stopped" }, text: "Picked up where it stopped." },
  ],
};

describe("the desktop app", { timeout: 600_000 }, () => {
  let world, vendor, app, page;

  const start = async (options = {}) => {
    app = await App.start(world, { vendor, ...options });
    page = app.page;
  };
  const ask = async (text) => {
    await page.type(await page.find("textbox", "Message"), text + KEYS.enter);
  };
  const shot = async (name) => {
    mkdirSync(SHOTS, { recursive: true });
    await native("shot", join(SHOTS, `${name}.png`));
  };

  before(async () => {
    world = new World(FILES);
    vendor = await Vendor.start(world, SCRIPT);
  });
  after(async () => {
    await app?.quit();
    vendor?.stop();
    world?.remove();
  });

  it("offers key, local server and no model on its first page", async () => {
    await start({ vendor: undefined });
    await page.sees("Use an API key");
    await page.sees("Use a server on this machine");
    await page.sees("No model for now");
    await shot("desktop-first-run");
    await app.quit();
  });

  it("saves a working key in the keychain and in no file", async () => {
    await start();
    // A base URL of one's own counts as ready without a key, so the page is a step further.
    await page.click("button", "Change");
    await page.fill("textbox", "API key", KEY);
    await page.click("button", "Save and test");
    await page.find("button", "Choose folder…");
    assert.deepEqual(world.dataFilesWith(KEY), []);
    const requests = await vendor.admin("requests");
    assert.ok(requests.length >= 1, "the key was tried on the vendor");
  });

  it("refuses what a page must not do", async () => {
    const answer = await page.run(async () => {
      const call = (command, args) => window.__TAURI_INTERNALS__.invoke(command, args).then(() => "allowed", () => "refused");
      let inline = "refused";
      window.addEventListener("message", () => (inline = "allowed"));
      const script = document.createElement("script");
      script.textContent = "window.postMessage('ran')";
      document.head.append(script);
      await new Promise((done) => setTimeout(done, 50));
      const reached = await fetch("https://example.org/").then(() => "allowed", () => "refused");
      return {
        files: await call("plugin:opener|open_path", { path: "/etc/passwd" }),
        shell: await call("plugin:shell|execute", { program: "sh", args: [] }),
        windows: await call("plugin:webview|create_webview_window", { options: { label: "x", url: "https://example.org" } }),
        network: reached,
        inline,
      };
    });
    assert.deepEqual(answer, { files: "refused", shell: "refused", windows: "refused", network: "refused", inline: "refused" });
  });

  it("opens the folder that a second start names, in the same window", async () => {
    await tool("env", "TAURI_WEBVIEW_AUTOMATION=", `MIRA_DATA_DIR=${world.data}`, `MIRA_CONFIG_DIR=${join(world.root, "config")}`, process.env.MIRA_DESKTOP, world.project);
    await page.find("textbox", "Message");
    await page.sees("calculator");
  });

  it("chats with tool calls and changes the file", async () => {
    await ask("Make mean and largest safe for an empty list");
    await page.sees("An empty list now gives 0");
    assert.match(world.read("src/calculator.py"), /if not numbers:\n {8}return 0/);
    assert.match(world.read("src/calculator.py"), /best = numbers\[0\] if numbers else 0/);
  });

  it("takes a rejected hunk off the disk and keeps the other", async () => {
    await page.click("button", /Review changes/);
    await page.sees("Hunk 2 of 2");
    await shot("desktop");
    await page.click("button", "Reject");
    await page.until(() => !world.read("src/calculator.py").includes("if not numbers"), "the first hunk gone from disk");
    await page.sees("1 of 2 reviewed");
    await page.click("button", "Keep");
    await page.sees("2 of 2 reviewed");
    assert.match(world.read("src/calculator.py"), /best = numbers\[0\] if numbers else 0/);
  });

  it("takes everything back and brings it again", async () => {
    await page.click("button", /Undo all/);
    await page.until(() => world.read("src/calculator.py") === FILES["src/calculator.py"], "the file as it was");
    await page.click("button", /Redo all/);
    await page.until(() => world.read("src/calculator.py").includes("best = numbers[0]"), "the change back");
  });

  it("waits for an approval in the window", async () => {
    await ask("Run something in the window");
    await page.sees("touch by-window.txt");
    await page.find("button", "Allow once");
    assert.throws(() => world.read("by-window.txt"), "nothing ran before the answer");
    await shot("desktop-approval");
    await page.click("button", "Allow once");
    await page.until(() => exists("by-window.txt"), "the command's file");
    await page.sees("The command ran.");
  });

  it("asks natively too, with the whole command, and the answer counts", async () => {
    await page.run(() => window.__TAURI_INTERNALS__.invoke("request", { method: "settings.set", params: { name: "MIRA_NATIVE_APPROVALS", value: "true" } }));
    await ask("Ask me natively");
    const [said] = await Promise.all([native("press", APPROVAL, "Allow once"), page.sees("natively.txt")]);
    assert.match(said, /touch natively\.txt && date \+%s/, "percent signs stand as they are");
    assert.ok(said.includes(world.project), "the folder is named");
    assert.match(said, /buttons: Deny,/, "the harmless button comes first");
    await page.until(() => exists("natively.txt"), "the command's file");
    await page.sees("Answered natively.");
  });

  it("leaves the question open when the native dialog is left, and closes it when the window decides", async () => {
    await ask("I will refuse this");
    await native("close", APPROVAL);
    await native("gone", APPROVAL);
    await page.sees("touch refused.txt");
    await page.click("button", "Deny");
    await page.sees("I will not do that.");
    assert.equal(exists("refused.txt"), false);
  });

  it("marks running work as interrupted after a crash and resumes it", async () => {
    await ask("Start the long work");
    await page.sees("This takes a while");
    await page.until(async () => (await vendor.admin("waiting")).length > 0, "the second request");
    app.kill();
    await start();
    await page.sees("This takes a while");
    await page.click("button", "Resume");
    await page.sees("Picked up where it stopped.");
  });

  it("still has the key after the restart, from the keychain", async () => {
    const providers = await page.run(() => window.__TAURI_INTERNALS__.invoke("request", { method: "provider.list", params: {} }));
    const openai = providers.providers.find((provider) => provider.name === "openai");
    assert.equal(openai.ready, true);
    assert.match(JSON.stringify(openai), /keychain/);
    assert.equal(JSON.stringify(providers).includes(KEY), false);
  });

  it("shows the folder that its own command line names", async () => {
    await app.quit();
    const other = new World({ "notes.txt": "nothing" });
    await start({ args: [other.project.replace("calculator", "")] });
    await page.find("button", new RegExp(other.root.split("/").at(-1)));
    other.remove();
  });

  it("says what holds the data when another engine has it", async () => {
    const held = world.data;
    const other = await App.start({ ...world, root: world.root, data: held }, { vendor, env: { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" } });
    try {
      await other.page.sees("Another Mira is using this data");
      assert.ok(await other.page.has("link", "Try again"));
    } finally {
      other.kill();
    }
  });

  it("broke no rule of the vendor", async () => {
    assert.deepEqual(await vendor.admin("violations"), []);
  });

  function exists(name) {
    try {
      world.read(name);
      return true;
    } catch {
      return false;
    }
  }
});
