// Mounts the whole window over a scripted engine.

import { render } from "@testing-library/react";
import { habits, panes, place } from "../src/app/place";
import { Shell } from "../src/app/Shell";
import { TipProvider } from "../src/components/Tip";
import { ToastProvider } from "../src/components/toasts";
import { Client } from "../src/protocol/client";
import { ProtocolProvider } from "../src/protocol/queries";
import { fakeEngine } from "./fakeEngine";
import type { ScriptedTransport } from "./scripted";

export interface Mounted {
  engine: ScriptedTransport;
  unmount: () => void;
}

/** `state` as in the fake engine; messages are delivered at once instead of once a frame, and toasts wait however slow the machine is. */
export function mount(state = "", options: { first?: boolean; session?: string | undefined; prepare?: (engine: ScriptedTransport) => void } = {}): Mounted {
  const engine = fakeEngine(state);
  options.prepare?.(engine);
  panes.set({ sidebar: true, inspector: true, tab: "changes" });
  habits.set({ welcomed: !options.first, modelChosen: !options.first, tier: undefined, model: undefined, access: "project", seen: {} });
  place.set({
    view: "chat",
    projectId: options.first ? undefined : "prj_1",
    sessionId: options.first ? undefined : "session" in options ? options.session : "ses_1",
    settingsTab: "models",
    healthTab: "doctor",
  });
  const client = new Client(engine, (run) => {
    run();
  });
  const { unmount } = render(
    <ProtocolProvider client={client}>
      <TipProvider>
        <ToastProvider lasting>
          <Shell />
        </ToastProvider>
      </TipProvider>
    </ProtocolProvider>,
  );
  return { engine, unmount };
}
