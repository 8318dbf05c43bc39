// What "always" would save, word for word, and what it would have done so far: read before it is pressed.

import { t } from "../../i18n";
import { whole } from "../../i18n/format";
import type { RuleDraft } from "../../protocol/generated/RuleDraft";
import { useRequest } from "../../protocol/queries";

const SAMPLES = 8;

export function AlwaysRule({ rules, projectId }: { rules: RuleDraft[]; projectId: string | undefined }) {
  const words = t.approval;
  const preview = useRequest("rule.preview", { project_id: projectId, rules, limit: SAMPLES });
  const texts = preview.data?.texts ?? rules.map((rule) => rule.pattern);
  const past = preview.data;
  const meanwhile = preview.isError ? words.pastUnknown : words.pastLooking;
  return (
    <div className="approval-rule quiet">
      <p>
        {words.alwaysRule}{" "}
        {texts.map((text) => (
          <code key={text}>{text}</code>
        ))}
      </p>
      {past ? null : <p>{meanwhile}</p>}
      {past && past.samples.length === 0 ? <p>{words.pastNone({ looked: past.looked_at })}</p> : null}
      {past && past.samples.length > 0 ? (
        <details>
          <summary>{words.past({ matched: past.matched, looked: past.looked_at, otherwise: past.decided_otherwise })}</summary>
          <ul>
            {past.samples.map((call) => (
              <li key={`${call.cwd} ${call.text}`}>
                <code>{call.text}</code>{" "}
                <span>
                  {call.before === call.after ? t.trust.rules.actions[call.before] : `${t.trust.rules.actions[call.before]} → ${t.trust.rules.actions[call.after]}`} · {whole(call.times)}×
                </span>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}
