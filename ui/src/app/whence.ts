// Where the keys are as a page takes the conversation's place, and where they go on after it.

import { useEffect, useLayoutEffect, useRef } from "react";
import type { FieldLink } from "./fieldLink";
import { place, type View } from "./place";

/** What lies over a page for a moment; the keys come back from there by themselves. */
const OVER = "dialog, [data-radix-popper-content-wrapper], .toasts";
const PANEL = "#inspector-panel";

const ofConversation = (view: View) => view === "chat" || view === "welcome";

/** After a page the keys are where they were before it, unless they were taken somewhere else. */
export function useWhence(view: View, field: FieldLink): void {
  const last = useRef<HTMLElement | undefined>(undefined);
  const left = useRef<{ element: HTMLElement | undefined; panel: boolean }>({ element: undefined, panel: false });
  const before = useRef(view);
  useEffect(() => {
    const notice = (event: FocusEvent) => {
      if (event.target instanceof HTMLElement && !event.target.closest(OVER)) last.current = event.target;
    };
    addEventListener("focusin", notice);
    let now = place.get().view;
    // The place says so before anything of the conversation leaves the screen.
    const leave = place.subscribe(() => {
      const next = place.get().view;
      if (ofConversation(now) && !ofConversation(next)) left.current = { element: last.current, panel: Boolean(last.current?.closest(PANEL)) };
      now = next;
    });
    return () => {
      removeEventListener("focusin", notice);
      leave();
    };
  }, []);
  useEffect(() => {
    const was = before.current;
    before.current = view;
    if (ofConversation(was) || !ofConversation(view) || document.activeElement !== document.body) return;
    const { element, panel } = left.current;
    const again = element?.isConnected ? element : element?.id ? document.getElementById(element.id) : undefined;
    if (again) again.focus();
    else if (!panel || !focusPanel()) field.focus();
  }, [view, field]);
}

/** Into the inspector: what its tab offers to the keys first. */
export function focusPanel(): boolean {
  const panel = document.querySelector<HTMLElement>(PANEL);
  (panel?.querySelector<HTMLElement>("[data-autofocus]") ?? panel)?.focus();
  return panel !== null;
}

/** A side that lies over the middle takes the keys, and gives them back as it goes. */
export function useDrawerKeys(covered: boolean, field: FieldLink): void {
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (!covered) return;
    const drawer = document.querySelector<HTMLElement>(".drawer");
    const here = document.activeElement;
    if (!drawer?.contains(here)) {
      before.current = here;
      drawer?.querySelector<HTMLElement>("button, [tabindex='0']")?.focus();
    }
    return () => {
      if (document.activeElement !== document.body) return;
      const { current } = before;
      if (current instanceof HTMLElement && current.isConnected && current !== document.body) current.focus();
      else field.focus();
    };
  }, [covered, field]);
}

const FIRST = ["[data-autofocus]", '[role="tab"][aria-selected="true"]', ".view :is(button, input, select, textarea, a[href])"];

/** Into the page: to what it offers to the keys first. */
export function focusPage(): void {
  const middle = document.querySelector<HTMLElement>("main.middle");
  const first = FIRST.map((one) => middle?.querySelector<HTMLElement>(one)).find((one) => one);
  first?.focus();
}

/** Drawn beside a page: takes the keys there once it is on the screen. */
export function Arrived(): null {
  useLayoutEffect(() => {
    if (!document.activeElement?.closest("main.middle")) focusPage();
  }, []);
  return null;
}
