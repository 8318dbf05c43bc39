import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { linesBetween } from "../src/components/Diff";
import { Markdown } from "../src/components/Markdown";
import { actionFor, matches, type Action } from "../src/app/actions";
import { fromHash, toHash } from "../src/app/place";
import { moved, nextPending, ofOperation, steps, type Step } from "../src/features/changes/model";
import { asked, toolLine } from "../src/features/chat/toolText";
import { logLine } from "../src/features/health/HealthView";
import { marked } from "../src/features/search/SearchView";
import { legalWords } from "../src/features/settings/AllSettings";
import { duration, money, tokens } from "../src/i18n/format";
import { backoff, SocketTransport } from "../src/protocol/socket";
import type { Status } from "../src/protocol/client";

describe("Markdown", () => {
  it("makes no HTML of the text and no unsafe address", () => {
    const { container } = render(<Markdown text={'<img src=x onerror="alert(1)"> [x](javascript:alert(1)) ![pixel](https://tracker.example/p.png)'} />);
    expect(container.querySelector("img, script")).toBeNull();
    for (const link of container.querySelectorAll("a")) expect(link.getAttribute("href") ?? "").not.toMatch(/^javascript/);
  });

  it("shows code with its language and a way to copy it", () => {
    render(<Markdown text={"```rust\nfn main() {}\n```"} />);
    expect(screen.getByText("rust")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Copy code" })).toBeTruthy();
  });
});

describe("a review", () => {
  const step = (key: string, mark: Step["mark"] = "pending"): Step => ({ key, path: key, hunk: undefined, mark });

  it("moves inside its list and goes on to the next undecided step", () => {
    const all = [step("a"), step("b", "kept"), step("c")];
    expect(moved(all, undefined, 1)).toBe("a");
    expect(moved(all, "c", 1)).toBe("c");
    expect(moved(all, "a", -1)).toBe("a");
    expect(nextPending(all, "a")).toBe("c");
    expect(nextPending(all, "c")).toBe("a");
    expect(nextPending([step("a", "kept")], "a")).toBe("a");
  });

  it("counts a file without hunks as one step", () => {
    const file = { path: "x.png", change: "created", additions: 0, deletions: 0, binary: true, mark: "pending", hunks: [], too_large: false, edited_since: false, undone: false } as const;
    expect(steps(ofOperation({ operation_id: "op", undone: false, files: [{ ...file, hunks: [] }], not_covered: [], pruned: false }))).toHaveLength(1);
  });
});

describe("tool calls in one line", () => {
  it.each([
    ["read_project_file", { path: "a.rs", offset: 501 }, "Read a.rs lines 501–1000"],
    ["run_command", { argv: ["ls", "-l"] }, "Run ls -l"],
    ["search_codebase", '{"pattern":"x"}', "Search x"],
    ["find_callers", { name: "Cart::total", path: "a.rs" }, "Find uses of Cart::total"],
    ["get_quality_issues", { kind: "length", path: "src" }, "Quality issues length src"],
    ["some_new_tool", {}, "some new tool "],
    ["edit_project_file", null, "Edit "],
  ])("%s", (tool, args, expected) => {
    const line = toolLine(tool, args as never, undefined);
    expect(`${line.verb} ${line.subject}`).toBe(expected);
  });

  it("shows each edit as a difference, with odd arguments too", () => {
    expect(asked("edit_project_file", { path: "a", edits: [{ old: "a\nb", new: "a\nc" }] })[0]?.lines.map((line) => line.kind)).toEqual(["context", "removed", "added"]);
    expect(asked("edit_project_file", "not json")).toEqual([]);
    expect(linesBetween("", "x\n")).toEqual([{ kind: "added", text: "x" }]);
  });
});

describe("keys", () => {
  const press = (key: string, part: KeyboardEventInit = {}) => new KeyboardEvent("keydown", { key, ...part });
  it("are told apart by their modifiers", () => {
    expect(matches(press("k", { ctrlKey: true }), "mod+k")).toBe(true);
    expect(matches(press("k", { metaKey: true }), "mod+k")).toBe(true);
    expect(matches(press("K", { ctrlKey: true, shiftKey: true }), "mod+k")).toBe(false);
    expect(matches(press("Z", { ctrlKey: true, shiftKey: true }), "mod+shift+z")).toBe(true);
    expect(matches(press("k"), "mod+k")).toBe(false);
    const off: Action = { id: "x", title: "x", group: "go", keys: "mod+k", enabled: false, run: () => undefined };
    expect(actionFor(press("k", { ctrlKey: true }), [off])).toBeUndefined();
  });
});

describe("places and figures", () => {
  it("keep the place in the address", () => {
    expect(fromHash(toHash({ view: "chat", sessionId: "ses_1" }))).toEqual({ view: "chat", sessionId: "ses_1" });
    expect(fromHash(toHash({ view: "health", sessionId: undefined }))).toEqual({ view: "health" });
    expect(fromHash("#/nonsense")).toEqual({});
  });

  it("print money, time and tokens as people read them", () => {
    expect([0, 400, 31_000, 1_120_000].map(money)).toEqual(["$0", "<$0.001", "$0.031", "$1.12"]);
    expect([12, 1900, 59_400, 61_000, 3_660_000].map(duration)).toEqual(["12 ms", "1.9 s", "59 s", "1 min 1 s", "1 h 1 min"]);
    expect([999, 38_040, 400_000, 1_050_000].map(tokens)).toEqual(["999", "38k", "400k", "1.1M"]);
  });

  it("mark what a search found, and read log lines and legal values", () => {
    expect(marked("a \u0002b\u0003 c").filter((part) => typeof part === "string")).toEqual(["a ", " c"]);
    expect(logLine('{"timestamp":"t","level":"WARN","fields":{"message":"slow","status":429}}')).toMatchObject({ level: "WARN", text: "slow  status=429" });
    expect(logLine("panic")).toMatchObject({ text: "panic" });
    expect(legalWords("true | false")).toEqual(["true", "false"]);
    expect(legalWords("a URL | empty")).toEqual([]);
  });
});

describe("the socket", () => {
  class FakeSocket {
    static all: FakeSocket[] = [];
    sent: Record<string, unknown>[] = [];
    onmessage: ((event: { data: string }) => void) | undefined;
    onclose: ((event: { code: number; reason: string }) => void) | undefined;
    constructor() {
      FakeSocket.all.push(this);
    }
    send(text: string) {
      this.sent.push(JSON.parse(text) as Record<string, unknown>);
    }
    close() {}
    say(message: object) {
      this.onmessage?.({ data: JSON.stringify(message) });
    }
  }

  function connect() {
    FakeSocket.all = [];
    const states: Status["state"][] = [];
    const transport = new SocketTransport("ws://x/ws", () => new FakeSocket() as unknown as WebSocket);
    transport.start({ message: () => undefined, status: (status) => states.push(status.state), watched: () => [["ses_1", 41]] });
    return { transport, states };
  }

  it("answers requests by their id, refuses with the failure, and holds those made too early", async () => {
    const { transport } = connect();
    const first = transport.request("a.b", { x: 1 });
    const socket = FakeSocket.all[0] as FakeSocket;
    expect(socket.sent).toEqual([]);
    socket.say({ type: "welcome", protocol: 1, version: "0" });
    expect(socket.sent).toEqual([
      { type: "subscribe", session_id: "ses_1", since_seq: 41 },
      { type: "request", id: 1, method: "a.b", params: { x: 1 } },
    ]);
    const second = transport.request("c.d", {});
    socket.say({ type: "error", id: 2, code: "not_found", message: "gone" });
    socket.say({ type: "reply", id: 1, method: "a.b", result: { y: 2 } });
    await expect(first).resolves.toEqual({ y: 2 });
    await expect(second).rejects.toMatchObject({ failure: { code: "not_found", message: "gone" } });
    transport.close();
  });

  it("reconnects after a break, goes on from the last step, and fails what was under way", async () => {
    const { transport, states } = connect();
    const socket = FakeSocket.all[0] as FakeSocket;
    socket.say({ type: "welcome", protocol: 1, version: "0" });
    const lost = transport.request("a.b", {});
    socket.onclose?.({ code: 1006, reason: "" });
    await expect(lost).rejects.toMatchObject({ name: "RequestFailed" });
    transport.retry();
    const again = FakeSocket.all[1] as FakeSocket;
    again.say({ type: "welcome", protocol: 1, version: "0" });
    expect(again.sent[0]).toEqual({ type: "subscribe", session_id: "ses_1", since_seq: 41 });
    expect(states).toEqual(["online", "reconnecting", "online"]);
    transport.close();
  });

  it("does not knock again where it was refused", () => {
    const { transport, states } = connect();
    FakeSocket.all[0]?.onclose?.({ code: 4401, reason: "The token is wrong." });
    expect(states).toEqual(["refused"]);
    transport.close();
  });

  it("waits longer each time, up to a limit", () => {
    expect([1, 2, 3, 20].map((attempt) => backoff(attempt, () => 0))).toEqual([300, 600, 1200, 10_000]);
  });
});
