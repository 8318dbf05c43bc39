// The conversation's parts: output of programs, growing Markdown, the message field, what happens now.

import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { place } from "../src/app/place";
import { pieces } from "../src/components/blocks";
import { nearest, Terminal, terminalView, uncoloured } from "../src/components/terminal";
import { codeBlocks, isPatch, pathOf } from "../src/features/chat/applying";
import { isText } from "../src/features/chat/attaching";
import { DraftSaver } from "../src/features/chat/draftSaver";
import { matches } from "../src/features/chat/find";
import { fold } from "../src/features/chat/fold";
import { commitOptions, fileOptions, mentionedIn, mentionsOf, symbolOptions, wantedAt } from "../src/features/chat/mentions";
import { phaseOf } from "../src/features/chat/status";
import { TextHistory } from "../src/features/chat/textHistory";
import { emptyTranscript, type Input } from "../src/features/chat/transcript";
import type { Written } from "../src/features/chat/useDraft";
import { Client } from "../src/protocol/client";
import type { StoredEvent } from "../src/protocol/generated/StoredEvent";
import { mount } from "./app";
import { refuse, ScriptedTransport } from "./scripted";
import { approval, firstTurn, Story } from "./story";

const user = () => userEvent.setup({ delay: null });
const field = () => screen.getByRole("textbox", { name: "Message" }) as HTMLTextAreaElement;
const plain = (text: string) => {
  const terminal = new Terminal();
  terminal.feed(text);
  return terminal.show().map((line) => line.spans.map((span) => span.text).join(""));
};

