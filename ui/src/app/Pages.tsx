// The whole views that take the place of a conversation.

import { lazy, Suspense } from "react";
import { Waiting } from "../components/states";
import { useStore } from "../components/store";
import type { OpenFeed } from "../features/chat/feed";
import { useSteps } from "../features/chat/feed";
import { HealthView } from "../features/health/HealthView";
import { SearchView } from "../features/search/SearchView";
import { SettingsView } from "../features/settings/SettingsView";
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
import { ShortcutsPage } from "./ShortcutsPage";

const BudgetView = lazy(() => import("../features/budget/BudgetView"));
const CodeView = lazy(() => import("../features/code/CodeView"));
const RouterPage = lazy(() => import("../features/router/RouterPage"));
const TrustView = lazy(() => import("../features/trust/TrustView"));

export function Pages(props: {
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
}) {
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
          onTab={(settingsTab) => {
            place.set({ settingsTab });
          }}
          shortcuts={<ShortcutsPage actions={props.actions} />}
          onPlay={client.kind === "window" ? () => undefined : play}
          router={
            <Suspense fallback={<Waiting what={t.common.loading} />}>
              <RouterPage project={project} session={session} />
            </Suspense>
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
        <Suspense fallback={<Waiting what={t.common.loading} />}>
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
        </Suspense>
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
        <Suspense fallback={<Waiting what={t.common.loading} />}>
          <BudgetView
            onSave={(name, content) => {
              saveFile(name, content, name.endsWith(".json") ? "application/json" : "text/csv");
            }}
          />
        </Suspense>
      );
    case "trust":
      return (
        <Suspense fallback={<Waiting what={t.common.loading} />}>
          <TrustView
            tab={where.trustTab}
            project={project}
            onTab={(trustTab) => {
              place.set({ trustTab });
            }}
            onSession={openSession}
          />
        </Suspense>
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
