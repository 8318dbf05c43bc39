// What is known of the code: search, quick open, an element with its picture, packages, the map, the index.

import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { fromHash, place, toHash } from "../src/app/place";
import { placed } from "../src/features/code/Graph";
import { layers } from "../src/features/code/Modules";
import { squarified } from "../src/features/code/treemap";
import { withLine } from "../src/features/code/QuickOpen";
import type { CodeElement } from "../src/protocol/generated/CodeElement";
import { mount } from "./app";
import { refuse } from "./scripted";

const user = () => userEvent.setup({ delay: null });

describe("code", () => {
  it("is searched, with the reasons on request, and a hit leads to its element", async () => {
    const { engine } = mount();
    await user().keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await user().type(await screen.findByRole("searchbox", { name: "Search code" }), "prices");
    await screen.findByText(/items\.iter/);
    await user().click(screen.getByLabelText("Why this order"));
    expect(await screen.findByText(/BM25/)).toBeTruthy();
    await screen.findByText("Also here");
    expect(screen.getByRole("button", { name: "lines 30–34" })).toBeTruthy();
    expect(engine.calls("code.search").at(-1)).toMatchObject({ query: "prices", mode: "ranked", explain: true });
    await user().click(screen.getByRole("button", { name: /Cart::total_price/ }));
    const page = await screen.findByRole("article", { name: "Cart::total_price" });
    expect(within(page).getByText("the receiver is a Cart")).toBeTruthy();
    expect(within(page).getByText("90%")).toBeTruthy();
    const node = await within(page).findByRole("button", { name: "function main, 1 step away" });
    await user().click(node);
    expect(place.get().element).toBe(8);
  });

  it("finds commits beside code and alone, with the reasons, and shows what one changed", async () => {
    const { engine } = mount();
    engine.on("git.changes", () => ({
      truncated: false,
      files: [{ path: "src/cart.rs", change: "modified", additions: 1, deletions: 0, binary: false, mark: "pending", too_large: false, edited_since: false, undone: false, hunks: [{ id: "1", old_start: 9, old_lines: 1, new_start: 9, new_lines: 2, mark: "pending", lines: [{ kind: "context", text: "ask();" }, { kind: "added", text: "ask_again();" }] }] }],
    }));
    place.set({ view: "code", codeTab: "search" });
    await user().clear(await screen.findByRole("searchbox", { name: "Search code" }));
    await user().type(screen.getByRole("searchbox", { name: "Search code" }), "why do we retry twice");
    const few = await screen.findByRole("region", { name: "Commits" });
    await within(few).findByText("cart: ask twice where the price is missing");
    await user().click(within(few).getByRole("button", { name: "All commits that fit" }));
    const all = await screen.findByRole("region", { name: "Commits" });
    expect(await within(all).findByText(/searched by words, not by meaning/)).toBeTruthy();
    expect(await within(all).findByText(/by meaning \(0\.62\)/)).toBeTruthy();
    expect(engine.calls("git.search").at(-1)).toMatchObject({ query: "why do we retry twice", limit: 40, explain: true });
    await user().click(within(all).getByRole("button", { name: /4f9e4a8c/ }));
    expect(await within(all).findByText("ask_again();")).toBeTruthy();
    expect(engine.calls("git.changes").at(-1)).toMatchObject({ target: "commit", commit: "4f9e4a8c0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f6" });
    expect(within(all).getByRole("button", { name: "Open src/cart.rs:9" })).toBeTruthy();
    await user().click(screen.getByRole("radio", { name: "Best fit" }));
  });

  it("lists what could be better, with the measure and the threshold, and leads to the place", async () => {
    const { engine } = mount();
    place.set({ view: "code", codeTab: "quality" });
    const row = await screen.findByRole("row", { name: /complexity.*31 > 15/ });
    expect(within(row).getByText("medium")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Open src/main.rs:20" })).toBeTruthy();
    await user().selectOptions(screen.getByLabelText("Kind"), "length");
    expect(await screen.findByText("Nothing passes a threshold there")).toBeTruthy();
    expect(engine.calls("code.quality").at(-1)).toMatchObject({ kinds: ["length"] });
    await user().selectOptions(screen.getByLabelText("Kind"), "");
    await user().click(await screen.findByRole("button", { name: /Cart::total_price/ }));
    expect(place.get()).toMatchObject({ codeTab: "element", element: 7 });
  });

  it("shows hotspots as a map that keys walk, with the table behind it", async () => {
    mount();
    place.set({ view: "code", codeTab: "hotspots" });
    const hottest = await screen.findByRole("button", { name: /^src\/cart\.rs: 240 lines, complexity 64, 31 commits, 96%/ });
    expect(hottest.getAttribute("data-heat")).toBe("5");
    hottest.focus();
    await user().keyboard("{ArrowRight}");
    expect(document.activeElement?.getAttribute("aria-label")).toMatch(/^src\/main\.rs/);
    expect(screen.getByText("Cart::total_price (31)")).toBeTruthy();
    expect(screen.getByText(/240 commits counted/)).toBeTruthy();
  });

  it("says of few files no share of heat", async () => {
    const one = { path: "only.rs", lines: 9, functions: 1, complexity: 1, hardest: null, hardest_complexity: 0, issues: 0, commits: 2, fixes: 0, authors: 1, churn: 9, score: null, why: "" };
    mount("", {
      prepare: (engine) => {
        engine.on("code.hotspots", () => ({ hotspots: [one], truncated: false, window: { commits: 2, since: 0 }, notes: ["too few files have a history to say how hot each one is: they only stand in order"] }));
      },
    });
    place.set({ view: "code", codeTab: "hotspots" });
    const only = await screen.findByRole("button", { name: "only.rs: 9 lines, complexity 1, 2 commits" });
    expect(only.getAttribute("data-heat")).toBeNull();
    expect(screen.getByText(/they only stand in order/)).toBeTruthy();
    expect(document.body.textContent).not.toMatch(/\d%/);
  });

  it("shows concepts, what is about one, clusters, patterns and folders in layers", async () => {
    mount();
    place.set({ view: "code", codeTab: "concepts" });
    await user().click(await screen.findByRole("button", { name: /^cart/ }));
    expect(await screen.findByText("About “cart”")).toBeTruthy();
    await user().click(screen.getByRole("tab", { name: "Structure" }));
    expect(await screen.findByText("src: cart, price")).toBeTruthy();
    expect(screen.getByText("its steps give it back")).toBeTruthy();
    await user().click(screen.getByRole("tab", { name: "Dependencies" }));
    await user().click(await screen.findByRole("button", { name: "src/core: 3 files, 400 lines" }));
    expect(await screen.findByText("Folders in src/core")).toBeTruthy();
  });

  it("lets a model name concepts, says the cost before and whose words they are after, and why it failed", async () => {
    const { engine } = mount();
    place.set({ view: "code", codeTab: "concepts" });
    const press = await screen.findByRole("button", { name: "Describe with a model" });
    expect(screen.getByText(/^gpt-small would name 2: about \$0\.001\d*, at most \$0\.03\d*\.$/)).toBeTruthy();
    engine.on("code.describe", () => refuse({ code: "provider_refused", message: "gpt-small did not answer as asked.", hint: "Try again, or choose another model." }));
    await user().click(press);
    expect(await screen.findByText("Try again, or choose another model.")).toBeTruthy();
    engine.on("code.describe", () => ({ model: "gpt-small", asked: 2, named: 2, cost_micro_usd: 1_100 }));
    engine.on("code.concepts", () => ({
      concepts: [{ name: "cart", weight: 1, elements: 12, told: { name: "Shopping carts", says: "What a customer means to buy.", model: "gpt-small" } }],
      elements: [],
      truncated: false,
    }));
    engine.on("code.naming", () => ({ items: 2, to_name: 0, model: "gpt-small", expected_micro_usd: 0, worst_micro_usd: 0, is_running: false, obstacle: null }));
    await user().click(press);
    expect(engine.calls("code.describe").at(-1)).toEqual({ project_id: "prj_1", kind: "concepts" });
    engine.topic({ topic: "code", project_id: "prj_1" });
    const words = await screen.findByRole("region", { name: "In a model’s words" });
    expect(within(words).getByText("cart")).toBeTruthy();
    expect(within(words).getByText("Shopping carts")).toBeTruthy();
    expect(within(words).getByText("named by gpt-small")).toBeTruthy();
    await screen.findByText("gpt-small has named all of these as they are now.");
    expect(press.hasAttribute("disabled")).toBe(true);
    expect(screen.queryByText("Try again, or choose another model.")).toBeNull();
  });

  it("says why no model can name anything, and stops one that is asked", async () => {
    const { engine } = mount();
    const obstacle = { code: "provider_unreachable", message: "Mira is offline, so gpt-small was not asked.", hint: "Go online in the settings (MIRA_OFFLINE)." };
    const offer = { items: 2, to_name: 2, model: "gpt-small", expected_micro_usd: 1_200, worst_micro_usd: 30_000, is_running: false, obstacle };
    engine.on("code.naming", ({ kind }: { kind: string }) => (kind === "clusters" ? offer : { ...offer, is_running: true, obstacle: null }));
    place.set({ view: "code", codeTab: "structure" });
    const clusters = await screen.findByRole("region", { name: "Files that belong together" });
    await within(clusters).findByText(/Mira is offline/);
    expect(within(clusters).getByRole("button", { name: "Describe with a model" }).hasAttribute("disabled")).toBe(true);
    const patterns = screen.getByRole("region", { name: "Design patterns" });
    await user().click(await within(patterns).findByRole("button", { name: "Stop" }));
    expect(engine.calls("code.stop_describing")).toEqual([{ project_id: "prj_1" }]);
  });

  it("goes to a symbol by a few letters", async () => {
    const { engine } = mount();
    await user().keyboard("{Control>}{Shift>}o{/Shift}{/Control}");
    await user().type(await screen.findByPlaceholderText("A function, type or other name"), "tot");
    await screen.findByRole("option", { name: /Cart::total_price/ });
    await user().keyboard("{Enter}");
    await screen.findByRole("article", { name: "Cart::total_price" });
    expect(engine.calls("code.symbols").at(-1)).toMatchObject({ query: "tot" });
  });

  it("shows packages, the map and what the index leaves out", async () => {
    const { engine } = mount();
    await user().keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await user().click(await screen.findByRole("tab", { name: "Dependencies" }));
    expect(await screen.findByText("serde")).toBeTruthy();
    expect(screen.queryByText("std")).toBeNull();
    await user().click(screen.getByRole("tab", { name: "Map" }));
    expect(await screen.findByText(/pub struct Cart/)).toBeTruthy();
    await user().click(screen.getByRole("tab", { name: "Index" }));
    expect(await screen.findByText("assets/logo.png")).toBeTruthy();
    await user().click(screen.getByRole("checkbox", { name: "Read Rust" }));
    expect(engine.calls("code.set_language").at(-1)).toMatchObject({ language: "Rust", enabled: false });
    const field = (name: RegExp) => screen.getByRole("textbox", { name });
    const write = async (name: RegExp, text: string) => {
      await user().clear(field(name));
      await user().type(field(name), `${text}{Enter}`);
      return engine.calls("code.set_language").at(-1);
    };
    expect(await write(/Largest file of Rust/, "500")).toMatchObject({ language: "Rust", max_bytes: 500_000 });
    expect(await write(/parsing a file of Rust/, "900")).toMatchObject({ language: "Rust", max_ms: 900 });
    expect(await write(/extensions of Rust/, ".rsx rs2")).toMatchObject({ language: "Rust", extensions: ["rsx", "rs2"] });
    // What is no number is put back, and not asked for.
    const asked = engine.calls("code.set_language").length;
    await write(/parsing a file of Rust/, "soon");
    expect(engine.calls("code.set_language").length).toBe(asked);
  });
});

describe("places and pictures", () => {
  it("keep an element in the address", () => {
    const hash = toHash({ view: "code", sessionId: undefined, codeTab: "element", element: 12 });
    expect(hash).toBe("#/code/element/12");
    expect(fromHash(hash)).toEqual({ view: "code", codeTab: "element", element: 12 });
    expect(fromHash("#/code/nonsense")).toEqual({ view: "code", codeTab: "search" });
  });

  it("read a line behind a path", () => {
    expect(withLine("lib.rs:12")).toEqual({ query: "lib.rs", line: 12 });
    expect(withLine(" lib ")).toEqual({ query: "lib", line: undefined });
  });

  it("put callers at the left and callees at the right, without overlap", () => {
    const node = (id: number, step: number) => ({ element: { id } as CodeElement, step });
    const { nodes } = placed({ nodes: [node(1, 0), node(2, -1), node(3, 1), node(4, 1)], edges: [], truncated: false });
    const at = (id: number) => nodes.get(id) ?? { x: NaN, y: NaN };
    expect(at(2).x).toBeLessThan(at(1).x);
    expect(at(1).x).toBeLessThan(at(3).x);
    expect(at(3).x).toBe(at(4).x);
    expect(at(3).y).not.toBe(at(4).y);
  });
});

describe("a treemap", () => {
  it("gives each value its share and lets nothing overlap", () => {
    const values = [60, 30, 20, 5, 5];
    const places = squarified(values, 120, 80);
    for (const [at, one] of places.entries()) {
      expect(one.width * one.height).toBeCloseTo(((values[at] ?? 0) / 120) * 120 * 80, 6);
      for (const other of places.slice(at + 1)) {
        const across = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
        const down = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
        expect(Math.min(across, down)).toBeLessThan(1e-6);
      }
    }
    expect(squarified([], 10, 10)).toEqual([]);
  });
});

describe("folders in layers", () => {
  it("stand above what they use", () => {
    const module = (path: string, layer: number) => ({ path, is_folder: true, files: 1, lines: 1, layer });
    const { places, height } = layers([module("core", 0), module("util", 0), module("app", 1)]);
    expect(places.get("app")?.y).toBeLessThan(places.get("core")?.y ?? 0);
    expect(places.get("core")?.x).not.toBe(places.get("util")?.x);
    expect(height).toBeGreaterThan(0);
  });
});
