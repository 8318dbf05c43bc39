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
import type { JsonValue } from "../../protocol/generated/serde_json/JsonValue";
import type { NoticeLevel } from "../../protocol/generated/NoticeLevel";
import type { OperationKind } from "../../protocol/generated/OperationKind";
import type { OperationState } from "../../protocol/generated/OperationState";
import type { Receipt } from "../../protocol/generated/Receipt";
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
    | { type: "job"; jobId: string; command: string; running: boolean; exitCode: number | undefined };
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
  lastSeq: number;
  name: string | undefined;
  /** Stored items in order, then those that are still being written. */
  items: readonly Item[];
  operations: ReadonlyMap<string, OperationView>;
  approvals: ReadonlyMap<string, ApprovalView>;
  /** Steps that came too early, waiting for those before them. */
  early: ReadonlyMap<number, StoredEvent>;
}

export const NO_USAGE: Usage = {
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
};

/** Characters of live output that are kept for the screen. */
const LIVE_LIMIT = 100_000;

export function emptyTranscript(sessionId: string): Transcript {
  return {
    sessionId,
    lastSeq: 0,
    name: undefined,
    items: [],
    operations: new Map(),
    approvals: new Map(),
    early: new Map(),
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

/** The operation that runs or waits now; the newest where several are queued behind it. */
export function runningOperation(transcript: Transcript): OperationView | undefined {
  let queued: OperationView | undefined;
  for (const operation of transcript.operations.values()) {
    if (isTerminal(operation.state)) continue;
    if (operation.state !== "PENDING") return operation;
    queued ??= operation;
  }
  return queued;
}

export function queuedOperations(transcript: Transcript): OperationView[] {
  const running = runningOperation(transcript);
  return [...transcript.operations.values()].filter(
    (operation) => operation.state === "PENDING" && operation !== running,
  );
}

export function pendingApprovals(transcript: Transcript): Approval[] {
  return [...transcript.approvals.values()].filter((view) => !view.decision).map((view) => view.approval);
}

/** Takes messages of this session, in any order and any number of times. Never changes its input. */
export function fold(before: Transcript, inputs: readonly Input[]): Transcript {
  const draft = new Draft(before);
  for (const input of inputs) {
    if (input.kind === "stored") draft.arrive(input.event);
    else draft.signal(input.signal);
  }
  return draft.finish();
}

class Draft {
  private readonly before: Transcript;
  private readonly stored: Item[];
  private readonly live: Item[];
  private readonly index = new Map<string, number>();
  private readonly operations: Map<string, OperationView>;
  private readonly approvals: Map<string, ApprovalView>;
  private readonly early: Map<number, StoredEvent>;
  private lastSeq: number;
  private name: string | undefined;
  private touched = false;

  constructor(before: Transcript) {
    this.before = before;
    this.stored = before.items.filter((item) => item.seq !== undefined);
    this.live = before.items.filter((item) => item.seq === undefined);
    this.stored.forEach((item, position) => this.index.set(item.key, position));
    this.operations = new Map(before.operations);
    this.approvals = new Map(before.approvals);
    this.early = new Map(before.early);
    this.lastSeq = before.lastSeq;
    this.name = before.name;
  }

  finish(): Transcript {
    if (!this.touched) return this.before;
    return {
      sessionId: this.before.sessionId,
      lastSeq: this.lastSeq,
      name: this.name,
      items: [...this.stored, ...this.live],
      operations: this.operations,
      approvals: this.approvals,
      early: this.early,
    };
  }

  arrive(event: StoredEvent): void {
    if (event.session_id !== this.before.sessionId || event.seq <= this.lastSeq) return;
    this.touched = true;
    this.early.set(event.seq, event);
    for (;;) {
      const next = this.early.get(this.lastSeq + 1);
      if (!next) return;
      this.early.delete(next.seq);
      this.lastSeq = next.seq;
      this.take(next);
    }
  }

  private take(event: StoredEvent): void {
    const { seq, at } = event;
    const operationId = event.operation_id ?? undefined;
    if (operationId) this.operation(operationId, at);
    switch (event.event_type) {
      case "user_message": {
        const { message_id, content, attachments, steering } = event.data;
        const item: UserItem = {
          kind: "user",
          key: `user:${message_id}`,
          seq,
          at,
          operationId,
          content,
          attachments: attachments ?? [],
          steering,
        };
        this.push(item);
        break;
      }
      case "operation_state": {
        if (!operationId) break;
        const { state, kind, reason } = event.data;
        this.change(operationId, at, { state, reason: reason ?? undefined, ...(kind ? { kind } : {}) });
        if (state !== "PENDING") this.header(operationId, seq, at);
        break;
      }
      case "routed": {
        if (!operationId) break;
        const { tier, model, provider, reason } = event.data;
        this.change(operationId, at, { tier, model, provider, routeReason: reason });
        this.header(operationId, seq, at);
        break;
      }
      case "context_gathered": {
        if (!operationId) break;
        const receipts = [...this.operation(operationId, at).receipts, event.data.receipt];
        this.change(operationId, at, { receipts });
        break;
      }
      case "model_call_started": {
        if (!operationId) break;
        const { call, provider, model, estimated_input_tokens } = event.data;
        const started: ModelCall = {
          call,
          provider,
          model,
          estimatedInputTokens: estimated_input_tokens,
          startedAt: at,
          usage: undefined,
          costMicroUsd: undefined,
          durationMs: undefined,
          firstTokenMs: undefined,
          finish: undefined,
        };
        this.change(operationId, at, { calls: [...this.operation(operationId, at).calls, started] });
        this.header(operationId, seq, at);
        break;
      }
      case "model_call_finished": {
        if (!operationId) break;
        const { call, usage, cost_micro_usd, duration_ms, first_token_ms, finish } = event.data;
        const operation = this.operation(operationId, at);
        const finished = {
          usage,
          costMicroUsd: cost_micro_usd ?? undefined,
          durationMs: duration_ms,
          firstTokenMs: first_token_ms ?? undefined,
          finish,
        };
        this.change(operationId, at, {
          calls: operation.calls.map((one) => (one.call === call ? { ...one, ...finished } : one)),
          costMicroUsd: operation.costMicroUsd + (cost_micro_usd ?? 0),
          usage: sum(operation.usage, usage),
        });
        break;
      }
      case "notice": {
        const { level, code, text, until } = event.data;
        this.push({ kind: "notice", key: `step:${seq}`, seq, at, operationId, level, code, text, until: until ?? undefined });
        break;
      }
      case "reasoning":
      case "assistant_message":
        this.message(event, operationId);
        break;
      case "tool_call": {
        const { call_id, tool, arguments: args } = event.data;
        const item: ToolItem = { ...this.tool(call_id, operationId, at), seq, at, tool, arguments: args, state: "called" };
        this.push(item);
        break;
      }
      case "tool_started":
        this.changeTool(event.data.call_id, {
          state: "running",
          startedAt: at,
          command: event.data.command ?? undefined,
        });
        break;
      case "tool_result": {
        const { call_id, success, output, summary, duration_ms, truncated, changes } = event.data;
        this.changeTool(call_id, {
          state: success ? "done" : "failed",
          output,
          summary,
          durationMs: duration_ms,
          truncated,
          changes: changes ?? [],
          live: "",
        });
        break;
      }
      case "approval_requested": {
        const { approval } = event.data;
        this.approvals.set(approval.id, { approval, decision: undefined, by: undefined });
        this.changeTool(approval.call_id, { state: "waiting", approvalId: approval.id });
        break;
      }
      case "approval_decided": {
        const { approval_id, decision, by } = event.data;
        const view = this.approvals.get(approval_id);
        if (!view) break;
        this.approvals.set(approval_id, { ...view, decision, by });
        this.changeTool(view.approval.call_id, { state: "called" });
        break;
      }
      case "compacted": {
        const { summary, dropped_items, dropped_tokens, kept_tokens } = event.data;
        this.push({
          kind: "compacted",
          key: `step:${seq}`,
          seq,
          at,
          operationId,
          summary,
          droppedItems: dropped_items,
          droppedTokens: dropped_tokens,
          keptTokens: kept_tokens,
        });
        break;
      }
      case "operation_finished": {
        if (operationId) this.end(operationId, event);
        break;
      }
      case "undone": {
        const { operation_id, undone, paths } = event.data;
        if (this.operations.has(operation_id)) this.change(operation_id, at, { undone });
        this.push({ kind: "mark", key: `step:${seq}`, seq, at, operationId, mark: { type: "undone", operationId: operation_id, undone, paths } });
        break;
      }
      case "renamed":
        this.name = event.data.name;
        break;
      case "forked":
        this.push({ kind: "mark", key: `step:${seq}`, seq, at, operationId, mark: { type: "forked", fromSessionId: event.data.from_session_id } });
        break;
      case "job_started": {
        const { job_id, command } = event.data;
        this.push({
          kind: "mark",
          key: `job:${job_id}`,
          seq,
          at,
          operationId,
          mark: { type: "job", jobId: job_id, command, running: true, exitCode: undefined },
        });
        break;
      }
      case "job_finished": {
        const { job_id, exit_code } = event.data;
        this.replace(`job:${job_id}`, (item) =>
          item.kind === "mark" && item.mark.type === "job"
            ? { ...item, mark: { ...item.mark, running: false, exitCode: exit_code ?? undefined } }
            : item,
        );
        break;
      }
      case "budget_paused":
      case "budget_resumed":
      case "model_items":
      case "reviewed":
        break;
    }
  }

  private message(event: Extract<StoredEvent, { event_type: "reasoning" | "assistant_message" }>, operationId: string | undefined): void {
    const kind = event.event_type === "reasoning" ? "reasoning" : "assistant";
    const item: TextItem = {
      kind,
      key: `${kind}:${event.data.message_id}`,
      seq: event.seq,
      at: event.at,
      operationId,
      text: event.event_type === "reasoning" ? event.data.text : event.data.content,
      partial: event.event_type === "assistant_message" && event.data.partial,
      superseded: event.event_type === "assistant_message" && event.data.superseded,
      streaming: false,
      gap: false,
    };
    this.push(item);
  }

  private end(operationId: string, event: Extract<StoredEvent, { event_type: "operation_finished" }>): void {
    const { state, failure, usage, cost_micro_usd, duration_ms, changes } = event.data;
    this.change(operationId, event.at, {
      state,
      failure: failure ?? undefined,
      usage,
      costMicroUsd: cost_micro_usd,
      durationMs: duration_ms,
      finishedAt: event.at,
      changes,
      reason: undefined,
      activity: undefined,
    });
    for (let position = this.live.length - 1; position >= 0; position -= 1) {
      if (this.live[position]?.operationId === operationId) this.live.splice(position, 1);
    }
    this.stored.forEach((item, position) => {
      if (item.kind !== "tool" || item.operationId !== operationId || item.durationMs !== undefined) return;
      this.stored[position] = { ...item, state: "unanswered", live: "" };
    });
    for (const [id, view] of this.approvals) {
      if (view.approval.operation_id === operationId && !view.decision) {
        this.approvals.set(id, { ...view, decision: "deny", by: "operation" });
      }
    }
    this.push({ kind: "end", key: `end:${operationId}`, seq: event.seq, at: event.at, operationId });
  }

  signal(signal: Signal): void {
    if (signal.session_id !== this.before.sessionId) return;
    const operation = this.operations.get(signal.operation_id);
    if (operation && isTerminal(operation.state)) return;
    this.touched = true;
    switch (signal.signal) {
      case "text_delta":
        this.delta("assistant", signal.message_id, signal.operation_id, signal.text, signal.offset);
        break;
      case "reasoning_delta":
        this.delta("reasoning", signal.message_id, signal.operation_id, signal.text, undefined);
        break;
      case "tool_call_progress": {
        const known = this.tool(signal.call_id, signal.operation_id, 0);
        if (known.seq === undefined) this.pushLive({ ...known, tool: signal.tool, bytes: signal.bytes });
        break;
      }
      case "tool_output":
        this.changeTool(signal.call_id, (item) =>
          item.durationMs === undefined ? { live: tail(item.live + signal.text) } : {},
        );
        break;
      case "activity":
        if (operation) {
          this.operations.set(operation.id, {
            ...operation,
            activity: { text: signal.text, since: signal.since },
          });
        }
        break;
    }
  }

  private delta(kind: TextItem["kind"], messageId: string, operationId: string, text: string, offset: number | undefined): void {
    const key = `${kind}:${messageId}`;
    if (this.index.has(key)) return;
    const found = this.live.find((item) => item.key === key);
    const known = found && (found.kind === "assistant" || found.kind === "reasoning") ? found : undefined;
    const before = known?.text ?? "";
    const joined = offset === undefined ? before + text : join(before, text, offset);
    this.pushLive({
      kind,
      key,
      seq: undefined,
      at: known?.at ?? 0,
      operationId,
      text: joined ?? before,
      partial: false,
      superseded: false,
      streaming: true,
      gap: joined === undefined || (known?.gap === true && joined === before),
    });
  }

  private operation(id: string, at: number): OperationView {
    const known = this.operations.get(id);
    if (known) return known;
    const fresh: OperationView = {
      id,
      state: "PENDING",
      kind: undefined,
      reason: undefined,
      tier: undefined,
      model: undefined,
      provider: undefined,
      routeReason: undefined,
      receipts: [],
      calls: [],
      startedAt: at,
      finishedAt: undefined,
      durationMs: undefined,
      costMicroUsd: 0,
      usage: NO_USAGE,
      failure: undefined,
      changes: [],
      undone: false,
      activity: undefined,
    };
    this.operations.set(id, fresh);
    return fresh;
  }

  private change(id: string, at: number, part: Partial<OperationView>): void {
    this.operations.set(id, { ...this.operation(id, at), ...part });
  }

  /** The line that names tier, model and cost; once, where the operation first does something. */
  private header(operationId: string, seq: number, at: number): void {
    const key = `header:${operationId}`;
    if (!this.index.has(key)) this.push({ kind: "header", key, seq, at, operationId });
  }

  private tool(callId: string, operationId: string | undefined, at: number): ToolItem {
    const key = `tool:${callId}`;
    const position = this.index.get(key);
    const known = position === undefined ? this.live.find((item) => item.key === key) : this.stored[position];
    if (known?.kind === "tool") return known;
    return {
      kind: "tool",
      key,
      seq: undefined,
      at,
      operationId,
      callId,
      tool: "",
      arguments: null,
      state: "writing",
      bytes: 0,
      command: undefined,
      startedAt: undefined,
      live: "",
      output: "",
      summary: "",
      durationMs: undefined,
      truncated: false,
      changes: [],
      approvalId: undefined,
    };
  }

  private changeTool(callId: string, part: Partial<ToolItem> | ((item: ToolItem) => Partial<ToolItem>)): void {
    this.replace(`tool:${callId}`, (item) =>
      item.kind === "tool" ? { ...item, ...(typeof part === "function" ? part(item) : part) } : item,
    );
  }

  private replace(key: string, change: (item: Item) => Item): void {
    const position = this.index.get(key);
    if (position === undefined) return;
    const item = this.stored[position];
    if (item) this.stored[position] = change(item);
  }

  /** Puts a stored item at the end; what was live of it goes. A known key is replaced in place. */
  private push(item: Item): void {
    const live = this.live.findIndex((other) => other.key === item.key);
    if (live >= 0) this.live.splice(live, 1);
    const cleaned: Item = item.kind === "tool" ? { ...item, bytes: 0 } : item;
    const position = this.index.get(item.key);
    if (position !== undefined) {
      this.stored[position] = cleaned;
      return;
    }
    this.index.set(item.key, this.stored.length);
    this.stored.push(cleaned);
  }

  private pushLive(item: Item): void {
    const position = this.live.findIndex((other) => other.key === item.key);
    if (position >= 0) this.live[position] = item;
    else this.live.push(item);
  }
}

/** Joins a piece at its place, counted in Unicode characters; `undefined` where pieces are missing. */
export function join(before: string, piece: string, offset: number): string | undefined {
  const have = characters(before);
  if (offset > have) return undefined;
  if (offset === have) return before + piece;
  const known = have - offset;
  const pieceCharacters = [...piece];
  return pieceCharacters.length <= known ? before : before + pieceCharacters.slice(known).join("");
}

function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}

function tail(text: string): string {
  return text.length > LIVE_LIMIT ? text.slice(text.length - LIVE_LIMIT) : text;
}

function sum(left: Usage, right: Usage): Usage {
  return {
    input_tokens: left.input_tokens + right.input_tokens,
    cached_tokens: left.cached_tokens + right.cached_tokens,
    cache_write_tokens: left.cache_write_tokens + right.cache_write_tokens,
    output_tokens: left.output_tokens + right.output_tokens,
    reasoning_tokens: left.reasoning_tokens + right.reasoning_tokens,
  };
}
