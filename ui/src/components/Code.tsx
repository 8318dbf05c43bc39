import type { ElementContent, RootContent } from "hast";
import { FileInput } from "lucide-react";
import { createContext, Fragment, memo, useContext, useEffect, useState, type ReactNode } from "react";
import { t } from "../i18n";
import { Button } from "./Button";
import { colour, coloured } from "./highlighting";
import { CopyButton } from "./states";

/** Code in colour once that is worked out; plain before, and where there is no grammar. */
export function useHighlighted(code: string, language: string | undefined): ReactNode {
  const [, again] = useState(0);
  const tree = language ? coloured(code, language) : null;
  const unknown = tree === undefined;
  useEffect(() => {
    if (!unknown || !language) return undefined;
    return colour(code, language, () => {
      again((count) => count + 1);
    });
  }, [code, language, unknown]);
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

export interface CodeToApply {
  code: string;
  language: string | undefined;
}

/** What can be done with a block of code besides copying it; nothing outside a conversation. */
export const ApplyCode = createContext<((block: CodeToApply) => void) | undefined>(undefined);

export const CodeBlock = memo(function CodeBlock(props: { code: string; language: string | undefined; growing?: boolean }) {
  const { code, language, growing = false } = props;
  const apply = useContext(ApplyCode);
  return (
    <div className="code">
      <div className="code-head">
        <span>{language ?? t.common.text}</span>
        <span className="grow" />
        {apply && !growing ? (
          <Button
            look="ghost"
            small
            onClick={() => {
              apply({ code, language });
            }}
          >
            <FileInput size={12} aria-hidden="true" />
            {t.talk.apply}
          </Button>
        ) : null}
        <CopyButton text={code} label={t.common.copyCode} iconOnly />
      </div>
      {growing ? <Plain code={code} /> : <Code code={code} language={language} />}
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

/** Lines of growing code that are laid out together. */
const CHUNK_LINES = 80;

/** Code that is still being written: no colours, and only its end is laid out anew. */
function Plain({ code }: { code: string }) {
  const lines = code.split("\n");
  const chunks: string[] = [];
  for (let at = 0; at < lines.length; at += CHUNK_LINES) chunks.push(lines.slice(at, at + CHUNK_LINES).join("\n"));
  return (
    <pre tabIndex={0}>
      <code>
        {chunks.map((chunk, index) => (
          <span key={index} className="code-chunk">
            {index < chunks.length - 1 ? `${chunk}\n` : chunk}
          </span>
        ))}
      </code>
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
