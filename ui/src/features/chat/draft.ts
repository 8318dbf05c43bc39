// A transcript that is being changed: one step or signal after the other.
//
// It runs for every frame of a stream, so it costs what is new, not what is old: items of ended
// operations are settled and neither looked through nor indexed again, and what is not written to
// is not copied.

import type { Signal } from "../../protocol/generated/Signal";
import type { StoredEvent } from "../../protocol/generated/StoredEvent";
import { freshOperation, freshTool } from "./fresh";
import { SharedMap } from "./shared";
import { hear } from "./signals";
import { tell } from "./steps";
import {
  isTerminal,
  type ApprovalView,
  type Item,
  type MarkItem,
  type OperationView,
  type ToolItem,
  type Transcript,
  type UserItem,
} from "./transcript";

/** A transcript while it takes steps (`steps.ts`) and signals (`signals.ts`). What it was made from stays as it was. */
export class Draft {
  readonly before: Transcript;
  readonly stored: Item[];
  readonly live: Item[];
  /** Where items stand that may still change: those after the settled ones. */
  readonly index = new Map<string, number>();
  readonly operations: SharedMap<string, OperationView>;
  readonly approvals: SharedMap<string, ApprovalView>;
  private readonly early: SharedMap<number, StoredEvent>;
  readonly undone: SharedMap<string, boolean>;
  readonly jobs: SharedMap<string, number | undefined>;
  queued: readonly UserItem[];
  /** What was taken since. */
  private readonly told: StoredEvent[] = [];
  settled: number;
  private lastSeq: number;
  name: string | undefined;
  touched = false;

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

  note(position: number): void {
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
    tell(this, event);
  }

  signal(signal: Signal): void {
    hear(this, signal);
  }

  /** Where nothing runs any more, what stands there stays as it is. */
  settle(): void {
    for (const operation of this.operations.now().values()) {
      if (!isTerminal(operation.state) && !this.queued.some((item) => item.operationId === operation.id)) return;
    }
    this.settled = this.stored.length;
    this.index.clear();
  }

  operation(id: string, at: number): OperationView {
    const known = this.operations.get(id);
    if (known) return known;
    const fresh = freshOperation(id, at);
    this.operations.set(id, fresh);
    return fresh;
  }

  change(id: string, at: number, part: Partial<OperationView>): void {
    this.operations.set(id, { ...this.operation(id, at), ...part });
  }

  /** The line that names tier, model and cost; once, where the operation first does something. */
  header(operationId: string, seq: number, at: number): void {
    const key = `header:${operationId}`;
    if (!this.index.has(key)) this.push({ kind: "header", key, seq, at, operationId });
  }

  tool(callId: string, operationId: string | undefined, at: number): ToolItem {
    const key = `tool:${callId}`;
    const position = this.index.get(key);
    const known = position === undefined ? this.live.find((item) => item.key === key) : this.stored[position];
    return known?.kind === "tool" ? known : freshTool(callId, operationId, at);
  }

  changeTool(callId: string, part: Partial<ToolItem> | ((item: ToolItem) => Partial<ToolItem>)): void {
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

  mark(event: StoredEvent, mark: MarkItem["mark"]): void {
    const { seq, at } = event;
    this.push({ kind: "mark", key: `step:${seq}`, seq, at, operationId: event.operation_id ?? undefined, mark });
  }

  /** Puts a stored item at the end; what was live of it goes. A known key is replaced in place. */
  push(item: Item): void {
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

  pushLive(item: Item): void {
    const position = this.live.findIndex((other) => other.key === item.key);
    if (position >= 0) this.live[position] = item;
    else this.live.push(item);
  }
}
