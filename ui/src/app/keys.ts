// Which keys mean which action: the usual ones, what the person chose instead, and what collides.

import { onMac } from "../components/Button";
import type { Action } from "./actions";

/** Action → keys, as saved: "" takes the keys away. */
export type Overrides = Readonly<Record<string, string>>;

/** What is saved as JSON; anything that cannot be read changes nothing. */
export function readOverrides(json: string | undefined): Overrides {
  try {
    const value: unknown = JSON.parse(json ?? "{}");
    if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return {};
  }
}

/** The actions with the keys that hold now. */
export function bound(actions: readonly Action[], overrides: Overrides): Action[] {
  return actions.map((action) => {
    const chosen = overrides[action.id];
    if (chosen === undefined) return action;
    const { keys, ...rest } = action;
    void keys;
    return chosen === "" ? rest : { ...rest, keys: chosen };
  });
}

/** The other action that these keys already mean. */
export function taken(actions: readonly Action[], keys: string, by: string): Action | undefined {
  return actions.find((action) => action.id !== by && action.keys === keys);
}

/** What to save so that `id` has these keys: nothing where they are its usual ones. */
export function withKeys(overrides: Overrides, usual: Action, keys: string): Overrides {
  const { [usual.id]: before, ...rest } = overrides;
  void before;
  return keys === (usual.keys ?? "") ? rest : { ...rest, [usual.id]: keys };
}

const MODIFIERS = new Set(["Control", "Meta", "Alt", "AltGraph", "Shift", "CapsLock", "Dead", "Process", "Unidentified"]);
const FUNCTION = /^f([1-9]|1\d|2[0-4])$/;

/** A key press as "mod+shift+k"; `undefined` while only modifiers are down. */
export function pressed(event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string | undefined {
  if (MODIFIERS.has(event.key)) return undefined;
  // Alt (and Shift on some layouts) changes what a key writes: its place says which it is.
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1] ?? /^Digit(\d)$/.exec(event.code)?.[1];
  const key = (event.altKey && letter ? letter : event.key === " " ? "space" : event.key).toLowerCase();
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  // Shift is part of what a sign is ("?"), and a key of its own with letters and named keys.
  if (event.shiftKey && (key.length > 1 || /[a-z0-9]/.test(key))) parts.push("shift");
  return [...parts, key].join("+");
}

export type Unusable = "needsModifier" | "reserved";

/** Keys that writing, moving and the system need. */
const RESERVED = new Set(["mod+c", "mod+v", "mod+x", "mod+a", "mod+z", "mod+y", "alt+f4", "mod+q", "mod+w", ...(onMac ? ["mod+h", "mod+m"] : [])]);

/** Why these keys cannot be a shortcut; `undefined` where they can. */
export function unusable(keys: string): Unusable | undefined {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  if (RESERVED.has(keys)) return "reserved";
  if (!parts.includes("mod") && !parts.includes("alt") && !FUNCTION.test(key)) return "needsModifier";
  return undefined;
}

/** "mod+shift+k" and "shift+mod+k" are the same keys. */
export function canonical(keys: string): string {
  const parts = keys.toLowerCase().split("+").map((part) => part || "+");
  const key = parts.at(-1) ?? "";
  return [...["mod", "alt", "shift"].filter((name) => parts.slice(0, -1).includes(name)), key].join("+");
}