describe("the output of a program", () => {
  it("keeps colours and weight and drops every other control", () => {
    const terminal = new Terminal();
    terminal.feed("\u001b[1;32mok\u001b[0m\u001b[2K plain\u001b]0;title\u0007\u001b[?25l");
    expect(terminal.show()[0]?.spans.map((span) => [span.text.trim(), span.bold, span.colour])).toEqual([
      ["", false, undefined],
      ["plain", false, undefined],
    ]);
    const kept = new Terminal();
    kept.feed("\u001b[1;32mok\u001b[0m plain");
    expect(kept.show()[0]?.spans.map((span) => [span.text, span.bold, span.colour])).toEqual([
      ["ok", true, 2],
      [" plain", false, undefined],
    ]);
  });

  it("is coloured again when a stored result is read, and its words alone are copied and found", () => {
    const story = new Story("ses_1", 0);
    const operation = "op_1";
    story.add(operation, { event_type: "tool_call", data: { call_id: "c1", tool: "run_command", arguments: { command: "check" } } });
    const printed = "\u001b[32mok\u001b[0m all\n";
    story.add(operation, {
      event_type: "tool_result",
      data: { call_id: "c1", tool: "run_command", success: true, output: "ok all\n", coloured: printed, summary: "exit 0", duration_ms: 3, truncated: false },
    });
    const item = fold(emptyTranscript("ses_1"), story.events.map((event) => ({ kind: "stored" as const, event }))).items.find((one) => one.kind === "tool");
    expect(item).toMatchObject({ output: "ok all\n", coloured: printed });
    expect(uncoloured(printed)).toBe("ok all\n");
  });

  it("redraws a progress bar where it stands: carriage return, backspace, erase, cursor up", () => {
    expect(plain("10 %\r50 %\r100 %\nnext\r\n")).toEqual(["100 %", "next"]);
    expect(plain("downloading 999\rdone\u001b[K\n")).toEqual(["done"]);
    expect(plain("abc\b\bX")).toEqual(["aXc"]);
    expect(plain("one  1 %\ntwo  1 %\n\u001b[2A\rone  9 %\u001b[1B\rtwo  8 %\n")).toEqual(["one  9 %", "two  8 %"]);
    expect(plain("a\tb")).toEqual(["a       b"]);
    expect(plain("x\u001b[2J\u001b[1G")).toEqual(["x"]);
  });

  it("says the same whole and in any pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("\u001b[", "31", "m", ";", "38;5;1m", "\u001b[1A", "\u001b[K", "text", "\r", "\n", "\b", "ä🙂", "\t"), { maxLength: 40 }), fc.array(fc.nat(60), { maxLength: 6 }), (parts, cuts) => {
        const text = `${parts.join("")}\u001b[0m`;
        const whole = new Terminal();
        whole.feed(text);
        const edges = [0, ...cuts.map((at) => Math.min(at, text.length)), text.length].sort((left, right) => left - right);
        const pieced = new Terminal();
        for (let at = 1; at < edges.length; at += 1) pieced.feed(text.slice(edges[at - 1], edges[at]));
        const shown = (terminal: Terminal) => terminal.show().map((line) => line.spans.map((span) => [span.text, span.colour, span.bold]));
        // A cut through a character of two units would be two characters; the engine never cuts there.
        if (!edges.some((at) => /[\ud800-\udbff]$/.test(text.slice(0, at)))) expect(shown(pieced)).toEqual(shown(whole));
        expect(shown(whole).flat().some(([piece]) => /[\u0007\u001b]/.test(String(piece)))).toBe(false);
      }),
    );
  });

  it("keeps lines that did not change the same, so that they are not drawn again", () => {
    const before = terminalView("first\nsecond\nthi").lines;
    const after = terminalView("first\nsecond\nthird\nfourth").lines;
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  it("shows any colour as the one of eight that both themes can show", () => {
    expect([nearest(255, 80, 80), nearest(90, 220, 90), nearest(80, 120, 255), nearest(128, 128, 128)]).toEqual([1, 2, 4, 0]);
  });
});

describe("growing Markdown", () => {
  const lines = fc.array(fc.constantFrom("# Title", "text", "", "- item", "  more", "```rust", "```", "~~~", "| a | b |", "> quote", "1. one"), { maxLength: 30 });

  it("is cut into pieces that together are the text", () => {
    fc.assert(
      fc.property(lines, (all) => {
        const text = all.join("\n");
        expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
      }),
    );
  });

  it("is cut the same whether it came at once or letter by letter", () => {
    fc.assert(
      fc.property(lines, (all) => {
        const text = all.join("\n");
        const nonce = `${Math.random()} `;
        let last = pieces(nonce);
        for (let end = 1; end <= text.length; end += 3) last = pieces(nonce + text.slice(0, end));
        last = pieces(nonce + text);
        expect(last.map((piece) => piece.text)).toEqual(pieces(`${nonce}${text}`).map((piece) => piece.text));
        expect(last.map((piece) => piece.text).join("")).toBe(nonce + text);
      }),
      { numRuns: 40 },
    );
  });

  it("breaks a paragraph that is too long behind a sentence, never inside a mark, the same letter by letter", () => {
    const word = fc.constantFrom("plain words here. ", "**bold. Still** so. ", "`code. It` ends. ", "a [link. Here](x) and. ", "1. no list. ", "line\n", "- item. ");
    fc.assert(
      fc.property(fc.array(word, { minLength: 100, maxLength: 500 }), fc.nat(400), (words, step) => {
        const text = words.join("");
        const nonce = `n${Math.random()} `;
        let last = pieces(nonce);
        for (let end = 1; end <= text.length; end += step + 50) last = pieces(nonce + text.slice(0, end));
        last = pieces(nonce + text);
        expect(last.map((piece) => piece.text)).toEqual(pieces(`${nonce}${text}`).map((piece) => piece.text));
        const fresh = pieces(`m${nonce.slice(1)}${text}`).map((piece) => piece.text);
        expect(last.map((piece) => piece.text).slice(1)).toEqual(fresh.slice(1));
        expect(last.map((piece) => piece.text).join("")).toBe(nonce + text);
      }),
      { numRuns: 40 },
    );
    const long = "One more word of a long answer. ".repeat(1000);
    expect(Math.max(...pieces(long).map((piece) => piece.text.length))).toBeLessThan(2600);
    expect(pieces(`**${"One more word. ".repeat(500)}**`)).toHaveLength(1);
  });

  it("keeps a fence whole, and knows the code of one that is still open", () => {
    expect(pieces("a\n\n```\n\nb\n\nc").map((piece) => piece.text)).toEqual(["a\n\n", "```\n\nb\n\nc"]);
    expect(pieces("a\n\n```rust\nfn a() {}\n").at(-1)?.code).toEqual({ language: "rust", text: "fn a() {}" });
    expect(pieces("a\n\n```rust\nfn a() {}\n```\n").at(-1)?.code).toBeUndefined();
  });
});

describe("a code block on its way into a file", () => {
  it("says where it belongs, if it does", () => {
    expect(pathOf({ language: "rust", code: "// src/lib.rs\nfn a() {}" })).toBe("src/lib.rs");
    expect(pathOf({ language: "html", code: "<!-- web/index.html -->\n<p>" })).toBe("web/index.html");
    expect(pathOf({ language: "rust", code: "// a remark\nfn a() {}" })).toBeUndefined();
    const diff = { language: "diff", code: "--- a/x.rs\n+++ b/src/x.rs\n@@ -1 +1 @@\n-a\n+b" };
    expect([isPatch(diff), pathOf(diff)]).toEqual([true, "src/x.rs"]);
    expect(isPatch({ language: "rust", code: "@@ -1 +1 @@" })).toBe(false);
  });

  it("is found in the newest answer that has one", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story);
    story.add("op_1", { event_type: "assistant_message", data: { message_id: "z", content: "See\n```ts\na();\n```\nand\n~~~\nb\n~~~\n", partial: false, superseded: false } });
    const transcript = fold(emptyTranscript("ses_1"), story.events.map((event): Input => ({ kind: "stored", event })));
    expect(codeBlocks(transcript)).toEqual([
      { language: "ts", code: "a();" },
      { language: undefined, code: "b" },
    ]);
  });
});

