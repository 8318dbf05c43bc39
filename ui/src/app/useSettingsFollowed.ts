// The look, the language and the notifications as the engine has them saved. What this page
// remembers from the last time is only there so that the first picture is right.

import { useEffect, useRef } from "react";
import { look, type Look } from "../components/theme";
import { isChoice, speak } from "../i18n/language";
import { useClient } from "../protocol/queries";
import type { Saved } from "../protocol/saved";
import { isBeingSaved } from "../protocol/savedLook";
import { readNotify, watchNews } from "./attention";
import { place } from "./place";

const LOOK: Record<string, (value: string) => Partial<Look>> = {
  MIRA_THEME: (value) => ({ theme: value as Look["theme"] }),
  MIRA_CONTRAST: (value) => ({ contrast: value as Look["contrast"] }),
  MIRA_DENSITY: (value) => ({ density: value as Look["density"] }),
  MIRA_TEXT_SIZE: (value) => ({ size: Number(value) }),
};

export function useSettingsFollowed(saved: Saved): void {
  const { settings } = saved;
  const known = useRef(new Map<string, string>());
  useEffect(() => {
    for (const { name, value } of settings ?? []) {
      // What was just changed here is on the screen already; only news from the engine counts.
      if (known.current.get(name) === value) continue;
      known.current.set(name, value);
      if (isBeingSaved(name)) continue;
      const change = LOOK[name]?.(value);
      if (change) look.set(change);
      if (name === "MIRA_LANGUAGE" && isChoice(value)) void speak(value);
    }
  }, [settings]);

  const client = useClient();
  const latest = useRef(saved);
  useEffect(() => {
    latest.current = saved;
  });
  useEffect(() => {
    if (client.kind === "window") return undefined;
    const value = (name: string) => latest.current.of(name)?.value ?? "";
    return watchNews(
      client,
      () => readNotify(value("MIRA_NOTIFY"), value("MIRA_NOTIFY_SOUND")),
      (sessionId) => {
        place.set({ view: "chat", sessionId });
      },
    );
  }, [client]);
}
