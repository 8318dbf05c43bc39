import type { ElementContent, RootContent } from "hast";
import { Fragment, memo, useEffect, useState, type ReactNode } from "react";
import type { highlight } from "./highlight";
import { t } from "../i18n";
import { CopyButton } from "./states";

type Highlight = typeof highlight;
let loaded: Highlight | undefined;

/** Code in colour once the grammars are there; plain before, and where there is no grammar. */
export function useHighlighted(code: string, language: string | undefined): ReactNode {
  const [ready, setReady] = useState<Highlight | undefined>(() => loaded);
  useEffect(() => {
    if (loaded || !language) return;
    let live = true;
    void import("./highlight").then((module) => {
      loaded = module.highlight;
      if (live) setReady(() => module.highlight);
    });
    return () => {
      live = false;
    };
  }, [language]);
  const tree = ready && language ? ready(code, language) : undefined;
  return tree ? tree.children.map(node) : code;
}

function node(content: RootContent | ElementContent, key: number): ReactNode {
  if (content.type === "text") return <Fragment key={key}>{content.value}</Fragment>;
  if (content.type !== "element") return null;
  const names = content.properties["className"];
  return (
    <span key={key} className={Array.isArray(names) ? names.join(" ") : undefined}>
      {content.children.map(node)}
    </span>
  );
}

export const CodeBlock = memo(function CodeBlock(props: { code: string; language: string | undefined }) {
  const { code, language } = props;
  return (
    <div className="code">
      <div className="code-head">
        <span>{language ?? t.common.text}</span>
        <CopyButton text={code} label={t.common.copyCode} iconOnly />
      </div>
      <Code code={code} language={language} />
    </div>
  );
});

export function Code({ code, language }: { code: string; language: string | undefined }) {
  const content = useHighlighted(code, language);
  return (
    <pre tabIndex={0}>
      <code>{content}</code>
    </pre>
  );
}

/** A grammar's name for a file, by the end of its name. */
export function languageOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (name === "makefile") return "makefile";
  if (name === "dockerfile") return "bash";
  const dot = name.lastIndexOf(".");
  return dot >= 0 ? name.slice(dot + 1) : undefined;
}
