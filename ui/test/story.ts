// A conversation as the engine would store it, for tests and for the design server.

import type { Approval } from "../src/protocol/generated/Approval";
import type { EventKind } from "../src/protocol/generated/EventKind";
import type { FileChangeSummary } from "../src/protocol/generated/FileChangeSummary";
import type { Receipt } from "../src/protocol/generated/Receipt";
import type { StoredEvent } from "../src/protocol/generated/StoredEvent";
import type { Usage } from "../src/protocol/generated/Usage";

export const usage = (input: number, cached: number, output: number, reasoning = 0): Usage => ({
  input_tokens: input,
  cached_tokens: cached,
  cache_write_tokens: 0,
  output_tokens: output,
  reasoning_tokens: reasoning,
});

/** Numbers steps of one session from where it stands. */
export class Story {
  readonly events: StoredEvent[] = [];
  readonly sessionId: string;
  private at: number;

  constructor(sessionId: string, startedAt: number) {
    this.sessionId = sessionId;
    this.at = startedAt;
  }

  add(operationId: string | undefined, kind: EventKind, afterMs = 400): StoredEvent {
    this.at += afterMs;
    const event = {
      session_id: this.sessionId,
      seq: this.events.length + 1,
      operation_id: operationId,
      at: this.at,
      ...kind,
    } as StoredEvent;
    this.events.push(event);
    return event;
  }
}

export const receipt: Receipt = {
  model: "gpt-5.5",
  context_limit_tokens: 400_000,
  fragments: [
    { name: "instructions", detail: "who Mira is, how it works here", tokens: 812, bytes: 3540, cap_tokens: null, dropped: null },
    { name: "tools", detail: "12 tools", tokens: 2140, bytes: 9020, cap_tokens: null, dropped: null },
    { name: "guidelines", detail: "AGENTS.md, crates/parser/AGENTS.md", tokens: 640, bytes: 2710, cap_tokens: 8000, dropped: null },
    { name: "history", detail: "14 items, 3 tool results shortened", tokens: 31_380, bytes: 130_400, cap_tokens: 48_000, dropped: "2 tool results over 6,000 tokens" },
    { name: "git", detail: "branch crlf, 2 changed files", tokens: 96, bytes: 388, cap_tokens: 1000, dropped: null },
    { name: "message", detail: "your message", tokens: 58, bytes: 231, cap_tokens: null, dropped: null },
  ],
  total_tokens: 35_126,
  estimated_input_micro_usd: 43_900,
};

export const changes: FileChangeSummary[] = [
  { path: "crates/parser/src/lines.rs", change: "modified", additions: 12, deletions: 3, binary: false },
  { path: "crates/parser/tests/crlf.rs", change: "created", additions: 24, deletions: 0, binary: false },
];

export function approval(story: Story, operationId: string, callId: string, expiresAt: number): Approval {
  return {
    id: "apr_1",
    session_id: story.sessionId,
    operation_id: operationId,
    call_id: callId,
    tool: "run_command",
    command: "cargo test -p parser --all-features",
    argv: null,
    cwd: "/home/ada/src/ledger",
    reason: "`cargo test` runs the project’s own code and is not on the safe list.",
    purpose: "Check that the parser now accepts both line endings.",
    pattern: "cargo test -p parser --all-features",
    rules: [{ action: "allow", kind: "command", pattern: "cargo test -p parser --all-features", folder: "" }],
    requested_at: expiresAt - 300_000,
    expires_at: expiresAt,
  };
}