describe("mentions", () => {
  it("know what is being completed", () => {
    expect(wantedAt("/re", 3)).toEqual({ kind: "command", query: "re", from: 0 });
    expect(wantedAt("see @src/li", 11)).toEqual({ kind: "mention", query: "src/li", from: 4 });
    expect(wantedAt("see @commit:fix", 15)).toEqual({ kind: "mention", query: "commit:fix", from: 4 });
    expect(wantedAt("a@b.c", 5)).toBeUndefined();
    expect(wantedAt("use /usr/bin", 12)).toBeUndefined();
  });

  it("are those that the text still has", () => {
    const known = ["@src/a.rs", "@src/b.rs", "@src/"].map((word) => ({ word, mention: { kind: "file" as const, path: word.slice(1) } }));
    const still = (text: string) => mentionedIn(text, known).map((one) => one.word);
    expect(still("look at @src/a.rs, please")).toEqual(["@src/a.rs"]);
    expect(still("look at @src/a.rs.bak")).toEqual([]);
    expect(still("all in @src/ and (@src/b.rs)")).toEqual(["@src/b.rs", "@src/"]);
  });

  it("offer folders on the way to files, and commits by hash and words", () => {
    const entry = (path: string) => ({ path, is_dir: false, size_bytes: 1, ignored: false });
    const found = fileOptions([entry("crates/parser/src/lines.rs")], "parser");
    expect(found.map((one) => [one.word, one.mention?.kind])).toEqual([
      ["@crates/parser/", "folder"],
      ["@crates/parser/src/lines.rs", "file"],
    ]);
    const commit = { hash: "1a2b3c4d5e", author: "", email: "", at: 0, subject: "Fix the parser" };
    expect(commitOptions([commit], "1a2b").map((one) => one.word)).toEqual(["@commit:1a2b3c4d"]);
    expect(commitOptions([commit], "PARSER")).toHaveLength(1);
    expect(commitOptions([commit], "lexer")).toHaveLength(0);
  });

  it("names an element by its file only where another has its name, and finds it again in what was sent", () => {
    const element = (id: number, path: string, name: string) =>
      ({ id, path, language: null, doc: null, parent: null, kind: "method", name, qualified_name: name, signature: "", visibility: "public", start_line: 1, end_line: 2, is_async: false, is_test: false, cyclomatic: 1, cognitive: 0 }) as const;
    const found = [element(1, "a.rs", "Cart::total"), element(2, "b.rs", "Cart::total"), element(3, "c.rs", "main"), element(4, "d.md", "A heading")];
    const words = symbolOptions(found).map((one) => one.word);
    expect(words).toEqual(["@symbol:a.rs#Cart::total", "@symbol:b.rs#Cart::total", "@symbol:main"]);
    const sent = (path: string, name: string) => ({ mention: { kind: "symbol", path, name } as const, name, text: "", tokens: 1 });
    const related = { mention: { kind: "related" } as const, name: "related code", text: "", tokens: 1 };
    const content = `see ${words[1] ?? ""} and ${words[2] ?? ""}.`;
    expect(mentionsOf(content, [sent("b.rs", "Cart::total"), sent("c.rs", "main"), related]).map((one) => one.word)).toEqual(words.slice(1));
  });
});

