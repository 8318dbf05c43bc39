// One row of the conversation.

import { memo } from "react";
import type { Tier } from "../../protocol/generated/Tier";
import { AssistantRow, HeaderRow, ReasoningRow } from "./AnswerRows";
import { EndRow } from "./EndRow";
import { CompactedRow, MarkRow, NoticeRow } from "./NoteRows";
import type { RewindTarget } from "./RewindDialog";
import { ToolRow } from "./ToolRow";
import type { Item, OperationView, Transcript } from "./transcript";
import { UserRow } from "./UserRow";

/** What a conversation can ask of the window around it. */
export interface ConversationActions {
  undo(operationId: string): void;
  redo(operationId: string): void;
  review(operationId: string): void;
  resume(operationId: string): void;
  /** Goes on with what did not complete, on another tier. */
  continueOn(operationId: string, tier: Tier): void;
  exportScenario(operationId: string): void;
  fork(upToSeq: number): void;
  /** Asks the message again in a copy, as it was or with other words; rejects where that fails. */
  askAgain(seq: number, change: { content?: string; tier?: Tier }): Promise<void>;
  openFile(path: string): void;
  openSettings(): void;
  openReceipt(operationId: string): void;
  openJob(jobId: string): void;
}

/** And of what the conversation itself is tied to: where to go back to, and the way forward again. */
export interface RowActions extends ConversationActions {
  rewind(target: RewindTarget): void;
  unrewind(markSeq: number): void;
}

export const Row = memo(function Row(props: {
  item: Item;
  transcript: Transcript;
  open: boolean;
  highlighted: boolean;
  onToggle: (key: string) => void;
  actions: RowActions;
}) {
  const { item, transcript } = props;
  const operation = item.operationId ? transcript.operations.get(item.operationId) : undefined;
  return (
    <div className={props.highlighted ? "row found" : "row"} data-kind={item.kind} data-key={item.key}>
      <Content {...props} operation={operation} />
    </div>
  );
}, sameRow);

interface RowProps {
  item: Item;
  transcript: Transcript;
  open: boolean;
  highlighted: boolean;
  onToggle: (key: string) => void;
  actions: RowActions;
}

/** A row changes with its item, its operation and its approval; not with the rest of the transcript. */
function sameRow(before: RowProps, after: RowProps): boolean {
  if (before.item !== after.item || before.open !== after.open || before.highlighted !== after.highlighted) return false;
  if (before.actions !== after.actions || before.onToggle !== after.onToggle) return false;
  const id = after.item.operationId;
  if (after.item.kind === "header" || after.item.kind === "end") {
    if (id && before.transcript.operations.get(id) !== after.transcript.operations.get(id)) return false;
  }
  if (after.item.kind === "tool" && after.item.approvalId) {
    const approval = after.item.approvalId;
    return before.transcript.approvals.get(approval) === after.transcript.approvals.get(approval);
  }
  return true;
}

function Content(props: RowProps & { operation: OperationView | undefined }) {
  const { item, transcript, operation, actions } = props;
  switch (item.kind) {
    case "user":
      return <UserRow item={item} actions={actions} />;
    case "header":
      return operation ? <HeaderRow item={item} operation={operation} actions={actions} /> : null;
    case "assistant":
      return <AssistantRow item={item} />;
    case "reasoning":
      return <ReasoningRow item={item} open={props.open} onToggle={props.onToggle} />;
    case "tool":
      return (
        <ToolRow
          item={item}
          open={props.open}
          approval={item.approvalId ? transcript.approvals.get(item.approvalId) : undefined}
          onToggle={props.onToggle}
          onOpenFile={actions.openFile}
          onRewind={actions.rewind}
        />
      );
    case "notice":
      return <NoticeRow item={item} />;
    case "compacted":
      return <CompactedRow item={item} />;
    case "mark":
      return <MarkRow item={item} actions={actions} />;
    case "end":
      return operation ? <EndRow seq={item.seq} operation={operation} actions={actions} /> : null;
  }
}
