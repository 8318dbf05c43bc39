import { useState } from "react";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { t } from "../../i18n";

export function RenameDialog(props: { name: string; onRename: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState(props.name);
  const save = () => {
    if (name.trim()) props.onRename(name.trim());
  };
  return (
    <Dialog
      title={t.sessions.renameTitle}
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button look="primary" disabled={!name.trim()} onClick={save}>
            {t.sessions.rename}
          </Button>
        </>
      }
    >
      <div className="field">
        <label htmlFor="session-name">{t.sessions.name}</label>
        <input
          id="session-name"
          className="input"
          value={name}
          autoFocus
          onChange={(event) => {
            setName(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter") save();
          }}
        />
      </div>
    </Dialog>
  );
}
