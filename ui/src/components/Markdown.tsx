// Model text as Markdown. No HTML of the text ever becomes HTML of the page: react-markdown makes
// elements, drops raw HTML and unsafe addresses, and images are shown as links.

import { memo, useMemo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
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

/** The blocks of a text: a growing text changes its last block only, so the others stay as drawn. */
export function blocks(text: string): string[] {
  const out: string[] = [];
  let current: string[] = [];
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const inside = fence !== undefined;
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && fence === undefined) fence = mark;
    else if (mark && fence !== undefined && mark.startsWith(fence) && line.trim() === mark) fence = undefined;
    // Only a line that starts in the first column begins a new block: lists and their
    // continuations stay together.
    const opens = /^\S/.test(line) && !/^(?:[-*+]|\d+[.)])\s/.test(line) && !line.startsWith("|") && !line.startsWith(">");
    if (!inside && opens && current.at(-1) === "") {
      out.push(current.join("\n"));
      current = [];
    }
    current.push(line);
  }
  if (current.length > 0) out.push(current.join("\n"));
  // References and footnotes reach across blocks.
  return /^\[[^\]]+\]:/m.test(text) ? [text] : out;
}

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const parts = useMemo(() => blocks(text), [text]);
  return (
    <div className="markdown">
      {parts.map((part, index) => (
        <Block key={index} text={part} />
      ))}
    </div>
  );
});
