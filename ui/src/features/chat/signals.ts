// What a signal adds to the end of a transcript: pieces of what is being written right now.

import type { Signal } from "../../protocol/generated/Signal";
import type { Draft } from "./draft";
import { characters, join } from "./joining";
import { isTerminal, type TextItem } from "./transcript";

/** Characters of live output that are kept for the screen. */
const LIVE_LIMIT = 100_000;

export function hear(draft: Draft, signal: Signal): void {
  if (signal.session_id !== draft.before.sessionId || draft.before.gone.has(signal.operation_id)) return;
  const operation = draft.operations.get(signal.operation_id);
  if (operation && isTerminal(operation.state)) return;
  draft.touched = true;
  switch (signal.signal) {
    case "text_delta":
      delta(draft, "assistant", signal.message_id, signal.operation_id, signal.text, signal.offset);
      break;
    case "reasoning_delta":
      delta(draft, "reasoning", signal.message_id, signal.operation_id, signal.text, undefined);
      break;
    case "tool_call_progress": {
      const known = draft.tool(signal.call_id, signal.operation_id, 0);
      if (known.seq === undefined) draft.pushLive({ ...known, tool: signal.tool, bytes: signal.bytes });
      break;
    }
    case "tool_output":
      draft.changeTool(signal.call_id, (item) =>
        item.durationMs === undefined ? { live: tail(item.live + signal.text) } : {},
      );
      break;
    case "activity":
      if (operation) {
        draft.operations.set(operation.id, {
          ...operation,
          activity: { text: signal.text, since: signal.since },
        });
      }
      break;
    case "unstored":
      if (operation) {
        draft.operations.set(operation.id, {
          ...operation,
          activity: { text: signal.failure.message, since: signal.since },
        });
      }
      break;
  }
}

function delta(draft: Draft, kind: TextItem["kind"], messageId: string, operationId: string, text: string, offset: number | undefined): void {
  const key = `${kind}:${messageId}`;
  if (draft.index.has(key)) return;
  const found = draft.live.find((item) => item.key === key);
  const known = found && (found.kind === "assistant" || found.kind === "reasoning") ? found : undefined;
  const before = known?.text ?? "";
  const have = known?.characters ?? 0;
  const joined = offset === undefined ? before + text : join(before, text, offset, have);
  draft.pushLive({
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

function tail(text: string): string {
  return text.length > LIVE_LIMIT ? text.slice(text.length - LIVE_LIMIT) : text;
}
