// The rows of a review.

import { Check, ChevronDown, ChevronRight, ChevronsUpDown, ArrowDownToLine, ArrowUpToLine, ExternalLink, FileText, MessageSquarePlus, X } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { languageOf } from "../../components/Code";
import { colours, type Colour } from "../../components/colours";
import { Figures } from "../../components/Diff";
import { LineText } from "../../components/LineText";
import { wordMarks, type Range } from "../../components/wordMarks";
import { t } from "../../i18n";
import type { Hunk } from "../../protocol/generated/Hunk";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";
import { CommentRow, DraftRow } from "./CommentRows";
import { Facts } from "./Facts";
import { fileMark, stepKey, type ReviewFile } from "./model";
import { partnersOf, placeOf, sidesOf, type Cell, type Gap, type Row, type Source } from "./rows";
import { shownPlace, useRow } from "./rowContext";
import { STEP, type Part } from "./useUnfolded";

export function ReviewRow({ row }: { row: Row }) {
  switch (row.kind) {
    case "file":
      return <FileHead file={row.file} folded={row.folded} />;
    case "facts":
      return <Facts file={row.file} />;
    case "gap":
      return <GapRow file={row.file} gap={row.gap} />;
    case "hunk":
      return <HunkHead file={row.file} hunk={row.hunk} index={row.index} />;
    case "line":
      return <Line row={row} />;
    case "pair":
      return <Pair row={row} />;
    case "comment":
      return <CommentRow comment={row.comment} />;
    case "draft":
      return <DraftRow />;
  }
}

function FileHead({ file, folded }: { file: ReviewFile; folded: boolean }) {
  const on = useRow();
  const { change } = file;
  const mark = fileMark(change);
  const key = stepKey(change.path, undefined);
  const own = change.hunks.length === 0 || file.decides === "file";
  return (
    <div className="file-head" data-step={own ? key : undefined} data-current={on.current === key} data-mark={mark}>
      <h2 className="row-line grow">
        <button
          type="button"
          className="row-line grow"
          aria-expanded={!folded}
          onClick={() => {
            on.fold(change.path);
          }}
        >
          {folded ? <ChevronRight size={13} aria-hidden="true" /> : <ChevronDown size={13} aria-hidden="true" />}
          <PathName change={change} />
          {change.renamed_from ? <span className="badge">{t.changes.kinds.renamed}</span> : change.change === "modified" ? null : <span className="badge">{t.changes.kinds[change.change]}</span>}
          <Figures additions={change.additions} deletions={change.deletions} />
        </button>
      </h2>
      <MarkBadge mark={mark} />
      {change.change === "deleted" ? null : (
        <>
          <IconButton
            small
            label={t.changes.openFileOf({ path: change.path })}
            onClick={() => {
              on.openFile(change.path);
            }}
          >
            <FileText size={13} />
          </IconButton>
          {on.editor ? (
            <IconButton
              small
              label={t.changes.openEditor({ editor: on.editor, path: change.path })}
              onClick={() => {
                on.openInEditor(change.path);
              }}
            >
              <ExternalLink size={13} />
            </IconButton>
          ) : null}
        </>
      )}
      {file.decides === "nothing" ? null : (
        <>
          <IconButton
            small
            label={`${t.changes.keepFile}: ${change.path}`}
            disabled={mark === "kept"}
            onClick={() => {
              on.decide(file, undefined, "kept");
            }}
          >
            <Check size={14} className="good" />
          </IconButton>
          <IconButton
            small
            label={`${t.changes.rejectFile}: ${change.path}`}
            disabled={mark === "rejected"}
            onClick={() => {
              on.decide(file, undefined, "rejected");
            }}
          >
            <X size={14} className="bad" />
          </IconButton>
        </>
      )}
    </div>
  );
}

/** A path whose name stays readable when there is little room; where it was moved, from where. */
export function PathName({ change }: { change: ReviewFile["change"] }) {
  const slash = change.path.lastIndexOf("/");
  return (
    <span className="mono path-name" title={change.renamed_from ? `${change.renamed_from} → ${change.path}` : change.path}>
      {change.renamed_from ? <span className="quiet path-from">{`${change.renamed_from} → `}</span> : null}
      {slash < 0 ? null : <span className="quiet path-folder">{change.path.slice(0, slash + 1)}</span>}
      <span className="path-file">{change.path.slice(slash + 1)}</span>
    </span>
  );
}

function HunkHead({ file, hunk, index }: { file: ReviewFile; hunk: Hunk; index: number }) {
  const on = useRow();
  const key = stepKey(file.change.path, hunk.id);
  const set = (mark: ReviewMark) => {
    on.setCurrent(key);
    on.decide(file, hunk.id, mark);
  };
  return (
    <div
      className="hunk-head"
      data-step={key}
      data-current={on.current === key}
      data-mark={hunk.mark}
      onClick={() => {
        on.setCurrent(key);
      }}
    >
      <span className="quiet num">{t.changes.hunk({ index: index + 1, of: file.change.hunks.length })}</span>
      <span className="grow" />
      <MarkBadge mark={hunk.mark} />
      {file.decides !== "hunks" ? null : hunk.mark === "pending" ? (
        <>
          <Button small look="ghost" onClick={() => { set("kept"); }}>
            <Check size={13} className="good" aria-hidden="true" />
            {t.changes.keep}
          </Button>
          <Button small look="ghost" onClick={() => { set("rejected"); }}>
            <X size={13} className="bad" aria-hidden="true" />
            {t.changes.reject}
          </Button>
        </>
      ) : (
        <Button small look="ghost" onClick={() => { set("pending"); }}>
          {t.changes.undoMark}
        </Button>
      )}
    </div>
  );
}

