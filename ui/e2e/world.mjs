// A world for one journey: a fake vendor, a project on disk, the real engine, a browser page.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { program } from "../../scripts/lib/place.mjs";
import { browser as browserPath } from "../../scripts/lib/setup.mjs";

const START_MS = 30_000;

/** The project that the journeys work on, small and real. */
export const FILES = {
  "AGENTS.md": "Keep functions short.\n",
  "greet.sh": '#!/bin/sh\n# Greets by name.\nname="$1"\necho "Hello $name"\n\n\n\n\n\n\n\n# Says goodbye.\nbye() {\n  echo "Bye"\n}\n',
  "check.sh": '#!/bin/sh\nout=$(sh greet.sh Ada)\n[ "$out" = "Hello, Ada." ] && echo "1 passed" || { echo "got: $out"; exit 1; }\n',
  "notes.md": "# Notes\n\nNothing yet.\n",
};

let shared;

/** A Qdrant server in memory; started again on the same port it is empty. */
export async function qdrant(port = 0) {
  const server = start("fake-qdrant", [String(port)], {}, /(http:\S+)/);
  const url = (await server.listening)[1];
  return { url, port: Number(new URL(url).port), stop: () => server.stop("SIGKILL") };
}

export async function chromiumBrowser() {
  shared ??= await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox"] });
  return shared;
}

export async function closeBrowser() {
  await shared?.close();
  shared = undefined;
}

