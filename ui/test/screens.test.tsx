import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { place } from "../src/app/place";
import { mount } from "./app";
import { refuse } from "./scripted";
import { approval, Story } from "./story";

const user = () => userEvent.setup({ delay: null });
const field = () => screen.getByRole("textbox", { name: "Message" });

describe("first run", () => {
  it("offers a key, a server found here, no model and the demonstration, then a folder", async () => {
    const { engine } = mount("first", { first: true });
    expect(await screen.findByRole("heading", { name: "Use an API key" })).toBeTruthy();
    expect(await screen.findByText("qwen2.5-coder:7b")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Play the demonstration" })).toBeTruthy();
    await user().type(screen.getByLabelText("API key"), "sk-test");
    await user().click(screen.getByRole("button", { name: "Save and test" }));
    const path = await screen.findByLabelText("Path of the folder");
    expect(engine.calls("provider.test")).toEqual([{ provider: "openai", key: "sk-test" }]);
    expect(engine.calls("provider.set_key")).toEqual([{ provider: "openai", key: "sk-test" }]);
    await user().type(path, "/home/ada/src/ledger{Enter}");
    await screen.findByText("What should be done?");
    expect(engine.calls("project.open")).toEqual([{ path: "/home/ada/src/ledger" }]);
  });

  it("keeps the page and says why where a key does not work", async () => {
    const { engine } = mount("first", {
      first: true,
      prepare: (engine) => {
        engine.on("provider.test", () => refuse({ code: "key_rejected", message: "OpenAI rejected the key.", hint: "Check it." }));
      },
    });
    await user().type(await screen.findByLabelText("API key"), "bad");
    await user().click(screen.getByRole("button", { name: "Save and test" }));
    expect((await screen.findByRole("alert")).textContent).toContain("OpenAI rejected the key.");
    expect(engine.calls("provider.set_key")).toEqual([]);
  });
});

describe("the conversation", () => {
  it("shows question, tool lines, answer and what it cost, and unfolds a call", async () => {
    mount();
    expect(await screen.findByText(/Make the line parser accept CRLF as well as LF, and/)).toBeTruthy();
    expect(screen.getByText(/Code tier, because the message asks for a change/)).toBeTruthy();
    expect(screen.getByText("Done in 14 s · $0.021")).toBeTruthy();
    const run = screen.getByRole("button", { name: /Run cargo test -p parser --all-features.*done/ });
    await user().click(run);
    expect(run.getAttribute("aria-expanded")).toBe("true");
    expect(await screen.findByText(/212 passed; 0 failed/)).toBeTruthy();
  });

  it("starts an operation with what was chosen and keeps the text where it fails", async () => {
    const { engine } = mount("", { session: undefined });
    engine.on("operation.start", () => refuse({ code: "key_missing", message: "No key is set for OpenAI." }));
    await user().type(await screen.findByRole("textbox", { name: "Message" }), "fix it{Enter}");
    await screen.findByText("No key is set for OpenAI.");
    expect((field() as HTMLTextAreaElement).value).toBe("fix it");
    engine.on("operation.start", () => ({ operation_id: "op_3", session_id: "ses_1", queued: false }));
    await user().type(field(), "{Enter}");
    await waitFor(() => {
      expect(place.get().sessionId).toBe("ses_1");
    });
    expect(engine.calls("operation.start").at(-1)).toMatchObject({ content: "fix it", project_id: "prj_1", access: "project", approve: "ask", attachments: [] });
  });

  it("completes files after @ and sends them along", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    await user().type(field(), "look at @span");
    await user().click(await screen.findByRole("option", { name: /crates\/parser\/src\/span.rs/ }));
    await user().type(field(), "now{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.start")).toHaveLength(1);
    });
    expect(engine.calls("operation.start")[0]).toMatchObject({
      content: "look at @crates/parser/src/span.rs now",
      mentions: [{ kind: "file", path: "crates/parser/src/span.rs" }],
    });
  });

  it("runs a command after a stroke", async () => {
    mount();
    await screen.findByText(/Done in/);
    await user().type(field(), "/settings{Enter}");
    expect(await screen.findByRole("heading", { name: "Settings" })).toBeTruthy();
  });

  it("while it runs: streams, steers, queues and stops", async () => {
    const { engine } = mount("busy");
    await screen.findByRole("button", { name: /Run cargo bench -p parser.*running/ });
    act(() => {
      engine.signal({ signal: "text_delta", session_id: "ses_1", operation_id: "op_2", message_id: "b2", offset: 0, text: "Still **measuring**" });
    });
    expect(await screen.findByText("measuring")).toBeTruthy();
    await user().type(field(), "only lookup{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.steer")).toEqual([{ operation_id: "op_2", content: "only lookup" }]);
    });
    await user().type(field(), "then tag it");
    await user().click(screen.getByRole("button", { name: /^Queue/ }));
    expect(engine.calls("operation.start")).toHaveLength(1);
    await user().click(screen.getAllByRole("button", { name: /^Stop/ })[0] as HTMLElement);
    expect(engine.calls("operation.cancel")).toEqual([{ operation_id: "op_2" }]);
  });

  it("sends a message as a new one where the operation ended while it was written", async () => {
    const { engine } = mount("busy", {
      prepare: (engine) => {
        engine.on("operation.steer", () => refuse({ code: "conflict", message: "The operation is not running any more." }));
      },
    });
    await screen.findByRole("button", { name: /Run cargo bench -p parser.*running/ });
    await user().type(field(), "then tag it{Enter}");
    await waitFor(() => {
      expect(engine.calls("operation.start").map((call) => call.content)).toEqual(["then tag it"]);
    });
    await waitFor(() => {
      expect((field() as HTMLTextAreaElement).value).toBe("");
    });
    expect(screen.queryByText(/not running any more/)).toBeNull();
  });

  it("shows a failure with its reason, its next step and its detail", async () => {
    const { engine } = mount("failed");
    expect(await screen.findByText("OpenAI refused the request: the account has no credit left.")).toBeTruthy();
    expect(screen.getByText(/insufficient_quota/)).toBeTruthy();
    await user().click(screen.getByRole("button", { name: "Try again" }));
    expect(engine.calls("operation.resume")).toEqual([{ operation_id: "op_2" }]);
  });

  it("asks again for what is missing between two steps", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    const story = new Story("ses_1", 1);
    const last = 40;
    const base = engine.calls("session.events").length;
    const missed = story.add(undefined, { event_type: "notice", data: { level: "info", code: "x", text: "missed", until: null } });
    const event = story.add(undefined, { event_type: "notice", data: { level: "info", code: "x", text: "came", until: null } });
    engine.on("session.events", ({ since_seq }: { since_seq: number }) => ({
      events: [
        { ...missed, seq: since_seq + 1 },
        { ...event, seq: since_seq + 2 },
      ],
      more: false,
      live: [],
    }));
    act(() => {
      engine.store({ ...event, seq: last + 30 });
    });
    expect(await screen.findByText("missed")).toBeTruthy();
    expect(engine.calls("session.events").length).toBeGreaterThan(base);
  });
});

