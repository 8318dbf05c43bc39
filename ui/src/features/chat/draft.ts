// A transcript that is being changed: one step or signal after the other.
//
// It runs for every frame of a stream, so it costs what is new, not what is old: items of ended
// operations are settled and neither looked through nor indexed again, and what is not written to
// is not copied.

import type { Signal } from "../../protocol/generated/Signal";
import type { StoredEvent } from "../../protocol/generated/StoredEvent";
import type { Usage } from "../../protocol/generated/Usage";
import { freshOperation, freshTool, textItem } from "./fresh";
import { characters, join } from "./joining";
import { SharedMap } from "./shared";
import {
  isTerminal,
  type ApprovalView,
  type Item,
  type MarkItem,
  type ModelCall,
  type OperationView,
  type TextItem,
  type ToolItem,
  type Transcript,
  type UserItem,
} from "./transcript";

/** Characters of live output that are kept for the screen. */
const LIVE_LIMIT = 100_000;

/** A transcript while it takes steps and signals. What it was made from stays as it was. */
export class Draft {
  private readonly before: Transcript;
  private readonly stored: Item[];
  private readonly live: Item[];
  /** Where items stand that may still change: those after the settled ones. */
  private readonly index = new Map<string, number>();
  private readonly operations: SharedMap<string, OperationView>;
  private readonly approvals: SharedMap<string, ApprovalView>;
  private readonly early: SharedMap<number, StoredEvent>;
  private readonly undone: SharedMap<string, boolean>;
  private readonly jobs: SharedMap<string, number | undefined>;
  private queued: readonly UserItem[];
  /** What was taken since. */
  private readonly told: StoredEvent[] = [];
  private settled: number;
  private lastSeq: number;
  private name: string | undefined;
  private touched = false;

  constructor(before: Transcript) {
    this.before = before;
    let end = before.items.length;
    while (end > before.settled && before.items[end - 1]?.seq === undefined) end -= 1;
    this.stored = before.items.slice(0, end);
    this.live = before.items.slice(end);
    this.settled = before.settled;
    for (let position = this.settled; position < end; position += 1) this.note(position);
    this.operations = new SharedMap(before.operations);
    this.approvals = new SharedMap(before.approvals);
    this.early = new SharedMap(before.early);
    this.queued = before.queued;
    this.undone = new SharedMap(before.before.undone);
    this.jobs = new SharedMap(before.before.jobs);
    this.lastSeq = before.lastSeq;
    this.name = before.name;
  }

  finish(): Transcript {
    if (!this.touched) return this.before;
    const { before } = this;
    const [undone, jobs] = [this.undone.now(), this.jobs.now()];
    return {
      sessionId: before.sessionId,
      firstSeq: before.firstSeq,
      lastSeq: this.lastSeq,
      name: this.name,
      items: this.stored.concat(this.live),
      settled: this.settled,
      queued: this.queued,
      operations: this.operations.now(),
      gone: before.gone,
      approvals: this.approvals.now(),
      early: this.early.now(),
      log: this.told.length > 0 ? before.log.concat(this.told) : before.log,
      before: undone === before.before.undone && jobs === before.before.jobs ? before.before : { undone, jobs },
    };
  }

  private note(position: number): void {
    const item = this.stored[position];
    if (item) this.index.set(item.key, position);
  }

  arrive(event: StoredEvent): void {
    if (event.session_id !== this.before.sessionId || event.seq <= this.lastSeq) return;
    this.touched = true;
    this.early.set(event.seq, event);
    for (;;) {
      const next = this.early.get(this.lastSeq + 1);
      if (!next) return;
      this.early.delete(next.seq);
      this.take(next);
    }
  }

  /** Something that was gone back behind, or comes back, is among what was taken. */
  get rewound(): boolean {
    return this.told.some((event) => event.event_type === "rewound");
  }

  /** Takes the next step, whatever number the one before had. */
  take(event: StoredEvent): void {
    this.touched = true;
    this.lastSeq = event.seq;
    // What a provider wants to have back is large, and nothing of it is shown.
    if (event.event_type !== "model_items") this.told.push(event);
    this.tell(event);
  }

