// The right pane: one tab at a time, about the operation that is selected in the middle.

import { useMemo } from "react";
import { IconButton } from "../components/Button";
import { Tabs } from "../components/Tabs";
import { ActivityPanel } from "../features/activity/ActivityPanel";
import { useFeedState, useSteps, type OpenFeed } from "../features/chat/feed";
import { queuedOperations, runningOperation } from "../features/chat/transcript";
import { ContextPanel } from "../features/context/ContextPanel";
import { CostPanel } from "../features/cost/CostPanel";
import { FilesPanel } from "../features/files/FilesPanel";
import { X } from "lucide-react";
import { t } from "../i18n";
import { compactions, costLines, stepsOf, touches } from "./operations";
import type { InspectorTab } from "./place";
import { ReviewPane } from "./ReviewPane";

export function Inspector(props: {
  feed: OpenFeed;
  sessionId: string | undefined;
  projectId: string | undefined;
  tab: InspectorTab;
  onTab: (tab: InspectorTab) => void;
  selected: string | undefined;
  onSelect: (operationId: string) => void;
  openFile: string | undefined;
  openLine: number | undefined;
  onOpenFile: (path: string | undefined, line?: number) => void;
  openJob: string | undefined;
  onMention: (path: string) => void;
  onStop: (operationId: string) => void;
  onLimits: () => void;
  /** Shows a step of the conversation. */
  onStep: (seq: number) => void;
  onClose: () => void;
  closeKeys: string | undefined;
}) {
  const { feed, tab } = props;
  const transcript = useSteps(feed);
  const operations = useMemo(() => [...transcript.operations.values()], [transcript.operations]);
  const running = runningOperation(transcript);
  const selected = operations.find((one) => one.id === props.selected) ?? running ?? operations.at(-1);
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
          <ReviewPane
            transcript={transcript}
            sessionId={props.sessionId}
            projectId={props.projectId}
            selected={props.selected}
            large={false}
            onSelect={props.onSelect}
            onOpenFile={props.onOpenFile}
          />
        ) : null}
        {tab === "activity" ? (
          <Activity
            feed={feed}
            selected={selected?.id}
            openJob={props.openJob}
            sessionId={props.sessionId}
            onStop={props.onStop}
            onStep={props.onStep}
          />
        ) : null}
        {tab === "files" ? (
          <FilesPanel
            sessionId={props.sessionId}
            projectId={props.projectId}
            open={props.openFile}
            line={props.openLine}
            touches={touches(transcript)}
            onOpen={props.onOpenFile}
            onMention={props.onMention}
            onReview={(operationId) => {
              props.onSelect(operationId);
              props.onTab("changes");
            }}
            onStep={props.onStep}
          />
        ) : null}
        {tab === "context" ? (
          <ContextPanel
            key={selected?.id}
            sessionId={props.sessionId}
            projectId={props.projectId}
            receipts={selected?.receipts ?? []}
            compactions={compactions(transcript)}
            onOpenFile={props.onOpenFile}
          />
        ) : null}
        {tab === "cost" ? <CostPanel lines={costLines(transcript)} sessionId={props.sessionId} selected={selected?.id} onLimits={props.onLimits} onSelect={props.onSelect} /> : null}
      </div>
    </>
  );
}

/** Follows the stream: what a running command prints is seen here too. */
function Activity({ feed, selected, ...rest }: { feed: OpenFeed; selected: string | undefined } & Pick<Parameters<typeof ActivityPanel>[0], "openJob" | "sessionId" | "onStop" | "onStep">) {
  const { transcript } = useFeedState(feed);
  const operation = transcript.operations.get(selected ?? "");
  return (
    <ActivityPanel
      operation={operation}
      steps={stepsOf(transcript, operation?.id)}
      running={operation !== undefined && operation === runningOperation(transcript)}
      queued={queuedOperations(transcript).map(({ id, words }) => ({ id, text: words || id }))}
      {...rest}
    />
  );
}
