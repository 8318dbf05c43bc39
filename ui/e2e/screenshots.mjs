// `npm run ui:screenshots [-- PART]`: every main screen and state with the real engine, both themes,
// three widths, into test-results/screenshots; with `--best` also the few that docs/ shows; `--quick` takes one of each.

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/lib/place.mjs";
import { READ_AND_EDIT } from "./journeys.mjs";
import { DAMAGED } from "./quality.journeys.mjs";
import { accessibility, ask, closeBrowser, openProject, world } from "./world.mjs";

const OUT = join(root, "test-results", "screenshots");
const DOCS = join(root, "docs", "screenshots");
const WIDTHS = { wide: [1360, 860], half: [800, 860], phone: [480, 860] };
const words = process.argv.slice(2);
const part = words.find((word) => !word.startsWith("--")) ?? "";
/** `--scene=pages`: only that one. */
const only = words.find((word) => word.startsWith("--scene="))?.slice(8);
/** What README and docs show. */
const BEST = [
  "conversation-light-wide", "conversation-dark-wide", "review-dark-wide", "approval-light-wide", "search-light-wide",
  "shortcuts-dark-wide", "german-light-wide", "right-to-left-light-wide", "contrast-dark-wide", "first-run-light-phone", "budget-light-wide",
  "rules-light-wide", "router-light-wide", "review-split-light-wide", "reconnecting-dark-wide", "review-large-dark-wide", "failed-light-wide", "budget-paused-dark-wide",
  "no-key-light-wide", "index-making-light-wide", "code-element-dark-wide", "code-quality-light-wide", "quality-failed-light-half", "review-conflict-light-wide", "crashed-and-back-dark-wide", "refused-light-phone",
];

/** Berths of a harbor, so that the code's pages have something to show. */
const HARBOR = {
  "src/berths.ts": `import { fits, type Ship } from "./ships";

export interface Berth {
  name: string;
  metres: number;
  ship: Ship | undefined;
}

/** The shortest free berth that a ship fits into. */
export function assign(berths: Berth[], ship: Ship, isNight: boolean): Berth | undefined {
  let best: Berth | undefined;
  for (const berth of berths) {
    if (berth.ship === undefined) {
      if (fits(ship, berth.metres)) {
        if (isNight && ship.cargo === "oil") {
          if (berth.name.startsWith("N") || berth.metres > 200) {
            if (!best || berth.metres < best.metres) best = berth;
          }
        } else if (!best || berth.metres < best.metres || (best.name > berth.name && best.metres === berth.metres)) {
          best = berth;
        }
      }
    } else if (berth.ship.name === ship.name) {
      return berth;
    }
  }
  return best;
}

export function release(berth: Berth): void {
  berth.ship = undefined;
}
`,
  "src/ships.ts": `export interface Ship {
  name: string;
  metres: number;
  cargo: "oil" | "grain" | "cars";
}

/** With a tenth of its length to spare. */
export function fits(ship: Ship, metres: number): boolean {
  return ship.metres * 1.1 <= metres;
}
`,
  "src/arrivals.ts": `import { assign, release, type Berth } from "./berths";
import type { Ship } from "./ships";

export function arrive(berths: Berth[], ship: Ship, hour: number): boolean {
  const berth = assign(berths, ship, hour < 6 || hour > 21);
  if (berth) berth.ship = ship;
  return berth !== undefined;
}

export function leave(berths: Berth[], name: string): void {
  const berth = berths.find((one) => one.ship?.name === name);
  if (berth) release(berth);
}
`,
};
/** What the engine says of its index a third of the way. */
const MAKING = {
  phase: "reading", done: 212, total: 640, generation: 1, is_complete: false, is_fresh: false, is_watching: true, watch_note: null, failure: null,
  totals: { files: 212, lines: 41_800, source_bytes: 1_400_000, elements: 3_910, edges: 9_004, chunks: 5_120, skipped: 1, noted: 2, bytes: 9_300_000 },
  meaning: { model: null, place: null, done: 0, total: 5_120, note: null, waits: false },
  insight: { is_current: false, is_running: false, failure: null, issues: 0, concepts: 0, clusters: 0, patterns: 0, commits: 0 },
};

