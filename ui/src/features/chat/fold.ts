// The fold itself: what was there, and what arrived, make what is there now.
//
// Where somebody went back, the conversation is told again without what no longer belongs to it;
// that happens rarely, so it may cost what a first look costs.

import type { StoredEvent } from "../../protocol/generated/StoredEvent";
import { Draft } from "./draft";
import { emptyTranscript, isTerminal, type Input, type Item, type OperationView, type Transcript, type UserItem } from "./transcript";
import { Visible, within } from "./visible";

/** Takes messages of this session, in any order and any number of times. Never changes its input. */
export function fold(before: Transcript, inputs: readonly Input[]): Transcript {
  const draft = new Draft(before);
  for (const input of inputs) {
    if (input.kind === "stored") draft.arrive(input.event);
    else draft.signal(input.signal);
  }
  const now = draft.finish();
  return draft.rewound ? retold(now) : now;
}

/** Puts earlier steps, folded by themselves, before those that are there. */
export function prepend(earlier: Transcript, now: Transcript): Transcript {
  const log = earlier.log.concat(now.log);
  const joined = { ...now, firstSeq: earlier.firstSeq, log };
  if (log.some((step) => step.event_type === "rewound")) return retold(joined);
  const operations = new Map(earlier.operations);
  for (const [id, undone] of now.before.undone) {
    const operation = operations.get(id);
    if (operation) operations.set(id, { ...operation, undone });
  }
  for (const [id, operation] of now.operations) operations.set(id, operation);
  const items = earlier.items.map((item) =>
    item.kind === "mark" && item.mark.type === "job" && now.before.jobs.has(item.mark.jobId)
      ? { ...item, mark: { ...item.mark, running: false, exitCode: now.before.jobs.get(item.mark.jobId) } }
      : item,
  );
  return {
    ...joined,
    name: now.name ?? earlier.name,
    items: items.concat(now.items),
    settled: items.length + now.settled,
    queued: earlier.queued.concat(now.queued),
    operations,
    approvals: new Map([...earlier.approvals, ...now.approvals]),
    before: {
      undone: new Map([...earlier.before.undone, ...now.before.undone]),
      jobs: new Map([...earlier.before.jobs, ...now.before.jobs]),
    },
  };
}

/** The conversation again from its steps, as far as they are part of it. */
function retold(now: Transcript): Transcript {
  const { log } = now;
  const visible = new Visible(log);
  const nothing = emptyTranscript(now.sessionId, now.firstSeq - 1);
  const shown = tell(nothing, log.filter((step) => visible.contains(step.seq)));
  const whole = tell(nothing, log);
  const operations = new Map(shown.operations);
  const gone = new Map<string, OperationView>();
  const late: UserItem[] = [];
  for (const [id, operation] of withFilesBack(whole.operations, log)) {
    const kept = operations.get(id);
    if (!kept) gone.set(id, operation);
    // It had its turn behind the place that was gone back to: it neither waits nor runs.
    else if (isTerminal(operation.state) && !isTerminal(kept.state)) {
      operations.set(id, operation);
      late.push(...shown.queued.filter((item) => item.operationId === id));
    } else operations.set(id, { ...kept, undone: operation.undone });
  }
  const items: Item[] = late.length > 0 ? [...shown.items, ...late].sort((left, right) => (left.seq ?? 0) - (right.seq ?? 0)) : [...shown.items];
  marked(items, log, now.firstSeq);
  const settled = [...operations.values()].every((one) => isTerminal(one.state)) ? items.length : shown.settled;
  const live = now.items.filter((item) => item.seq === undefined && operations.has(item.operationId ?? ""));
  return {
    ...shown,
    lastSeq: now.lastSeq,
    items: items.concat(live),
    settled,
    queued: shown.queued.filter((item) => !late.includes(item)),
    operations,
    gone,
    early: now.early,
    log,
  };
}

function tell(before: Transcript, steps: readonly StoredEvent[]): Transcript {
  const draft = new Draft(before);
  for (const step of steps) draft.take(step);
  return draft.finish();
}

type Rewound = Extract<StoredEvent, { event_type: "rewound" }>;

/** Those that nobody has taken back, oldest first. */
function standing(log: readonly StoredEvent[]): Rewound[] {
  const all = log.filter((step): step is Rewound => step.event_type === "rewound");
  const taken = new Set(all.map((step) => step.data.undoes_seq));
  return all.filter((step) => typeof step.data.undoes_seq !== "number" && !taken.has(step.seq));
}

/** What operations changed is taken back where files went back behind their beginning. */
function withFilesBack(operations: ReadonlyMap<string, OperationView>, log: readonly StoredEvent[]): Map<string, OperationView> {
  const began = new Map<string, number>();
  const turned = new Map<string, number>();
  for (const step of log) {
    if (step.operation_id && !began.has(step.operation_id)) began.set(step.operation_id, step.seq);
    if (step.event_type === "undone") turned.set(step.data.operation_id, step.seq);
  }
  const after = new Map(operations);
  for (const { seq, data } of standing(log)) {
    if (data.what === "conversation") continue;
    for (const [id, operation] of operations) {
      const first = began.get(id) ?? 0;
      const since = (turned.get(id) ?? 0) > seq;
      if (first >= data.to_seq && first < seq && !since && operation.changes.length > 0) after.set(id, { ...operation, undone: true });
    }
  }
  return after;
}

/** Tells the marks of rewinds how much they are about, and the newest that it is. */
function marked(items: Item[], log: readonly StoredEvent[], firstSeq: number): void {
  const newest = standing(log).at(-1)?.seq;
  items.forEach((item, at) => {
    if (item.kind !== "mark" || item.mark.type !== "rewound") return;
    const step = log.find((one): one is Rewound => one.seq === item.seq && one.event_type === "rewound");
    const ranges = (item.mark.back ? step?.data.shown : step?.data.hidden) ?? [];
    const complete = ranges.every((range) => range.first >= firstSeq);
    const messages = log.filter((one) => isMessage(one) && ranges.some((range) => within(range, one.seq))).length;
    items[at] = { ...item, mark: { ...item.mark, messages: complete ? messages : undefined, newest: item.seq === newest } };
  });
}

function isMessage(step: StoredEvent): boolean {
  return step.event_type === "user_message" || (step.event_type === "assistant_message" && !step.data.superseded);
}
