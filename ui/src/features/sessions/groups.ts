// How the list of sessions is divided. Pure: the present moment is an argument.

import type { Session } from "../../protocol/generated/Session";
import { sameDay } from "../../i18n/format";

export interface Group {
  id: "pinned" | "today" | "yesterday" | "earlier";
  sessions: Session[];
}

const DAY_MS = 86_400_000;

/** Pinned first, then by the day of the last activity; empty groups are left out. */
export function groups(sessions: readonly Session[], now: number): Group[] {
  const all: Group[] = [
    { id: "pinned", sessions: [] },
    { id: "today", sessions: [] },
    { id: "yesterday", sessions: [] },
    { id: "earlier", sessions: [] },
  ];
  for (const session of sessions) {
    const id = session.pinned
      ? "pinned"
      : sameDay(session.last_active_at, now)
        ? "today"
        : sameDay(session.last_active_at, now - DAY_MS)
          ? "yesterday"
          : "earlier";
    all.find((group) => group.id === id)?.sessions.push(session);
  }
  return all.filter((group) => group.sessions.length > 0);
}
