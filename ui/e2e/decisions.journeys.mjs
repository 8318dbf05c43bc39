// What a person decides: a refused hunk, a rule before it is saved, tiers, providers, projects.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
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

async function act(page, words) {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Type a command").fill(words);
  await page.keyboard.press("Enter");
}

async function greet(page) {
  await ask(page, "Make it greet properly");
  await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
  await page.getByText(/^Done in/).waitFor();
}

export const journeys = {
  "a rejected hunk of a file that somebody else edited: what they did is shown, merged, and stays": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      here.put("greet.sh", here.file("greet.sh").replace("# Greets by name.", "# Greets everybody by name."));
      await page.getByRole("button", { name: "Review changes" }).click();
      await page.getByRole("button", { name: "Reject file: greet.sh" }).click();
      const conflict = page.getByRole("alert").filter({ hasText: "Not decided" });
      await conflict.waitFor();
      await conflict.getByText("What others changed").first().click();
      await conflict.getByText("# Greets everybody by name.").first().waitFor();
      assert.deepEqual(await accessibility(page), []);
      assert.match(here.file("greet.sh"), /Hello, \$name\./, "nothing was changed yet");
      await conflict.getByLabel("Take only our change back").check();
      await conflict.getByRole("button", { name: "Go on with these" }).click();
      await conflict.waitFor({ state: "detached" });
      await page.getByRole("region", { name: "greet.sh", exact: true }).getByText("rejected").first().waitFor();
      assert.match(here.file("greet.sh"), /# Greets everybody by name\.\n/);
      assert.match(here.file("greet.sh"), /echo "Hello \$name"/);
    }),

  "an undo from the conversation that meets others' edits is solved in the review": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      here.put("greet.sh", here.file("greet.sh").replace("# Greets by name.", "# Greets everybody by name."));
      await page.getByRole("log").getByRole("button", { name: "Undo changes" }).click();
      const conflict = page.getByRole("alert").filter({ hasText: "Not taken back" });
      await conflict.waitFor();
      await conflict.getByLabel("Take only our change back").check();
      await conflict.getByRole("button", { name: "Go on with these" }).click();
      await conflict.waitFor({ state: "detached" });
      await page.getByText(/taken back\./).first().waitFor();
      assert.match(here.file("greet.sh"), /# Greets everybody by name\.\n/);
      assert.match(here.file("greet.sh"), /echo "Hello \$name"/);
    }),

  "a half-written remark stands under its line again after a reload": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await page.getByRole("button", { name: "Review changes" }).click();
      const file = page.getByRole("region", { name: "greet.sh", exact: true });
      await file.locator(".diff-line.added").first().hover();
      await file.getByRole("button", { name: "Comment on greet.sh:4", exact: true }).click();
      const field = page.getByRole("textbox", { name: "Comment on greet.sh:4", exact: true });
      await field.fill("Why a full");
      await page.reload();
      await field.waitFor();
      assert.equal(await field.inputValue(), "Why a full");
      await field.press("End");
      await field.pressSequentially(" stop?");
      await field.press("Control+Enter");
      await page.getByRole("article", { name: "Comment on greet.sh:4" }).getByText("Why a full stop?").waitFor();
      await page.getByText(/^about |^price unknown/).first().waitFor();
    }),

  "keep all leaves a rejected hunk rejected, and one press takes all of it back": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await page.getByRole("button", { name: "Review changes" }).click();
      await page.getByRole("button", { name: "Reject", exact: true }).first().click();
      await page.getByText("rejected").first().waitFor();
      const rejected = here.file("greet.sh");
      await page.getByRole("button", { name: /Keep all/ }).click();
      await page.getByText("3 of 3 reviewed").waitFor();
      assert.equal(here.file("greet.sh"), rejected);
      await page.locator(".toast").getByRole("button", { name: "Undo" }).first().click();
      await page.getByText("1 of 3 reviewed").waitFor();
      assert.equal(here.file("greet.sh"), rejected);
    }),

  "always allow: the rule and the past it would have matched stand on the card before it is saved": () =>
    journey({ replies: [...READ_AND_EDIT, { when: { user: "again" }, calls: [{ name: "run_command", args: { command: "sh check.sh" } }] }, { text: "Checked again." }, { when: { user: "third" }, calls: [{ name: "run_command", args: { command: "sh check.sh" } }] }, { text: "No question." }] }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await ask(page, "Check again");
      const card = page.getByRole("alertdialog");
      await card.getByText(/allow (command|line) .*sh check\.sh/).waitFor();
      const past = card.getByText(/It would have matched \d+ of the last \d+ calls/);
      await past.click();
      await card.getByText(/ask → allow/i).first().waitFor();
      assert.deepEqual(await accessibility(page), []);
      await card.getByRole("button", { name: /Always allow/ }).click();
      await page.getByText("Checked again.", { exact: true }).first().waitFor();
      await ask(page, "And a third time");
      await page.getByText("No question.", { exact: true }).first().waitFor();
      await act(page, "Trust: Rules");
      await page.getByRole("button", { name: /^Remove allow/ }).waitFor();
    }),

  "the router: a message explained, a tier chosen for the session, why each call went where it did": () =>
    journey({ replies: [...READ_AND_EDIT, { when: { user: "quick" }, text: "Quickly." }] }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await page.getByRole("textbox", { name: "Message" }).fill("And now the farewell");
      await page.locator(".next-cost").getByText(/\$|price unknown/).waitFor();
      await page.getByRole("textbox", { name: "Message" }).fill("");
      await act(page, "router");
      await page.getByLabel("A message, not sent").fill("Rename the greeting everywhere");
      await page.getByRole("button", { name: "Explain" }).click();
      await page.getByText(/because the message asks/).first().waitFor();
      await page.getByText("All rules in their order").click();
      await page.getByText("decided", { exact: true }).waitFor();
      await page.getByRole("group", { name: "How routed work ended" }).getByRole("row").nth(1).waitFor();
      await page.getByLabel("This session: Tier").selectOption("agentic");
      await page.getByText("It counts from the next message on.").first().waitFor();
      await page.getByText("chosen for the session").first().waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.keyboard.press("Escape");
      await ask(page, "quick one");
      await page.getByText("Quickly.", { exact: true }).first().waitFor();
      await page.getByRole("tab", { name: "Cost" }).click();
      await page.getByText("Why this model").click();
      await page.getByRole("list", { name: "Decisions, call by call" }).getByText("chosen for the session").waitFor();
      await page.getByRole("region", { name: "The provider’s cache" }).getByText("Promised from the cache").waitFor();
      assert.deepEqual(await accessibility(page), []);
    }),

  "providers: who answers instead is chosen in its order, prices say their day, vectors are tried": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await page.keyboard.press("Control+,");
      const failover = page.getByRole("region", { name: "When a provider is down" });
      await failover.getByRole("button", { name: "Add Gemini" }).click();
      await failover.getByRole("button", { name: "Take out Gemini" }).waitFor();
      await failover.getByRole("button", { name: "Add OpenAI" }).click();
      await failover.getByRole("button", { name: "Ask OpenAI earlier" }).click();
      await failover.getByRole("listitem").first().getByText("OpenAI").waitFor();
      await page.getByText(/as of \d{4}-\d{2}-\d{2}/).first().waitFor();
      await page.getByText("not confirmed by the vendor").first().waitFor();
      const vectors = page.getByRole("region", { name: "Embeddings" });
      await vectors.getByRole("button", { name: "Make a test vector" }).click();
      await vectors.getByText(/made a vector of/).or(vectors.getByRole("alert")).first().waitFor();
      assert.deepEqual(await accessibility(page), []);
    }),

  "rules as text: written out, changed, looked at, taken over": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await act(page, "Trust: Rules");
      await page.getByText("Rules as text").click();
      const text = page.getByRole("textbox", { name: "Rules", exact: true });
      await text.fill("[[rule]]\naction = \"allow\"\ncommand = \"npm test\"\n");
      await page.getByRole("button", { name: "Show what would change" }).click();
      await page.getByText(/1 added, 0 removed/).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("button", { name: "Take these over" }).click();
      await page.getByRole("button", { name: /^Remove allow.*npm test/ }).waitFor();
      await text.fill("nonsense");
      await page.getByRole("button", { name: "Show what would change" }).click();
      await page.getByRole("alert").waitFor();
      await page.getByRole("button", { name: /^Remove allow.*npm test/ }).waitFor();
    }),

  "projects: a new one is made in an empty place, and has another name": () =>
    journey({}, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await page.getByRole("button", { name: /^Project: / }).click();
      await page.getByRole("menuitem", { name: "New project…" }).click();
      const dialog = page.getByRole("dialog", { name: "New project" });
      await dialog.getByLabel("Name").fill("Second");
      await dialog.getByLabel("Path of the folder").fill(here.project);
      await dialog.getByRole("button", { name: "Create" }).click();
      await dialog.getByRole("alert").waitFor();
      assert.deepEqual(await accessibility(page), []);
      const place = join(here.folder, "second");
      await dialog.getByLabel("Path of the folder").fill(place);
      await dialog.getByRole("button", { name: "Create" }).click();
      await dialog.waitFor({ state: "detached" });
      assert.ok(existsSync(place));
      await page.getByRole("button", { name: "Project: Second" }).click();
      await page.getByRole("menuitem", { name: "Rename project…" }).click();
      const rename = page.getByRole("dialog", { name: "Rename project" });
      await rename.getByLabel("Name").fill("Number two");
      await rename.getByRole("button", { name: "Save" }).click();
      await page.getByRole("button", { name: "Project: Number two" }).waitFor();
    }),

  "the ledger's upkeep: a cap raised for now, sums made anew": () =>
    journey({ replies: READ_AND_EDIT }, async (here) => {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await act(page, "set limits of money");
      await page.getByLabel("Dollars").fill("5.00");
      await page.getByRole("button", { name: "Set cap" }).click();
      await page.getByRole("button", { name: "Remove the cap: A day" }).waitFor();
      await page.getByLabel("Dollars").fill("2.50");
      await page.getByRole("button", { name: "Raise for now: A day" }).click();
      await page.getByText(/of \$7\.50/).first().waitFor();
      await page.getByRole("button", { name: "Sum days and months anew" }).click();
      await page.getByText(/summed up, nothing was wrong/).waitFor();
      await page.getByText("No estimates: every call has the figure of its provider.").waitFor();
      assert.deepEqual(await accessibility(page), []);
    }),
};
