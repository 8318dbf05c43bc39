// What a program printed, as the lines that a terminal would show: colours and weight, carriage
// returns and cursor moves that redraw a progress bar, tabs, erasing. Every other control sequence
// is dropped. It is fed piece by piece, so following a long output costs what is new of it.

export interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
  /** 0–7, or none. */
  colour: number | undefined;
  background: number | undefined;
}

export interface Span extends Style {
  text: string;
}

export interface TerminalLine {
  /** Stays the same object while the line does. */
  readonly spans: readonly Span[];
}

const PLAIN: Style = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
  colour: undefined,
  background: undefined,
};

/** Lines that are kept; older ones go first. */
const MOST_LINES = 4000;
/** A line that goes on for longer than this is cut: no terminal is that wide. */
const WIDEST = 8000;
const SEQUENCE = /\u001b\[([0-9;:?<=>]*)([ -/]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[P^_X][^\u001b]*\u001b\\|\u001b[ -/]*[0-~]|[\u0000-\u001a\u001c-\u001f\u007f]/g;
/** A sequence that may go on in the next piece. */
const UNFINISHED = /\u001b(?:\[[0-9;:?<=> -/]*|\][^\u0007\u001b]{0,2000}\u001b?|[P^_X][^\u001b]{0,2000}\u001b?|[ -/]*)?$/;

class Line {
  characters: string[] = [];
  styles: Style[] = [];
  private shown: TerminalLine | undefined;

  put(column: number, character: string, style: Style): void {
    while (this.characters.length < column) {
      this.characters.push(" ");
      this.styles.push(PLAIN);
    }
    this.characters[column] = character;
    this.styles[column] = style;
    this.shown = undefined;
  }

  /** Keeps the first `length` characters. */
  cut(length: number): void {
    if (this.characters.length <= length) return;
    this.characters.length = length;
    this.styles.length = length;
    this.shown = undefined;
  }

  blank(until: number): void {
    for (let column = 0; column < Math.min(until, this.characters.length); column += 1) this.put(column, " ", PLAIN);
  }

  show(): TerminalLine {
    this.shown ??= { spans: this.spans() };
    return this.shown;
  }

  private spans(): Span[] {
    const spans: Span[] = [];
    let style: Style | undefined;
    this.characters.forEach((character, column) => {
      const mine = this.styles[column] ?? PLAIN;
      const last = spans.at(-1);
      if (last && mine === style) last.text += character;
      else spans.push({ ...mine, text: character });
      style = mine;
    });
    return spans;
  }
}

export class Terminal {
  /** Lines that are gone from the beginning. */
  dropped = 0;
  private lines: Line[] = [new Line()];
  private row = 0;
  private column = 0;
  private style: Style = PLAIN;
  private rest = "";

  feed(text: string): void {
    const whole = this.rest + text;
    const unfinished = UNFINISHED.exec(whole);
    this.rest = unfinished?.[0] ?? "";
    const ready = whole.slice(0, whole.length - this.rest.length);
    let at = 0;
    for (const match of ready.matchAll(SEQUENCE)) {
      this.print(ready.slice(at, match.index));
      at = match.index + match[0].length;
      if (match[3] !== undefined) this.control(match[3], match[1] ?? "", match[2] ?? "");
      else this.single(match[0]);
    }
    this.print(ready.slice(at));
  }

  show(): readonly TerminalLine[] {
    const shown = this.lines.map((line) => line.show());
    // The line break at the end of an output begins no line of its own.
    if (shown.length > 1 && shown.at(-1)?.spans.length === 0) shown.pop();
    return shown;
  }

  private print(text: string): void {
    for (const character of text) {
      if (this.column < WIDEST) this.current().put(this.column, character, this.style);
      this.column += 1;
    }
  }

  private current(): Line {
    let line = this.lines[this.row];
    while (!line) {
      this.lines.push(new Line());
      line = this.lines[this.row];
    }
    return line;
  }

  private single(character: string): void {
    switch (character) {
      case "\n":
        this.row += 1;
        this.column = 0;
        this.current();
        if (this.lines.length > MOST_LINES) {
          const gone = this.lines.length - MOST_LINES;
          this.lines.splice(0, gone);
          this.row -= gone;
          this.dropped += gone;
        }
        break;
      case "\r":
        this.column = 0;
        break;
      case "\b":
        this.column = Math.max(0, this.column - 1);
        break;
      case "\t":
        this.print(" ".repeat(8 - (this.column % 8)));
        break;
    }
  }

  private control(final: string, given: string, between: string): void {
    // Private sequences (`?25l`, hiding the cursor) show nothing.
    if (between || /[?<=>]/.test(given)) return;
    const first = Number(given.split(";")[0] || "0");
    const steps = Math.max(1, first);
    switch (final) {
      case "m":
        this.style = restyle(this.style, given);
        break;
      case "A":
      case "F":
        this.row = Math.max(0, this.row - steps);
        if (final === "F") this.column = 0;
        break;
      case "B":
      case "E":
        this.row = Math.min(this.lines.length - 1, this.row + steps);
        if (final === "E") this.column = 0;
        break;
      case "C":
        this.column = Math.min(WIDEST, this.column + steps);
        break;
      case "D":
        this.column = Math.max(0, this.column - steps);
        break;
      case "G":
        this.column = Math.min(WIDEST, steps - 1);
        break;
      case "K":
        this.erase(first);
        break;
      case "J":
        if (first === 0) {
          this.current().cut(this.column);
          this.lines.length = this.row + 1;
        }
        break;
    }
  }

  private erase(what: number): void {
    const line = this.current();
    if (what === 0) line.cut(this.column);
    else if (what === 1) line.blank(this.column + 1);
    else if (what === 2) line.cut(0);
  }
}

/** The line that ends with each style object, so that equal styles are one object. */
const known = new Map<string, Style>();

function shared(style: Style): Style {
  const name = JSON.stringify([style.bold, style.dim, style.italic, style.underline, style.strike, style.inverse, style.colour ?? -1, style.background ?? -1]);
  const found = known.get(name);
  if (found) return found;
  known.set(name, style);
  return style;
}

function restyle(style: Style, codes: string): Style {
  let next = { ...style };
  const numbers = codes.split(/[;:]/).map((code) => Number(code || "0"));
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 0) next = { ...PLAIN };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 7) next.inverse = true;
    else if (code === 9) next.strike = true;
    else if (code === 22) Object.assign(next, { bold: false, dim: false });
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 27) next.inverse = false;
    else if (code === 29) next.strike = false;
    else if (code >= 30 && code <= 37) next.colour = code - 30;
    else if (code >= 90 && code <= 97) next.colour = code - 90;
    else if (code === 39) next.colour = undefined;
    else if (code >= 40 && code <= 47) next.background = code - 40;
    else if (code >= 100 && code <= 107) next.background = code - 100;
    else if (code === 49) next.background = undefined;
    else if (code === 38 || code === 48) {
      const wide = numbers[at + 1] === 2;
      const colour = wide
        ? nearest(numbers[at + 2] ?? 0, numbers[at + 3] ?? 0, numbers[at + 4] ?? 0)
        : indexed(numbers[at + 2] ?? 0);
      if (code === 38) next.colour = colour;
      else next.background = colour;
      at += wide ? 4 : 2;
    }
  }
  return shared(next);
}

