// The review's keys. Pure: what a key means, not what happens.

export type Command =
  | "next"
  | "previous"
  | "next file"
  | "previous file"
  | "keep"
  | "reject"
  | "undecided"
  | "turn all"
  | "keep all"
  | "fold"
  | "unfold"
  | "split"
  | "comment"
  | "editor"
  | "line down"
  | "line up"
  | "lines down"
  | "lines up";

const KEYS: Record<string, Command> = {
  j: "next",
  k: "previous",
  J: "next file",
  K: "previous file",
  "]": "next file",
  "[": "previous file",
  y: "keep",
  n: "reject",
  u: "undecided",
  U: "turn all",
  Y: "keep all",
  z: "fold",
  e: "unfold",
  s: "split",
  c: "comment",
  o: "editor",
};

export function commandOf(event: { key: string; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; altKey: boolean }): Command | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.key === "ArrowDown") return event.shiftKey ? "lines down" : "line down";
  if (event.key === "ArrowUp") return event.shiftKey ? "lines up" : "line up";
  return Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : undefined;
}
