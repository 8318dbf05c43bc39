// Model servers that answer on this machine, with what their models can do.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Failed, FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { tokens } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { DetectedServer } from "../../protocol/generated/DetectedServer";
import type { Failure } from "../../protocol/generated/Failure";
import { useClient, useRequest } from "../../protocol/queries";

export function LocalServers(props: { current: string | undefined; onUsed?: (server: DetectedServer) => void }) {
  const client = useClient();
  const detected = useRequest("provider.detect", {});
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const use = async (server: DetectedServer) => {
    setFailure(undefined);
    try {
      await client.call("settings.set", { name: "LOCAL_BASE_URL", value: server.base_url });
      props.onUsed?.(server);
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  const servers = detected.data?.servers ?? [];
  return (
    <div className="servers">
      {detected.isFetching ? (
        <p className="row-line quiet" role="status">
          <span className="dot-pulse" aria-hidden="true" />
          {t.settings.detecting}
        </p>
      ) : null}
      {detected.error ? <Failed asked={detected} /> : null}
      {detected.data && servers.length === 0 && !detected.isFetching ? <p className="secondary">{t.settings.noneDetected}</p> : null}
      {servers.map((server) => (
        <div key={server.base_url} className="server">
          <div className="row-line">
            <strong>
              {server.product} {server.version ?? ""}
            </strong>
            <span className="mono quiet truncate grow">{server.base_url}</span>
            {server.base_url === props.current ? (
              <span className="badge good">{t.settings.inUse}</span>
            ) : (
              <Button small look="primary" onClick={() => void use(server)}>
                {t.settings.use}
              </Button>
            )}
          </div>
          <ul>
            {server.models.slice(0, 6).map((model) => (
              <li key={model.id} className="row-line wrap">
                <span className="mono truncate">{model.id}</span>
                {model.context_tokens ? <span className="badge">{t.settings.contextSize({ count: tokens(model.context_tokens) })}</span> : null}
                {model.supports_tools === null || model.supports_tools === undefined ? null : (
                  <span className={model.supports_tools ? "badge good" : "badge warn"}>
                    {model.supports_tools ? t.settings.tools : t.settings.noTools}
                  </span>
                )}
                {model.supports_embeddings ? <span className="badge">{t.settings.embeddings}</span> : null}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {failure ? <FailureCard failure={failure} /> : null}
      <Button small look="ghost" disabled={detected.isFetching} onClick={() => void detected.refetch()}>
        {t.settings.detect}
      </Button>
    </div>
  );
}
