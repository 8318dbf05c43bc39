// Reviewing and the inspector: what a person does there, with the real engine and a real project.

import assert from "node:assert/strict";
import { chmodSync, existsSync, writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { READ_AND_EDIT } from "./journeys.mjs";
import { accessibility, ask, openProject, world } from "./world.mjs";

/** Everything but the approval is as in the first journeys: two edits, one new file, a check. */
const EDITS = READ_AND_EDIT.filter((reply) => !reply.calls?.some((call) => call.name === "run_command"));

/** A project at work, with the greeting edited. */
async function edited(replies = EDITS, options = {}) {
  const here = await world({ replies, ...options });
  const page = await here.page(options.page);
  await openProject(page, here.project);
  await ask(page, "Make it greet properly");
  await page.getByText(/^Done in/).waitFor();
  return { here, page };
}

/** Answers the question that a command may raise, and goes on when `end` is there. */
async function allowIfAsked(page, end) {
  const allow = page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ });
  await allow.or(end).first().waitFor();
  if (await allow.isVisible()) await allow.click();
  await end.waitFor();
}

const review = (page) => page.getByRole("group", { name: "Changes" });

async function sameProblems(here, page) {
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(here.problems(), []);
}

export const journeys = {
  async "the review with the keyboard alone: large view, hunks, unfolding, a comment, keep and undo"() {
    const { here, page } = await edited([...EDITS, { when: { user: "Not so polite" }, text: "I made it shorter." }]);
    try {
      await page.keyboard.press("Control+Shift+D");
      await review(page).waitFor();
      assert.match(page.url(), /#\/review\/ses_/);
      const tree = page.getByRole("navigation", { name: "Changed files" });
      await tree.getByText("greeting.md").waitFor();
      // Every press from here on is a key.
      await page.keyboard.press("j");
      await page.keyboard.press("Shift+J");
      const file = page.getByRole("region", { name: "greet.sh", exact: true });
      await file.locator('.hunk-head[data-current="true"]').waitFor();
      assert.match(await page.locator(".review p[role=status]").innerText(), /greet\.sh, Hunk 1 of 2/);
      await page.keyboard.press("e");
      await file.getByText("# Says goodbye.").first().waitFor();
      await page.keyboard.press("y");
      await file.getByText("kept").first().waitFor();
      await file.locator('.hunk-head[data-current="true"]').getByText("Hunk 2 of 2").waitFor();
      await page.keyboard.press("n");
      await file.getByText("rejected").first().waitFor();
      assert.match(here.file("greet.sh"), /echo "Bye"/);
      await page.keyboard.press("Shift+J");
      await page.keyboard.press("c");
      const field = page.getByRole("textbox", { name: "Comment on greet.sh:4", exact: true });
      await field.waitFor();
      await page.keyboard.type("Not so polite, please.");
      await page.keyboard.press("Control+Enter");
      await page.getByRole("article", { name: "Comment on greet.sh:4" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Shift+ArrowDown");
      await page.locator('[data-marked="true"]').nth(1).waitFor();
      await page.keyboard.press("s");
      await page.locator(".diff-pair").first().waitFor();
      await page.keyboard.press("s");
      await page.locator(".diff-pair").first().waitFor({ state: "detached" });
      await sameProblems(here, page);
      await page.keyboard.press("Shift+U");
      await page.getByText("All changes of this operation are taken back.").waitFor();
      assert.match(here.file("greet.sh"), /echo "Hello \$name"/);
      await page.keyboard.press("Shift+U");
      await page.getByText("All changes of this operation are taken back.").waitFor({ state: "detached" });
      assert.match(here.file("greet.sh"), /echo "Hello, \$name\."/);
      await page.keyboard.press("Escape");
      await page.getByRole("textbox", { name: "Message" }).waitFor();
      assert.match(page.url(), /#\/chat\/ses_/);
    } finally {
      await here.close();
    }
  },

  async "comments wait across a restart, are edited and removed, and go as one message with their lines"() {
    const { here, page } = await edited([...EDITS, { when: { user: "greet.sh:4\n> echo" }, text: "Then only a comma." }]);
    try {
      await page.getByRole("button", { name: "Review changes" }).click();
      const file = page.getByRole("region", { name: "greet.sh", exact: true });
      await file.locator(".diff-line.added").first().hover();
      await file.getByRole("button", { name: "Comment on greet.sh:4", exact: true }).click();
      await page.getByRole("textbox", { name: "Comment on greet.sh:4", exact: true }).fill("Why a full stop?");
      await page.getByRole("button", { name: /Save comment/ }).click();
      await file.locator(".diff-line.added").nth(1).hover();
      await file.getByRole("button", { name: "Comment on greet.sh:13", exact: true }).click();
      await page.getByRole("textbox", { name: "Comment on greet.sh:13", exact: true }).fill("Never mind.");
      await page.keyboard.press("Control+Enter");
      await page.getByRole("article", { name: "Comment on greet.sh:13" }).getByRole("button", { name: "Remove comment" }).click();
      await page.getByRole("article", { name: "Comment on greet.sh:13" }).waitFor({ state: "detached" });
      await here.killEngine();
      await page.getByText(/The connection to the engine is broken/).waitFor();
      await here.reopen();
      const again = await here.page();
      await again.locator(".session-open").first().click();
      const comment = again.getByRole("article", { name: "Comment on greet.sh:4" });
      await comment.getByText("Why a full stop?").waitFor();
      await comment.getByRole("button", { name: "Edit comment" }).click();
      await again.getByRole("textbox", { name: "Comment on greet.sh:4", exact: true }).fill("Why the full stop?");
      await again.keyboard.press("Control+Enter");
      await again.getByText("Why the full stop?").waitFor();
      assert.deepEqual(await accessibility(again), []);
      await again.getByLabel("Words before the comments (optional)").fill("Two things.");
      await again.getByRole("button", { name: "Send 1 comment" }).click();
      await again.getByText("Then only a comma.").first().waitFor();
      await again.getByText("Two things.").first().waitFor();
      await again.getByRole("button", { name: /Send 1 comment/ }).waitFor({ state: "detached" });
      assert.deepEqual(await here.violations(), []);
    } finally {
      await here.close();
    }
  },

  async "a whole session and uncommitted changes are reviewed as one, each where it can be decided"() {
    const { here, page } = await edited([
      ...EDITS,
      { when: { user: "more" }, calls: [{ name: "edit_project_file", args: { path: "greet.sh", edits: [{ old: "# Greets by name.", new: "# Greets by name, politely." }] } }] },
      { text: "More is done." },
    ]);
    try {
      await ask(page, "And more of it");
      await page.getByText("More is done.", { exact: true }).first().waitFor();
      await page.getByText(/^Done in/).nth(1).waitFor();
      await review(page).getByRole("button", { name: /^Changes of/ }).click();
      await page.getByRole("menuitemradio", { name: "The whole session" }).click();
      const file = page.getByRole("region", { name: "greet.sh", exact: true });
      await file.getByText("# Greets by name, politely.").first().waitFor();
      await file.getByText('echo "Hello, $name."').first().waitFor();
      await page.getByRole("button", { name: "Reject file: greet.sh" }).click();
      await file.waitFor({ state: "detached" });
      assert.match(here.file("greet.sh"), /echo "Hello \$name"/);
      assert.match(here.file("greet.sh"), /# Greets by name\.\n/);
      here.put("notes.md", "# Notes\n\nMine.\n");
      await review(page).getByRole("button", { name: /^Changes of/ }).click();
      await page.getByRole("menuitemradio", { name: "Uncommitted changes" }).click();
      const notes = page.getByRole("region", { name: "notes.md", exact: true });
      await notes.getByText("Mine.").first().waitFor();
      assert.equal(await notes.getByRole("button", { name: /Keep/ }).count(), 0);
      await sameProblems(here, page);
    } finally {
      await here.close();
    }
  },

  async "images, links, moves, modes and bytes are shown for what they are, before and after"() {
    const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFElEQVR4nGP8z8Dwn4GBgYGJAQoAHxcCAk+Uzr4AAAAASUVORK5CYII=";
    const lines = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join("\\n");
    const command = [
      `printf '${PNG}' | base64 -d > dot.png`,
      "ln -s notes.md link",
      "chmod +x check.sh",
      "printf '\\000\\001' > blob.bin",
      "mkdir -p lib",
      "mv notes.md lib/notes.md",
      `printf '${lines}\\n' > long.txt`,
    ].join(" && ");
    const here = await world({ replies: [{ when: { user: "shuffle" }, calls: [{ name: "run_command", args: { command } }] }, { text: "Shuffled." }] });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "shuffle it");
      await allowIfAsked(page, page.getByText(/^Done in/));
      const of = (path) => page.getByRole("region", { name: path, exact: true });
      await of("dot.png").getByRole("img", { name: "After: dot.png" }).waitFor();
      await of("dot.png").getByText(/2 × 2/).waitFor();
      assert.equal(await of("dot.png").locator("img").evaluate((image) => image.naturalWidth), 2);
      await of("link").getByText("notes.md").first().waitFor();
      await of("check.sh").getByText(/Permissions 6\d\d → 7\d\d/).waitFor();
      await of("blob.bin").getByText(/Binary file.*2 B/).waitFor();
      await of("lib/notes.md").getByText("moved").first().waitFor();
      await of("lib/notes.md").getByText("Moved from notes.md, nothing else.").waitFor();
      await page.getByRole("button", { name: "Reject file: lib/notes.md" }).click();
      await of("lib/notes.md").getByText("rejected").waitFor();
      assert.equal(here.file("notes.md"), "# Notes\n\nNothing yet.\n");
      assert.equal(existsSync(join(here.project, "lib/notes.md")), false);
      await sameProblems(here, page);
    } finally {
      await here.close();
    }
  },

  async "ten thousand changed lines open at once and scroll without a stall"() {
    const content = Array.from({ length: 10_000 }, (_, index) => `fn line_${index}() { let value = "${index}"; } // ${"x".repeat(index % 40)}`).join("\n");
    const here = await world({ replies: [{ when: { user: "large" }, calls: [{ name: "write_project_file", args: { path: "large.rs", content: `${content}\n` } }] }, { text: "Large." }] });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "a large file");
      await page.getByText(/^Done in/).waitFor();
      await page.keyboard.press("Control+Shift+D");
      await page.getByText("fn line_0()").first().waitFor();
      // Coloured beside the page, so it comes a little later.
      await page.locator(".review .hljs-keyword").first().waitFor();
      const drawn = await page.locator(".review-row").count();
      assert.ok(drawn < 400, `${drawn} rows are drawn`);
      const worst = await page.evaluate(async () => {
        const pane = document.querySelector(".review-scroll");
        let worst = 0;
        let last = performance.now();
        for (let step = 1; step <= 60; step += 1) {
          pane.scrollTop = (pane.scrollHeight * step) / 60;
          await new Promise((done) => requestAnimationFrame(done));
          const now = performance.now();
          if (step > 2) worst = Math.max(worst, now - last);
          last = now;
        }
        return worst;
      });
      // A frame takes longer on a busy machine; a stall is another thing.
      assert.ok(worst < 1_000, `a frame took ${worst} ms`);
      await page.keyboard.press("j");
      await page.getByText("fn line_0()").first().waitFor();
      await page.keyboard.press("y");
      await review(page).getByText("1 of 1 reviewed").waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a file opens in the person's editor at the line, and what cannot open says why"() {
    const { here, page } = await edited();
    try {
      const told = join(here.folder, "told.txt");
      const editor = join(here.folder, "my-editor");
      writeFileSync(editor, `#!/bin/sh\nprintf '%s\\n' "$@" > '${told}.part' && mv '${told}.part' '${told}'\n`);
      chmodSync(editor, 0o755);
      await page.keyboard.press("Control+,");
      await page.getByRole("tab", { name: "All settings" }).click();
      const field = page.getByLabel("MIRA_EDITOR");
      await field.fill(`${editor} --line {line} {file}`);
      await field.press("Enter");
      await page.getByText("Saved.").first().waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Review changes" }).click();
      await page.getByRole("button", { name: "Open in my-editor: greet.sh" }).waitFor();
      await page.keyboard.press("Shift+J");
      await page.keyboard.press("Shift+J");
      await page.keyboard.press("o");
      await page.getByText("Opened in my-editor.").waitFor();
      assert.equal(readFileSync(told, "utf8"), `--line\n4\n${join(here.project, "greet.sh")}\n`);
      chmodSync(editor, 0o644);
      await page.keyboard.press("o");
      await page.getByText(/was not found/).first().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "files: the tree by keyboard, letters with a line, what the session did to a file, a pin"() {
    const { here, page } = await edited([...EDITS, { when: { user: "pinned?" }, text: "I see it." }]);
    try {
      await page.keyboard.press("Control+3");
      const tree = page.getByRole("tree", { name: "Files of the project" });
      await tree.getByRole("treeitem", { name: /greet\.sh/ }).waitFor();
      await tree.getByRole("treeitem", { name: /greet\.sh.*changed/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("End");
      await page.keyboard.press("d");
      await page.keyboard.press("ArrowRight");
      await tree.getByRole("treeitem", { name: /greeting\.md/ }).waitFor();
      await page.keyboard.press("ArrowDown");
      await sameProblems(here, page);
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "docs/greeting.md" }).getByText("A comma and a full stop.").waitFor();
      await page.getByRole("button", { name: "All files" }).click();
      await page.getByRole("combobox", { name: "Find a file" }).fill("gresh:9");
      await page.getByRole("option", { name: "greet.sh" }).waitFor();
      await page.keyboard.press("Enter");
      const text = page.getByRole("region", { name: "greet.sh" });
      await text.locator('[data-target="true"]').waitFor();
      await page.getByText("In this session: read 1 time, changed 1 time").click();
      await page.getByRole("button", { name: "Make it greet properly" }).last().waitFor();
      await page.getByRole("button", { name: "Pin to the context" }).click();
      await page.getByText(/Pinned: it stands/).waitFor();
      await sameProblems(here, page);
      await ask(page, "Is it pinned?");
      await page.getByText("I see it.", { exact: true }).first().waitFor();
      await page.getByRole("tab", { name: "Context" }).click();
      await page.getByRole("cell", { name: /Pinned files.*greet\.sh/ }).waitFor();
      assert.deepEqual(await here.violations(), []);
    } finally {
      await here.close();
    }
  },

  async "context: shares in tokens and money, a turn and a guideline left out, a file pinned by its name"() {
    const { here, page } = await edited([...EDITS, { when: { user: "again" }, text: "Fresh eyes." }]);
    try {
      await page.getByRole("tab", { name: "Context" }).click();
      const conversation = page.getByRole("row", { name: /Conversation/ });
      await conversation.getByText(/part/).first().click();
      await page.getByRole("button", { name: "Leave out: Make it greet properly" }).click();
      await page.getByText("It counts from the next message on.").first().waitFor();
      await page.getByRole("row", { name: /Guidelines/ }).getByText(/part/).first().click();
      await page.getByRole("button", { name: "Leave out: AGENTS.md" }).click();
      await page.getByRole("button", { name: "Take in: AGENTS.md" }).waitFor();
      await page.getByLabel("Pin a file").fill("notes");
      await page.getByRole("button", { name: "notes.md" }).waitFor();
      await page.getByLabel("Pin a file").press("Enter");
      await page.getByRole("button", { name: "Unpin from the context: notes.md" }).waitFor();
      await sameProblems(here, page);
      await ask(page, "And again");
      await page.getByText("Fresh eyes.", { exact: true }).first().waitFor();
      await page.getByRole("cell", { name: /Pinned files.*notes\.md/ }).waitFor();
      await page.getByRole("row", { name: /Conversation/ }).getByText(/part/).first().click();
      await page.getByRole("button", { name: "Take in: Make it greet properly" }).waitFor();
      await page.getByRole("tab", { name: "Cost" }).click();
      await page.getByText("Selected operation, call by call").waitFor();
      await page.getByText(/of this session’s input came from/).waitFor();
      await sameProblems(here, page);
    } finally {
      await here.close();
    }
  },

  async "activity: steps as they run, a background command with live output, ended by hand"() {
    const here = await world({
      replies: [
        { when: { user: "watch" }, calls: [{ name: "run_command", args: { command: "while :; do printf '\\033[32mtick\\033[0m\\n'; sleep 0.2; done", background: true } }] },
        { text: "It ticks." },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "watch it");
      await allowIfAsked(page, page.getByText("It ticks.", { exact: true }).first());
      await page.getByText("It ticks.", { exact: true }).first().waitFor();
      await page.getByRole("tab", { name: "Activity" }).click();
      const panel = page.getByRole("tabpanel");
      await panel.getByRole("heading", { name: "Steps" }).waitFor();
      await panel.getByRole("button", { name: /while :/ }).last().click();
      const output = panel.getByRole("region", { name: "Output" });
      await output.locator(".ansi-2", { hasText: "tick" }).first().waitFor();
      const length = (await output.innerText()).length;
      await page.waitForFunction((before) => (document.querySelector("[role=tabpanel] .terminal")?.textContent ?? "").length > before, length);
      await panel.getByRole("button", { name: "End" }).click();
      await panel.getByText(/exit|signal/).first().waitFor();
      await sameProblems(here, page);
    } finally {
      await here.close();
    }
  },
};