describe("an approval", () => {
  it("says what, where and why, and is decided with a key outside text fields only", async () => {
    const { engine } = mount("approval");
    const dialog = await screen.findByRole("alertdialog", { name: "Wants to run" });
    const inside = within(dialog);
    expect(inside.getAllByText("cargo test -p parser --all-features")).toHaveLength(2);
    expect(inside.getByText("/home/ada/src/ledger")).toBeTruthy();
    expect(inside.getByText(/not on the safe list/)).toBeTruthy();
    expect(inside.getByText(/Denied by itself in/)).toBeTruthy();
    await user().type(field(), "yn");
    expect(engine.calls("approval.decide")).toEqual([]);
    (document.activeElement as HTMLElement).blur();
    await user().keyboard("n");
    expect(engine.calls("approval.decide")).toEqual([{ approval_id: "apr_1", decision: "deny" }]);
    await user().keyboard("y");
    expect(engine.calls("approval.decide")).toHaveLength(1);
  });

  it("of an elevated command is unlike any other, and says whose rights it gets", async () => {
    const { engine } = mount("busy");
    await screen.findByRole("button", { name: /Run cargo bench/ });
    const story = new Story("ses_1", Date.now());
    const elevation = { user: "root", argv: ["/usr/bin/apt-get", "update"], environment: [], binding: "00", prompt: true };
    const asked = { ...approval(story, "op_2", "x1", Date.now() + 60_000), command: "sudo apt-get update", pattern: null, rules: [], elevation };
    const seq = 1 + Math.max(...(await lastSeq(engine)));
    act(() => {
      engine.store({ session_id: "ses_1", seq, operation_id: "op_2", at: 1, event_type: "approval_requested", data: { approval: asked } });
    });
    const dialog = await screen.findByRole("alertdialog", { name: "Wants all rights of root" });
    expect(dialog.classList.contains("approval-elevated")).toBe(true);
    expect(within(dialog).queryByRole("button", { name: /Always allow/ })).toBeNull();
  });

  it("is shown when it arrives and goes when it was decided elsewhere", async () => {
    const { engine } = mount("busy");
    await screen.findByRole("button", { name: /Run cargo bench/ });
    const story = new Story("ses_1", Date.now());
    const asked = { ...approval(story, "op_2", "x1", Date.now() + 60_000), pattern: null };
    const seq = 1 + Math.max(...(await lastSeq(engine)));
    act(() => {
      engine.store({ session_id: "ses_1", seq, operation_id: "op_2", at: 1, event_type: "approval_requested", data: { approval: asked } });
    });
    await screen.findByRole("alertdialog");
    expect(screen.queryByRole("button", { name: /Always allow/ })).toBeNull();
    act(() => {
      engine.store({ session_id: "ses_1", seq: seq + 1, operation_id: "op_2", at: 2, event_type: "approval_decided", data: { approval_id: asked.id, decision: "deny", by: "expiry" } });
    });
    expect(screen.queryByRole("alertdialog")).toBeNull();
  });
});

