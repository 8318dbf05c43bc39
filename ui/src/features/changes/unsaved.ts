// Words of remarks that are not saved yet: they outlive a reload, a scroll and another tab of the inspector.

import { read, write } from "../../components/store";
import type { Place } from "./rows";

const NAME = "mira.remarks";
/** So that forgotten words of long ago do not pile up. */
const MOST = 50;

/** A remark that is being written; it is about `place.line` to `endLine`. */
export interface Draft {
  place: Place;
  endLine: number;
}

interface Unsaved {
  draft?: Draft;
  text?: string;
}

function all(): Record<string, Unsaved> {
  return read(NAME) as Record<string, Unsaved>;
}

function keep(key: string, value: Unsaved | undefined): void {
  const rest = Object.entries(all())
    .filter(([other]) => other !== key)
    .slice(-MOST + 1);
  write(NAME, Object.fromEntries(value ? [...rest, [key, value]] : rest));
}

/** `key`: the session whose new remark it is, or "edit" and the remark that is changed, or "send" and a session. */
export function unsavedText(key: string): string | undefined {
  return all()[key]?.text;
}

export function keepText(key: string, text: string | undefined): void {
  const before = all()[key];
  keep(key, text ? { ...before, text } : before?.draft && text === "" ? { draft: before.draft } : undefined);
}

export function unsavedDraft(key: string): Draft | undefined {
  const draft = all()[key]?.draft;
  return draft && typeof draft.place?.path === "string" && typeof draft.place.line === "number" ? draft : undefined;
}

export function keepDraft(key: string, draft: Draft | undefined): void {
  keep(key, draft ? { ...all()[key], draft } : undefined);
}
