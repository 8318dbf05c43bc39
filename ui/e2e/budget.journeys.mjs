// Money: where it went, what holds it, and what a call was made of.

import assert from "node:assert/strict";
import { READ_AND_EDIT } from "./journeys.mjs";
import { accessibility, ask, openProject, world } from "./world.mjs";

export const journeys = {
  async "the budget: a cap set and removed, the ledger from every side, a call's receipt, a file to keep"() {
    const here = await world({ replies: READ_AND_EDIT });
    try {
      const page = await here.page();
      await openProject(page, here.project);
      await ask(page, "Make it greet properly");
      await page.getByRole("alertdialog").getByRole("button", { name: /Allow once/ }).click();
      await page.getByText(/^Done in/).waitFor();
      await page.keyboard.press("Control+k");
      await page.getByPlaceholder("Type a command").fill("budget money cap");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Budget" }).waitFor();
      await page.getByRole("img", { name: /Money by day/ }).waitFor();
      assert.deepEqual(await accessibility(page), []);
      await page.getByLabel("Dollars").fill("5.00");
      await page.getByRole("button", { name: "Set cap" }).click();
      await page.getByRole("button", { name: "Remove the cap: A day" }).waitFor();
      for (const side of ["operation", "purpose", "day"]) {
        await page.getByLabel("By", { exact: true }).selectOption(side);
        await page.getByRole("row", { name: /^Total/ }).waitFor();
      }
      await page.getByRole("button", { name: "Show" }).first().click();
      await page.getByRole("region", { name: "Receipt" }).getByRole("row", { name: /instructions|history|tools/ }).first().waitFor();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
      assert.match(download.suggestedFilename(), /\.csv$/);
      await page.getByRole("button", { name: "Remove the cap: A day" }).click();
      await page.getByText("No caps").waitFor();
      assert.deepEqual(here.problems(), []);
    } finally {
      await here.close();
    }
  },
};
