// Providers' own lists of models, asked on demand.

import { useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { ProviderModels } from "../../protocol/generated/ProviderModels";
import { useClient } from "../../protocol/queries";

export function Lists() {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [lists, setLists] = useState<ProviderModels[]>([]);
  const ask = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      setLists((await client.call("model.refresh", {})).lists);
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="stack">
      <div className="row-line wrap">
        <Button small disabled={busy} onClick={() => void ask()}>
          {t.settings.askLists}
        </Button>
        <span className="quiet" role="status">
          {lists
            .map((one) => one.problem ?? t.settings.listAsked({ models: one.models, provider: t.settings.providerNames[one.provider] }))
            .join(" · ")}
        </span>
      </div>
      {failure ? <FailureCard failure={failure} /> : null}
    </div>
  );
}
