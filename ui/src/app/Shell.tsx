// The frame: sidebar, the middle, the inspector; and what ties them together.

import { PanelLeft, PanelRight } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button, IconButton } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Waiting } from "../components/states";
import { Splitter } from "../components/Splitter";
import { useStore } from "../components/store";
import { useToasts } from "../components/toasts";
import type { ComposerHandle, Outgoing } from "../features/chat/Composer";
import { useFeed } from "../features/chat/feed";
import type { ConversationActions } from "../features/chat/rows";
import { runningOperation } from "../features/chat/transcript";
import { HealthView } from "../features/health/HealthView";
import { chooseFolder } from "../features/projects/folder";
import { OpenFolderDialog, PathForm } from "../features/projects/ProjectSwitcher";
import { SearchView } from "../features/search/SearchView";
import { RenameDialog } from "../features/sessions/RenameDialog";
import { sessionName } from "../features/sessions/SessionList";
import { LocalServers } from "../features/settings/LocalServers";
import { SettingsView } from "../features/settings/SettingsView";
import { Welcome } from "../features/welcome/Welcome";
import { t } from "../i18n";
import { speak } from "../i18n/language";
import { asFailure } from "../protocol/client";
import type { DemoStarted } from "../protocol/generated/DemoStarted";
import type { Project } from "../protocol/generated/Project";
import type { Session } from "../protocol/generated/Session";
import type { Tier } from "../protocol/generated/Tier";
import { useClient, useRequest, useStatus } from "../protocol/queries";
import { useSaved } from "../protocol/saved";
import { saveLook } from "../protocol/savedLook";
import { onHandedOver, openWindow, tellProject, type DeepLink } from "../protocol/window";
import { actionFor, isEnabled, keysOf, type Action } from "./actions";
import { play } from "./attention";
import { ConnectionLine } from "./Connection";
import { Inspector } from "./Inspector";
import { bound, readOverrides } from "./keys";
import { Palette } from "./Palette";
import { ReviewPane } from "./ReviewPane";
import { habits, learnSessions, markSeen, panes, place, type InspectorTab } from "./place";
import { saveFile } from "./save";
import { Shortcuts } from "./Shortcuts";
import { ShortcutsPage } from "./ShortcutsPage";
import { Sidebar } from "./Sidebar";
import { actionList } from "./actionList";
import { Talk } from "./Talk";
import { useMedia } from "./useMedia";
import { useSessionActions } from "./useSessionActions";
import { useSettingsFollowed } from "./useSettingsFollowed";

const BudgetView = lazy(() => import("../features/budget/BudgetView"));
const RouterPage = lazy(() => import("../features/router/RouterPage"));
const TrustView = lazy(() => import("../features/trust/TrustView"));

type DialogKind = { kind: "palette" | "shortcuts" | "folder" } | { kind: "rename"; session: Session } | { kind: "link"; path: string };

/** What is selected around a conversation; another conversation starts afresh. */
interface Focus {
  sessionId: string | undefined;
  drawer?: "sidebar" | "inspector" | undefined;
  selected?: string | undefined;
  openFile?: string | undefined;
  openLine?: number | undefined;
  openJob?: string | undefined;
}

/** Reaches the message field, whichever is mounted now. */
class FieldLink {
  private handle: ComposerHandle | undefined;

  readonly link = (handle: ComposerHandle | undefined): void => {
    this.handle = handle;
  };

  focus(): void {
    this.handle?.focus();
  }

  insert(text: string): void {
    this.handle?.insert(text);
  }

  readonly set: ComposerHandle["set"] = (text, along) => {
    this.handle?.set(text, along);
  };
}

