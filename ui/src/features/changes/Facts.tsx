// What a change is beside its lines: bytes, an image, a link, permissions, somebody else's edit.

import { useState } from "react";
import { Failed } from "../../components/states";
import { t } from "../../i18n";
import { bytes } from "../../i18n/format";
import type { FileState } from "../../protocol/generated/FileState";
import type { FileVersion } from "../../protocol/generated/FileVersion";
import { useRequest } from "../../protocol/queries";
import type { ReviewFile } from "./model";
import { useRow } from "./rowContext";
import { modeChanged } from "./rows";

export function Facts({ file }: { file: ReviewFile }) {
  const { change } = file;
  const { before, after } = change;
  const image = before?.image ?? after?.image;
  const linked = before?.kind === "symlink" || after?.kind === "symlink";
  const moved = change.renamed_from && change.hunks.length === 0 && !change.binary;
  return (
    <div className="change-facts">
      {change.edited_since ? <p className="warn">{t.changes.editedSince}</p> : null}
      {moved ? <p>{t.changes.movedOnly({ path: change.renamed_from ?? "" })}</p> : null}
      {modeChanged(change) ? <p>{t.changes.mode({ before: octal(change.mode_before), after: octal(change.mode_after) })}</p> : null}
      {linked ? (
        <p>
          {t.changes.link}{" "}
          <span className="mono">
            {[before, after].map((state) => (state ? (state.target ?? t.changes.plainFile) : t.common.none)).join(" → ")}
          </span>
        </p>
      ) : null}
      {change.too_large ? <p>{t.changes.tooLarge}</p> : null}
      {change.binary || image ? <Sizes before={before} after={after} binary={change.binary} /> : null}
      {image ? (
        <div className="images">
          <Picture file={file} state={before} version={file.before} path={before ? (change.renamed_from ?? change.path) : undefined} label={t.changes.imageBefore} />
          <Picture file={file} state={after} version={file.after} path={after ? change.path : undefined} label={t.changes.imageAfter} />
        </div>
      ) : null}
      {!change.binary && !change.too_large && !linked && !moved && !image && change.hunks.length === 0 && !modeChanged(change) ? (
        <p className="quiet">{file.pruned ? t.changes.prunedFile : t.changes.noLines}</p>
      ) : null}
    </div>
  );
}

function octal(mode: number | null | undefined): string {
  return ((mode ?? 0) & 0o7777).toString(8).padStart(3, "0");
}

function Sizes(props: { before: FileState | null | undefined; after: FileState | null | undefined; binary: boolean }) {
  const side = (state: FileState | null | undefined) =>
    state ? `${bytes(state.size_bytes)}${state.hash ? ` (${state.hash.slice(0, 12)})` : ""}` : t.common.none;
  return (
    <p>
      {props.binary ? `${t.changes.binary} ` : ""}
      <span className="num">{`${side(props.before)} → ${side(props.after)}`}</span>
    </p>
  );
}

function Picture(props: { file: ReviewFile; state: FileState | null | undefined; version: FileVersion; path: string | undefined; label: string }) {
  const { projectId } = useRow();
  const { state, label } = props;
  const [size, setSize] = useState<string | undefined>(undefined);
  // What a moved file was before is kept under its new path.
  const path = props.version.at === "before" ? props.file.change.path : props.path;
  const wanted = projectId && path && state?.image;
  const blob = useRequest("file.blob", wanted ? { project_id: projectId, path, version: props.version } : undefined);
  return (
    <figure>
      {blob.error ? <Failed asked={blob} /> : null}
      {blob.data?.data_base64 ? (
        <img
          src={`data:${blob.data.media_type};base64,${blob.data.data_base64}`}
          alt={`${label}: ${props.file.change.path}`}
          onLoad={(event) => {
            setSize(`${event.currentTarget.naturalWidth} × ${event.currentTarget.naturalHeight}`);
          }}
        />
      ) : (
        <div className="no-image quiet">{!state ? t.changes.notThere : blob.data ? t.changes.tooLargeImage : t.common.loading}</div>
      )}
      <figcaption className="quiet num">{[label, size, state ? bytes(state.size_bytes) : undefined].filter(Boolean).join(" · ")}</figcaption>
    </figure>
  );
}
