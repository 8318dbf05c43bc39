// What a conversation is doing right now, in one of a few states: a pure look at the transcript
// and the connection.

import type { Status } from "../../protocol/client";
import type { Pause } from "../../protocol/generated/Pause";
import { toolLine } from "./toolText";
import { runningOperation, type NoticeItem, type OperationView, type ToolItem, type Transcript } from "./transcript";

export type Phase =
  | { kind: "idle" }
  /** The engine cannot be reached; what ran may go on there. */
  | { kind: "offline"; retryAt: number | undefined }
  | { kind: "starting"; since: number }
  | { kind: "waiting"; model: string | undefined; since: number }
  | { kind: "thinking"; since: number }
  | { kind: "writing"; since: number | undefined }
  | { kind: "calling"; tool: string; bytes: number }
  | { kind: "tool"; verb: string; subject: string; since: number }
  | { kind: "tools"; count: number; since: number }
  | { kind: "retrying"; text: string; until: number }
  | { kind: "approval"; since: number }
  | { kind: "paused"; operationId: string; reason: string | undefined; pause: Pause | undefined; since: number }
  | { kind: "working"; text: string | undefined; since: number };

export function phaseOf(transcript: Transcript, status: Status, now: number): Phase {
  const operation = runningOperation(transcript);
  if (!operation) return { kind: "idle" };
  if (status.state === "reconnecting") return { kind: "offline", retryAt: status.retryAt };
  if (status.state === "refused") return { kind: "offline", retryAt: undefined };
  const since = operation.activity?.since ?? operation.startedAt;
  if (operation.state === "AWAITING_APPROVAL") return { kind: "approval", since };
  if (operation.state === "PAUSED" || operation.pause) {
    return { kind: "paused", operationId: operation.id, reason: operation.reason, pause: operation.pause, since: operation.pause?.since ?? since };
  }
  if (operation.state === "PENDING") return { kind: "starting", since: operation.startedAt };
  return busy(transcript, operation, since, now);
}

function busy(transcript: Transcript, operation: OperationView, since: number, now: number): Phase {
  const { items, settled } = transcript;
  const tools: ToolItem[] = [];
  let notice: NoticeItem | undefined;
  let newest = true;
  for (let at = items.length - 1; at >= settled; at -= 1) {
    const item = items[at];
    if (!item || item.operationId !== operation.id) continue;
    if (newest && item.seq === undefined) {
      if (item.kind === "assistant") return { kind: "writing", since: undefined };
      if (item.kind === "reasoning") return { kind: "thinking", since };
      if (item.kind === "tool") return { kind: "calling", tool: item.tool, bytes: item.bytes };
    }
    if (newest && item.kind === "notice" && item.until !== undefined && item.until > now) notice = item;
    newest = false;
    if (item.kind === "tool" && item.state === "running") tools.unshift(item);
    if (item.kind === "user" && !item.steering) break;
  }
  if (notice?.until !== undefined) return { kind: "retrying", text: notice.text, until: notice.until };
  const [first] = tools;
  if (first && tools.length === 1) {
    const line = toolLine(first.tool, first.arguments, first.command);
    return { kind: "tool", verb: line.verb, subject: line.subject, since: first.startedAt ?? since };
  }
  if (first) return { kind: "tools", count: tools.length, since: first.startedAt ?? since };
  const call = operation.calls.at(-1);
  if (call && call.durationMs === undefined) return { kind: "waiting", model: call.model, since: call.startedAt };
  return { kind: "working", text: operation.activity?.text, since };
}