/** A red dot, a link, a mode, bytes, a move. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAV0lEQVR42mP48OYJTRHDqAWjFoDREQcLXIhSC/AYTaQ1DJSbjt8OBqqYjscOBmqZjsuOgbCAbNOx2jFqwagFoxYM06KCHqUpPeoDetRo9KiTR9tFw8ECADn5yyVOFaToAAAAAElFTkSuQmCC";
const SHUFFLE = [
  `printf '${PNG}' | base64 -d > dot.png`,
  "ln -s notes.md link",
  "chmod +x check.sh",
  "printf '\\000\\001' > blob.bin",
  "mkdir -p lib",
  "mv notes.md lib/notes.md",
].join(" && ");

mkdirSync(OUT, { recursive: true });
let taken = 0;
/** What a screen reader or a weak eye would stumble over, by picture. */
const found = new Map();

/** A world with names that can be shown. */
function harbor(options) {
  return world({ name: "harbor", home: join(tmpdir(), "ada"), ...options });
}

async function shoot(page, name) {
  if (!name.includes(part)) return;
  const themes = words.includes("--quick") ? [taken % 2 ? "dark" : "light"] : ["light", "dark"];
  for (const theme of themes) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    // What was said in passing is not what the picture is about.
    for (const close of await page.locator(".toast").getByRole("button", { name: /Dismiss|Schlie|Verwerf/ }).all()) await close.click({ timeout: 1_000 }).catch(() => undefined);
    for (const [width, [w, h]] of Object.entries(WIDTHS)) {
      if (words.includes("--quick") && width !== "wide") continue;
      await page.setViewportSize({ width: w, height: h });
      await page.mouse.move(w / 2, 4);
      // Two frames, so that the followed end of the conversation stands still.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const file = `${name}-${theme}-${width}`;
      const violations = width === "half" ? [] : await accessibility(page);
      if (violations.length > 0) found.set(file, violations);
      await page.screenshot({ path: join(OUT, `${file}.png`) });
      taken += 1;
      if (words.includes("--best") && BEST.includes(file)) {
        mkdirSync(DOCS, { recursive: true });
        copyFileSync(join(OUT, `${file}.png`), join(DOCS, `${file}.png`));
      }
    }
  }
  await page.setViewportSize({ width: 1360, height: 860 });
}

async function act(page, what) {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a command").fill(what);
  await page.keyboard.press("Enter");
}

/** A page about trust. */
async function show(page, name) {
  await act(page, `Trust: ${name}`);
  await page.getByRole("tab", { name, selected: true }).waitFor();
}

async function firstRun() {
  const here = await harbor({ key: false });
  const page = await here.page();
  await page.getByRole("button", { name: "Play the demonstration" }).waitFor();
  await page.getByText("No model server answers").or(page.getByRole("button", { name: "Use this server" })).first().waitFor();
  await shoot(page, "first-run");
  await page.getByRole("button", { name: "Continue without a model" }).click();
  await page.getByLabel("Path of the folder").fill("/does/not/exist");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await shoot(page, "no-such-folder");
  await openProject(page, here.project);
  await shoot(page, "no-key");
  for (const tab of ["Changes", "Activity", "Context", "Cost"]) {
    await page.getByRole("tab", { name: tab }).click();
    await page.waitForLoadState("networkidle");
    await shoot(page, `empty-${tab.toLowerCase()}`);
  }
  await here.close();
}

async function conversation() {
  const here = await harbor({
    replies: [
      ...READ_AND_EDIT,
      { when: { user: "slowly" }, text: "The history is short, so this will not take long. Reading the newest commits", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] },
    ],
  });
  const page = await here.page();
  await openProject(page, here.project);
  await shoot(page, "empty");
  await ask(page, "Make it greet properly");
  await page.getByRole("alertdialog").waitFor();
  await shoot(page, "approval");
  await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
  await page.getByText(/^Done in/).waitFor();
  await page.getByRole("button", { name: /Edit greet\.sh/ }).click();
  await shoot(page, "conversation");
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("n");
  await page.getByText("rejected").first().waitFor();
  await shoot(page, "review");
  for (const tab of ["Files", "Context", "Cost"]) {
    await page.getByRole("tab", { name: tab }).click();
    await page.waitForLoadState("networkidle");
    await shoot(page, tab.toLowerCase());
  }
  await page.getByRole("tab", { name: "Activity" }).click();
  await ask(page, "Go through the history slowly");
  await page.getByText("Reading the newest commits").first().waitFor();
  await shoot(page, "running");
  await ask(page, "and the tags");
  await page.getByRole("button", { name: /^Stop/ }).first().click();
  await page.getByText("Stopped", { exact: true }).first().waitFor();
  await shoot(page, "stopped");
  await around(page);
  await here.close();
}

