// One line of code with its colours and the parts that differ.

import { memo, type ReactNode } from "react";
import type { Colour } from "./colours";
import type { Range } from "./wordMarks";

/** Longer lines are cut on the screen: nobody reads them, and they would cost every frame. */
const LONGEST_SHOWN = 2_000;

export const LineText = memo(function LineText(props: {
  text: string;
  colours?: readonly Colour[] | undefined;
  marks?: readonly Range[] | undefined;
  mark?: "ins" | "del";
}) {
  const cut = props.text.length > LONGEST_SHOWN;
  const text = cut ? props.text.slice(0, LONGEST_SHOWN) : props.text;
  return (
    <>
      {props.colours?.length || props.marks?.length ? pieces(text, props.colours ?? [], props.marks ?? [], props.mark ?? "ins") : text}
      {cut ? <span className="quiet">{` … +${props.text.length - LONGEST_SHOWN}`}</span> : null}
    </>
  );
});

/** Cuts the text at every border of a colour or a mark. */
export function cuts(text: string, colours: readonly Colour[], marks: readonly Range[]): { text: string; names: string; marked: boolean }[] {
  const borders = new Set([0, text.length]);
  for (const [from, to] of [...colours.map(([from, to]) => [from, to] as const), ...marks]) {
    if (from < text.length) borders.add(from);
    if (to < text.length) borders.add(to);
  }
  const at = [...borders].sort((a, b) => a - b);
  const out: { text: string; names: string; marked: boolean }[] = [];
  let colour = 0;
  let mark = 0;
  for (let index = 0; index + 1 < at.length; index += 1) {
    const [from, to] = [at[index] ?? 0, at[index + 1] ?? 0];
    while ((colours[colour]?.[1] ?? Infinity) <= from) colour += 1;
    while ((marks[mark]?.[1] ?? Infinity) <= from) mark += 1;
    const covered = (range: readonly [number, number, ...unknown[]] | undefined) => range !== undefined && range[0] <= from;
    const now = colours[colour];
    out.push({ text: text.slice(from, to), names: covered(now) ? (now?.[2] ?? "") : "", marked: covered(marks[mark]) });
  }
  return out;
}

function pieces(text: string, colours: readonly Colour[], marks: readonly Range[], Mark: "ins" | "del"): ReactNode {
  return cuts(text, colours, marks).map((piece, index) => {
    const content = piece.names ? <span className={piece.names}>{piece.text}</span> : piece.text;
    return piece.marked ? <Mark key={index}>{content}</Mark> : <span key={index}>{content}</span>;
  });
}
