// The real app in a world of its own: a project, a data directory, a fake vendor.

import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { SYSTEM_PYTHON } from "../../../scripts/lib/setup.mjs";
import { Page, sleep } from "./webdriver.mjs";

const NATIVE = fileURLToPath(new URL("./native.py", import.meta.url));
const TRAY = fileURLToPath(new URL("./tray.py", import.meta.url));
/** How long an icon may take to come or go. */
const PATIENCE_MS = 20_000;
const LOGS = process.env.MIRA_TEST_RESULTS ?? tmpdir();

/** A folder that ends with the test, with a project and an empty data directory in it. */
export class World {
  constructor(files, name = "calculator") {
    this.root = mkdtempSync(join(tmpdir(), "mira-world-"));
    this.data = join(this.root, "data");
    this.project = join(this.root, name);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name, text) {
    const path = join(this.project, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(name) {
    return readFileSync(join(this.project, name), "utf8");
  }

  /** Files of the data directory that hold the text, whatever else is in them. */
  dataFilesWith(text) {
    const found = [];
    for (const entry of readdirSync(this.data, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && readFileSync(path).includes(text)) found.push(path);
    }
    return found;
  }

  remove() {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A model vendor that says what the script says, and watches what it is sent. */
export class Vendor {
  static async start(world, script) {
    const file = join(world.root, "script.json");
    writeFileSync(file, JSON.stringify(script));
    const child = spawn(process.env.MIRA_FAKE_VENDOR, ["--script", file], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await new Promise((done, fail) => {
      child.once("error", fail);
      once(createInterface({ input: child.stdout }), "line").then(done);
    });
    return new Vendor(child, /http:\/\/\S+/.exec(line)[0]);
  }

  constructor(child, url) {
    this.child = child;
    this.url = url;
    this.root = new URL("/", url);
  }

  async admin(path, options) {
    const response = await fetch(new URL(`admin/${path}`, this.root), options);
    if (!response.ok) throw new Error(`the fake vendor answered ${response.status} to ${path}`);
    return response.json().catch(() => undefined);
  }

  release(gate) {
    return this.admin(`release/${gate}`, { method: "POST" });
  }

  stop() {
    this.child.kill();
  }
}

/** The app, started by the driver that WebKit brings. */
export class App {
  static async start(world, { vendor, args = [], env = {} } = {}) {
    const port = await freePort();
    const log = join(LOGS, "desktop-app.log");
    const driver = spawn("WebKitWebDriver", [`--port=${port}`], {
      // A group of its own, so that one signal ends the driver and the app.
      detached: true,
      stdio: "ignore",
      env: {
        ...process.env,
        TAURI_WEBVIEW_AUTOMATION: "true",
        MIRA_DATA_DIR: world.data,
        MIRA_CONFIG_DIR: join(world.root, "config"),
        MIRA_LOG: "info",
        LOCAL_BASE_URL: "",
        ...(vendor ? { OPENAI_BASE_URL: `${vendor.url.replace(/\/(v1\/?)?$/, "")}/v1` } : {}),
        ...env,
      },
    });
    const app = new App(driver, log);
    try {
      app.page = await Page.open(port, process.env.MIRA_DESKTOP, args);
    } catch (error) {
      app.kill();
      throw error;
    }
    return app;
  }

  constructor(driver) {
    this.driver = driver;
  }

  /** Ends the app as a person does, the driver with it. */
  async quit() {
    await this.page.close().catch(() => {});
    this.kill();
  }

  /** Ends both at once, as a crash does. */
  kill() {
    try {
      process.kill(-this.driver.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }
}

/** The tray of a desktop, with the icons that programs put there. */
export class Tray {
  static async start() {
    const tray = new Tray();
    await tray.#next();
    return tray;
  }

  #child = spawn(SYSTEM_PYTHON, [TRAY], { stdio: ["pipe", "pipe", "inherit"] });
  /** What icons did, oldest first. */
  #icons = [];
  #answers = [];

  constructor() {
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const told = JSON.parse(line);
      if (told.icon) this.#icons.push(told.icon);
      else this.#answers.push(told);
    });
  }

  /** Waits until an icon was `registered`, or is `gone`. */
  async until(icon) {
    await soon(() => this.#icons.includes(icon), `an icon that is ${icon}`);
    this.#icons.splice(0, this.#icons.indexOf(icon) + 1);
  }

  /** The entries of the newest icon's menu: label (none for a line between), enabled. */
  async menu() {
    return (await this.#ask("menu")).entries;
  }

  choose(label) {
    return this.#ask(`choose ${label}`);
  }

  stop() {
    this.#child.kill();
  }

  async #ask(words) {
    this.#child.stdin.write(`${words}\n`);
    const answer = await this.#next();
    if (answer.error) throw new Error(JSON.stringify(answer));
    return answer;
  }

  async #next() {
    await soon(() => this.#answers.length > 0, "an answer of the tray");
    return this.#answers.shift();
  }
}

/** The app's windows that are on the screen: id, title, place and size in pixels. */
export async function shownWindows() {
  const found = await tool("xdotool", "search", "--onlyvisible", "--name", "^(.* – )?Mira$").catch(() => "");
  const windows = [];
  for (const id of found.split("\n").filter(Boolean)) {
    try {
      const title = (await tool("xdotool", "getwindowname", id)).trim();
      const place = Object.fromEntries((await tool("xdotool", "getwindowgeometry", "--shell", id)).trim().split("\n").map((line) => line.split("=")));
      windows.push({ id, title, x: Number(place.X), y: Number(place.Y), width: Number(place.WIDTH), height: Number(place.HEIGHT) });
    } catch {
      // It was closed in this moment.
    }
  }
  return windows;
}

/** Drives a native dialog; gives what it says. */
export async function native(...words) {
  const { stdout } = await promisify(execFile)(SYSTEM_PYTHON, [NATIVE, ...words]);
  return stdout;
}

/** Runs a program and gives its output. */
export async function tool(command, ...words) {
  const { stdout } = await promisify(execFile)(command, words);
  return stdout;
}

async function soon(question, what) {
  const end = Date.now() + PATIENCE_MS;
  while (!question()) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await sleep(20);
  }
}

function once(emitter, event) {
  return new Promise((done) => emitter.once(event, (...values) => done(values)));
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
