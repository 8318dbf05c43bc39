import { Button } from "../../components/Button";
import { Empty, FailureCard, useNow, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { shortTime, whole } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Project } from "../../protocol/generated/Project";
import { useClient, useRequest } from "../../protocol/queries";

/** The permission rules that count in a project, with a way to take one away. */
export function Rules({ project }: { project: Project }) {
  const client = useClient();
  const toasts = useToasts();
  const now = useNow(30_000);
  const rules = useRequest("rule.list", { project_id: project.id, search: null, removed: false });
  const forget = async (id: string) => {
    try {
      await client.call("rule.remove", { rule_id: id });
      await rules.refetch();
    } catch (error) {
      toasts.fail(asFailure(error).message);
    }
  };
  if (rules.error) return <FailureCard failure={asFailure(rules.error)} />;
  if (!rules.data) return <Waiting what={t.common.loading} />;
  if (rules.data.rules.length === 0) return <Empty title={t.approval.noRules}>{t.approval.rulesHint}</Empty>;
  return (
    <table className="table">
      <thead>
        <tr>
          <th>{t.approval.pattern}</th>
          <th className="num">{t.approval.used}</th>
          <th>{t.approval.since}</th>
          <th>
            <span className="hidden-text">{t.approval.forget}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rules.data.rules.map((rule) => (
          <tr key={rule.id}>
            <td className="mono">{rule.text}</td>
            <td className="num">{whole(rule.use_count)}</td>
            <td className="num">{shortTime(rule.created_at, now)}</td>
            <td className="num">
              <Button small look="ghost" onClick={() => void forget(rule.id)}>
                {t.approval.forget}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
