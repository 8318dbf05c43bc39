// The foot of a review with remarks: words before them, and one press that sends all.

import { Send } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { t } from "../../i18n";

export function SendBar(props: { count: number; onSend: (words: string) => Promise<void> }) {
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  const send = () => {
    setBusy(true);
    props
      .onSend(words.trim())
      .then(
        () => {
          setWords("");
        },
        // Said already; the remarks are still here.
        () => undefined,
      )
      .finally(() => {
        setBusy(false);
      });
  };
  return (
    <form
      className="send-bar"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) send();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
      }}
    >
      <input
        className="input grow"
        value={words}
        placeholder={t.changes.sendWords}
        aria-label={t.changes.sendWords}
        onChange={(event) => {
          setWords(event.target.value);
        }}
      />
      <Button small look="primary" type="submit" disabled={busy}>
        <Send size={12} aria-hidden="true" />
        {t.changes.send({ count: props.count })}
      </Button>
    </form>
  );
}
