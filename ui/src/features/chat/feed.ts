// Keeps the transcript of the open session up to date: first page, live messages, gaps.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { asFailure, type Client } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import { useClient } from "../../protocol/queries";
import { heard } from "../../protocol/stored";
import { emptyTranscript, fold, hasGap, type Input, type Transcript } from "./transcript";

export interface FeedState {
  transcript: Transcript;
  loaded: boolean;
  failure: Failure | undefined;
}

const PAGE = 5000;

/** One session's transcript, live. Make with `open`, end with `close`. */
export class Feed {
  private state: FeedState;
  private readonly client: Client;
  private readonly sessionId: string;
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[] = [];
  private loading = false;
  private again = false;
  private closed = false;

  constructor(client: Client, sessionId: string) {
    this.client = client;
    this.sessionId = sessionId;
    this.state = { transcript: emptyTranscript(sessionId), loaded: false, failure: undefined };
  }

  open(): void {
    this.closed = false;
    this.stops.push(
      this.client.onMessages((messages) => {
        const inputs: Input[] = [];
        for (const message of messages) {
          const what = heard(message);
          if (what && what.kind !== "topic") inputs.push(what);
        }
        this.take(inputs);
      }),
      this.client.watch(this.sessionId, () => this.state.transcript.lastSeq),
      this.client.onStatus(() => {
        if (this.client.status().state === "online") void this.catchUp();
      }),
    );
    void this.catchUp();
  }

  close(): void {
    this.closed = true;
    for (const stop of this.stops.splice(0)) stop();
  }

  get = (): FeedState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  retry(): void {
    void this.catchUp();
  }

  private take(inputs: Input[]): void {
    const transcript = fold(this.state.transcript, inputs);
    if (transcript !== this.state.transcript) this.set({ transcript });
    if (hasGap(transcript) && this.state.loaded) void this.catchUp();
  }

  /** Asks for everything after the last step; once more where asked again meanwhile. */
  private async catchUp(): Promise<void> {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    try {
      for (;;) {
        this.again = false;
        const since = this.state.transcript.lastSeq;
        const page = await this.client.call("session.events", {
          session_id: this.sessionId,
          since_seq: since,
          limit: PAGE,
        });
        if (this.closed) return;
        const inputs: Input[] = page.events.map((event) => ({ kind: "stored", event }));
        for (const signal of page.live ?? []) inputs.push({ kind: "signal", signal });
        const transcript = fold(this.state.transcript, inputs);
        this.set({ transcript, loaded: this.state.loaded || !page.more, failure: undefined });
        const moved = transcript.lastSeq > since;
        if (!(page.more && moved) && !(this.again && moved)) return;
      }
    } catch (error) {
      if (!this.closed) this.set({ failure: asFailure(error) });
    } finally {
      this.loading = false;
    }
  }

  private set(part: Partial<FeedState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}

const NOTHING: FeedState = { transcript: emptyTranscript(""), loaded: true, failure: undefined };
const never = () => () => undefined;
const nothing = () => NOTHING;

/** The transcript of a session, or an empty one where no session is open. */
export function useFeed(sessionId: string | undefined): FeedState & { retry: () => void } {
  const client = useClient();
  const feed = useMemo(() => (sessionId ? new Feed(client, sessionId) : undefined), [client, sessionId]);
  useEffect(() => {
    feed?.open();
    return () => feed?.close();
  }, [feed]);
  const state = useSyncExternalStore(feed?.subscribe ?? never, feed?.get ?? nothing);
  return { ...state, retry: () => feed?.retry() };
}
