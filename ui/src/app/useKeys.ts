import { useEffect, useRef } from "react";
import { actionFor, type Action } from "./actions";

/** Window-wide keys; Escape steps back. */
export function useKeys(actions: readonly Action[], onEscape: () => void): void {
  const latest = useRef({ actions, onEscape });
  useEffect(() => {
    latest.current = { actions, onEscape };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") {
        if (!document.querySelector("[data-radix-popper-content-wrapper]")) latest.current.onEscape();
        return;
      }
      const action = actionFor(event, latest.current.actions);
      if (!action) return;
      event.preventDefault();
      action.run();
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
    };
  }, []);
}
