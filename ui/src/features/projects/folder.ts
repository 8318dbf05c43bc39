// Choosing a folder: the system's own dialog where there is one, a path field elsewhere.

import { open } from "@tauri-apps/plugin-dialog";

/** The chosen absolute path, or nothing where the person stepped back. */
export async function chooseFolder(title: string): Promise<string | undefined> {
  const chosen = await open({ directory: true, multiple: false, title });
  return typeof chosen === "string" ? chosen : undefined;
}
