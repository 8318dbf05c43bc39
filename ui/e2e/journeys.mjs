// What a person does, in a real browser, with the real engine; only the model's words are scripted.

import assert from "node:assert/strict";
import { accessibility, ask, FILES, openProject, world } from "./world.mjs";

export const READ_AND_EDIT = [
  {
    when: { user: "greet" },
    reasoning: "**Looking at the greeting**\n\nThe check wants a comma and a full stop.",
    text: "I’ll read the greeting first.",
    calls: [
      { name: "read_project_file", args: { path: "greet.sh" } },
      { name: "list_project_files", args: {} },
    ],
  },
  {
    text: "Now the edits.",
    calls: [
      {
        name: "edit_project_file",
        args: {
          path: "greet.sh",
          edits: [
            { old: 'echo "Hello $name"', new: 'echo "Hello, $name."' },
            { old: 'echo "Bye"', new: 'echo "Bye."' },
          ],
        },
      },
      { name: "write_project_file", args: { path: "docs/greeting.md", content: "# Greeting\n\nA comma and a full stop.\n" } },
    ],
  },
  { calls: [{ name: "run_command", args: { command: "sh check.sh", purpose: "See whether the greeting is right now." } }] },
  { text: "The greeting is **right** now:\n\n- `greet.sh` says “Hello, Ada.”\n- `docs/greeting.md` explains it.\n\n```sh\necho \"Hello, $name.\"\n```" },
];

const EDITED = FILES["greet.sh"].replace('"Hello $name"', '"Hello, $name."').replace('"Bye"', '"Bye."');

/** Asks for the greeting and lets the check run. */
async function greet(page) {
  await ask(page, "Make it greet properly");
  await page.getByRole("alertdialog").waitFor();
  await page.locator("body").click({ position: { x: 700, y: 60 } });
  await page.keyboard.press("y");
  await page.getByText("The greeting is right now:").first().waitFor();
  await page.getByText(/^Done in/).waitFor();
}

