import { t } from "../i18n";
import type { Choice } from "../protocol/generated/Choice";
import type { UndoConflict } from "../protocol/generated/UndoConflict";
import { DiffLines } from "./Diff";
import { Said } from "./Said";

/** A file that was left alone: what others changed in it, and the ways to go on. */
export function ConflictRow(props: { conflict: UndoConflict; chosen: Choice | undefined; onChoose: (choice: Choice) => void }) {
  const { conflict, chosen } = props;
  return (
    <li>
      <div>
        <span className="mono">{conflict.path}</span> <span className="secondary"><Said text={conflict.reason} /></span>
      </div>
      {conflict.hunks.length > 0 ? (
        <details>
          <summary>{t.changes.othersEdits}</summary>
          {conflict.hunks.map((hunk) => (
            <DiffLines key={hunk.id} lines={hunk.lines} before={hunk.old_start} after={hunk.new_start} label={`${t.changes.othersEdits}: ${conflict.path}`} />
          ))}
        </details>
      ) : null}
      {conflict.choices.length > 0 ? (
        <div className="row-line wrap" role="radiogroup" aria-label={conflict.path}>
          {conflict.choices.map((choice) => (
            <label key={choice} className="row-line conflict-choice">
              <input
                type="radio"
                name={`conflict-${conflict.path}`}
                checked={chosen === choice}
                onChange={() => {
                  props.onChoose(choice);
                }}
              />
              {t.changes.choices[choice]}
            </label>
          ))}
        </div>
      ) : null}
    </li>
  );
}
