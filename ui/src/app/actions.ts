// Every action of the window in one list: the palette shows it, keys and strokes call it.

import type { t } from "../i18n";

export type ActionGroup = keyof typeof t.palette.groups;

export interface Action {
  id: string;
  title: string;
  group: ActionGroup;
  /** As "mod+shift+k". */
  keys?: string;
  /** As typed after a stroke in the message field. */
  slash?: string;
  /** Other words that find it. */
  words?: string;
  enabled?: boolean;
  run: () => void;
}

export function isEnabled(action: Action): boolean {
  return action.enabled !== false;
}

/** True where the event is this combination; "mod" is Ctrl, or Cmd on a Mac. */
export function matches(event: KeyboardEvent, keys: string): boolean {
  const parts = keys.split("+").map((part) => part || "+");
  const key = parts.at(-1) ?? "";
  const wants = (name: string) => parts.slice(0, -1).includes(name);
  const mod = event.ctrlKey || event.metaKey;
  if (mod !== wants("mod") || event.altKey !== wants("alt")) return false;
  if (event.shiftKey !== wants("shift") && key.length > 1) return false;
  if (key.length === 1 && /[a-z]/.test(key) && event.shiftKey !== wants("shift")) return false;
  return event.key.toLowerCase() === key || (key === "=" && event.key === "+");
}

/** The action that a key press means, if any. */
export function actionFor(event: KeyboardEvent, actions: readonly Action[]): Action | undefined {
  return actions.find((action) => action.keys !== undefined && isEnabled(action) && matches(event, action.keys));
}

