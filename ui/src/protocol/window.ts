// What only the desktop shell can tell: which folder the app was started with.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

interface NativeInfo {
  open_project_id: string | null;
}

/**
 * Calls back with the project that a command line named: this start's, and later those of a second
 * start, which hands its folder to this window. Returns the way to stop.
 */
export function onNamedProject(show: (projectId: string) => void): () => void {
  let stopped = false;
  const tell = (projectId: string | null) => {
    if (projectId && !stopped) show(projectId);
  };
  const unlisten = listen<string>("open-project", (event) => {
    tell(event.payload);
  });
  invoke<NativeInfo>("native_info").then(
    (info) => {
      tell(info.open_project_id);
    },
    () => {
      // The engine did not open; the shell shows its own page about that.
    },
  );
  return () => {
    stopped = true;
    void unlisten.then((stop) => {
      stop();
    });
  };
}
