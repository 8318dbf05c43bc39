import { CloudOff } from "lucide-react";
import { Button } from "../components/Button";
import { Countdown } from "../components/states";
import { t } from "../i18n";
import { useClient, useStatus } from "../protocol/queries";

/** A line over everything while the engine cannot be reached; nothing while it can. */
export function ConnectionLine() {
  const client = useClient();
  const status = useStatus();
  if (status.state === "online" || status.state === "connecting") return null;
  return (
    <div className="connection" role="status">
      <CloudOff size={14} aria-hidden="true" />
      {status.state === "refused" ? (
        <span>
          {t.connection.refused} {status.reason} {t.connection.refusedHint}
        </span>
      ) : (
        <>
          <span>{t.connection.reconnecting}</span>
          <span>
            {t.connection.next} <Countdown key={status.retryAt} until={status.retryAt} />
          </span>
          <Button
            small
            onClick={() => {
              client.retry();
            }}
          >
            {t.connection.retry}
          </Button>
        </>
      )}
    </div>
  );
}
