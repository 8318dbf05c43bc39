// The interface's figures in Chromium, against the real engine: `npm run bench ui` runs this and
// then the window's part (e2e/desktop/bench.mjs). Prints each figure beside its aim.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { program, root } from "../../scripts/lib/place.mjs";
import { figure } from "../../scripts/lib/figures.mjs";
import { ask, closeBrowser, openProject, world } from "./world.mjs";

const MESSAGES = Number(process.env.MIRA_BENCH_MESSAGES ?? 10_000);
const STARTS = 5;
const STREAM_TOKENS = 20_000;
const KEYS = 120;
/** What a frame may take at 60 a second. */
const FRAME_MS = 16.7;

console.log(`${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0].toFixed(1)}`);
const only = process.argv[2];
for (const part of [start, longSession, stream, scripts]) if (!only || part.name === only) await part();
await closeBrowser();

/** From the request of the page to a field one can write in; the second and later loads. */
async function start() {
  const here = await world({ key: true });
  try {
    const page = await here.page();
    await openProject(page, here.project);
    const took = [];
    for (let load = 0; load < STARTS; load += 1) {
      await page.reload();
      await page.getByRole("textbox", { name: "Message" }).waitFor();
      took.push(await page.evaluate(() => Number(document.documentElement.dataset.interactiveAt) - performance.timeOrigin));
    }
    figure("Chromium: load → interactive", took, "ms", 1_000);
    figure("Chromium: idle CPU of the page", [await idle(page)], "%", 0.5);
  } finally {
    await here.close();
  }
}

/** Share of a core that the page's own tasks took over some idle seconds. */
async function idle(page) {
  await page.waitForTimeout(3_000);
  const busy = await processor(page);
  await page.waitForTimeout(5_000);
  return ((await busy()).TaskDuration / 5) * 100;
}

/** Seconds of the processor that the page's main thread takes from here on, by what they go into. They do not grow with the load of the machine. */
async function processor(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map((one) => [one.name, one.value]));
  const before = await read();
  return async () => {
    const after = await read();
    return Object.fromEntries(["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"].map((name) => [name, after[name] - before[name]]));
  };
}

async function longSession() {
  const here = await world({ before: (data) => execFileSync(program("examples/long_session", process.env.MIRA_PROGRAMS), [data, String(MESSAGES)]) });
  try {
    const page = await here.page();
    await openProject(page, here.project);
    const [opened, worked] = [[], []];
    for (let time = 0; time < STARTS; time += 1) {
      await page.evaluate(() => (location.hash = "#/chat/"));
      await page.evaluate(() => dispatchEvent(new PopStateEvent("popstate")));
      await page.getByText("What should be done?").waitFor();
      const busy = await processor(page);
      opened.push(
        await page.evaluate(async (last) => {
          const began = performance.now();
          history.pushState(null, "", "#/chat/ses_long");
          dispatchEvent(new PopStateEvent("popstate"));
          while (!document.querySelector("main").textContent.includes(last)) await new Promise((done) => requestAnimationFrame(done));
          return performance.now() - began;
        }, `Answer ${MESSAGES / 2 - 1}.`),
      );
      worked.push((await busy()).TaskDuration * 1_000);
    }
    figure(`Chromium: a session of ${MESSAGES.toLocaleString("en")} messages opens`, opened, "ms", 300);
    figure("Chromium: processor of the page for that", worked, "ms", 300);
    const busy = await processor(page);
    const { result: frames, work } = await framesOf(page, () => page.evaluate(scrolled));
    const spent = await busy();
    const late = work.filter((own) => own > FRAME_MS).length;
    figure("Chromium: frames dropped while it scrolls", [(frames.dropped / (frames.all + frames.dropped)) * 100], "%", 1, `of ${frames.all + frames.dropped} frames, waits for a core included`);
    figure(`Chromium: frames whose own work was over ${FRAME_MS} ms`, [(late / work.length) * 100], "%", 1, `${late} of ${work.length}; the longest ${Math.max(...work).toFixed(1)} ms`);
    figure("Chromium: processor of the page for one of them", [(spent.TaskDuration * 1_000) / frames.all], "ms", FRAME_MS, parts(spent));
  } finally {
    await here.close();
  }
}

