// The window's two figures: from the start of the process to a page one can use, and from a token's
// arrival to its picture. Run by `npm run bench -- --desktop`, under Xvfb.

import { readFileSync, readdirSync } from "node:fs";

import { App, Vendor, World } from "./lib/desktop.mjs";
import { KEYS } from "./lib/webdriver.mjs";

const STARTS = 5;
const ANSWERS = 10;
/** Clock ticks a second in /proc: fixed by the kernel's interface. */
const TICKS = 100;

const world = new World({ "README.md": "# A project\n" });
const vendor = await Vendor.start(world, {
  check_prefix: false,
  aside: "A title",
  replies: [{ text: "A few words of an answer, streamed piece by piece. ".repeat(8), times: 0 }],
});
const figures = { "desktop start → interactive, ms": [], "token → paint, ms": [] };
try {
  for (let start = 0; start < STARTS; start += 1) {
    const app = await App.start(world, { vendor, args: [world.project], env: { OPENAI_API_KEY: "sk-bench" } });
    try {
      const { page } = app;
      await page.find("textbox", "Message");
      const interactiveAt = Number(await page.run(() => document.documentElement.dataset.interactiveAt));
      figures["desktop start → interactive, ms"].push(interactiveAt - startedAt(world.data));
      if (start > 0) continue;
      for (let answer = 0; answer < ANSWERS; answer += 1) {
        await page.run(() => delete document.documentElement.dataset.tokenToPaintMs);
        await page.fill("textbox", "Message", `Say something, ${answer}`);
        await page.type(await page.find("textbox", "Message"), KEYS.enter);
        const took = await page.until(() => page.run(() => document.documentElement.dataset.tokenToPaintMs), "a painted token");
        figures["token → paint, ms"].push(Number(took));
        await page.until(() => page.run(ended, answer + 1), "the end of the answer");
      }
    } finally {
      await app.quit();
    }
  }
} finally {
  vendor.stop();
  world.remove();
}
for (const [name, values] of Object.entries(figures)) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)]?.toFixed(1);
  console.log(`${name.padEnd(36)} median ${at(0.5)}, ${at(0)}–${at(1)}, n ${sorted.length}`);
}

/** Whether so many answers are whole; runs in the page. */
function ended(count) {
  return document.body.innerText.split("Done in").length > count;
}

/** When the app with that data directory was started, in milliseconds since 1970. */
function startedAt(data) {
  const boot = Number(/^btime (\d+)/m.exec(readFileSync("/proc/stat", "utf8"))[1]) * 1000;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (!stat.includes("(mira-desktop)") || !environment.includes(`MIRA_DATA_DIR=${data}\0`)) continue;
      const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
      return boot + (ticks * 1000) / TICKS;
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error("the app's process was not found");
}
