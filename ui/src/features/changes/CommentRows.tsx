// Remarks below the lines that they are about.

import { MessageSquare, Pencil, Trash2 } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button, IconButton } from "../../components/Button";
import { t } from "../../i18n";
import type { Comment } from "../../protocol/generated/Comment";
import { shownPlace, useRow } from "./rowContext";
import { keepText, unsavedText } from "./unsaved";

export function CommentRow({ comment }: { comment: Comment }) {
  const on = useRow();
  const key = `edit ${comment.id}`;
  const [editing, setEditing] = useState(() => unsavedText(key) !== undefined);
  const place = shownPlace(comment, comment.end_line);
  if (editing) {
    return (
      <Editor
        label={t.changes.commentOn({ place })}
        keptAs={key}
        initial={comment.text}
        onSave={async (text) => {
          const saved = await on.editComment(comment.id, text);
          if (saved) setEditing(false);
          return saved;
        }}
        onCancel={() => {
          keepText(key, undefined);
          setEditing(false);
        }}
      />
    );
  }
  return (
    <article className="comment" aria-label={t.changes.commentOn({ place })}>
      <div className="row-line">
        <MessageSquare size={12} className="quiet" aria-hidden="true" />
        <span className="quiet mono truncate grow">{place}</span>
        <IconButton small label={t.changes.commentEdit} onClick={() => { setEditing(true); }}>
          <Pencil size={12} />
        </IconButton>
        <IconButton
          small
          label={t.changes.commentRemove}
          onClick={() => {
            on.removeComment(comment.id);
          }}
        >
          <Trash2 size={12} />
        </IconButton>
      </div>
      <p className="comment-text">{comment.text}</p>
    </article>
  );
}

export function DraftRow() {
  const on = useRow();
  return <Editor key={on.draftKey} label={on.draftLabel} keptAs={on.draftKey} initial="" onSave={on.saveDraft} onCancel={on.dismissDraft} />;
}

/** `keptAs`: under which its words outlive a reload. */
function Editor(props: { label: string; keptAs: string; initial: string; onSave: (text: string) => Promise<boolean>; onCancel: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => unsavedText(props.keptAs) ?? props.initial);
  const [busy, setBusy] = useState(false);
  const initial = useRef(props.initial);
  useEffect(() => {
    const element = field.current;
    // One that came back after a reload stands where it was and does not take the keys.
    if (!element || element.value !== initial.current) return;
    element.focus();
  }, []);
  const save = () => {
    if (!text.trim() || busy) return;
    setBusy(true);
    void props.onSave(text.trim()).then((saved) => {
      if (!saved) setBusy(false);
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.nativeEvent.stopImmediatePropagation();
      props.onCancel();
    }
  };
  return (
    <form
      className="comment draft"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={onKeyDown}
    >
      <label>
        <span className="quiet mono">{props.label}</span>
        <textarea
          ref={field}
          className="input"
          rows={3}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            keepText(props.keptAs, event.target.value);
          }}
        />
      </label>
      <div className="row-line">
        <Button small look="primary" type="submit" keys="mod+enter" disabled={busy || !text.trim()}>
          {t.changes.commentSave}
        </Button>
        <Button small onClick={props.onCancel}>
          {t.common.cancel}
        </Button>
      </div>
    </form>
  );
}
