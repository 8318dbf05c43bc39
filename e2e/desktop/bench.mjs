// The window's figures: from the start of the process to a page one can use, from a token's arrival
// to its picture, memory and processor while nothing happens. Run by `npm run bench ui`, under Xvfb.

import { readFileSync, readdirSync } from "node:fs";
import { loadavg } from "node:os";

import { figure } from "../../scripts/lib/figures.mjs";
import { App, Vendor, World } from "./lib/desktop.mjs";
import { KEYS, sleep } from "./lib/webdriver.mjs";

const STARTS = 5;
const ANSWERS = 10;
/** Clock ticks a second in /proc: fixed by the kernel's interface. */
const TICKS = 100;
/** After the start things are still put in order, and the local model rests after 30 s; then nothing may happen. */
const SETTLE_MS = 45_000;
const IDLE_MS = 10_000;

console.log(`${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0].toFixed(1)}`);
const world = new World({ "README.md": "# A project\n" });
const vendor = await Vendor.start(world, {
  check_prefix: false,
  aside: "A title",
  replies: [{ text: "A few words of an answer, streamed piece by piece. ".repeat(8), times: 0 }],
});
const started = [];
const painted = [];
let memory = [];
let busy = [];
try {
  for (let start = 0; start < STARTS; start += 1) {
    const app = await App.start(world, { vendor, args: [world.project], env: { OPENAI_API_KEY: "sk-bench" } });
    try {
      const { page } = app;
      await page.find("textbox", "Message");
      const interactiveAt = Number(await page.run(() => document.documentElement.dataset.interactiveAt));
      started.push(interactiveAt - startedAt(world.data));
      if (start > 0) continue;
      await sleep(SETTLE_MS);
      memory = [memoryOf(family(world.data)) / 1_000_000];
      const before = ticksOf(family(world.data));
      await sleep(IDLE_MS);
      busy = [((ticksOf(family(world.data)) - before) / TICKS / (IDLE_MS / 1000)) * 100];
      for (let answer = 0; answer < ANSWERS; answer += 1) {
        await page.run(() => delete document.documentElement.dataset.tokenToPaintMs);
        await page.fill("textbox", "Message", `Say something, ${answer}`);
        await page.type(await page.find("textbox", "Message"), KEYS.enter);
        const took = await page.until(() => page.run(() => document.documentElement.dataset.tokenToPaintMs), "a painted token");
        painted.push(Number(took));
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
figure("window: process start → interactive", started, "ms", 1_000);
figure("window: memory of all its processes, idle", memory, "MB", 250, "proportional set size");
figure("window: processor while idle", busy, "%", 0.5, "of one core");
figure("window: token → paint", painted, "ms", 50);

/** Whether so many answers are whole; runs in the page. */
function ended(count) {
  return document.body.innerText.split("Done in").length > count;
}

/** When the app with that data directory was started, in milliseconds since 1970. */
function startedAt(data) {
  const boot = Number(/^btime (\d+)/m.exec(readFileSync("/proc/stat", "utf8"))[1]) * 1000;
  return boot + (Number(statOf(appOf(data))[19]) * 1000) / TICKS;
}

/** The app and everything it started: the web view's processes too. */
function family(data) {
  const parents = new Map();
  for (const pid of pids()) {
    const stat = statOf(pid);
    if (stat) parents.set(pid, stat[1]);
  }
  const members = [appOf(data)];
  for (const member of members) for (const [pid, parent] of parents) if (parent === member) members.push(pid);
  return members;
}

function appOf(data) {
  for (const pid of pids()) {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
      if (name === "mira-desktop" && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`MIRA_DATA_DIR=${data}\0`)) return pid;
    } catch {
      // It ended while we looked.
    }
  }
  throw new Error("the app's process was not found");
}

function pids() {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

/** The fields of /proc/PID/stat from the state on; undefined where the process is gone. */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Bytes, each shared page counted by its share. */
function memoryOf(members) {
  return members.reduce((sum, pid) => {
    try {
      return sum + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]) * 1024;
    } catch {
      return sum;
    }
  }, 0);
}

function ticksOf(members) {
  return members.reduce((sum, pid) => {
    const stat = statOf(pid);
    return stat ? sum + Number(stat[11]) + Number(stat[12]) : sum;
  }, 0);
}
