// What is around the conversation: keys, settings, search, language, notifications.

import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { newsOf, readNotify, watchNews } from "../src/app/attention";
import { bound, canonical, pressed, readOverrides, taken, unusable, withKeys } from "../src/app/keys";
import { place, type View } from "../src/app/place";
import { look } from "../src/components/theme";
import { SETTINGS_TABS } from "../src/features/settings/SettingsView";
import { speak } from "../src/i18n/language";
import { Client } from "../src/protocol/client";
import { mount } from "./app";
import { onWire, ScriptedTransport } from "./scripted";

const user = () => userEvent.setup({ delay: null });
const action = (id: string, keys?: string) => ({ id, title: id, group: "view" as const, ...(keys ? { keys } : {}), run: () => undefined });

afterEach(() => speak("en"));

describe("keys", () => {
  const press = (key: string, more: Partial<KeyboardEvent> = {}) => pressed({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

  it("are read from a press, in one order", () => {
    expect(press("K", { ctrlKey: true, shiftKey: true })).toBe("mod+shift+k");
    expect(press("å", { altKey: true, code: "KeyA" })).toBe("alt+a");
    expect(press("?", { ctrlKey: true, shiftKey: true })).toBe("mod+?");
    expect(press("Shift", { shiftKey: true })).toBeUndefined();
    expect(press("F2")).toBe("f2");
    expect(canonical("shift+mod+K")).toBe("mod+shift+k");
    expect(canonical("mod++")).toBe("mod++");
  });

  it("are refused where they would hinder writing or the system", () => {
    expect(unusable("k")).toBe("needsModifier");
    expect(unusable("shift+k")).toBe("needsModifier");
    expect(unusable("mod+c")).toBe("reserved");
    expect(unusable("f4")).toBeUndefined();
    expect(unusable("mod+j")).toBeUndefined();
  });

  it("that the person chose replace the usual ones, and only they are saved", () => {
    const usual = [action("a", "mod+a1"), action("b", "mod+b"), action("c")];
    const overrides = withKeys(withKeys({}, usual[0] as never, "mod+j"), usual[1] as never, "");
    expect(bound(usual, overrides).map((one) => one.keys)).toEqual(["mod+j", undefined, undefined]);
    expect(taken(bound(usual, overrides), "mod+j", "b")?.id).toBe("a");
    expect(withKeys(overrides, usual[1] as never, "mod+b")).toEqual({ a: "mod+j" });
    expect(readOverrides("not json")).toEqual({});
    expect(readOverrides('{"a":"mod+j","b":1}')).toEqual({ a: "mod+j" });
  });
});

describe("shortcuts", () => {
  const open = async () => {
    const mounted = mount();
    await screen.findByText(/Done in/);
    act(() => {
      place.set({ view: "settings", settingsTab: "shortcuts" });
    });
    await screen.findByRole("button", { name: /Command palette: Ctrl\+K/ });
    return mounted;
  };

  it("are changed, checked for a conflict, and work at once", async () => {
    const { engine } = await open();
    await user().click(screen.getByRole("button", { name: /^Doctor: no keys/ }));
    await user().keyboard("{Control>}k{/Control}");
    expect((await screen.findByRole("alert")).textContent).toContain("Ctrl+K already means “Command palette”.");
    expect(engine.calls("settings.set")).toEqual([]);
    await user().click(screen.getByRole("button", { name: "Use it for “Doctor”" }));
    await screen.findByRole("button", { name: /^Doctor: Ctrl\+K/ });
    expect(JSON.parse(String(engine.calls("settings.set")[0]?.["value"]))).toEqual({ doctor: "mod+k", palette: "" });
    await user().keyboard("{Control>}k{/Control}");
    await screen.findByRole("heading", { name: "Doctor and logs" });
  });

  it("are found by pressing them, and reset", async () => {
    const { engine } = await open();
    await user().click(screen.getByRole("button", { name: "Find by pressing keys" }));
    await user().keyboard("{Control>}{Alt>}f{/Alt}{/Control}");
    await waitFor(() => {
      expect(screen.getAllByRole("button", { name: /Press to (change|choose)/ })).toHaveLength(1);
    });
    await user().click(screen.getByRole("button", { name: "Take the keys of Search sessions away" }));
    await waitFor(() => {
      expect(engine.calls("settings.set")).toHaveLength(1);
    });
    await user().click(screen.getByRole("button", { name: "Show all keys" }));
    await user().click(await screen.findByRole("button", { name: "Usual keys for Search sessions" }));
    await screen.findByRole("button", { name: /Search sessions: Ctrl\+Alt\+F/ });
    expect(engine.calls("settings.set").at(-1)?.["value"]).toBeNull();
  });

  it("refuse plain letters", async () => {
    const { engine } = await open();
    await user().click(screen.getByRole("button", { name: /^Doctor: no keys/ }));
    await user().keyboard("k");
    expect((await screen.findByRole("alert")).textContent).toContain("would get in the way of writing");
    expect(engine.calls("settings.set")).toEqual([]);
  });
});

describe("settings", () => {
  it("are searched all at once, and a change is taken back", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    act(() => {
      place.set({ view: "settings", settingsTab: "look" });
    });
    await user().type(await screen.findByRole("searchbox", { name: "Filter settings" }), "daily limit");
    const limit = await screen.findByLabelText("BUDGET_DAILY_LIMIT_USD");
    expect(screen.queryByLabelText("MIRA_PORT")).toBeNull();
    await user().clear(limit);
    await user().type(limit, "9{Enter}");
    await waitFor(() => {
      expect((screen.getByLabelText("BUDGET_DAILY_LIMIT_USD") as HTMLInputElement).value).toBe("9");
    });
    await user().click(screen.getByRole("button", { name: /Undo last change/ }));
    await screen.findByText("BUDGET_DAILY_LIMIT_USD is as it was before.");
    expect(engine.calls("settings.set").map((one) => one["value"])).toEqual(["9", "5"]);
  });

  it("of the look hold at once and are kept by the engine", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    act(() => {
      place.set({ view: "settings", settingsTab: "look" });
    });
    await user().click(await screen.findByRole("radio", { name: "Dark" }));
    expect(look.get().theme).toBe("dark");
    await user().click(screen.getByRole("radio", { name: "Compact" }));
    await user().click(screen.getByRole("button", { name: "Larger text" }));
    await waitFor(() => {
      expect(engine.calls("settings.set").map((one) => [one["name"], one["value"]])).toEqual([
        ["MIRA_THEME", "dark"],
        ["MIRA_DENSITY", "compact"],
        ["MIRA_TEXT_SIZE", "14"],
      ]);
    });
  });

  it("that follow each other quickly all count, and the last one is kept", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    act(() => {
      place.set({ view: "settings", settingsTab: "look" });
    });
    const larger = await screen.findByRole("button", { name: "Larger text" });
    const { size } = look.get();
    await act(async () => {
      for (let times = 0; times < 5; times += 1) larger.click();
      await Promise.resolve();
    });
    const wanted = String(Math.min(20, size + 5));
    await waitFor(() => {
      expect(engine.calls("settings.set").at(-1)).toMatchObject({ name: "MIRA_TEXT_SIZE", value: wanted });
    });
    expect(String(look.get().size)).toBe(wanted);
  });

  it("of another window arrive here", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    await act(async () => {
      await engine.request("settings.set", { name: "MIRA_CONTRAST", value: "high" });
    });
    await waitFor(() => {
      expect(look.get().contrast).toBe("high");
    });
  });

  it("pages have no violations", async () => {
    mount();
    await screen.findByText(/Done in/);
    for (const settingsTab of SETTINGS_TABS) {
      act(() => {
        place.set({ view: "settings", settingsTab });
      });
      await screen.findByRole("tabpanel");
      const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
      expect(found.violations.map((one) => `${settingsTab} ${one.id} ${one.nodes[0]?.html}`)).toEqual([]);
    }
  }, 30_000);
});

