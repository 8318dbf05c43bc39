// What arrives, sorted into what the screens tell apart: stored steps, signals, topics.

import type { ServerMessage } from "./generated/ServerMessage";
import type { Signal } from "./generated/Signal";
import type { StoredEvent } from "./generated/StoredEvent";
import type { Topic } from "./generated/Topic";

export type Heard =
  | { kind: "stored"; event: StoredEvent }
  | { kind: "signal"; signal: Signal }
  | { kind: "topic"; topic: Topic };

/** A message of the wire as the step, signal or topic it carries; `undefined` for anything else. */
export function heard(message: ServerMessage): Heard | undefined {
  switch (message.type) {
    case "operation_event":
      return stored(message, message.event_type);
    case "sudo_approval_request":
      return stored(message, "approval_requested");
    case "chat_complete":
      return stored(message, "operation_finished");
    case "error":
      return message.seq !== undefined && message.seq !== null ? stored(message, "operation_finished") : undefined;
    case "stream_token":
      return {
        kind: "signal",
        signal: {
          signal: "text_delta",
          session_id: message.session_id,
          operation_id: message.operation_id,
          message_id: message.message_id,
          offset: message.offset,
          text: message.token,
        },
      };
    case "signal":
      return { kind: "signal", signal: message };
    case "topic":
      return { kind: "topic", topic: message };
    default:
      return undefined;
  }
}

interface Carrier {
  session_id?: string | null;
  operation_id?: string | null;
  seq?: number | null;
  at?: number | null;
  data?: unknown;
}

function stored(carrier: Carrier, event_type: string): Heard {
  const event = {
    session_id: carrier.session_id ?? "",
    seq: carrier.seq ?? 0,
    operation_id: carrier.operation_id ?? undefined,
    at: carrier.at ?? 0,
    event_type,
    data: carrier.data,
  };
  return { kind: "stored", event: event as StoredEvent };
}
