// What opens over the window and is answered before anything else: the palette, a folder, a name.

import { lazy, Suspense } from "react";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { OpenFolderDialog } from "../features/projects/ProjectSwitcher";
import { RenameDialog } from "../features/sessions/RenameDialog";
import { t } from "../i18n";
import type { Project } from "../protocol/generated/Project";
import type { Session } from "../protocol/generated/Session";
import { useClient } from "../protocol/queries";
import type { Action } from "./actions";
import { Palette } from "./Palette";
import { openElement, place } from "./place";
import { Shortcuts } from "./Shortcuts";
import { useAttempt } from "./useAttempt";

export type DialogKind = { kind: "palette" | "shortcuts" | "folder" | "files" | "symbols" } | { kind: "rename"; session: Session } | { kind: "link"; path: string };

const QuickOpen = lazy(() => import("../features/code/QuickOpen"));

export function Dialogs(props: { dialog: DialogKind | undefined; projectId: string | undefined; onFile: (path: string, line?: number) => void; actions: readonly Action[]; onProject: (project: Project) => void; onClose: () => void }) {
  const { dialog, onClose } = props;
  const client = useClient();
  const { attempt } = useAttempt();
  switch (dialog?.kind) {
    case undefined:
      return null;
    case "palette":
      return <Palette actions={props.actions} onClose={onClose} />;
    case "files":
    case "symbols":
      return props.projectId === undefined ? null : (
        <Suspense fallback={null}>
          <QuickOpen what={dialog.kind} projectId={props.projectId} onFile={props.onFile} onElement={openElement} onClose={onClose} />
        </Suspense>
      );
    case "shortcuts":
      return (
        <Dialog title={t.actions.shortcuts} onClose={onClose}>
          <Shortcuts
            actions={props.actions}
            onEdit={() => {
              onClose();
              place.set({ view: "settings", settingsTab: "shortcuts" });
            }}
          />
        </Dialog>
      );
    case "folder":
      return <OpenFolderDialog onOpened={props.onProject} onClose={onClose} />;
    case "link":
      return (
        <LinkDialog
          path={dialog.path}
          onClose={onClose}
          onOpen={() => {
            onClose();
            attempt(async () => {
              props.onProject(await client.call("project.open", { path: dialog.path }));
            });
          }}
        />
      );
    case "rename":
      return (
        <RenameDialog
          name={dialog.session.name}
          onClose={onClose}
          onRename={(name) => {
            onClose();
            attempt(() => client.call("session.rename", { session_id: dialog.session.id, name }));
          }}
        />
      );
  }
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
