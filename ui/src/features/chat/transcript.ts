// The conversation as a pure fold of what the engine told.
//
// Stored steps stand in the order of their number and are taken once; signals only decorate the
// end with what is being written right now. After the last step of an operation nothing of its
// signals is left, so that a reload, a replay and a live view show the same.

import type { Approval } from "../../protocol/generated/Approval";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { DecidedBy } from "../../protocol/generated/DecidedBy";
import type { Decision } from "../../protocol/generated/Decision";
import type { Failure } from "../../protocol/generated/Failure";
import type { FileChangeSummary } from "../../protocol/generated/FileChangeSummary";
import type { Fragment } from "../../protocol/generated/Fragment";
import type { JsonValue } from "../../protocol/generated/serde_json/JsonValue";
import type { NoticeLevel } from "../../protocol/generated/NoticeLevel";
import type { OperationKind } from "../../protocol/generated/OperationKind";
import type { OperationState } from "../../protocol/generated/OperationState";
import type { Pause } from "../../protocol/generated/Pause";
import type { Receipt } from "../../protocol/generated/Receipt";
import type { RewindWhat } from "../../protocol/generated/RewindWhat";
import type { Signal } from "../../protocol/generated/Signal";
import type { StoredEvent } from "../../protocol/generated/StoredEvent";
import type { Tier } from "../../protocol/generated/Tier";
import type { Usage } from "../../protocol/generated/Usage";

export type ToolState = "writing" | "called" | "waiting" | "running" | "done" | "failed" | "unanswered";

export interface UserItem {
  kind: "user";
  key: string;
  seq: number;
  at: number;
  operationId: string | undefined;
  content: string;
  attachments: Attachment[];
  fragments: Fragment[];
  steering: boolean;
}

export interface HeaderItem {
  kind: "header";
  key: string;
  seq: number;
  at: number;
  operationId: string;
}

export interface TextItem {
  kind: "assistant" | "reasoning";
  key: string;
  seq: number | undefined;
  at: number;
  operationId: string | undefined;
  text: string;
  /** A broken or cancelled stream left it. */
  partial: boolean;
  /** The stream broke here and another answer came instead. */
  superseded: boolean;
  streaming: boolean;
  /** Pieces are missing here; the finished message will repeat them. */
  gap: boolean;
  /** How long `text` is in Unicode characters, while it streams. */
  characters: number | undefined;
}

export interface ToolItem {
  kind: "tool";
  key: string;
  seq: number | undefined;
  at: number;
  operationId: string | undefined;
  callId: string;
  tool: string;
  arguments: JsonValue;
  state: ToolState;
  /** Bytes of arguments while the model still writes them. */
  bytes: number;
  command: string | undefined;
  startedAt: number | undefined;
  /** What the running tool printed so far; the result replaces it. */
  live: string;
  output: string;
  /** The output as the terminal showed it; none where it had no colour. */
  coloured: string | undefined;
  summary: string;
  durationMs: number | undefined;
  truncated: boolean;
  changes: FileChangeSummary[];
  approvalId: string | undefined;
}

export interface NoticeItem {
  kind: "notice";
  key: string;
  seq: number;
  at: number;
  operationId: string | undefined;
  level: NoticeLevel;
  code: string;
  text: string;
  until: number | undefined;
}

export interface CompactedItem {
  kind: "compacted";
  key: string;
  seq: number;
  at: number;
  operationId: string | undefined;
  summary: string;
  droppedItems: number;
  droppedTokens: number;
  keptTokens: number;
}

export interface MarkItem {
  kind: "mark";
  key: string;
  seq: number;
  at: number;
  operationId: string | undefined;
  mark:
    | { type: "undone"; operationId: string; undone: boolean; paths: string[] }
    | { type: "forked"; fromSessionId: string }
    | RewoundMark
    | { type: "job"; jobId: string; command: string; running: boolean; exitCode: number | undefined };
}

export interface RewoundMark {
  type: "rewound";
  what: RewindWhat;
  /** The first step that it went back behind. */
  toSeq: number;
  paths: string[];
  /** An earlier one was taken back. */
  back: boolean;
  /** Messages that left, or came back; unknown where not all of them are loaded. */
  messages: number | undefined;
  /** The newest one, which can be taken back. */
  newest: boolean;
}

export interface EndItem {
  kind: "end";
  key: string;
  seq: number;
  at: number;
  operationId: string;
}

