import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold, prepend } from "../src/features/chat/fold";
import { join } from "../src/features/chat/joining";
import {
  emptyTranscript,
  hasGap,
  pendingApprovals,
  runningOperation,
  type Input,
  type Item,
  type Transcript,
} from "../src/features/chat/transcript";
import { Visible } from "../src/features/chat/visible";
import type { RewindWhat } from "../src/protocol/generated/RewindWhat";
import type { SeqRange } from "../src/protocol/generated/SeqRange";
import type { StoredEvent } from "../src/protocol/generated/StoredEvent";
import { heard } from "../src/protocol/stored";
import { onWire } from "./scripted";
import { approval, firstTurn, Story, usage } from "./story";

const stored = (event: StoredEvent): Input => ({ kind: "stored", event });

function finished(): Story {
  const story = new Story("ses_1", 1_000);
  firstTurn(story, "op_1");
  firstTurn(story, "op_2");
  return story;
}

/** The signals that an engine would have sent on the way to these steps. */
function signalsFor(events: readonly StoredEvent[]): { before: number; input: Input }[] {
  const out: { before: number; input: Input }[] = [];
  for (const event of events) {
    const base = { session_id: event.session_id, operation_id: event.operation_id ?? "" };
    const add = (signal: object) => out.push({ before: event.seq, input: { kind: "signal", signal: { ...base, ...signal } as never } });
    if (event.event_type === "assistant_message") {
      const letters = [...event.data.content];
      for (let at = 0; at < letters.length; at += 7) {
        add({ signal: "text_delta", message_id: event.data.message_id, offset: at, text: letters.slice(at, at + 7).join("") });
      }
    }
    if (event.event_type === "reasoning") add({ signal: "reasoning_delta", message_id: event.data.message_id, text: event.data.text });
    if (event.event_type === "tool_call") add({ signal: "tool_call_progress", call_id: event.data.call_id, tool: event.data.tool, bytes: 12 });
    if (event.event_type === "tool_result") add({ signal: "tool_output", call_id: event.data.call_id, text: "half a line" });
    if (event.event_type === "model_call_started") add({ signal: "activity", text: "Waiting for the model", since: 5 });
  }
  return out;
}

const whole = (story: Story) => fold(emptyTranscript("ses_1"), story.events.map(stored));

