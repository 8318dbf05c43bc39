// A screen, a session bus, a keychain and a window manager, all of the test's own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { status } from "./run.mjs";

const INSIDE = `
printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
openbox >/dev/null 2>&1 &
manager=$!
"$@"
code=$?
kill "$manager" 2>/dev/null
exit $code
`;

/** Runs a program inside; its code is the result. */
export async function underXvfb(command, args, options = {}) {
  const home = mkdtempSync(join(tmpdir(), "mira-desktop-"));
  const env = {
    ...options.env,
    HOME: home,
    XDG_DATA_HOME: join(home, "data"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_RUNTIME_DIR: home,
    NO_AT_BRIDGE: "0",
    WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    WAYLAND_DISPLAY: "",
    // The fakes of the tests, not the keys of whoever runs them.
    OPENAI_API_KEY: "",
    GEMINI_API_KEY: "",
  };
  try {
    const words = ["-a", "-s", "-screen 0 1440x900x24 -nolisten tcp", "dbus-run-session", "--", "sh", "-c", INSIDE, "sh", command, ...args];
    return await status("xvfb-run", words, { ...options, env });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
