// The browser's transport: one WebSocket to the engine that served this page. The cookie of the
// one-time link authenticates it.

import { RequestFailed, type Transport, type TransportHandlers } from "./client";
import type { Failure } from "./generated/Failure";
import type { ServerMessage } from "./generated/ServerMessage";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 10_000;

/** How long to wait before try `attempt` (1-based): doubling, capped, with up to 30 % jitter. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
  return Math.round(base * (1 + 0.3 * random()));
}

export class SocketTransport implements Transport {
  readonly kind = "browser";
  private readonly url: string;
  private readonly make: (url: string) => WebSocket;
  private handlers: TransportHandlers | undefined;
  private socket: WebSocket | undefined;
  private open = false;
  private wasOpen = false;
  private closed = false;
  private attempt = 0;
  private nextId = 1;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly waiting = new Map<number, Waiting>();
  /** Requests made before the connection stands. */
  private backlog: string[] = [];

  constructor(url: string, make: (url: string) => WebSocket = (to) => new WebSocket(to)) {
    this.url = url;
    this.make = make;
  }

  start(handlers: TransportHandlers): void {
    this.handlers = handlers;
    this.connect();
    globalThis.addEventListener("online", () => {
      this.retry();
    });
  }

  request(method: string, params: unknown): Promise<unknown> {
    const id = this.nextId++;
    const frame = JSON.stringify({ type: "request", id, method, params });
    return new Promise((resolve, reject) => {
      if (!this.open && this.wasOpen) {
        reject(new RequestFailed(disconnected()));
        return;
      }
      this.waiting.set(id, { resolve, reject });
      if (this.open) this.socket?.send(frame);
      else this.backlog.push(frame);
    });
  }

  retry(): void {
    if (this.open || this.closed) return;
    clearTimeout(this.timer);
    this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private connect(): void {
    this.socket?.close();
    const socket = this.make(this.url);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(String(event.data));
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.broken(event.code, event.reason);
    };
  }

  private receive(text: string): void {
    let message: ServerMessage;
    try {
      message = JSON.parse(text) as ServerMessage;
    } catch {
      return;
    }
    if (message.type === "welcome") {
      this.welcomed();
    } else if (message.type === "reply") {
      this.settle(message.id)?.resolve(message.result);
      return;
    } else if (message.type === "error" && typeof message.id === "number") {
      const { code, message: sentence, hint, retry_after_ms, detail } = message;
      this.settle(message.id)?.reject(new RequestFailed({ code, message: sentence, hint, retry_after_ms, detail }));
      return;
    }
    this.handlers?.message(message);
  }

  private welcomed(): void {
    this.open = true;
    this.wasOpen = true;
    this.attempt = 0;
    for (const [session, since] of this.handlers?.watched() ?? []) {
      this.socket?.send(JSON.stringify({ type: "subscribe", session_id: session, since_seq: since }));
    }
    for (const frame of this.backlog) this.socket?.send(frame);
    this.backlog = [];
    this.handlers?.status({ state: "online" });
  }

  private broken(code: number, reason: string): void {
    this.open = false;
    if (this.closed) return;
    const lost = this.wasOpen ? [...this.waiting.values()] : [];
    if (this.wasOpen) this.waiting.clear();
    for (const request of lost) request.reject(new RequestFailed(disconnected()));
    if (code === 1008 || code === 4401 || code === 4403) {
      this.handlers?.status({ state: "refused", reason });
      return;
    }
    this.attempt += 1;
    const wait = backoff(this.attempt);
    this.handlers?.status({ state: "reconnecting", attempt: this.attempt, retryAt: Date.now() + wait });
    this.timer = setTimeout(() => {
      this.connect();
    }, wait);
  }

  private settle(id: unknown): Waiting | undefined {
    if (typeof id !== "number") return undefined;
    const request = this.waiting.get(id);
    this.waiting.delete(id);
    return request;
  }
}

function disconnected(): Failure {
  return {
    code: "provider_unreachable",
    message: "The engine did not answer because the connection to it is broken.",
    hint: "Mira reconnects by itself; try again then.",
  };
}

/** The socket of the page's own host. */
export function socketUrl(page: Location): string {
  return `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}/ws`;
}

