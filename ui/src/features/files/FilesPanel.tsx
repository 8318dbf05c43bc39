// The project's files: a tree that is read folder by folder, search by letters, and a viewer.

import { useQueries } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, Eye, File as FileIcon, Folder, GitBranch, Pencil } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Empty, Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { useClient, useRequest } from "../../protocol/queries";
import { Viewer } from "./Viewer";
import { moveBy, parseQuery, visible, type TreeRow } from "./tree";
import "./files.css";

/** Something that the session did with a file. */
export interface Touch {
  kind: "read" | "changed";
  path: string;
  seq: number;
  at: number;
  operationId: string | undefined;
  /** What was asked when it happened. */
  label: string;
}

export interface FilesProps {
  sessionId: string | undefined;
  projectId: string | undefined;
  open: string | undefined;
  line: number | undefined;
  /** Oldest first. */
  touches: readonly Touch[];
  onOpen: (path: string | undefined, line?: number) => void;
  onMention: (path: string) => void;
  onReview: (operationId: string) => void;
  onStep: (seq: number) => void;
}

export function FilesPanel(props: FilesProps) {
  const { projectId, open } = props;
  if (!projectId) {
    return (
      <Empty icon={<Folder size={22} className="quiet" aria-hidden="true" />} title={t.files.none}>
        {t.files.noneHint}
      </Empty>
    );
  }
  if (open) return <Viewer key={`${open}:${props.line ?? ""}`} {...props} projectId={projectId} path={open} onBack={() => { props.onOpen(undefined); }} />;
  return <Browser {...props} projectId={projectId} />;
}

function Browser(props: FilesProps & { projectId: string }) {
  const { projectId, touches } = props;
  const [filter, setFilter] = useState("");
  const git = useRequest("git.status", { project_id: projectId });
  const states = useMemo(() => new Map(git.data?.changed.map((line) => [line.path, line.state])), [git.data]);
  const touched = useMemo(() => {
    const out = new Map<string, Touch["kind"]>();
    for (const touch of touches) if (out.get(touch.path) !== "changed") out.set(touch.path, touch.kind);
    return out;
  }, [touches]);
  return (
    <div className="files">
      <Finder projectId={projectId} text={filter} onText={setFilter} onOpen={props.onOpen}>
        {git.data?.is_repo ? (
          <span className="row-line quiet">
            <GitBranch size={13} aria-hidden="true" />
            <span className="truncate">{git.data.branch ?? t.files.detached}</span>
          </span>
        ) : null}
      </Finder>
      {filter ? null : <Tree projectId={projectId} states={states} touched={touched} onOpen={props.onOpen} />}
    </div>
  );
}

