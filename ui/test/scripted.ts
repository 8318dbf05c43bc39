// A transport that tests and the design server hold in their hands.

import { RequestFailed, type Transport, type TransportHandlers } from "../src/protocol/client";
import type { Failure } from "../src/protocol/generated/Failure";
import type { ServerMessage } from "../src/protocol/generated/ServerMessage";
import type { Signal } from "../src/protocol/generated/Signal";
import type { StoredEvent } from "../src/protocol/generated/StoredEvent";
import type { Topic } from "../src/protocol/generated/Topic";

export type Handler = (params: never) => unknown;

export interface Asked {
  method: string;
  params: Record<string, unknown>;
}

export class ScriptedTransport implements Transport {
  readonly kind = "fake";
  readonly asked: Asked[] = [];
  handlers: TransportHandlers | undefined;
  private readonly replies: Map<string, Handler>;

  constructor(replies: Record<string, Handler> = {}) {
    this.replies = new Map(Object.entries(replies));
  }

  start(handlers: TransportHandlers): void {
    this.handlers = handlers;
    handlers.status({ state: "online" });
  }

  on(method: string, handler: Handler): void {
    this.replies.set(method, handler);
  }

  async request(method: string, params: unknown): Promise<unknown> {
    this.asked.push({ method, params: params as Record<string, unknown> });
    const handler = this.replies.get(method);
    if (!handler) throw new RequestFailed({ code: "unknown_method", message: `Nothing was scripted for ${method}.` });
    await Promise.resolve();
    return structuredClone(await handler(params as never));
  }

  calls(method: string): Record<string, unknown>[] {
    return this.asked.filter((one) => one.method === method).map((one) => one.params);
  }

  emit(message: ServerMessage): void {
    this.handlers?.message(message);
  }

  store(event: StoredEvent): void {
    this.emit(onWire(event));
  }

  signal(signal: Signal): void {
    this.emit({ type: "signal", ...signal } as ServerMessage);
  }

  topic(topic: Topic): void {
    this.emit({ type: "topic", ...topic } as ServerMessage);
  }

  close(): void {
    this.handlers = undefined;
  }
}

export function refuse(failure: Failure): never {
  throw new RequestFailed(failure);
}

/** A stored step as the server sends it. */
export function onWire(event: StoredEvent): ServerMessage {
  const { session_id, seq, at, event_type, data } = event;
  const operation_id = event.operation_id ?? "";
  if (event_type === "approval_requested") {
    const { approval } = event.data;
    return {
      type: "sudo_approval_request",
      request_id: approval.id,
      command: approval.command,
      reason: approval.reason,
      cwd: approval.cwd,
      expires_at: approval.expires_at,
      operation_id,
      session_id,
      seq,
      at,
      data: data as never,
    };
  }
  if (event_type === "operation_finished") {
    const { state, content, cost_micro_usd, failure } = event.data;
    if (state === "COMPLETED") {
      return {
        type: "chat_complete",
        operation_id,
        session_id,
        seq,
        at,
        content,
        tokens_used: 0,
        cost_usd: cost_micro_usd / 1e6,
        cache_hit: false,
        data: data as never,
      };
    }
    const told = failure ?? { code: "internal" as const, message: `The operation ended as ${state}.` };
    return { type: "error", ...told, operation_id, session_id, seq, at, data: data as never };
  }
  return { type: "operation_event", operation_id: event.operation_id, session_id, seq, at, event_type, data: data as never };
}
