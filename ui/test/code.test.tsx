// What is known of the code: search, quick open, an element with its picture, packages, the map, the index.

import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { fromHash, place, toHash } from "../src/app/place";
import { placed } from "../src/features/code/Graph";
import { withLine } from "../src/features/code/QuickOpen";
import type { CodeElement } from "../src/protocol/generated/CodeElement";
import { mount } from "./app";

const user = () => userEvent.setup({ delay: null });

describe("code", () => {
  it("is searched, with the reasons on request, and a hit leads to its element", async () => {
    const { engine } = mount();
    await user().keyboard("{Control>}{Shift>}f{/Shift}{/Control}");
    await user().type(await screen.findByRole("searchbox", { name: "Search code" }), "prices");
    await screen.findByText(/items\.iter/);
    await user().click(screen.getByLabelText("Why this order"));
    expect(await screen.findByText(/BM25/)).toBeTruthy();
    expect(engine.calls("code.search").at(-1)).toMatchObject({ query: "prices", mode: "ranked", explain: true });
    await user().click(screen.getByRole("button", { name: /Cart::total_price/ }));
    const page = await screen.findByRole("article", { name: "Cart::total_price" });
    expect(within(page).getByText("the receiver is a Cart")).toBeTruthy();
    expect(within(page).getByText("90%")).toBeTruthy();
    const node = await within(page).findByRole("button", { name: "function main, 1 step away" });
    await user().click(node);
    expect(place.get().element).toBe(8);
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
