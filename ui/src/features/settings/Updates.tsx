// Which version this is, whether there is a newer one, and its installation by consent.

import { useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import { told } from "../../protocol/told";
import type { Failure } from "../../protocol/generated/Failure";
import { useClient, useRequest } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";
import { checkForUpdate, installUpdate, type UpdateState } from "../../protocol/window";

export function Updates() {
  const client = useClient();
  const saved = useSaved();
  const toasts = useToasts();
  const status = useRequest("system.status", {}).data;
  const [found, setFound] = useState<UpdateState | undefined>(undefined);
  const [busy, setBusy] = useState<"check" | "install" | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const attempt = (what: "check" | "install", work: () => Promise<void>) => {
    setBusy(what);
    setFailure(undefined);
    work()
      .catch((error: unknown) => {
        setFailure(asFailure(error));
      })
      .finally(() => {
        setBusy(undefined);
      });
  };
  return (
    <div className="stack">
      <dl className="facts">
        <dt>{t.updates.version}</dt>
        <dd className="num">{status?.version}</dd>
      </dl>
      {client.kind === "window" ? (
        <>
          <label className="row-line">
            <input
              type="checkbox"
              checked={saved.of("MIRA_UPDATE_CHECK")?.value === "true"}
              onChange={(event) => {
                saved.save("MIRA_UPDATE_CHECK", String(event.target.checked)).catch((error: unknown) => {
                  toasts.fail(told(error));
                });
              }}
            />
            {t.updates.daily}
          </label>
          <div className="row-line">
            <Button
              disabled={busy !== undefined}
              onClick={() => {
                attempt("check", async () => {
                  setFound(await checkForUpdate());
                });
              }}
            >
              {busy === "check" ? t.updates.checking : t.updates.check}
            </Button>
          </div>
          <p role="status" className={found?.available ? "" : "secondary"}>
            {found ? said(found) : ""}
          </p>
          {found?.available ? (
            <div className="stack">
              {found.available.notes ? <pre className="update-notes">{found.available.notes}</pre> : null}
              <div className="row-line">
                <Button
                  look="primary"
                  disabled={busy !== undefined}
                  onClick={() => {
                    attempt("install", installUpdate);
                  }}
                >
                  {busy === "install" ? t.updates.installing : t.updates.install}
                </Button>
              </div>
              <p className="quiet">{t.updates.signed}</p>
            </div>
          ) : null}
          {failure ? <FailureCard failure={failure} /> : null}
        </>
      ) : (
        <p className="secondary">{t.updates.elsewhere}</p>
      )}
    </div>
  );
}

function said(found: UpdateState): string {
  if (!found.configured) return t.updates.notConfigured;
  return found.available ? t.updates.available({ version: found.available.version }) : t.updates.newest;
}