  private tell(event: StoredEvent): void {
    const { seq, at } = event;
    const operationId = event.operation_id ?? undefined;
    // A command in the background outlives its operation, which may have been gone back behind.
    if (operationId && event.event_type !== "job_started" && event.event_type !== "job_finished") this.operation(operationId, at);
    switch (event.event_type) {
      case "user_message": {
        const { message_id, content, attachments, fragments, steering } = event.data;
        const item: UserItem = {
          kind: "user",
          key: `user:${message_id}`,
          seq,
          at,
          operationId,
          content,
          attachments: attachments ?? [],
          fragments: fragments ?? [],
          steering,
        };
        if (operationId && !steering) this.change(operationId, at, { words: firstLine(content) });
        this.push(item);
        break;
      }
      case "operation_state": {
        if (!operationId) break;
        const { state, kind, reason } = event.data;
        if (state === "PENDING" && reason) this.wait(operationId);
        else if (state !== "PENDING") this.begin(operationId);
        this.change(operationId, at, { state, reason: reason ?? undefined, ...(kind ? { kind } : {}) });
        if (state !== "PENDING") this.header(operationId, seq, at);
        break;
      }
      case "message_edited": {
        const { message_id, content, fragments } = event.data;
        this.queued = this.queued.map((item) => (item.key === `user:${message_id}` ? { ...item, content, fragments: fragments ?? [] } : item));
        if (operationId) this.change(operationId, event.at, { words: firstLine(content) });
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
        this.push(textItem(event));
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
        else this.undone.set(operation_id, undone);
        this.mark(event, { type: "undone", operationId: operation_id, undone, paths });
        break;
      }
      case "renamed":
        this.name = event.data.name;
        break;
      case "forked":
        this.mark(event, { type: "forked", fromSessionId: event.data.from_session_id });
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
        this.endJob(job_id, exit_code ?? undefined);
        break;
      }
      case "budget_paused":
        if (operationId) this.change(operationId, at, { pause: event.data.pause });
        break;
      case "budget_resumed":
        if (operationId) this.change(operationId, at, { pause: undefined });
        break;
      case "rewound": {
        const { what, to_seq, paths, undoes_seq } = event.data;
        const back = typeof undoes_seq === "number";
        this.mark(event, { type: "rewound", what, toSeq: to_seq, paths: paths ?? [], back, messages: undefined, newest: false });
        break;
      }
      case "model_items":
      case "reviewed":
        break;
    }
  }

  /** The message of an operation waits: it stands with the others that do, until its turn. */
  private wait(operationId: string): void {
    const at = this.stored.findLastIndex((item) => item.kind === "user" && item.operationId === operationId && !item.steering);
    const item = this.stored[at];
    if (at < this.settled || item?.kind !== "user") return;
    this.stored.splice(at, 1);
    this.index.delete(item.key);
    for (let position = at; position < this.stored.length; position += 1) this.note(position);
    this.queued = [...this.queued, item];
  }

  private begin(operationId: string): void {
    const item = this.queued.find((one) => one.operationId === operationId);
    if (!item) return;
    this.queued = this.queued.filter((one) => one !== item);
    this.push(item);
  }

  /** Commands in the background outlive their operation, so their line may be settled. */
  private endJob(jobId: string, exitCode: number | undefined): void {
    const at = this.stored.findLastIndex((item) => item.key === `job:${jobId}`);
    const item = this.stored[at];
    if (item?.kind === "mark" && item.mark.type === "job") {
      this.stored[at] = { ...item, mark: { ...item.mark, running: false, exitCode } };
    } else this.jobs.set(jobId, exitCode);
  }

  private end(operationId: string, event: Extract<StoredEvent, { event_type: "operation_finished" }>): void {
    const { state, failure, usage, cost_micro_usd, duration_ms, changes } = event.data;
    if (this.queued.some((item) => item.operationId === operationId)) {
      // Taken out before its turn: it was never said.
      this.queued = this.queued.filter((item) => item.operationId !== operationId);
      this.operations.delete(operationId);
      return;
    }
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
      pause: undefined,
    });
    for (let position = this.live.length - 1; position >= 0; position -= 1) {
      if (this.live[position]?.operationId === operationId) this.live.splice(position, 1);
    }
    for (let position = this.settled; position < this.stored.length; position += 1) {
      const item = this.stored[position];
      if (item?.kind !== "tool" || item.operationId !== operationId || item.durationMs !== undefined) continue;
      this.stored[position] = { ...item, state: "unanswered", live: "" };
    }
    for (const [id, view] of [...this.approvals.now()]) {
      if (view.approval.operation_id === operationId && !view.decision) {
        this.approvals.set(id, { ...view, decision: "deny", by: "operation" });
      }
    }
    this.push({ kind: "end", key: `end:${operationId}`, seq: event.seq, at: event.at, operationId });
    this.settle();
  }

  /** Where nothing runs any more, what stands there stays as it is. */
  private settle(): void {
    for (const operation of this.operations.now().values()) {
      if (!isTerminal(operation.state) && !this.queued.some((item) => item.operationId === operation.id)) return;
    }
    this.settled = this.stored.length;
    this.index.clear();
  }

  signal(signal: Signal): void {
    if (signal.session_id !== this.before.sessionId || this.before.gone.has(signal.operation_id)) return;
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
    const have = known?.characters ?? 0;
    const joined = offset === undefined ? before + text : join(before, text, offset, have);
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
      characters: have + characters((joined ?? before).slice(before.length)),
    });
  }

  private operation(id: string, at: number): OperationView {
    const known = this.operations.get(id);
    if (known) return known;
    const fresh = freshOperation(id, at);
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
    return known?.kind === "tool" ? known : freshTool(callId, operationId, at);
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

  private mark(event: StoredEvent, mark: MarkItem["mark"]): void {
    const { seq, at } = event;
    this.push({ kind: "mark", key: `step:${seq}`, seq, at, operationId: event.operation_id ?? undefined, mark });
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

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
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
