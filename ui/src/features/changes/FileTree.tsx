// The changed files below their folders.

import { Check, ChevronDown, ChevronRight, MessageSquare, X } from "lucide-react";
import { useMemo, useState } from "react";
import { Figures } from "../../components/Diff";
import { t } from "../../i18n";
import { fileMark, tree, type ReviewSet, type TreeNode } from "./model";

export function FileTree(props: {
  set: ReviewSet;
  current: string | undefined;
  comments: ReadonlyMap<string, number>;
  onFile: (path: string) => void;
}) {
  const nodes = useMemo(() => tree(props.set.files), [props.set]);
  return (
    <nav className="change-tree" aria-label={t.changes.tree}>
      <Nodes {...props} nodes={nodes} depth={0} />
    </nav>
  );
}

function Nodes(props: {
  nodes: readonly TreeNode[];
  depth: number;
  current: string | undefined;
  comments: ReadonlyMap<string, number>;
  onFile: (path: string) => void;
}) {
  return (
    <ul>
      {props.nodes.map((node) => (
        <li key={node.path}>{node.file ? <FileNode {...props} node={node} /> : <FolderNode {...props} node={node} />}</li>
      ))}
    </ul>
  );
}

function FolderNode(props: Parameters<typeof Nodes>[0] & { node: TreeNode }) {
  const { node, depth } = props;
  const [open, setOpen] = useState(true);
  return (
    <>
      <button
        type="button"
        className="file-row"
        aria-expanded={open}
        style={{ paddingInlineStart: 8 + depth * 12 }}
        onClick={() => {
          setOpen(!open);
        }}
      >
        {open ? <ChevronDown size={13} aria-hidden="true" /> : <ChevronRight size={13} aria-hidden="true" />}
        <span className="truncate quiet">{node.name}</span>
      </button>
      {open ? <Nodes {...props} nodes={node.children} depth={depth + 1} /> : null}
    </>
  );
}

function FileNode(props: Parameters<typeof Nodes>[0] & { node: TreeNode }) {
  const { node, depth } = props;
  const change = node.file?.change;
  if (!change) return null;
  const mark = fileMark(change);
  const remarks = props.comments.get(change.path) ?? 0;
  return (
    <button
      type="button"
      className="file-row"
      aria-current={props.current === change.path ? "true" : undefined}
      data-change={change.change}
      style={{ paddingInlineStart: 8 + depth * 12 + 19 }}
      title={change.path}
      onClick={() => {
        props.onFile(change.path);
      }}
    >
      <span className="truncate grow">{node.name}</span>
      {remarks > 0 ? (
        <span className="quiet num row-line" aria-label={t.changes.comments({ count: remarks })}>
          <MessageSquare size={11} aria-hidden="true" />
          {remarks}
        </span>
      ) : null}
      {mark === "kept" ? <Check size={12} className="good" aria-label={t.changes.marks.kept} /> : null}
      {mark === "rejected" ? <X size={12} className="bad" aria-label={t.changes.marks.rejected} /> : null}
      <Figures additions={change.additions} deletions={change.deletions} />
    </button>
  );
}
