// What a machine with Rust and Node still lacks: system libraries, npm packages, Rust components.
// Installs it, or says what to install. Safe to run again; does nothing when all is there.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { fingerprint, once, root, which } from "./place.mjs";
import { Failed, run } from "./run.mjs";

/** The distribution's packages for Python are seen by the distribution's Python only. */
export const SYSTEM_PYTHON = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

const OLDEST_NODE = [20, 19];

/** Each line: what it is for, how to see that it is there, its name for apt, dnf and pacman. */
const NEEDS = {
  build: [
    need("to compile and link", () => which("cc"), "build-essential", "gcc", "base-devel"),
    need("to find system libraries", () => which("pkg-config"), "pkg-config", "pkgconf-pkg-config", "pkgconf"),
  ],
  desktop: [
    need("the window's web view", () => library("webkit2gtk-4.1"), "libwebkit2gtk-4.1-dev", "webkit2gtk4.1-devel", "webkit2gtk-4.1"),
    need("the window", () => library("gtk+-3.0"), "libgtk-3-dev", "gtk3-devel", "gtk3"),
    need("icons", () => library("librsvg-2.0"), "librsvg2-dev", "librsvg2-devel", "librsvg"),
    need("the session bus", () => library("dbus-1"), "libdbus-1-dev", "dbus-devel", "dbus"),
    need("the tray icon", () => shared("libayatana-appindicator3.so.1"), "libayatana-appindicator3-1", "libayatana-appindicator-gtk3", "libayatana-appindicator"),
  ],
  tests: [
    need("test repositories", () => which("git"), "git", "git", "git"),
    need("a screen for the window's tests", () => which("xvfb-run"), "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    need("to press buttons in the real window", () => which("WebKitWebDriver"), "webkit2gtk-driver", "webkit2gtk-driver", "webkit2gtk-4.1"),
    need("a session bus for the tests", () => which("dbus-run-session"), "dbus", "dbus-daemon", "dbus"),
    need("a keychain for the tests", () => which("gnome-keyring-daemon"), "gnome-keyring", "gnome-keyring", "gnome-keyring"),
    need("a window manager for the tests", () => which("openbox"), "openbox", "openbox", "openbox"),
    need("to press keys in native dialogs", () => which("xdotool"), "xdotool", "xdotool", "xdotool"),
    need("to press buttons in native dialogs", accessibility, ["at-spi2-core", "python3-gi", "gir1.2-atspi-2.0", "gir1.2-gtk-3.0"], ["at-spi2-core", "python3-gobject", "gtk3"], ["at-spi2-core", "python-gobject", "gtk3"]),
    need("elevated commands, in the tests, as a user of their own", () => which("sudo"), "sudo", "sudo", "sudo"),
    need("a network of its own, to count packets", () => which("ip") && which("unshare"), ["iproute2", "util-linux"], ["iproute", "util-linux"], ["iproute2", "util-linux"]),
    need("a program that knows proxies, in the tests of hosts", () => which("curl"), "curl", "curl", "curl"),
    need("the browser's tests", browser, "chromium", "chromium", "chromium"),
  ],
};

function need(why, present, apt, dnf, pacman) {
  return { why, present, names: { apt, dnf, pacman } };
}

/** The browser that the tests drive. */
export function browser() {
  return process.env.CHROME_PATH || ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(which).find(Boolean);
}

function library(name) {
  return quiet("pkg-config", ["--exists", name]);
}

function shared(name) {
  const folders = ["/usr/lib", "/usr/lib64", "/lib", `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`];
  return folders.some((folder) => existsSync(join(folder, name)));
}

function accessibility() {
  return quiet(SYSTEM_PYTHON, ["-c", "import gi; gi.require_version('Atspi', '2.0'); gi.require_version('Gtk', '3.0'); from gi.repository import Atspi, Gtk"]);
}

function quiet(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Node, Rust and the named groups of system packages. */
export async function tools(...groups) {
  const version = process.versions.node.split(".").map(Number);
  if (version[0] < OLDEST_NODE[0] || (version[0] === OLDEST_NODE[0] && version[1] < OLDEST_NODE[1])) {
    throw new Failed(`Node ${process.versions.node} is too old: Mira needs ${OLDEST_NODE.join(".")} or newer (https://nodejs.org).`);
  }
  if (!which("cargo")) throw new Failed("Rust is missing: install it from https://rustup.rs, open a new terminal, and run this again.");
  if (process.platform === "linux") await systemPackages(groups);
}

async function systemPackages(groups) {
  const missing = groups.flatMap((group) => NEEDS[group]).filter((item) => !item.present());
  if (missing.length === 0) return;
  const manager = ["apt-get", "dnf", "pacman"].find(which);
  const key = manager === "apt-get" ? "apt" : manager;
  const names = manager ? missing.flatMap((item) => item.names[key]) : [];
  console.log("Missing on this machine:");
  for (const item of missing) {
    const name = [item.names[key ?? "apt"]].flat().join(", ");
    console.log(`  ${name}: ${item.why}`);
  }
  if (!manager) {
    throw new Failed("This system has no apt, dnf or pacman. Install the packages above (Debian's names) by its own means and run this again.");
  }

  const install = { "apt-get": ["install", "-y", "--no-install-recommends"], dnf: ["install", "-y"], pacman: ["-S", "--needed", "--noconfirm"] }[manager];
  const prefix = process.getuid() === 0 ? [] : ["sudo"];
  const words = [...prefix, manager, ...install, ...names];
  if (prefix.length && !which("sudo")) {
    throw new Failed(`Installing needs an administrator. Run this as root, then start again:\n  ${words.slice(1).join(" ")}`);
  }
  console.log(`Installing them: ${words.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  if (manager === "apt-get") {
    // Old package lists name files that are gone; a failed update alone is no reason to stop.
    await run(prefix[0] ?? manager, [...(prefix.length ? [manager] : []), "update", "-qq"], { env }).catch((error) => console.warn(error.message));
  }
  await run(words[0], words.slice(1), { env }).catch(() => {
    throw new Failed(`The packages were not installed. Try it by hand and run this again:\n  ${words.join(" ")}`);
  });
  const still = missing.filter((item) => !item.present());
  for (const item of still) console.warn(`Still not found after installing: ${[item.names[key]].flat().join(", ")} (${item.why}).`);
}

/** npm packages, exactly as locked; only when the lock changed. */
export async function npmPackages() {
  const lock = fingerprint(["package-lock.json"]);
  await once("packages", lock, () => existsSync(join(root, "node_modules", ".package-lock.json")), () =>
    run("npm", ["ci", "--no-audit", "--no-fund"]),
  );
}

/** The interface's files in ui/dist; only when a source changed. */
export async function userInterface(log) {
  const sources = fingerprint(["ui", "package-lock.json"], (path) => /ui\/(dist|test|e2e)$/.test(path.replaceAll("\\", "/")));
  await once("interface", sources, () => existsSync(join(root, "ui", "dist", "index.html")), () =>
    run("npm", ["run", "--silent", "ui:build", "--", "--logLevel", "warn"], { log }),
  );
}

/** rustfmt and clippy, through rustup where it is there. */
export async function rustComponents() {
  const missing = ["rustfmt", "clippy"].filter((name) => !quiet("cargo", [name === "rustfmt" ? "fmt" : "clippy", "--version"]));
  if (missing.length === 0) return;
  if (!which("rustup")) throw new Failed(`Rust's ${missing.join(" and ")} are missing; install them with your Rust.`);
  await run("rustup", ["component", "add", ...missing]);
}

/** The version of the product, from the workspace. */
export function productVersion() {
  return /\[workspace\.package\]\s*version = "([^"]+)"/.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];
}
