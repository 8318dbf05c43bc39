// The output of a program on the screen.

import { memo, useEffect, useMemo, useRef } from "react";
import { t } from "../i18n";
import { terminalView, type Span, type TerminalLine } from "./terminal";

/** Lines that are drawn; a person reads the end, and copies the rest. */
const MOST_DRAWN = 1500;

export const Terminal = memo(function Terminal(props: { text: string; label: string; follow?: boolean }) {
  const { text, label, follow = false } = props;
  const view = useMemo(() => terminalView(text), [text]);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && follow && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [view, follow]);
  const first = Math.max(0, view.lines.length - MOST_DRAWN);
  const hidden = first + view.dropped;
  return (
    <pre
      ref={box}
      className="terminal"
      tabIndex={0}
      aria-label={label}
      role="region"
      onScroll={(event) => {
        const element = event.currentTarget;
        atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
      }}
    >
      {hidden > 0 ? <span className="quiet">{`${t.talk.earlierLines({ count: hidden })}\n`}</span> : null}
      {view.lines.slice(first).map((line, index) => (
        <Row key={first + index + view.dropped} line={line} />
      ))}
    </pre>
  );
});

/** The last lines of what a program prints, drawn small. */
export function TerminalTail({ text, lines, label }: { text: string; lines: number; label: string }) {
  const shown = useMemo(() => terminalView(text).lines.slice(-lines), [text, lines]);
  return (
    <pre className="terminal" aria-label={label} role="region">
      {shown.map((line, index) => (
        <Row key={index} line={line} />
      ))}
    </pre>
  );
}

const Row = memo(function Row({ line }: { line: TerminalLine }) {
  return (
    <>
      {line.spans.map((span, index) => {
        const names = classes(span);
        return names ? (
          <span key={index} className={names}>
            {span.text}
          </span>
        ) : (
          span.text
        );
      })}
      {"\n"}
    </>
  );
});

function classes(span: Span): string {
  const [colour, background] = span.inverse ? [span.background ?? "inverse", span.colour ?? "inverse"] : [span.colour, span.background];
  return [
    span.bold ? "ansi-bold" : "",
    span.dim ? "ansi-dim" : "",
    span.italic ? "ansi-italic" : "",
    span.underline ? "ansi-underline" : "",
    span.strike ? "ansi-strike" : "",
    colour === undefined || colour === 7 ? "" : `ansi-${colour}`,
    background === undefined ? "" : `ansi-on-${background}`,
  ]
    .filter(Boolean)
    .join(" ");
}
