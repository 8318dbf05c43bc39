// A code block of an answer on its way into a file: where to, and what it changes there, before
// anything is written.

import { useEffect, useMemo, useState } from "react";
import { Button } from "../../components/Button";
import type { CodeToApply } from "../../components/Code";
import { Dialog } from "../../components/Dialog";
import { DiffLines, linesBetween } from "../../components/Diff";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { ApplyPreview } from "../../protocol/generated/ApplyPreview";
import type { Failure } from "../../protocol/generated/Failure";
import { useClient, useRequest } from "../../protocol/queries";
import { isPatch, pathOf } from "./applying";

const WAIT_MS = 250;
/** Unchanged lines around a change. */
const AROUND = 3;

export function ApplyDialog(props: {
  sessionId: string;
  projectId: string | undefined;
  block: CodeToApply;
  /** Paths that the conversation has just been about, likeliest first. */
  likely: readonly string[];
  onApplied: (path: string) => void;
  onClose: () => void;
}) {
  const { sessionId, block } = props;
  const client = useClient();
  const patch = isPatch(block);
  const [path, setPath] = useState(() => pathOf(block) ?? props.likely[0] ?? "");
  const [preview, setPreview] = useState<ApplyPreview | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [writing, setWriting] = useState(false);
  const wanted = path.trim();
  const files = useRequest("file.find", props.projectId ? { project_id: props.projectId, query: wanted, limit: 6 } : undefined);

  useEffect(() => {
    if (!wanted) return undefined;
    let live = true;
    const timer = setTimeout(() => {
      client.call("code.preview", { session_id: sessionId, path: wanted, content: block.code, patch }).then(
        (next) => {
          if (!live) return;
          setPreview(next);
          setFailure(undefined);
        },
        (error: unknown) => {
          if (!live) return;
          setPreview(undefined);
          setFailure(asFailure(error));
        },
      );
    }, WAIT_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [block.code, client, patch, sessionId, wanted]);

  const same = preview !== undefined && preview.before === preview.after;
  const write = async () => {
    if (!preview || same || writing) return;
    setWriting(true);
    try {
      await client.call("code.apply", { session_id: sessionId, path: wanted, content: block.code, patch });
      props.onApplied(preview.path);
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setWriting(false);
    }
  };
  return (
    <Dialog
      title={t.talk.applyTitle}
      className="apply-dialog"
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button look="primary" disabled={!preview || same || writing} onClick={() => void write()}>
            {t.talk.applyWrite}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void write();
        }}
      >
        <label className="apply-path">
          <span>{t.talk.applyPath}</span>
          <input
            className="input mono"
            value={path}
            list="apply-files"
            spellCheck={false}
            onChange={(event) => {
              setPath(event.target.value);
              setPreview(undefined);
            }}
          />
        </label>
        <datalist id="apply-files">
          {(files.data?.entries ?? []).map((entry) => (
            <option key={entry.path} value={entry.path} />
          ))}
        </datalist>
      </form>
      <p className="secondary">{patch ? t.talk.applyPatch : t.talk.applyWhole}</p>
      {failure && wanted ? <FailureCard failure={failure} /> : null}
      {preview ? <Preview preview={preview} same={same} /> : null}
    </Dialog>
  );
}

function Preview({ preview, same }: { preview: ApplyPreview; same: boolean }) {
  const lines = useMemo(() => shortened(preview.before ?? "", preview.after), [preview]);
  if (same) return <p role="status">{t.talk.applySame}</p>;
  return (
    <div role="group" className="apply-preview" aria-label={t.talk.applyDifference}>
      <div className="row-line">
        <span className="mono truncate">{preview.path}</span>
        {preview.before === null || preview.before === undefined ? <span className="badge">{t.talk.applyNew}</span> : null}
      </div>
      {lines.map((piece) => (
        <DiffLines key={piece.from} lines={piece.lines} before={piece.before} after={piece.from} label={t.talk.applyDifference} />
      ))}
    </div>
  );
}

interface Stretch {
  lines: ReturnType<typeof linesBetween>;
  before: number;
  from: number;
}

/** The changed stretches with a few lines around them. */
function shortened(before: string, after: string): Stretch[] {
  const lines = before === "" ? after.replace(/\n$/, "").split("\n").map((text) => ({ kind: "added" as const, text })) : linesBetween(before, after);
  const keep = new Set<number>();
  lines.forEach((line, index) => {
    if (line.kind === "context") return;
    for (let near = index - AROUND; near <= index + AROUND; near += 1) keep.add(near);
  });
  const pieces: Stretch[] = [];
  let [old, fresh] = [1, 1];
  let last = -2;
  lines.forEach((line, index) => {
    if (keep.has(index)) {
      if (last !== index - 1) pieces.push({ lines: [], before: old, from: fresh });
      pieces.at(-1)?.lines.push(line);
      last = index;
    }
    if (line.kind !== "added") old += 1;
    if (line.kind !== "removed") fresh += 1;
  });
  return pieces;
}
