// The programs as a person has them: copied away, with an empty home and no repository near.

import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { program } from "./place.mjs";
import { productVersion } from "./setup.mjs";

const TIMEOUT_MS = 120_000;

/** Each check throws where it fails. */
const CHECKS = {
  "mira says its version": ({ mira, expect }) => {
    const result = mira("--version");
    expect(result.status === 0 && result.stdout.includes(productVersion()), "the version", result);
  },
  "mira-test says its version": ({ run, expect }) => {
    const result = run("mira-test", ["--version"]);
    expect(result.status === 0 && result.stdout.includes(productVersion()), "the version", result);
  },
  "a wrong word is a usage error with help": ({ mira, expect }) => {
    const result = mira("no-such-command-at-all");
    expect(result.status === 2, "exit code 2", result);
  },
  "a wrong setting is refused by its name": ({ run, expect }) => {
    const result = run("mira", ["status"], { MIRA_PORT: "not-a-port" });
    expect(result.status !== 0 && result.stderr.includes("MIRA_PORT"), "a refusal that names MIRA_PORT", result);
  },
  "mira doctor runs without a key": ({ mira, expect }) => {
    const result = mira("doctor");
    expect(/database/i.test(result.stdout), "a line about the database", result);
  },
  "without a key an answer is refused with the next step": ({ run, expect, home }) => {
    const result = run("mira", ["exec", "hello"], { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" }, home);
    expect(result.status === 5 && /key/i.test(result.stderr), "exit code 5 and a word on keys", result);
  },
  "the demonstration plays to its end": ({ mira, expect }) => {
    const result = mira("demo");
    expect(result.status === 0, "exit code 0", result);
  },
  "everything it wrote lies in its data directory": ({ data, home, expect }) => {
    expect(existsSync(join(data, "mira.db")), "a database in MIRA_DATA_DIR");
    expect(!existsSync(join(home, ".local", "share", "mira")), "nothing in the default place");
  },
  "mira serve prints a link and shows the interface": serveShowsTheInterface,
};

/** Runs every check; the closing line goes to the log. 0 where all hold. */
export async function installed(log) {
  const place = mkdtempSync(join(tmpdir(), "mira-installed-"));
  const [bin, home, data] = ["bin", "home", "data"].map((name) => join(place, name));
  for (const folder of [bin, home, data]) mkdirSync(folder);
  for (const name of ["mira", "mira-test"]) copyFileSync(program(name), join(bin, name));
  const base = { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", MIRA_DATA_DIR: data, NO_COLOR: "1" };
  const run = (name, args, env = {}, cwd = place) =>
    spawnSync(join(bin, name), args, { cwd, env: { ...base, ...env }, encoding: "utf8", timeout: TIMEOUT_MS, input: "" });
  const tools = { run, mira: (...args) => run("mira", args), expect, bin, base, place, home, data };

  let failed = 0;
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await check(tools);
      appendFileSync(log, `ok      ${name}\n`);
    } catch (error) {
      failed += 1;
      appendFileSync(log, `FAILED  ${name}\n${error.message}\n`);
    }
  }
  rmSync(place, { recursive: true, force: true });
  appendFileSync(log, `${Object.keys(CHECKS).length - failed} passed, ${failed} failed\n`);
  return failed ? 1 : 0;
}

function expect(holds, what, result) {
  if (holds) return;
  const detail = result ? `exit ${result.status ?? result.signal}\nstdout: ${result.stdout}\nstderr: ${result.stderr}` : "";
  throw new Error(`        expected ${what}\n${detail}`);
}

async function serveShowsTheInterface({ bin, base, place }) {
  const server = spawn(join(bin, "mira"), ["serve", "--port", "0"], { cwd: place, env: base, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const link = await firstLink(server);
    // The link works once: it gives a cookie and leads to the page.
    const opened = await fetch(link, { redirect: "manual" });
    const cookie = opened.headers.get("set-cookie")?.split(";")[0];
    expect(cookie, `a cookie from ${link} (status ${opened.status})`);
    const page = await fetch(new URL("/", link), { headers: { cookie } });
    const text = await page.text();
    expect(page.status === 200 && text.includes('id="root"'), `the interface (status ${page.status}): ${text.slice(0, 300)}`);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy.includes("default-src"), "a content security policy");
    const again = await fetch(link, { redirect: "manual" });
    expect(again.headers.get("set-cookie") === null, "that the link works only once");
  } finally {
    server.kill("SIGTERM");
  }
}

/** The one-time link among what the server prints. */
function firstLink(server) {
  return new Promise((done, fail) => {
    const seen = [];
    const timer = setTimeout(() => fail(new Error(`no link within ${TIMEOUT_MS} ms: ${seen.join("\n")}`)), TIMEOUT_MS);
    const look = (line) => {
      seen.push(line);
      const link = /https?:\/\/\S+link=\S+/.exec(line)?.[0];
      if (!link) return;
      clearTimeout(timer);
      done(link);
    };
    createInterface({ input: server.stdout }).on("line", look);
    createInterface({ input: server.stderr }).on("line", look);
    server.once("exit", (code) => fail(new Error(`mira serve ended with ${code}: ${seen.join("\n")}`)));
  });
}
