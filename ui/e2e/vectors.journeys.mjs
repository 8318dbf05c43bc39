// Where vectors lie and who makes them, in the settings: a cost agreed to, a server tested, a move that waits and goes on.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessibility, openProject, qdrant, world } from "./world.mjs";

export const journeys = {
  "vectors: what a model costs is agreed to, a server is tested, a move waits for it and goes on, and old ones are removed": async () => {
    let server = await qdrant();
    const here = await world({});
    try {
      const lines = Array.from({ length: 12 }, (_, n) => `pub fn step_${n}() -> u32 {\n    ${n}\n}\n`);
      writeFileSync(join(here.project, "steps.rs"), lines.join("\n"));
      const page = await here.page();
      await openProject(page, here.project);
      await page.getByRole("button", { name: "Project: greeter" }).waitFor();
      await page.goto(`${page.url().split("#")[0]}#/settings`);
      await page.getByRole("tab", { name: "Vectors" }).click();

      const maker = page.getByRole("region", { name: "Who makes them" });
      await maker.getByText("A provider’s model").click();
      await maker.getByText(/pieces, .* commits and .* messages have no vector yet, about .* tokens: it costs .*\$/).waitFor();
      assert.deepEqual(await accessibility(page), [], "a cost that waits for a word");
      await maker.getByRole("button", { name: /^Send it for .*\$/ }).click();
      await maker.getByText("Every piece, commit and message has its vector.").waitFor();

      const address = page.getByRole("region", { name: "Qdrant server" });
      const where = page.getByRole("region", { name: "Where they lie" });
      await where.getByText("In a file", { exact: true }).click();
      await address.getByLabel("Address").fill(server.url);
      await address.getByRole("button", { name: "Test connection" }).click();
      await address.getByText(/answers in/).waitFor();
      await address.getByRole("button", { name: "Save", exact: true }).click();

      // The server is gone: the move says so, waits, and ends when it is back.
      await server.stop();
      const move = page.getByRole("region", { name: "Move vectors" });
      await move.getByRole("button", { name: "Move to the server" }).click();
      await move.getByText(/cannot be reached/).waitFor();
      assert.deepEqual(await accessibility(page), [], "a move that waits");
      server = await qdrant(server.port);
      await move.getByText("All vectors are on the server.").waitFor();
      await where.getByText(new RegExp(`^Now at .*:${server.port}\\.$`)).waitFor();
      await where.getByText("in use").first().waitFor();
      // What was moved stays in the file until somebody removes it, and what that loses is said.
      const old = page.getByRole("region", { name: "Old vectors" });
      await old.getByText("Search uses everything that lies there.").waitFor();
      await old.getByText("In a file", { exact: true }).click();
      await old.getByText(/ of greeter/).first().waitFor();
      assert.deepEqual(await accessibility(page), [], "old vectors");
      const remove = old.getByRole("button", { name: /^Remove mira_code of / });
      await remove.click();
      await old.getByRole("button", { name: /^Remove .* for good$/ }).click();
      await remove.waitFor({ state: "detached" });
      await page.goto(`${page.url().split("#")[0]}#/code/index`);
      await page.getByText(/pieces have a vector \(openai\/text-embedding-3-large\)/).waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
      await server.stop();
    }
  },
};
