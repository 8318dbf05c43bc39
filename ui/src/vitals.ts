// Two figures of the page for the benchmark, written on the document where any driver can read them.

const marks = (): DOMStringMap => document.documentElement.dataset;

/** A place to write or to choose is on the screen; the first time counts. Milliseconds since 1970. */
export function interactive(): void {
  marks().interactiveAt ??= String(performance.timeOrigin + performance.now());
}

/** Text that arrived at `since` (`performance.now()`) is on the screen with the next frame. */
export function painting(since: number): void {
  requestAnimationFrame(() => {
    marks().tokenToPaintMs = String(performance.now() - since);
  });
}