describe("the history of the message field", () => {
  it("steps by words and pauses, keeps what was put in whole, and brings undone steps again", () => {
    let now = 0;
    const history = new TextHistory("", () => now);
    for (const text of ["h", "he", "hey", "hey ", "hey y", "hey yo"]) {
      now += 100;
      history.note(text, text.length);
    }
    now += 5000;
    history.note("hey you", 7);
    history.note("", 0, true);
    const steps: string[] = [];
    for (let moment = history.undo(); moment; moment = history.undo()) steps.push(moment.text);
    expect(steps[0]).toBe("hey you");
    expect(steps.at(-1)).toBe("");
    expect(steps.length).toBeGreaterThan(2);
    for (const expected of [...steps].reverse().slice(1)) expect(history.redo()?.text).toBe(expected);
    expect(history.redo()?.text).toBe("");
    expect(history.canRedo).toBe(false);
  });
});

describe("what happens now", () => {
  const online = { state: "online" } as const;
  const stored = (event: StoredEvent): Input => ({ kind: "stored", event });
  const begun = () => {
    const story = new Story("ses_1", 0);
    story.add("op_1", { event_type: "user_message", data: { message_id: "m0", content: "go", attachments: [], steering: false } });
    story.add("op_1", { event_type: "operation_state", data: { state: "PENDING", kind: null, reason: null } });
    return story;
  };
  const phase = (story: Story, now = 0, status: Parameters<typeof phaseOf>[1] = online, more: Input[] = []) =>
    phaseOf(fold(emptyTranscript("ses_1"), [...story.events.map(stored), ...more]), status, now);
  const call = { event_type: "model_call_started", data: { call: 1, provider: "openai", model: "gpt-5.5", request_bytes: 1, estimated_input_tokens: 1 } } as const;

  it("is told apart: starting, waiting for the model, thinking, writing, a tool, several", () => {
    const story = begun();
    expect(phase(story)).toMatchObject({ kind: "starting" });
    story.add("op_1", { event_type: "operation_state", data: { state: "GENERATING", kind: null, reason: null } });
    const started = story.add("op_1", call);
    expect(phase(story)).toEqual({ kind: "waiting", model: "gpt-5.5", since: started.at });
    const at = { session_id: "ses_1", operation_id: "op_1" };
    expect(phase(story, 0, online, [{ kind: "signal", signal: { signal: "reasoning_delta", ...at, message_id: "r", text: "hm" } }])).toMatchObject({ kind: "thinking" });
    expect(phase(story, 0, online, [{ kind: "signal", signal: { signal: "text_delta", ...at, message_id: "t", text: "So", offset: 0 } }])).toMatchObject({ kind: "writing" });
    expect(phase(story, 0, online, [{ kind: "signal", signal: { signal: "tool_call_progress", ...at, call_id: "c", tool: "run_command", bytes: 9 } }])).toEqual({ kind: "calling", tool: "run_command", bytes: 9 });
    for (const id of ["c1", "c2"]) story.add("op_1", { event_type: "tool_call", data: { call_id: id, tool: "run_command", arguments: { command: "make" } } });
    const running = story.add("op_1", { event_type: "tool_started", data: { call_id: "c1", command: "make" } });
    expect(phase(story)).toEqual({ kind: "tool", verb: "Run", subject: "make", since: running.at });
    story.add("op_1", { event_type: "tool_started", data: { call_id: "c2", command: "make" } });
    expect(phase(story)).toMatchObject({ kind: "tools", count: 2 });
  });

  it("says why and until when it waits, asks or is paused, and when the engine is out of reach", () => {
    const story = begun();
    story.add("op_1", { event_type: "operation_state", data: { state: "GENERATING", kind: null, reason: null } });
    story.add("op_1", call);
    story.add("op_1", { event_type: "notice", data: { level: "warning", code: "rate_limited", text: "Slow down", until: 9000 } });
    expect(phase(story, 100)).toEqual({ kind: "retrying", text: "Slow down", until: 9000 });
    expect(phase(story, 9001)).toMatchObject({ kind: "waiting" });
    expect(phase(story, 100, { state: "reconnecting", attempt: 2, retryAt: 5000 })).toEqual({ kind: "offline", retryAt: 5000 });
    story.add("op_1", { event_type: "approval_requested", data: { approval: approval(story, "op_1", "c1", 99) } });
    story.add("op_1", { event_type: "operation_state", data: { state: "AWAITING_APPROVAL", kind: null, reason: null } });
    expect(phase(story, 9001)).toMatchObject({ kind: "approval" });
    story.add("op_1", { event_type: "operation_state", data: { state: "PAUSED", kind: null, reason: "the day’s limit is reached" } });
    expect(phase(story, 9001)).toMatchObject({ kind: "paused", reason: "the day’s limit is reached" });
    const pause = { operation_id: "op_1", session_id: "ses_1", since: 77, caps: [], needed_micro_usd: 9, missing_micro_usd: 4, tier: "code", model: "gpt-5.5", waits_for_others: false, cheaper: null } as const;
    story.add("op_1", { event_type: "budget_paused", data: { pause: { ...pause, caps: [] } } });
    expect(phase(story, 9001)).toMatchObject({ kind: "paused", since: 77, pause: { missing_micro_usd: 4 } });
    story.add("op_1", { event_type: "budget_resumed", data: { choice: "raise_once", waited_ms: 3 } });
    story.add("op_1", { event_type: "operation_state", data: { state: "GENERATING", kind: null, reason: null } });
    expect(phase(story, 9001)).toMatchObject({ kind: "waiting" });
  });

  it("is nothing once it has ended", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story);
    expect(phase(story)).toEqual({ kind: "idle" });
  });
});

