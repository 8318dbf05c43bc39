import { ChevronsUpDown, FolderOpen, FolderPlus, FolderX, Pencil } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "../../components/Menu";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { Project } from "../../protocol/generated/Project";
import { useClient, useRequest } from "../../protocol/queries";
import { ProjectDialog } from "./ProjectDialog";

export function ProjectSwitcher(props: {
  current: string | undefined;
  onSelect: (project: Project | undefined) => void;
  onOpen: () => void;
  onRemove: (project: Project) => void;
}) {
  const list = useRequest("project.list", {});
  const projects = list.data?.projects ?? [];
  const project = projects.find((one) => one.id === props.current);
  const [asking, setAsking] = useState<{ project: Project | undefined } | undefined>(undefined);
  return (
    <>
      <Menu
        label={t.projects.title}
        trigger={
          <Button look="ghost" className="project-switch" aria-label={`${t.projects.title}: ${project?.name ?? t.projects.none}`}>
            {project && !project.exists ? (
              <FolderX size={14} className="warn" aria-hidden="true" />
            ) : (
              <FolderOpen size={14} aria-hidden="true" />
            )}
            <span className="truncate grow">{project?.name ?? t.projects.none}</span>
            <ChevronsUpDown size={13} className="quiet" aria-hidden="true" />
          </Button>
        }
      >
        {projects.length > 0 ? <MenuLabel>{t.projects.recent}</MenuLabel> : null}
        <MenuChoice
          value={props.current ?? ""}
          onChange={(id) => {
            props.onSelect(projects.find((one) => one.id === id));
          }}
          options={[
            ...projects.map((one) => ({
              value: one.id,
              label: one.name,
              detail: one.exists ? one.path : `${t.projects.missing}: ${one.path}`,
            })),
            { value: "", label: t.projects.none },
          ]}
        />
        <MenuLine />
        <MenuItem icon={<FolderOpen size={14} />} onSelect={props.onOpen} keys="mod+o">
          {t.projects.open}
        </MenuItem>
        <MenuItem
          icon={<FolderPlus size={14} />}
          onSelect={() => {
            setAsking({ project: undefined });
          }}
        >
          {t.projects.create}
        </MenuItem>
        {project ? (
          <MenuItem
            icon={<Pencil size={14} />}
            onSelect={() => {
              setAsking({ project });
            }}
          >
            {t.projects.rename}
          </MenuItem>
        ) : null}
        {project ? (
          <MenuItem
            icon={<FolderX size={14} />}
            onSelect={() => {
              props.onRemove(project);
            }}
          >
            {t.projects.remove}
          </MenuItem>
        ) : null}
      </Menu>
      {asking ? (
        <ProjectDialog
          project={asking.project}
          onClose={() => {
            setAsking(undefined);
          }}
          onDone={(done) => {
            const renamed = asking.project !== undefined;
            setAsking(undefined);
            if (!renamed) props.onSelect(done);
          }}
        />
      ) : null}
    </>
  );
}

/** The browser's way to open a folder: its path on the engine's machine. */
export function OpenFolderDialog(props: { onOpened: (project: Project) => void; onClose: () => void }) {
  return (
    <Dialog title={t.projects.openTitle} onClose={props.onClose}>
      <PathForm onOpened={props.onOpened} onCancel={props.onClose} />
    </Dialog>
  );
}

export function PathForm(props: { onOpened: (project: Project) => void; onCancel?: () => void }) {
  const client = useClient();
  const [path, setPath] = useState("");
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      props.onOpened(await client.call("project.open", { path: path.trim() }));
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="field"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label htmlFor="folder-path">{t.projects.path}</label>
      <div className="row-line">
        <input
          id="folder-path"
          className="input mono"
          value={path}
          placeholder={t.projects.pathExample}
          spellCheck={false}
          autoComplete="off"
          aria-describedby="folder-hint"
          onChange={(event) => {
            setPath(event.target.value);
          }}
        />
        <Button look="primary" type="submit" disabled={busy || !path.trim()}>
          {t.projects.openAction}
        </Button>
        {props.onCancel ? <Button onClick={props.onCancel}>{t.common.cancel}</Button> : null}
      </div>
      <p className="quiet" id="folder-hint">
        {t.projects.pathHint}
      </p>
      {failure ? <FailureCard failure={failure} /> : null}
    </form>
  );
}