async function lastSeq(engine: ReturnType<typeof mount>["engine"]): Promise<number[]> {
  const page = (await engine.request("session.events", { session_id: "ses_1", since_seq: 0 })) as { events: { seq: number }[] };
  return page.events.map((event) => event.seq);
}

describe("the review", () => {
  it("is walked and decided with keys, and undone as a whole", async () => {
    const { engine } = mount();
    const review = await screen.findByRole("group", { name: "Changes" });
    expect(within(review).getByText("0 of 3 reviewed")).toBeTruthy();
    review.focus();
    await user().keyboard("jy");
    await waitFor(() => {
      expect(engine.calls("operation.review")[0]).toMatchObject({ path: "crates/parser/src/lines.rs", hunk: "h1", mark: "kept" });
    });
    await within(review).findByText("1 of 3 reviewed");
    await user().keyboard("n");
    await waitFor(() => {
      expect(engine.calls("operation.review")[1]).toMatchObject({ hunk: "h2", mark: "rejected" });
    });
    await within(review).findByText("2 of 3 reviewed");
    await user().keyboard("{Shift>}U{/Shift}");
    expect(await screen.findByText("All changes of this operation are taken back.")).toBeTruthy();
    await user().click(within(review).getByRole("button", { name: /Redo all/ }));
    await waitFor(() => {
      expect(engine.calls("operation.redo")).toHaveLength(1);
    });
  });

  it("shows which files undo left alone, and offers the others", async () => {
    const { engine } = mount();
    await screen.findByRole("group", { name: "Changes" });
    engine.on("operation.undo", () => ({
      operation_id: "op_1",
      session_id: "ses_1",
      paths: [],
      conflicts: [{ path: "crates/parser/src/lines.rs", reason: "edited at 10:41", choices: [], hunks: [] }],
    }));
    await user().click(screen.getByRole("button", { name: /Undo all/ }));
    expect((await screen.findByRole("alert")).textContent).toContain("edited at 10:41");
    await user().click(screen.getByRole("button", { name: "Take back the others" }));
    await waitFor(() => {
      expect(engine.calls("operation.undo")[1]).toMatchObject({ paths: ["crates/parser/tests/crlf.rs"] });
    });
  });
});

const LISTED = {
  id: "ses_gone",
  project_id: "prj_1",
  kind: "voice",
  name: "Thrown away",
  pinned: false,
  deleted: false,
  message_count: 4,
  last_message_preview: "",
  created_at: 0,
  last_active_at: 0,
  last_seq: 1,
  awaiting_approval: false,
} as const;