export type Item =
  | UserItem
  | HeaderItem
  | TextItem
  | ToolItem
  | NoticeItem
  | CompactedItem
  | MarkItem
  | EndItem;

export interface ModelCall {
  call: number;
  provider: string;
  model: string;
  estimatedInputTokens: number;
  startedAt: number;
  usage: Usage | undefined;
  costMicroUsd: number | undefined;
  durationMs: number | undefined;
  firstTokenMs: number | undefined;
  finish: string | undefined;
}

export interface OperationView {
  id: string;
  /** The first line of the message that it answers. */
  words: string;
  state: OperationState;
  kind: OperationKind | undefined;
  reason: string | undefined;
  tier: Tier | undefined;
  model: string | undefined;
  provider: string | undefined;
  routeReason: string | undefined;
  receipts: Receipt[];
  calls: ModelCall[];
  startedAt: number;
  finishedAt: number | undefined;
  durationMs: number | undefined;
  costMicroUsd: number;
  usage: Usage;
  failure: Failure | undefined;
  changes: FileChangeSummary[];
  undone: boolean;
  /** The money does not suffice for its next call, and the person is asked. */
  pause: Pause | undefined;
  /** What it does right now; empty once it ended. */
  activity: { text: string; since: number } | undefined;
}

export interface ApprovalView {
  approval: Approval;
  decision: Decision | undefined;
  by: DecidedBy | undefined;
}

export interface Transcript {
  sessionId: string;
  /** The first step that was taken; those before it are not loaded. */
  firstSeq: number;
  lastSeq: number;
  name: string | undefined;
  /** Stored items in order, then those that are still being written. */
  items: readonly Item[];
  /** So many items at the beginning belong to operations that have ended. */
  settled: number;
  /** Messages that wait for their turn, in order. */
  queued: readonly UserItem[];
  operations: ReadonlyMap<string, OperationView>;
  /** Those that a rewind went back behind: no longer part of the conversation, and paid for. */
  gone: ReadonlyMap<string, OperationView>;
  approvals: ReadonlyMap<string, ApprovalView>;
  /** Steps that came too early, waiting for those before them. */
  early: ReadonlyMap<number, StoredEvent>;
  /** The steps that were taken, hidden ones too. The same list as long as only signals came. */
  log: readonly StoredEvent[];
  /** What was told of things that stand before the first step. */
  before: Before;
}

export interface Before {
  undone: ReadonlyMap<string, boolean>;
  /** Ended jobs with their exit code. */
  jobs: ReadonlyMap<string, number | undefined>;
}

export const NO_USAGE: Usage = {
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
};

/** Nothing yet; the next step to take is the one after `since`. */
export function emptyTranscript(sessionId: string, since = 0): Transcript {
  return {
    sessionId,
    firstSeq: since + 1,
    lastSeq: since,
    name: undefined,
    items: [],
    settled: 0,
    queued: [],
    operations: new Map(),
    gone: new Map(),
    approvals: new Map(),
    early: new Map(),
    log: [],
    before: { undone: new Map(), jobs: new Map() },
  };
}

export function isTerminal(state: OperationState): boolean {
  return state === "COMPLETED" || state === "FAILED" || state === "CANCELLED" || state === "INTERRUPTED";
}

export type Input = { kind: "stored"; event: StoredEvent } | { kind: "signal"; signal: Signal };

/** True while steps are missing between the last one taken and those that wait. */
export function hasGap(transcript: Transcript): boolean {
  return transcript.early.size > 0;
}

/** The operation that runs or waits now, or is about to start. */
export function runningOperation(transcript: Transcript): OperationView | undefined {
  let starting: OperationView | undefined;
  for (const operation of transcript.operations.values()) {
    if (isTerminal(operation.state)) continue;
    if (operation.state !== "PENDING") return operation;
    if (!isQueued(transcript, operation.id)) starting ??= operation;
  }
  return starting;
}

export function isQueued(transcript: Transcript, operationId: string): boolean {
  return transcript.queued.some((item) => item.operationId === operationId);
}

export function queuedOperations(transcript: Transcript): OperationView[] {
  return transcript.queued.flatMap((item) => transcript.operations.get(item.operationId ?? "") ?? []);
}

export function pendingApprovals(approvals: Transcript["approvals"]): Approval[] {
  return [...approvals.values()].filter((view) => !view.decision).map((view) => view.approval);
}
