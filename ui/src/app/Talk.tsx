// The middle of the window while a conversation is shown: its rows, what waits, what happens now,
// and the message field, tied together.

import { useCallback, useMemo, useState } from "react";
import { Button } from "../components/Button";
import type { CodeToApply } from "../components/Code";
import { useStore } from "../components/store";
import { useToasts } from "../components/toasts";
import { ApprovalDock } from "../features/approvals/ApprovalDock";
import { ApplyDialog } from "../features/chat/ApplyDialog";
import { codeBlocks, likelyPaths } from "../features/chat/applying";
import { Composer, type ComposerHandle, type Outgoing } from "../features/chat/Composer";
import { Conversation } from "../features/chat/Conversation";
import { useFeedPart, useFeedState, type OpenFeed } from "../features/chat/feed";
import { Queue } from "../features/chat/Queue";
import { mentionsOf } from "../features/chat/mentions";
import { previewBack, RewindDialog, takeBack, type RewindTarget } from "../features/chat/RewindDialog";
import type { ConversationActions, RowActions } from "../features/chat/rows";
import { StatusLine } from "../features/chat/StatusLine";
import { pendingApprovals, runningOperation, type Item, type UserItem } from "../features/chat/transcript";
import { t } from "../i18n";
import { asFailure } from "../protocol/client";
import type { RewindReport } from "../protocol/generated/RewindReport";
import type { Session } from "../protocol/generated/Session";
import { SenderContext, type Sender } from "../protocol/nextCost";
import { useClient, useRequest } from "../protocol/queries";
import type { Action } from "./actions";
import { habits, place, type InspectorTab } from "./place";
import { useAttempt } from "./useAttempt";
import { useCommands, type CommandReach } from "./useCommands";
import { WithoutModel } from "./WithoutModel";

