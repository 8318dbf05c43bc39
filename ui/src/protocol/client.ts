// One door to the engine. A transport carries requests and messages; the client adds typing,
// catching up after a break, and one delivery per animation frame.

import type { Code } from "./generated/Code";
import type { Failure } from "./generated/Failure";
import type { Requests } from "./generated/Requests";
import type { ServerMessage } from "./generated/ServerMessage";
import { painting } from "../vitals";

export type Method = keyof Requests;

/** Params with everything optional that the engine fills in by itself. */
type Loose<T> = {
  [K in keyof T as null extends T[K] ? never : K]: T[K];
} & { [K in keyof T as null extends T[K] ? K : never]?: T[K] };

export type Params<M extends Method> = Loose<Requests[M]["params"]>;
export type Reply<M extends Method> = Requests[M]["reply"];

/** `connecting`: not yet once. `reconnecting`: it was there and broke off. `refused`: no entry. */
export type Status =
  | { state: "connecting" }
  | { state: "online" }
  | { state: "reconnecting"; attempt: number; retryAt: number }
  | { state: "refused"; reason: string };

/** What a host (window, browser, test) must provide. */
export interface Transport {
  readonly kind: "window" | "browser" | "fake";
  /** Rejects with [`RequestFailed`]. */
  request(method: string, params: unknown): Promise<unknown>;
  /** Starts to listen; called once. */
  start(handlers: TransportHandlers): void;
  /** Connects now instead of after the waiting time. */
  retry?(): void;
  close(): void;
}

export interface TransportHandlers {
  message(message: ServerMessage): void;
  status(status: Status): void;
  /** Where to go on after a break: session → last seen step. */
  watched(): Iterable<[string, number]>;
}

/** A request that the engine answered with a failure. */
export class RequestFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "RequestFailed";
    this.failure = failure;
  }

  get code(): Code {
    return this.failure.code;
  }
}

/** Any thrown thing as a failure that can be shown. */
export function asFailure(error: unknown): Failure {
  if (error instanceof RequestFailed) return error.failure;
  if (isFailure(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message };
}

export function isFailure(value: unknown): value is Failure {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Failure).message === "string" &&
    typeof (value as Failure).code === "string"
  );
}

type Batch = (messages: ServerMessage[]) => void;
/** Runs the callback before the next paint. Injected, so that tests decide when. */
export type Schedule = (run: () => void) => void;

/** Animation frames stop in hidden windows; a timer makes sure that work is still seen. */
export const onFrame: Schedule = (run) => {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    run();
  };
  const timer = setTimeout(once, 120);
  requestAnimationFrame(once);
};

export class Client {
  readonly kind: Transport["kind"];
  private readonly transport: Transport;
  private readonly schedule: Schedule;
  private readonly listeners = new Set<Batch>();
  private readonly statusListeners = new Set<() => void>();
  private readonly watchedSessions = new Map<string, () => number>();
  private queue: ServerMessage[] = [];
  private scheduled = false;
  private tokenAt: number | undefined;
  private current: Status = { state: "connecting" };

  constructor(transport: Transport, schedule: Schedule = onFrame) {
    this.kind = transport.kind;
    this.transport = transport;
    this.schedule = schedule;
    transport.start({
      message: (message) => {
        this.queue.push(message);
        if (message.type === "stream_token") this.tokenAt ??= performance.now();
        if (this.scheduled) return;
        this.scheduled = true;
        this.schedule(() => {
          this.flush();
        });
      },
      status: (status) => {
        this.current = status;
        for (const listener of this.statusListeners) listener();
      },
      watched: () => [...this.watchedSessions].map(([id, since]) => [id, since()] as [string, number]),
    });
  }

  async call<M extends Method>(method: M, params: Params<M>): Promise<Reply<M>> {
    return (await this.transport.request(method, params)) as Reply<M>;
  }

  /** Messages in order, those of one frame together. Returns how to stop. */
  onMessages(listener: Batch): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** After a break the transport asks for this session's steps after `since()`. */
  watch(sessionId: string, since: () => number): () => void {
    this.watchedSessions.set(sessionId, since);
    return () => this.watchedSessions.delete(sessionId);
  }

  status = (): Status => this.current;

  onStatus = (listener: () => void): (() => void) => {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  };

  retry(): void {
    this.transport.retry?.();
  }

  close(): void {
    this.transport.close();
  }

  private flush(): void {
    this.scheduled = false;
    const messages = this.queue;
    this.queue = [];
    for (const listener of this.listeners) {
      try {
        listener(messages);
      } catch (error) {
        console.error(error);
      }
    }
    if (this.tokenAt !== undefined) painting(this.tokenAt);
    this.tokenAt = undefined;
  }
}
