// Tier and model that are chosen for the session or its project, until they are changed.

import { useQueryClient } from "@tanstack/react-query";
import { Failed } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { told } from "../../protocol/told";
import type { Project } from "../../protocol/generated/Project";
import type { RouteChoice } from "../../protocol/generated/RouteChoice";
import type { Session } from "../../protocol/generated/Session";
import type { Tier } from "../../protocol/generated/Tier";
import { useClient, useRequest } from "../../protocol/queries";

const TIERS: Tier[] = ["fast", "voice", "code", "agentic"];

type Whose = { session_id: string } | { project_id: string };

export function Choices({ project, session }: { project: Project | undefined; session: Session | undefined }) {
  const client = useClient();
  const queries = useQueryClient();
  const toasts = useToasts();
  const words = t.router;
  const whose = session ? { session_id: session.id } : project ? { project_id: project.id } : undefined;
  const choices = useRequest("route.choices", whose);
  const models = useRequest("model.list", {});
  const save = async (to: Whose, choice: RouteChoice, before: RouteChoice | undefined) => {
    const choose = async (what: RouteChoice) => {
      await client.call("route.choose", { ...to, tier: what.tier ?? undefined, model: what.model ?? undefined });
      await queries.invalidateQueries({ queryKey: ["route.choices"] });
      await queries.invalidateQueries({ queryKey: ["route.explain"] });
    };
    const fail = (error: unknown) => {
      toasts.fail(told(error));
    };
    try {
      await choose(choice);
      toasts.say(words.chosen, before ? { label: t.common.undo, run: () => void choose(before).catch(fail) } : undefined);
    } catch (error) {
      fail(error);
    }
  };
  const ids = [...new Set((models.data?.models ?? []).filter((model) => !model.notice).map((model) => model.id))];
  const line = (label: string, to: Whose, choice: RouteChoice) => (
    <fieldset className="row-line wrap field" aria-label={label}>
      <span className="router-whose">{label}</span>
      <select
        className="input"
        aria-label={`${label}: ${words.tier}`}
        value={choice.tier ?? ""}
        onChange={(event) => {
          const tier = TIERS.find((one) => one === event.target.value) ?? null;
          void save(to, { tier, model: choice.model ?? null }, choice);
        }}
      >
        <option value="">{words.byRouter}</option>
        {TIERS.map((tier) => (
          <option key={tier} value={tier}>
            {t.composer.tiers[tier][0]}
          </option>
        ))}
      </select>
      <select
        className="input mono"
        aria-label={`${label}: ${words.model}`}
        value={choice.model ?? ""}
        onChange={(event) => {
          void save(to, { tier: choice.tier ?? null, model: event.target.value || null }, choice);
        }}
      >
        <option value="">{words.ofTier}</option>
        {choice.model && !ids.includes(choice.model) ? <option value={choice.model}>{choice.model}</option> : null}
        {ids.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </fieldset>
  );
  return (
    <section className="stack" aria-label={words.choices}>
      <h2 className="section-title">{words.choices}</h2>
      <p className="quiet">{words.choicesHint}</p>
      {choices.error ? <Failed asked={choices} /> : null}
      {whose === undefined ? <p className="quiet">{words.nothingOpen}</p> : null}
      {session && choices.data ? line(words.thisSession, { session_id: session.id }, choices.data.session) : null}
      {project && choices.data ? line(words.project({ name: project.name }), { project_id: project.id }, choices.data.project) : null}
    </section>
  );
}
