// What the panes ask of a conversation's operations. Pure.

import type { ActivityStep } from "../features/activity/ActivityPanel";
import { toolLine } from "../features/chat/toolText";
import { isTerminal, type OperationView, type Transcript } from "../features/chat/transcript";
import type { CostLine } from "../features/cost/CostPanel";
import type { Compaction } from "../features/context/ContextPanel";
import type { Touch } from "../features/files/FilesPanel";

/** An operation's name for people: the first line of what was asked. */
export function firstWords(transcript: Transcript): Map<string, string> {
  const words = new Map<string, string>();
  for (const item of transcript.items) {
    if (item.kind === "user" && item.operationId && !words.has(item.operationId)) {
      words.set(item.operationId, item.content.split("\n", 1)[0] ?? "");
    }
  }
  return words;
}

/** Those that changed files, oldest first. */
export function changingOperations(transcript: Transcript): OperationView[] {
  return [...transcript.operations.values()].filter((operation) => hasChanges(operation, transcript));
}

/** Changed something, as far as is known: while it runs, its calls tell. */
function hasChanges(operation: OperationView, transcript: Transcript): boolean {
  if (operation.changes.length > 0) return true;
  if (isTerminal(operation.state)) return false;
  return transcript.items.slice(transcript.settled).some((item) => item.kind === "tool" && item.operationId === operation.id && item.changes.length > 0);
}

/** What the session read and changed, oldest first. */
export function touches(transcript: Transcript): Touch[] {
  const words = firstWords(transcript);
  const out: Touch[] = [];
  for (const item of transcript.items) {
    if (item.kind !== "tool" || item.seq === undefined || item.durationMs === undefined) continue;
    const touch = { seq: item.seq, at: item.at, operationId: item.operationId, label: words.get(item.operationId ?? "") ?? item.tool };
    const { path } = toolLine(item.tool, item.arguments, item.command);
    if (path && item.tool === "read_project_file" && item.state === "done") out.push({ ...touch, kind: "read", path });
    for (const change of item.changes) out.push({ ...touch, kind: "changed", path: change.path });
  }
  return out;
}

/** What an operation did, step by step. */
export function stepsOf(transcript: Transcript, operationId: string | undefined): ActivityStep[] {
  return transcript.items.flatMap((item): ActivityStep[] => {
    if (item.kind !== "tool" || item.operationId !== operationId) return [];
    const { verb, subject } = toolLine(item.tool, item.arguments, item.command);
    const step = { id: item.callId, label: verb, subject, state: item.state, startedAt: item.startedAt ?? item.at };
    return [{ ...step, durationMs: item.durationMs, live: item.live, seq: item.seq }];
  });
}

/** What digests stand for, newest first. */
export function compactions(transcript: Transcript): Compaction[] {
  return transcript.items
    .flatMap((item) =>
      item.kind === "compacted" ? [{ key: item.key, at: item.at, items: item.droppedItems, dropped: item.droppedTokens, kept: item.keptTokens, summary: item.summary }] : [],
    )
    .reverse();
}

/** What each operation of the session cost, newest first. */
export function costLines(transcript: Transcript): CostLine[] {
  const words = firstWords(transcript);
  return [...transcript.operations.values()]
    .filter((operation) => operation.calls.length > 0)
    .map((operation) => ({
      id: operation.id,
      label: words.get(operation.id) ?? operation.id,
      usage: operation.usage,
      costMicroUsd: operation.costMicroUsd,
      calls: operation.calls.map((call) => ({
        call: call.call,
        model: call.model,
        usage: call.usage,
        costMicroUsd: call.costMicroUsd,
        finish: call.finish,
      })),
    }))
    .reverse();
}
