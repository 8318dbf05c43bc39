// The frame: sidebar, the middle, the inspector; and what ties them together.

import { useCallback, useEffect, useState } from "react";
import { Waiting } from "../components/states";
import { Splitter } from "../components/Splitter";
import { useStore } from "../components/store";
import { useToasts } from "../components/toasts";
import { useFeed, useFeedPart, type OpenFeed } from "../features/chat/feed";
import { runningOperation } from "../features/chat/transcript";
import { chooseFolder } from "../features/projects/folder";
import { PathForm } from "../features/projects/ProjectSwitcher";
import { sessionName } from "../features/sessions/SessionList";
import { LocalServers } from "../features/settings/LocalServers";
import { Welcome } from "../features/welcome/Welcome";
import { t } from "../i18n";
import type { DemoStarted } from "../protocol/generated/DemoStarted";
import type { Project } from "../protocol/generated/Project";
import type { Session } from "../protocol/generated/Session";
import { useClient, useRequest } from "../protocol/queries";
import { useSaved } from "../protocol/saved";
import { keysOf } from "./actions";
import { ConnectionLine } from "./Connection";
import { Dialogs, type DialogKind } from "./Dialogs";
import { FieldLink } from "./fieldLink";
import { useFocus } from "./focus";
import { ChatHead, PageHead } from "./Heads";
import { Inspector } from "./Inspector";
import { Pages } from "./Pages";
import { habits, markSeen, panes, place } from "./place";
import { Sidebar } from "./Sidebar";
import { Talk } from "./Talk";
import { useAttempt } from "./useAttempt";
import { useKeys } from "./useKeys";
import { useMedia } from "./useMedia";
import { useOperations } from "./useOperations";
import { useSessionActions } from "./useSessionActions";
import { useSettingsFollowed } from "./useSettingsFollowed";
import { focusPage, useDrawerKeys, useWhence } from "./whence";
import { useWhereabouts } from "./useWhereabouts";
import { useHandedOver, useWindowActions } from "./useWindowActions";

/** In pixels, beside both sides: a conversation reads badly in less, and a diff too. */
const LEAST_MIDDLE = 420;
const LEAST_INSPECTOR = 360;

const openLimits = () => {
  place.set({ view: "budget" });
};