export function MarkBadge({ mark }: { mark: ReviewMark }) {
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

function GapRow({ file, gap }: { file: ReviewFile; gap: Gap }) {
  const on = useRow();
  const ask = (part: Part) => () => {
    on.unfold(file, gap, part);
  };
  return (
    <div className="gap-row">
      {gap.count > STEP ? (
        <IconButton small label={t.changes.unfoldTop({ count: STEP })} onClick={ask("top")}>
          <ArrowDownToLine size={12} />
        </IconButton>
      ) : null}
      <button type="button" className="gap-all num" onClick={ask("all")}>
        <ChevronsUpDown size={12} aria-hidden="true" />
        {t.changes.unfold({ count: gap.count })}
      </button>
      {gap.count > STEP ? (
        <IconButton small label={t.changes.unfoldBottom({ count: STEP })} onClick={ask("bottom")}>
          <ArrowUpToLine size={12} />
        </IconButton>
      ) : null}
    </div>
  );
}

type LineRow = Extract<Row, { kind: "line" }>;
type PairRow = Extract<Row, { kind: "pair" }>;

function Line({ row }: { row: LineRow }) {
  const on = useRow();
  const { cell, hunk } = row;
  return (
    <div className={`diff-line ${cell.kind}`} data-marked={on.marked.has(row.key)} data-rejected={hunk?.mark === "rejected"}>
      <Number row={row} label={cell.before} />
      <Number row={row} label={cell.after} />
      <CommentButton row={row} />
      <span className="diff-sign">{cell.kind === "added" ? "+" : cell.kind === "removed" ? "−" : ""}</span>
      <CellText path={row.file.change.path} hunk={hunk} cell={cell} source={row.source} />
    </div>
  );
}

function Pair({ row }: { row: PairRow }) {
  const on = useRow();
  const { left, right, hunk } = row;
  const half = (cell: Cell | undefined, number: number | undefined) => (
    <div className={`diff-half ${cell?.kind ?? "nothing"}`}>
      <Number row={row} label={number} />
      <span className="diff-sign">{cell?.kind === "added" ? "+" : cell?.kind === "removed" ? "−" : ""}</span>
      {cell ? <CellText path={row.file.change.path} hunk={hunk} cell={cell} source={row.source} /> : <span className="diff-text" />}
    </div>
  );
  return (
    <div className="diff-pair" data-marked={on.marked.has(row.key)} data-rejected={hunk?.mark === "rejected"}>
      {half(left, left?.before)}
      <CommentButton row={row} />
      {half(right, right?.after)}
    </div>
  );
}

function Number({ row, label }: { row: LineRow | PairRow; label: number | undefined }) {
  const on = useRow();
  return (
    <span
      className="diff-no"
      onMouseDown={(event) => {
        event.preventDefault();
        on.setCursor(row, event.shiftKey);
      }}
    >
      {label}
    </span>
  );
}

function CommentButton({ row }: { row: LineRow | PairRow }) {
  const on = useRow();
  const place = placeOf(row);
  if (!place) return <span className="comment-add" />;
  return (
    <button
      type="button"
      className="comment-add"
      tabIndex={-1}
      aria-label={t.changes.commentOn({ place: shownPlace(place) })}
      onClick={() => {
        on.beginComment(row);
      }}
    >
      <MessageSquarePlus size={12} aria-hidden="true" />
    </button>
  );
}

function CellText(props: { path: string; hunk: Hunk | undefined; cell: Cell; source: Source | undefined }) {
  const { hunk, cell, source } = props;
  if (cell.kind === "no_newline") return <span className="diff-text quiet">{t.diff.noNewline}</span>;
  const marks = hunk && cell.at !== undefined ? marksOf(hunk, cell.at) : undefined;
  return (
    <span className="diff-text">
      <LineText text={cell.text} colours={coloursOf(props.path, hunk, cell, source)} marks={marks} mark={cell.kind === "removed" ? "del" : "ins"} />
    </span>
  );
}

function coloursOf(path: string, hunk: Hunk | undefined, cell: Cell, source: Source | undefined): Colour[] | undefined {
  const language = languageOf(path);
  if (!language) return undefined;
  if (source) return colours.line(source.texts, () => source.texts, source.index, language);
  if (!hunk || cell.at === undefined) return undefined;
  const side = cell.kind === "removed" ? sidesOf(hunk).before : sidesOf(hunk).after;
  const index = side.index[cell.at];
  return index === undefined ? undefined : colours.line(side, () => side.texts, index, language);
}

const knownMarks = new WeakMap<Hunk, Map<number, Range[] | undefined>>();

/** The parts of a line that differ from its partner; found when the line is first drawn. */
function marksOf(hunk: Hunk, at: number): Range[] | undefined {
  let known = knownMarks.get(hunk);
  if (!known) knownMarks.set(hunk, (known = new Map()));
  if (known.has(at)) return known.get(at);
  const other = partnersOf(hunk)[at];
  if (other === undefined) return undefined;
  const [old, fresh] = at < other ? [at, other] : [other, at];
  const found = wordMarks(hunk.lines[old]?.text ?? "", hunk.lines[fresh]?.text ?? "");
  known.set(old, found?.old);
  known.set(fresh, found?.fresh);
  return known.get(at);
}
