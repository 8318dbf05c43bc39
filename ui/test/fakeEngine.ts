// An engine that is not there: enough of one to look at every screen without Rust.
// `?fake=` names a state: "first", "busy", "approval", "failed", "long", or nothing for a full one.

import type { Session } from "../src/protocol/generated/Session";
import { approval, changes, firstTurn, receipt, Story, usage } from "./story";
import { refuse, ScriptedTransport } from "./scripted";

const NOW = Date.now();
const HOUR = 3_600_000;
const reason = (signal: string) => ({ signal, detail: `place 1 by ${signal}`, share: 0.1 });

function session(id: string, name: string, hoursAgo: number, part: Partial<Session> = {}): Session {
  return {
    id,
    project_id: "prj_1",
    kind: "voice",
    name,
    pinned: false,
    deleted: false,
    message_count: 4,
    last_message_preview: "",
    created_at: NOW - hoursAgo * HOUR,
    last_active_at: NOW - hoursAgo * HOUR,
    last_seq: 40,
    running_operation_id: null,
    resumable_operation_id: null,
    forked_from: null,
    cost_micro_usd: 21_300,
    awaiting_approval: false,
    ...part,
  };
}

const rustBefore = ["/// Splits into lines, numbered from 1.", "pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {"];

function changeSet(marks: Record<string, string>, undone: boolean) {
  const mark = (id: string) => marks[id] ?? "pending";
  return {
    operation_id: "op_1",
    undone,
    not_covered: ["target/ (ignored, 412 MB)"],
    files: [
      {
        ...changes[0],
        mark: mark("lines"),
        too_large: false,
        edited_since: false,
        undone,
        hunks: [
          {
            id: "h1",
            old_start: 1,
            old_lines: 6,
            new_start: 1,
            new_lines: 6,
            mark: mark("h1"),
            lines: [
              ...rustBefore.map((text) => ({ kind: "context", text })),
              { kind: "removed", text: "    text.split('\\n')" },
              { kind: "added", text: "    text.split_inclusive('\\n')" },
              { kind: "context", text: "        .enumerate()" },
              { kind: "removed", text: "        .map(|(index, text)| Line { number: index + 1, text })" },
              { kind: "added", text: "        .map(|(index, raw)| Line { number: index + 1, text: without_ending(raw) })" },
              { kind: "context", text: "}" },
            ],
          },
          {
            id: "h2",
            old_start: 40,
            old_lines: 3,
            new_start: 40,
            new_lines: 9,
            mark: mark("h2"),
            lines: [
              { kind: "context", text: "" },
              { kind: "added", text: "fn without_ending(raw: &str) -> &str {" },
              { kind: "added", text: "    let line = raw.strip_suffix('\\n').unwrap_or(raw);" },
              { kind: "added", text: "    line.strip_suffix('\\r').unwrap_or(line)" },
              { kind: "added", text: "}" },
              { kind: "context", text: "" },
              { kind: "context", text: "#[cfg(test)]" },
            ],
          },
        ],
      },
      {
        ...changes[1],
        mark: mark("crlf"),
        too_large: false,
        edited_since: false,
        undone,
        hunks: [
          {
            id: "h3",
            old_start: 0,
            old_lines: 0,
            new_start: 1,
            new_lines: 8,
            mark: mark("h3"),
            lines: "use parser::lines;\n\n#[test]\nfn both_endings_give_the_same_lines() {\n    let unix: Vec<_> = lines(\"a\\nb\\n\").collect();\n    let dos: Vec<_> = lines(\"a\\r\\nb\\r\\n\").collect();\n    assert_eq!(unix, dos);\n}"
              .split("\n")
              .map((text) => ({ kind: "added", text })),
          },
        ],
      },
    ],
  };
}

function explanation() {
  const cost = (tier: string, model: string, expected: number) => ({ tier, model, expected_output_tokens: 900, expected_micro_usd: expected, worst_micro_usd: expected * 4 });
  return {
    decision: {
      tier: "code",
      model: "gpt-5.5",
      provider: "openai",
      rule: "code_work",
      reason: "the message asks for a change",
      facts: { purpose: "chat", prompt_tokens: 8200, files: 1, router_enabled: true, code_token_threshold: 20_000, code_file_count: 3, words: ["make"] },
      tiers: [cost("fast", "gpt-5.5-mini", 1_200), cost("voice", "gpt-5.5", 9_000), cost("code", "gpt-5.5", 12_000), cost("agentic", "gpt-5.5", 30_000)],
    },
    rules: [
      { rule: "message_choice", fits: false, detail: "nothing is chosen" },
      { rule: "code_work", fits: true, detail: "make" },
    ],
    blocked_by: null,
  };
}

