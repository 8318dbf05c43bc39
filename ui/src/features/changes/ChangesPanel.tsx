// The review: what an operation did to files, hunk by hunk; what is rejected leaves the disk.

import { useQueryClient } from "@tanstack/react-query";
import { Check, ChevronDown, ChevronRight, CircleAlert, FileDiff, Redo2, Undo2, X } from "lucide-react";
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Button, IconButton } from "../../components/Button";
import { DiffLines, Figures } from "../../components/Diff";
import { Menu, MenuChoice } from "../../components/Menu";
import { Empty, FailureCard, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { ChangeSet } from "../../protocol/generated/ChangeSet";
import type { FileChange } from "../../protocol/generated/FileChange";
import type { Hunk } from "../../protocol/generated/Hunk";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";
import type { UndoReport } from "../../protocol/generated/UndoReport";
import { useClient, useRequest } from "../../protocol/queries";
import { fileMark, moved, nextPending, progress, stepKey, steps } from "./review";
import "./changes.css";

export interface ReviewTarget {
  operationId: string;
  label: string;
}

type Decide = (path: string, hunk: string | undefined, mark: ReviewMark) => Promise<void>;

export function ChangesPanel(props: {
  /** Operations of the session that changed files, newest first. */
  targets: ReviewTarget[];
  selected: string | undefined;
  onSelect: (operationId: string) => void;
  onOpenFile: (path: string) => void;
}) {
  const { targets, selected } = props;
  const operationId = targets.some((target) => target.operationId === selected) ? selected : targets[0]?.operationId;
  const changes = useRequest("operation.changes", operationId ? { operation_id: operationId } : undefined);
  if (!operationId) {
    return (
      <Empty icon={<FileDiff size={22} className="quiet" aria-hidden="true" />} title={t.changes.none}>
        {t.changes.noneHint}
      </Empty>
    );
  }
  if (changes.error && !changes.data) return <FailureCard failure={asFailure(changes.error)} />;
  if (!changes.data) return <Waiting what={t.common.loading} />;
  return (
    <Review
      key={operationId}
      changes={changes.data}
      targets={targets}
      onSelect={props.onSelect}
      onOpenFile={props.onOpenFile}
    />
  );
}

function Review(props: {
  changes: ChangeSet;
  targets: ReviewTarget[];
  onSelect: (operationId: string) => void;
  onOpenFile: (path: string) => void;
}) {
  const { changes, targets } = props;
  const client = useClient();
  const queries = useQueryClient();
  const toasts = useToasts();
  const panel = useRef<HTMLDivElement>(null);
  const all = useMemo(() => steps(changes), [changes]);
  const [current, setCurrent] = useState<string | undefined>(undefined);
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set());
  const [conflicts, setConflicts] = useState<UndoReport | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const id = changes.operation_id;
  const { done, of } = progress(all);

  const decide: Decide = async (path, hunk, mark) => {
    try {
      const next = await client.call("operation.review", { operation_id: id, path, hunk, mark });
      queries.setQueryData(["operation.changes", { operation_id: id }], next);
    } catch (error) {
      toasts.fail(asFailure(error).message);
    }
  };

  const keepAll = async () => {
    setBusy(true);
    for (const file of changes.files) {
      if (fileMark(file) === "pending") await decide(file.path, undefined, "kept");
    }
    setBusy(false);
  };

  const turn = async (direction: "undo" | "redo", paths?: string[]) => {
    setBusy(true);
    try {
      const report = await client.call(`operation.${direction}`, { operation_id: id, paths });
      setConflicts(report.conflicts.length > 0 ? report : undefined);
      if (report.paths.length > 0) {
        const words = direction === "undo" ? t.changes.undoDone({ count: report.paths.length }) : t.changes.redoDone({ count: report.paths.length });
        toasts.say(words);
      }
      await queries.invalidateQueries({ queryKey: ["operation.changes"] });
    } catch (error) {
      toasts.fail(asFailure(error).message);
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    if (!current) return;
    panel.current?.querySelector(`[data-step="${CSS.escape(current)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = all.find((one) => one.key === current);
    const mark = (value: ReviewMark) => {
      if (!step) return;
      void decide(step.path, step.hunk, value);
      if (value !== "pending") setCurrent(nextPending(all, step.key));
    };
    if (event.key === "j") setCurrent(moved(all, current, 1));
    else if (event.key === "k") setCurrent(moved(all, current, -1));
    else if (event.key === "y") mark("kept");
    else if (event.key === "n") mark("rejected");
    else if (event.key === "u") mark("pending");
    else if (event.key === "U") void turn(changes.undone ? "redo" : "undo");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="review" ref={panel} onKeyDown={onKeyDown} tabIndex={0} data-autofocus aria-label={t.inspector.tabs.changes} role="group">
      <div className="review-head">
        <div className="row-line">
          {targets.length > 1 ? (
            <Menu
              label={t.changes.of}
              trigger={
                <Button small look="ghost" className="grow review-target">
                  <span className="truncate grow">{targets.find((target) => target.operationId === id)?.label}</span>
                  <ChevronDown size={13} aria-hidden="true" />
                </Button>
              }
            >
              <MenuChoice
                value={id}
                onChange={props.onSelect}
                options={targets.map((target) => ({ value: target.operationId, label: target.label }))}
              />
            </Menu>
          ) : (
            <span className="truncate secondary grow">{targets[0]?.label}</span>
          )}
          <span className="quiet num">{t.changes.progress({ done, of })}</span>
        </div>
        <div className="row-line">
          <Button small look="primary" disabled={busy || changes.undone || done === of} onClick={() => void keepAll()}>
            <Check size={13} aria-hidden="true" />
            {t.changes.keepAll}
          </Button>
          {changes.undone ? (
            <Button small disabled={busy} keys="shift+u" onClick={() => void turn("redo")}>
              <Redo2 size={13} aria-hidden="true" />
              {t.changes.redoAll}
            </Button>
          ) : (
            <Button small disabled={busy} keys="shift+u" onClick={() => void turn("undo")}>
              <Undo2 size={13} aria-hidden="true" />
              {t.changes.undoAll}
            </Button>
          )}
        </div>
      </div>
      {changes.undone ? <p className="review-note">{t.changes.undone}</p> : null}
      {conflicts ? <Conflicts report={conflicts} changes={changes} onOthers={(paths) => void turn("undo", paths)} /> : null}
      {changes.files.map((file) => (
        <FileReview
          key={file.path}
          file={file}
          folded={folded.has(file.path)}
          current={current}
          onFold={() => {
            setFolded((before) => {
              const after = new Set(before);
              if (!after.delete(file.path)) after.add(file.path);
              return after;
            });
          }}
          onCurrent={setCurrent}
          decide={decide}
          onOpenFile={props.onOpenFile}
        />
      ))}
      {changes.not_covered.length > 0 ? (
        <div className="review-note">
          <strong>{t.changes.notCovered}</strong>
          <ul>
            {changes.not_covered.map((line) => (
              <li key={line} className="mono">
                {line}
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      <p className="review-keys quiet">{t.changes.keys}</p>
    </div>
  );
}

function Conflicts(props: { report: UndoReport; changes: ChangeSet; onOthers: (paths: string[]) => void }) {
  const bad = new Set(props.report.conflicts.map((conflict) => conflict.path));
  const others = props.changes.files.map((file) => file.path).filter((path) => !bad.has(path));
  return (
    <div className="failure" role="alert">
      <div className="failure-head">
        <CircleAlert size={15} aria-hidden="true" />
        <div className="grow">
          <strong>{t.changes.conflictTitle}</strong>
          <p>{t.changes.conflictHint}</p>
          <ul>
            {props.report.conflicts.map((conflict) => (
              <li key={conflict.path}>
                <span className="mono">{conflict.path}</span> <span className="secondary">{conflict.reason}</span>
              </li>
            ))}
          </ul>
        </div>
      </div>
      {others.length > 0 ? (
        <div className="row-line">
          <Button
            small
            onClick={() => {
              props.onOthers(others);
            }}
          >
            {t.changes.conflictOthers}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

const FileReview = memo(function FileReview(props: {
  file: FileChange;
  folded: boolean;
  current: string | undefined;
  onFold: () => void;
  onCurrent: (step: string) => void;
  decide: Decide;
  onOpenFile: (path: string) => void;
}) {
  const { file, folded, current, decide } = props;
  const mark = fileMark(file);
  const key = stepKey(file.path, undefined);
  const slash = file.path.lastIndexOf("/");
  return (
    <section className="file-review" aria-label={file.path} data-mark={mark} data-undone={file.undone}>
      <header className="file-head" data-step={file.hunks.length === 0 ? key : undefined} data-current={current === key}>
        <button type="button" className="row-line grow" aria-expanded={!folded} onClick={props.onFold}>
          {folded ? <ChevronRight size={13} aria-hidden="true" /> : <ChevronDown size={13} aria-hidden="true" />}
          <span className="mono truncate">
            <span className="quiet">{slash < 0 ? "" : file.path.slice(0, slash + 1)}</span>
            {file.path.slice(slash + 1)}
          </span>
          {file.change === "modified" ? null : <span className="badge">{t.changes.kinds[file.change]}</span>}
          <Figures additions={file.additions} deletions={file.deletions} />
        </button>
        <MarkBadge mark={mark} />
        <IconButton
          small
          label={`${t.changes.keepFile}: ${file.path}`}
          disabled={mark === "kept" || file.undone}
          onClick={() => void decide(file.path, undefined, "kept")}
        >
          <Check size={14} className="good" />
        </IconButton>
        <IconButton
          small
          label={`${t.changes.rejectFile}: ${file.path}`}
          disabled={mark === "rejected" || file.undone}
          onClick={() => void decide(file.path, undefined, "rejected")}
        >
          <X size={14} className="bad" />
        </IconButton>
      </header>
      {folded ? null : (
        <div className="file-body">
          {file.edited_since ? <p className="review-note warn">{t.changes.editedSince}</p> : null}
          {file.change === "mode" && file.mode_before && file.mode_after ? (
            <p className="review-note">{t.changes.mode({ before: file.mode_before.toString(8), after: file.mode_after.toString(8) })}</p>
          ) : null}
          {file.binary ? <p className="review-note">{t.changes.binary}</p> : null}
          {file.too_large ? <p className="review-note">{t.changes.tooLarge}</p> : null}
          {file.hunks.map((hunk, index) => (
            <HunkReview
              key={hunk.id}
              file={file}
              hunk={hunk}
              index={index}
              current={current === stepKey(file.path, hunk.id)}
              onCurrent={props.onCurrent}
              decide={decide}
            />
          ))}
        </div>
      )}
    </section>
  );
});

function HunkReview(props: {
  file: FileChange;
  hunk: Hunk;
  index: number;
  current: boolean;
  onCurrent: (step: string) => void;
  decide: Decide;
}) {
  const { file, hunk, index, decide } = props;
  const key = stepKey(file.path, hunk.id);
  const set = (mark: ReviewMark) => {
    props.onCurrent(key);
    void decide(file.path, hunk.id, mark);
  };
  return (
    <div
      className="hunk"
      data-step={key}
      data-current={props.current}
      data-mark={hunk.mark}
      onClick={() => {
        props.onCurrent(key);
      }}
    >
      <div className="hunk-head">
        <span className="quiet num">
          {t.changes.hunk({ index: index + 1, of: file.hunks.length })}
        </span>
        <span className="grow" />
        {hunk.mark === "pending" ? null : <MarkBadge mark={hunk.mark} />}
        {hunk.mark === "pending" ? (
          <>
            <Button
              small
              look="ghost"
              disabled={file.undone}
              onClick={() => {
                set("kept");
              }}
            >
              <Check size={13} className="good" aria-hidden="true" />
              {t.changes.keep}
            </Button>
            <Button
              small
              look="ghost"
              disabled={file.undone}
              onClick={() => {
                set("rejected");
              }}
            >
              <X size={13} className="bad" aria-hidden="true" />
              {t.changes.reject}
            </Button>
          </>
        ) : (
          <Button
            small
            look="ghost"
            disabled={file.undone}
            onClick={() => {
              set("pending");
            }}
          >
            {t.changes.undoMark}
          </Button>
        )}
      </div>
      <DiffLines lines={hunk.lines} before={hunk.old_start} after={hunk.new_start} label={`${t.changes.label({ path: file.path })}, ${index + 1}`} />
    </div>
  );
}

function MarkBadge({ mark }: { mark: ReviewMark }) {
  if (mark === "pending") return null;
  return mark === "kept" ? (
    <span className="badge good">
      <Check size={11} aria-hidden="true" />
      {t.changes.marks.kept}
    </span>
  ) : (
    <span className="badge bad" title={t.changes.rejectedHint}>
      <X size={11} aria-hidden="true" />
      {t.changes.marks.rejected}
    </span>
  );
}
