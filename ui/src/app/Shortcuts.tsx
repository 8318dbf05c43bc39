import { Button, Keys } from "../components/Button";
import { t } from "../i18n";
import { isEnabled, type Action } from "./actions";

export function Shortcuts({ actions, onEdit }: { actions: readonly Action[]; onEdit: () => void }) {
  return (
    <div className="stack">
      <ul className="shortcuts">
        {actions
          .filter((action) => action.keys !== undefined && isEnabled(action))
          .map((action) => (
            <li key={action.id} className="row-line">
              <span className="grow">{action.title}</span>
              <Keys>{action.keys ?? ""}</Keys>
            </li>
          ))}
      </ul>
      <Button small onClick={onEdit}>
        {t.shortcuts.edit}
      </Button>
      <p className="secondary">{t.composer.hints}</p>
      <p className="secondary">{t.approval.keys}</p>
      <p className="secondary">{t.changes.keys}</p>
    </div>
  );
}
