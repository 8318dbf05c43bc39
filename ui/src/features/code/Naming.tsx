// A model names what was computed, when the person asks for it: what that costs is said before, whose words they are after.

import { Sparkles, Square } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { money } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { ModelWords } from "../../protocol/generated/ModelWords";
import type { NamedKind } from "../../protocol/generated/NamedKind";
import type { NamingOffer } from "../../protocol/generated/NamingOffer";
import { useClient, useRequest } from "../../protocol/queries";

export function Naming({ projectId, kind }: { projectId: string; kind: NamedKind }) {
  const words = t.code.naming;
  const client = useClient();
  const asked = { project_id: projectId, kind };
  const offer = useRequest("code.naming", asked).data;
  const [failure, setFailure] = useState<Failure>();
  const [isAsking, setAsking] = useState(false);
  if (!offer || offer.items === 0) return null;
  const isRunning = isAsking || offer.is_running;
  const describe = () => {
    setFailure(undefined);
    setAsking(true);
    client
      .call("code.describe", asked)
      .catch((error: unknown) => {
        setFailure(asFailure(error));
      })
      .finally(() => {
        setAsking(false);
      });
  };
  const stop = () => {
    client.call("code.stop_describing", { project_id: projectId }).catch((error: unknown) => {
      setFailure(asFailure(error));
    });
  };
  return (
    <div className="stack">
      <div className="row-line wrap">
        <Button small disabled={isRunning || offer.to_name === 0 || Boolean(offer.obstacle)} onClick={describe}>
          <Sparkles size={13} aria-hidden="true" />
          {words.describe}
        </Button>
        {isRunning ? (
          <Button small look="ghost" onClick={stop}>
            <Square size={12} aria-hidden="true" />
            {words.stop}
          </Button>
        ) : null}
        <span className="secondary" role="status">
          {isRunning ? words.asking : <Before offer={offer} />}
        </span>
      </div>
      {failure && !isRunning ? <FailureCard failure={failure} /> : null}
    </div>
  );
}

/** What a press would do, or why it cannot. */
function Before({ offer }: { offer: NamingOffer }) {
  const words = t.code.naming;
  const { model, expected_micro_usd: expected, worst_micro_usd: worst, to_name: count, obstacle } = offer;
  if (offer.items === 0) return words.nothing;
  if (count > 0 && obstacle) {
    return (
      <>
        <Said text={obstacle.message} /> {obstacle.hint ? <Said text={obstacle.hint} /> : null}
      </>
    );
  }
  if (count === 0) return model ? words.done({ model }) : words.doneBefore;
  if (typeof expected !== "number" || typeof worst !== "number") return words.offerUnpriced({ model: model ?? "", count });
  return words.offer({ model: model ?? "", count, expected: money(expected), worst: money(worst) });
}

/** A model's words beside the computed name. */
export function Told({ told }: { told: ModelWords | null | undefined }) {
  if (!told) return null;
  return (
    <p>
      <strong>{told.name}</strong>: {told.says} <span className="quiet">{t.code.naming.by({ model: told.model })}</span>
    </p>
  );
}