export function Talk(props: {
  session: Session | undefined;
  sessionId: string | undefined;
  projectId: string | undefined;
  feed: OpenFeed;
  ready: boolean;
  actions: readonly Action[];
  conversation: ConversationActions;
  jump: { seq: number } | undefined;
  finding: boolean;
  onFindingEnds: () => void;
  onSend: (message: Outgoing, begun?: (sessionId: string) => void) => Promise<void>;
  onStop: (operationId: string) => void;
  onTurn: (direction: "undo" | "redo", paths: string[]) => void;
  showTab: (tab: InspectorTab) => void;
  newSession: () => void;
  openShortcuts: () => void;
  field: { link: (handle: ComposerHandle | undefined) => void; set: ComposerHandle["set"] };
}) {
  const { session, sessionId, projectId, feed, conversation, onSend, onTurn, showTab, newSession, openShortcuts } = props;
  const client = useClient();
  const toasts = useToasts();
  const habit = useStore(habits);
  const { attempt, fail } = useAttempt();
  // Only what changes now and then: the rows and the status line look at the stream by themselves.
  const running = useFeedPart(feed, ({ transcript }) => runningOperation(transcript)?.id);
  const queued = useFeedPart(feed, ({ transcript }) => transcript.queued);
  const asked = useFeedPart(feed, ({ transcript }) => transcript.approvals);
  const approvals = useMemo(() => pendingApprovals(asked), [asked]);
  const stop = () => {
    if (running) props.onStop(running);
  };
  const [rewinding, setRewinding] = useState<{ target: RewindTarget; said: UserItem | undefined } | undefined>(undefined);
  // With the message as it stands now: once the conversation went back it is gone from here, and that may be told before the answer.
  const rewind = useCallback(
    (target: RewindTarget) => {
      const said = feed.get().transcript.items.find((item): item is UserItem => item.kind === "user" && target.kind === "message" && item.seq === target.seq);
      setRewinding({ target, said });
    },
    [feed],
  );
  const [applying, setApplying] = useState<{ block: CodeToApply; path: string | undefined } | undefined>(undefined);

  const steer = async (content: string) => {
    if (!running) return false;
    try {
      await client.call("operation.steer", { operation_id: running, content });
      return true;
    } catch (error) {
      if (["conflict", "not_found"].includes(asFailure(error).code)) return false;
      fail(error);
      throw error;
    }
  };
  const release = useCallback(() => {
    if (sessionId) attempt(() => client.call("operation.release", { session_id: sessionId }));
  }, [attempt, client, sessionId]);

  const unrewind = useCallback(
    (markSeq?: number) => {
      if (!sessionId) return;
      const { items } = feed.get().transcript;
      const leaving = markSeq === undefined ? 0 : items.filter((item) => isMessage(item) && (item.seq ?? 0) > markSeq).length;
      attempt(async () => {
        const preview = await previewBack(client, sessionId);
        if (leaving > 0 || preview.conflicts.length > 0) setRewinding({ target: { kind: "back", leaving }, said: undefined });
        else {
          await takeBack(client, sessionId);
          toasts.say(t.talk.rewind.back);
        }
      });
    },
    [attempt, client, feed, sessionId, toasts],
  );
  const rowActions = useMemo<RowActions>(
    () => ({
      ...conversation,
      rewind,
      unrewind,
    }),
    [conversation, rewind, unrewind],
  );
  const rewound = (report: RewindReport) => {
    const { target, said } = rewinding ?? {};
    setRewinding(undefined);
    if (target?.kind === "back") {
      toasts.say(t.talk.rewind.back);
      return;
    }
    toasts.say(t.talk.rewind.done({ what: report.what }));
    if (report.what === "files" || target === undefined) return;
    // The message is written anew, with what came along with it.
    props.field.set(report.message, said ? { attachments: said.attachments, mentions: mentionsOf(said.content, said.fragments) } : {});
  };

  const onChoices = useCallback((change: Partial<CommandChoices>) => {
    habits.set(change);
  }, []);
  const lastSaid = useCallback(() => feed.get().transcript.items.findLast((item): item is UserItem => item.kind === "user" && !item.steering)?.seq, [feed]);
  const resumable = session?.resumable_operation_id ?? undefined;
  const count = queued.length;
  const { actions } = props;
  const reach = useMemo<CommandReach>(
    () => ({
      session,
      projectId,
      actions,
      onChoices,
      send: onSend,
      showTab,
      openSession: (id) => {
        place.set({ view: "chat", sessionId: id });
      },
      search: () => {
        place.set({ view: "search" });
      },
      health: () => {
        place.set({ view: "health" });
      },
      newSession,
      turn: onTurn,
      resumeLast: () => {
        if (resumable) conversation.resume(resumable);
        else toasts.say(t.actions.nothingToUndo);
      },
      retry: async (tier) => {
        const seq = lastSaid();
        if (seq !== undefined) await conversation.askAgain(seq, tier ? { tier } : {});
      },
      queued: count,
      releaseQueue: release,
      apply: (path, nth) => {
        const block = codeBlocks(feed.get().transcript)[nth - 1];
        if (!block) throw new Error(t.talk.command.nothingApplied);
        setApplying({ block, path: path || undefined });
      },
      rewind: (back) => {
        if (back) {
          unrewind();
          return;
        }
        const seq = lastSaid();
        if (seq === undefined) throw new Error(t.talk.rewind.none);
        rewind({ kind: "message", seq });
      },
      help: openShortcuts,
      say: (text) => {
        toasts.say(text);
      },
    }),
    [session, projectId, actions, onChoices, onSend, showTab, newSession, onTurn, resumable, conversation, toasts, lastSaid, count, release, feed, openShortcuts, rewind, unrewind],
  );
  const commands = useCommands(reach);

  const { tier, model } = habit;
  const sender = useMemo<Sender>(() => ({ sessionId, projectId, tier, model }), [sessionId, projectId, tier, model]);

  return (
    <SenderContext.Provider value={sender}>
      <Conversation
        feed={feed}
        actions={rowActions}
        jump={props.jump}
        finding={props.finding}
        onFindingEnds={props.onFindingEnds}
        hasProject={projectId !== undefined}
        withoutModel={props.ready || !projectId ? null : <WithoutModel projectId={projectId} actions={actions} />}
        onApply={(block) => {
          setApplying({ block, path: undefined });
        }}
        onExample={(text) => {
          props.field.set(text);
        }}
      />
      <Composer
        key={`${sessionId ?? "new"} ${sessionId ? "" : (projectId ?? "")}`}
        sessionId={sessionId}
        projectId={projectId}
        running={running !== undefined}
        ready={props.ready}
        choices={habit}
        onChoices={onChoices}
        commands={commands}
        said={() => feed.get().transcript.items.filter((item) => item.kind === "user").map((item) => item.content).reverse()}
        onSend={onSend}
        onSteer={steer}
        onStop={stop}
        onSetUp={() => {
          place.set({ view: "settings", settingsTab: "models" });
        }}
        onHandle={props.field.link}
      >
        <ApprovalDock approvals={approvals} projectId={projectId} onDecided={focusConversation} />
        <Queue
          queued={queued}
          held={running === undefined}
          onEdit={async (operationId, content, mentions) => {
            try {
              await client.call("operation.edit", { operation_id: operationId, content, mentions });
            } catch (error) {
              fail(error);
              throw error;
            }
          }}
          onRemove={(operationId) => {
            attempt(async () => {
              await client.call("operation.cancel", { operation_id: operationId });
              toasts.say(t.talk.queue.removed);
            });
          }}
          onGo={release}
        />
        {approvals.length === 0 ? (
          <Now
            feed={feed}
            onStop={stop}
            onDecide={(operationId, choice) => {
              attempt(() => client.call("budget.decide", { operation_id: operationId, choice }));
            }}
          />
        ) : null}
        <Trust projectId={projectId} />
      </Composer>
      {applying && sessionId ? (
        <ApplyDialog
          sessionId={sessionId}
          projectId={projectId}
          block={applying.block}
          likely={applying.path ? [applying.path] : likelyPaths(feed.get().transcript)}
          onClose={() => {
            setApplying(undefined);
          }}
          onApplied={(path) => {
            setApplying(undefined);
            toasts.say(t.talk.applied({ path }));
          }}
        />
      ) : null}
      {rewinding && sessionId ? (
        <RewindDialog
          sessionId={sessionId}
          target={rewinding.target}
          hasProject={projectId !== undefined}
          onDone={rewound}
          onClose={() => {
            setRewinding(undefined);
          }}
        />
      ) : null}
    </SenderContext.Provider>
  );
}

