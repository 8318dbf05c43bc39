// Trouble that undo or redo met somewhere else in the window: the review takes it up, where it can be solved.

import { createStore } from "../../components/store";
import type { UndoConflict } from "../../protocol/generated/UndoConflict";

export interface Handed {
  operationId: string;
  by: "undo" | "redo";
  conflicts: readonly UndoConflict[];
}

export const handed = createStore<{ trouble: Handed | undefined }>({ trouble: undefined });
