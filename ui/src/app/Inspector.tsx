// The right pane: one tab at a time, about the operation that is selected in the middle.

import { useMemo } from "react";
import { IconButton } from "../components/Button";
import { Tabs } from "../components/Tabs";
import { ActivityPanel } from "../features/activity/ActivityPanel";
import { ChangesPanel } from "../features/changes/ChangesPanel";
import {
  queuedOperations,
  runningOperation,
  type OperationView,
  type Transcript,
} from "../features/chat/transcript";
import { ContextPanel } from "../features/context/ContextPanel";
import { CostPanel } from "../features/cost/CostPanel";
import { FilesPanel } from "../features/files/FilesPanel";
import { X } from "lucide-react";
import { t } from "../i18n";
import type { InspectorTab } from "./place";

export function Inspector(props: {
  transcript: Transcript;
  projectId: string | undefined;
  tab: InspectorTab;
  onTab: (tab: InspectorTab) => void;
  selected: string | undefined;
  onSelect: (operationId: string) => void;
  openFile: string | undefined;
  onOpenFile: (path: string | undefined) => void;
  openJob: string | undefined;
  onMention: (path: string) => void;
  onStop: (operationId: string) => void;
  onLimits: () => void;
  onClose: () => void;
  closeKeys: string | undefined;
}) {
  const { transcript, tab } = props;
  const words = useMemo(() => firstWords(transcript), [transcript]);
  const operations = useMemo(() => [...transcript.operations.values()], [transcript.operations]);
  const running = runningOperation(transcript);
  const selected = operations.find((one) => one.id === props.selected) ?? running ?? operations.at(-1);
  const targets = operations
    .filter((operation) => hasChanges(operation, transcript))
    .map((operation) => ({ operationId: operation.id, label: words.get(operation.id) ?? operation.id }))
    .reverse();
  const label = (operation: OperationView) => words.get(operation.id) ?? operation.id;
  const changed = selected?.changes.length ? selected.changes.length : undefined;
  return (
    <>
      <div className="pane-head">
        <Tabs
          name="inspector"
          label={t.app.inspector}
          tabs={[
            { id: "changes", label: t.inspector.tabs.changes, count: changed },
            {
              id: "activity",
              label: t.inspector.tabs.activity,
              mark: running ? <span className="dot-pulse" aria-hidden="true" /> : undefined,
            },
            { id: "files", label: t.inspector.tabs.files },
            { id: "context", label: t.inspector.tabs.context },
            { id: "cost", label: t.inspector.tabs.cost },
          ]}
          current={tab}
          onChange={props.onTab}
        />
        <span className="grow" />
        <IconButton small label={t.app.hideInspector} keys={props.closeKeys} onClick={props.onClose}>
          <X size={14} />
        </IconButton>
      </div>
      <div id="inspector-panel" role="tabpanel" aria-labelledby={`inspector-${tab}`} className="inspector-body" tabIndex={-1}>
        {tab === "changes" ? (
          <ChangesPanel
            targets={targets}
            selected={props.selected}
            onSelect={props.onSelect}
            onOpenFile={(path) => {
              props.onOpenFile(path);
            }}
          />
        ) : null}
        {tab === "activity" ? (
          <ActivityPanel
            operation={selected}
            running={selected !== undefined && selected === running}
            queued={queuedOperations(transcript).map((operation) => ({ id: operation.id, text: label(operation) }))}
            openJob={props.openJob}
            onStop={props.onStop}
          />
        ) : null}
        {tab === "files" ? (
          <FilesPanel projectId={props.projectId} open={props.openFile} onOpen={props.onOpenFile} onMention={props.onMention} />
        ) : null}
        {tab === "context" ? <ContextPanel key={selected?.id} receipts={selected?.receipts ?? []} /> : null}
        {tab === "cost" ? (
          <CostPanel
            lines={operations
              .filter((operation) => operation.calls.length > 0)
              .map((operation) => ({
                id: operation.id,
                label: label(operation),
                usage: operation.usage,
                costMicroUsd: operation.costMicroUsd,
              }))
              .reverse()}
            onLimits={props.onLimits}
            onSelect={props.onSelect}
          />
        ) : null}
      </div>
    </>
  );
}

/** An operation's name for people: the first line of what was asked. */
function firstWords(transcript: Transcript): Map<string, string> {
  const words = new Map<string, string>();
  for (const item of transcript.items) {
    if (item.kind === "user" && item.operationId && !words.has(item.operationId)) {
      words.set(item.operationId, item.content.split("\n", 1)[0] ?? "");
    }
  }
  return words;
}

/** Changed something, as far as is known: while it runs, its calls tell. */
function hasChanges(operation: OperationView, transcript: Transcript): boolean {
  if (operation.changes.length > 0) return true;
  return transcript.items.some(
    (item) => item.kind === "tool" && item.operationId === operation.id && item.changes.length > 0,
  );
}
