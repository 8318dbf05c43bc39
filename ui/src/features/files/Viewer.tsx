// One file: its lines in colour, a line to go to, and what the session did with it.

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowLeft, AtSign, ExternalLink, Pin, PinOff } from "lucide-react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Button, IconButton } from "../../components/Button";
import { languageOf } from "../../components/Code";
import { colours } from "../../components/colours";
import { LineText } from "../../components/LineText";
import { CopyButton, Failed, useNow, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { bytes, shortTime } from "../../i18n/format";
import { useChoices } from "../../protocol/choices";
import { told } from "../../protocol/told";
import { useEditor } from "../../protocol/editor";
import type { FileContent } from "../../protocol/generated/FileContent";
import { useRequest } from "../../protocol/queries";
import type { FilesProps, Touch } from "./FilesPanel";

/** Lines that the engine gives at once. */
const PAGE = 2000;

export function Viewer(props: FilesProps & { projectId: string; path: string; onBack: () => void }) {
  const { projectId, path, line } = props;
  const [at, setAt] = useState({ line, first: pageOf(line ?? 1), count: 0 });
  const content = useRequest("file.read", { project_id: projectId, path, offset: at.first, limit: PAGE, version: undefined });
  const data = content.data;
  const touches = props.touches.filter((touch) => touch.path === path);
  return (
    <div className="viewer">
      <ViewerHead {...props} data={data} line={at.line} />
      {touches.length > 0 ? <History touches={touches} onReview={props.onReview} onStep={props.onStep} /> : null}
      {content.error ? <Failed asked={content} /> : null}
      {!data && !content.error ? <Waiting what={t.common.loading} /> : null}
      {data?.binary ? <Binary projectId={projectId} path={path} size={data.size_bytes} /> : null}
      {data && !data.binary ? (
        <>
          <Lines key={at.first} data={data} target={at} />
          <div className="row-line viewer-pages">
            <GoTo
              total={data.total_lines}
              onGo={(next) => {
                setAt({ line: next, first: pageOf(next), count: at.count + 1 });
              }}
            />
            <span className="grow" />
            {at.first > 1 ? (
              <Button small onClick={() => { setAt({ line: undefined, first: Math.max(1, at.first - PAGE), count: at.count + 1 }); }}>
                {t.files.previous}
              </Button>
            ) : null}
            {data.first_line + PAGE <= data.total_lines ? (
              <Button small onClick={() => { setAt({ line: undefined, first: at.first + PAGE, count: at.count + 1 }); }}>
                {t.files.more}
              </Button>
            ) : null}
          </div>
        </>
      ) : null}
    </div>
  );
}

/** The first line of the page that has this line. */
function pageOf(line: number): number {
  return Math.floor((line - 1) / PAGE) * PAGE + 1;
}

function ViewerHead(props: FilesProps & { projectId: string; path: string; onBack: () => void; data: FileContent | undefined }) {
  const { path, data } = props;
  const toasts = useToasts();
  const editor = useEditor(props.projectId);
  const choices = useChoices(props.sessionId);
  const pinned = choices.of({ kind: "file", path }) === "pin";
  const attempt = (work: Promise<unknown>, done: string) => {
    work.then(
      () => {
        toasts.say(done);
      },
      (error: unknown) => {
        toasts.fail(told(error));
      },
    );
  };
  return (
    <div className="viewer-head row-line">
      <IconButton small label={t.files.back} onClick={props.onBack}>
        <ArrowLeft size={14} />
      </IconButton>
      <h2 className="mono truncate grow viewer-path" title={path}>
        {path}
      </h2>
      {data ? <span className="quiet num">{data.binary ? bytes(data.size_bytes) : t.files.lines({ count: data.total_lines })}</span> : null}
      {data && !data.binary ? <CopyButton text={data.text} label={t.common.copy} iconOnly /> : null}
      {props.sessionId ? (
        <IconButton
          small
          label={pinned ? t.files.unpin : t.files.pin}
          aria-pressed={pinned}
          onClick={() => {
            attempt(choices.choose({ kind: "file", path }, pinned ? undefined : "pin"), pinned ? t.files.unpinned : t.files.pinned);
          }}
        >
          {pinned ? <PinOff size={14} /> : <Pin size={14} />}
        </IconButton>
      ) : null}
      {editor.name ? (
        <IconButton
          small
          label={t.changes.openEditor({ editor: editor.name, path })}
          onClick={() => {
            const where = editor.elsewhere;
            attempt(editor.open(path, props.line), where ? t.changes.openedOn({ editor: editor.name ?? "", host: where }) : t.changes.opened({ editor: editor.name ?? "" }));
          }}
        >
          <ExternalLink size={14} />
        </IconButton>
      ) : null}
      <IconButton
        small
        label={t.files.mention}
        onClick={() => {
          props.onMention(path);
        }}
      >
        <AtSign size={14} />
      </IconButton>
    </div>
  );
}

/** What the session read and changed in it, newest first. */
function History(props: { touches: readonly Touch[]; onReview: (operationId: string) => void; onStep: (seq: number) => void }) {
  const now = useNow(60_000);
  const newest = [...props.touches].reverse();
  const changes = newest.filter((touch) => touch.kind === "changed").length;
  return (
    <details className="viewer-history">
      <summary>{t.files.history({ reads: newest.length - changes, changes })}</summary>
      <ul>
        {newest.slice(0, 50).map((touch) => (
          <li key={touch.seq} className="row-line">
            <span className="touch" data-touch={touch.kind}>
              {t.files.touches[touch.kind]}
            </span>
            <button
              type="button"
              className="truncate grow link-like"
              onClick={() => {
                props.onStep(touch.seq);
              }}
            >
              {touch.label}
            </button>
            <span className="quiet num">{shortTime(touch.at, now)}</span>
            {touch.kind === "changed" && touch.operationId ? (
              <Button
                small
                look="ghost"
                onClick={() => {
                  props.onReview(touch.operationId ?? "");
                }}
              >
                {t.files.review}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </details>
  );
}

function GoTo({ total, onGo }: { total: number; onGo: (line: number) => void }) {
  const [text, setText] = useState("");
  return (
    <form
      className="row-line"
      onSubmit={(event) => {
        event.preventDefault();
        const line = Math.min(total, Math.max(1, Math.floor(Number(text))));
        if (Number.isFinite(line)) onGo(line);
        setText("");
      }}
    >
      <input
        className="input go-to num"
        inputMode="numeric"
        value={text}
        placeholder={t.files.goTo}
        aria-label={t.files.goTo}
        onChange={(event) => {
          setText(event.target.value.replace(/\D/g, ""));
        }}
      />
    </form>
  );
}

const LINE_HEIGHT = 20;
/** From this many lines on only what is near the view is drawn. */
const VIRTUAL_FROM = 300;

function Lines(props: { data: FileContent; target: { line: number | undefined; count: number } }) {
  const { data, target } = props;
  useSyncExternalStore(colours.subscribe, colours.snapshot);
  const scroller = useRef<HTMLDivElement>(null);
  const texts = useMemo(() => data.text.replace(/\n$/, "").split("\n"), [data.text]);
  const language = languageOf(data.path);
  const many = texts.length >= VIRTUAL_FROM;
  // The compiler cannot see inside; nothing here is memoised by it.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: many ? texts.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 30,
  });
  const index = target.line === undefined ? -1 : target.line - data.first_line;
  const scroll = useRef(virtualizer);
  useEffect(() => {
    scroll.current = virtualizer;
  });
  useEffect(() => {
    if (index < 0) return;
    if (many) scroll.current.scrollToIndex(index, { align: "center" });
    else scroller.current?.querySelector('[data-target="true"]')?.scrollIntoView({ block: "center" });
  }, [index, many, target.count]);
  const line = (at: number) => (
    <>
      <span className="viewer-number" aria-hidden="true">
        {data.first_line + at}
      </span>
      <span className="viewer-line">
        <LineText text={texts[at] ?? ""} colours={language ? colours.line(texts, () => texts, at, language) : undefined} />
      </span>
    </>
  );
  return (
    <div className="viewer-text" ref={scroller} tabIndex={0} data-autofocus role="region" aria-label={data.path}>
      {many ? (
        <div className="viewer-space" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtualizer.measureElement}
              className="viewer-row placed"
              data-target={item.index === index}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {line(item.index)}
            </div>
          ))}
        </div>
      ) : (
        texts.map((_, at) => (
          <div key={at} className="viewer-row" data-target={at === index}>
            {line(at)}
          </div>
        ))
      )}
    </div>
  );
}

/** A picture where it is one, else its size. */
function Binary(props: { projectId: string; path: string; size: number }) {
  const blob = useRequest("file.blob", { project_id: props.projectId, path: props.path, version: undefined });
  const picture = blob.data?.media_type.startsWith("image/") && blob.data.data_base64 ? blob.data : undefined;
  if (!picture) return <p className="panel quiet">{t.files.binary({ size: bytes(props.size) })}</p>;
  return (
    <figure className="panel viewer-image">
      <img src={`data:${picture.media_type};base64,${picture.data_base64 ?? ""}`} alt={props.path} />
    </figure>
  );
}
