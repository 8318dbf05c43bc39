// Marks words where they stand on the screen, without touching the page's elements. Browsers
// without that ability show the row alone.

const NAME = "found-words";
/** Places that are marked at once. */
const MOST = 400;

export function markWords(root: HTMLElement | null, words: string): void {
  if (typeof Highlight === "undefined" || !("highlights" in CSS)) return;
  CSS.highlights.delete(NAME);
  const wanted = words.trim().toLowerCase();
  if (!root || !wanted) return;
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) {
    const text = (node.nodeValue ?? "").toLowerCase();
    for (let at = text.indexOf(wanted); at >= 0 && ranges.length < MOST; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      ranges.push(range);
    }
  }
  if (ranges.length > 0) CSS.highlights.set(NAME, new Highlight(...ranges));
}