describe("finding words", () => {
  it("looks into messages, answers, thoughts and what tools printed", () => {
    const story = new Story("ses_1", 0);
    firstTurn(story);
    const { items } = fold(emptyTranscript("ses_1"), story.events.map((event): Input => ({ kind: "stored", event })));
    const kinds = (words: string) => matches(items, words).map((key) => key.split(":")[0]);
    expect(kinds("CRLF as well")).toEqual(["user"]);
    expect(kinds("212 passed")).toContain("tool");
    expect(kinds("byt")).toContain("reasoning");
    expect(kinds(" ")).toEqual([]);
  });

  it("tells text from other files", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(isText(bytes("naïve 🙂"))).toBe(true);
    expect(isText(new Uint8Array([0x50, 0x4b, 3, 4, 0]))).toBe(false);
    expect(isText(new Uint8Array([0xff, 0xfe, 0x41]))).toBe(false);
  });
});

describe("the message field", () => {
  it("undoes and redoes what was written, also what was sent", async () => {
    mount();
    await screen.findByText(/Done in/);
    await user().type(field(), "fix it{Enter}");
    await waitFor(() => {
      expect(field().value).toBe("");
    });
    await user().type(field(), "{Control>}z{/Control}");
    expect(field().value).toBe("fix it");
    await user().type(field(), "{Control>}{Shift>}z{/Shift}{/Control}");
    expect(field().value).toBe("");
  });

  it("keeps a draft in the engine and takes up the one that is kept there", async () => {
    const { engine } = mount("", {
      prepare: (engine) => {
        engine.on("draft.get", () => ({ content: "half a thought", attachments: [], mentions: [], saved_at: Date.now() + 60_000 }));
      },
    });
    await waitFor(() => {
      expect(field().value).toBe("half a thought");
    });
    await user().type(field(), ", and more");
    await waitFor(
      () => {
        expect(engine.calls("draft.save").at(-1)).toMatchObject({ session_id: "ses_1", content: "half a thought, and more", attachments: null });
      },
      { timeout: 3000 },
    );
  });

  const draft = (content: string): Written => ({ text: content, mentions: [], attachments: [] });
  const saving = (answer: () => unknown) => {
    const engine = new ScriptedTransport({ "draft.save": answer });
    const client = new Client(engine, (run) => {
      run();
    });
    const saver = new DraftSaver(client, { sessionId: "ses_1", projectId: undefined });
    return { saver, saved: () => engine.calls("draft.save").map((one) => one.content) };
  };

  it("saves a draft while somebody types without a pause", () => {
    vi.useFakeTimers();
    try {
      const { saver, saved } = saving(() => ({}));
      for (let keys = 1; keys <= 9; keys += 1) {
        saver.note(draft("a".repeat(keys - 1)), draft("a".repeat(keys)));
        vi.advanceTimersByTime(100);
      }
      expect(saved()).toEqual(["aaaaa"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("never lets an older draft overtake a newer one, and says again what a broken connection lost", async () => {
    const answers: ((value: unknown) => void)[] = [];
    let broken = false;
    const { saver, saved } = saving(() => {
      if (broken) refuse({ code: "provider_unreachable", message: "away" });
      return new Promise((resolve) => answers.push(resolve));
    });
    saver.note(draft(""), draft("one"));
    saver.flush();
    saver.note(draft("one"), draft("two"));
    saver.flush();
    expect(saved()).toEqual(["one"]);
    await waitFor(() => {
      expect(answers).toHaveLength(1);
    });
    broken = true;
    answers[0]?.({});
    await waitFor(() => {
      expect(saved()).toEqual(["one", "two"]);
    });
    broken = false;
    await waitFor(() => {
      saver.flush();
      expect(saved()).toEqual(["one", "two", "two"]);
    });
  });

  it("tells the engine what only this window still has", async () => {
    localStorage.setItem("mira.draft.ses_1", JSON.stringify({ text: "typed as it broke", at: Date.now() }));
    const { engine } = mount();
    expect(field().value).toBe("typed as it broke");
    await waitFor(
      () => {
        expect(engine.calls("draft.save").at(-1)).toMatchObject({ session_id: "ses_1", content: "typed as it broke" });
      },
      { timeout: 3000 },
    );
  });

  it("shows size, tokens and money of an image, and refuses it where the model cannot see", async () => {
    const { engine } = mount("blind");
    await screen.findByText(/Done in/);
    const shot = new File([new Uint8Array([137, 80, 78, 71])], "shot.png", { type: "image/png" });
    fireEvent.paste(field(), { clipboardData: { files: [shot] } });
    const problem = await screen.findByRole("alert");
    expect(problem.textContent).toContain("qwen2.5-coder cannot see images");
    expect(screen.getByText(/1k tokens/)).toBeTruthy();
    await user().type(field(), "what is it{Enter}");
    expect(engine.calls("operation.start")).toEqual([]);
    await user().click(within(problem).getByRole("button", { name: "Remove the images" }));
    await user().type(field(), "{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.start")).toHaveLength(1);
    });
  });

  it("refuses what no model can read, and says so", async () => {
    mount();
    await screen.findByText(/Done in/);
    const zip = new File([new Uint8Array([0x50, 0x4b, 3, 4, 0, 0])], "a.zip", { type: "application/zip" });
    fireEvent.drop(field(), { dataTransfer: { files: [zip], items: [] } });
    expect(await screen.findByText(/a\.zip is neither text nor an image/)).toBeTruthy();
  });

  it("completes files, folders, sessions and commits by keyboard and sends them as mentions", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    await user().type(field(), "see @span");
    await screen.findByRole("option", { name: /crates\/parser\/src\/span.rs/ });
    await user().type(field(), "{Enter}and @commit:crlf");
    await screen.findByRole("option", { name: /Count CRLF as one ending/ });
    await user().type(field(), "{Tab}with @session:flaky");
    await screen.findByRole("option", { name: /Flaky test/ });
    await user().type(field(), "{Enter}now{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.start")).toHaveLength(1);
    });
    expect(engine.calls("operation.start")[0]).toMatchObject({
      content: "see @crates/parser/src/span.rs and @commit:1a2b3c4d with @session:flaky-test-in-scheduler now",
      mentions: [
        { kind: "file", path: "crates/parser/src/span.rs" },
        { kind: "commit", commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d" },
        { kind: "session", session_id: "ses_2" },
      ],
    });
  });

  it("runs Mira's commands with their words, and the person's as prompts", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    await user().type(field(), "/tier agentic{Enter}");
    expect(await screen.findByText("Tier: Agentic")).toBeTruthy();
    await user().type(field(), "/tier quick{Enter}");
    expect(await screen.findByText(/Write it as \/tier/)).toBeTruthy();
    await user().clear(field());
    await user().type(field(), "/tidy src{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.start").at(-1)).toMatchObject({ content: "# Tidy up a folder\nTidy up src.", tier: "agentic" });
    });
    await user().type(field(), "/nonsense{Enter}");
    expect(await screen.findByText("There is no command /nonsense.")).toBeTruthy();
  });
});

