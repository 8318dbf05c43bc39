// Where work goes: the branch that is checked out, else the folder.

import { GitBranch } from "lucide-react";
import { t } from "../i18n";
import type { Project } from "../protocol/generated/Project";
import { useRequest } from "../protocol/queries";

export function Whereabouts({ project }: { project: Project }) {
  const git = useRequest("git.status", project.is_git ? { project_id: project.id } : undefined).data;
  const branch = git?.is_repo ? git.branch : undefined;
  const changed = git?.changed.length ?? 0;
  return branch ? (
    <span className="quiet row-line head-path" title={`${project.path}\n${t.app.uncommitted({ changed })}`}>
      <GitBranch size={13} aria-hidden="true" />
      <span className="truncate">
        <span className="hidden-text">{t.app.branch} </span>
        <bdi>{branch}</bdi>
      </span>
      {changed > 0 ? (
        <>
          <span className="num" aria-hidden="true">
            ±{changed}
          </span>
          <span className="hidden-text">{t.app.uncommitted({ changed })}</span>
        </>
      ) : null}
    </span>
  ) : (
    <span className="quiet truncate mono head-path" title={project.path}>
      <bdi>{project.path}</bdi>
    </span>
  );
}
