// How an operation ended, and what can be done about it.

import { ChevronDown, CircleAlert, FileDown, GitFork, Redo2, RotateCcw, Undo2 } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { Figures } from "../../components/Diff";
import { Menu, MenuItem } from "../../components/Menu";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { duration, money } from "../../i18n/format";
import type { Tier } from "../../protocol/generated/Tier";
import { NextCost, TierCost } from "../../protocol/nextCost";
import { TIERS } from "./choices";
import type { RowActions } from "./rows";
import type { OperationView } from "./transcript";

export function EndRow({ seq, operation, actions }: { seq: number; operation: OperationView; actions: RowActions }) {
  const { state, failure, changes } = operation;
  const additions = changes.reduce((sum, change) => sum + change.additions, 0);
  const deletions = changes.reduce((sum, change) => sum + change.deletions, 0);
  return (
    <footer className="end" data-state={state}>
      {state === "FAILED" && failure ? (
        <FailureCard failure={failure}>
          {failure.code === "key_missing" || failure.code === "key_rejected" || failure.code === "budget_exceeded" ? (
            <Button small onClick={actions.openSettings}>
              {t.chat.openSettings}
            </Button>
          ) : null}
          <Button
            small
            onClick={() => {
              actions.resume(operation.id);
            }}
          >
            <RotateCcw size={13} aria-hidden="true" />
            {t.chat.retry}
          </Button>
          <ContinueMenu
            words={operation.words}
            onChoose={(tier) => {
              actions.continueOn(operation.id, tier);
            }}
          />
        </FailureCard>
      ) : null}
      {state === "INTERRUPTED" || state === "CANCELLED" ? (
        <p className="notice warn">
          <CircleAlert size={14} aria-hidden="true" />
          <span className="grow">{state === "CANCELLED" ? t.chat.cancelled : t.chat.interrupted}</span>
          <span className="notice-actions">
            <Button
              small
              onClick={() => {
                actions.resume(operation.id);
              }}
            >
              {t.chat.resume}
            </Button>
            <NextCost content={operation.words} />
            <ContinueMenu
              words={operation.words}
              onChoose={(tier) => {
                actions.continueOn(operation.id, tier);
              }}
            />
          </span>
        </p>
      ) : null}
      <div className="row-line wrap end-line">
        {changes.length > 0 ? (
          <>
            <span className="secondary">
              {t.chat.changed({ count: changes.length })} <Figures additions={additions} deletions={deletions} />
            </span>
            <Button
              small
              onClick={() => {
                actions.review(operation.id);
              }}
            >
              {t.chat.review}
            </Button>
            <Button
              small
              look="ghost"
              onClick={() => {
                if (operation.undone) actions.redo(operation.id);
                else actions.undo(operation.id);
              }}
            >
              {operation.undone ? <Redo2 size={13} aria-hidden="true" /> : <Undo2 size={13} aria-hidden="true" />}
              {operation.undone ? t.chat.redoAll : t.chat.undoAll}
            </Button>
          </>
        ) : null}
        <span className="row-line end-facts">
          <span className="row-tools">
            <IconButton
              small
              label={t.chat.exportScenario}
              onClick={() => {
                actions.exportScenario(operation.id);
              }}
            >
              <FileDown size={13} />
            </IconButton>
            <IconButton
              small
              label={t.chat.forkHere}
              onClick={() => {
                actions.fork(seq);
              }}
            >
              <GitFork size={13} />
            </IconButton>
          </span>
          <span className="quiet num">
            {operation.durationMs === undefined
              ? ""
              : state === "COMPLETED"
                ? t.chat.completedIn({ time: duration(operation.durationMs) })
                : t.chat.endedAfter({ time: duration(operation.durationMs) })}
            {operation.calls.length > 0 ? ` · ${money(operation.costMicroUsd)}` : ""}
          </span>
        </span>
      </div>
    </footer>
  );
}

function ContinueMenu(props: { words: string; onChoose: (tier: Tier) => void }) {
  return (
    <Menu
      label={t.talk.continueOn}
      trigger={
        <Button small look="ghost">
          {t.talk.continueOn}
          <ChevronDown size={12} aria-hidden="true" />
        </Button>
      }
    >
      {TIERS.map((tier) => (
        <MenuItem
          key={tier}
          note={<TierCost content={props.words} tier={tier} />}
          onSelect={() => {
            props.onChoose(tier);
          }}
        >
          {t.talk.continueTier({ tier: t.composer.tiers[tier][0] ?? tier })}
        </MenuItem>
      ))}
    </Menu>
  );
}