describe("a message of the person", () => {
  it("is changed where it stands and asked again in a copy", async () => {
    const { engine } = mount();
    const row = (await screen.findByText(/Make the line parser accept CRLF/)).closest("article") as HTMLElement;
    await user().click(within(row).getByRole("button", { name: "Edit and ask again" }));
    const edit = within(row).getByRole("textbox", { name: "Your message, changed" });
    await user().clear(edit);
    await user().type(edit, "Only LF{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.again")).toEqual([{ session_id: "ses_1", seq: 1, content: "Only LF" }]);
    });
    expect(place.get().sessionId).toBe("ses_2");
  });

  it("keeps the changed words where asking fails", async () => {
    const { engine } = mount();
    engine.on("operation.again", () => refuse({ code: "conflict", message: "Not now." }));
    const row = (await screen.findByText(/Make the line parser accept CRLF/)).closest("article") as HTMLElement;
    await user().click(within(row).getByRole("button", { name: "Edit and ask again" }));
    await user().type(within(row).getByRole("textbox"), " please{Enter}");
    expect(await screen.findByText("Not now.")).toBeTruthy();
    expect((within(row).getByRole("textbox") as HTMLTextAreaElement).value).toContain("please");
  });
});

describe("waiting messages", () => {
  it("are shown, changed, taken out and let go", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    const story = new Story("ses_1", 0);
    firstTurn(story);
    const seq = story.events.length;
    const send = (offset: number, event: object) => {
      act(() => {
        engine.store({ session_id: "ses_1", seq: seq + offset, operation_id: "op_q", at: Date.now(), ...event } as StoredEvent);
      });
    };
    send(1, { event_type: "user_message", data: { message_id: "q", content: "then tag it", attachments: [], steering: false } });
    send(2, { event_type: "operation_state", data: { state: "PENDING", kind: null, reason: "another operation of this session runs first" } });
    const list = await screen.findByRole("region", { name: "Messages that wait" });
    expect(list.textContent).toContain("then tag it");
    await user().click(within(list).getByRole("button", { name: "Change" }));
    const edit = within(list).getByRole("textbox", { name: "Waiting message, changed" });
    await user().clear(edit);
    await user().type(edit, "then tag it 1.0{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.edit")).toEqual([{ operation_id: "op_q", content: "then tag it 1.0", mentions: [] }]);
    });
    await user().click(within(list).getByRole("button", { name: "Send now" }));
    expect(engine.calls("operation.release")).toEqual([{ session_id: "ses_1" }]);
    await user().click(within(list).getByRole("button", { name: "Take out" }));
    expect(engine.calls("operation.cancel")).toEqual([{ operation_id: "op_q" }]);
  });
});

