// The question that a tool call waits with: what, where, why, until when.

import { ShieldAlert, ShieldQuestion } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Countdown } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { told } from "../../protocol/told";
import type { Approval } from "../../protocol/generated/Approval";
import type { Decision } from "../../protocol/generated/Decision";
import { useClient } from "../../protocol/queries";
import { AlwaysRule } from "./AlwaysRule";
import "./approvals.css";

/** True where a key is text and not a command. */
function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) &&
    !(target instanceof HTMLTextAreaElement && target.disabled)
  );
}

/** Shows the oldest of the approvals that wait. */
export function ApprovalDock({ approvals, ...rest }: { approvals: Approval[]; projectId: string | undefined; onDecided: () => void }) {
  const approval = approvals[0];
  if (!approval) return null;
  return <Question key={approval.id} approval={approval} others={approvals.length - 1} {...rest} />;
}

function Question(props: { approval: Approval; projectId: string | undefined; others: number; onDecided: () => void }) {
  const { approval, projectId, others, onDecided } = props;
  const card = useRef<HTMLElement>(null);
  const client = useClient();
  const toasts = useToasts();
  const [sent, setSent] = useState(false);
  const decide = useCallback(
    (decision: Decision) => {
      // Its buttons are about to go.
      if (card.current?.contains(document.activeElement)) onDecided();
      setSent(true);
      client.call("approval.decide", { approval_id: approval.id, decision }).catch((error: unknown) => {
        setSent(false);
        toasts.fail(told(error));
      });
    },
    [client, approval.id, onDecided, toasts],
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || sent) return;
      if (typing(event.target) || document.querySelector("dialog[open]")) return;
      const key = event.key.toLowerCase();
      if (key === "y") decide("allow");
      else if (key === "n") decide("deny");
      else if (key === "a" && approval.pattern) decide("always");
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("keydown", onKey, true);
    return () => {
      removeEventListener("keydown", onKey, true);
    };
  }, [approval.pattern, decide, sent]);

  const runs = approval.tool === "run_command" || approval.tool === "run_tests";
  const elevation = approval.elevation ?? undefined;
  const title = elevation ? t.approval.elevated({ user: elevation.user }) : runs ? t.approval.run : t.approval.use({ tool: approval.tool.replaceAll("_", " ") });
  const Icon = elevation ? ShieldAlert : ShieldQuestion;
  return (
    <section ref={card} className={elevation ? "approval approval-elevated" : "approval"} role="alertdialog" aria-labelledby="approval-title" aria-describedby="approval-command">
      <header className="row-line">
        <Icon size={elevation ? 20 : 16} className={elevation ? "bad" : "warn"} aria-hidden="true" />
        <h2 id="approval-title">{title}</h2>
        <span className="grow" />
        <span className="secondary">
          {t.approval.expires} <Countdown until={approval.expires_at} />
        </span>
      </header>
      <pre id="approval-command" className="approval-command" tabIndex={0}>
        {approval.command}
      </pre>
      <dl className="approval-facts">
        <dt>{t.approval.in}</dt>
        <dd className="mono">{approval.cwd}</dd>
        <dt>{t.approval.why}</dt>
        <dd><Said text={approval.reason} /></dd>
        {approval.purpose ? (
          <>
            <dt>{t.approval.purpose}</dt>
            <dd>{approval.purpose}</dd>
          </>
        ) : null}
      </dl>
      {approval.rules?.length > 0 ? <AlwaysRule rules={approval.rules} projectId={projectId} /> : null}
      <div className="row-line wrap approval-answers">
        <Button
          look={elevation ? "danger" : "primary"}
          keys="y"
          disabled={sent}
          onClick={() => {
            decide("allow");
          }}
        >
          {t.approval.allow}
        </Button>
        <Button
          keys="n"
          disabled={sent}
          onClick={() => {
            decide("deny");
          }}
        >
          {t.approval.deny}
        </Button>
        {approval.pattern ? (
          <Button
            look="ghost"
            keys="a"
            disabled={sent}
            onClick={() => {
              decide("always");
            }}
          >
            {t.approval.always}
          </Button>
        ) : null}
        <span className="grow" />
        {others > 0 ? <span className="badge warn">{t.approval.more({ count: others })}</span> : null}
      </div>
    </section>
  );
}
