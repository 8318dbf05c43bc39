// What the panes ask of a conversation's operations. Pure.
//
// Most of it hangs on the stored steps alone, so it is worked out once for each of them and not for
// every piece of a stream.

import type { ActivityStep } from "../features/activity/ActivityPanel";
import { toolLine } from "../features/chat/toolText";
import { isTerminal, type OperationView, type Transcript } from "../features/chat/transcript";
import type { Compaction } from "../features/context/ContextPanel";
import type { CostLine } from "../features/cost/CostPanel";
import type { Touch } from "../features/files/FilesPanel";
import { t } from "../i18n";

/** The same answer as long as no step came. */
function perStep<T>(work: (transcript: Transcript) => T): (transcript: Transcript) => T {
  const known = new WeakMap<Transcript["log"], T>();
  return (transcript) => {
    const before = known.get(transcript.log);
    if (before !== undefined) return before;
    const answer = work(transcript);
    known.set(transcript.log, answer);
    return answer;
  };
}

/** An operation's name for people: the first line of what was asked. */
function labelOf(operation: OperationView): string {
  return operation.words || operation.id;
}

/** Those that changed files, oldest first; also those gone back behind whose files stayed. */
export const changingOperations = perStep((transcript: Transcript): { operationId: string; label: string }[] => [
  ...[...transcript.gone.values()]
    .filter((operation) => operation.changes.length > 0 && !operation.undone)
    .map((operation) => ({ operationId: operation.id, label: t.talk.rewind.gone({ words: labelOf(operation) }) })),
  ...[...transcript.operations.values()].filter((operation) => hasChanges(operation, transcript)).map((operation) => ({ operationId: operation.id, label: labelOf(operation) })),
]);

/** Changed something, as far as is known: while it runs, its calls tell. */
function hasChanges(operation: OperationView, transcript: Transcript): boolean {
  if (operation.changes.length > 0) return true;
  if (isTerminal(operation.state)) return false;
  return transcript.items.slice(transcript.settled).some((item) => item.kind === "tool" && item.operationId === operation.id && item.changes.length > 0);
}

/** What the session read and changed, oldest first. */
export const touches = perStep((transcript: Transcript): Touch[] => {
  const out: Touch[] = [];
  for (const item of transcript.items) {
    if (item.kind !== "tool" || item.seq === undefined || item.durationMs === undefined) continue;
    const words = transcript.operations.get(item.operationId ?? "")?.words;
    const touch = { seq: item.seq, at: item.at, operationId: item.operationId, label: words || item.tool };
    if (item.tool === "read_project_file" && item.state === "done") {
      const { path } = toolLine(item.tool, item.arguments, item.command);
      if (path) out.push({ ...touch, kind: "read", path });
    }
    for (const change of item.changes) out.push({ ...touch, kind: "changed", path: change.path });
  }
  return out;
});

/** What an operation did, step by step. */
export function stepsOf(transcript: Transcript, operationId: string | undefined): ActivityStep[] {
  const steps: ActivityStep[] = [];
  const { items } = transcript;
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.operationId !== operationId) continue;
    if (item?.kind === "user" && !item.steering) break;
    if (item?.kind !== "tool") continue;
    const { verb, subject } = toolLine(item.tool, item.arguments, item.command);
    const step = { id: item.callId, label: verb, subject, state: item.state, startedAt: item.startedAt ?? item.at };
    steps.push({ ...step, durationMs: item.durationMs, live: item.live, seq: item.seq });
  }
  return steps.reverse();
}

/** What digests stand for, newest first. */
export const compactions = perStep((transcript: Transcript): Compaction[] =>
  transcript.items
    .flatMap((item) =>
      item.kind === "compacted" ? [{ key: item.key, at: item.at, items: item.droppedItems, dropped: item.droppedTokens, kept: item.keptTokens, summary: item.summary }] : [],
    )
    .reverse(),
);

/** What each operation of the session cost, newest first; what was gone back behind was paid for too. */
export const costLines = perStep((transcript: Transcript): CostLine[] => {
  const line = (operation: OperationView, label: string): CostLine => ({
    id: operation.id,
    label,
    usage: operation.usage,
    costMicroUsd: operation.costMicroUsd,
    calls: operation.calls.map((call) => ({
      call: call.call,
      model: call.model,
      usage: call.usage,
      costMicroUsd: call.costMicroUsd,
      finish: call.finish,
    })),
  });
  const lines = [
    ...[...transcript.operations.values()].map((operation) => ({ at: operation.startedAt, line: line(operation, labelOf(operation)) })),
    ...[...transcript.gone.values()].map((operation) => ({ at: operation.startedAt, line: line(operation, t.talk.rewind.gone({ words: labelOf(operation) })) })),
  ];
  return lines
    .filter((one) => one.line.calls.length > 0)
    .sort((left, right) => right.at - left.at)
    .map((one) => one.line);
});