export function Shell() {
  const client = useClient();
  const toasts = useToasts();
  const { attempt } = useAttempt();
  const where = useStore(place);
  const layout = useStore(panes);
  const habit = useStore(habits);
  const saved = useSaved();
  useSettingsFollowed(saved);
  const sidebarWidth = layout.sidebar ? layout.sidebarWidth : 0;
  const noInspector = useMedia(`(max-width: ${String(Math.max(900, sidebarWidth + LEAST_INSPECTOR + LEAST_MIDDLE) - 1)}px)`);
  const noSidebar = useMedia("(max-width: 639px)");
  const { sessionId } = where;
  const focus = useFocus(sessionId, noInspector);
  const { drawer, showDrawer, showTab } = focus;
  const [dialog, setDialog] = useState<DialogKind | undefined>(undefined);
  const [jump, setJump] = useState<{ seq: number; sessionId: string } | undefined>(undefined);
  const [demoNote, setDemoNote] = useState<{ sessionId: string; note: string } | undefined>(undefined);
  const [field] = useState(() => new FieldLink());
  /** The session whose words are looked for; an empty name for one that has not begun. */
  const [finding, setFinding] = useState<string | undefined>(undefined);

  const feed = useFeed(sessionId);
  const running = useFeedPart(feed, ({ transcript }) => runningOperation(transcript)?.id);
  const lastOperation = useFeedPart(feed, ({ transcript }) => [...transcript.operations.keys()].at(-1));
  const told = useFeedPart(feed, ({ transcript }) => transcript.name);
  const session = useRequest("session.get", sessionId ? { session_id: sessionId } : undefined).data;
  const projectId = session ? (session.project_id ?? undefined) : where.projectId;
  const projects = useRequest("project.list", {}).data?.projects;
  const project = projects?.find((one) => one.id === projectId);
  const providers = useRequest("provider.list", {}).data;
  const sessions = useRequest("session.list", { project_id: where.projectId, search: undefined, deleted: false, limit: 100 }).data?.sessions;

  useWhence(where.view, field);
  useWhereabouts({ session, sessions, project, projects });

  const newSession = useCallback(() => {
    place.set({ view: "chat", sessionId: undefined });
    requestAnimationFrame(() => field.focus());
  }, [field]);
  const openProject = useCallback(
    (opened: Project | undefined) => {
      setDialog(undefined);
      habits.set({ welcomed: true, modelChosen: true, projectChosen: true });
      place.set({ view: "chat", projectId: opened?.id, sessionId: undefined });
      requestAnimationFrame(() => field.focus());
    },
    [field],
  );
  const openSymbols = useCallback(() => {
    setDialog({ kind: "symbols" });
  }, []);
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
  const rename = useCallback((one: Session) => {
    setDialog({ kind: "rename", session: one });
  }, []);
  const openShortcuts = useCallback(() => {
    setDialog({ kind: "shortcuts" });
  }, []);
  const askForFolder = useCallback((path: string) => {
    setDialog({ kind: "link", path });
  }, []);
  const close = () => {
    setDialog(undefined);
  };

  const sessionActions = useSessionActions(rename);
  const operations = useOperations({ sessionId, projectId }, focus, newSession);
  const { cancel, turn } = operations;
  const turnPaths = useCallback(
    (direction: "undo" | "redo", paths: string[]) => {
      turn(direction, undefined, paths);
    },
    [turn],
  );
  const toggleSidebar = () => {
    if (noSidebar) showDrawer(drawer === "sidebar" ? undefined : "sidebar");
    else panes.set({ sidebar: !layout.sidebar });
  };
  const toggleInspector = () => {
    if (noInspector) showDrawer(drawer === "inspector" ? undefined : "inspector");
    else panes.set({ inspector: !layout.inspector });
  };
  const { actions, usual } = useWindowActions(
    {
      session,
      projectId,
      sessions: sessions ?? [],
      running: running !== undefined,
      lastOperation,
      sessionActions,
      newSession,
      openFolder,
      openPalette: () => {
        setDialog({ kind: "palette" });
      },
      hasProject: project !== undefined,
      openFiles: () => {
        setDialog({ kind: "files" });
      },
      openSymbols,
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
        if (running) cancel(running);
      },
      undo: () => {
        turn("undo", undefined);
      },
      redo: () => {
        turn("redo", undefined);
      },
      resume: operations.resume,
      exportScenario: operations.exportScenario,
      openDemo,
    },
    saved,
  );
  useHandedOver(actions, projectId, { openProject, askForFolder });
  useKeys(actions, () => {
    if (dialog) return;
    if (drawer) showDrawer(undefined);
    else if (where.view !== "chat") place.set({ view: "chat" });
    else if (document.activeElement?.id !== "message") field.focus();
    else if (running) cancel(running);
  });

  const welcome = where.view === "welcome" || (where.view === "chat" && !habit.welcomed && !sessionId);
  const showSidebar = noSidebar ? drawer === "sidebar" : layout.sidebar;
  const isChat = where.view === "chat" && !welcome;
  const showInspector = isChat && (noInspector ? drawer === "inspector" : layout.inspector);
  /** By a side that lies over the middle; one that is chosen may have no place to do so. */
  const covered = (showSidebar && noSidebar) || (showInspector && noInspector);
  useDrawerKeys(covered, field);

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
      <a className="hidden-text skip" href="#message" onClick={(event) => { event.preventDefault(); if (isChat) field.focus(); else focusPage(); }}>
        {isChat ? t.app.skip : t.app.skipToPage}
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
        <main className="middle" inert={covered}>
          {isChat || (showSidebar && !noSidebar) ? null : <PageHead sidebar={{ actions, onToggle: toggleSidebar }} canGoBack={!welcome} />}
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
          <Pages feed={feed} session={session} project={project} projectId={projectId} focus={focus} actions={usual} onJump={setJump} onOpenFolder={openFolder} onFindSymbol={openSymbols} />
          {isChat ? (
            <>
              <ChatHead
                title={session ? session.name || told || sessionName(session) : t.sessions.new}
                project={project}
                sidebar={showSidebar && !noSidebar ? undefined : { actions, onToggle: toggleSidebar }}
                inspector={showInspector && !noInspector ? undefined : { actions, onToggle: toggleInspector }}
              />
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
                conversation={operations.conversation}
                jump={jump?.sessionId === sessionId ? jump : undefined}
                finding={finding === (sessionId ?? "")}
                onFindingEnds={() => {
                  setFinding(undefined);
                  field.focus();
                }}
                onSend={operations.send}
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
            min={LEAST_INSPECTOR}
            max={() => Math.min(900, innerWidth - sidebarWidth - LEAST_MIDDLE)}
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
            style={{ width: noInspector ? undefined : `min(${String(Math.max(LEAST_INSPECTOR, layout.inspectorWidth))}px, 100vw - ${String(sidebarWidth + LEAST_MIDDLE)}px)` }}
          >
            <Inspector
              feed={feed}
              sessionId={sessionId}
              projectId={projectId}
              tab={layout.tab}
              onTab={(tab) => {
                panes.set({ tab });
              }}
              selected={focus.selected}
              onSelect={(operationId) => {
                focus.change({ selected: operationId });
              }}
              openFile={focus.openFile}
              openLine={focus.openLine}
              onOpenFile={focus.showFile}
              openJob={focus.openJob}
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
        {covered ? (
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
      <Dialogs dialog={dialog} projectId={projectId} onFile={focus.showFile} actions={actions} onProject={openProject} onClose={close} />
      <Seen feed={feed} sessionId={sessionId} />
    </div>
  );
}

/** Notes how far a session was seen, apart from the frame: it changes with each step. */
function Seen({ feed, sessionId }: { feed: OpenFeed; sessionId: string | undefined }) {
  const seq = useFeedPart(feed, ({ transcript }) => transcript.lastSeq);
  useEffect(() => {
    if (sessionId && seq > 0) markSeen(sessionId, seq);
  }, [sessionId, seq]);
  return null;
}
