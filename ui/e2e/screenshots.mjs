// `npm run ui:screenshots`: the main screens and states, both themes, two widths, with the real
// engine, into docs/screenshots.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/place.mjs";
import { READ_AND_EDIT } from "./journeys.mjs";
import { ask, closeBrowser, openProject, world } from "./world.mjs";

const OUT = join(root, "docs", "screenshots");
const WIDTHS = { wide: [1360, 860], phone: [480, 860] };

mkdirSync(OUT, { recursive: true });

async function shoot(page, name) {
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const [width, [w, h]] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width: w, height: h });
      await page.mouse.move(w / 2, 4);
      // Two frames, so that the followed end of the conversation stands still.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: join(OUT, `${name}-${theme}-${width}.png`) });
    }
  }
  await page.setViewportSize({ width: 1360, height: 860 });
}

async function firstRun() {
  const here = await world({ key: false });
  const page = await here.page();
  await page.getByRole("button", { name: "Play the demonstration" }).waitFor();
  await page.getByText("No model server answers").or(page.getByRole("button", { name: "Use this server" })).first().waitFor();
  await shoot(page, "first-run");
  await page.getByRole("button", { name: "Continue without a model" }).click();
  await openProject(page, here.project);
  await shoot(page, "empty");
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
  await page.getByRole("button", { name: /^Stop/ }).first().click();
  await page.getByText("Stopped", { exact: true }).waitFor();
  await page.keyboard.press("Control+k");
  await shoot(page, "palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+F");
  await page.getByRole("searchbox", { name: "Search all sessions" }).fill("greet");
  await page.locator(".hit").first().waitFor();
  await shoot(page, "search");
  await page.keyboard.press("Control+,");
  await page.getByRole("region", { name: "OpenAI" }).waitFor();
  await shoot(page, "settings");
  await page.getByRole("button", { name: "Doctor and logs" }).click();
  await page.getByRole("button", { name: "Check again" }).waitFor();
  await shoot(page, "doctor");
  await here.killEngine();
  await page.getByText(/The connection to the engine is broken/).waitFor();
  await shoot(page, "offline");
  await here.close();
}

async function failure() {
  const here = await world({ replies: [{ when: { user: "fail" }, fault: { kind: "quota" } }] });
  const page = await here.page();
  await openProject(page, here.project);
  await ask(page, "This will fail");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await shoot(page, "failed");
  await here.close();
}

await firstRun();
await conversation();
await failure();
await closeBrowser();
