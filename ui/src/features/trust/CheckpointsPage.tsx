// Checkpoints: what each step did to files, what keeping it takes, and letting it go.

import { History } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { bytes, fullTime, percent, shortTime, whole } from "../../i18n/format";
import type { CheckpointLine } from "../../protocol/generated/CheckpointLine";
import type { Project } from "../../protocol/generated/Project";
import type { Side } from "../../protocol/generated/Side";
import { useClient, useRequest } from "../../protocol/queries";
import { buttons, DataTable, figures, useAttempt, useSearch } from "./parts";

const PAGE = 50;
const DAYS = 30;

export function CheckpointsPage({ project, onSession }: { project: Project | undefined; onSession: (id: string) => void }) {
  const client = useClient();
  const attempt = useAttempt();
  const toasts = useToasts();
  const now = useNow(30_000);
  const words = t.trust.checkpoints;
  const { field, search } = useSearch(words.search);
  const [pruned, setPruned] = useState(false);
  const [limit, setLimit] = useState(PAGE);
  const list = useRequest("checkpoint.list", { project_id: project?.id, search, pruned, limit }, { keep: true });
  const usage = useRequest("checkpoint.usage", {});
  const refresh = async () => {
    await Promise.all([list.refetch(), usage.refetch()]);
  };
  const prune = (wanted: { checkpoint_ids?: number[]; older_than_days?: number }) => {
    attempt(async () => {
      const report = await client.call("checkpoint.prune", wanted);
      await refresh();
      const ids = report.checkpoints;
      if (ids.length === 0) {
        toasts.say(words.nothingToPrune);
        return;
      }
      toasts.say(words.prunedSome({ count: ids.length }), {
        label: t.common.undo,
        run: () => {
          attempt(() => client.call("checkpoint.unprune", { checkpoint_ids: ids }).then(refresh));
        },
      });
    });
  };
  const restore = (line: CheckpointLine, to: Side) => {
    attempt(async () => {
      const done = await client.call("checkpoint.restore", { checkpoint_id: line.checkpoint_id, to });
      await refresh();
      if (done.conflicts.length > 0) {
        toasts.fail(words.conflicts({ paths: done.conflicts.map((one) => one.path).join(", ") }));
        return;
      }
      const own = done.checkpoint_id;
      toasts.say(
        words.restored({ count: done.paths.length }),
        own
          ? {
              label: t.common.undo,
              run: () => {
                attempt(() => client.call("checkpoint.restore", { checkpoint_id: own, to: "before" }).then(refresh));
              },
            }
          : undefined,
      );
    });
  };
  if (list.error) return <Failed asked={list} />;
  if (!list.data) return <Waiting what={t.common.loading} />;
  const lines = list.data.checkpoints;
  return (
    <>
      {usage.data ? (
        <dl className="facts">
          <dt>{words.kept}</dt>
          <dd className="num">{words.keptIs({ checkpoints: usage.data.checkpoints, files: usage.data.files })}</dd>
          <dt>{words.onDisk}</dt>
          <dd className="num">{bytes(usage.data.disk_bytes)}</dd>
          <dt>{words.sharing}</dt>
          <dd className="num">
            {words.sharingIs({ logical: bytes(usage.data.logical_bytes), stored: bytes(usage.data.stored_bytes) })}
            {usage.data.logical_bytes > 0 ? ` (${percent(usage.data.stored_bytes / usage.data.logical_bytes)})` : ""}
          </dd>
          <dt>{words.limits}</dt>
          <dd className="num">
            {typeof usage.data.limit_days !== "number" ? t.common.none : words.days({ count: usage.data.limit_days })} ·{" "}
            {typeof usage.data.limit_bytes !== "number" ? t.common.none : bytes(usage.data.limit_bytes)}
          </dd>
        </dl>
      ) : null}
      <div className="row-line wrap">
        {field}
        <label className="row-line">
          <input
            type="checkbox"
            checked={pruned}
            onChange={(event) => {
              setPruned(event.target.checked);
            }}
          />
          {words.showPruned}
        </label>
        <span className="grow" />
        <Button
          small
          onClick={() => {
            prune({ older_than_days: DAYS });
          }}
        >
          {words.pruneOld({ days: DAYS })}
        </Button>
      </div>
      {lines.length === 0 ? (
        <Empty icon={<History size={22} className="quiet" aria-hidden="true" />} title={search ? t.trust.nothingFound : words.none}>
          {search ? null : words.noneHint}
        </Empty>
      ) : (
        <DataTable label={t.trust.tabs.checkpoints} heads={[words.at, words.what, words.files, figures(words.size), buttons()]}>
          {lines.map((line) => (
            <tr key={line.checkpoint_id}>
              <td className="when" title={fullTime(line.at)}>
                {shortTime(line.at, now)}
              </td>
              <td className="trust-wrap">
                <span className="badge">{words.kinds[line.kind]}</span> <span className="mono">{line.title}</span>
                <button
                  type="button"
                  className="trust-session quiet truncate"
                  title={`${words.session}: ${line.session_name}`}
                  onClick={() => {
                    onSession(line.session_id);
                  }}
                >
                  {line.session_name || t.trust.open}
                </button>
              </td>
              <td className="trust-wrap">
                <span className="num">{whole(line.files)}</span> <span className="mono quiet">{line.first_paths.slice(0, 3).join(", ")}</span>
              </td>
              <td className="num">{bytes(line.logical_bytes)}</td>
              <td>
                <span className="row-line wrap">
                  {line.pruned ? (
                    <Button
                      small
                      onClick={() => {
                        attempt(() => client.call("checkpoint.unprune", { checkpoint_ids: [line.checkpoint_id] }).then(refresh), { say: words.broughtBack });
                      }}
                    >
                      {words.bringBack}
                    </Button>
                  ) : (
                    <>
                      <Button
                        small
                        onClick={() => {
                          restore(line, "before");
                        }}
                      >
                        {words.toBefore}
                      </Button>
                      <Button
                        small
                        onClick={() => {
                          restore(line, "after");
                        }}
                      >
                        {words.toAfter}
                      </Button>
                      <Button
                        small
                        look="ghost"
                        onClick={() => {
                          prune({ checkpoint_ids: [line.checkpoint_id] });
                        }}
                      >
                        {words.letGo}
                      </Button>
                    </>
                  )}
                </span>
              </td>
            </tr>
          ))}
        </DataTable>
      )}
      {list.data.total > lines.length ? (
        <Button
          small
          onClick={() => {
            setLimit(limit + PAGE);
          }}
        >
          {t.trust.older}
        </Button>
      ) : null}
    </>
  );
}
