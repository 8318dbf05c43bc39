// Terminal output: colours and weight are kept, every other control sequence is dropped.

import { memo } from "react";

export interface Span {
  text: string;
  bold: boolean;
  dim: boolean;
  /** 0–7, or none. */
  colour: number | undefined;
}

const CONTROL = /\u001b\[([0-9;:?]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b\u000c\u000e-\u001a\u007f]/g;

/** Text with escape sequences as spans. A carriage return overwrites its line, as on a terminal. */
export function parseAnsi(raw: string): Span[] {
  const text = overwrite(raw.replaceAll("\r\n", "\n"));
  const spans: Span[] = [];
  let style: Omit<Span, "text"> = { bold: false, dim: false, colour: undefined };
  let at = 0;
  const add = (piece: string) => {
    if (!piece) return;
    const last = spans.at(-1);
    if (last && last.bold === style.bold && last.dim === style.dim && last.colour === style.colour) last.text += piece;
    else spans.push({ text: piece, ...style });
  };
  for (const match of text.matchAll(CONTROL)) {
    add(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m") style = restyle(style, match[1] ?? "");
  }
  add(text.slice(at));
  return spans;
}

function overwrite(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .split("\n")
    .map((line) => {
      const parts = line.split("\r").filter((part, index, all) => part !== "" || index === all.length - 1);
      return parts.at(-1) || parts.at(-2) || "";
    })
    .join("\n");
}

function restyle(style: Omit<Span, "text">, codes: string): Omit<Span, "text"> {
  const next = { ...style };
  const numbers = codes.split(/[;:]/).map((code) => Number(code || "0"));
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 0) Object.assign(next, { bold: false, dim: false, colour: undefined });
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 22) Object.assign(next, { bold: false, dim: false });
    else if (code >= 30 && code <= 37) next.colour = code - 30;
    else if (code >= 90 && code <= 97) next.colour = code - 90;
    else if (code === 39) next.colour = undefined;
    else if (code === 38 || code === 48) {
      const wide = numbers[at + 1] === 2 ? 4 : 2;
      const index = numbers[at + 2] ?? 0;
      if (code === 38) next.colour = wide === 2 && index < 16 ? index % 8 : undefined;
      at += wide;
    }
  }
  return next;
}

export const Terminal = memo(function Terminal({ text, label }: { text: string; label: string }) {
  return (
    <pre className="terminal" tabIndex={0} aria-label={label} role="region">
      {parseAnsi(text).map((span, index) => {
        const names = [
          span.bold ? "ansi-bold" : "",
          span.dim ? "ansi-dim" : "",
          span.colour === undefined || span.colour === 7 ? "" : `ansi-${span.colour}`,
        ]
          .filter(Boolean)
          .join(" ");
        return names ? (
          <span key={index} className={names}>
            {span.text}
          </span>
        ) : (
          span.text
        );
      })}
    </pre>
  );
});