describe("sessions", () => {
  it("are grouped and marked, deleted with a way back, and renamed", async () => {
    const { engine } = mount();
    const list = await screen.findByRole("navigation", { name: "Sessions" });
    await within(list).findByText("Voice");
    expect(within(list).getByRole("heading", { name: "Pinned" })).toBeTruthy();
    expect(within(list).getByRole("button", { name: /waits for you.*Why does the release/ })).toBeTruthy();
    expect(within(list).getByRole("button", { name: /interrupted.*Read the changelog/ })).toBeTruthy();
    await user().click(within(list).getByRole("button", { name: "More actions: CRLF in the line parser" }));
    await user().click(await screen.findByRole("menuitem", { name: "Delete" }));
    await user().click(await screen.findByRole("button", { name: "Undo" }));
    expect(engine.calls("session.delete")).toEqual([{ session_id: "ses_1" }]);
    expect(engine.calls("session.restore")).toEqual([{ session_id: "ses_1" }]);
  });

  it("stay where they are while others are looked for, and the end of the list is said", async () => {
    const { engine } = mount();
    const list = await screen.findByRole("navigation", { name: "Sessions" });
    const name = await within(list).findByText("Flaky test in scheduler");
    let answer: (() => void) | undefined;
    engine.on("session.list", ({ search, limit }: { search?: string; limit: number }) => {
      // As many as are asked for would only be slow here.
      const told = { sessions: [{ ...LISTED, name: `The newest of ${String(limit)}` }], total: 1201 };
      return search ? new Promise((done) => { answer = () => { done(told); }; }) : told;
    });
    await user().type(screen.getByLabelText("Filter by name"), "s");
    await waitFor(() => { expect(answer).toBeDefined(); });
    expect(name.isConnected).toBe(true);
    act(() => { answer?.(); });
    await within(list).findByText("The newest of 100");
    await user().clear(screen.getByLabelText("Filter by name"));
    act(() => { engine.topic({ topic: "sessions" }); });
    for (const more of [200, 300, 400, 500]) {
      await user().click(await within(list).findByRole("button", { name: "Show 100 more" }));
      await within(list).findByText(`The newest of ${String(more)}`);
    }
    await within(list).findByText("1,200 older ones are not listed. Filter to find them.");
    expect(within(list).queryByRole("button", { name: "Show 100 more" })).toBeNull();
  });

  it("that were deleted come back by a click", async () => {
    const { engine } = mount();
    engine.on("session.list", ({ deleted }: { deleted: boolean }) => ({ sessions: deleted ? [{ ...LISTED, deleted: true }] : [], total: deleted ? 1 : 0 }));
    const list = await screen.findByRole("navigation", { name: "Sessions" });
    await user().click(await within(list).findByRole("button", { name: "Deleted sessions" }));
    await user().click(await within(list).findByRole("button", { name: /Thrown away.*Restore/ }));
    expect(engine.calls("session.restore")).toEqual([{ session_id: "ses_gone" }]);
  });

  it("are found by their words, and the place is opened", async () => {
    mount();
    await user().keyboard("{Control>}{Alt>}f{/Alt}{/Control}");
    await user().type(await screen.findByRole("searchbox", { name: "Search all sessions" }), "parser");
    const hit = await screen.findByRole("button", { name: /counts one ending/ });
    expect(hit.querySelector("mark")?.textContent).toBe("parser");
    await user().click(hit);
    expect(place.get()).toMatchObject({ view: "chat", sessionId: "ses_1" });
  });
});

