// Rules, trust of a folder, hooks, elevation, checkpoints and the book of what left, on their pages.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { READ_AND_EDIT } from "./journeys.mjs";
import { accessibility, ask, openProject, world } from "./world.mjs";

async function journey(options, walk) {
  const here = await world(options);
  try {
    await walk(here);
    assert.deepEqual(here.problems(), []);
  } finally {
    await here.close();
  }
}

/** A page of the view, through the palette. */
async function show(page, name) {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a command").fill(`Trust: ${name}`);
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name, selected: true }).waitFor();
}

async function greet(page) {
  await ask(page, "Make it greet properly");
  await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
  await page.getByText(/^Done in/).waitFor();
}

export const journeys = {
  "rules: tried on the past before they are saved, judged part by part, removed and brought back": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await show(page, "Rules");
      await page.getByText("No rules yet").waitFor();
      await page.getByLabel("Pattern", { exact: true }).fill("sh check.sh");
      await page.getByText(/would have matched 1 of/).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("button", { name: "Add rule" }).click();
      await page.getByRole("button", { name: /^Remove allow/ }).waitFor();
      await page.getByLabel("Command", { exact: true }).fill("sh check.sh && rm -rf /");
      await page.getByRole("button", { name: "Judge" }).click();
      await page.locator(".trust-tree .badge.bad").first().waitFor();
      await page.getByRole("button", { name: /^Remove allow/ }).click();
      await page.getByText("No rules yet").waitFor();
      await page.locator(".toast").getByRole("button", { name: "Undo" }).first().click();
      await page.getByRole("button", { name: /^Remove allow/ }).waitFor();
    }),

  "a folder that brings hooks: shown with their content, trusted, changed and asked again": () =>
    journey({}, async (here) => {
      mkdirSync(join(here.project, ".mira"), { recursive: true });
      const hooks = (name) => `[[hook]]\nname = "${name}"\non = ["before_command"]\nrun = ["true"]\n`;
      writeFileSync(join(here.project, ".mira/hooks.toml"), hooks("first"));
      const page = await here.page();
      await openProject(page, here.project);
      await show(page, "Folder");
      await page.getByText("not decided").waitFor();
      await page.getByText('name = "first"').waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("button", { name: "Trust what is shown" }).click();
      await page.locator(".badge.good", { hasText: "trusted" }).waitFor();
      await page.getByRole("tab", { name: "Hooks" }).click();
      await page.getByText("ready").waitFor();
      assert.deepEqual(await accessibility(page), []);
      const hook = page.getByRole("searchbox", { name: "Search hooks and runs" });
      await hook.fill("second");
      await page.getByText("ready").waitFor({ state: "detached" });
      await hook.fill("FIRST");
      await page.getByText("ready").waitFor();
      writeFileSync(join(here.project, ".mira/hooks.toml"), hooks("second"));
      await page.reload();
      await page.getByRole("tab", { name: "Folder" }).click();
      await page.getByText("changed since").waitFor();
      await page.getByText('name = "second"').waitFor();
      const search = page.getByRole("searchbox", { name: "Search files and folders" });
      await search.fill("no such words");
      await page.getByText("Nothing fits these words").waitFor();
      await search.fill("SECOND");
      await page.getByText('name = "second"').waitFor();
    }),

  "elevation: a known command added, switched off, removed and brought back; what never runs is listed": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await show(page, "Elevation");
      const form = page.getByRole("form", { name: "Add command" });
      await form.getByLabel("Name").fill("Restart the web server");
      await form.getByLabel("Command").fill("systemctl restart nginx");
      await form.getByRole("button", { name: "Add command" }).click();
      const row = page.getByRole("row", { name: /Restart the web server/ });
      await row.waitFor();
      await row.getByRole("switch", { name: /is on/ }).click();
      await page.getByRole("button", { name: "Remove Restart the web server" }).click();
      await row.waitFor({ state: "detached" });
      await page.locator(".toast").getByRole("button", { name: "Undo" }).first().click();
      await row.waitFor();
      await page.getByRole("region", { name: "Never run" }).getByText("built in").first().waitFor();
      assert.deepEqual(await accessibility(page), []);
    }),

  "elevation: a denied and a blocked command stand there with their session; one search narrows all lists; what was removed comes back later": () =>
    journey(
      {
        replies: [
          { when: { user: "who is root" }, calls: [{ name: "run_command", args: { command: "sudo id -u", purpose: "See who runs it" } }] },
          { calls: [{ name: "run_command", args: { command: "sudo rm -rf /" } }] },
          { text: "Then I leave it." },
        ],
      },
      async (here) => {
        const page = await here.page();
        await openProject(page, here.project);
        await show(page, "Elevation");
        await page.getByText("Nothing was asked for").waitFor();
        await page.keyboard.press("Escape");
        await ask(page, "who is root");
        await page.getByRole("alertdialog").getByRole("button", { name: /Deny/ }).click();
        await page.getByText("Then I leave it.", { exact: true }).waitFor();
        await show(page, "Elevation");
        const asked = page.getByRole("region", { name: "Asked for" });
        const request = asked.getByRole("row", { name: /See who runs it/ });
        await request.getByText("denied").waitFor();
        await request.getByText(/asked .* → answered/).waitFor();
        const past = page.getByRole("region", { name: "What became of them" });
        await past.getByRole("row", { name: /recursive_root_deletion/ }).getByText("blocked").waitFor();
        const form = page.getByRole("form", { name: "Block command" });
        await form.getByLabel("Name").fill("Asks who it is");
        await form.getByLabel("How").selectOption({ label: "begins with" });
        await form.getByLabel("Command").fill("id");
        await form.getByRole("button", { name: "Block command" }).click();
        await page.getByRole("row", { name: /Asks who it is/ }).waitFor();
        assert.deepEqual(await accessibility(page), []);
        const search = page.getByRole("searchbox", { name: "Search names, commands, reasons, output" });
        await search.fill("ROOT_DELETION");
        await asked.getByText("Nothing fits these words").waitFor();
        assert.equal(await page.getByRole("region", { name: "Never run" }).getByRole("row", { name: /recursive_root_deletion/ }).count(), 1);
        await past.getByText("it would delete the system").first().waitFor();
        await search.fill("");
        await page.getByRole("button", { name: "Remove Asks who it is" }).click();
        await page.getByRole("row", { name: /Asks who it is/ }).waitFor({ state: "detached" });
        await page.getByRole("checkbox", { name: "Those removed" }).check();
        await page.getByRole("button", { name: "Bring back Asks who it is" }).click();
        await page.getByText("None was removed").first().waitFor();
        await page.getByRole("checkbox", { name: "Those removed" }).uncheck();
        await page.getByRole("button", { name: "Remove Asks who it is" }).waitFor();
        await request.getByRole("button", { name: /^Open the session of/ }).click();
        await page.getByText("Then I leave it.", { exact: true }).waitFor();
      },
    ),

  "checkpoints: each step listed, and put back as it was before": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      const before = here.file("greet.sh");
      await greet(page);
      const after = here.file("greet.sh");
      assert.notEqual(before, after);
      await show(page, "Checkpoints");
      const row = page.getByRole("row", { name: /greet\.sh/ }).last();
      await row.getByRole("button", { name: "As before" }).click();
      await page.getByText("1 file was put back").waitFor();
      assert.equal(here.file("greet.sh"), before);
      assert.deepEqual(await accessibility(page), []);
    }),

  "egress: what was asked of the model is in the book, and offline closes the way out": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await show(page, "Egress");
      await page.getByText("Nothing left this machine").waitFor();
      await page.getByLabel("Also requests to this machine").check();
      await page.getByRole("row", { name: /model/ }).first().waitFor();
      await page.getByRole("button", { name: "Go offline" }).click();
      await page.locator(".badge.good", { hasText: "Offline" }).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("button", { name: "Go online" }).click();
      await page.locator(".badge", { hasText: "Online" }).waitFor();
    }),
};
