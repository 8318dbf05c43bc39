// Keeps the transcript of the open session up to date: the newest page first, live messages, gaps,
// and earlier pages when somebody looks for them.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { asFailure, type Client } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import { useClient } from "../../protocol/queries";
import { heard } from "../../protocol/stored";
import { fold, prepend } from "./fold";
import { emptyTranscript, hasGap, type Input, type Transcript } from "./transcript";

export interface FeedState {
  transcript: Transcript;
  loaded: boolean;
  /** There are steps before the first one that is loaded. */
  earlier: boolean;
  failure: Failure | undefined;
}

/** Steps of the first page: enough for some screens of talk, and drawn at once. */
const FIRST_PAGE = 400;
const EARLIER_PAGE = 1000;
const PAGE = 5000;

/** One session's transcript, live. Make with `open`, end with `close`. */
export class Feed implements OpenFeed {
  private state: FeedState;
  private newest: Transcript;
  private readonly client: Client;
  private readonly sessionId: string;
  private readonly listeners = new Set<() => void>();
  private readonly stops: (() => void)[] = [];
  /** What arrived before the first page. */
  private waiting: Input[] = [];
  private loading = false;
  private again = false;
  private closed = false;
  private reaching: Promise<void> | undefined;

  constructor(client: Client, sessionId: string) {
    this.client = client;
    this.sessionId = sessionId;
    this.state = { transcript: emptyTranscript(sessionId), loaded: false, earlier: false, failure: undefined };
    this.newest = this.state.transcript;
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
        if (inputs.length > 0) this.take(inputs);
      }),
      this.client.onStatus(() => {
        if (this.client.status().state === "online") void this.catchUp();
      }),
    );
    if (this.state.loaded) this.watch();
    void this.catchUp();
  }

  close(): void {
    this.closed = true;
    for (const stop of this.stops.splice(0)) stop();
  }

  get = (): FeedState => this.state;

  steps = (): Transcript => this.newest;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  retry = (): void => {
    void this.catchUp();
  };

  /** Loads the page before the first step. */
  loadEarlier = (): void => {
    void this.reach(() => false, EARLIER_PAGE);
  };

  /** Loads back to that step; 1 loads everything. */
  loadBackTo = (seq: number): Promise<void> => this.reach((first) => first > seq, PAGE);

  private reach(further: (firstSeq: number) => boolean, limit: number): Promise<void> {
    const before = this.reaching ?? Promise.resolve();
    const mine = before.then(() => this.readBack(further, limit));
    this.reaching = mine;
    void mine.finally(() => {
      if (this.reaching === mine) this.reaching = undefined;
    });
    return mine;
  }

  private async readBack(further: (firstSeq: number) => boolean, limit: number): Promise<void> {
    try {
      while (this.state.earlier && !this.closed) {
        const { firstSeq } = this.state.transcript;
        const page = await this.client.call("session.events", {
          session_id: this.sessionId,
          since_seq: 0,
          before_seq: firstSeq,
          limit,
        });
        const first = page.events[0]?.seq;
        if (first === undefined) {
          this.set({ earlier: false });
          return;
        }
        const earlier = fold(
          emptyTranscript(this.sessionId, first - 1),
          page.events.map((event) => ({ kind: "stored", event })),
        );
        this.set({ transcript: prepend(earlier, this.state.transcript), earlier: page.more });
        if (!further(first)) return;
      }
    } catch {
      // It is asked for again where somebody scrolls or searches again.
    }
  }

  private take(inputs: Input[]): void {
    if (!this.state.loaded) {
      this.waiting.push(...inputs);
      return;
    }
    const transcript = fold(this.state.transcript, inputs);
    if (transcript !== this.state.transcript) this.set({ transcript });
    if (hasGap(transcript)) void this.catchUp();
  }

  /** After a break the transport asks for the steps after the last one. */
  private watch(): void {
    this.stops.push(this.client.watch(this.sessionId, () => this.state.transcript.lastSeq));
  }

  /** The newest page, or everything after the last step; once more where asked again meanwhile. */
  private async catchUp(): Promise<void> {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    try {
      const first = !this.state.loaded;
      if (first) await this.begin();
      if (!first || hasGap(this.state.transcript)) await this.goOn();
    } catch (error) {
      if (!this.closed) this.set({ failure: asFailure(error) });
    } finally {
      this.loading = false;
    }
  }

  private async begin(): Promise<void> {
    const page = await this.client.call("session.events", {
      session_id: this.sessionId,
      since_seq: 0,
      before_seq: 0,
      limit: FIRST_PAGE,
    });
    if (this.closed) return;
    const first = page.events[0]?.seq ?? 1;
    const inputs: Input[] = page.events.map((event) => ({ kind: "stored", event }));
    for (const signal of page.live ?? []) inputs.push({ kind: "signal", signal });
    inputs.push(...this.waiting.splice(0));
    const transcript = fold(emptyTranscript(this.sessionId, first - 1), inputs);
    this.set({ transcript, loaded: true, earlier: page.more, failure: undefined });
    this.watch();
  }

  private async goOn(): Promise<void> {
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
      this.set({ transcript, failure: undefined });
      const moved = transcript.lastSeq > since;
      if (!(page.more && moved) && !(this.again && moved)) return;
    }
  }

  private set(part: Partial<FeedState>): void {
    this.state = { ...this.state, ...part };
    const { transcript, earlier } = this.state;
    if (transcript.log !== this.newest.log) this.newest = transcript;
    for (const listener of this.listeners) listener();
    // A rewind hid all that is loaded: what stands before it is what there is to see.
    if (earlier && transcript.items.length === 0) this.loadEarlier();
  }
}

/** What is on the screen of a session, for those who draw it. The same object while it is open. */
export interface OpenFeed {
  get: () => FeedState;
  /** The transcript as the newest step left it: nothing of it changes while a stream runs. */
  steps: () => Transcript;
  subscribe: (listener: () => void) => () => void;
  retry: () => void;
  loadEarlier: () => void;
  loadBackTo: (seq: number) => Promise<void>;
}

const NOTHING: FeedState = { transcript: emptyTranscript(""), loaded: true, earlier: false, failure: undefined };
const NO_FEED: OpenFeed = {
  get: () => NOTHING,
  steps: () => NOTHING.transcript,
  subscribe: () => () => undefined,
  retry: () => undefined,
  loadEarlier: () => undefined,
  loadBackTo: () => Promise.resolve(),
};

/** The feed of a session, or an empty one where no session is open. */
export function useFeed(sessionId: string | undefined): OpenFeed {
  const client = useClient();
  const feed = useMemo(() => (sessionId ? new Feed(client, sessionId) : undefined), [client, sessionId]);
  useEffect(() => {
    feed?.open();
    return () => feed?.close();
  }, [feed]);
  return feed ?? NO_FEED;
}

/** Everything, with each piece of a stream. */
export function useFeedState(feed: OpenFeed): FeedState {
  return useSyncExternalStore(feed.subscribe, feed.get);
}

/** The transcript, with each step. */
export function useSteps(feed: OpenFeed): Transcript {
  return useSyncExternalStore(feed.subscribe, feed.steps);
}

/** One fact about the conversation: draws again only where that changes (by `Object.is`). */
export function useFeedPart<T>(feed: OpenFeed, pick: (state: FeedState) => T): T {
  return useSyncExternalStore(feed.subscribe, () => pick(feed.get()));
}