export function fakeEngine(state: string): ScriptedTransport {
  const engine = new ScriptedTransport();
  const first = state === "first";
  const story = new Story("ses_1", NOW - HOUR / 4);
  let undone = false;
  const marks: Record<string, string> = {};
  const sessions = [
    session("ses_9", "Voice", 2, { pinned: true }),
    session("ses_1", "CRLF in the line parser", 0.1, {
      running_operation_id: state === "busy" ? "op_2" : null,
      awaiting_approval: state === "approval",
    }),
    session("ses_2", "Flaky test in scheduler", 0.3, { running_operation_id: "op_x" }),
    session("ses_3", "Why does the release build need 4 GB", 1, { awaiting_approval: true }),
    session("ses_4", "Rename Ledger::post to record", 26),
    session("ses_5", "Read the changelog aloud", 28, { resumable_operation_id: "op_y" }),
    session("ses_6", "Upgrade axum to 0.8", 90),
    session("ses_7", "Explain the migration runner", 120),
  ];

  if (state === "approval") {
    firstTurn(story, "op_1", true);
    story.add("op_1", { event_type: "operation_state", data: { state: "AWAITING_APPROVAL", kind: null, reason: "waiting for approval" } });
    story.add("op_1", { event_type: "approval_requested", data: { approval: approval(story, "op_1", "op_1_c6", NOW + 278_000) } });
  } else if (state === "long") {
    for (let turn = 0; turn < 40; turn += 1) firstTurn(story, `op_${turn}`);
  } else if (!first) firstTurn(story);

  if (state === "busy" || state === "failed") {
    story.add("op_2", { event_type: "user_message", data: { message_id: "b0", content: "Now do the same for the span table, and run the benchmarks.", attachments: [], steering: false } });
    story.add("op_2", { event_type: "operation_state", data: { state: "STARTED", kind: null, reason: null } });
    story.add("op_2", { event_type: "routed", data: { tier: "agentic", model: "gpt-5.5", provider: "openai", reason: "because it asks for several steps" } });
    story.add("op_2", { event_type: "context_gathered", data: { receipt } });
    story.add("op_2", { event_type: "model_call_started", data: { call: 1, provider: "openai", model: "gpt-5.5", request_bytes: 1, estimated_input_tokens: 9000 } });
    story.add("op_2", { event_type: "notice", data: { level: "warning", code: "rate_limited", text: "OpenAI asks to slow down (429). Try 2 of 6.", until: state === "busy" ? NOW + 9000 : NOW - 1000 } });
  }
  if (state === "busy") {
    story.add("op_2", { event_type: "tool_call", data: { call_id: "x1", tool: "run_command", arguments: { command: "cargo bench -p parser" } } });
    story.add("op_2", { event_type: "tool_started", data: { call_id: "x1", command: "cargo bench -p parser" } });
  }
  if (state === "failed") {
    story.add("op_2", {
      event_type: "operation_finished",
      data: {
        state: "FAILED",
        failure: {
          code: "quota_exceeded",
          message: "OpenAI refused the request: the account has no credit left.",
          hint: "Add credit at the provider, or choose another model, then try again. Nothing was lost.",
          detail: '{"error":{"type":"insufficient_quota","message":"You exceeded your current quota"}}',
        },
        content: "",
        usage: usage(0, 0, 0),
        cost_micro_usd: 0,
        duration_ms: 4100,
        changes: [],
      },
    });
  }

  const project = { id: "prj_1", name: "ledger", path: "/home/ada/src/ledger", description: "", exists: true, is_git: true, created_at: NOW, last_opened_at: NOW };
  const providers = {
    providers: [
      { name: "openai", base_url: "https://api.openai.com/v1", has_key: !first, key_source: first ? "none" : "keychain", ready: !first, default_model: null },
      { name: "local", base_url: "", has_key: false, key_source: "none", ready: false, default_model: null },
    ],
    keychain_problem: "",
    ready: !first,
  };
  const setting = (name: string, value: string, doc: string, legal: string, source = "default", editable = true) => ({ name, value, default: source === "default" ? value : "", source, doc, legal, editable });

  const known = [
    setting("BUDGET_DAILY_LIMIT_USD", "5", "Most that one day may cost, in US dollars; 0 means no limit.", "number ≥ 0", "settings"),
    setting("MIRA_PORT", "3001", "Port of the socket.", "1..=65535"),
    setting("MIRA_LANGUAGE", "system", "The language of the interface.", "system | en | de | pseudo | pseudo-rtl"),
    setting("MIRA_THEME", "system", "Light or dark colours.", "system | light | dark"),
    setting("MIRA_CONTRAST", "normal", "Contrast of the interface.", "normal | high"),
    setting("MIRA_DENSITY", "normal", "How much space stands between lines.", "compact | normal | roomy"),
    setting("MIRA_TEXT_SIZE", "13", "Base text size, in pixels.", "11..=20"),
    setting("MIRA_SHORTCUTS", "{}", "Keys that differ from the usual ones.", "JSON of action and keys"),
    setting("MIRA_NOTIFY", "done, waiting, failed", "What notifies while nobody looks.", "done, waiting, failed by commas, or none"),
    setting("MIRA_NOTIFY_SOUND", "none", "The sound of a notification.", "none | message | complete | bell"),
    setting("MIRA_UPDATE_CHECK", "false", "Look for a newer version once a day.", "true | false"),
    setting("MODEL_ROUTER_ENABLED", "true", "Choose a tier for each message.", "true | false"),
    setting("OPENAI_BASE_URL", "https://api.openai.com/v1", "Where OpenAI Responses is spoken, with /v1.", "URL", "environment", false),
  ];
  const settings = () => ({ settings: known, config_file: "/home/ada/.config/mira/config.toml", data_dir: "/home/ada/.local/share/mira" });

  const total = { id: 7, path: "src/cart.rs", language: "Rust", kind: "method", name: "total_price", qualified_name: "Cart::total_price", signature: "pub fn total_price(&self) -> u64", visibility: "public", doc: "Adds up the prices.", start_line: 9, end_line: 11, parent: 6, is_async: false, is_test: false, cyclomatic: 1, cognitive: 0 };
  const cart = { ...total, id: 6, kind: "struct", name: "Cart", qualified_name: "Cart", signature: "pub struct Cart", doc: "Things with their prices.", start_line: 3, end_line: 5, parent: null, cyclomatic: 0 };
  const main = { ...total, id: 8, path: "src/main.rs", kind: "function", name: "main", qualified_name: "main", signature: "fn main()", doc: null, start_line: 3, end_line: 5, parent: null };
  const edge = { element: main, path: "src/main.rs", line: 4, kind: "call", times: 2, confidence: 0.9, reason: "the receiver is a Cart", distance: 1 };
  const code = (text: string) => ({ path: "src/cart.rs", language: "Rust", start_line: 9, end_line: 11, text, element: total, score: 0.4, tokens: 18 });
  const replies: Record<string, (params: Record<string, never>) => unknown> = {
    "code.state": () => ({
      phase: "idle", done: 0, total: 0, generation: 3, is_complete: true, is_fresh: true, is_watching: true, watch_note: null, failure: null,
      totals: { files: 212, lines: 41_800, source_bytes: 1_400_000, elements: 3_910, edges: 9_004, chunks: 5_120, skipped: 1, noted: 2, bytes: 9_300_000 },
      meaning: { model: null, done: 0, total: 5_120, note: "Words and names are searched; meaning is not." },
      commits: { known: 240, is_read: true, failure: null, meaning: { model: null, done: 0, total: 240, note: "Words and names are searched; meaning is not.", waits: false } },
      messages: { model: "all-minilm-l6-v2-q7", place: null, done: 30, total: 36, note: null, waits: false },
      insight: { is_current: true, is_running: false, failure: null, issues: 2, concepts: 2, clusters: 1, patterns: 1, commits: 240 },
    }),
    "vectors.get": () => ({
      store: "qdrant", place: "localhost:6334", away: null, qdrant_url: "http://localhost:6334", key_source: "none", keychain_problem: "",
      maker: "provider", model: "openai/text-embedding-3-large", dimensions: 3_072, is_paid: true, note: null,
      collections: [
        { name: "mira_code", model: "openai/text-embedding-3-large", dimensions: 3_072, points: 4_100, is_used: true },
        { name: "mira_code", model: "all-minilm-l6-v2-q7", dimensions: 384, points: 5_120, is_used: false },
      ],
      migration: { from: "embedded", to: "qdrant", phase: "running", done: 1_200, total: 9_220, collection: "mira_code", failure: null },
    }),
    "vectors.estimate": () => ({ model: "openai/text-embedding-3-large", dimensions: 3_072, pieces: 1_020, tokens: 310_000, commits: 240, commit_tokens: 12_000, messages: 36, message_tokens: 9_000, cost_micro_usd: 40_300, is_paid: true, is_agreed: false }),
    "vectors.old": () => ({
      store: "qdrant", place: "localhost:6334",
      collections: [{ name: "mira_code", model: "all-minilm-l6-v2-q7", dimensions: 384, points: 5_120, bytes: 7_864_320, projects: [{ project_id: "proj_1", name: "shop", points: 5_000 }] }],
    }),
    "vectors.remove_old": () => ({ store: "qdrant", place: "localhost:6334", collections: [] }),
    "code.noted_files": () => ({ files: [{ path: "assets/logo.png", kind: "binary", text: "no text", is_skipped: true, size_bytes: 48_000 }], more: 0 }),
    "code.languages": () => ({ languages: [{ language: "Rust", enabled: true, extensions: [], max_bytes: 2_097_152, max_ms: 1_500, files: 180 }] }),
    "code.set_language": () => ({ languages: [] }),
    "code.search": ({ query, explain }: { query: string; explain: boolean }) => ({
      hits: query === "nothing" ? [] : [{ ...code("pub fn total_price(&self) -> u64 {\n    self.items.iter().sum()\n}\n"), ...(explain ? { reasons: [{ signal: "words", detail: "place 1 by its words (BM25 7.1)", share: 0.1 }] } : {}), also: [{ start_line: 1, end_line: 20, element: cart }, { start_line: 30, end_line: 34, element: null }] }],
      truncated: false,
    }),
    "git.search": ({ query, explain }: { query: string; explain: boolean }) => ({
      hits: query === "nothing" ? [] : [{
        commit: { hash: "4f9e4a8c0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f6", author: "Ada", email: "ada@example.com", at: 1_764_000_000_000, subject: "cart: ask twice where the price is missing" },
        body: "The server forgets the first question after a restart.", paths: ["src/cart.rs"], more_paths: 0, score: 1,
        reasons: explain ? [{ signal: "meaning", detail: "place 1 by meaning (0.62)", share: 0.15 }] : [],
      }],
      truncated: false, notes: ["searched by words, not by meaning: vectors of its commits are not made yet. They are made in the background."], is_reading: false,
    }),
    "code.symbols": ({ query }: { query: string }) => ({ elements: query === "nothing" ? [] : [total, cart], truncated: false }),
    "code.element": ({ id }: { id: number }) => ({
      element: id === 6 ? cart : total, around: id === 6 ? [] : [cart], members: id === 6 ? [total] : [],
      text: "pub fn total_price(&self) -> u64 {\n    self.items.iter().sum()\n}\n", text_cut: false,
      callers: { of: total, edges: [edge], truncated: false }, callees: { of: total, edges: [], truncated: false },
      tests: [{ path: "tests/cart.rs", line: 4, element: null, confidence: 0.6, reason: "imports its file" }], history: [], quality: [], meaning: null,
    }),
    "code.graph": () => ({ nodes: [{ element: total, step: 0 }, { element: main, step: -1 }], edges: [{ from: 8, to: 7, kind: "call", confidence: 0.9 }], truncated: false }),
    "code.deps": () => ({
      packages: [
        { ecosystem: "crates", name: "serde", declared: [{ manifest: "Cargo.toml", line: 6, requirement: "1", version: "1.0.228", scope: "normal" }], files: 14, status: "used" },
        { ecosystem: "rust", name: "std", declared: [], files: 60, status: "standard" },
      ],
      imports: [], imported_by: [],
    }),
    "code.quality": ({ kinds }: { kinds: string[] }) => ({
      issues: kinds.includes("length")
        ? []
        : [
            { kind: "complexity", severity: "medium", path: "src/cart.rs", start_line: 9, end_line: 11, element: total, value: 31, threshold: 15, unit: "cognitive complexity", title: "cognitive complexity 31 (bound 15)", advice: "split it where the nesting is deepest", other: null },
            { kind: "duplication", severity: "low", path: "src/cart.rs", start_line: 1, end_line: 12, element: null, value: 12, threshold: 8, unit: "lines", title: "12 lines that stand also in src/main.rs", advice: "say it once", other: { path: "src/main.rs", start_line: 20, end_line: 31 } },
          ],
      counts: [{ kind: "complexity", issues: 1 }, { kind: "duplication", issues: 1 }],
      truncated: false,
    }),
    "code.hotspots": () => ({
      hotspots: [
        { path: "src/cart.rs", lines: 240, functions: 9, complexity: 64, hardest: "Cart::total_price", hardest_complexity: 31, issues: 2, commits: 31, fixes: 7, authors: 3, churn: 900, score: 0.96, why: "31 commits (7 fixes) × effort 64" },
        { path: "src/main.rs", lines: 60, functions: 1, complexity: 2, hardest: null, hardest_complexity: 0, issues: 0, commits: 4, fixes: 0, authors: 1, churn: 80, score: 0.2, why: "4 commits × effort 2" },
      ],
      truncated: false,
      window: { commits: 240, since: NOW - 86_400_000 * 90 },
    }),
    "code.concepts": ({ concept }: { concept?: string }) => ({
      concepts: concept ? [] : [{ name: "cart", weight: 1, elements: 12 }, { name: "price", weight: 0.4, elements: 5 }],
      elements: concept ? [{ element: total, weight: 0.8 }] : [],
      truncated: false,
    }),
    "code.clusters": () => ({ clusters: [{ name: "src: cart, price", words: ["cart", "price"], files: ["src/cart.rs", "src/main.rs"], cohesion: 0.9 }] }),
    "code.patterns": () => ({ patterns: [{ name: "builder", element: cart, parts: [{ element: total, part: "product" }], confidence: 0.8, evidence: "its steps give it back" }] }),
    "code.naming": () => ({ items: 2, to_name: 2, model: "gpt-small", expected_micro_usd: 1_200, worst_micro_usd: 30_000, is_running: false, obstacle: null }),
    "code.describe": () => ({ model: "gpt-small", asked: 2, named: 2, cost_micro_usd: 1_100 }),
    "code.stop_describing": () => ({}),
    "code.modules": () => ({
      modules: [{ path: "src/core", is_folder: true, files: 3, lines: 400, layer: 0 }, { path: "src/main.rs", is_folder: false, files: 1, lines: 60, layer: 1 }],
      uses: [{ from: "src/main.rs", to: "src/core", files: 2, is_cycle: false }],
      truncated: false,
    }),
    "code.map": () => ({ text: "src/cart.rs\n  3 pub struct Cart\n  9 pub fn total_price(&self) -> u64\n", tokens: 18, files_shown: 1, files: 212, elements: 3_910 }),
    "project.list": () => ({ projects: first ? [] : [project] }),
    "project.open": ({ path }: { path: string }) =>
      path.startsWith("/") ? { ...project, path } : refuse({ code: "not_found", message: `Opening ${path} failed: there is no such folder.`, hint: "Give an absolute path." }),
    "project.guidelines": () => ({ files: [] }),
    "session.list": ({ deleted, search }: { deleted: boolean; search?: string }) => {
      const shown = deleted || first ? [] : sessions.filter((one) => one.name.toLowerCase().includes((search ?? "").toLowerCase()));
      return { sessions: shown, total: shown.length };
    },
    "session.get": ({ session_id }: { session_id: string }) => sessions.find((one) => one.id === session_id) ?? refuse({ code: "not_found", message: "The session was not found." }),
    "session.events": ({ session_id, since_seq, before_seq }: { session_id: string; since_seq: number; before_seq?: number | null }) => ({
      events: session_id === "ses_1" ? story.events.filter((event) => (before_seq ? event.seq < before_seq : event.seq > since_seq)) : [],
      more: false,
      live: [],
    }),
    "draft.get": () => ({ content: "", attachments: [], mentions: [], saved_at: 0 }),
    "draft.save": () => ({}),
    "slash.list": () => ({
      commands: [
        { name: "review", arguments: "[--branch BASE]", about: "let the model review uncommitted changes, or a branch" },
        { name: "tier", arguments: "[fast|voice|code|agentic|auto]", about: "which tier answers" },
      ],
    }),
    "slash.expand": ({ name, arguments: rest }: { name: string; arguments: string }) => ({ prompt: `The prompt of ${name}: ${rest}` }),
    "command.list": () => ({ commands: [{ name: "tidy", text: "# Tidy up a folder\nTidy up $ARGUMENTS.", from_project: false }], trust: "nothing_to_trust", waiting: 0 }),
    "operation.estimate": ({ attachments }: { attachments: { name: string; media_type: string }[] }) => {
      const image = attachments.some((one) => one.media_type.startsWith("image/"));
      const blind = state === "blind" && image;
      return {
        tier: "code",
        reason: "the message asks for a change",
        model: blind ? "qwen2.5-coder" : "gpt-5.5",
        provider: blind ? "local" : "openai",
        accepts_images: !blind,
        message_tokens: 1180,
        parts: attachments.map((one) => ({ name: one.name, tokens: 1000, dropped: null, problem: null })),
        input_micro_usd: blind ? null : 1475,
        prompt_tokens: 5180,
        expected_micro_usd: blind ? null : 12_475,
        problems: blind ? ["qwen2.5-coder cannot see images: shot.png."] : [],
      };
    },
    "operation.again": () => ({ operation_id: "op_9", session_id: "ses_2", queued: false }),
    "operation.edit": () => ({}),
    "operation.release": () => ({ operation_id: "op_2", session_id: "ses_1", queued: false }),
    "code.preview": ({ path, content }: { path: string; content: string }) => ({ path, before: "old line\n", after: `${content}\n` }),
    "code.apply": () => ({ operation_id: "op_8", session_id: "ses_1", queued: false }),
    "git.log": () => ({ commits: [{ hash: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", author: "Ada", email: "ada@example.org", at: NOW, subject: "Count CRLF as one ending" }] }),
    "session.search": ({ query }: { query: string }) => ({
      notes: query.includes("away") ? ["searched by words, not by meaning: vectors of its messages are not made yet. They are made in the background."] : [],
      hits: query.includes("zzz")
        ? []
        : [
            { session_id: "ses_1", session_name: "CRLF in the line parser", seq: 20, operation_id: "op_1", role: "assistant", snippet: `A lone \\r stays text; the \u0002parser\u0003 counts one ending.`, at: NOW - HOUR, reasons: [reason("words"), reason("meaning")] },
            { session_id: "ses_7", session_name: "Explain the migration runner", seq: 1, operation_id: "op_1", role: "user", snippet: "How are schema changes applied?", at: NOW - 91 * HOUR, reasons: [reason("meaning")] },
            { session_id: "ses_7", session_name: "Explain the migration runner", seq: 4, operation_id: "op_1", role: "tool", snippet: `crates/\u0002parser\u0003/src/lines.rs:4`, at: NOW - 90 * HOUR },
          ],
    }),
    "operation.start": () => ({ operation_id: "op_3", session_id: "ses_1", queued: false }),
    "operation.cancel": () => ({}),
    "operation.steer": () => ({}),
    "operation.changes": () => changeSet(marks, undone),
    "operation.review": ({ path, hunk, mark }: { path: string; hunk?: string; mark: string }) => {
      if (hunk) marks[hunk] = mark;
      else for (const id of path.endsWith("crlf.rs") ? ["h3", "crlf"] : ["h1", "h2", "lines"]) marks[id] = mark;
      return changeSet(marks, undone);
    },
    "operation.undo": () => {
      undone = true;
      return { operation_id: "op_1", session_id: "ses_1", paths: changes.map((change) => change.path), conflicts: [] };
    },
    "operation.redo": () => {
      undone = false;
      return { operation_id: "op_1", session_id: "ses_1", paths: changes.map((change) => change.path), conflicts: [] };
    },
    "approval.decide": () => ({}),
    "rule.list": () => ({ rules: [{ id: "rule_1", project_id: "prj_1", action: "allow", kind: "command", pattern: "npm run lint", folder: "", text: "allow command npm run lint in the project folder", origin: "always", created_at: NOW - 40 * HOUR, last_used_at: NOW, use_count: 12, removed_at: null }], file: null, block_list: [] }),
    "job.list": () => ({
      jobs: [
        { id: "job_1", session_id: "ses_1", operation_id: "op_1", command: "npm run dev -- --port 5199", started_at: NOW - 240_000, running: true, exit_code: null, output_bytes: 900 },
        { id: "job_2", session_id: "ses_1", operation_id: "op_1", command: "cargo watch -x check", started_at: NOW - HOUR, running: false, exit_code: 0, output_bytes: 90 },
      ],
    }),
    "job.output": ({ offset }: { offset: number }) => ({ text: offset ? "" : "➜  Local: http://127.0.0.1:5199/\n", ...(offset ? {} : { coloured: "\u001b[32m➜\u001b[0m  Local: http://127.0.0.1:5199/\n" }), next_offset: 42, running: false, exit_code: null }),
    "file.list": ({ path }: { path: string }) => ({
      entries: path
        ? [{ path: `${path}/lines.rs`, is_dir: false, size_bytes: 2100, ignored: false }]
        : [
            { path: "crates", is_dir: true, size_bytes: 0, ignored: false },
            { path: "target", is_dir: true, size_bytes: 0, ignored: true },
            { path: "AGENTS.md", is_dir: false, size_bytes: 900, ignored: false },
            { path: "Cargo.toml", is_dir: false, size_bytes: 700, ignored: false },
          ],
      truncated: false,
    }),
    "file.find": ({ query }: { query: string }) => ({
      entries: ["crates/parser/src/lines.rs", "crates/parser/src/span.rs", "crates/parser/tests/crlf.rs"].filter((path) => path.includes(query)).map((path) => ({ path, is_dir: false, size_bytes: 1, ignored: false })),
      truncated: false,
    }),
    "file.read": ({ path }: { path: string }) => ({ path, text: "//! Lines with their numbers.\n\npub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {\n    text.split_inclusive('\\n')\n}", first_line: 1, total_lines: 5, size_bytes: 120, binary: false }),
    "git.status": () => ({ is_repo: true, branch: "crlf", changed: [{ path: "Cargo.toml", state: "modified", staged: false }] }),
    "settings.list": settings,
    "settings.set": ({ name, value }: { name: string; value: string | null }) => {
      const one = known.find((setting) => setting.name === name);
      if (!one) return refuse({ code: "bad_params", message: `There is no setting "${name}".` });
      one.source = value === null ? "default" : "settings";
      one.value = value ?? one.default;
      engine.topic({ topic: "settings" });
      return settings();
    },
    "provider.list": () => providers,
    "provider.detect": () => ({
      servers: [
        {
          product: "Ollama",
          base_url: "http://127.0.0.1:11434/v1",
          version: "0.15.2",
          models: [
            { id: "qwen2.5-coder:7b", context_tokens: 32_768, supports_tools: true, supports_embeddings: false, loaded: true },
            { id: "nomic-embed-text", context_tokens: 8192, supports_tools: false, supports_embeddings: true, loaded: false },
          ],
        },
      ],
    }),
    "provider.test": () => ({ model: "gpt-5.5", latency_ms: 812, tools: "native", context_tokens: 400_000, usage_reported: true }),
    "provider.set_key": () => providers,
    "model.list": () => ({
      models: [
        { id: "gpt-5.5", provider: "openai", context_tokens: 400_000, max_output_tokens: 128_000, input_usd_per_mtok: 1.25, cached_usd_per_mtok: 0.125, output_usd_per_mtok: 10, price_source: "price page, 2026-11-20", efforts: ["low", "medium", "high"], accepts_images: true },
        { id: "gpt-5.1", provider: "openai", context_tokens: 400_000, efforts: [], shut_down: "2026-09-30", successor: "gpt-5.5" },
      ],
      tiers: ["fast", "voice", "code", "agentic"].map((tier) => ({ tier, model: tier === "fast" ? "gpt-5.5-mini" : "gpt-5.5", provider: "openai", effort: tier === "agentic" ? "high" : "low" })),
      embeddings: [{ id: "text-embedding-3-large", provider: "openai", dimensions: 3072, max_input_tokens: 8192, usd_per_mtok: 0.13, price_source: "developers.openai.com/api/docs/models, 2026-11-23" }],
      lists: [],
    }),
    "rule.preview": ({ rules }: { rules: { action: string; kind: string; pattern: string }[] }) => ({
      texts: rules.map((rule) => `${rule.action} ${rule.kind} ${rule.pattern}`),
      looked_at: 140,
      matched: 12,
      decided_otherwise: 3,
      samples: [{ text: "cargo test -p parser --all-features", tool: "run_command", cwd: "", times: 3, last_at: NOW - HOUR, session_id: "ses_1", before: "ask", after: "allow" }],
    }),
    "route.explain": () => explanation(),
    "route.decisions": () => ({ decisions: [{ ledger_id: 7, decision: explanation().decision }] }),
    "route.choices": () => ({ session: { tier: null, model: null }, project: { tier: "code", model: null } }),
    "route.choose": () => ({ session: { tier: null, model: null }, project: { tier: null, model: null } }),
    "route.outcomes": () => ({
      lines: [{ tier: "code", rule: "code_work", operations: 12, accepted: 9, edited: 1, reverted: 1, retried: 1, failed: 0, cost_micro_usd: 412_000 }],
      suggestions: [{ setting: "ROUTE_CODE_FILE_COUNT", now: "3", suggested: "2", evidence: "6 of 12 operations with 3 files were asked again on the voice tier." }],
    }),
    "session.cache": () => ({
      state: { provider: "openai", model: "gpt-5.5", prefix_tokens: 31_000, last_call_at: NOW, requests: 4, input_tokens: 98_000, expected_cached_tokens: 80_000, cached_tokens: 61_000, breaks: 1, last_break: "the guidelines changed" },
      files: [{ path: "crates/parser/src/lines.rs", tokens: 640, sent_at: NOW, times: 2, changed_since: true }],
    }),
    "budget.get": () => ({ today_micro_usd: first ? 0 : 1_120_000, month_micro_usd: 18_400_000, daily_limit_micro_usd: 5_000_000, monthly_limit_micro_usd: 60_000_000, calls_today: first ? 0 : 41, by_model: [{ model: "gpt-5.5", calls: 38, cost_micro_usd: 1_090_000 }, { model: "gpt-5.5-mini", calls: 3, cost_micro_usd: 30_000 }] }),
    "system.status": () => ({ version: "0.1.0", protocol: 1, pid: 1, uptime_ms: HOUR, data_dir: "/home/ada/.local/share/mira", os: "Linux", sessions: 8, running_operations: 1, running_jobs: 1, waiting_approvals: 0, listening: null, provider_ready: true, memory_bytes: 48_000_000 }),
    "system.doctor": () => ({
      checks: [
        { name: "Database", state: "ok", detail: "mira.db, 12 MB, integrity checked", hint: null },
        { name: "Keychain", state: "ok", detail: "Secret Service answers", hint: null },
        { name: "Sandbox", state: "warning", detail: "User namespaces are off: commands run without write protection.", hint: "Turn on kernel.unprivileged_userns_clone." },
        { name: "OpenAI", state: "problem", detail: "api.openai.com does not resolve.", hint: "Check the network or set OPENAI_BASE_URL." },
      ],
    }),
    "system.logs": () => ({ file: "/home/ada/.local/share/mira/logs/mira.jsonl", lines: ['{"timestamp":"2026-11-23T08:01:11.120Z","level":"INFO","fields":{"message":"engine open","duration_ms":38},"target":"mira_engine"}', '{"timestamp":"2026-11-23T08:02:11.120Z","level":"WARN","fields":{"message":"provider asks to slow down","status":429},"target":"mira_llm"}'] }),
  } as never;
  for (const [method, reply] of Object.entries(replies)) engine.on(method, reply as never);
  for (const method of ["session.rename", "session.pin", "session.delete", "session.restore", "session.fork", "operation.resume", "job.kill", "rule.remove", "project.remove"]) {
    engine.on(method, () => sessions[1]);
  }
  if (state === "busy") {
    setTimeout(() => {
      const at = { session_id: "ses_1", operation_id: "op_2" };
      engine.signal({ signal: "tool_output", ...at, call_id: "x1", text: "\u001b[32m    Finished\u001b[0m `bench` profile in 8.41s\nspan_table/insert   time: [41.2 ns 41.6 ns 42.0 ns]\nspan_table/lookup   time: [18.8 ns 19.0 ns 19.3 ns]\n" });
      engine.signal({ signal: "activity", ...at, text: "Running cargo bench -p parser", since: Date.now() - 8000 });
      engine.signal({ signal: "text_delta", ...at, message_id: "b1", offset: 0, text: "While the benchmarks run: the span table keeps byte offsets, so a CRLF pair" });
    }, 400);
  }
  return engine;
}
