// Operations and items as they begin.

import type { StoredEvent } from "../../protocol/generated/StoredEvent";
import { NO_USAGE, type OperationView, type TextItem, type ToolItem } from "./transcript";

export function freshOperation(id: string, at: number): OperationView {
  return {
    id,
    words: "",
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
    pause: undefined,
  };
}

export function freshTool(callId: string, operationId: string | undefined, at: number): ToolItem {
  return {
    kind: "tool",
    key: `tool:${callId}`,
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
    coloured: undefined,
    summary: "",
    durationMs: undefined,
    truncated: false,
    changes: [],
    approvalId: undefined,
  };
}

/** A message or a thought that is whole, or as whole as it got. */
export function textItem(event: Extract<StoredEvent, { event_type: "reasoning" | "assistant_message" }>): TextItem {
  const kind = event.event_type === "reasoning" ? "reasoning" : "assistant";
  return {
    kind,
    key: `${kind}:${event.data.message_id}`,
    seq: event.seq,
    at: event.at,
    operationId: event.operation_id ?? undefined,
    text: event.event_type === "reasoning" ? event.data.text : event.data.content,
    partial: event.event_type === "assistant_message" && event.data.partial,
    superseded: event.event_type === "assistant_message" && event.data.superseded,
    streaming: false,
    gap: false,
    characters: undefined,
  };
}
