// `npm run ui:screenshots [-- PART]`: every main screen and state with the real engine, both themes,
// three widths, into test-results/screenshots; with `--best` also the few that docs/ shows.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/place.mjs";
import { READ_AND_EDIT } from "./journeys.mjs";
import { ask, closeBrowser, openProject, world } from "./world.mjs";

const OUT = join(root, "test-results", "screenshots");
const DOCS = join(root, "docs", "screenshots");
const WIDTHS = { wide: [1360, 860], half: [800, 860], phone: [480, 860] };
const words = process.argv.slice(2);
const part = words.find((word) => !word.startsWith("--")) ?? "";
/** What README and docs show. */
const BEST = [
  "conversation-light-wide", "conversation-dark-wide", "review-dark-wide", "approval-light-wide", "search-light-wide",
  "shortcuts-dark-wide", "german-light-wide", "right-to-left-light-wide", "contrast-dark-wide", "first-run-light-phone", "offline-light-wide", "budget-light-wide",
];

mkdirSync(OUT, { recursive: true });
let taken = 0;

async function shoot(page, name) {
  if (!name.includes(part)) return;
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const [width, [w, h]] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width: w, height: h });
      await page.mouse.move(w / 2, 4);
      // Two frames, so that the followed end of the conversation stands still.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const file = `${name}-${theme}-${width}`;
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

async function firstRun() {
  const here = await world({ key: false });
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
  const here = await world({
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
  await page.getByText("The greeting is right now:").first().waitFor();
  await here.killEngine();
  await page.keyboard.press("Escape");
  await page.getByText(/The connection to the engine is broken/).waitFor();
  await shoot(page, "offline");
  await here.close();
}

/** Palette, search, settings, doctor, log, languages, contrast. */
async function around(page) {
  await page.keyboard.press("Control+k");
  await shoot(page, "palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+F");
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
  for (const tab of ["Appearance", "Notifications", "Shortcuts", "Approvals", "Updates", "All settings"]) {
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

async function failure() {
  const here = await world({ replies: [{ when: { user: "fail" }, fault: { kind: "quota" } }] });
  const page = await here.page();
  await openProject(page, here.project);
  await ask(page, "This will fail");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await shoot(page, "failed");
  await act(page, "set limits of money");
  await page.getByLabel("BUDGET_DAILY_LIMIT_USD").fill("0.000001");
  await page.getByLabel("BUDGET_DAILY_LIMIT_USD").press("Enter");
  await page.getByText("Saved.").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+n");
  await ask(page, "Spend something");
  await page.getByText(/budget|limit/i).filter({ visible: true }).first().waitFor();
  await shoot(page, "budget");
  await here.close();
}

async function crashed() {
  const here = await world({ replies: [{ when: { user: "wait" }, text: "Thinking about it", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] }] });
  const page = await here.page();
  await openProject(page, here.project);
  await ask(page, "wait for it");
  await page.getByText("Thinking about it").first().waitFor();
  await here.killEngine();
  await page.getByText(/The connection to the engine is broken/).waitFor();
  await here.reopen();
  const again = await here.page();
  await again.locator(".session-open").first().click();
  await again.getByText("The engine ended while this ran.").waitFor();
  await shoot(again, "crashed-and-back");
  await here.close();
}

async function refused() {
  const here = await world({});
  const page = await here.page();
  const stranger = await here.blank();
  await stranger.goto(new URL("/", page.url()).href);
  await stranger.getByText("Mira is running here").first().waitFor();
  await shoot(stranger, "refused");
  await here.close();
}

for (const scene of [firstRun, conversation, failure, crashed, refused]) {
  try {
    await scene();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${scene.name}: ${error.stack}`);
  }
}
await closeBrowser();
console.log(`${taken} pictures in ${OUT}`);
