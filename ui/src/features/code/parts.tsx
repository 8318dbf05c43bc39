// Small parts that the pages about code share.

import { Said } from "../../components/Said";
import { t } from "../../i18n";
import type { CodeElement } from "../../protocol/generated/CodeElement";
import type { IndexState } from "../../protocol/generated/IndexState";
import type { RankReason } from "../../protocol/generated/RankReason";
import { useRequest } from "../../protocol/queries";

/** The word for a kind; one that is not known yet stands for itself. */
export function kindWord(kind: string): string {
  return kind in t.code.kinds ? t.code.kinds[kind as keyof typeof t.code.kinds] : kind;
}

export function phaseWord(state: IndexState): string {
  return t.code.index[state.phase];
}

/** "src/lib.rs:12", as a button that opens it. */
export function Place(props: { path: string; line: number; onOpen: (path: string, line: number) => void }) {
  const { path, line } = props;
  const name = path.lastIndexOf("/") + 1;
  return (
    <button
      type="button"
      className="code-place mono"
      title={`${path}:${String(line)}`}
      aria-label={t.code.search.open({ path, line })}
      onClick={() => {
        props.onOpen(path, line);
      }}
    >
      {/* Of a long path the end says most. */}
      {name > 0 ? <bdi className="truncate">{path.slice(0, name)}</bdi> : null}
      <span className="code-place-name">
        <bdi>{path.slice(name)}</bdi>:{line}
      </span>
    </button>
  );
}

export function ElementLink(props: { element: CodeElement; onOpen: (id: number) => void }) {
  const { element } = props;
  return (
    <button
      type="button"
      className="code-element"
      title={element.signature}
      onClick={() => {
        props.onOpen(element.id);
      }}
    >
      <span className="badge">{kindWord(element.kind)}</span>
      <span className="mono truncate">{element.qualified_name}</span>
    </button>
  );
}

/** What an answer lacks; and while the index is being made, how far it is. */
export function Notes({ projectId, notes }: { projectId: string; notes: readonly string[] | undefined }) {
  const state = useRequest("code.state", { project_id: projectId }).data;
  const busy = state && !state.is_fresh;
  if (!busy && !notes?.length) return null;
  return (
    <div className="code-notes secondary" role="status">
      {busy ? (
        <p className="row-line">
          <span className="dot-pulse" aria-hidden="true" />
          {phaseWord(state)}
          {state.total > 0 ? <span className="num">{t.code.index.of({ done: state.done, total: state.total })}</span> : null}
          <span className="quiet">{t.code.index.searchable}</span>
        </p>
      ) : null}
      {busy ? null : notes?.map((note) => (
            <p key={note}>
              <Said text={note} />
            </p>
          ))}
    </div>
  );
}

/** Why something ranks where it does. */
export function Reasons({ reasons }: { reasons: readonly RankReason[] | undefined }) {
  if (!reasons?.length) return null;
  return (
    <ul className="code-reasons secondary" aria-label={t.code.search.reasons}>
      {reasons.map((reason, index) => (
        <li key={index}>
          <span className="num">{signed(reason.share)}</span> <strong>{reason.signal}</strong> {reason.detail}
        </li>
      ))}
    </ul>
  );
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(share).toFixed(3)}`;
}
