// What left this machine.

import { Globe } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { bytes, shortTime, whole } from "../../i18n/format";
import type { EgressEntry } from "../../protocol/generated/EgressEntry";
import { useClient, useRequest } from "../../protocol/queries";
import { DataTable, figures, useAttempt, useSearch } from "./parts";

const PAGE = 200;
const OFFLINE = "MIRA_OFFLINE";

export function EgressPage({ onSession }: { onSession: (id: string) => void }) {
  const client = useClient();
  const attempt = useAttempt();
  const { field, search } = useSearch(t.trust.egress.search);
  const [local, setLocal] = useState(false);
  const [limit, setLimit] = useState(PAGE);
  const page = useRequest("egress.list", { search, local, limit }, { keep: true });
  const setOffline = (offline: boolean) => {
    attempt(() => client.call("settings.set", { name: OFFLINE, value: offline ? "true" : undefined }).then(() => page.refetch()), {
      say: offline ? t.trust.egress.nowOffline : t.trust.egress.nowOnline,
    });
  };
  if (page.error) return <Failed asked={page} />;
  if (!page.data) return <Waiting what={t.common.loading} />;
  const { entries, hosts, offline, more } = page.data;
  return (
    <>
      <div className="row-line wrap">
        {field}
        <label className="row-line">
          <input
            type="checkbox"
            checked={local}
            onChange={(event) => {
              setLocal(event.target.checked);
            }}
          />
          {t.trust.egress.local}
        </label>
        <span className="grow" />
        <span className={offline ? "badge good" : "badge"}>{offline ? t.trust.egress.offline : t.trust.egress.online}</span>
        <Button
          small
          onClick={() => {
            setOffline(!offline);
          }}
        >
          {offline ? t.trust.egress.goOnline : t.trust.egress.goOffline}
        </Button>
      </div>
      <p className="secondary">{t.trust.egress.explained}</p>
      {entries.length === 0 ? (
        <Empty icon={<Globe size={22} className="quiet" aria-hidden="true" />} title={search ? t.trust.nothingFound : t.trust.egress.none}>
          {search ? null : t.trust.egress.noneHint}
        </Empty>
      ) : (
        <>
          <h2 className="section-title">{t.trust.egress.byHost}</h2>
          <DataTable label={t.trust.egress.byHost} heads={[t.trust.egress.host, t.trust.egress.purpose, figures(t.trust.egress.requests), figures(t.trust.egress.out), figures(t.trust.egress.in), figures(t.trust.egress.held)]}>
            {hosts.map((host) => (
              <tr key={`${host.host} ${host.purpose}`}>
                <td className="mono">{host.host === "any" ? t.trust.egress.any : host.host}</td>
                <td>{host.purpose}</td>
                <td className="num">{whole(host.requests)}</td>
                <td className="num">{bytes(host.sent_bytes)}</td>
                <td className="num">{bytes(host.received_bytes)}</td>
                <td className="num">{host.held ? whole(host.held) : ""}</td>
              </tr>
            ))}
          </DataTable>
          <h2 className="section-title">{t.trust.egress.each}</h2>
          <Entries entries={entries} onSession={onSession} />
          {more ? (
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
      )}
    </>
  );
}

function Entries({ entries, onSession }: { entries: readonly EgressEntry[]; onSession: (id: string) => void }) {
  const now = useNow(30_000);
  const words = t.trust.egress;
  return (
    <DataTable label={words.each} heads={[words.at, words.purpose, words.request, figures(words.out), figures(words.in), figures(words.status), words.session]}>
      {entries.map((entry) => (
        <tr key={entry.id}>
          <td className="when">{shortTime(entry.at, now)}</td>
          <td>{entry.purpose}</td>
          <td className="mono trust-wrap">
            {entry.method} {entry.host === "any" ? words.any : entry.host}
            {entry.purpose === "command" ? ` · ${entry.path}` : entry.path}
          </td>
          <td className="num">{entry.held ? words.heldBack : typeof entry.sent_bytes !== "number" ? words.unseen : bytes(entry.sent_bytes)}</td>
          <td className="num">{typeof entry.received_bytes !== "number" ? "" : bytes(entry.received_bytes)}</td>
          <td className="num">{entry.status ?? ""}</td>
          <td>
            {entry.session_id ? (
              <Button
                small
                look="ghost"
                onClick={() => {
                  onSession(entry.session_id ?? "");
                }}
              >
                {t.trust.open}
              </Button>
            ) : null}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