/** What `run` gives, and the processor's time in ms that the page's main thread itself took from each frame to the next meanwhile. */
async function framesOf(page, run) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
  const result = await run();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const frames = traceEvents.filter((event) => event.name === "FireAnimationFrame");
  const [{ pid, tid }] = frames;
  const starts = frames.map((event) => event.ts).sort((a, b) => a - b);
  const work = starts.map(() => 0);
  for (const { name, pid: process, tid: thread, ts, tdur } of traceEvents) {
    if (name !== "ThreadControllerImpl::RunTask" || process !== pid || thread !== tid || tdur === undefined) continue;
    // A task that began before a frame's call ends in it: it belongs to that frame.
    const next = starts.findIndex((start) => start > ts);
    if (next > 0) work[next] += tdur / 1_000;
  }
  return { result, work: work.slice(1) };
}

/** Scrolls for some seconds; a frame that took longer than 1½ of the usual is one dropped. Runs in the page. */
async function scrolled() {
  const list = [...document.querySelectorAll("main *")].find((one) => one.scrollHeight > one.clientHeight * 2 && /auto|scroll/.test(getComputedStyle(one).overflowY));
  const times = [];
  const still = [];
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let at = 0; at < 30; at += 1) still.push(await frame());
  const usual = still.slice(1).map((time, index) => time - still[index]).sort((a, b) => a - b)[14];
  const end = performance.now() + 4_000;
  while (performance.now() < end) {
    list.scrollTop -= 90;
    times.push(await frame());
  }
  const gaps = times.slice(1).map((time, index) => time - times[index]);
  return { all: gaps.length, dropped: gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / usual) - 1), 0) };
}

async function stream() {
  const words = "One more word of a long answer that is streamed. ";
  const here = await world({ replies: [{ when: { user: "long answer" }, text: words.repeat(Math.ceil((STREAM_TOKENS * 4) / words.length)), piece: 16, pace_ms: 2 }] });
  try {
    const page = await here.page();
    await openProject(page, here.project);
    await ask(page, "Give me a long answer");
    await page.getByText("One more word").first().waitFor();
    await page.evaluate(() => {
      globalThis.took = [];
      document.querySelector("#message").addEventListener("keydown", (event) => {
        const at = event.timeStamp;
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => globalThis.took.push(performance.now() - at);
          port2.postMessage(0);
        });
      });
    });
    await page.getByRole("textbox", { name: "Message" }).focus();
    const [busy, tokens, began] = [await processor(page), await streamed(page), performance.now()];
    await page.keyboard.type("word ".repeat(KEYS / 5), { delay: 25 });
    const seconds = (performance.now() - began) / 1_000;
    const [spent, came] = [await busy(), (await streamed(page)) - tokens];
    const still = await page.getByRole("button", { name: /^Stop/ }).count();
    const took = await page.evaluate(() => globalThis.took);
    figure("Chromium: key → paint while 20k tokens stream", took, "ms", 50, still ? "" : "the stream had ended before");
    figure("Chromium: processor of the page meanwhile", [(spent.TaskDuration / seconds) * 100], "%", 50, `of one core; ${Math.round(came / seconds)} tokens/s; ${parts(spent)}`);
  } finally {
    await here.close();
  }
}

function parts(spent) {
  const share = (name) => `${Math.round((spent[name] / spent.TaskDuration) * 100)} %`;
  return `script ${share("ScriptDuration")}, layout ${share("LayoutDuration")}, style ${share("RecalcStyleDuration")}`;
}

/** About how many tokens of the answer are on the screen. */
function streamed(page) {
  return page.evaluate(() => document.querySelector(".assistant")?.textContent.length / 4);
}

/** What is loaded before the first screen, compressed as a server would. */
function scripts() {
  const dist = join(root, "ui", "dist");
  const wanted = [...readFileSync(join(dist, "index.html"), "utf8").matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);
  const seen = new Set();
  let bytes = 0;
  while (wanted.length) {
    const file = wanted.pop();
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(join(dist, file), "utf8");
    bytes += gzipSync(text).length;
    // Static imports only: `import(…)` is what is lazy.
    for (const [, name] of text.matchAll(/(?:^|[;}])import(?:[^("';]*from)?["']\.\/([^"']+\.js)["']/g)) wanted.push(`assets/${name}`);
  }
  figure("scripts before the lazy ones, gzip", [bytes / 1_000], "kB", 350);
}