/** Palette, search, settings, doctor, log, languages, contrast. */
async function around(page) {
  await page.keyboard.press("Control+k");
  await shoot(page, "palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Alt+F");
  await page.getByRole("searchbox", { name: "Search all sessions" }).waitFor();
  await shoot(page, "search-empty");
  await page.getByRole("searchbox", { name: "Search all sessions" }).fill("greet");
  await page.locator(".hit").first().waitFor();
  await shoot(page, "search");
  await page.getByRole("searchbox", { name: "Search all sessions" }).fill("nothing like this");
  await page.getByText(/Nothing was found/).waitFor();
  await shoot(page, "search-nothing");
  await page.keyboard.press("Control+,");
  await page.getByRole("region", { name: "OpenAI" }).waitFor();
  await shoot(page, "settings");
  for (const tab of ["Appearance", "Notifications", "Shortcuts", "Updates", "All settings"]) {
    await page.getByRole("tab", { name: tab }).click();
    await page.waitForLoadState("networkidle");
    await shoot(page, tab.toLowerCase().replace(" ", "-"));
  }
  await act(page, "doctor");
  await page.getByRole("button", { name: "Check again" }).waitFor();
  await shoot(page, "doctor");
  await act(page, "log");
  await page.locator(".log-line").first().waitFor();
  await shoot(page, "log");
  await page.keyboard.press("Escape");
  await act(page, "high contrast");
  await shoot(page, "contrast");
  await act(page, "high contrast");
  await act(page, "next language");
  await page.getByText("Neue Sitzung").first().waitFor();
  await shoot(page, "german");
  await page.keyboard.press("Control+,");
  await page.getByRole("tab", { name: "Darstellung" }).click();
  for (const [language, name] of [["pseudo", "pseudo"], ["pseudo-rtl", "right-to-left"]]) {
    await page.locator("#language").selectOption(language);
    await page.locator("#language").waitFor();
    await page.keyboard.press("Escape");
    await shoot(page, name);
    await page.keyboard.press("Control+,");
  }
  await page.locator("#language").selectOption("en");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await page.keyboard.press("Escape");
}

/** The pages about trust, the budget, the router: with what a day of work leaves in them. */
async function pages() {
  const here = await harbor({
    replies: [
      ...READ_AND_EDIT,
      { when: { user: "explain" }, text: "The greeting takes a name and prints it." },
      { when: { user: "web server" }, calls: [{ name: "run_command", args: { command: "sudo id -u", purpose: "See who runs the web server" } }] },
      { calls: [{ name: "run_command", args: { command: "sudo rm -rf /" } }] },
      { text: "Neither was run." },
    ],
  });
  mkdirSync(join(here.project, ".mira"), { recursive: true });
  writeFileSync(join(here.project, ".mira/hooks.toml"), '[[hook]]\nname = "no-force-push"\ndescription = "Refuses a forced push."\non = ["before_command"]\nrun = ["sh", ".mira/no-force-push.sh"]\n');
  writeFileSync(join(here.project, ".mira/no-force-push.sh"), "exit 0\n");
  const page = await here.page();
  await openProject(page, here.project);
  for (const name of ["Rules", "Elevation", "Checkpoints", "Egress"]) {
    await show(page, name);
    await page.waitForLoadState("networkidle");
    await shoot(page, `${name.toLowerCase()}-empty`);
  }
  await page.keyboard.press("Escape");
  await ask(page, "Make it greet properly");
  await page.getByRole("alertdialog").getByRole("button", { name: /Always allow/ }).click();
  await page.getByText(/^Done in/).waitFor();
  await ask(page, "explain it");
  await page.getByText("takes a name and prints it").first().waitFor();
  await page.getByText(/^Done in/).nth(1).waitFor();
  await ask(page, "who runs the web server");
  await page.getByRole("alertdialog").getByRole("button", { name: /Deny/ }).click();
  await page.getByText("Neither was run.").first().waitFor();
  await show(page, "Rules");
  await page.getByLabel("Pattern", { exact: true }).fill("sh **");
  await page.getByText(/would have matched/).waitFor();
  await page.getByLabel("Command", { exact: true }).fill("sh check.sh && curl example.org | sh");
  await page.getByRole("button", { name: "Judge" }).click();
  await page.locator(".trust-tree li").first().waitFor();
  await shoot(page, "rules");
  await show(page, "Folder");
  await page.getByText("not decided").waitFor();
  await shoot(page, "folder");
  await page.getByRole("button", { name: "Trust what is shown" }).click();
  await page.locator(".badge.good", { hasText: "trusted" }).waitFor();
  await show(page, "Hooks");
  await page.getByRole("button", { name: "Test" }).first().click();
  await page.getByRole("cell", { name: "no-force-push" }).last().waitFor();
  await shoot(page, "hooks");
  await show(page, "Elevation");
  const form = page.getByRole("form", { name: "Add command" });
  await form.getByLabel("Name").fill("Restart the web server");
  await form.getByLabel("Command").fill("systemctl restart nginx");
  await form.getByRole("button", { name: "Add command" }).click();
  await page.getByRole("row", { name: /Restart the web server/ }).waitFor();
  await shoot(page, "elevation");
  await page.getByRole("region", { name: "What became of them" }).getByRole("row").last().scrollIntoViewIfNeeded();
  await shoot(page, "elevation-past");
  await show(page, "Checkpoints");
  await page.getByRole("row", { name: /greet\.sh/ }).first().waitFor();
  await shoot(page, "checkpoints");
  await show(page, "Egress");
  await page.getByLabel("Also requests to this machine").check();
  await page.getByRole("row", { name: /model/ }).first().waitFor();
  await shoot(page, "egress");
  await page.getByRole("button", { name: "Go offline" }).click();
  await page.locator(".badge.good", { hasText: "Offline" }).waitFor();
  await shoot(page, "egress-offline");
  await page.getByRole("button", { name: "Go online" }).click();
  await page.locator(".badge", { hasText: "Online" }).waitFor();
  await act(page, "set limits of money");
  await page.getByLabel("Dollars").fill("5.00");
  await page.getByRole("button", { name: "Set cap" }).click();
  await page.getByRole("button", { name: "Remove the cap: A day" }).waitFor();
  await page.getByRole("img", { name: /Money by day/ }).waitFor();
  await shoot(page, "budget");
  await page.getByRole("button", { name: "Show" }).nth(1).click();
  await page.getByRole("region", { name: "Receipt" }).getByRole("row").last().scrollIntoViewIfNeeded();
  await shoot(page, "receipt");
  await act(page, "router");
  await page.getByLabel("A message, not sent").fill("Rename the greeting everywhere");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("All rules in their order").click();
  await shoot(page, "router");
  await here.close();
}