/** One finished operation: question, routing, reads, an edit, a test run, an answer. */
export function firstTurn(story: Story, operation = "op_1", withApproval = false): void {
  const add = (kind: EventKind, afterMs?: number) => story.add(operation, kind, afterMs);
  const call = (id: string, tool: string, args: Record<string, unknown>) => {
    add({ event_type: "tool_call", data: { call_id: `${operation}_${id}`, tool, arguments: args as never } }, 30);
  };
  const result = (id: string, tool: string, summary: string, output: string, ms: number, touched: FileChangeSummary[] = []) => {
    add({ event_type: "tool_started", data: { call_id: `${operation}_${id}`, command: tool === "run_command" ? "cargo test -p parser --all-features" : null } }, 5);
    add(
      {
        event_type: "tool_result",
        data: { call_id: `${operation}_${id}`, tool, success: true, output, summary, duration_ms: ms, truncated: false, changes: touched },
      },
      ms,
    );
  };
  add({
    event_type: "user_message",
    data: {
      message_id: `${operation}_m0`,
      content: "Make the line parser accept CRLF as well as LF, and keep the line numbers right. Add a test.",
      attachments: [{ name: "lines.rs", media_type: "text/plain", path: "crates/parser/src/lines.rs", data_base64: null }],
      steering: false,
    },
  });
  add({ event_type: "operation_state", data: { state: "PENDING", kind: null, reason: null } }, 5);
  add({ event_type: "operation_state", data: { state: "STARTED", kind: null, reason: null } }, 5);
  add({ event_type: "routed", data: { tier: "code", model: "gpt-5.5", provider: "openai", reason: "because the message asks for a change and names a file" } }, 8);
  add({ event_type: "context_gathered", data: { receipt } }, 12);
  add({ event_type: "operation_state", data: { state: "GENERATING", kind: null, reason: null } }, 5);
  add({ event_type: "model_call_started", data: { call: 1, provider: "openai", model: "gpt-5.5", request_bytes: 18_420, estimated_input_tokens: 4102 } }, 5);
  add({ event_type: "reasoning", data: { message_id: `${operation}_r1`, text: "**Locating the line splitter**\n\nThe parser splits on `\\n` only. I should look at how offsets are derived before changing it, because spans count bytes." } }, 1400);
  add({ event_type: "assistant_message", data: { message_id: `${operation}_m1`, content: "I’ll look at how lines are split and where the numbers come from.", partial: false, superseded: false } }, 500);
  call("c1", "read_project_file", { path: "crates/parser/src/lines.rs" });
  call("c2", "search_codebase", { pattern: "split\\('\\\\n'\\)", glob: "*.rs" });
  call("c3", "list_project_files", { path: "crates/parser/tests" });
  add({ event_type: "model_call_finished", data: { call: 1, usage: usage(4120, 0, 212, 96), cost_micro_usd: 8_270, duration_ms: 2610, first_token_ms: 1130, finish: "tool_calls" } }, 20);
  result("c1", "read_project_file", "86 lines", "1  //! Lines with their numbers.\n2  \n3  pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {\n4      text.split('\\n')", 12);
  result("c2", "search_codebase", "3 matches in 2 files", "crates/parser/src/lines.rs:4: text.split('\\n')\ncrates/parser/src/span.rs:31: .split('\\n')", 8);
  result("c3", "list_project_files", "2 files", "fixtures/\nround_trip.rs", 3);
  add({ event_type: "model_call_started", data: { call: 2, provider: "openai", model: "gpt-5.5", request_bytes: 24_010, estimated_input_tokens: 5520 } }, 5);
  call("c4", "edit_project_file", {
    path: "crates/parser/src/lines.rs",
    edits: [
      {
        old: "    text.split('\\n')\n        .enumerate()\n        .map(|(index, text)| Line { number: index + 1, text })",
        new: "    text.split_inclusive('\\n')\n        .enumerate()\n        .map(|(index, raw)| Line { number: index + 1, text: without_ending(raw) })",
      },
    ],
  });
  call("c5", "write_project_file", {
    path: "crates/parser/tests/crlf.rs",
    content: "use parser::lines;\n\n#[test]\nfn both_endings_give_the_same_lines() {\n    let unix: Vec<_> = lines(\"a\\nb\\n\").collect();\n    let dos: Vec<_> = lines(\"a\\r\\nb\\r\\n\").collect();\n    assert_eq!(unix, dos);\n}\n",
  });
  add({ event_type: "model_call_finished", data: { call: 2, usage: usage(5604, 4096, 388, 120), cost_micro_usd: 7_910, duration_ms: 3120, first_token_ms: 640, finish: "tool_calls" } }, 1800);
  result("c4", "edit_project_file", "1 edit", "Edited crates/parser/src/lines.rs (1 edit).", 6, [changes[0] as FileChangeSummary]);
  result("c5", "write_project_file", "24 lines", "Wrote crates/parser/tests/crlf.rs.", 4, [changes[1] as FileChangeSummary]);
  call("c6", "run_command", { command: "cargo test -p parser --all-features", purpose: "Check both endings" });
  if (withApproval) return;
  result(
    "c6",
    "run_command",
    "212 passed",
    "\u001b[1m\u001b[32m   Compiling\u001b[0m parser v0.3.0\n\u001b[1m\u001b[32m    Finished\u001b[0m `test` profile in 1.21s\n\u001b[1m\u001b[32m     Running\u001b[0m tests/crlf.rs\n\nrunning 3 tests\ntest both_endings_give_the_same_lines ... \u001b[32mok\u001b[0m\ntest numbers_count_once ... \u001b[32mok\u001b[0m\ntest lone_cr_is_text ... \u001b[32mok\u001b[0m\n\ntest result: \u001b[32mok\u001b[0m. 212 passed; 0 failed\n",
    1900,
  );
  add({ event_type: "model_call_started", data: { call: 3, provider: "openai", model: "gpt-5.5", request_bytes: 27_730, estimated_input_tokens: 6240 } }, 5);
  const answer =
    "The parser now accepts **LF and CRLF** alike, and line numbers stay right because a pair counts as one ending.\n\n- `lines()` walks `split_inclusive('\\n')` and strips one ending per line with the new `without_ending`.\n- A lone `\\r` in the middle of a line stays text, as before.\n- `tests/crlf.rs` covers both endings, mixed files and a file without a final newline.\n\n```rust\nfn without_ending(raw: &str) -> &str {\n    let line = raw.strip_suffix('\\n').unwrap_or(raw);\n    line.strip_suffix('\\r').unwrap_or(line)\n}\n```\n\n| Ending | Lines | Numbers |\n|---|---|---|\n| LF | same | same |\n| CRLF | same | same |\n\n`span.rs:31` splits on `\\n` too, but only counts bytes, so it needs no change.";
  add({ event_type: "assistant_message", data: { message_id: `${operation}_m2`, content: answer, partial: false, superseded: false } }, 2600);
  add({ event_type: "model_call_finished", data: { call: 3, usage: usage(6301, 5504, 296), cost_micro_usd: 5_120, duration_ms: 2840, first_token_ms: 590, finish: "stop" } }, 20);
  add(
    {
      event_type: "operation_finished",
      data: {
        state: "COMPLETED",
        failure: null,
        content: answer,
        usage: usage(16_025, 9600, 896, 216),
        cost_micro_usd: 21_300,
        duration_ms: 14_280,
        changes,
      },
    },
    10,
  );
}
