import {
  Boxes,
  Check,
  ChevronRight,
  CircleDashed,
  CircleSlash,
  FileInput,
  FilePen,
  FilePlus,
  FileText,
  FlaskConical,
  FolderTree,
  GitCommitHorizontal,
  Flame,
  Globe,
  Hand,
  History,
  ListTree,
  Map as MapIcon,
  Package,
  Search,
  Sparkles,
  SquareFunction,
  SquareTerminal,
  Waypoints,
  Wrench,
  X,
} from "lucide-react";
import { memo, type ReactNode } from "react";
import { Terminal, TerminalTail } from "../../components/Ansi";
import { Button } from "../../components/Button";
import { Code } from "../../components/Code";
import { DiffLines, Figures } from "../../components/Diff";
import { Said } from "../../components/Said";
import { CopyButton, Elapsed } from "../../components/states";
import { uncoloured } from "../../components/terminal";
import { t } from "../../i18n";
import { bytes, duration } from "../../i18n/format";
import { countedInWords } from "../../protocol/counted";
import type { RewindTarget } from "./RewindDialog";
import { asked, printsTerminal, toolLine } from "./toolText";
import type { ApprovalView, ToolItem } from "./transcript";

const ICONS: Record<string, typeof Wrench> = {
  read_project_file: FileText,
  write_project_file: FilePlus,
  edit_project_file: FilePen,
  search_codebase: Search,
  list_project_files: FolderTree,
  get_file_summary: ListTree,
  run_command: SquareTerminal,
  run_tests: SquareTerminal,
  background_job: SquareTerminal,
  git_log: GitCommitHorizontal,
  git_diff: GitCommitHorizontal,
  fetch_url: Globe,
  web_search: Globe,
  apply_code_block: FileInput,
  search_code_semantic: Sparkles,
  find_function: SquareFunction,
  find_class_or_struct: Boxes,
  find_imports: Package,
  analyze_dependencies: Package,
  find_callers: Waypoints,
  find_tests_for_code: FlaskConical,
  get_element_definition: SquareFunction,
  get_file_symbols: ListTree,
  get_complexity_hotspots: Flame,
  get_quality_issues: Flame,
  get_codebase_overview: MapIcon,
};

/** Lines of a running command that are seen without unfolding it. */
const TAIL_LINES = 3;

export const ToolRow = memo(function ToolRow(props: {
  item: ToolItem;
  open: boolean;
  approval: ApprovalView | undefined;
  onToggle: (key: string) => void;
  onOpenFile: (path: string) => void;
  onRewind: (target: RewindTarget) => void;
}) {
  const { item, open, approval } = props;
  const line = toolLine(item.tool, item.arguments, item.command);
  const Icon = ICONS[item.tool] ?? Wrench;
  return (
    <div className="tool" data-state={item.state} data-open={open}>
      <button
        type="button"
        className="tool-line"
        aria-expanded={open}
        onClick={() => {
          props.onToggle(item.key);
        }}
      >
        <ChevronRight size={13} className="chevron" aria-hidden="true" />
        <Icon size={14} className="quiet" aria-hidden="true" />
        <span className="tool-verb">{line.verb}</span>{" "}
        {line.subject ? <span className="mono truncate tool-subject">{line.subject}</span> : null}{" "}
        <ToolFigures item={item} approval={approval} />{" "}
        <ToolStateMark item={item} />
      </button>
      {open ? <ToolBody item={item} path={line.path} approval={approval} onOpenFile={props.onOpenFile} onRewind={props.onRewind} /> : null}
      {!open && item.state === "running" && item.live ? (
        <div className="tool-tail">
          <TerminalTail text={item.live} lines={TAIL_LINES} label={t.tools.liveOutput} />
        </div>
      ) : null}
    </div>
  );
});

function ToolFigures({ item, approval }: { item: ToolItem; approval: ApprovalView | undefined }) {
  // What the model is told then is not meant for the person who decided.
  if (item.state === "failed" && approval?.decision === "deny") return <span className="quiet truncate tool-summary">{decided(approval)}</span>;
  if (item.state === "writing") return <span className="quiet num">{item.bytes > 0 ? bytes(item.bytes) : ""}</span>;
  if (item.changes.length > 0 && !printsTerminal(item.tool)) {
    const additions = item.changes.reduce((sum, change) => sum + change.additions, 0);
    const deletions = item.changes.reduce((sum, change) => sum + change.deletions, 0);
    return <Figures additions={additions} deletions={deletions} />;
  }
  if (!item.summary) return null;
  const own = countedInWords(item.summary);
  return <span className="quiet truncate tool-summary">{own ?? <Said text={item.summary} />}</span>;
}