export const journeys = {
  async "first run without a key: the choices, no model for now, a folder, and a way to set one up"() {
    const here = await world({ key: false });
    try {
      const page = await here.page();
      await page.getByRole("heading", { name: "Use an API key" }).waitFor();
      await page.getByRole("heading", { name: "Use a server on this machine" }).waitFor();
      await page.getByRole("button", { name: "Play the demonstration" }).waitFor();
      for (const contrast of ["no-preference", "more"]) {
        await page.emulateMedia({ contrast });
        await page.waitForFunction((wanted) => document.documentElement.dataset.contrast === wanted, contrast === "more" ? "high" : "normal");
        assert.deepEqual(await accessibility(page), [], `contrast ${contrast}`);
      }
      await page.emulateMedia({ contrast: "no-preference" });
      await page.getByRole("button", { name: "Continue without a model" }).click();
      await page.getByLabel("Path of the folder").fill("/does/not/exist");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      await openProject(page, here.project);
      await page.getByRole("button", { name: "Set up a model" }).waitFor();
      await ask(page, "hello");
      await page.getByText(/key/i).first().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a turn with tools and an approval: shown as it happens, true on disk, and money said"() {
    const here = await world({ replies: READ_AND_EDIT });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Make it greet properly");
      const question = page.getByRole("alertdialog");
      await question.waitFor();
      assert.match(await question.innerText(), /sh check\.sh/);
      assert.match(await question.innerText(), /See whether the greeting is right now/);
      assert.ok((await question.innerText()).includes(here.project));
      assert.deepEqual(await accessibility(page), []);
      assert.equal(here.file("greet.sh"), EDITED);
      await page.locator("body").click({ position: { x: 700, y: 60 } });
      await page.keyboard.press("y");
      await page.getByText("The greeting is right now:").first().waitFor();
      await question.waitFor({ state: "detached" });
      await page.getByRole("button", { name: /Run sh check\.sh.*done/ }).click();
      await page.getByText("1 passed").first().waitFor();
      await page.getByText(/^Done in .*\$/).waitFor();
      await page.getByRole("tab", { name: "Context" }).click();
      await page.getByText("guidelines").first().waitFor();
      await page.getByRole("tab", { name: "Cost" }).click();
      await page.getByText("Operations of this session").waitFor();
      assert.deepEqual(await here.violations(), []);
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a denied command does not run, and the model hears it"() {
    const here = await world({
      replies: [
        { when: { user: "touch" }, calls: [{ name: "run_command", args: { command: "sh -c 'echo x > made.txt'" } }] },
        { text: "Then I leave it." },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "touch it");
      await page.getByRole("alertdialog").getByRole("button", { name: /Deny/ }).click();
      await page.getByText("Then I leave it.", { exact: true }).waitFor();
      assert.throws(() => here.file("made.txt"), /ENOENT/);
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "the review: a rejected hunk leaves the disk, keys decide, undo and redo the whole"() {
    const here = await world({ replies: READ_AND_EDIT });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await page.getByRole("button", { name: "Review changes" }).click();
      const file = page.getByRole("region", { name: "greet.sh", exact: true });
      await file.getByText("Hunk 2 of 2").waitFor();
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      // The first file by path is docs/greeting.md; the second step is the greeting's first hunk.
      await page.keyboard.press("n");
      await file.getByText("rejected").first().waitFor();
      assert.equal(here.file("greet.sh"), FILES["greet.sh"].replace('"Bye"', '"Bye."'));
      await file.getByRole("button", { name: "Undecided" }).first().click();
      await file.getByText("rejected").first().waitFor({ state: "detached" });
      assert.equal(here.file("greet.sh"), EDITED);
      await page.getByRole("button", { name: "Reject file: docs/greeting.md" }).click();
      await page.getByText("rejected").first().waitFor();
      assert.throws(() => here.file("docs/greeting.md"), /ENOENT/);
      await page.getByRole("group", { name: "Changes" }).getByRole("button", { name: /Undo all/ }).click();
      await page.getByText("All changes of this operation are taken back.").waitFor();
      assert.equal(here.file("greet.sh"), FILES["greet.sh"]);
      await page.getByRole("group", { name: "Changes" }).getByRole("button", { name: /Redo all/ }).click();
      await page.getByText("All changes of this operation are taken back.").waitFor({ state: "detached" });
      assert.equal(here.file("greet.sh"), EDITED);
      assert.deepEqual(await accessibility(page), []);
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "undo leaves a file alone that somebody else edited, and says so"() {
    const here = await world({ replies: READ_AND_EDIT });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      here.put("greet.sh", "mine\n");
      await page.getByRole("group", { name: "Changes" }).getByRole("button", { name: /Undo all/ }).click();
      await page.getByText("Not taken back").first().waitFor();
      assert.equal(here.file("greet.sh"), "mine\n");
      assert.equal(here.file("docs/greeting.md").startsWith("# Greeting"), true);
      await page.getByRole("button", { name: "Take back the others" }).click();
      await page.getByText("1 file taken back.").waitFor();
      assert.throws(() => here.file("docs/greeting.md"), /ENOENT/);
      assert.equal(here.file("greet.sh"), "mine\n");
    } finally {
      await here.close();
    }
  },

  async "stopping keeps what was shown; a message reaches a running operation"() {
    const here = await world({
      replies: [
        { when: { user: "slowly" }, text: "One, two, ", gate_after_text: "go", calls: [{ name: "list_project_files", args: {} }] },
        { text: "I heard you." },
        { when: { user: "forever" }, text: "This is the beginning of a long", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "count slowly");
      await page.getByText("One, two,").first().waitFor();
      await ask(page, "faster please");
      await page.getByText("sent while it worked").waitFor();
      await here.release("go");
      await page.getByText("I heard you.").first().waitFor();
      await page.getByText(/^Done in/).waitFor();
      await ask(page, "talk forever");
      await page.getByText("This is the beginning of a long").waitFor();
      await page.getByRole("button", { name: /^Stop/ }).first().click();
      await page.getByText("Stopped", { exact: true }).waitFor();
      await page.getByText("This is the beginning of a long", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Resume" }).waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a reload, and a crash of the engine, come back to the same place with the truth"() {
    const here = await world({
      replies: [...READ_AND_EDIT, { when: { user: "wait" }, text: "Thinking about it", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] }],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      await page.reload();
      await page.getByText("The greeting is right now:").first().waitFor();
      assert.match(page.url(), /#\/chat\/ses_/);
      await ask(page, "wait for it");
      await page.getByText("Thinking about it").first().waitFor();
      await here.killEngine();
      await page.getByText(/The connection to the engine is broken/).waitFor();
      await here.reopen();
      const again = await here.page();
      await again.locator(".session-open").first().click();
      await again.getByText("The engine ended while this ran.").waitFor();
      await again.getByText("Thinking about it").first().waitFor();
      await again.getByRole("button", { name: "Resume" }).waitFor();
    } finally {
      await here.close();
    }
  },

  async "sessions: renamed, searched and jumped to, forked, deleted and brought back, exported"() {
    const here = await world({ replies: READ_AND_EDIT });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await greet(page);
      const list = page.getByRole("navigation", { name: "Sessions" });
      const more = list.getByRole("button", { name: /More actions/ }).first();
      await more.click();
      await page.getByRole("menuitem", { name: "Rename" }).click();
      await page.getByLabel("Name", { exact: true }).fill("Better manners");
      await page.keyboard.press("Enter");
      await list.getByText("Better manners").waitFor();
      await page.keyboard.press("Control+Alt+F");
      await page.getByRole("searchbox", { name: "Search all sessions" }).fill("explains");
      await page.locator(".hit").first().click();
      await page.locator(".row.found").waitFor();
      await more.click();
      const download = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: "Export as Markdown" }).click();
      assert.match((await download).suggestedFilename(), /\.md$/);
      await more.click();
      await page.getByRole("menuitem", { name: "Fork" }).click();
      await page.getByText("This session began as a copy of another one.").waitFor();
      await more.click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Undo", exact: true }).click();
      await page.getByText(/is back/).waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "settings, palette, doctor: reachable by keyboard, readable in the dark, saved"() {
    const here = await world();
    try {
      const page = await here.page({ dark: true });
      await openProject(page, here.project);
      await page.keyboard.press("Control+k");
      await page.keyboard.type("doctor");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Doctor and logs" }).waitFor();
      await page.getByRole("button", { name: "Check again" }).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.keyboard.press("Control+,");
      const openai = page.getByRole("region", { name: "OpenAI" });
      await openai.getByRole("button", { name: "Test" }).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByRole("tab", { name: "All settings" }).click();
      const limit = page.getByLabel("BUDGET_DAILY_LIMIT_USD");
      await limit.fill("7");
      await limit.press("Enter");
      await page.getByText("Saved.").waitFor();
      await page.reload();
      await page.getByRole("tab", { name: "All settings" }).click();
      assert.equal(await page.getByLabel("BUDGET_DAILY_LIMIT_USD").inputValue(), "7");
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "the demonstration plays to its end without key or network, and can be undone"() {
    const here = await world({ key: false });
    try {
      const page = await here.page();
      await page.getByRole("button", { name: "Play the demonstration" }).click();
      await page.getByText("Demonstration", { exact: true }).waitFor();
      // It asks once or more; each question is answered until the end stands.
      for (let asked = 0; asked < 6; asked += 1) {
        const next = await Promise.race([
          page.getByRole("alertdialog").waitFor({ timeout: 60_000 }).then(() => "asks"),
          page.getByText(/^Done in/).last().waitFor({ timeout: 60_000 }).then(() => "ends"),
        ]);
        if (next === "ends") break;
        await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
        await page.getByRole("alertdialog").waitFor({ state: "detached" });
      }
      await page.getByText(/^Done in/).last().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },
};
