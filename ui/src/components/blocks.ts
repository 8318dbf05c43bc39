// A Markdown text cut into pieces that can be drawn one by one. A growing text changes only its
// last piece, so the others stay as they were drawn.

export interface Piece {
  text: string;
  /** A fence that is still open: its language, and the code so far. */
  code: { language: string | undefined; text: string } | undefined;
}

/** A list longer than this is cut between its items. */
const LONG_LIST = 3000;
/** And plain text behind the end of a sentence: laying out one long paragraph anew for each word
 * that comes costs more than a frame has. */
const LONG_TEXT = 2500;

interface Known {
  text: string;
  pieces: Piece[];
  /** Where the last piece begins in `text`. */
  lastAt: number;
}

const MOST_KNOWN = 8;
const recent: Known[] = [];

/** The pieces of a text. Where it goes on one that was cut before, only its end is looked at. */
export function pieces(text: string): readonly Piece[] {
  // References and footnotes reach across pieces.
  if (/^\[[^\]]+\]:/m.test(text)) return [{ text, code: undefined }];
  const before = recent.find((one) => text.startsWith(one.text) && one.text !== "");
  const from = before?.lastAt ?? 0;
  const cuts = cut(text, from);
  const fresh: Piece[] = cuts.map((at, index) => piece(text.slice(at, cuts[index + 1] ?? text.length)));
  const all = before ? before.pieces.slice(0, -1).concat(fresh) : fresh;
  const known: Known = { text, pieces: all, lastAt: cuts.at(-1) ?? 0 };
  if (before) recent.splice(recent.indexOf(before), 1);
  recent.unshift(known);
  recent.length = Math.min(recent.length, MOST_KNOWN);
  return all;
}

/** Where pieces begin, from a place on where one does. */
function cut(text: string, from: number): number[] {
  const cuts = [from];
  let fence: string | undefined;
  let blank = false;
  let at = from;
  while (at <= text.length) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end);
    const begins = cuts.at(-1) ?? from;
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined && at > begins && opensPiece(line, blank, at - begins)) cuts.push(at);
    if (mark && fence === undefined) {
      // A fence in the first column is a piece of its own, even behind a line of text.
      if (line.startsWith(mark) && at > (cuts.at(-1) ?? from)) cuts.push(at);
      fence = mark;
    } else if (mark && fence !== undefined && mark.startsWith(fence) && line.trim() === mark) fence = undefined;
    else if (fence === undefined && isPlain(line)) cuts.push(...sentences(text, cuts.at(-1) ?? from, at, end < 0 ? text.length : end));
    blank = line.trim() === "";
    if (end < 0) break;
    at = end + 1;
  }
  return cuts;
}

/** Only a line in the first column begins a piece: lists and what belongs to their items stay together. */
function opensPiece(line: string, afterBlank: boolean, length: number): boolean {
  if (!/^\S/.test(line)) return false;
  const item = /^(?:[-*+]|\d+[.)])\s/.test(line);
  if (item) return length > LONG_LIST;
  return afterBlank && !line.startsWith("|") && !line.startsWith(">");
}

function isPlain(line: string): boolean {
  return /^\p{L}/u.test(line);
}

/** Where a paragraph that is too long goes on as another: in this line, outside of any mark. */
function sentences(text: string, begin: number, lineAt: number, lineEnd: number): number[] {
  const cuts: number[] = [];
  if (!isPlain(text.slice(begin, begin + 2))) return cuts;
  const ending = /[.!?…]["”’)]* +(?=\p{L})/gu;
  let from = begin;
  while (lineEnd - from > LONG_TEXT) {
    ending.lastIndex = Math.max(from + LONG_TEXT, lineAt);
    let cut: number | undefined;
    for (let match = ending.exec(text); match && match.index < lineEnd; match = ending.exec(text)) {
      const at = match.index + match[0].length;
      if (isBalanced(text.slice(from, at))) {
        cut = at;
        break;
      }
    }
    if (cut === undefined || cut >= lineEnd) break;
    cuts.push(cut);
    from = cut;
  }
  return cuts;
}

function isBalanced(text: string): boolean {
  const count = (mark: string) => text.split(mark).length - 1;
  const even = ["`", "*", "_", "~"].every((mark) => count(mark) % 2 === 0);
  return even && count("[") === count("]") && count("(") === count(")");
}

function piece(text: string): Piece {
  const open = /^(`{3,}|~{3,})([^\n]*)\n?/.exec(text);
  const mark = open?.[1];
  if (!open || !mark) return { text, code: undefined };
  const body = text.slice(open[0].length);
  const closed = body.split("\n").some((line) => line.trimStart().startsWith(mark) && line.trim().replaceAll(mark[0] ?? "`", "") === "");
  if (closed) return { text, code: undefined };
  return { text, code: { language: /^\s*([\w+#-]+)/.exec(open[2] ?? "")?.[1], text: body.replace(/\n$/, "") } };
}