/** Search by letters of the path; ":12" at the end goes to that line. */
function Finder(props: {
  projectId: string;
  text: string;
  onText: (text: string) => void;
  onOpen: (path: string, line?: number) => void;
  children: React.ReactNode;
}) {
  const { query, line } = parseQuery(props.text);
  const found = useRequest("file.find", query ? { project_id: props.projectId, query, limit: 100 } : undefined);
  const entries = (found.data?.entries ?? []).filter((entry) => !entry.is_dir);
  const [at, setAt] = useState(0);
  const current = Math.min(at, entries.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!props.text && event.key === "ArrowDown") {
      document.getElementById("file-tree")?.focus();
      event.preventDefault();
      return;
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setAt(Math.min(entries.length - 1, Math.max(0, current + step)));
    else if (event.key === "Enter") {
      const entry = entries[current];
      if (entry) props.onOpen(entry.path, line);
    } else if (event.key === "Escape" && props.text) {
      props.onText("");
      event.stopPropagation();
    } else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="files-head">
        <input
          className="input"
          type="search"
          role="combobox"
          data-autofocus
          aria-expanded={query !== ""}
          aria-controls="found-files"
          aria-activedescendant={entries[current] ? `found-${current}` : undefined}
          value={props.text}
          placeholder={t.files.filter}
          aria-label={t.files.filter}
          onChange={(event) => {
            props.onText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        {props.children}
      </div>
      {query ? (
        <>
          {found.error ? <Failed asked={found} /> : null}
          <ul className="file-tree" id="found-files" role="listbox" aria-label={t.files.found}>
            {entries.map((entry, index) => (
              <li
                key={entry.path}
                id={`found-${index}`}
                role="option"
                aria-selected={index === current}
                className="file-row found-file"
                onClick={() => {
                  props.onOpen(entry.path, line);
                }}
              >
                <FileIcon size={13} className="quiet" aria-hidden="true" />
                <span className="truncate mono">{entry.path}</span>
              </li>
            ))}
          </ul>
          {found.data && entries.length === 0 ? <p className="quiet file-row">{t.composer.noFiles}</p> : null}
        </>
      ) : null}
    </>
  );
}

const opened = new Map<string, ReadonlySet<string>>();

function Tree(props: {
  projectId: string;
  states: ReadonlyMap<string, string>;
  touched: ReadonlyMap<string, Touch["kind"]>;
  onOpen: (path: string) => void;
}) {
  const { projectId, states, touched } = props;
  const client = useClient();
  const list = useRef<HTMLUListElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => opened.get(projectId) ?? new Set());
  const [current, setCurrent] = useState<string | undefined>(undefined);
  const folders = useMemo(() => ["", ...open], [open]);
  const lists = useQueries({
    queries: folders.map((path) => ({
      queryKey: ["file.list", { project_id: projectId, path }],
      queryFn: () => client.call("file.list", { project_id: projectId, path }),
    })),
  });
  const known = new Map(folders.map((path, index) => [path, lists[index]?.data]));
  const rows = visible((path) => known.get(path)?.entries, open);
  useEffect(() => {
    opened.set(projectId, open);
  }, [open, projectId]);
  useEffect(() => {
    list.current?.querySelector('[data-current="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const root = lists[0];
  if (root?.error) return <Failed asked={root} />;
  if (!root?.data) return <Waiting what={t.common.loading} />;
  if (rows.length === 0) return <p className="quiet file-row">{t.files.empty}</p>;

  const turn = (path: string, show: boolean) => {
    setOpen((before) => {
      const after = new Set(before);
      if (show) after.add(path);
      else for (const one of before) if (one === path || one.startsWith(`${path}/`)) after.delete(one);
      return after;
    });
  };
  const enter = (row: TreeRow) => {
    setCurrent(row.entry.path);
    if (row.entry.is_dir) turn(row.entry.path, !row.open);
    else props.onOpen(row.entry.path);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moveBy(event.key, rows, current);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    if (move.kind === "to") setCurrent(move.path);
    else if (move.kind === "enter") {
      const row = rows.find((one) => one.entry.path === move.path);
      if (row) enter(row);
    } else turn(move.path, move.kind === "open");
  };
  const at = rows.findIndex((row) => row.entry.path === current);
  return (
    <ul
      ref={list}
      className="file-tree"
      id="file-tree"
      role="tree"
      aria-label={t.files.tree}
      tabIndex={0}
      aria-activedescendant={at >= 0 ? `tree-${at}` : undefined}
      onKeyDown={onKeyDown}
      onFocus={() => {
        if (at < 0) setCurrent(rows[0]?.entry.path);
      }}
    >
      {rows.map((row, index) => {
        const { entry } = row;
        const state = states.get(entry.path);
        const touch = touched.get(entry.path);
        return (
          <li
            key={entry.path}
            id={`tree-${index}`}
            role="treeitem"
            aria-level={row.level}
            aria-expanded={entry.is_dir ? row.open : undefined}
            aria-selected={entry.path === current}
            className="file-row"
            data-current={entry.path === current}
            data-ignored={entry.ignored}
            title={entry.ignored ? t.files.ignored : undefined}
            style={{ paddingInlineStart: 8 + (row.level - 1) * 14 }}
            onClick={() => {
              enter(row);
            }}
          >
            {entry.is_dir ? (
              row.open ? <ChevronDown size={13} aria-hidden="true" /> : <ChevronRight size={13} aria-hidden="true" />
            ) : (
              <FileIcon size={13} className="quiet" aria-hidden="true" />
            )}
            <span className="truncate grow">{row.name}</span>
            {touch ? (
              <span className="touch" data-touch={touch} role="img" aria-label={t.files.touches[touch]} title={t.files.touches[touch]}>
                {touch === "changed" ? <Pencil size={11} /> : <Eye size={11} />}
              </span>
            ) : null}
            {state ? <span className="badge">{t.files.states[state as keyof typeof t.files.states] ?? state}</span> : null}
          </li>
        );
      })}
      {root.data.truncated ? <li role="none" className="quiet file-row">{t.files.truncated}</li> : null}
    </ul>
  );
}
