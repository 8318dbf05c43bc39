// What is reviewed, and how it is shown.

import { ChevronDown, Columns2, FolderTree, Maximize2, Minimize2 } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { Menu, MenuChoice, MenuLabel, MenuLine } from "../../components/Menu";
import { useStore } from "../../components/store";
import { t } from "../../i18n";
import { reviewHabits, type ChangesProps } from "./habits";
import type { Scope } from "./model";

export function Head(props: ChangesProps & { scope: Scope; kinds: readonly Scope["kind"][]; onScope: (kind: Scope["kind"]) => void }) {
  const { scope, targets, kinds, large } = props;
  const habit = useStore(reviewHabits);
  const current = scope.kind === "operation" ? scope.operationId : scope.kind;
  const label =
    scope.kind === "operation" ? targets.find((target) => target.operationId === scope.operationId)?.label : t.changes.scopes[scope.kind];
  const wide = kinds.filter((kind) => kind !== "operation").map((kind) => ({ value: kind as string, label: t.changes.scopes[kind as "session" | "git"] }));
  const choose = (value: string) => {
    if (value === "session" || value === "git") props.onScope(value);
    else {
      props.onScope("operation");
      props.onSelect(value);
    }
  };
  return (
    <div className="row-line">
      {large ? <h1 className="review-title">{t.inspector.tabs.changes}</h1> : null}
      <Menu
        label={t.changes.of}
        trigger={
          <Button small look="ghost" className="grow review-target" aria-label={`${t.changes.of}: ${label ?? ""}`}>
            <span className="truncate">{label}</span>
            <ChevronDown size={13} aria-hidden="true" />
          </Button>
        }
      >
        {targets.length > 0 ? <MenuLabel>{t.changes.scopes.operation}</MenuLabel> : null}
        <MenuChoice value={current} onChange={choose} options={targets.map((target) => ({ value: target.operationId, label: target.label }))} />
        {targets.length > 0 && wide.length > 0 ? <MenuLine /> : null}
        <MenuChoice value={current} onChange={choose} options={wide} />
      </Menu>
      <IconButton
        small
        label={t.changes.showTree}
        aria-pressed={habit.tree}
        className="only-wide"
        onClick={() => {
          reviewHabits.set({ tree: !habit.tree });
        }}
      >
        <FolderTree size={14} />
      </IconButton>
      <IconButton
        small
        label={t.changes.split}
        aria-pressed={habit.split}
        className="only-wide"
        onClick={() => {
          reviewHabits.set({ split: !habit.split });
        }}
      >
        <Columns2 size={14} />
      </IconButton>
      <IconButton
        small
        label={large ? t.inspector.restore : t.inspector.expand}
        onClick={() => {
          props.onLarge(!large);
        }}
      >
        {large ? <Minimize2 size={14} /> : <Maximize2 size={14} />}
      </IconButton>
    </div>
  );
}
