// Going back to before a message or a call, or taking that back: what it would do, before it does.

import { useEffect, useState } from "react";
import { Button } from "../../components/Button";
import { ConflictRow } from "../../components/ConflictRow";
import { Dialog } from "../../components/Dialog";
import { Figures } from "../../components/Diff";
import { FailureCard, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { asFailure, type Client } from "../../protocol/client";
import type { Choice } from "../../protocol/generated/Choice";
import type { Failure } from "../../protocol/generated/Failure";
import type { RewindReport } from "../../protocol/generated/RewindReport";
import type { RewindWhat } from "../../protocol/generated/RewindWhat";
import { useClient } from "../../protocol/queries";

/** Where to go: a message, a tool call (files alone), or back from the newest rewind. */
export type RewindTarget = { kind: "message" | "call"; seq: number } | { kind: "back"; leaving: number };

const WHATS: RewindWhat[] = ["both", "conversation", "files"];
/** Files that are named; of more only the number is told. */
const MOST_FILES = 50;

function ask(client: Client, sessionId: string, target: RewindTarget, what: RewindWhat, how: { preview?: boolean; resolve?: { path: string; choice: Choice }[] }): Promise<RewindReport> {
  if (target.kind === "back") return client.call("session.unrewind", { session_id: sessionId, ...how });
  return client.call("session.rewind", { session_id: sessionId, seq: target.seq, what, ...how });
}

/** What taking the newest rewind back would do; used to see whether it needs a question at all. */
export function previewBack(client: Client, sessionId: string): Promise<RewindReport> {
  return ask(client, sessionId, { kind: "back", leaving: 0 }, "both", { preview: true });
}

export function takeBack(client: Client, sessionId: string): Promise<RewindReport> {
  return ask(client, sessionId, { kind: "back", leaving: 0 }, "both", {});
}

export function RewindDialog(props: {
  sessionId: string;
  target: RewindTarget;
  hasProject: boolean;
  onDone: (report: RewindReport) => void;
  onClose: () => void;
}) {
  const { sessionId, target } = props;
  const client = useClient();
  const [what, setWhat] = useState<RewindWhat>(target.kind === "call" ? "files" : props.hasProject ? "both" : "conversation");
  const [seen, setSeen] = useState<{ of: RewindWhat; report: RewindReport } | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Choice>>(() => new Map());
  const [busy, setBusy] = useState(false);
  const w = t.talk.rewind;

  useEffect(() => {
    let live = true;
    ask(client, sessionId, target, what, { preview: true }).then(
      (report) => {
        if (!live) return;
        setSeen({ of: what, report });
        setFailure(undefined);
      },
      (error: unknown) => {
        if (live) setFailure(asFailure(error));
      },
    );
    return () => {
      live = false;
    };
  }, [client, sessionId, target, what]);

  const report = seen?.of === what ? seen.report : undefined;
  const open = report?.conflicts.filter((conflict) => conflict.choices.length > 0) ?? [];
  const stuck = (report?.conflicts.length ?? 0) > open.length;
  const answered = open.every((conflict) => chosen.has(conflict.path));
  const go = async () => {
    setBusy(true);
    try {
      const resolve = [...chosen].map(([path, choice]) => ({ path, choice }));
      const done = await ask(client, sessionId, target, what, resolve.length > 0 ? { resolve } : {});
      if (done.done) props.onDone(done);
      // Somebody changed a file while this was read.
      else setSeen({ of: what, report: done });
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  const title = { message: w.title, call: w.titleCall, back: w.titleBack }[target.kind];
  return (
    <Dialog
      title={title}
      className="rewind-dialog"
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose}>{t.common.cancel}</Button>
          <Button look="primary" disabled={!report || failure !== undefined || busy || stuck || !answered} onClick={() => void go()}>
            {target.kind === "back" ? w.goBack : w.go}
          </Button>
        </>
      }
    >
      {target.kind === "message" && props.hasProject ? (
        <div className="rewind-what" role="radiogroup" aria-label={w.what}>
          {WHATS.map((one) => (
            <label key={one} className="row-line">
              <input
                type="radio"
                name="rewind-what"
                checked={what === one}
                onChange={() => {
                  setWhat(one);
                  setChosen(new Map());
                  setFailure(undefined);
                }}
              />
              {w.whats[one]}
            </label>
          ))}
        </div>
      ) : null}
      {failure ? <FailureCard failure={failure} /> : report ? <Preview report={report} target={target} chosen={chosen} onChoose={(path, choice) => { setChosen(new Map(chosen).set(path, choice)); }} /> : <Waiting what={t.common.loading} />}
      <p className="quiet">{target.kind === "back" ? w.noteBack : w.note}</p>
    </Dialog>
  );
}

function Preview(props: { report: RewindReport; target: RewindTarget; chosen: ReadonlyMap<string, Choice>; onChoose: (path: string, choice: Choice) => void }) {
  const { report, target, chosen } = props;
  const { what, files, messages, conflicts, notes } = report;
  const w = t.talk.rewind;
  const back = target.kind === "back";
  return (
    <div role="group" aria-label={w.preview} className="rewind-preview">
      {what === "files" ? null : <p>{back ? w.messagesBack({ count: messages }) : w.messages({ count: messages })}</p>}
      {back && target.leaving > 0 && what !== "files" ? <p className="warn">{w.leaving({ count: target.leaving })}</p> : null}
      {what === "conversation" ? null : (
        <>
          <p>{w.files({ count: files.length })}</p>
          <ul className="rewind-files">
            {files.slice(0, MOST_FILES).map((file) => (
              <li key={file.path} className="row-line">
                <span className="mono truncate">{file.path}</span>
                <span className="quiet">{w.kinds[file.change]}</span>
                {file.binary ? null : <Figures additions={file.additions} deletions={file.deletions} />}
              </li>
            ))}
            {files.length > MOST_FILES ? <li className="quiet">{w.moreFiles({ count: files.length - MOST_FILES })}</li> : null}
          </ul>
        </>
      )}
      {notes.map((note) => (
        <p key={note} className="secondary">
          {note}
        </p>
      ))}
      {conflicts.length > 0 ? (
        <div className="failure conflicts" role="alert">
          <strong>{w.conflicts}</strong>
          <ul>
            {conflicts.map((conflict) => (
              <ConflictRow
                key={conflict.path}
                conflict={conflict}
                chosen={chosen.get(conflict.path)}
                onChoose={(choice) => {
                  props.onChoose(conflict.path, choice);
                }}
              />
            ))}
          </ul>
        </div>
      ) : null}
    </div>
  );
}
