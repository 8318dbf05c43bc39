// Go to a file or a symbol by a few letters of its name.

import { Command } from "cmdk";
import { useDeferredValue, useState } from "react";
import { useModal } from "../../components/useModal";
import { asFailure } from "../../protocol/client";
import { useRequest } from "../../protocol/queries";
import { t } from "../../i18n";
import { kindWord } from "./parts";
import "./code.css";

const LIMIT = 50;

interface Props {
  projectId: string;
  onFile: (path: string, line?: number) => void;
  onElement: (id: number) => void;
  onClose: () => void;
}

/** "lib:12" looks for "lib" and means its line 12. */
export function withLine(text: string): { query: string; line: number | undefined } {
  const match = /^(.*?):(\d+)$/.exec(text.trim());
  return match ? { query: match[1] ?? "", line: Number(match[2]) } : { query: text.trim(), line: undefined };
}

export default function QuickOpen(props: Props & { what: "files" | "symbols" }) {
  const { what } = props;
  const ref = useModal("input");
  const [text, setText] = useState("");
  const words = t.code.quick;
  return (
    <dialog
      ref={ref}
      className="dialog palette"
      aria-label={words[what]}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) props.onClose();
      }}
    >
      <Command label={words[what]} loop shouldFilter={false}>
        <Command.Input
          className="palette-input"
          placeholder={what === "files" ? words.filesPlaceholder : words.symbolsPlaceholder}
          value={text}
          onValueChange={setText}
          autoFocus
        />
        {what === "files" ? <Files {...props} text={text} /> : <Symbols {...props} text={text} />}
      </Command>
    </dialog>
  );
}

function Files({ projectId, text, onFile, onClose }: Props & { text: string }) {
  const { query, line } = withLine(useDeferredValue(text));
  const found = useRequest("file.find", query ? { project_id: projectId, query, limit: LIMIT } : undefined);
  const entries = (found.data?.entries ?? []).filter((entry) => !entry.is_dir);
  return (
    <>
      <Said hint={t.code.quick.typeFile} none={t.code.quick.noneFile} query={query} error={found.error} waiting={found.isPending} count={entries.length} />
      <Command.List className="palette-list" label={t.code.quick.files}>
        {entries.map((entry) => (
        <Command.Item
          key={entry.path}
          className="menu-item"
          value={entry.path}
          onSelect={() => {
            onClose();
            onFile(entry.path, line);
          }}
        >
          <span className="mono truncate">{entry.path.slice(entry.path.lastIndexOf("/") + 1)}</span>
          <span className="quiet mono truncate grow">
            <bdi>{entry.path}</bdi>
          </span>
        </Command.Item>
        ))}
      </Command.List>
    </>
  );
}

function Symbols({ projectId, text, onElement, onClose }: Props & { text: string }) {
  const query = useDeferredValue(text).trim();
  const found = useRequest("code.symbols", query ? { project_id: projectId, query, kinds: [], limit: LIMIT } : undefined);
  const elements = found.data?.elements ?? [];
  return (
    <>
      {found.data?.notes?.map((note) => (
        <p key={note} className="quiet palette-empty">
          {note}
        </p>
      ))}
      <Said hint={t.code.quick.typeSymbol} none={t.code.quick.noneSymbol} query={query} error={found.error} waiting={found.isPending} count={elements.length} />
      <Command.List className="palette-list" label={t.code.quick.symbols}>
        {elements.map((one) => (
        <Command.Item
          key={one.id}
          className="menu-item"
          value={String(one.id)}
          onSelect={() => {
            onClose();
            onElement(one.id);
          }}
        >
          <span className="badge">{kindWord(one.kind)}</span>
          <span className="mono truncate">{one.qualified_name}</span>
          <span className="quiet mono truncate grow code-end">
            <bdi>{one.path}</bdi>:{one.start_line}
          </span>
        </Command.Item>
        ))}
      </Command.List>
    </>
  );
}

function Said(props: { hint: string; none: string; query: string; error: unknown; waiting: boolean; count: number }) {
  if (props.error) {
    return (
      <p className="palette-empty" role="alert">
        {asFailure(props.error).message}
      </p>
    );
  }
  if (!props.query) return <p className="quiet palette-empty">{props.hint}</p>;
  if (props.waiting || props.count > 0) return null;
  return (
    <p className="quiet palette-empty" role="status">
      {props.none}
    </p>
  );
}
