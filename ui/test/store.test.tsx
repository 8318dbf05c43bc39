// Small view state on the screen.

import { createRoot } from "react-dom/client";
import { describe, expect, it } from "vitest";
import { createStore, useStore } from "../src/components/store";

const words = createStore({ text: "" });

function Field() {
  const { text } = useStore(words);
  return (
    <input
      value={text}
      onChange={(event) => {
        words.set({ text: event.target.value });
      }}
    />
  );
}

/** As a key would, between two tasks of the page. */
function press(input: HTMLInputElement, letter: string) {
  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
  setValue?.call(input, input.value + letter);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

describe("a store", () => {
  it("keeps every letter, also those typed before React has begun to listen", async () => {
    const place = document.body.appendChild(document.createElement("div"));
    const drawn = new Promise<HTMLInputElement>((done) => {
      new MutationObserver((_, observer) => {
        const input = place.querySelector("input");
        if (!input) return;
        observer.disconnect();
        // Still within the task that drew it.
        for (const letter of "prices") press(input, letter);
        done(input);
      }).observe(place, { childList: true });
    });
    const root = createRoot(place);
    root.render(<Field />);
    const input = await drawn;
    expect(words.get().text).toBe("prices");
    expect(input.value).toBe("prices");
    root.unmount();
    place.remove();
  });
});
