// What follows from where the person is: the window's title, the project that belongs to a session.

import { useEffect } from "react";
import { useStore } from "../components/store";
import { sessionName } from "../features/sessions/SessionList";
import { t } from "../i18n";
import type { Project } from "../protocol/generated/Project";
import type { Session } from "../protocol/generated/Session";
import { habits, learnSessions, place } from "./place";

export function useWhereabouts(known: {
  session: Session | undefined;
  sessions: readonly Session[] | undefined;
  project: Project | undefined;
  projects: readonly Project[] | undefined;
}): void {
  const { session, sessions, project, projects } = known;
  const { projectId, sessionId } = useStore(place);
  const { projectChosen } = useStore(habits);
  useEffect(() => {
    if (sessions) learnSessions(sessions);
  }, [sessions]);
  // Several windows are told apart by it.
  const title = [session ? sessionName(session) : "", project?.name, t.app.name].filter(Boolean).join(" – ");
  useEffect(() => {
    document.title = title;
  }, [title]);
  // A session that was opened by its address brings its project along.
  const itsProject = session?.id === sessionId ? session?.project_id : undefined;
  useEffect(() => {
    if (itsProject) place.set({ projectId: itsProject });
  }, [itsProject]);
  // Where nobody has chosen yet, the project that was worked in last is at hand.
  const newest = projects?.find((one) => one.exists)?.id;
  const nothingChosen = !projectChosen && !projectId && !sessionId;
  useEffect(() => {
    if (nothingChosen && newest) place.set({ projectId: newest });
  }, [nothingChosen, newest]);
}