export function Shell() {
  const client = useClient();
  const toasts = useToasts();
  const where = useStore(place);
  const layout = useStore(panes);
  const habit = useStore(habits);
  const saved = useSaved();
  const status = useStatus();
  useSettingsFollowed(saved);
  const noInspector = useMedia("(max-width: 899px)");
  const noSidebar = useMedia("(max-width: 639px)");
  const { sessionId } = where;
  const [focus, setFocus] = useState<Focus>({ sessionId });
  const here = focus.sessionId === sessionId ? focus : { sessionId };
  const { drawer, selected, openFile, openLine, openJob } = here;
  const change = useCallback(
    (part: Omit<Focus, "sessionId">) => {
      setFocus((now) => (now.sessionId === sessionId ? { ...now, ...part } : { sessionId, ...part }));
    },
    [sessionId],
  );
  const [dialog, setDialog] = useState<DialogKind | undefined>(undefined);
  const [jump, setJump] = useState<{ seq: number; sessionId: string } | undefined>(undefined);
  const [demoNote, setDemoNote] = useState<{ sessionId: string; note: string } | undefined>(undefined);
  const [field] = useState(() => new FieldLink());
  /** The session whose words are looked for; an empty name for one that has not begun. */
  const [finding, setFinding] = useState<string | undefined>(undefined);
  const openShortcuts = useCallback(() => {
    setDialog({ kind: "shortcuts" });
  }, []);

  const showDrawer = useCallback(
    (kind: Focus["drawer"]) => {
      change({ drawer: kind });
    },
    [change],
  );

  const feed = useFeed(sessionId);
  const { transcript } = feed;
  const session = useRequest("session.get", sessionId ? { session_id: sessionId } : undefined).data;
  const projectId = session ? (session.project_id ?? undefined) : where.projectId;
  const project = useRequest("project.list", {}).data?.projects.find((one) => one.id === projectId);
  const providers = useRequest("provider.list", {}).data;
  const sessions = useRequest("session.list", {
    project_id: where.projectId,
    search: undefined,
    deleted: false,
    limit: 100,
  }).data?.sessions;
  const running = runningOperation(transcript);

  useEffect(() => {
    if (sessions) learnSessions(sessions);
  }, [sessions]);
  useEffect(() => {
    if (sessionId && transcript.lastSeq > 0) markSeen(sessionId, transcript.lastSeq);
  }, [sessionId, transcript.lastSeq]);
  useEffect(() => {
    document.title = session ? `${sessionName(session)} – ${t.app.name}` : t.app.name;
  }, [session]);

  const attempt = useCallback(
    (work: () => Promise<void>) => {
      work().catch((error: unknown) => {
        const failure = asFailure(error);
        toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
      });
    },
    [toasts],
  );

  const showTab = useCallback(
    (tab: InspectorTab) => {
      place.set({ view: "chat" });
      panes.set({ tab });
      if (noInspector) showDrawer("inspector");
      else panes.set({ inspector: true });
      requestAnimationFrame(() => {
        const panel = document.getElementById("inspector-panel");
        (panel?.querySelector<HTMLElement>("[data-autofocus]") ?? panel)?.focus();
      });
    },
    [noInspector, showDrawer],
  );

  const showFile = useCallback(
    (path: string | undefined, line?: number) => {
      change({ openFile: path, openLine: line });
      if (path) showTab("files");
    },
    [change, showTab],
  );

  const rename = useCallback((one: Session) => {
    setDialog({ kind: "rename", session: one });
  }, []);
  const sessionActions = useSessionActions(rename);

  const newSession = useCallback(() => {
    place.set({ view: "chat", sessionId: undefined });
    requestAnimationFrame(() => field.focus());
  }, [field]);

  const openProject = useCallback((opened: Project | undefined) => {
    setDialog(undefined);
    habits.set({ welcomed: true, modelChosen: true });
    place.set({ view: "chat", projectId: opened?.id, sessionId: undefined });
    requestAnimationFrame(() => field.focus());
  }, [field]);

  const openLink = useCallback(
    (link: DeepLink) => {
      attempt(async () => {
        if (link.kind === "broken") toasts.fail(t.links.broken);
        else if (link.kind === "open") setDialog({ kind: "link", path: link.path });
        else {
          const named = await client.call("session.get", { session_id: link.session_id }).catch(() => undefined);
          if (!named || named.deleted) toasts.fail(t.links.noSession);
          else {
            habits.set({ welcomed: true });
            place.set({ view: "chat", projectId: named.project_id ?? undefined, sessionId: named.id });
          }
        }
      });
    },
    [attempt, client, toasts],
  );

  const runAction = useRef<(id: string) => void>(() => undefined);
  useEffect(() => {
    if (client.kind !== "window") return undefined;
    return onHandedOver({
      project: (projectId) => {
        attempt(async () => {
          openProject(await client.call("project.get", { project_id: projectId }));
        });
      },
      link: openLink,
      action: (id) => {
        runAction.current(id);
      },
    });
  }, [attempt, client, openProject, openLink]);
  useEffect(() => {
    if (client.kind === "window") tellProject(projectId);
  }, [client, projectId]);

  const openFolder = useCallback(() => {
    if (client.kind !== "window") {
      setDialog({ kind: "folder" });
      return;
    }
    attempt(async () => {
      const path = await chooseFolder(t.projects.openTitle);
      if (path) openProject(await client.call("project.open", { path }));
    });
  }, [attempt, client, openProject]);

  const openDemo = useCallback((demo: DemoStarted) => {
    habits.set({ welcomed: true });
    setDemoNote({ sessionId: demo.session_id, note: demo.note });
    place.set({ view: "chat", projectId: demo.project.id, sessionId: demo.session_id });
  }, []);

  const openLimits = useCallback(() => {
    place.set({ view: "budget" });
  }, []);

  const turn = useCallback(
    (direction: "undo" | "redo", operationId: string | undefined, paths: string[] = []) => {
      attempt(async () => {
        const report = await client.call(`operation.${direction}`, {
          ...(operationId ? { operation_id: operationId } : { session_id: sessionId }),
          ...(paths.length > 0 ? { paths } : {}),
        });
        if (report.conflicts.length > 0) {
          change({ selected: report.operation_id });
          showTab("changes");
          const names = report.conflicts.map((conflict) => `${conflict.path}: ${conflict.reason}`).join(" ");
          toasts.fail(`${t.changes.conflictTitle}. ${names}`);
          return;
        }
        const count = report.paths.length;
        if (count === 0) toasts.say(direction === "undo" ? t.actions.nothingToUndo : t.actions.nothingToRedo);
        else toasts.say(direction === "undo" ? t.changes.undoDone({ count }) : t.changes.redoDone({ count }));
      });
    },
    [attempt, client, sessionId, showTab, toasts, change],
  );

  const turnPaths = useCallback(
    (direction: "undo" | "redo", paths: string[]) => {
      turn(direction, undefined, paths);
    },
    [turn],
  );

  const resume = useCallback(
    (operationId: string) => {
      attempt(async () => {
        await client.call("operation.resume", { operation_id: operationId });
      });
    },
    [attempt, client],
  );

  const cancel = useCallback(
    (operationId: string) => {
      attempt(async () => {
        await client.call("operation.cancel", { operation_id: operationId });
      });
    },
    [attempt, client],
  );

  const exportScenario = useCallback(
    (operationId: string) => {
      attempt(async () => {
        const file = await client.call("operation.export", { operation_id: operationId });
        saveFile(file.file_name, file.yaml, "application/yaml");
        toasts.say(t.sessions.exported({ file: file.file_name }));
      });
    },
    [attempt, client, toasts],
  );

  const fork = useCallback(
    (upToSeq: number) => {
      if (!sessionId) return;
      attempt(async () => {
        if (upToSeq < 1) {
          newSession();
        } else {
          const copy = await client.call("session.fork", { session_id: sessionId, up_to_seq: upToSeq });
          place.set({ view: "chat", sessionId: copy.id });
          toasts.say(t.sessions.forked);
        }
      });
    },
    [attempt, client, newSession, sessionId, toasts],
  );

  const askAgain = useCallback(
    async (seq: number, what: { content?: string; tier?: Tier }) => {
      if (!sessionId) return;
      try {
        const started = await client.call("operation.again", { session_id: sessionId, seq, ...what });
        place.set({ view: "chat", sessionId: started.session_id });
        toasts.say(t.talk.againDone);
      } catch (error) {
        const failure = asFailure(error);
        toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
        throw error;
      }
    },
    [client, sessionId, toasts],
  );

  const conversationActions = useMemo<ConversationActions>(
    () => ({
      undo: (id) => {
        turn("undo", id);
      },
      redo: (id) => {
        turn("redo", id);
      },
      review: (id) => {
        change({ selected: id });
        showTab("changes");
      },
      resume,
      continueOn: (id, tier) => {
        attempt(async () => {
          await client.call("operation.resume", { operation_id: id, tier });
        });
      },
      exportScenario,
      fork,
      askAgain,
      openFile: (path) => {
        change({ openFile: path });
        showTab("files");
      },
      openSettings: () => {
        place.set({ view: "settings", settingsTab: "models" });
      },
      openReceipt: (id) => {
        change({ selected: id });
        showTab("context");
      },
      openJob: (id) => {
        change({ openJob: id });
        showTab("activity");
      },
    }),
    [askAgain, attempt, client, exportScenario, fork, resume, showTab, turn, change],
  );

  const send = useCallback(
    async (message: Outgoing) => {
      try {
        const started = await client.call("operation.start", {
          content: message.content,
          attachments: message.attachments,
          mentions: message.mentions,
          session_id: sessionId,
          project_id: projectId,
          access: habit.access,
          approve: "ask",
          tier: habit.tier,
          model: habit.model,
        });
        if (!sessionId) place.set({ view: "chat", sessionId: started.session_id });
        change({ selected: undefined });
      } catch (error) {
        const failure = asFailure(error);
        toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
        throw error;
      }
    },
    [client, habit.access, habit.model, habit.tier, projectId, sessionId, toasts, change],
  );

  const toggleSidebar = () => {
    if (noSidebar) showDrawer(drawer === "sidebar" ? undefined : "sidebar");
    else panes.set({ sidebar: !layout.sidebar });
  };
  const toggleInspector = () => {
    if (noInspector) showDrawer(drawer === "inspector" ? undefined : "inspector");
    else panes.set({ inspector: !layout.inspector });
  };
  const neighbour = (step: 1 | -1) => {
    const list = sessions ?? [];
    const at = list.findIndex((one) => one.id === sessionId);
    const next = list[Math.min(list.length - 1, Math.max(0, at + step))];
    if (next) place.set({ view: "chat", sessionId: next.id });
  };

  const usual: Action[] = actionList({
    session,
    running: running !== undefined,
    resumable: session?.resumable_operation_id ?? undefined,
    lastOperation: [...transcript.operations.keys()].at(-1),
    sessionActions,
    newSession,
    openFolder,
    openPalette: () => {
      setDialog({ kind: "palette" });
    },
    openShortcuts,
    find: () => {
      place.set({ view: "chat" });
      setFinding(sessionId ?? "");
      requestAnimationFrame(() => document.getElementById("find-words")?.focus());
    },
    toggleSidebar,
    toggleInspector,
    showTab,
    focusMessage: () => {
      place.set({ view: "chat" });
      requestAnimationFrame(() => field.focus());
    },
    stop: () => {
      if (running) cancel(running.id);
    },
    undo: () => {
      turn("undo", undefined);
    },
    redo: () => {
      turn("redo", undefined);
    },
    resume,
    exportScenario,
    startDemo: () => {
      attempt(async () => {
        openDemo(await client.call("demo.start", {}));
      });
    },
    neighbour,
    saveLook: (part) => {
      attempt(() => saveLook(saved, part));
    },
    saveLanguage: (language) => {
      attempt(async () => {
        await saved.save("MIRA_LANGUAGE", language);
        await speak(language);
      });
    },
    undoSetting: saved.undoable
      ? () => {
          attempt(async () => {
            const name = await saved.undo();
            if (name) toasts.say(t.settings.undone({ name }));
          });
        }
      : undefined,
    openSettings: () => {
      place.set({ view: "settings" });
    },
    openLimits,
    openWindow:
      client.kind === "window" && projectId
        ? () => {
            attempt(() => openWindow(projectId));
          }
        : undefined,
    reconnect:
      status.state === "reconnecting"
        ? () => {
            client.retry();
          }
        : undefined,
  });
  const actions = bound(usual, readOverrides(saved.of("MIRA_SHORTCUTS")?.value));
  useEffect(() => {
    runAction.current = (id) => {
      const action = actions.find((one) => one.id === id);
      if (action && isEnabled(action)) action.run();
    };
  });

  useKeys(actions, () => {
    if (dialog) return;
    if (drawer) showDrawer(undefined);
    else if (where.view !== "chat") place.set({ view: "chat" });
    else if (running && document.activeElement?.id === "message") cancel(running.id);
  });

  const welcome = where.view === "welcome" || (where.view === "chat" && !habit.welcomed && !sessionId);
  const showSidebar = noSidebar ? drawer === "sidebar" : layout.sidebar;
  const isChat = where.view === "chat" && !welcome;
  const showInspector = isChat && (noInspector ? drawer === "inspector" : layout.inspector);

  const sidebar = (
    <Sidebar
      drawer={noSidebar}
      actions={actions}
      currentSession={isChat ? sessionId : undefined}
      sessionActions={sessionActions}
      onProject={openProject}
      onOpenFolder={openFolder}
      onRemoveProject={(one) => {
        attempt(async () => {
          await client.call("project.remove", { project_id: one.id });
          place.set({ projectId: undefined, sessionId: undefined });
          toasts.say(t.projects.removed({ name: one.name }));
        });
      }}
    />
  );

  return (
    <div className="frame">
      <a className="hidden-text skip" href="#message" onClick={(event) => { event.preventDefault(); field.focus(); }}>
        {t.app.skip}
      </a>
      <ConnectionLine />
      <div className="panes">
        {showSidebar && !noSidebar ? (
          <>
            {sidebar}
            <Splitter
              label={t.app.resizeSidebar}
              pane="left"
              value={layout.sidebarWidth}
              min={200}
              max={400}
              onChange={(sidebarWidth) => {
                panes.set({ sidebarWidth });
              }}
              onCollapse={toggleSidebar}
            />
          </>
        ) : null}
        <main className="middle">
          {isChat || (showSidebar && !noSidebar) ? null : (
            <header className="pane-head">
              <IconButton small label={t.app.showSidebar} keys={keysOf(actions, "sidebar")} onClick={toggleSidebar}>
                <PanelLeft size={14} />
              </IconButton>
              {welcome ? null : (
                <Button
                  small
                  look="ghost"
                  onClick={() => {
                    place.set({ view: "chat" });
                  }}
                >
                  {t.common.back}
                </Button>
              )}
            </header>
          )}
          {welcome && !providers ? <Waiting what={t.connection.connecting} /> : null}
          {welcome && providers ? (
            <Welcome
              servers={
                <LocalServers
                  current={undefined}
                  onUsed={() => {
                    habits.set({ modelChosen: true });
                  }}
                />
              }
              pathForm={<PathForm onOpened={openProject} />}
              modelChosen={habit.modelChosen || (providers.ready && where.view !== "welcome")}
              onModelChosen={(modelChosen) => {
                habits.set({ modelChosen });
                if (!modelChosen) place.set({ view: "welcome" });
              }}
              onChooseFolder={client.kind === "window" ? openFolder : undefined}
              onProject={openProject}
              onDemo={openDemo}
            />
          ) : null}
          {where.view === "settings" ? (
            <SettingsView
              tab={where.settingsTab}
              onTab={(settingsTab) => {
                place.set({ settingsTab });
              }}
              shortcuts={<ShortcutsPage actions={usual} />}
              onPlay={client.kind === "window" ? () => undefined : play}
              router={
                <Suspense fallback={<Waiting what={t.common.loading} />}>
                  <RouterPage project={project} session={session} />
                </Suspense>
              }
            />
          ) : null}
          {where.view === "search" ? (
            <SearchView
              projectId={where.projectId}
              onOpen={(hit) => {
                place.set({ view: "chat", sessionId: hit.session_id });
                setJump({ seq: hit.seq, sessionId: hit.session_id });
              }}
            />
          ) : null}
          {where.view === "health" ? (
            <HealthView
              tab={where.healthTab}
              onTab={(healthTab) => {
                place.set({ healthTab });
              }}
            />
          ) : null}
          {where.view === "review" ? (
            <ReviewPane
              transcript={transcript}
              sessionId={sessionId}
              projectId={projectId}
              selected={selected}
              large
              onSelect={(operationId) => {
                change({ selected: operationId });
              }}
              onOpenFile={showFile}
            />
          ) : null}
          {where.view === "budget" ? (
            <Suspense fallback={<Waiting what={t.common.loading} />}>
              <BudgetView
                onSave={(name, content) => {
                  saveFile(name, content, name.endsWith(".json") ? "application/json" : "text/csv");
                }}
              />
            </Suspense>
          ) : null}
          {where.view === "trust" ? (
            <Suspense fallback={<Waiting what={t.common.loading} />}>
              <TrustView
                tab={where.trustTab}
                project={project}
                onTab={(trustTab) => {
                  place.set({ trustTab });
                }}
                onSession={(id) => {
                  place.set({ view: "chat", sessionId: id });
                }}
              />
            </Suspense>
          ) : null}
          {isChat ? (
            <>
              <header className="pane-head">
                {showSidebar && !noSidebar ? null : (
                  <IconButton small label={t.app.showSidebar} keys={keysOf(actions, "sidebar")} onClick={toggleSidebar}>
                    <PanelLeft size={14} />
                  </IconButton>
                )}
                <h1 className="truncate session-title">{session ? transcript.name || sessionName(session) : t.sessions.new}</h1>
                <span className="grow" />
                {project ? (
                  <span className="quiet truncate mono head-path" title={project.path}>
                    <bdi>{project.path}</bdi>
                  </span>
                ) : null}
                {showInspector && !noInspector ? null : (
                  <IconButton small label={t.app.showInspector} keys={keysOf(actions, "inspector")} onClick={toggleInspector}>
                    <PanelRight size={14} />
                  </IconButton>
                )}
              </header>
              {demoNote && demoNote.sessionId === sessionId ? (
                <p className="banner">
                  <strong>{t.demo.banner}</strong> {demoNote.note || t.demo.note}
                </p>
              ) : null}
              <Talk
                session={session}
                sessionId={sessionId}
                projectId={projectId}
                feed={feed}
                ready={providers?.ready ?? true}
                actions={actions}
                conversation={conversationActions}
                jump={jump?.sessionId === sessionId ? jump : undefined}
                finding={finding === (sessionId ?? "")}
                onFindingEnds={() => {
                  setFinding(undefined);
                  field.focus();
                }}
                onSend={send}
                onStop={cancel}
                onTurn={turnPaths}
                showTab={showTab}
                newSession={newSession}
                openShortcuts={openShortcuts}
                field={field}
              />
            </>
          ) : null}
        </main>
        {showInspector && !noInspector ? (
          <Splitter
            label={t.app.resizeInspector}
            pane="right"
            value={layout.inspectorWidth}
            min={300}
            max={900}
            onChange={(inspectorWidth) => {
              panes.set({ inspectorWidth });
            }}
            onCollapse={toggleInspector}
          />
        ) : null}
        {showInspector ? (
          <aside
            className={noInspector ? "inspector drawer right" : "inspector"}
            aria-label={t.app.inspector}
            style={{ width: noInspector ? undefined : layout.inspectorWidth }}
          >
            <Inspector
              transcript={transcript}
              sessionId={sessionId}
              projectId={projectId}
              tab={layout.tab}
              onTab={(tab) => {
                panes.set({ tab });
              }}
              selected={selected}
              onSelect={(operationId) => {
                change({ selected: operationId });
              }}
              openFile={openFile}
              openLine={openLine}
              onOpenFile={showFile}
              openJob={openJob}
              onMention={(path) => {
                showDrawer(undefined);
                field.insert(`@${path} `);
              }}
              onStop={cancel}
              onStep={(seq) => {
                showDrawer(undefined);
                if (sessionId) setJump({ seq, sessionId });
              }}
              onLimits={openLimits}
              onClose={toggleInspector}
              closeKeys={keysOf(actions, "inspector")}
            />
          </aside>
        ) : null}
        {showSidebar && noSidebar ? sidebar : null}
        {drawer ? (
          <button
            type="button"
            className="scrim"
            aria-label={t.common.close}
            onClick={() => {
              showDrawer(undefined);
            }}
          />
        ) : null}
      </div>
      {dialog?.kind === "palette" ? <Palette actions={actions} onClose={() => { setDialog(undefined); }} /> : null}
      {dialog?.kind === "shortcuts" ? (
        <Dialog title={t.actions.shortcuts} onClose={() => { setDialog(undefined); }}>
          <Shortcuts
            actions={actions}
            onEdit={() => {
              setDialog(undefined);
              place.set({ view: "settings", settingsTab: "shortcuts" });
            }}
          />
        </Dialog>
      ) : null}
      {dialog?.kind === "link" ? (
        <LinkDialog
          path={dialog.path}
          onClose={() => {
            setDialog(undefined);
          }}
          onOpen={() => {
            setDialog(undefined);
            attempt(async () => {
              openProject(await client.call("project.open", { path: dialog.path }));
            });
          }}
        />
      ) : null}
      {dialog?.kind === "folder" ? <OpenFolderDialog onOpened={openProject} onClose={() => { setDialog(undefined); }} /> : null}
      {dialog?.kind === "rename" ? (
        <RenameDialog
          name={dialog.session.name}
          onClose={() => { setDialog(undefined); }}
          onRename={(name) => {
            setDialog(undefined);
            attempt(async () => {
              await client.call("session.rename", { session_id: dialog.session.id, name });
            });
          }}
        />
      ) : null}
    </div>
  );
}

/** A link named a folder: nothing happens without a click. */
function LinkDialog(props: { path: string; onOpen: () => void; onClose: () => void }) {
  return (
    <Dialog
      title={t.links.title}
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button look="primary" onClick={props.onOpen}>
            {t.links.open}
          </Button>
        </>
      }
    >
      <p>{t.links.folder}</p>
      <p className="mono link-path">{props.path}</p>
      <p className="quiet">{t.links.hint}</p>
    </Dialog>
  );
}

/** Window-wide keys; Escape steps back. */
function useKeys(actions: readonly Action[], onEscape: () => void): void {
  const latest = useRef({ actions, onEscape });
  useEffect(() => {
    latest.current = { actions, onEscape };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") {
        if (!document.querySelector("[data-radix-popper-content-wrapper]")) latest.current.onEscape();
        return;
      }
      const action = actionFor(event, latest.current.actions);
      if (!action) return;
      event.preventDefault();
      action.run();
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
    };
  }, []);
}
