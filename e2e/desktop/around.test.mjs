// What only the real window has: links, windows of their own, notifications, signed updates.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { root } from "../../scripts/lib/place.mjs";
import { SYSTEM_PYTHON } from "../../scripts/lib/setup.mjs";
import { App, Vendor, World, tool } from "./lib/desktop.mjs";
import { KEYS } from "./lib/webdriver.mjs";

const SCRIPT = {
  check_prefix: false,
  aside: "A title",
  replies: [
    { when: { user: "slowly" }, text: "It is done now.", gate: "go" },
    { text: "An answer.", times: 0 },
  ],
};
const lib = (name) => fileURLToPath(new URL(`./lib/${name}`, import.meta.url));

describe("around the window", { timeout: 600_000 }, () => {
  let world, vendor, app, page, updates;
  const told = [];
  let notices;

  const second = (word) =>
    tool("env", "TAURI_WEBVIEW_AUTOMATION=", `MIRA_DATA_DIR=${world.data}`, `MIRA_CONFIG_DIR=${join(world.root, "config")}`, process.env.MIRA_DESKTOP, word);
  const request = (method, params) =>
    page.run((method, params) => window.__TAURI_INTERNALS__.invoke("request", { method, params }), method, params);
  const invoke = (command, args = {}) =>
    page.run((command, args) => window.__TAURI_INTERNALS__.invoke(command, args).then((ok) => ({ ok }), (failed) => ({ failed })), command, args);

  before(async () => {
    world = new World({ "notes.txt": "nothing\n" });
    vendor = await Vendor.start(world, SCRIPT);
    updates = await UpdateServer.start();
    notices = spawn(SYSTEM_PYTHON, [lib("notices.py")], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: notices.stdout });
    await new Promise((done) => lines.once("line", done));
    lines.on("line", (line) => told.push(JSON.parse(line)));
    app = await App.start(world, {
      vendor,
      args: [world.project],
      env: { OPENAI_API_KEY: "sk-around", MIRA_UPDATE_URL: updates.url, MIRA_UPDATE_KEY: updates.key },
    });
    page = app.page;
    await page.find("textbox", "Message");
    await page.sees("calculator");
  });
  after(async () => {
    await app?.quit();
    vendor?.stop();
    notices?.kill();
    updates?.stop();
    world?.remove();
  });

  it("shows the session that a link names, and starts nothing", async () => {
    await page.type(await page.find("textbox", "Message"), `Hello there${KEYS.enter}`);
    await page.sees("Done in");
    const { sessions } = await request("session.list", {});
    await page.click("button", /New session/);
    await page.sees("What should be done?");
    const asked = (await vendor.admin("requests")).length;
    await second(`mira://session/${sessions[0].id}`);
    await page.sees("An answer.");
    assert.equal((await vendor.admin("requests")).length, asked);
  });

  it("offers the folder of a link and opens it only by a click", async () => {
    const other = new World({ "other.txt": "x" });
    try {
      await second(`mira://open?path=${encodeURIComponent(other.project)}`);
      await page.sees("A link asks to open this folder");
      const before = await request("project.list", {});
      assert.equal(before.projects.length, 1);
      await page.click("button", "Cancel");
      await page.until(async () => !(await page.text()).includes("A link asks"), "the question gone");
      assert.equal((await request("project.list", {})).projects.length, 1);
      await second("mira://run?command=rm");
      await page.sees("That link is not one Mira understands.");
    } finally {
      other.remove();
    }
  });

  it("gives another project a window of its own, and finds it again", async () => {
    const other = new World({ "other.txt": "x" });
    try {
      await second(other.project);
      await page.until(() => JSON.parse(safely(() => readFileSync(join(world.data, "windows.json"), "utf8")) ?? "[]").length === 1, "the second window noted");
      const { projects } = await request("project.list", {});
      assert.equal(projects.length, 2);
      await page.sees("An answer.");
      assert.deepEqual(await invoke("open_window", { projectId: projects.find((one) => one.path === other.project).id }), { ok: null });
      assert.equal(JSON.parse(readFileSync(join(world.data, "windows.json"), "utf8")).length, 1);
    } finally {
      other.remove();
    }
  });

  it("notifies with the chosen sound when work ends while something else is in front", async () => {
    await request("settings.set", { name: "MIRA_NOTIFY_SOUND", value: "complete" });
    await page.type(await page.find("textbox", "Message"), `Do it slowly${KEYS.enter}`);
    await page.until(async () => (await vendor.admin("waiting")).length > 0, "the request");
    const cover = spawn(SYSTEM_PYTHON, [lib("native.py"), "cover", "20"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise((done) => createInterface({ input: cover.stdout }).once("line", done));
      const before = told.length;
      await vendor.release("go");
      await page.until(() => told.length > before, "a notification");
      assert.match(told.at(-1).title, /^Done/);
      assert.deepEqual([told.at(-1).body, told.at(-1).sound], ["It is done now.", "complete"]);
    } finally {
      cover.kill();
    }
  });

  it("comes to the front with the session when its notification is clicked", async () => {
    const notice = told.at(-1);
    assert.ok(notice.actions.includes("default"), "a click is asked for");
    await page.click("button", /New session/);
    await page.sees("What should be done?");
    const cover = spawn(SYSTEM_PYTHON, [lib("native.py"), "cover", "20"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise((done) => createInterface({ input: cover.stdout }).once("line", done));
      await page.until(() => page.run(() => !document.hasFocus()), "something else in front");
      notices.stdin.write(`${notice.id}\n`);
      await page.sees("It is done now.");
      await page.until(() => page.run(() => document.hasFocus()), "the window in front");
    } finally {
      cover.kill();
    }
  });

  it("takes a file that is dragged out of another program into the message", async () => {
    const file = join(world.root, "figures.csv");
    writeFileSync(file, "one,two\n1,2\n");
    const at = await page.run(() => {
      const box = document.querySelector(".composer-box").getBoundingClientRect();
      document.addEventListener("dragover", () => (document.documentElement.dataset.dragged = "over"), { once: true, capture: true });
      return [box.x + box.width / 2, box.y + box.height / 3].map(Math.round);
    });
    const drag = spawn(SYSTEM_PYTHON, [lib("native.py"), "drag", file, ...at.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await page.until(() => page.run(() => document.documentElement.dataset.dragged), "the drag over the page");
      drag.stdin.write("drop\n");
      await page.sees("figures.csv");
    } finally {
      drag.kill();
    }
  });

  it("finds a signed newer version, and takes none whose signature is wrong", async () => {
    await page.run(() => (location.hash = "#/settings"));
    updates.offer("0.1.0");
    assert.deepEqual((await invoke("update_check")).ok, { configured: true, available: null });
    updates.offer("9.9.9");
    assert.deepEqual((await invoke("update_check")).ok.available, { version: "9.9.9", notes: "Better in every way." });
    updates.tamper();
    const refused = (await invoke("update_install")).failed;
    assert.match(refused.message, /signature|not taken/i);
    assert.equal(updates.loaded, 1);
    updates.offer("9.9.9");
    const installed = (await invoke("update_install")).failed;
    // What is not an AppImage is not replaced; the signature was right.
    assert.match(installed.message, /could not be installed/);
    assert.match(installed.hint, /package manager/);
    updates.fail = true;
    assert.ok((await invoke("update_check")).failed.message.includes("newer version failed"));
  });
});

function safely(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Offers versions with a signature made by Tauri's own signer. */
class UpdateServer {
  static async start() {
    const folder = mkdtempSync(join(tmpdir(), "mira-update-"));
    const tauri = (...words) => execFileSync(process.execPath, [join(root, "node_modules/@tauri-apps/cli/tauri.js"), "signer", ...words], { cwd: folder, stdio: "pipe" });
    tauri("generate", "--ci", "-w", join(folder, "key"), "-p", "pw");
    const artefact = join(folder, "mira.AppImage");
    writeFileSync(artefact, "a newer mira");
    tauri("sign", "-f", join(folder, "key"), "-p", "pw", artefact);
    const self = new UpdateServer();
    self.folder = folder;
    self.key = readFileSync(join(folder, "key.pub"), "utf8").trim();
    self.signature = readFileSync(`${artefact}.sig`, "utf8").trim();
    self.loaded = 0;
    self.server = createServer((asked, answer) => self.answer(asked, answer));
    await new Promise((done) => self.server.listen(0, "127.0.0.1", done));
    self.url = `http://127.0.0.1:${self.server.address().port}/latest`;
    return self;
  }

  offer(version) {
    this.version = version;
    this.bytes = "a newer mira";
  }

  tamper() {
    this.bytes = "a newer mire";
  }

  answer(asked, answer) {
    if (this.fail) answer.writeHead(500).end();
    else if (asked.url === "/file") {
      this.loaded += 1;
      answer.end(this.bytes);
    } else {
      answer.setHeader("content-type", "application/json");
      answer.end(JSON.stringify({ version: this.version, notes: "Better in every way.", url: this.url.replace("latest", "file"), signature: this.signature }));
    }
  }

  stop() {
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
