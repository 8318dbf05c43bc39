// The whole views that take the place of a conversation.

import { lazy, Suspense, type ReactNode } from "react";
import { Waiting } from "../components/states";
import { useStore } from "../components/store";
import { ToastPlace } from "../components/toasts";
import type { OpenFeed } from "../features/chat/feed";
import { useSteps } from "../features/chat/feed";
import { t } from "../i18n";
import type { Project } from "../protocol/generated/Project";
import type { Session } from "../protocol/generated/Session";
import { useClient } from "../protocol/queries";
import type { Action } from "./actions";
import { play } from "./attention";
import type { Focused } from "./focus";
import { openElement, place } from "./place";
import { ReviewPane } from "./ReviewPane";
import { saveFile } from "./save";
import { Arrived } from "./whence";

const BudgetView = lazy(() => import("../features/budget/BudgetView"));
const CodeView = lazy(() => import("../features/code/CodeView"));
const HealthView = lazy(async () => ({ default: (await import("../features/health/HealthView")).HealthView }));
const RouterPage = lazy(() => import("../features/router/RouterPage"));
const SearchView = lazy(async () => ({ default: (await import("../features/search/SearchView")).SearchView }));
const SettingsView = lazy(async () => ({ default: (await import("../features/settings/SettingsView")).SettingsView }));
const ShortcutsPage = lazy(async () => ({ default: (await import("./ShortcutsPage")).ShortcutsPage }));
const TrustView = lazy(() => import("../features/trust/TrustView"));

interface PagesProps {
  feed: OpenFeed;
  session: Session | undefined;
  project: Project | undefined;
  projectId: string | undefined;
  focus: Focused;
  /** With the keys that they have by themselves. */
  actions: readonly Action[];
  onJump: (jump: { seq: number; sessionId: string }) => void;
  onOpenFolder: () => void;
  onFindSymbol: () => void;
}

/** Each page is loaded when it is first shown. */
export function Pages(props: PagesProps) {
  const { view, settingsTab, healthTab, trustTab, codeTab, element } = useStore(place);
  const isPage = view !== "chat" && view !== "welcome";
  return (
    <>
      <Loaded>
        <Page {...props} />
        {isPage ? <Arrived key={[view, settingsTab, healthTab, trustTab, codeTab, element].join(" ")} /> : null}
      </Loaded>
      {isPage && view !== "review" ? <ToastPlace low /> : null}
    </>
  );
}

function Loaded({ children }: { children: ReactNode }) {
  return <Suspense fallback={<Waiting what={t.common.loading} />}>{children}</Suspense>;
}

function Page(props: PagesProps) {
  const { session, project } = props;
  const client = useClient();
  const where = useStore(place);
  const openSession = (sessionId: string) => {
    place.set({ view: "chat", sessionId });
  };
  switch (where.view) {
    case "chat":
    case "welcome":
      return null;
    case "settings":
      return (
        <SettingsView
          tab={where.settingsTab}
          project={project}
          onTab={(settingsTab) => {
            place.set({ settingsTab });
          }}
          shortcuts={
            <Loaded>
              <ShortcutsPage actions={props.actions} />
            </Loaded>
          }
          onPlay={client.kind === "window" ? () => undefined : play}
          router={
            <Loaded>
              <RouterPage project={project} session={session} />
            </Loaded>
          }
        />
      );
    case "search":
      return (
        <SearchView
          projectId={where.projectId}
          onOpen={(hit) => {
            openSession(hit.session_id);
            props.onJump({ seq: hit.seq, sessionId: hit.session_id });
          }}
        />
      );
    case "code":
      return (
        <CodeView
          tab={where.codeTab}
          project={project}
          element={where.element}
          links={{ openElement, openFile: props.focus.showFile }}
          onTab={(codeTab) => {
            place.set({ codeTab });
          }}
          onOpenFolder={props.onOpenFolder}
          onFindSymbol={props.onFindSymbol}
        />
      );
    case "health":
      return (
        <HealthView
          tab={where.healthTab}
          onTab={(healthTab) => {
            place.set({ healthTab });
          }}
        />
      );
    case "review":
      return <LargeReview feed={props.feed} sessionId={where.sessionId} projectId={props.projectId} focus={props.focus} />;
    case "budget":
      return (
        <BudgetView
          onSave={(name, content) => {
            saveFile(name, content, name.endsWith(".json") ? "application/json" : "text/csv");
          }}
        />
      );
    case "trust":
      return (
        <TrustView
          tab={where.trustTab}
          project={project}
          onTab={(trustTab) => {
            place.set({ trustTab });
          }}
          onSession={openSession}
        />
      );
  }
}

function LargeReview(props: { feed: OpenFeed; sessionId: string | undefined; projectId: string | undefined; focus: Focused }) {
  const { focus } = props;
  const transcript = useSteps(props.feed);
  return (
    <ReviewPane
      transcript={transcript}
      sessionId={props.sessionId}
      projectId={props.projectId}
      selected={focus.selected}
      large
      onSelect={(selected) => {
        focus.change({ selected });
      }}
      onOpenFile={focus.showFile}
    />
  );
}
