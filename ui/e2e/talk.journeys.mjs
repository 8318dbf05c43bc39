// Conversation: what people do with messages, in a real browser with the real engine.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { accessibility, answered, ask, openProject, world } from "./world.mjs";

const field = (page) => page.getByRole("textbox", { name: "Message", exact: true });
const done = (page) => page.getByText(/^Done in/);

/** A picture of 2 × 2 pixels. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNkYPjPwMDAxAADDAwMAAcLAQH0Z9rVAAAAAElFTkSuQmCC",
  "base64",
);

export const journeys = {
  async "mentions by keyboard: a file, a folder and a commit reach the model as named parts"() {
    const here = await world({ replies: [{ when: { user: "compare" }, text: "I have read all three." }] });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await field(page).pressSequentially("compare @greet.s");
      await page.getByRole("option", { name: "greet.sh" }).waitFor();
      await page.keyboard.press("Enter");
      await field(page).pressSequentially("with @commit:");
      await page.getByRole("option", { name: /start/ }).waitFor();
      await page.keyboard.press("Tab");
      await page.getByText(/tokens · .*\$/).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.keyboard.press("Enter");
      await page.getByText("I have read all three.").first().waitFor();
      await done(page).waitFor();
      await page.getByRole("list", { name: "Mentioned" }).getByText(/commit .* start/).waitFor();
      await page.getByRole("tab", { name: "Context" }).click();
      await page.getByText("mentioned").first().waitFor();
      assert.deepEqual(await here.violations(), []);
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a queued message is changed, outlives the engine, and goes when it is let go"() {
    const here = await world({
      replies: [
        { when: { user: "first" }, text: "On it", gate_after_text: "never", calls: [{ name: "git_log", args: {} }] },
        { when: { user: "then tidy up" }, text: "Tidied." },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "do the first thing");
      await page.getByText("On it").first().waitFor();
      await field(page).fill("then tidy upp");
      await page.keyboard.press("Alt+Enter");
      const queue = page.getByRole("region", { name: "Messages that wait" });
      await queue.getByText("1 message follows").waitFor();
      await queue.getByRole("button", { name: "Change" }).click();
      await queue.getByRole("textbox").fill("then tidy up");
      await page.keyboard.press("Enter");
      await queue.getByText("then tidy up", { exact: true }).waitFor();
      await here.killEngine();
      await page.getByText(/The connection to the engine is broken/).waitFor();
      await here.reopen();
      const again = await here.page();
      await again.locator(".session-open").first().click();
      const held = again.getByRole("region", { name: "Messages that wait" });
      await held.getByText("1 message waits for you").waitFor();
      assert.deepEqual(await accessibility(again), []);
      await held.getByRole("button", { name: "Send now" }).click();
      await again.getByText("Tidied.").first().waitFor();
      await done(again).waitFor();
      await held.waitFor({ state: "detached" });
    } finally {
      await here.close();
    }
  },

  async "a message is changed and asked again in a copy; the session before stays"() {
    const here = await world({
      replies: [
        { when: { user: "in French" }, text: "Bonjour." },
        { when: { user: "in English" }, text: "Hello." },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Greet me in French");
      await page.getByText("Bonjour.").first().waitFor();
      await done(page).waitFor();
      const before = page.url();
      const mine = page.getByRole("article", { name: "you" });
      await mine.hover();
      await mine.getByRole("button", { name: "Edit and ask again" }).click();
      await page.getByRole("textbox", { name: "Your message, changed" }).fill("Greet me in English");
      await page.keyboard.press("Enter");
      await page.getByText("Hello.").first().waitFor();
      assert.notEqual(page.url(), before);
      await page.goBack();
      await page.getByText("Bonjour.").first().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a code block is applied to a file, reviewed like any change, and undone"() {
    const here = await world({
      replies: [{ when: { user: "script" }, text: "Here it is:\n\n```sh\n# tools/hello.sh\necho hello\n```\n" }],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Give me a script that says hello");
      await done(page).waitFor();
      await page.getByRole("button", { name: "Apply", exact: true }).click();
      const dialog = page.getByRole("dialog", { name: "Apply code to a file" });
      assert.equal(await dialog.getByLabel("File, relative to the project").inputValue(), "tools/hello.sh");
      await dialog.getByText("echo hello").waitFor();
      assert.deepEqual(await accessibility(page), []);
      await dialog.getByRole("button", { name: "Write the file" }).click();
      await page.getByText("Applied to tools/hello.sh").waitFor();
      await done(page).nth(1).waitFor();
      assert.equal(here.file("tools/hello.sh"), "# tools/hello.sh\necho hello\n");
      await page.getByRole("button", { name: "Undo changes" }).click();
      await page.getByText(/1 file taken back/).first().waitFor();
      assert.throws(() => here.file("tools/hello.sh"), /ENOENT/);
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a draft comes back in another browser after the engine was started again"() {
    const here = await world();
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await field(page).pressSequentially("half a thought about @greet.s");
      await page.getByRole("option", { name: "greet.sh" }).waitFor();
      await page.keyboard.press("Enter");
      await answered(page, "draft.save", (draft) => draft.content.startsWith("half a thought about @greet.sh"));
      await here.killEngine();
      await here.reopen();
      const other = await here.page();
      await openProject(other, here.project);
      await other.waitForFunction(() => document.querySelector("#message")?.value.startsWith("half a thought about @greet.sh"));
    } finally {
      await here.close();
    }
  },

  async "an image: its size, tokens and cost before sending, and the model sees it"() {
    const here = await world({ replies: [{ when: { user: "what is" }, text: "Four pixels." }] });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      const picker = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Attach files or images" }).click();
      await (await picker).setFiles([{ name: "dots.png", mimeType: "image/png", buffer: PNG }]);
      await page.getByText(/1k tokens/).first().waitFor();
      await page.getByText(/tokens · .*\$/).waitFor();
      const zip = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Attach files or images" }).click();
      await (await zip).setFiles([{ name: "a.zip", mimeType: "application/zip", buffer: Buffer.from([0x50, 0x4b, 3, 4, 0]) }]);
      await page.getByText(/a\.zip is neither text nor an image/).waitFor();
      await ask(page, "what is this");
      await page.getByText("Four pixels.").first().waitFor();
      assert.deepEqual(await here.violations(), []);
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "slash commands: the terminal's list, their words, and what a project brings waits for trust"() {
    const here = await world({ replies: [{ when: { user: "Report real problems" }, text: "Nothing to report." }] });
    try {
      mkdirSync(join(here.project, ".mira/commands"), { recursive: true });
      here.put(".mira/commands/greet.md", "# Greet in many ways\nGreet in $ARGUMENTS languages.\n");
      const page = await here.page();
      await openProject(page, here.project);
      await field(page).pressSequentially("/");
      for (const name of ["access", "apply", "continue", "diff", "fork", "model", "queue", "rename", "resume", "retry", "review", "tier", "undo"]) {
        await page.getByRole("option", { name: new RegExp(`^/${name}\\b`) }).first().waitFor();
      }
      await field(page).fill("/tier fast");
      await page.keyboard.press("Enter");
      await page.getByText("Tier: Fast").waitFor();
      await page.getByText("This project brings commands of its own.").waitFor();
      await field(page).fill("/greet three");
      await page.keyboard.press("Enter");
      await page.getByText("There is no command /greet.").waitFor();
      await field(page).fill("/review");
      await page.keyboard.press("Enter");
      await page.getByText("Nothing to report.").first().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "words are found in the conversation, stepped through and left by keyboard"() {
    const here = await world({
      replies: [{ when: { user: "count" }, text: "One apple, two pears.", calls: [{ name: "run_command", args: { command: "echo apple pie" } }] }, { text: "Three apples." }],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "count the apple trees");
      await done(page).or(page.getByRole("alertdialog")).first().waitFor();
      if (await page.getByRole("alertdialog").isVisible()) await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
      await done(page).waitFor();
      await page.keyboard.press("Control+f");
      await page.getByRole("searchbox", { name: "Find in this conversation" }).fill("apple");
      const count = page.getByRole("search").getByRole("status");
      await page.waitForFunction(() => /^4 of 4$/.test(document.querySelector(".find-count")?.textContent ?? ""));
      await page.keyboard.press("Shift+Enter");
      assert.equal(await count.innerText(), "3 of 4");
      await page.locator(".row.found").waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.keyboard.press("Escape");
      await page.getByRole("search").waitFor({ state: "detached" });
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a progress bar redraws its line, in colour, while the command runs and afterwards"() {
    const bar = "for i in 1 2 3 4; do printf '\\r\\033[32mstep %s of 4\\033[0m' $i; sleep 0.1; done; printf '\\nbuilt\\n'";
    const here = await world({ replies: [{ when: { user: "build" }, calls: [{ name: "run_command", args: { command: bar } }] }, { text: "Built." }] });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "build it");
      await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
      await done(page).waitFor();
      await page.getByRole("button", { name: /^Run .*done/ }).click();
      const output = page.getByRole("region", { name: "Output" }).first();
      await output.getByText("step 4 of 4").waitFor();
      const text = await output.innerText();
      assert.ok(!text.includes("step 1 of 4") && text.includes("built"), text);
      const green = () => output.locator(".ansi-2", { hasText: "step 4 of 4" });
      await green().waitFor();
      await page.reload();
      await page.getByRole("button", { name: /^Run .*done/ }).click();
      await green().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "undo and redo in the message field, also of what was sent; earlier messages with the arrow"() {
    const here = await world({ replies: [{ when: { user: "hello" }, text: "Hi." }, { when: { user: "again" }, text: "Once more." }] });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "hello there");
      await page.getByText("Hi.").first().waitFor();
      await ask(page, "again, please");
      await page.getByText("Once more.").first().waitFor();
      await field(page).focus();
      await page.keyboard.press("Control+z");
      assert.equal(await field(page).inputValue(), "again, please");
      await page.keyboard.press("Control+Shift+z");
      assert.equal(await field(page).inputValue(), "");
      // Beyond the message that began the session, too.
      for (let step = 0; step < 3; step += 1) await page.keyboard.press("Control+z");
      assert.equal(await field(page).inputValue(), "hello there");
      for (let step = 0; step < 3; step += 1) await page.keyboard.press("Control+Shift+z");
      assert.equal(await field(page).inputValue(), "");
      await page.keyboard.press("ArrowUp");
      assert.equal(await field(page).inputValue(), "again, please");
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "going back: a preview, the message into the field again, files with it, a mark, and back once more"() {
    const write = (path, content) => ({ name: "write_project_file", args: { path, content } });
    const here = await world({
      replies: [
        { when: { user: "first note" }, text: "I write the first note.", calls: [write("one.md", "one\n")] },
        { text: "The first note stands." },
        { when: { user: "second note" }, text: "I write the second note.", calls: [write("two.md", "two\n"), write("one.md", "one, changed\n")] },
        { text: "The second note stands." },
        { when: { user: "third note" }, text: "A third note instead." },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Write the first note");
      await page.getByText("The first note stands.").first().waitFor();
      await done(page).waitFor();
      await field(page).pressSequentially("Write the second note, see @greet.s");
      await page.getByRole("option", { name: "greet.sh" }).waitFor();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.getByText("The second note stands.").first().waitFor();
      await done(page).nth(1).waitFor();

      const second = page.getByRole("article", { name: "you" }).nth(1);
      await second.hover();
      await second.getByRole("button", { name: "Rewind to here" }).click();
      const dialog = page.getByRole("dialog", { name: "Go back to before this message" });
      const preview = dialog.getByRole("group", { name: "What this does" });
      await preview.getByText("3 messages leave the conversation.").waitFor();
      await preview.getByText("2 files change:").waitFor();
      await preview.getByText("two.md").waitFor();
      assert.deepEqual(await accessibility(page), []);
      await dialog.getByRole("radio", { name: /Conversation only/ }).check();
      await preview.getByText("2 files change:").waitFor({ state: "detached" });
      await dialog.getByRole("radio", { name: "Conversation and files" }).check();
      await preview.getByText("2 files change:").waitFor();
      await dialog.getByRole("button", { name: "Go back" }).click();
      await dialog.waitFor({ state: "detached" });

      await page.getByText("The second note stands.").first().waitFor({ state: "detached" });
      assert.equal(await field(page).inputValue(), "Write the second note, see @greet.sh");
      await page.getByText(/tokens · .*\$/).waitFor();
      assert.equal(here.file("one.md"), "one\n");
      assert.throws(() => here.file("two.md"), /ENOENT/);
      const mark = page.locator(".notice.rewound");
      await mark.getByText("3 messages · 2 files").waitFor();
      assert.deepEqual(await accessibility(page), []);

      // The same after a reload; and taken back it is all there again.
      await page.reload();
      await mark.getByText("3 messages · 2 files").waitFor();
      assert.equal(await page.getByText("The second note stands.").count(), 0);
      await mark.getByRole("button", { name: "Take it back" }).click();
      await page.getByText("The second note stands.").first().waitFor();
      assert.equal(here.file("one.md"), "one, changed\n");
      assert.equal(here.file("two.md"), "two\n");
      await mark.nth(1).getByText("Conversation and files came back").waitFor();
      assert.equal(await mark.getByRole("button", { name: "Take it back" }).count(), 0);

      // The conversation alone, then something new: taking that back asks first.
      await field(page).fill("/rewind");
      await page.keyboard.press("Enter");
      await dialog.getByRole("radio", { name: /Conversation only/ }).check();
      await preview.getByText("3 messages leave the conversation.").waitFor();
      await dialog.getByRole("button", { name: "Go back" }).click();
      await page.getByText("The second note stands.").first().waitFor({ state: "detached" });
      assert.equal(here.file("two.md"), "two\n");
      await ask(page, "Write a third note");
      await page.getByText("A third note instead.").first().waitFor();
      await done(page).nth(1).waitFor();
      await mark.last().getByRole("button", { name: "Take it back" }).click();
      const back = page.getByRole("dialog", { name: "Take the rewind back" });
      await back.getByText("2 messages that were written since leave the conversation.").waitFor();
      await back.getByRole("button", { name: "Take it back" }).click();
      await page.getByText("The second note stands.").first().waitFor();
      await page.getByText("A third note instead.").first().waitFor({ state: "detached" });
      // What left is not told again: the third request is no longer built on the second.
      assert.ok((await here.violations()).every((one) => /is no prefix of this one/.test(one)));
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "a folder that is dropped becomes a mention, another one says what to do"() {
    const here = await world({ replies: [{ when: { user: "look at" }, text: "Seen." }] });
    try {
      mkdirSync(join(here.project, "docs/guide"), { recursive: true });
      here.put("docs/guide/start.md", "# Start\n");
      const page = await here.page();
      await openProject(page, here.project);
      await field(page).fill("look at");
      const dropped = (name) =>
        page.evaluate((folder) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([], folder));
          // What a browser says of a folder that is dragged from outside.
          DataTransferItem.prototype.webkitGetAsEntry = () => ({ isDirectory: true, isFile: false, name: folder });
          const box = document.querySelector(".composer-box");
          box.dispatchEvent(new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true }));
          box.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }, name);
      await dropped("guide");
      await page.waitForFunction(() => document.querySelector("#message").value === "look at @docs/guide/ ");
      await page.getByText(/tokens · .*\$/).waitFor();
      await dropped("elsewhere");
      await page.getByText("elsewhere is a folder; mention it with @ instead.").waitFor();
      await field(page).press("Enter");
      await page.getByText("Seen.").first().waitFor();
      await page.getByRole("list", { name: "Mentioned" }).getByText("docs/guide").waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },

  async "files go back to before one call, around somebody else's edit"() {
    const here = await world({
      replies: [
        { when: { user: "notes" }, calls: [{ name: "write_project_file", args: { path: "one.md", content: "one\n" } }] },
        { calls: [{ name: "write_project_file", args: { path: "two.md", content: "two\n" } }] },
        { text: "Both stand." },
      ],
    });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Write two notes");
      await done(page).waitFor();
      here.put("two.md", "two, by hand\n");
      await page.getByRole("button", { name: /^Write two\.md/ }).click();
      await page.getByRole("button", { name: "Files back to before this call" }).click();
      const dialog = page.getByRole("dialog", { name: "Files back to before this call" });
      await dialog.getByText("Somebody else changed these since. What should happen?").waitFor();
      assert.equal(await dialog.getByRole("button", { name: "Go back" }).isDisabled(), true);
      assert.deepEqual(await accessibility(page), []);
      await dialog.getByRole("radio", { name: /Put ours in its place/ }).check();
      await dialog.getByRole("button", { name: "Go back" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.locator(".notice.rewound").getByText("Files went back").waitFor();
      assert.throws(() => here.file("two.md"), /ENOENT/);
      assert.equal(here.file("one.md"), "one\n");
      await page.getByText("Both stand.").first().waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },
};
