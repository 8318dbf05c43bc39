// A new project, or another name for this one.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { Project } from "../../protocol/generated/Project";
import { useClient } from "../../protocol/queries";

/** Without `project` it makes one: a folder that is not there yet, or an empty one. */
export function ProjectDialog(props: { project: Project | undefined; onDone: (project: Project) => void; onClose: () => void }) {
  const client = useClient();
  const { project } = props;
  const words = t.projects;
  const [name, setName] = useState(project?.name ?? "");
  const [path, setPath] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const save = async () => {
    if (!name.trim() || busy) return;
    setBusy(true);
    setFailure(undefined);
    try {
      props.onDone(
        project
          ? await client.call("project.update", { project_id: project.id, name: name.trim() })
          : await client.call("project.create", { name: name.trim(), path: path.trim() || undefined }),
      );
    } catch (error) {
      setFailure(asFailure(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={project ? words.renameTitle : words.createTitle} onClose={props.onClose}>
      <form
        className="field"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label htmlFor="project-name">{words.createName}</label>
        <input
          id="project-name"
          className="input"
          value={name}
          onChange={(event) => {
            setName(event.target.value);
          }}
        />
        {project ? null : (
          <>
            <label htmlFor="project-path">{words.path}</label>
            <input
              id="project-path"
              className="input mono"
              value={path}
              spellCheck={false}
              autoComplete="off"
              placeholder={words.createPathExample}
              onChange={(event) => {
                setPath(event.target.value);
              }}
            />
            <p className="quiet">{words.createPathHint}</p>
          </>
        )}
        {failure ? <FailureCard failure={failure} /> : null}
        <div className="dialog-actions">
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button look="primary" type="submit" disabled={busy || !name.trim()}>
            {project ? t.common.save : words.createAction}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