/** Of the 256 colours. */
function indexed(index: number): number {
  if (index < 16) return index % 8;
  if (index >= 232) return index < 244 ? 0 : 7;
  const cube = index - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

/** The one of the eight that a colour is most like: those are legible in both themes. */
export function nearest(red: number, green: number, blue: number): number {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return most < 140 ? 0 : 7;
  const middle = (most + least) / 2;
  return (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0);
}

interface Fed {
  text: string;
  terminal: Terminal;
}

/** Outputs that are followed at the same time. */
const MOST_FOLLOWED = 6;
const followed: Fed[] = [];

export interface TerminalView {
  lines: readonly TerminalLine[];
  dropped: number;
}

/** The text without its colours: to be searched and copied. */
export function uncoloured(text: string): string {
  return text.replaceAll(/\u001b\[[0-9;]*m/g, "");
}

/** The lines of an output. Where it goes on one that was shown before, only the rest is read. */
export function terminalView(text: string): TerminalView {
  let fed = followed.find((one) => text.startsWith(one.text) && one.text !== "");
  if (!fed) {
    fed = { text: "", terminal: new Terminal() };
    followed.unshift(fed);
    followed.length = Math.min(followed.length, MOST_FOLLOWED);
  }
  if (text.length > fed.text.length) fed.terminal.feed(text.slice(fed.text.length));
  fed.text = text;
  return { lines: fed.terminal.show(), dropped: fed.terminal.dropped };
}
