// Reviewing in the window: conflicts of a decision, all at once with a way back, words that are not saved yet.

import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { place } from "../src/app/place";
import { originOf } from "../src/features/settings/prices";
import { mount } from "./app";
import { refuse } from "./scripted";

const user = () => userEvent.setup({ delay: null });
const review = () => screen.findByRole("group", { name: "Changes" });
const FILE = "crates/parser/src/lines.rs";

beforeEach(() => {
  localStorage.clear();
});

describe("a rejected file that somebody else edited", () => {
  it("offers what can be done, and goes on with what was chosen", async () => {
    const { engine } = mount();
    await review();
    engine.on("operation.review", () => refuse({ code: "conflict", message: `${FILE} was left as it is. It differs.`, hint: "Keep, take or merge." }));
    engine.on("operation.undo", () => ({
      operation_id: "op_1",
      session_id: "ses_1",
      paths: [],
      preview: true,
      conflicts: [{ path: FILE, reason: "It differs.", choices: ["keep", "take"], hunks: [{ id: "x", old_start: 3, old_lines: 1, new_start: 3, new_lines: 1, mark: "pending", lines: [{ kind: "added", text: "// mine" }] }] }],
    }));
    await user().click(await screen.findByRole("button", { name: `Reject file: ${FILE}` }));
    const alert = await screen.findByRole("alert");
    expect(within(alert).getByText("Not decided")).toBeTruthy();
    expect(within(alert).getByText("// mine")).toBeTruthy();
    expect(engine.calls("operation.undo")).toEqual([{ operation_id: "op_1", paths: [FILE], preview: true }]);
    engine.on("operation.review", () => ({ operation_id: "op_1", undone: false, files: [], not_covered: [], pruned: false }));
    await user().click(within(alert).getByLabelText("Take only our change back"));
    await user().click(within(alert).getByRole("button", { name: "Go on with these" }));
    await waitFor(() => {
      expect(engine.calls("operation.review").at(-1)).toEqual({ operation_id: "op_1", path: FILE, mark: "rejected", resolve: "merge" });
    });
    await waitFor(() => {
      expect(screen.queryByText("Not decided")).toBeNull();
    });
  });

  it("says any other refusal and asks nothing", async () => {
    const { engine } = mount();
    await review();
    engine.on("operation.review", () => refuse({ code: "conflict", message: "The operation is still running." }));
    engine.on("operation.undo", () => refuse({ code: "conflict", message: "The operation is still running." }));
    await user().click(await screen.findByRole("button", { name: `Reject file: ${FILE}` }));
    expect(await screen.findByText("The operation is still running.")).toBeTruthy();
    expect(screen.queryByText("Not decided")).toBeNull();
  });
});

describe("keep all", () => {
  it("leaves what was rejected alone, and one press takes all of it back", async () => {
    const { engine } = mount();
    await review();
    const [reject] = await screen.findAllByRole("button", { name: "Reject" });
    if (reject) await user().click(reject);
    await screen.findByText("1 of 3 reviewed");
    await user().click(screen.getByRole("button", { name: /Keep all/ }));
    await screen.findByText("3 of 3 reviewed");
    const marks = engine.calls("operation.review").map(({ path, hunk, mark }) => [String(path).split("/").at(-1), hunk, mark]);
    expect(marks).toEqual([
      ["lines.rs", "h1", "rejected"],
      ["lines.rs", "h2", "kept"],
      ["crlf.rs", undefined, "kept"],
    ]);
    await user().click(within((await screen.findByText("2 files kept.")).closest(".toast") as HTMLElement).getByRole("button", { name: "Undo" }));
    await screen.findByText("1 of 3 reviewed");
  });
});

