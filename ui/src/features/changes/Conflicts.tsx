// Files that undo, redo or a decision left alone because somebody else changed them, and what can be done.

import { CircleAlert } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { ConflictRow } from "../../components/ConflictRow";
import { t } from "../../i18n";
import type { Choice } from "../../protocol/generated/Choice";
import type { ReviewSet } from "./model";
import type { Trouble } from "./useReview";

export function Conflicts(props: {
  trouble: Trouble;
  set: ReviewSet;
  busy: boolean;
  onOthers: (paths: string[]) => void;
  onResolve: (answers: ReadonlyMap<string, Choice>) => void;
  onDismiss: () => void;
}) {
  const { trouble } = props;
  const { conflicts } = trouble;
  const words = trouble.by === "mark" ? { title: t.changes.markConflict, hint: t.changes.markConflictHint } : { title: t.changes.conflictTitle, hint: t.changes.conflictHint };
  const [chosen, setChosen] = useState<ReadonlyMap<string, Choice>>(() => new Map());
  const bad = new Set(conflicts.map((conflict) => conflict.path));
  const others = trouble.by === "mark" ? [] : props.set.files.map((file) => file.change.path).filter((path) => !bad.has(path));
  const open = conflicts.filter((conflict) => conflict.choices.length > 0);
  const ready = open.length > 0 && open.every((conflict) => chosen.has(conflict.path));
  return (
    <div className="failure conflicts" role="alert">
      <div className="failure-head">
        <CircleAlert size={15} aria-hidden="true" />
        <div className="grow">
          <strong>{words.title}</strong>
          <p>{words.hint}</p>
          <ul>
            {conflicts.map((conflict) => (
              <ConflictRow
                key={conflict.path}
                conflict={conflict}
                chosen={chosen.get(conflict.path)}
                onChoose={(choice) => {
                  setChosen(new Map(chosen).set(conflict.path, choice));
                }}
              />
            ))}
          </ul>
        </div>
      </div>
      <div className="row-line wrap">
        {open.length > 0 ? (
          <Button
            small
            look="primary"
            disabled={!ready || props.busy}
            onClick={() => {
              props.onResolve(chosen);
            }}
          >
            {t.changes.resolveApply}
          </Button>
        ) : null}
        {others.length > 0 ? (
          <Button
            small
            disabled={props.busy}
            onClick={() => {
              props.onOthers(others);
            }}
          >
            {t.changes.conflictOthers}
          </Button>
        ) : null}
        <Button small look="ghost" onClick={props.onDismiss}>
          {t.common.dismiss}
        </Button>
      </div>
    </div>
  );
}
