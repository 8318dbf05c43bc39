// Model text as Markdown. No HTML of the text ever becomes HTML of the page: react-markdown makes
// elements, drops raw HTML and unsafe addresses, and images are shown as links.

import { memo, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { pieces, type Piece } from "./blocks";
import { CodeBlock } from "./Code";

const plugins = [remarkGfm];

const components: Components = {
  pre: ({ children }) => <>{children}</>,
  code: ({ className, children }) => {
    const text = plain(children);
    const language = /language-([\w+#-]+)/.exec(className ?? "")?.[1];
    if (language || text.includes("\n")) return <CodeBlock code={text.replace(/\n$/, "")} language={language} />;
    return <code>{children}</code>;
  },
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  img: ({ src, alt }) =>
    typeof src === "string" ? (
      <a href={src} target="_blank" rel="noreferrer noopener">
        {alt || src}
      </a>
    ) : null,
  table: ({ children }) => (
    <div className="table-scroll" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

function plain(children: ReactNode): string {
  if (typeof children === "string") return children;
  if (Array.isArray(children)) return children.map(plain).join("");
  return "";
}

/** A piece longer than this is drawn a few times a second while it grows, not with every frame. */
const LONG = 3000;
/** And one longer than this is drawn as plain text until it is whole. */
const HUGE = 24_000;
const EVERY_MS = 250;

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});

/** The piece that is still being written. */
function Growing({ piece }: { piece: Piece }) {
  const text = useUnhurried(piece.text, piece.text.length > LONG ? EVERY_MS : 0);
  if (piece.code) return <CodeBlock code={piece.code.text} language={piece.code.language} growing />;
  if (piece.text.length > HUGE) return <p className="plain-text">{piece.text}</p>;
  return <Block text={text} />;
}

/** A value that changes often, taken at most every so many milliseconds; the last one always. */
function useUnhurried(value: string, everyMs: number): string {
  const [shown, setShown] = useState(value);
  const takenAt = useRef(0);
  useEffect(() => {
    if (everyMs === 0) return undefined;
    const wait = Math.max(0, takenAt.current + everyMs - performance.now());
    const timer = setTimeout(() => {
      takenAt.current = performance.now();
      setShown(value);
    }, wait);
    return () => {
      clearTimeout(timer);
    };
  }, [value, everyMs]);
  return everyMs === 0 ? value : shown;
}

export const Markdown = memo(function Markdown({ text, growing = false }: { text: string; growing?: boolean }) {
  const parts = useMemo(() => pieces(text), [text]);
  return (
    <div className="markdown">
      {parts.map((part, index) =>
        growing && index === parts.length - 1 ? <Growing key={index} piece={part} /> : <Block key={index} text={part.text} />,
      )}
    </div>
  );
});