describe("words of a remark that are not saved", () => {
  it("stand there again after a reload, under their line", async () => {
    const first = mount();
    await review();
    await user().click((await screen.findAllByRole("button", { name: `Comment on ${FILE}:3` }))[0] as HTMLElement);
    await user().type(screen.getByRole("textbox", { name: `Comment on ${FILE}:3` }), "Why not");
    first.unmount();
    const { engine } = mount();
    const field = await screen.findByRole("textbox", { name: `Comment on ${FILE}:3` });
    expect((field as HTMLTextAreaElement).value).toBe("Why not");
    engine.on("comment.add", () => ({ id: "com_1" }));
    await user().type(field, " both?");
    await user().click(screen.getByRole("button", { name: /Save comment/ }));
    await waitFor(() => {
      expect(engine.calls("comment.add")[0]).toMatchObject({ path: FILE, line: 3, text: "Why not both?" });
    });
    expect(localStorage.getItem("mira.remarks")).not.toContain("Why not");
  });

  it("are forgotten where they are dismissed", async () => {
    const first = mount();
    await review();
    await user().click((await screen.findAllByRole("button", { name: `Comment on ${FILE}:3` }))[0] as HTMLElement);
    await user().type(screen.getByRole("textbox", { name: `Comment on ${FILE}:3` }), "No{Escape}");
    first.unmount();
    mount();
    await review();
    expect(screen.queryByRole("textbox", { name: `Comment on ${FILE}:3` })).toBeNull();
  });
});

describe("an operation whose contents were let go", () => {
  it("says so, decides nothing, and can be brought back while that is possible", async () => {
    const { engine } = mount("", {
      prepare: (engine) => {
        const file = { path: FILE, change: "modified", additions: 2, deletions: 2, binary: false, mark: "pending", hunks: [], too_large: false, edited_since: false, undone: false };
        engine.on("operation.changes", () => ({ operation_id: "op_1", undone: false, files: [file], not_covered: [], pruned: true }));
        engine.on("checkpoint.list", () => ({ checkpoints: [{ checkpoint_id: 4, restorable_until: Date.now() + 1000 }], total: 1 }));
        engine.on("checkpoint.unprune", () => ({ checkpoints: 1 }));
      },
    });
    await screen.findByText(/were let go to save space/);
    expect(screen.getByText("The contents before and after were removed.")).toBeTruthy();
    expect(screen.queryByRole("button", { name: `Reject file: ${FILE}` })).toBeNull();
    expect((screen.getByRole("button", { name: /Undo all/ }) as HTMLButtonElement).disabled).toBe(true);
    await user().click(screen.getByRole("button", { name: "Bring back" }));
    await waitFor(() => {
      expect(engine.calls("checkpoint.unprune")).toEqual([{ checkpoint_ids: [4] }]);
    });
  });
});

describe("the router's page", () => {
  it("explains a message, applies a suggestion with a way back, and holds what is chosen", async () => {
    const { engine } = mount();
    act(() => {
      place.set({ view: "settings", settingsTab: "router" });
    });
    await user().type(await screen.findByLabelText("A message, not sent"), "make it faster{Enter}");
    expect(await screen.findByText("because the message asks for a change")).toBeTruthy();
    expect(await screen.findByText("6 of 12 operations with 3 files were asked again on the voice tier.")).toBeTruthy();
    engine.on("settings.set", () => ({ settings: [], config_file: "", data_dir: "" }));
    await user().click(screen.getByRole("button", { name: "Apply" }));
    await user().click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => {
      expect(engine.calls("settings.set").map((one) => one["value"])).toEqual(["2", "3"]);
    });
    await user().selectOptions(screen.getByLabelText("This session: Tier"), "fast");
    await waitFor(() => {
      expect(engine.calls("route.choose")[0]).toMatchObject({ session_id: "ses_1", tier: "fast" });
    });
  });
});

describe("where a price is from", () => {
  it("is split into its page and its day", () => {
    expect(originOf("developers.openai.com/api/docs/models, 2026-11-23")).toEqual({ source: "developers.openai.com/api/docs/models", day: "2026-11-23" });
    expect(originOf("somewhere").day).toBeUndefined();
  });
});
