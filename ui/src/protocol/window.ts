// What only the desktop shell can tell or do: folders and links that others hand over, windows,
// updates.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { getCurrentWebviewWindow } from "@tauri-apps/api/webviewWindow";
import { isFailure, RequestFailed } from "./client";

interface NativeInfo {
  open_project_id: string | null;
  link: DeepLink | null;
}

/** What a `mira:` link asks for, as the shell has checked it. */
export type DeepLink = { kind: "session"; session_id: string } | { kind: "open"; path: string } | { kind: "broken" };

export interface HandedOver {
  project(projectId: string): void;
  link(link: DeepLink): void;
  /** An action of the tray, by its id. */
  action(id: string): void;
}

/**
 * Calls back with what a command line, a link or the tray asks of this window: this start's, and
 * later what a second start hands over. Returns the way to stop.
 */
export function onHandedOver(show: HandedOver): () => void {
  let stopped = false;
  const here = getCurrentWebviewWindow().label;
  const to = { target: { kind: "WebviewWindow" as const, label: here } };
  const tell = <T>(name: string, call: (payload: T) => void) =>
    listen<T>(
      name,
      (event) => {
        if (!stopped) call(event.payload);
      },
      to,
    );
  const listening = [
    tell<string>("open-project", (id) => {
      show.project(id);
    }),
    tell<DeepLink>("open-link", (link) => {
      show.link(link);
    }),
    tell<string>("action", (id) => {
      show.action(id);
    }),
  ];
  invoke<NativeInfo>("native_info").then(
    (info) => {
      if (stopped) return;
      if (info.open_project_id) show.project(info.open_project_id);
      if (info.link) show.link(info.link);
    },
    () => {
      // The engine did not open; the shell shows its own page about that.
    },
  );
  return () => {
    stopped = true;
    for (const one of listening) void one.then((stop) => { stop(); });
  };
}

/** A file or folder dropped on the window, where the page itself is given none. */
interface Dropped {
  name: string;
  folder: boolean;
  size: number;
  data_base64: string | null;
}

/** What a message takes of a file. */
export type DroppedFile = Pick<File, "name" | "type" | "size" | "arrayBuffer">;

const IMAGES: Record<string, string> = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp" };

/** Calls back with files and names of folders that the shell took from a drop. Returns the way to stop. */
export function onDropped(take: (files: DroppedFile[], folders: string[]) => void): () => void {
  let stopped = false;
  const to = { target: { kind: "WebviewWindow" as const, label: getCurrentWebviewWindow().label } };
  const listening = listen<Dropped[]>(
    "dropped",
    ({ payload }) => {
      if (stopped) return;
      const files = payload.filter((one) => !one.folder).map(fileOf);
      take(files, payload.filter((one) => one.folder).map((one) => one.name));
    },
    to,
  );
  return () => {
    stopped = true;
    void listening.then((stop) => { stop(); });
  };
}

function fileOf({ name, size, data_base64 }: Dropped): DroppedFile {
  const ending = name.toLowerCase().split(".").at(-1) ?? "";
  const arrayBuffer = () =>
    data_base64 === null
      ? Promise.reject(new Error(`${name} could not be read`))
      : Promise.resolve(Uint8Array.from(atob(data_base64), (letter) => letter.charCodeAt(0)).buffer);
  return { name, type: IMAGES[ending] ?? "", size, arrayBuffer };
}

/** Tells the shell which project this window shows, so that the next start finds it. */
export function tellProject(projectId: string | undefined): void {
  asked("tell_project", { projectId: projectId ?? null }).catch(() => {
    // Only the choice of a window depends on it.
  });
}

/** Opens a window of its own for the project, or brings the one that shows it forward. */
export async function openWindow(projectId: string): Promise<void> {
  await asked("open_window", { projectId });
}

export interface UpdateState {
  /** The build or the environment names an address and a key. */
  configured: boolean;
  available: { version: string; notes: string } | null;
}

export async function checkForUpdate(): Promise<UpdateState> {
  return asked<UpdateState>("update_check", {});
}

/** Loads, checks the signature, installs, starts again: returns only where that failed. */
export async function installUpdate(): Promise<void> {
  await asked("update_install", {});
}

async function asked<T>(command: string, args: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (error) {
    if (isFailure(error)) throw new RequestFailed(error);
    throw error;
  }
}
