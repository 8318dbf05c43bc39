// Commits that answer a question, by words and meaning; each with what it changed, on a click.

import { ChevronDown, ChevronRight } from "lucide-react";
import { useId } from "react";
import { Button } from "../../components/Button";
import { DiffLines, Figures } from "../../components/Diff";
import { Said } from "../../components/Said";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { createStore, useStore } from "../../components/store";
import { t } from "../../i18n";
import { shortTime } from "../../i18n/format";
import type { CommitHit } from "../../protocol/generated/CommitHit";
import type { FileChange } from "../../protocol/generated/FileChange";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { Place, Reasons } from "./parts";

/** Lines of a message's body that are drawn. */
const BODY_LINES = 6;
/** Files whose lines are drawn; the others are named. */
const DRAWN_FILES = 30;

/** Whose change is shown; kept while the window lives. */
const open = createStore<{ hash: string | undefined }>({ hash: undefined });

export function Commits(props: { projectId: string; query: string; path: string; why: boolean; limit: number; links: CodeLinks; onAll?: () => void }) {
  const { projectId, query, links, onAll } = props;
  const words = t.code.commits;
  const id = useId();
  const found = useRequest("git.search", { project_id: projectId, query, path: props.path || undefined, limit: props.limit, explain: props.why });
  const hits = found.data?.hits ?? [];
  // Beside other results, a project without commits has nothing to say.
  if (onAll && found.data && hits.length === 0) return null;
  return (
    <section className="stack" aria-labelledby={id}>
      <div className="row-line">
        <h2 id={id} className="section-title grow">
          {words.title}
        </h2>
        {onAll ? (
          <Button small onClick={onAll}>
            {words.all}
          </Button>
        ) : null}
      </div>
      {onAll ? null : (
        <div className="code-notes secondary" role="status">
          {found.data?.notes?.map((note) => (
            <p key={note}>
              <Said text={note} />
            </p>
          ))}
        </div>
      )}
      {found.error ? <Failed asked={found} /> : null}
      {found.isPending ? <Waiting what={t.common.loading} /> : null}
      {found.data && hits.length === 0 ? <Empty title={words.none({ query })} /> : null}
      {hits.length > 0 ? (
        <ol className="code-hits">
          {hits.map((hit) => (
            <Hit key={hit.commit.hash} projectId={projectId} hit={hit} links={links} />
          ))}
        </ol>
      ) : null}
    </section>
  );
}

function Hit({ projectId, hit, links }: { projectId: string; hit: CommitHit; links: CodeLinks }) {
  const now = useNow(60_000);
  const { hash, subject, author, at } = hit.commit;
  const isOpen = useStore(open).hash === hash;
  const body = hit.body.split("\n").slice(0, BODY_LINES).join("\n");
  return (
    <li className="code-hit">
      <div className="row-line">
        <button
          type="button"
          className="code-commit row-line grow"
          aria-expanded={isOpen}
          onClick={() => {
            open.set({ hash: isOpen ? undefined : hash });
          }}
        >
          {isOpen ? <ChevronDown size={13} aria-hidden="true" /> : <ChevronRight size={13} aria-hidden="true" />}
          <span className="mono quiet">{hash.slice(0, 8)}</span>
          <strong className="truncate">{subject}</strong>
        </button>
        <span className="quiet truncate">{author}</span>
        <span className="quiet num">{shortTime(at, now)}</span>
      </div>
      {body ? <p className="code-commit-body secondary">{body}</p> : null}
      <Reasons reasons={hit.reasons} />
      {isOpen ? <Changes projectId={projectId} hash={hash} links={links} /> : null}
    </li>
  );
}

/** What the commit changed, file by file. */
function Changes({ projectId, hash, links }: { projectId: string; hash: string; links: CodeLinks }) {
  const words = t.code.commits;
  const changes = useRequest("git.changes", { project_id: projectId, target: "commit", base: undefined, commit: hash, path: undefined });
  if (changes.error) return <Failed asked={changes} />;
  if (!changes.data) return <Waiting what={t.common.loading} />;
  const { files, truncated } = changes.data;
  return (
    <div className="stack" role="group" aria-label={words.changed({ hash: hash.slice(0, 8) })}>
      {files.length === 0 ? <p className="quiet">{words.nothing}</p> : null}
      {files.slice(0, DRAWN_FILES).map((file) => (
        <File key={file.path} file={file} links={links} />
      ))}
      {files.length > DRAWN_FILES || truncated ? <p className="quiet">{words.more({ count: Math.max(0, files.length - DRAWN_FILES) })}</p> : null}
    </div>
  );
}

function File({ file, links }: { file: FileChange; links: CodeLinks }) {
  return (
    <div>
      <div className="row-line">
        <Place path={file.path} line={file.hunks[0]?.new_start ?? 1} onOpen={links.openFile} />
        <Figures additions={file.additions} deletions={file.deletions} />
      </div>
      {file.hunks.map((hunk) => (
        <DiffLines key={hunk.id} lines={hunk.lines} before={hunk.old_start} after={hunk.new_start} label={t.changes.label({ path: file.path })} />
      ))}
    </div>
  );
}