describe("finding in the conversation", () => {
  it("counts, steps and closes by keyboard", async () => {
    mount();
    await screen.findByText(/Done in/);
    fireEvent.keyDown(document.body, { key: "f", ctrlKey: true });
    const words = await screen.findByRole("searchbox", { name: "Find in this conversation" });
    await user().type(words, "crlf");
    const status = within(screen.getByRole("search")).getByRole("status");
    await waitFor(() => {
      expect(status.textContent).toMatch(/^\d+ of \d+$/);
    });
    const before = status.textContent;
    await user().type(words, "{Enter}");
    expect(status.textContent).not.toBe(before);
    await user().type(words, "zzz");
    expect(status.textContent).toBe("Nothing found");
    await user().type(words, "{Escape}");
    expect(screen.queryByRole("search")).toBeNull();
  });
});

describe("code into a file", () => {
  it("is shown as a difference first and then written", async () => {
    const { engine } = mount("", {
      prepare: (engine) => {
        engine.on("session.events", () => {
          const story = new Story("ses_1", 0);
          firstTurn(story);
          story.add("op_1", { event_type: "assistant_message", data: { message_id: "z", content: "```rust\n// src/new.rs\nfn a() {}\n```", partial: false, superseded: false } });
          return { events: story.events, more: false, live: [] };
        });
      },
    });
    await screen.findByText("src/new.rs", { exact: false });
    const button = screen.getAllByRole("button", { name: "Apply" }).at(-1) as HTMLElement;
    await user().click(button);
    const dialog = await screen.findByRole("dialog");
    expect((within(dialog).getByLabelText("File, relative to the project") as HTMLInputElement).value).toBe("src/new.rs");
    await within(dialog).findByText("old line");
    await user().click(within(dialog).getByRole("button", { name: "Write the file" }));
    expect(engine.calls("code.apply")).toEqual([{ session_id: "ses_1", path: "src/new.rs", content: "// src/new.rs\nfn a() {}", patch: false }]);
    expect(await screen.findByText("Applied to src/new.rs")).toBeTruthy();
  });
});

