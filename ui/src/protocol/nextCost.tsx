// What the next message would cost, asked before it is sent: the whole request, not its words alone.

import { createContext, useContext, useEffect, useState } from "react";
import { Tip } from "../components/Tip";
import { t } from "../i18n";
import { money } from "../i18n/format";
import { inWords } from "../i18n/said";
import type { Tier } from "./generated/Tier";
import { useClient, useStatus } from "./queries";

const WAIT_MS = 400;

/** Where a message would go, and whom it asks. */
export interface Sender {
  sessionId: string | undefined;
  projectId: string | undefined;
  tier: Tier | undefined;
  model: string | undefined;
}

/** Set by the conversation for all that can be sent from it. */
export const SenderContext = createContext<Sender | undefined>(undefined);

export interface NextMessage extends Sender {
  content: string;
  files: number;
}

export interface NextCost {
  /** "≈ $0.012 · code · gpt-5" */
  text: string;
  /** Why this tier, what it can cost at most, and whether a cap stands in the way. */
  why: string;
  blocked: boolean;
  /** The figure alone, where it is known. */
  price: string | undefined;
}

/** A moment after the last change; undefined for nothing written, and where no model can be asked. */
export function useNextCost(message: NextMessage | undefined): NextCost | undefined {
  const client = useClient();
  const online = useStatus().state === "online";
  const [known, setKnown] = useState<{ request: string; cost: NextCost | undefined }>({ request: "", cost: undefined });
  const request =
    message && online && message.content.trim()
      ? JSON.stringify({
          content: message.content,
          session_id: message.sessionId,
          project_id: message.projectId,
          tier: message.tier,
          model: message.model,
          files: message.files,
        })
      : "";
  useEffect(() => {
    if (!request) return undefined;
    let live = true;
    const timer = setTimeout(() => {
      client.call("route.explain", JSON.parse(request) as Parameters<typeof client.call<"route.explain">>[1]).then(
        ({ decision, blocked_by }) => {
          const own = decision.tiers.find((one) => one.tier === decision.tier);
          const expected = own?.expected_micro_usd;
          const worst = own?.worst_micro_usd;
          const tier = t.composer.tiers[decision.tier][0] ?? decision.tier;
          const cost: NextCost = {
            text: t.router.next({ cost: typeof expected === "number" ? money(expected) : "none", tier, model: decision.model }),
            why: [
              t.router.nextWhy({ tier, reason: inWords(decision.reason) }),
              typeof worst === "number" ? t.router.nextWorst({ worst: money(worst) }) : "",
              blocked_by ? t.router.nextBlocked : "",
            ]
              .filter(Boolean)
              .join(" "),
            blocked: Boolean(blocked_by),
            price: typeof expected === "number" ? money(expected) : undefined,
          };
          if (live) setKnown({ request, cost });
        },
        () => {
          // No key, no server: the place says so itself.
          if (live) setKnown({ request, cost: undefined });
        },
      );
    }, WAIT_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [client, request]);
  // The last figure stands while the next one is asked for.
  return request ? known.cost : undefined;
}

/** About what this message would cost on a tier, for the line of a menu that asks it; nothing until it is known. */
export function TierCost({ content, tier, files = 0 }: { content: string; tier: Tier | undefined; files?: number }) {
  const sender = useContext(SenderContext);
  const cost = useNextCost(sender ? { ...sender, model: undefined, ...(tier ? { tier } : {}), content, files } : undefined);
  return cost?.price ? <span className={cost.blocked ? "num warn" : "num quiet"}>{t.router.about({ cost: cost.price })}</span> : null;
}

/** The figure beside a button that sends; nothing where nothing is written or no model can be asked. */
export function NextCost({ content, files = 0, from }: { content: string; files?: number; from?: Sender }) {
  const around = useContext(SenderContext);
  const sender = from ?? around;
  const cost = useNextCost(sender ? { ...sender, content, files } : undefined);
  if (!cost) return null;
  return (
    <Tip text={cost.why}>
      <span className={cost.blocked ? "next-cost num warn" : "next-cost num quiet"}>{cost.text}</span>
    </Tip>
  );
}
