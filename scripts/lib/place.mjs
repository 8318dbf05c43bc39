// Where things are: the repository, the build folder, the programs, the display.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { delimiter, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** One build folder for everything, outside the repository, so that a fresh clone starts warm. */
export const targetDir =
  process.env.CARGO_TARGET_DIR ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "mira-target");

/** The environment of every build step. */
export const buildEnv = { ...process.env, CARGO_TARGET_DIR: targetDir, CARGO_TERM_PROGRESS_WHEN: process.stdout.isTTY ? "auto" : "never" };

const exe = process.platform === "win32" ? ".exe" : "";

/** A built program, by profile folder ("debug", "release"). */
export const program = (name, profile = "debug") => join(targetDir, profile, name + exe);

/** The full path of a command, or undefined. */
export function which(name) {
  const folders = (process.env.PATH || "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name + exe)).find((path) => existsSync(path));
}

/** A hash over files and folders of the project: the same content gives the same text in every clone. */
export function fingerprint(paths, skip = () => false) {
  const hash = createHash("sha256");
  const add = (path) => {
    if (skip(path) || !existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name));
    } else {
      hash.update(relative(root, path)).update("\0").update(readFileSync(path)).update("\0");
    }
  };
  for (const path of paths) add(join(root, path));
  return hash.digest("hex");
}

/** Runs `work` unless it ran before with the same key and `still()` holds. True where it ran. */
export async function once(name, key, still, work) {
  const folder = join(root, "node_modules", ".cache", "mira");
  const file = join(folder, name);
  if (still() && existsSync(file) && readFileSync(file, "utf8") === key) return false;
  await work();
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, key);
  return true;
}

/** Whether a window can be opened here; on Linux the display is asked, not only named. */
export async function hasDisplay(env = process.env) {
  if (process.platform !== "linux") return true;
  if (env.WAYLAND_DISPLAY) {
    const socket = resolve(env.XDG_RUNTIME_DIR || "/run", env.WAYLAND_DISPLAY);
    if (await answers({ path: socket })) return true;
  }
  const match = /^(?<host>[^:]*):(?<number>\d+)/.exec(env.DISPLAY || "");
  if (!match) return false;
  const { host, number } = match.groups;
  if (host && host !== "unix") return answers({ host, port: 6000 + Number(number) });
  // The abstract socket (leading NUL) is there where /tmp is not shared.
  return (
    (await answers({ path: `/tmp/.X11-unix/X${number}` })) ||
    (await answers({ path: `\0/tmp/.X11-unix/X${number}` }))
  );
}

function answers(address) {
  return new Promise((done) => {
    const socket = connect({ ...address, timeout: 1_000 });
    const end = (result) => () => {
      socket.destroy();
      done(result);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
