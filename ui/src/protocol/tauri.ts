// The window's transport: Tauri commands for requests, one channel for what the engine tells.

import { Channel, invoke } from "@tauri-apps/api/core";
import { isFailure, RequestFailed, type Transport, type TransportHandlers } from "./client";
import type { ServerMessage } from "./generated/ServerMessage";

export class WindowTransport implements Transport {
  readonly kind = "window";

  start(handlers: TransportHandlers): void {
    const channel = new Channel<ServerMessage | string>();
    channel.onmessage = (message) => {
      handlers.message(typeof message === "string" ? (JSON.parse(message) as ServerMessage) : message);
    };
    invoke("subscribe", { channel }).then(
      () => {
        handlers.status({ state: "online" });
      },
      (error: unknown) => {
        handlers.status({ state: "refused", reason: isFailure(error) ? error.message : String(error) });
      },
    );
  }

  async request(method: string, params: unknown): Promise<unknown> {
    try {
      return await invoke("request", { method, params });
    } catch (error) {
      if (isFailure(error)) throw new RequestFailed(error);
      throw error;
    }
  }

  close(): void {
    // The window's end closes the channel.
  }
}

export function inWindow(): boolean {
  return "__TAURI_INTERNALS__" in globalThis;
}
