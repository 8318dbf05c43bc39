// Every action of the window in one list: the palette shows it, keys and strokes call it.

import type { t } from "../i18n";
import { canonical, pressed } from "./keys";

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

/** The keys of an action as they stand now. */
export function keysOf(actions: readonly Action[], id: string): string | undefined {
  return actions.find((action) => action.id === id)?.keys;
}

/** True where the event is this combination; "mod" is Ctrl, or Cmd on a Mac. */
export function matches(event: KeyboardEvent, keys: string): boolean {
  const now = pressed(event);
  if (now === undefined) return false;
  const wanted = canonical(keys);
  // "+" and "=" share a key on most layouts.
  return now === wanted || (wanted.endsWith("=") && now === wanted.replace(/=$/, "+"));
}

/** The action that a key press means, if any. */
export function actionFor(event: KeyboardEvent, actions: readonly Action[]): Action | undefined {
  return actions.find((action) => action.keys !== undefined && isEnabled(action) && matches(event, action.keys));
}