describe("search", () => {
  it("passes its filters on and says when they hide everything", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    act(() => {
      place.set({ view: "search" });
    });
    await user().type(await screen.findByRole("searchbox", { name: "Search all sessions" }), "parser");
    await screen.findByText("3 places");
    const filters = screen.getByRole("group", { name: "Filters" });
    await user().selectOptions(within(filters).getByLabelText("Said by"), "tool");
    await user().type(within(filters).getByLabelText("From"), "2026-11-01");
    await waitFor(() => {
      expect(engine.calls("session.search").at(-1)).toMatchObject({ query: "parser", project_id: "prj_1", role: "tool", since: new Date(2026, 10, 1).getTime() });
    });
    await user().type(screen.getByRole("searchbox", { name: "Search all sessions" }), "zzz");
    await screen.findByText("Nothing was found for “parserzzz” with these filters.");
    await user().click(screen.getByRole("button", { name: "Clear filters" }));
    await waitFor(() => {
      expect(engine.calls("session.search").at(-1)).toMatchObject({ role: undefined, project_id: undefined });
    });
  });
});

describe("search by meaning", () => {
  it("says what a message was found by, opens it, and says when it went by words alone", async () => {
    const { engine } = mount();
    await screen.findByText(/Done in/);
    act(() => {
      place.set({ view: "search" });
    });
    const field = await screen.findByRole("searchbox", { name: "Search all sessions" });
    await user().type(field, "parser");
    const both = await screen.findByRole("button", { name: /counts one ending/ });
    within(both).getByText("words and meaning");
    within(screen.getByRole("button", { name: /How are schema changes applied/ })).getByText("by meaning");
    expect(within(screen.getByRole("button", { name: /lines\.rs:4/ })).queryByText(/meaning/)).toBeNull();
    expect(screen.queryByText(/searched by words/)).toBeNull();
    await user().type(field, " away");
    await screen.findByText(/^searched by words, not by meaning: vectors of its messages/);
    await user().click(screen.getByRole("button", { name: /How are schema changes applied/ }));
    await waitFor(() => {
      expect(engine.calls("session.events").some((call) => JSON.stringify(call).includes("ses_7"))).toBe(true);
    });
  });
});

