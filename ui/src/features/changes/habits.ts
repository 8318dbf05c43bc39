// How the person likes to review, and what a review is given.

import { createStore } from "../../components/store";
import type { Tier } from "../../protocol/generated/Tier";
import type { Scope } from "./model";

export const reviewHabits = createStore<{ split: boolean; tree: boolean; scope: Scope["kind"] }>(
  { split: false, tree: true, scope: "operation" },
  "mira.review",
);

/** Who is asked by what is sent from here. */
export interface Choice {
  tier: Tier | undefined;
  model: string | undefined;
}

export interface ReviewTarget {
  operationId: string;
  label: string;
}

export interface ChangesProps {
  /** Over the conversation, not beside it. */
  large: boolean;
  onLarge: (large: boolean) => void;
  sessionId: string | undefined;
  projectId: string | undefined;
  isGit: boolean;
  /** Operations of the session that changed files, newest first. */
  targets: ReviewTarget[];
  selected: string | undefined;
  onSelect: (operationId: string) => void;
  onOpenFile: (path: string, line?: number) => void;
  /** The session that remarks belong to; made where there is none. */
  ensureSession: () => Promise<string>;
  choice: Choice;
  /** Sends all remarks with these words before them. */
  onSend: (words: string) => Promise<void>;
}