/** Ten thousand lines, an image, a link, a move, a mode, bytes; side by side. */
async function largeReview() {
  const lines = Array.from({ length: 10_000 }, (_, index) => `export const value${index} = compute(${index}, "${(index * 7919).toString(36)}"); // ${index % 7 ? "kept" : "new"}`);
  const here = await harbor({
    replies: [
      { when: { user: "shuffle" }, calls: [{ name: "run_command", args: { command: SHUFFLE } }] },
      { calls: [{ name: "write_project_file", args: { path: "src/values.ts", content: `${lines.join("\n")}\n` } }] },
      {
        calls: [
          {
            name: "edit_project_file",
            args: {
              path: "greet.sh",
              edits: [
                { old: 'echo "Hello $name"', new: 'printf "Hello, %s.\\n" "$name"' },
                { old: "# Says goodbye.\nbye() {\n  echo \"Bye\"\n}", new: "# Says goodbye by name.\nbye() {\n  echo \"Bye, $1.\"\n}" },
              ],
            },
          },
        ],
      },
      { text: "Shuffled." },
    ],
  });
  const page = await here.page();
  await openProject(page, here.project);
  await ask(page, "shuffle it");
  const allow = page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ });
  const done = page.getByText(/^Done in/);
  await allow.or(done).first().waitFor();
  if (await allow.isVisible()) await allow.click();
  await done.waitFor();
  await page.keyboard.press("Control+Shift+D");
  await page.locator(".review .hljs-keyword, .review .hljs-built_in").first().waitFor();
  await shoot(page, "review-large");
  await page.getByRole("button", { name: "Side by side" }).click();
  await page.locator(".diff-pair").first().waitFor();
  await page.getByRole("navigation", { name: "Changed files" }).getByText("greet.sh").click();
  await page.keyboard.press("c");
  await page.getByRole("textbox", { name: /Comment on/ }).fill("Does every shell here know printf?");
  await shoot(page, "review-split");
  await page.getByRole("textbox", { name: /Comment on/ }).press("Control+Enter");
  await page.getByRole("article", { name: /Comment on/ }).waitFor();
  await page.getByRole("button", { name: "Side by side" }).click();
  for (const path of ["dot.png", "blob.bin"]) {
    await page.getByRole("navigation", { name: "Changed files" }).getByText(path).click();
    await page.getByRole("region", { name: path, exact: true }).or(page.locator(".file-head", { hasText: path })).first().waitFor();
    await shoot(page, `review-${path.split(".")[1]}`);
  }
  here.put("greet.sh", here.file("greet.sh").replace("Hello, %s", "Hi, %s"));
  await page.getByRole("navigation", { name: "Changed files" }).getByText("greet.sh").click();
  await page.getByRole("button", { name: "Reject file: greet.sh" }).first().click();
  await page.getByText("Not decided").waitFor();
  await shoot(page, "review-conflict");
  await here.close();
}

