// The foot of a review with remarks: words before them, what sending costs, and one press that sends all.

import { Send } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { t } from "../../i18n";
import type { Comment } from "../../protocol/generated/Comment";
import { NextCost } from "../../protocol/nextCost";
import type { Choice } from "./habits";
import { keepText, unsavedText } from "./unsaved";

export function SendBar(props: {
  comments: readonly Comment[];
  sessionId: string | undefined;
  projectId: string | undefined;
  choice: Choice;
  onSend: (words: string) => Promise<void>;
}) {
  const { comments, sessionId, projectId, choice } = props;
  const key = `send ${sessionId ?? ""}`;
  const [words, setWords] = useState(() => unsavedText(key) ?? "");
  const [busy, setBusy] = useState(false);
  const content = [words, ...comments.map((one) => `${one.path}:${one.line}\n${one.quote}\n${one.text}`)].join("\n\n");
  const change = (text: string) => {
    setWords(text);
    keepText(key, text);
  };
  const send = () => {
    setBusy(true);
    props
      .onSend(words.trim())
      .then(
        () => {
          change("");
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
          change(event.target.value);
        }}
      />
      <NextCost content={content} files={new Set(comments.map((one) => one.path)).size} from={{ sessionId, projectId, ...choice }} />
      <Button small look="primary" type="submit" disabled={busy}>
        <Send size={12} aria-hidden="true" />
        {t.changes.send({ count: comments.length })}
      </Button>
    </form>
  );
}
