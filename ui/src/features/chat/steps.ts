// What each stored step makes of a transcript.

import type { StoredEvent } from "../../protocol/generated/StoredEvent";
import type { Usage } from "../../protocol/generated/Usage";
import type { Draft } from "./draft";
import { textItem } from "./fresh";
import type { ModelCall, ToolItem, UserItem } from "./transcript";

export function tell(draft: Draft, event: StoredEvent): void {
  const { seq, at } = event;
  const operationId = event.operation_id ?? undefined;
  // A command in the background outlives its operation, which may have been gone back behind.
  if (operationId && event.event_type !== "job_started" && event.event_type !== "job_finished") draft.operation(operationId, at);
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
      if (operationId && !steering) draft.change(operationId, at, { words: firstLine(content) });
      draft.push(item);
      break;
    }
    case "operation_state": {
      if (!operationId) break;
      const { state, kind, reason } = event.data;
      if (state === "PENDING" && reason) wait(draft, operationId);
      else if (state !== "PENDING") begin(draft, operationId);
      draft.change(operationId, at, { state, reason: reason ?? undefined, ...(kind ? { kind } : {}) });
      if (state !== "PENDING") draft.header(operationId, seq, at);
      break;
    }
    case "message_edited": {
      const { message_id, content, fragments } = event.data;
      draft.queued = draft.queued.map((item) => (item.key === `user:${message_id}` ? { ...item, content, fragments: fragments ?? [] } : item));
      if (operationId) draft.change(operationId, event.at, { words: firstLine(content) });
      break;
    }
    case "routed": {
      if (!operationId) break;
      const { tier, model, provider, reason } = event.data;
      draft.change(operationId, at, { tier, model, provider, routeReason: reason });
      draft.header(operationId, seq, at);
      break;
    }
    case "context_gathered": {
      if (!operationId) break;
      const receipts = [...draft.operation(operationId, at).receipts, event.data.receipt];
      draft.change(operationId, at, { receipts });
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
      draft.change(operationId, at, { calls: [...draft.operation(operationId, at).calls, started] });
      draft.header(operationId, seq, at);
      break;
    }
    case "model_call_finished": {
      if (!operationId) break;
      const { call, usage, cost_micro_usd, duration_ms, first_token_ms, finish } = event.data;
      const operation = draft.operation(operationId, at);
      const finished = {
        usage,
        costMicroUsd: cost_micro_usd ?? undefined,
        durationMs: duration_ms,
        firstTokenMs: first_token_ms ?? undefined,
        finish,
      };
      draft.change(operationId, at, {
        calls: operation.calls.map((one) => (one.call === call ? { ...one, ...finished } : one)),
        costMicroUsd: operation.costMicroUsd + (cost_micro_usd ?? 0),
        usage: sum(operation.usage, usage),
      });
      break;
    }
    case "notice": {
      const { level, code, text, until } = event.data;
      draft.push({ kind: "notice", key: `step:${seq}`, seq, at, operationId, level, code, text, until: until ?? undefined });
      break;
    }
    case "reasoning":
    case "assistant_message":
      draft.push(textItem(event));
      break;
    case "tool_call": {
      const { call_id, tool, arguments: args } = event.data;
      const item: ToolItem = { ...draft.tool(call_id, operationId, at), seq, at, tool, arguments: args, state: "called" };
      draft.push(item);
      break;
    }
    case "tool_started":
      draft.changeTool(event.data.call_id, {
        state: "running",
        startedAt: at,
        command: event.data.command ?? undefined,
      });
      break;
    case "tool_result": {
      const { call_id, success, output, coloured, summary, duration_ms, truncated, changes } = event.data;
      draft.changeTool(call_id, {
        state: success ? "done" : "failed",
        output,
        coloured: coloured ?? undefined,
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
      draft.approvals.set(approval.id, { approval, decision: undefined, by: undefined });
      draft.changeTool(approval.call_id, { state: "waiting", approvalId: approval.id });
      break;
    }
    case "approval_decided": {
      const { approval_id, decision, by } = event.data;
      const view = draft.approvals.get(approval_id);
      if (!view) break;
      draft.approvals.set(approval_id, { ...view, decision, by });
      draft.changeTool(view.approval.call_id, { state: "called" });
      break;
    }
    case "compacted": {
      const { summary, dropped_items, dropped_tokens, kept_tokens } = event.data;
      draft.push({
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
      if (operationId) end(draft, operationId, event);
      break;
    }
    case "undone": {
      const { operation_id, undone, paths } = event.data;
      if (draft.operations.has(operation_id)) draft.change(operation_id, at, { undone });
      else draft.undone.set(operation_id, undone);
      draft.mark(event, { type: "undone", operationId: operation_id, undone, paths });
      break;
    }
    case "renamed":
      draft.name = event.data.name;
      break;
    case "forked":
      draft.mark(event, { type: "forked", fromSessionId: event.data.from_session_id });
      break;
    case "job_started": {
      const { job_id, command } = event.data;
      draft.push({
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
      endJob(draft, job_id, exit_code ?? undefined);
      break;
    }
    case "budget_paused":
      if (operationId) draft.change(operationId, at, { pause: event.data.pause });
      break;
    case "budget_resumed":
      if (operationId) draft.change(operationId, at, { pause: undefined });
      break;
    case "rewound": {
      const { what, to_seq, paths, undoes_seq } = event.data;
      const back = typeof undoes_seq === "number";
      draft.mark(event, { type: "rewound", what, toSeq: to_seq, paths: paths ?? [], back, messages: undefined, newest: false });
      break;
    }
    case "model_items":
    case "reviewed":
      break;
  }
}

/** The message of an operation waits: it stands with the others that do, until its turn. */
function wait(draft: Draft, operationId: string): void {
  const at = draft.stored.findLastIndex((item) => item.kind === "user" && item.operationId === operationId && !item.steering);
  const item = draft.stored[at];
  if (at < draft.settled || item?.kind !== "user") return;
  draft.stored.splice(at, 1);
  draft.index.delete(item.key);
  for (let position = at; position < draft.stored.length; position += 1) draft.note(position);
  draft.queued = [...draft.queued, item];
}

function begin(draft: Draft, operationId: string): void {
  const item = draft.queued.find((one) => one.operationId === operationId);
  if (!item) return;
  draft.queued = draft.queued.filter((one) => one !== item);
  draft.push(item);
}

/** Commands in the background outlive their operation, so their line may be settled. */
function endJob(draft: Draft, jobId: string, exitCode: number | undefined): void {
  const at = draft.stored.findLastIndex((item) => item.key === `job:${jobId}`);
  const item = draft.stored[at];
  if (item?.kind === "mark" && item.mark.type === "job") {
    draft.stored[at] = { ...item, mark: { ...item.mark, running: false, exitCode } };
  } else draft.jobs.set(jobId, exitCode);
}

function end(draft: Draft, operationId: string, event: Extract<StoredEvent, { event_type: "operation_finished" }>): void {
  const { state, failure, usage, cost_micro_usd, duration_ms, changes } = event.data;
  if (draft.queued.some((item) => item.operationId === operationId)) {
    // Taken out before its turn: it was never said.
    draft.queued = draft.queued.filter((item) => item.operationId !== operationId);
    draft.operations.delete(operationId);
    return;
  }
  draft.change(operationId, event.at, {
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
  for (let position = draft.live.length - 1; position >= 0; position -= 1) {
    if (draft.live[position]?.operationId === operationId) draft.live.splice(position, 1);
  }
  for (let position = draft.settled; position < draft.stored.length; position += 1) {
    const item = draft.stored[position];
    if (item?.kind !== "tool" || item.operationId !== operationId || item.durationMs !== undefined) continue;
    draft.stored[position] = { ...item, state: "unanswered", live: "" };
  }
  for (const [id, view] of [...draft.approvals.now()]) {
    if (view.approval.operation_id === operationId && !view.decision) {
      draft.approvals.set(id, { ...view, decision: "deny", by: "operation" });
    }
  }
  draft.push({ kind: "end", key: `end:${operationId}`, seq: event.seq, at: event.at, operationId });
  draft.settle();
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
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
