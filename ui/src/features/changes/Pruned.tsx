// A review whose contents were removed to save space, and the way back while there is one.

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../components/Button";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { told } from "../../protocol/told";
import { useClient, useRequest } from "../../protocol/queries";

export function PrunedNote({ operationId }: { operationId: string }) {
  const client = useClient();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const pruned = useRequest("checkpoint.list", { operation_id: operationId, pruned: true, limit: 500 });
  const ids = (pruned.data?.checkpoints ?? []).filter((one) => typeof one.restorable_until === "number").map((one) => one.checkpoint_id);
  const bringBack = async () => {
    setBusy(true);
    try {
      await client.call("checkpoint.unprune", { checkpoint_ids: ids });
      await queries.invalidateQueries({ queryKey: ["operation.changes"] });
      await queries.invalidateQueries({ queryKey: ["checkpoint.list"] });
      toasts.say(t.changes.broughtBack);
    } catch (error) {
      toasts.fail(told(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="review-note row-line wrap" role="note">
      <span className="grow">{ids.length > 0 ? t.changes.pruned : t.changes.prunedForGood}</span>
      {ids.length > 0 ? (
        <Button small disabled={busy} onClick={() => void bringBack()}>
          {t.changes.bringBack}
        </Button>
      ) : null}
    </div>
  );
}