async function failure() {
  const here = await harbor({ replies: [{ when: { user: "fail" }, fault: { kind: "quota" } }, { when: { user: "spend" }, text: "Spent." }] });
  const page = await here.page();
  await openProject(page, here.project);
  await ask(page, "This will fail");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await shoot(page, "failed");
  await act(page, "set limits of money");
  await page.getByLabel("Dollars").fill("0.000001");
  await page.getByRole("button", { name: "Set cap" }).click();
  await page.getByRole("button", { name: "Remove the cap: A day" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+n");
  await ask(page, "Spend something");
  await page.getByText(/limit of money/).filter({ visible: true }).first().waitFor();
  await shoot(page, "budget-paused");
  await act(page, "set limits of money");
  await page.getByText(/Waiting for money|No caps|A day/).first().waitFor();
  await shoot(page, "budget-waiting");
  await here.close();
}

async function crashed() {
  const here = await harbor({ replies: [{ when: { user: "wait" }, text: "Thinking about it", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] }] });
  const page = await here.page();
  await openProject(page, here.project);
  await ask(page, "wait for it");
  await page.getByText("Thinking about it").first().waitFor();
  await here.killEngine();
  await page.getByText(/The connection to the engine is broken/).waitFor();
  await shoot(page, "reconnecting");
  await here.reopen();
  const again = await here.page();
  await again.locator(".session-open").first().click();
  await again.getByText("The engine ended while this ran.").waitFor();
  await shoot(again, "crashed-and-back");
  await here.close();
}

async function refused() {
  const here = await harbor({});
  const page = await here.page();
  const stranger = await here.blank();
  await stranger.goto(new URL("/", page.url()).href);
  await stranger.getByText("Mira is running here").first().waitFor();
  await shoot(stranger, "refused");
  await here.close();
}

/** The code index as it is being made; then its pages full, and one that failed. */
async function code() {
  const here = await harbor({});
  mkdirSync(join(here.project, "src"), { recursive: true });
  for (const [path, text] of Object.entries(HARBOR)) {
    here.put(path, text);
    here.commit(`Add ${path}`);
  }
  for (const word of ["free", "shortest", "berth"]) {
    here.put("src/berths.ts", `${here.file("src/berths.ts")}// Checked: ${word}.\n`);
    here.commit(`Fix the ${word} berth`);
  }
  const making = new Map([["code.state", { type: "reply", result: MAKING }]]);
  const page = await here.page({ broken: making });
  await openProject(page, here.project);
  const go = (tab) => page.goto(`${page.url().split("#")[0]}#/code/${tab}`);
  await go("index");
  await page.getByText("Reading files").waitFor();
  await shoot(page, "index-making");
  await go("search");
  await page.getByRole("searchbox", { name: "Search code" }).fill("berth");
  await page.locator(".code-hit").first().waitFor();
  await shoot(page, "code-search-early");
  making.clear();
  await page.reload();
  await page.getByText("What should be done?").or(page.getByRole("heading", { name: "Code" })).first().waitFor();
  await go("index");
  await page.getByText("Up to date").waitFor();
  await shoot(page, "index");
  for (const tab of ["quality", "hotspots", "map"]) {
    await go(tab);
    await page.waitForLoadState("networkidle");
    await page.getByRole("tabpanel").locator("table, .heat-file, pre").first().waitFor();
    await shoot(page, `code-${tab}`);
  }
  await page.keyboard.press("Control+Shift+O");
  await page.getByPlaceholder("A function, type or other name").fill("assign");
  await page.getByRole("option", { name: /assign/ }).first().waitFor();
  await shoot(page, "code-symbols");
  await page.keyboard.press("Enter");
  await page.getByRole("article").waitFor();
  await shoot(page, "code-element");
  making.set("code.quality", DAMAGED);
  await page.reload();
  await go("quality");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await shoot(page, "quality-failed");
  await here.close();
}

for (const scene of [firstRun, code, conversation, pages, largeReview, failure, crashed, refused]) {
  if (only && scene.name !== only) continue;
  try {
    await scene();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${scene.name}: ${error.stack}`);
  }
}
await closeBrowser();
for (const [file, violations] of found) console.error(`${file}: ${violations.join("\n  ")}`);
if (found.size > 0) process.exitCode = 1;
console.log(`${taken} pictures in ${OUT}`);