describe("the fold of a conversation", () => {
  it("is the same whole, in any pieces, with any repetition", () => {
    const story = finished();
    const expected = whole(story);
    fc.assert(
      fc.property(fc.array(fc.nat(story.events.length), { maxLength: 6 }), fc.array(fc.nat(story.events.length - 1), { maxLength: 30 }), (cuts, again) => {
        const edges = [0, ...cuts, story.events.length].sort((left, right) => left - right);
        let transcript = emptyTranscript("ses_1");
        for (let index = 1; index < edges.length; index += 1) {
          const piece = story.events.slice(edges[index - 1], edges[index]);
          const repeated = again.filter((at) => at < (edges[index] ?? 0)).flatMap((at) => story.events.slice(at, at + 1));
          transcript = fold(transcript, [...repeated, ...piece, ...repeated].map(stored));
        }
        expect(transcript).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("is the same in any order of arrival, and knows that something is missing meanwhile", () => {
    const story = finished();
    const expected = whole(story);
    fc.assert(
      fc.property(fc.shuffledSubarray(story.events, { minLength: story.events.length }), (shuffled) => {
        let transcript = emptyTranscript("ses_1");
        const arrived = new Set<number>();
        for (const event of shuffled) {
          transcript = fold(transcript, [stored(event)]);
          arrived.add(event.seq);
          const unbroken = [...arrived].every((seq) => seq <= transcript.lastSeq);
          expect(hasGap(transcript)).toBe(!unbroken);
        }
        expect(transcript).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it("leaves nothing of the signals once an operation has ended, whichever of them came", () => {
    const story = finished();
    const expected = whole(story);
    const signals = signalsFor(story.events);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: signals.length, maxLength: signals.length }), fc.boolean(), (kept, late) => {
        const inputs: Input[] = [];
        for (const event of story.events) {
          const mine = signals.filter((signal, index) => signal.before === event.seq && kept[index]).map((signal) => signal.input);
          inputs.push(...(late ? [stored(event), ...mine] : [...mine, stored(event)]));
        }
        expect(fold(emptyTranscript("ses_1"), inputs)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("never changes the transcript that it was given", () => {
    const story = finished();
    const half = fold(emptyTranscript("ses_1"), story.events.slice(0, 14).map(stored));
    const copy = structuredClone(half);
    fold(half, story.events.map(stored));
    expect(half).toEqual(copy);
    expect(fold(half, story.events.slice(0, 5).map(stored))).toBe(half);
  });

  it("reads the same from the wire as from the store", () => {
    const story = finished();
    const inputs = story.events.map((event) => heard(onWire(event))).filter((what): what is Input => what !== undefined && what.kind !== "topic");
    expect(fold(emptyTranscript("ses_1"), inputs)).toEqual(whole(story));
  });

  it("ignores other sessions", () => {
    const story = new Story("ses_2", 0);
    firstTurn(story);
    expect(whole(story)).toEqual(emptyTranscript("ses_1"));
  });
});

describe("pages of a conversation", () => {
  /** Five operations, a name, a job that ends late, an undo of the first: things that reach across. */
  function long(): Story {
    const story = new Story("ses_1", 1_000);
    for (let turn = 1; turn <= 5; turn += 1) {
      firstTurn(story, `op_${turn}`);
      if (turn === 1) story.add(undefined, { event_type: "renamed", data: { name: "Lines", by_person: false } });
      if (turn === 2) story.add(undefined, { event_type: "job_started", data: { job_id: "job_1", command: "npm run dev" } });
    }
    story.add(undefined, { event_type: "undone", data: { operation_id: "op_1", undone: true, paths: ["a"] } });
    story.add(undefined, { event_type: "job_finished", data: { job_id: "job_1", exit_code: 0 } });
    return story;
  }

  it("are the same put together, wherever between operations they are cut", () => {
    const story = long();
    const expected = whole(story);
    const begins = story.events.filter((event) => event.event_type === "user_message").map((event) => event.seq);
    fc.assert(
      fc.property(fc.subarray(begins.slice(1)), (cuts) => {
        const edges = [1, ...cuts, story.events.length + 1];
        const pages = edges.slice(1).map((end, index) => {
          const first = edges[index] ?? 1;
          return fold(emptyTranscript("ses_1", first - 1), story.events.slice(first - 1, end - 1).map(stored));
        });
        const last = pages.pop();
        if (!last) return;
        const joined = pages.reduceRight((now, earlier) => prepend(earlier, now), last);
        expect(joined.items).toEqual(expected.items);
        expect([...joined.operations]).toEqual([...expected.operations]);
        expect([joined.firstSeq, joined.lastSeq, joined.name, joined.settled]).toEqual([1, expected.lastSeq, "Lines", expected.settled]);
      }),
    );
  });

  it("go on with what arrives after the newest one", () => {
    const story = long();
    const cut = story.events.findLastIndex((event) => event.event_type === "user_message");
    const half = fold(emptyTranscript("ses_1", cut), story.events.slice(cut, cut + 9).map(stored));
    const all = prepend(fold(emptyTranscript("ses_1"), story.events.slice(0, cut).map(stored)), half);
    expect(fold(all, story.events.slice(cut + 9).map(stored)).items).toEqual(whole(story).items);
  });
});

describe("going back", () => {
  type Step = "turn" | "rename" | "undo" | "job" | "unrewind" | { back: number; what: RewindWhat };

  /** What the engine says of these steps, by its own rules of what a rewind hides. */
  function told(steps: readonly Step[]): Story {
    const story = new Story("ses_1", 1_000);
    const open: { seq: number; hidden: SeqRange[]; what: RewindWhat; toSeq: number }[] = [];
    let turns = 0;
    const visible = () => new Visible(story.events);
    const ranges = (events: StoredEvent[]) => events.map(({ seq }) => ({ first: seq, last: seq }));
    const stays = (event: StoredEvent, what: RewindWhat) =>
      event.event_type === "renamed" || (event.event_type === "undone" && what === "conversation");
    for (const step of steps) {
      if (step === "turn") firstTurn(story, `op_${++turns}`);
      else if (step === "rename") story.add(undefined, { event_type: "renamed", data: { name: `Name ${turns}`, by_person: true } });
      else if (step === "job") {
        story.add(turns ? `op_${turns}` : undefined, { event_type: "job_started", data: { job_id: `job_${story.events.length}`, command: "npm run dev" } });
      } else if (step === "undo") {
        const last = story.events.findLast((event) => event.event_type === "operation_finished" && visible().contains(event.seq));
        if (last?.operation_id) story.add(undefined, { event_type: "undone", data: { operation_id: last.operation_id, undone: true, paths: ["a"] } });
      } else if (step === "unrewind") {
        const last = open.pop();
        if (!last) continue;
        const since = story.events.filter(({ seq }) => seq > last.seq && visible().contains(seq)).filter((event) => !stays(event, last.what));
        const hidden = last.what === "files" ? [] : ranges(since);
        story.add(undefined, { event_type: "rewound", data: { what: last.what, to_seq: last.toSeq, hidden, shown: last.hidden, undoes_seq: last.seq } });
      } else {
        const said = story.events.filter((event) => event.event_type === "user_message" && visible().contains(event.seq));
        const to = said[step.back % Math.max(1, said.length)];
        if (!to) continue;
        const gone = story.events.filter(({ seq }) => seq >= to.seq && visible().contains(seq)).filter((event) => !stays(event, step.what));
        const hidden = step.what === "files" ? [] : ranges(gone);
        const event = story.add(undefined, { event_type: "rewound", data: { what: step.what, to_seq: to.seq, hidden } });
        open.push({ seq: event.seq, hidden, what: step.what, toSeq: to.seq });
      }
    }
    return story;
  }

  const steps = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Step>("turn") },
      fc.constantFrom<Step>("rename", "undo", "job", "unrewind"),
      { weight: 3, arbitrary: fc.record({ back: fc.nat(8), what: fc.constantFrom<RewindWhat>("conversation", "files", "both") }) },
    ),
    { minLength: 1, maxLength: 12 },
  );

  /** The visible steps as a conversation of their own, with their numbers put back afterwards. */
  function foldOfVisible(story: Story): Item[] {
    const visible = new Visible(story.events);
    const kept = story.events.filter((event) => event.event_type !== "rewound" && visible.contains(event.seq));
    const items = fold(emptyTranscript("ses_1"), kept.map((event, at) => stored({ ...event, seq: at + 1 }))).items;
    return items.map((item) => {
      const seq = kept[(item.seq ?? 0) - 1]?.seq ?? 0;
      return { ...item, seq, key: item.key.startsWith("step:") ? `step:${seq}` : item.key };
    });
  }
  const withoutMarks = (transcript: Transcript) => transcript.items.filter((item) => item.kind !== "mark" || item.mark.type !== "rewound");

  it("shows what a conversation of the visible steps alone would show, and its marks", () => {
    fc.assert(
      fc.property(steps, (chosen) => {
        const story = told(chosen);
        const transcript = whole(story);
        expect(withoutMarks(transcript)).toEqual(foldOfVisible(story));
        const visible = new Visible(story.events);
        const marks = story.events.filter((event) => event.event_type === "rewound" && visible.contains(event.seq)).map((event) => event.seq);
        expect(transcript.items.flatMap((item) => (item.kind === "mark" && item.mark.type === "rewound" ? [item.seq] : []))).toEqual(marks);
        expect(transcript.settled).toBeLessThanOrEqual(transcript.items.length);
      }),
      { numRuns: 80 },
    );
  });

  it("is the same step by step, at once, and in pages cut anywhere between turns", () => {
    fc.assert(
      fc.property(steps, fc.nat(40), (chosen, at) => {
        const story = told(chosen);
        const expected = whole(story);
        let slowly = emptyTranscript("ses_1");
        for (const event of story.events) slowly = fold(slowly, [stored(event)]);
        // How much is settled only saves work, and may come later step by step.
        expect({ ...slowly, settled: 0 }).toEqual({ ...expected, settled: 0 });
        const begins = story.events.filter((event) => event.event_type === "user_message").map((event) => event.seq);
        const cut = (begins[at % Math.max(1, begins.length)] ?? 1) - 1;
        const late = fold(emptyTranscript("ses_1", cut), story.events.slice(cut).map(stored));
        const joined = prepend(fold(emptyTranscript("ses_1"), story.events.slice(0, cut).map(stored)), late);
        expect(joined.items).toEqual(expected.items);
        expect([...joined.operations.keys()].sort()).toEqual([...expected.operations.keys()].sort());
        expect([...joined.gone.keys()].sort()).toEqual([...expected.gone.keys()].sort());
      }),
      { numRuns: 40 },
    );
  });

  it("keeps the operations that left, with their money, and knows whose files went back", () => {
    const both = whole(told(["turn", "turn", { back: 1, what: "both" }]));
    expect([...both.operations.keys()]).toEqual(["op_1"]);
    expect(both.gone.get("op_2")).toMatchObject({ costMicroUsd: 21_300, undone: true });
    const talk = whole(told(["turn", "turn", { back: 1, what: "conversation" }]));
    expect(talk.gone.get("op_2")).toMatchObject({ undone: false });
    const files = whole(told(["turn", "turn", { back: 1, what: "files" }]));
    expect(files.operations.get("op_2")).toMatchObject({ undone: true });
    expect(whole(told(["turn", "turn", { back: 1, what: "files" }, "unrewind"])).operations.get("op_2")).toMatchObject({ undone: false });
  });

  it("offers to take back only the newest one that stands, and counts its messages", () => {
    const marks = (chosen: Step[]) => whole(told(chosen)).items.flatMap((item) => (item.kind === "mark" && item.mark.type === "rewound" ? [item.mark] : []));
    expect(marks(["turn", "turn", { back: 1, what: "both" }])).toMatchObject([{ messages: 3, newest: true, back: false }]);
    expect(marks(["turn", "turn", "turn", { back: 2, what: "both" }, "turn", { back: 2, what: "files" }])).toMatchObject([{ newest: false }, { newest: true, messages: 0 }]);
    expect(marks(["turn", "turn", { back: 1, what: "both" }, "unrewind"])).toMatchObject([{ newest: false, back: false }, { newest: false, back: true, messages: 3 }]);
  });

  it("leaves a message alone that had its turn behind the place gone back to", () => {
    const story = new Story("ses_1", 0);
    const say = (operation: string, queued: boolean) => {
      story.add(operation, { event_type: "user_message", data: { message_id: `${operation}_m`, content: operation, attachments: [], steering: false } });
      story.add(operation, { event_type: "operation_state", data: { state: "PENDING", kind: null, reason: queued ? "another operation of this session runs first" : null } });
    };
    const run = (operation: string) => {
      story.add(operation, { event_type: "operation_state", data: { state: "STARTED", kind: null, reason: null } });
      story.add(operation, { event_type: "operation_finished", data: { state: "COMPLETED", failure: null, content: "", usage: usage(0, 0, 0), cost_micro_usd: 0, duration_ms: 1, changes: [] } });
    };
    say("op_1", false);
    say("op_2", true);
    say("op_3", true);
    for (const operation of ["op_1", "op_2", "op_3"]) run(operation);
    // To op_3's message: op_2 began behind it, so its answer leaves too.
    const hidden = story.events.filter((event) => event.seq >= 5 && event.operation_id !== "op_1").map(({ seq }) => ({ first: seq, last: seq }));
    story.add(undefined, { event_type: "rewound", data: { what: "conversation", to_seq: 5, hidden } });
    const transcript = whole(story);
    expect(transcript.queued).toEqual([]);
    expect(runningOperation(transcript)).toBeUndefined();
    expect(transcript.items.filter((item) => item.kind === "user").map((item) => item.content)).toEqual(["op_1", "op_2"]);
  });
});

describe("messages that wait", () => {
  const say = (story: Story, operation: string, content: string, queued: boolean) => {
    story.add(operation, { event_type: "user_message", data: { message_id: `${operation}_m0`, content, attachments: [], steering: false } });
    story.add(operation, { event_type: "operation_state", data: { state: "PENDING", kind: null, reason: queued ? "another operation of this session runs first" : null } });
  };
  const start = (story: Story, operation: string) => story.add(operation, { event_type: "operation_state", data: { state: "STARTED", kind: null, reason: null } });

  it("stand apart until their turn, as they were last changed, and then where their turn came", () => {
    const story = new Story("ses_1", 0);
    say(story, "op_1", "first", false);
    start(story, "op_1");
    say(story, "op_2", "secnod", true);
    story.add("op_2", { event_type: "message_edited", data: { message_id: "op_2_m0", content: "second" } });
    const waiting = whole(story);
    expect(waiting.queued.map((item) => item.content)).toEqual(["second"]);
    expect(waiting.items.filter((item) => item.kind === "user")).toHaveLength(1);
    expect(runningOperation(waiting)?.id).toBe("op_1");
    story.add("op_1", { event_type: "assistant_message", data: { message_id: "m1", content: "done", partial: false, superseded: false } });
    start(story, "op_2");
    const began = whole(story);
    expect(began.queued).toEqual([]);
    expect(began.items.map((item) => item.kind)).toEqual(["user", "header", "assistant", "user", "header"]);
    expect(began.items[3]).toMatchObject({ content: "second" });
  });

  it("are held where nothing runs before them, and gone where they were taken out", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story, "op_1");
    say(story, "op_2", "later", true);
    expect(runningOperation(whole(story))).toBeUndefined();
    expect(whole(story).queued).toHaveLength(1);
    story.add("op_2", {
      event_type: "operation_finished",
      data: { state: "CANCELLED", failure: null, content: "", usage: { input_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0 }, cost_micro_usd: 0, duration_ms: 0, changes: [] },
    });
    const gone = whole(story);
    expect(gone.queued).toEqual([]);
    expect(gone.operations.has("op_2")).toBe(false);
    expect(gone.items.every((item) => item.operationId !== "op_2")).toBe(true);
  });
});

describe("an operation in the transcript", () => {
  const until = (story: Story, type: StoredEvent["event_type"]): Transcript =>
    fold(emptyTranscript("ses_1"), story.events.slice(0, story.events.findIndex((event) => event.event_type === type) + 1).map(stored));

  it("waits with its question until the person decided", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story, "op_1", true);
    const asked = approval(story, "op_1", "op_1_c6", 99);
    story.add("op_1", { event_type: "approval_requested", data: { approval: asked } });
    const waiting = whole(story);
    expect(pendingApprovals(waiting.approvals)).toEqual([asked]);
    expect(waiting.items.find((item) => item.kind === "tool" && item.callId === "op_1_c6")).toMatchObject({ state: "waiting" });
    story.add("op_1", { event_type: "approval_decided", data: { approval_id: "apr_1", decision: "deny", by: "person" } });
    const decided = whole(story);
    expect(pendingApprovals(decided.approvals)).toEqual([]);
    expect(decided.approvals.get("apr_1")).toMatchObject({ decision: "deny", by: "person" });
  });

  it("that was interrupted leaves its partial text, closes its calls and its question", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story, "op_1", true);
    story.add("op_1", { event_type: "approval_requested", data: { approval: approval(story, "op_1", "op_1_c6", 99) } });
    story.add("op_1", { event_type: "assistant_message", data: { message_id: "m9", content: "Half a", partial: true, superseded: false } });
    story.add("op_1", {
      event_type: "operation_finished",
      data: {
        state: "INTERRUPTED",
        failure: { code: "interrupted", message: "The engine ended." },
        content: "",
        usage: { input_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0 },
        cost_micro_usd: 0,
        duration_ms: 1,
        changes: [],
      },
    });
    const transcript = whole(story);
    expect(runningOperation(transcript)).toBeUndefined();
    expect(pendingApprovals(transcript.approvals)).toEqual([]);
    expect(transcript.items.find((item) => item.kind === "tool" && item.callId === "op_1_c6")).toMatchObject({ state: "unanswered" });
    expect(transcript.items.find((item) => item.kind === "assistant" && item.partial)).toMatchObject({ text: "Half a" });
  });

  it("counts money from its calls while it runs and from its end afterwards", () => {
    const story = finished();
    expect(until(story, "model_call_finished").operations.get("op_1")?.costMicroUsd).toBe(8_270);
    expect(whole(story).operations.get("op_1")?.costMicroUsd).toBe(21_300);
  });

  it("shows what is being written at the end, and whether pieces are missing", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story, "op_1", true);
    const running = whole(story);
    const delta = (offset: number, text: string): Input => ({
      kind: "signal",
      signal: { signal: "text_delta", session_id: "ses_1", operation_id: "op_1", message_id: "m9", offset, text },
    });
    const shown = (transcript: Transcript) => transcript.items.at(-1);
    expect(shown(fold(running, [delta(0, "naïve "), delta(6, "🙂 and")]))).toMatchObject({ text: "naïve 🙂 and", gap: false, streaming: true });
    const gap = fold(running, [delta(0, "one "), delta(9, "three")]);
    expect(shown(gap)).toMatchObject({ text: "one ", gap: true });
    expect(shown(fold(gap, [delta(0, "one two three")]))).toMatchObject({ text: "one two three", gap: false });
  });
});

describe("joining pieces of a text", () => {
  it("gives the text back for any cover of it by overlapping pieces", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.array(fc.nat(50), { maxLength: 10 }), (text, starts) => {
        const letters = [...text];
        let joined = "";
        for (const start of [...starts.sort((left, right) => left - right), 0]) {
          const at = Math.min(start, [...joined].length);
          joined = join(joined, letters.slice(at, at + 9).join(""), at) ?? joined;
        }
        joined = join(joined, letters.slice([...joined].length).join(""), [...joined].length) ?? joined;
        expect(joined).toBe(text);
      }),
    );
  });

  it("refuses a piece that lies beyond what is there", () => {
    expect(join("ab", "c", 3)).toBeUndefined();
  });
});
