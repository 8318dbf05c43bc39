// Rules as text: taken out to keep or to share, and read back after a look at what would change.

import { useState } from "react";
import { Button } from "../../components/Button";
import { CopyButton, FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { ImportedRules } from "../../protocol/generated/ImportedRules";
import type { Project } from "../../protocol/generated/Project";
import { useClient } from "../../protocol/queries";
import { useAttempt } from "./parts";

export function RuleFile({ project, onChanged }: { project: Project | undefined; onChanged: () => void }) {
  const client = useClient();
  const attempt = useAttempt();
  const words = t.trust.rules;
  const [text, setText] = useState("");
  const [replace, setReplace] = useState(false);
  const [found, setFound] = useState<ImportedRules | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const read = (dry_run: boolean) => client.call("rule.import", { project_id: project?.id, text, format: "toml", replace, dry_run });
  const look = async () => {
    setFailure(undefined);
    setFound(undefined);
    try {
      setFound(await read(true));
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  const forget = () => {
    setFound(undefined);
    setFailure(undefined);
  };
  return (
    <details>
      <summary>{words.asText}</summary>
      <div className="stack">
        <p className="quiet">{words.asTextHint}</p>
        <div className="row-line wrap">
          <Button
            small
            onClick={() => {
              attempt(async () => {
                forget();
                setText((await client.call("rule.export", { project_id: project?.id, format: "toml" })).text);
              });
            }}
          >
            {words.write}
          </Button>
          {text ? <CopyButton text={text} label={words.copyText} /> : null}
        </div>
        <textarea
          className="input mono"
          rows={8}
          spellCheck={false}
          aria-label={words.text}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            forget();
          }}
        />
        <div className="row-line wrap">
          <label className="row-line">
            <input
              type="checkbox"
              checked={replace}
              onChange={(event) => {
                setReplace(event.target.checked);
                forget();
              }}
            />
            {words.replace}
          </label>
          <span className="grow" />
          <Button small disabled={!text.trim()} onClick={() => void look()}>
            {words.look}
          </Button>
        </div>
        {failure ? <FailureCard failure={failure} /> : null}
        {found ? (
          <div role="status" className="stack">
            <p>{words.wouldChange({ added: found.added.length, removed: found.removed.length, unchanged: found.unchanged })}</p>
            <ul>
              {found.added.map((rule) => (
                <li key={`+${rule}`}>
                  <span className="badge good">{words.added}</span> <span className="mono">{rule}</span>
                </li>
              ))}
              {found.removed.map((rule) => (
                <li key={`-${rule}`}>
                  <span className="badge bad">{words.taken}</span> <span className="mono">{rule}</span>
                </li>
              ))}
            </ul>
            <div>
              <Button
                small
                look="primary"
                disabled={found.added.length + found.removed.length === 0}
                onClick={() => {
                  attempt(
                    async () => {
                      await read(false);
                      forget();
                      onChanged();
                    },
                    { say: words.imported },
                  );
                }}
              >
                {words.take}
              </Button>
            </div>
          </div>
        ) : null}
      </div>
    </details>
  );
}