describe("going back", () => {
  it("puts what came along into the field again, also where the conversation is gone before the answer is here", async () => {
    const story = new Story("ses_1", 0);
    firstTurn(story);
    const hidden = story.events.length;
    const { engine } = mount("", {
      prepare: (engine) => {
        engine.on("session.events", () => ({ events: story.events.slice(0, hidden), more: false, live: [] }));
        engine.on("session.rewind", ({ preview }: { preview?: boolean }) => {
          if (!preview) engine.store(story.add(undefined, { event_type: "rewound", data: { what: "conversation", to_seq: 1, hidden: [{ first: 1, last: hidden }] } }));
          return { session_id: "ses_1", what: "conversation", done: !preview, to_seq: 1, message: "Make it accept CRLF", messages: 2, files: [], conflicts: [], notes: [], checkpoint_id: null };
        });
      },
    });
    await screen.findByText(/Make the line parser accept CRLF/);
    await user().click(screen.getByRole("button", { name: "Rewind to here" }));
    await user().click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Go back" }));
    await waitFor(() => {
      expect(field().value).toBe("Make it accept CRLF");
    });
    expect(screen.queryByRole("article", { name: "you" })).toBeNull();
    expect(within(screen.getByRole("list", { name: "Attachments" })).getByText("lines.rs")).toBeTruthy();
    expect(engine.calls("session.rewind").at(-1)).toMatchObject({ seq: 1 });
  });
});