describe("background commands", () => {
  it("keep their colours, and are followed in whole lines", async () => {
    const { engine } = mount("", {
      prepare: (engine) => {
        const pages = ["\u001b[1;31mfirst\u001b[0m\n", `${"\u001b[36m~\u001b[0m\n".repeat(15_000)}`, "\u001b[32mlast\u001b[0m\nplain\n"];
        engine.on("job.output", ({ offset }: { offset: number }) => {
          const coloured = pages[offset] ?? "";
          const text = coloured.replaceAll(/\u001b\[[\d;]*m/g, "");
          return { text, ...(coloured ? { coloured } : {}), next_offset: offset + (coloured ? 1 : 0), running: false, exit_code: 0 };
        });
      },
    });
    await screen.findByText(/Done in/);
    await user().click(screen.getByRole("tab", { name: "Activity" }));
    await user().click(await screen.findByRole("button", { name: /cargo watch/ }));
    const output = await screen.findByRole("region", { name: "Output" });
    await within(output).findByText("last");
    expect(within(output).getByText("last").className).toBe("ansi-2");
    expect(output.textContent).toContain("plain");
    expect(output.textContent).not.toMatch(/first|\[3|\dm/);
    expect(engine.calls("job.output").map((call) => call.offset)).toEqual([0, 1, 2, 3]);
  });
});

describe("settings", () => {
  it("show old vectors with what is lost, and remove them on a second click", async () => {
    const { engine } = mount();
    place.set({ view: "settings", settingsTab: "vectors" });
    const old = await screen.findByRole("region", { name: "Old vectors" });
    expect(await within(old).findByText(/about 7\.5 MB · 5,000 of shop/)).toBeTruthy();
    await user().click(within(old).getByRole("button", { name: "Remove mira_code of all-minilm-l6-v2-q7" }));
    expect(engine.calls("vectors.remove_old")).toEqual([]);
    engine.on("vectors.old", () => ({ store: "qdrant", place: "localhost:6334", collections: [] }));
    await user().click(within(old).getByRole("button", { name: /^Remove 5,120 vectors for good/ }));
    expect(engine.calls("vectors.remove_old")).toEqual([{ store: "qdrant", name: "mira_code", model: "all-minilm-l6-v2-q7", dimensions: 384, points: 5_120 }]);
    expect(await within(old).findByText("Search uses everything that lies there.")).toBeTruthy();
    await user().click(within(old).getByText("In a file"));
    expect(engine.calls("vectors.old").at(-1)).toEqual({ store: "embedded" });
  });

  it("save a key, test a provider, and show where a value comes from", async () => {
    const { engine } = mount();
    act(() => {
      place.set({ view: "settings" });
    });
    const openai = await screen.findByRole("region", { name: "OpenAI" });
    await user().type(within(openai).getByLabelText("API key"), "sk-2");
    await user().click(within(openai).getByRole("button", { name: "Save in the keychain" }));
    expect(engine.calls("provider.set_key")).toEqual([{ provider: "openai", key: "sk-2" }]);
    await user().click(within(openai).getByRole("button", { name: "Test" }));
    expect(await within(openai).findByText("gpt-5.5 answered in 812 ms")).toBeTruthy();
    await user().click(screen.getByRole("tab", { name: "All settings" }));
    const url = await screen.findByLabelText("OPENAI_BASE_URL");
    expect((url as HTMLInputElement).disabled).toBe(true);
    await user().selectOptions(screen.getByLabelText("MODEL_ROUTER_ENABLED"), "false");
    expect(engine.calls("settings.set")).toEqual([{ name: "MODEL_ROUTER_ENABLED", value: "false" }]);
  });

  it("take a remembered approval away", async () => {
    const { engine } = mount();
    act(() => {
      place.set({ view: "trust", trustTab: "rules" });
    });
    await user().click(await screen.findByRole("button", { name: "Remove allow command npm run lint in the project folder" }));
    expect(engine.calls("rule.remove")).toEqual([{ rule_id: "rule_1" }]);
  });
});

describe("the connection", () => {
  it("says that it is broken, and catches up when it is back", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    act(() => {
      engine.handlers?.status({ state: "reconnecting", attempt: 1, retryAt: Date.now() + 3000 });
    });
    expect(screen.getByText(/What runs goes on; nothing is lost/)).toBeTruthy();
    const before = engine.calls("session.events").length;
    act(() => {
      engine.handlers?.status({ state: "online" });
    });
    await waitFor(() => {
      expect(engine.calls("session.events").length).toBeGreaterThan(before);
    });
    expect(screen.queryByText(/What runs goes on/)).toBeNull();
  });
});

describe("accessibility", () => {
  it.each([
    ["", {}],
    ["approval", {}],
    ["failed", {}],
    ["first", { first: true }],
  ] as const)("has no violations in state %j", async (state, options) => {
    mount(state, options);
    await screen.findAllByRole("button");
    await waitFor(() => {
      expect(screen.queryAllByText(/Done in|Use an API key|Wants to run/).length).toBeGreaterThan(0);
    });
    // Contrast needs a real browser: the end-to-end tests check it.
    const result = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(result.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
  });
});