/** A program whose first line matching `ready` says where it listens. */
function start(name, args, env, ready) {
  const child = spawn(program(name, process.env.MIRA_PROGRAMS), args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  const listening = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not start:\n${output}`)), START_MS);
    const hear = (chunk) => {
      output += chunk;
      const match = ready.exec(output);
      if (match) {
        clearTimeout(timer);
        resolve(match);
      }
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`${name} ended with ${code}:\n${output}`)));
    child.on("error", reject);
  });
  const stop = (signal = "SIGTERM") =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill(signal);
    });
  return { listening, stop, output: () => output };
}

const TYPES = { js: "text/javascript", css: "text/css", woff2: "font/woff2" };

/** For working on the interface: with MIRA_E2E_UI the page takes it from that folder, as built there, and not from the program. */
async function newestInterface(context) {
  const folder = process.env.MIRA_E2E_UI;
  if (!folder) return;
  const names = readdirSync(join(folder, "assets"));
  await context.route("**/assets/*", (route) => {
    const asked = new URL(route.request().url()).pathname.split("/").at(-1);
    const ending = asked.split(".").at(-1);
    const contentType = TYPES[ending] ?? "application/octet-stream";
    if (names.includes(asked)) return route.fulfill({ path: join(folder, "assets", asked), contentType });
    // The program's page names its own first files: they lead to the newer ones.
    const name = names.find((one) => one.startsWith("index-") && one.endsWith(`.${ending}`));
    return ending === "js" ? route.fulfill({ body: `import "./${name}";`, contentType }) : route.fulfill({ path: join(folder, "assets", name), contentType });
  });
}

/** `replies` as in the fake vendor's script; `key: false` leaves the engine without one; `before` may fill the data directory; `name` is the project's, `home` its owner's, for pictures; `settings` are names of the environment, or tell them from the vendor's address. */
export async function world({ replies = [], key = true, aside = "A greeting that greets", before, name = "greeter", home, files = FILES, settings = {} } = {}) {
  const folder = home && !existsSync(home) ? (mkdirSync(home), home) : mkdtempSync(join(tmpdir(), "mira-e2e-"));
  const project = join(folder, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
  }
  const git = (...args) => execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd: project });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-qm", "start");
  const script = join(folder, "script.json");
  writeFileSync(script, JSON.stringify({ aside, replies }));
  const vendor = start("fake-vendor", ["--script", script], {}, /listening on (http:\S+)/);
  const vendorUrl = (await vendor.listening)[1];

  before?.(join(folder, "data"));
  const env = {
    MIRA_DATA_DIR: join(folder, "data"),
    // Vectors of every journey's project would cost more than the journey.
    MIRA_EMBEDDING_MODEL_DIR: join(folder, "no-model"),
    MIRA_CONFIG_DIR: join(folder, "config"),
    HOME: folder,
    // A server that the environment names is for the tests of `vectors`.
    QDRANT_URL: "",
    QDRANT_API_KEY: "",
    DBUS_SESSION_BUS_ADDRESS: "",
    // Without a key there is no vendor either: an address on this machine would do without one.
    ...(key ? { OPENAI_BASE_URL: vendorUrl, OPENAI_API_KEY: "sk-e2e" } : {}),
    ...(typeof settings === "function" ? settings(vendorUrl) : settings),
  };
  let engine;
  let link;
  const open = async () => {
    engine = start("mira", ["serve", "--port", "0"], env, /open (http:\S+)/);
    link = (await engine.listening)[1];
  };
  await open();

  const pages = [];
  const self = {
    folder,
    project,
    file: (path) => readFileSync(join(project, path), "utf8"),
    commit(message) {
      git("add", ".");
      git("commit", "-qm", message);
    },
    put: (path, content) => writeFileSync(join(project, path), content),
    async violations() {
      return (await fetch(new URL("/admin/violations", vendorUrl))).json();
    },
    async release(gate) {
      await fetch(new URL(`/admin/release/${gate}`, vendorUrl), { method: "POST" });
    },
    async say(...more) {
      const answer = await fetch(new URL("/admin/replies", vendorUrl), { method: "POST", body: JSON.stringify(more) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    /** A page at the engine's one-time link. Its console must stay silent. `broken`: a map of methods to the frame that comes instead of the engine's answer, for as long as it stands there. */
    async page({ dark = false, width = 1360, height = 860, prepare, broken } = {}) {
      const browser = await chromiumBrowser();
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? "dark" : "light",
        reducedMotion: "reduce",
        acceptDownloads: true,
      });
      await newestInterface(context);
      const page = await context.newPage();
      page.setDefaultTimeout(45_000);
      if (prepare) await page.addInitScript(prepare);
      if (broken) await page.routeWebSocket(/^ws/, (socket) => { between(socket, broken); });
      const problems = [];
      listen(page);
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") problems.push(message.text());
      });
      await page.goto(link);
      pages.push({ context, get problems() { return problems; }, set problems(left) { problems.splice(0, problems.length, ...left); } });
      return page;
    },
    /** A second page of the same browser profile. */
    async another(page) {
      const other = await page.context().newPage();
      await other.goto(page.url());
      return other;
    },
    /** A page with nothing on it and no engine. */
    async blank() {
      const browser = await chromiumBrowser();
      const context = await browser.newContext();
      pages.push({ context, problems: [] });
      return context.newPage();
    },
    /** What the console said of this kind was meant to happen. */
    forgive(kind) {
      for (const one of pages) one.problems = one.problems.filter((problem) => !kind.test(problem));
    },
    problems: () => pages.flatMap((one) => one.problems),
    async killEngine() {
      await engine.stop("SIGKILL");
    },
    reopen: open,
    async close() {
      // For looking at a failure: MIRA_E2E_SHOTS names a folder for the last sight of each page.
      const shots = process.env.MIRA_E2E_SHOTS;
      for (const [index, { context }] of pages.entries()) {
        if (shots) await context.pages()[0]?.screenshot({ path: join(shots, `${folder.split("/").at(-1)}-${index}.png`) });
        await context.close();
      }
      await engine.stop();
      await vendor.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

/** Lets everything through between a page and its engine but what `broken` says. */
function between(socket, broken) {
  const engine = socket.connectToServer();
  socket.onMessage((text) => {
    const frame = JSON.parse(String(text));
    const instead = frame.type === "request" ? broken.get(frame.method) : undefined;
    if (instead) socket.send(JSON.stringify({ ...instead, id: frame.id }));
    else engine.send(text);
  });
}

const answers = new WeakMap();

/** Keeps what a page asks its engine and which of it was answered well. */
function listen(page) {
  const asked = [];
  answers.set(page, asked);
  page.on("websocket", (socket) => {
    const open = new Map();
    socket.on("framesent", ({ payload }) => {
      const frame = JSON.parse(String(payload));
      if (frame.type === "request") open.set(frame.id, frame);
    });
    socket.on("framereceived", ({ payload }) => {
      const frame = JSON.parse(String(payload));
      if (frame.type === "reply" && open.has(frame.id)) asked.push(open.get(frame.id));
    });
  });
}

/** Waits until the engine answered a request of this page whose params pass. */
export async function answered(page, method, passes) {
  const until = Date.now() + 45_000;
  while (!answers.get(page).some((one) => one.method === method && passes(one.params))) {
    if (Date.now() > until) throw new Error(`${method} was not answered; what was: ${JSON.stringify(answers.get(page).slice(-5))}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Through the first page into the project. */
export async function openProject(page, path) {
  await page.getByLabel("Path of the folder").fill(path);
  await page.getByLabel("Path of the folder").press("Enter");
  await page.getByText("What should be done?").waitFor();
}

export async function ask(page, text) {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

/** What a screen reader or a weak eye would stumble over, contrast included. */
export async function accessibility(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { rules: { region: { enabled: false } }, resultTypes: ["violations"] }));
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any.map((check) => check.message).join(" ")}`).join("\n  ")}`);
}