function Now({ feed, ...rest }: { feed: OpenFeed } & Omit<Parameters<typeof StatusLine>[0], "transcript">) {
  const { transcript } = useFeedState(feed);
  return <StatusLine transcript={transcript} {...rest} />;
}

/** From here Tab leads to the next question, and its keys are heard. */
function focusConversation() {
  document.querySelector<HTMLElement>(".conversation-scroll")?.focus();
}

function isMessage(item: Item): boolean {
  return item.kind === "user" || item.kind === "assistant";
}

type CommandChoices = Parameters<CommandReach["onChoices"]>[0];

/** Says that a project brings commands which wait for trust, and leads to where they are shown. */
function Trust({ projectId }: { projectId: string | undefined }) {
  const list = useRequest("command.list", projectId ? { project_id: projectId } : undefined);
  const [dismissed, setDismissed] = useState<string | undefined>(undefined);
  if (!projectId || !list.data?.waiting || dismissed === projectId) return null;
  return (
    <div className="status-line" role="status">
      <span className="truncate">{t.talk.command.untrusted}</span>
      <span className="grow" />
      <Button
        small
        onClick={() => {
          place.set({ view: "trust" });
        }}
      >
        {t.talk.command.trust}
      </Button>
      <Button
        small
        look="ghost"
        onClick={() => {
          setDismissed(projectId);
        }}
      >
        {t.common.close}
      </Button>
    </div>
  );
}
