// The project's files: a tree that is read folder by folder, a filter, and a viewer.

import { ArrowLeft, AtSign, ChevronDown, ChevronRight, File as FileIcon, Folder, GitBranch } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { Code, languageOf } from "../../components/Code";
import { CopyButton, Empty, FailureCard, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { bytes } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { FileEntry } from "../../protocol/generated/FileEntry";
import { useRequest } from "../../protocol/queries";
import "./files.css";

export function FilesPanel(props: {
  projectId: string | undefined;
  open: string | undefined;
  onOpen: (path: string | undefined) => void;
  onMention: (path: string) => void;
}) {
  const { projectId, open } = props;
  const [filter, setFilter] = useState("");
  const git = useRequest("git.status", projectId ? { project_id: projectId } : undefined);
  const found = useRequest("file.find", projectId && filter ? { project_id: projectId, query: filter, limit: 100 } : undefined);
  if (!projectId) {
    return (
      <Empty icon={<Folder size={22} className="quiet" aria-hidden="true" />} title={t.files.none}>
        {t.files.noneHint}
      </Empty>
    );
  }
  if (open) return <Viewer projectId={projectId} path={open} onBack={() => { props.onOpen(undefined); }} onMention={props.onMention} />;
  const states = new Map(git.data?.changed.map((line) => [line.path, line.state]));
  return (
    <div className="files">
      <div className="files-head">
        <input
          className="input"
          type="search"
          value={filter}
          placeholder={t.files.filter}
          aria-label={t.files.filter}
          onChange={(event) => {
            setFilter(event.target.value);
          }}
        />
        {git.data?.is_repo ? (
          <span className="row-line quiet">
            <GitBranch size={13} aria-hidden="true" />
            <span className="truncate">{git.data.branch}</span>
          </span>
        ) : null}
      </div>
      {filter ? (
        <ul className="file-tree" aria-label={t.files.tree}>
          {(found.data?.entries ?? []).map((entry) => (
            <li key={entry.path}>
              <button
                type="button"
                className="file-row"
                onClick={() => {
                  if (!entry.is_dir) props.onOpen(entry.path);
                }}
              >
                <FileIcon size={13} className="quiet" aria-hidden="true" />
                <span className="truncate mono">{entry.path}</span>
              </button>
            </li>
          ))}
          {found.data?.entries.length === 0 ? <li className="quiet file-row">{t.composer.noFiles}</li> : null}
        </ul>
      ) : (
        <FolderList projectId={projectId} path="" depth={0} states={states} onOpen={props.onOpen} />
      )}
    </div>
  );
}

function FolderList(props: {
  projectId: string;
  path: string;
  depth: number;
  states: ReadonlyMap<string, string>;
  onOpen: (path: string) => void;
}) {
  const list = useRequest("file.list", { project_id: props.projectId, path: props.path });
  if (list.error) return <FailureCard failure={asFailure(list.error)} />;
  if (!list.data) return props.depth === 0 ? <Waiting what={t.common.loading} /> : null;
  if (list.data.entries.length === 0) return <p className="quiet file-row">{t.files.empty}</p>;
  return (
    <ul className="file-tree" aria-label={props.depth === 0 ? t.files.tree : props.path}>
      {list.data.entries.map((entry) => (
        <Entry key={entry.path} {...props} entry={entry} />
      ))}
      {list.data.truncated ? <li className="quiet file-row">{t.files.truncated}</li> : null}
    </ul>
  );
}

function Entry(props: {
  projectId: string;
  entry: FileEntry;
  depth: number;
  states: ReadonlyMap<string, string>;
  onOpen: (path: string) => void;
}) {
  const { entry, depth, states } = props;
  const [open, setOpen] = useState(false);
  const name = entry.path.slice(entry.path.lastIndexOf("/") + 1);
  const state = states.get(entry.path);
  const indent = { paddingLeft: 8 + depth * 14 };
  if (entry.is_dir) {
    return (
      <li>
        <button
          type="button"
          className="file-row"
          data-ignored={entry.ignored}
          aria-expanded={open}
          style={indent}
          onClick={() => {
            setOpen(!open);
          }}
        >
          {open ? <ChevronDown size={13} aria-hidden="true" /> : <ChevronRight size={13} aria-hidden="true" />}
          <span className="truncate">{name}</span>
        </button>
        {open ? <FolderList {...props} path={entry.path} depth={depth + 1} /> : null}
      </li>
    );
  }
  return (
    <li>
      <button
        type="button"
        className="file-row"
        data-ignored={entry.ignored}
        style={indent}
        title={entry.ignored ? t.files.ignored : undefined}
        onClick={() => {
          props.onOpen(entry.path);
        }}
      >
        <FileIcon size={13} className="quiet" aria-hidden="true" />
        <span className="truncate grow">{name}</span>
        {state ? <span className="badge">{state}</span> : null}
      </button>
    </li>
  );
}

const PAGE = 2000;

function Viewer(props: { projectId: string; path: string; onBack: () => void; onMention: (path: string) => void }) {
  const { projectId, path } = props;
  const [first, setFirst] = useState(1);
  const content = useRequest("file.read", { project_id: projectId, path, offset: first, limit: PAGE });
  const data = content.data;
  const shown = data ? data.text.split("\n").length : 0;
  return (
    <div className="viewer">
      <div className="viewer-head row-line">
        <IconButton small label={t.files.back} onClick={props.onBack}>
          <ArrowLeft size={14} />
        </IconButton>
        <span className="mono truncate grow" title={path}>
          {path}
        </span>
        {data ? <span className="quiet num">{data.binary ? bytes(data.size_bytes) : t.files.lines({ count: data.total_lines })}</span> : null}
        {data && !data.binary ? <CopyButton text={data.text} label={t.common.copy} iconOnly /> : null}
        <IconButton
          small
          label={t.files.mention}
          onClick={() => {
            props.onMention(path);
          }}
        >
          <AtSign size={14} />
        </IconButton>
      </div>
      {content.error ? <FailureCard failure={asFailure(content.error)} /> : null}
      {!data && !content.error ? <Waiting what={t.common.loading} /> : null}
      {data?.binary ? <p className="panel quiet">{t.files.binary({ size: bytes(data.size_bytes) })}</p> : null}
      {data && !data.binary ? (
        <>
          <div className="viewer-text">
            <pre className="viewer-numbers" aria-hidden="true">
              {Array.from({ length: shown }, (_, index) => data.first_line + index).join("\n")}
            </pre>
            <Code code={data.text} language={languageOf(path)} />
          </div>
          <div className="row-line viewer-pages">
            {first > 1 ? (
              <Button
                small
                onClick={() => {
                  setFirst(Math.max(1, first - PAGE));
                }}
              >
                {t.files.previous}
              </Button>
            ) : null}
            {data.first_line + PAGE <= data.total_lines ? (
              <Button
                small
                onClick={() => {
                  setFirst(first + PAGE);
                }}
              >
                {t.files.more}
              </Button>
            ) : null}
          </div>
        </>
      ) : null}
    </div>
  );
}