/** How a question about a call ended; undefined while it waits. */
function decided(approval: ApprovalView): string | undefined {
  if (approval.decision && approval.by === "person") return t.approval.decided[approval.decision];
  if (approval.by === "expiry") return t.approval.byExpiry;
  return approval.by === "operation" ? t.approval.byOperation : undefined;
}

function ToolStateMark({ item }: { item: ToolItem }) {
  const took = item.durationMs === undefined ? null : <span className="quiet num">{duration(item.durationMs)}</span>;
  const mark = (icon: ReactNode, extra: ReactNode) => (
    <span className="tool-mark">
      {extra} {icon}
      <span className="hidden-text">{t.tools.states[item.state]}</span>
    </span>
  );
  switch (item.state) {
    case "running":
      return mark(<span className="dot-pulse" aria-hidden="true" />, item.startedAt ? <Elapsed since={item.startedAt} /> : null);
    case "waiting":
      return mark(<Hand size={13} className="warn" aria-hidden="true" />, <span className="warn">{t.tools.states.waiting}</span>);
    case "done":
      return mark(<Check size={13} className="good" aria-hidden="true" />, took);
    case "failed":
      return mark(<X size={13} className="bad" aria-hidden="true" />, took);
    case "unanswered":
      return mark(<CircleSlash size={13} className="quiet" aria-hidden="true" />, <span className="quiet">{t.tools.states.unanswered}</span>);
    default:
      return mark(<CircleDashed size={13} className="quiet" aria-hidden="true" />, null);
  }
}

function ToolBody(props: {
  item: ToolItem;
  path: string | undefined;
  approval: ApprovalView | undefined;
  onOpenFile: (path: string) => void;
  onRewind: (target: RewindTarget) => void;
}) {
  const { item, path, approval } = props;
  const pieces = asked(item.tool, item.arguments);
  const printed = item.durationMs === undefined ? item.live : (item.coloured ?? item.output);
  return (
    <div className="tool-body">
      {approval ? (
        <p className="secondary">
          {approval.decision && approval.by === "person" ? `${t.approval.title}: ${t.approval.decided[approval.decision]}` : (decided(approval) ?? t.chat.waitingForYou)}
          {" · "}
          <Said text={approval.approval.reason} />
        </p>
      ) : null}
      {pieces.length > 0 && path ? (
        <section>
          <div className="tool-head">
            <span>{t.tools.difference}</span>
            <button
              type="button"
              className="link mono"
              onClick={() => {
                props.onOpenFile(path);
              }}
            >
              {path}
            </button>
          </div>
          {pieces.map((piece, index) => (
            <DiffLines key={index} lines={piece.lines} {...(piece.first === undefined ? {} : { before: piece.first, after: piece.first })} label={t.changes.label({ path })} />
          ))}
        </section>
      ) : (
        <section>
          <div className="tool-head">{t.tools.arguments}</div>
          <div className="code">
            <Code code={pretty(item.arguments)} language="json" />
          </div>
        </section>
      )}
      {item.changes.length > 0 && pieces.length === 0 ? (
        <section>
          <div className="tool-head">{t.tools.changedFiles}</div>
          <ul>
            {item.changes.map((change) => (
              <li key={change.path} className="row-line">
                <span className="mono truncate">{change.path}</span>
                <Figures additions={change.additions} deletions={change.deletions} />
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <section>
        <div className="tool-head">
          <span>{item.durationMs === undefined ? t.tools.liveOutput : t.tools.output}</span>
          {printed ? <CopyButton text={uncoloured(printed)} label={t.tools.copyOutput} /> : null}
        </div>
        {printed ? <Terminal text={printed} label={t.tools.output} follow={item.durationMs === undefined} /> : <p className="quiet">{t.tools.none}</p>}
        {item.truncated ? <p className="quiet">{t.tools.truncated}</p> : null}
      </section>
      {item.durationMs !== undefined && item.seq !== undefined && writes(item) ? (
        <Button
          small
          look="ghost"
          onClick={() => {
            props.onRewind({ kind: "call", seq: item.seq ?? 0 });
          }}
        >
          <History size={13} aria-hidden="true" />
          {t.talk.rewind.call}
        </Button>
      ) : null}
    </div>
  );
}

/** Changed files, or may have: what a program does is not in its name. */
function writes(item: ToolItem): boolean {
  return item.changes.length > 0 || printsTerminal(item.tool);
}

function pretty(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
