// Running other programs.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

import { buildEnv, root } from "./place.mjs";

export class Failed extends Error {}

/**
 * Runs a program to its end; its output goes to the terminal, or to `log` (a file) alone.
 * Resolves to its exit code (128 + signal number counts as 1). Rejects where it cannot be started.
 * One that runs for more than `limitMs` is ended with everything that it started, and has failed.
 */
export function status(command, args, { env = {}, cwd = root, log, input, limitMs } = {}) {
  return new Promise((done, fail) => {
    const stdio = log ? ["pipe", "pipe", "pipe"] : [input === undefined ? "inherit" : "pipe", "inherit", "inherit"];
    // A group of its own, so that all of it can be ended.
    const detached = Boolean(limitMs) && process.platform !== "win32";
    const child = spawn(command, args, { cwd, env: { ...buildEnv, ...env }, stdio, detached, shell: needsShell(command) });
    const limit = limitMs && setTimeout(() => {
      file?.write(`\nended: it still ran after ${Math.round(limitMs / 1000)} s\n`);
      endGroup(child, detached);
    }, limitMs);
    const file = log && createWriteStream(log, { flags: "a" });
    if (file) {
      file.write(`$ ${[command, ...args].join(" ")}\n`);
      child.stdout.pipe(file, { end: false });
      child.stderr.pipe(file, { end: false });
    }
    child.stdin?.end(input);
    child.once("error", (error) => {
      clearTimeout(limit);
      file?.end();
      fail(new Failed(`${command} could not be started: ${error.message}`));
    });
    child.once("close", (code) => {
      clearTimeout(limit);
      const end = () => done(code ?? 1);
      if (file) file.end(end);
      else end();
    });
  });
}

function endGroup(child, detached) {
  // What left the group may hold the pipes open; nobody waits for it.
  child.once("exit", () => setTimeout(() => child.stdio.forEach((stream) => stream?.destroy()), 1_000));
  try {
    process.kill(detached ? -child.pid : child.pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}

/** As `status`, but a code other than 0 is an error. */
export async function run(command, args, options) {
  const code = await status(command, args, options);
  if (code !== 0) throw new Failed(`\`${[command, ...args].join(" ")}\` ended with ${code}.`);
}

/** npm and npx are scripts on Windows. */
function needsShell(command) {
  return process.platform === "win32" && /^np[mx]$/.test(command);
}

/** Ends the whole script with one line for people. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    console.error(error instanceof Failed ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