describe("the window in German", () => {
  it("speaks German on every page, and no English is left in the frame", async () => {
    mount();
    await screen.findByText(/Done in/);
    await act(() => speak("de"));
    act(() => {
      place.set({ view: "search" });
    });
    expect(await screen.findByRole("heading", { name: "Suche" })).toBeTruthy();
    const pages: [View, string][] = [["settings", "Einstellungen"], ["health", "Diagnose und Protokoll"]];
    for (const [view, heading] of pages) {
      act(() => {
        place.set({ view });
      });
      expect(await screen.findByRole("heading", { name: heading })).toBeTruthy();
    }
  });
});

describe("notifications", () => {
  const finished = (state: string) =>
    onWire({ session_id: "ses_1", seq: 9, operation_id: "op_1", at: 1, event_type: "operation_finished", data: { state, failure: null, content: "All done", usage: {}, cost_micro_usd: 0, duration_ms: 1, changes: [] } } as never);

  it("tell of ends and questions, not of what the person stopped", () => {
    expect(newsOf(finished("COMPLETED"))).toEqual({ kind: "done", sessionId: "ses_1", text: "All done" });
    expect(newsOf(finished("FAILED"))?.kind).toBe("failed");
    expect(newsOf(finished("CANCELLED"))).toBeUndefined();
    expect(readNotify("waiting, failed", "bell")).toEqual({ done: false, waiting: true, failed: true, sound: "bell" });
  });

  it("come only while nobody looks, only with consent, and only what was chosen", () => {
    const shown: string[] = [];
    class Shown {
      static permission = "granted";
      onclick: (() => void) | undefined;
      constructor(title: string) {
        shown.push(title);
      }
      close() {}
    }
    vi.stubGlobal("Notification", Shown);
    const focus = vi.spyOn(document, "hasFocus").mockReturnValue(true);
    const transport = new ScriptedTransport();
    const client = new Client(transport, (run) => {
      run();
    });
    let words = "done";
    const stop = watchNews(client, () => readNotify(words, "none"), () => undefined);
    transport.emit(finished("COMPLETED"));
    expect(shown).toEqual([]);
    focus.mockReturnValue(false);
    transport.emit(finished("COMPLETED"));
    expect(shown).toEqual(["Done"]);
    transport.emit(finished("FAILED"));
    expect(shown).toEqual(["Done"]);
    words = "failed";
    Shown.permission = "default";
    transport.emit(finished("FAILED"));
    expect(shown).toEqual(["Done"]);
    Shown.permission = "granted";
    transport.emit(finished("FAILED"));
    expect(shown).toEqual(["Done", "Failed"]);
    stop();
    vi.unstubAllGlobals();
    focus.mockRestore();
  });
});
