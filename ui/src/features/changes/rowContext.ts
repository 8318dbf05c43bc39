// What the rows of a review know and can do.

import { createContext, useContext } from "react";
import { t } from "../../i18n";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";
import type { Side } from "../../protocol/generated/Side";
import type { ReviewFile } from "./model";
import type { Gap, Row } from "./rows";
import type { Part } from "./useUnfolded";

export interface RowActions {
  projectId: string | undefined;
  current: string | undefined;
  /** Row keys that the line cursor stands on or has marked. */
  marked: ReadonlySet<string>;
  editor: string | undefined;
  setCurrent: (step: string) => void;
  setCursor: (row: Row, extend: boolean) => void;
  fold: (path: string) => void;
  decide: (file: ReviewFile, hunk: string | undefined, mark: ReviewMark) => void;
  unfold: (file: ReviewFile, gap: Gap, part: Part) => void;
  openFile: (path: string, line?: number) => void;
  openInEditor: (path: string, line?: number) => void;
  beginComment: (row: Row) => void;
  saveDraft: (text: string) => Promise<boolean>;
  dismissDraft: () => void;
  draftLabel: string;
  draftKey: string;
  editComment: (id: string, text: string) => Promise<boolean>;
  removeComment: (id: string) => void;
  showOperation: (id: string) => void;
}

export const RowContext = createContext<RowActions | undefined>(undefined);

export function useRow(): RowActions {
  const actions = useContext(RowContext);
  if (!actions) throw new Error("no review above this row");
  return actions;
}

/** "src/a.rs:3-5"; on the old side that is said too. */
export function shownPlace(place: { path: string; side: Side; line: number }, endLine = place.line): string {
  const shown = endLine > place.line ? `${place.path}:${place.line}-${endLine}` : `${place.path}:${place.line}`;
  return place.side === "before" ? t.changes.oldPlace({ place: shown }) : shown;
}
