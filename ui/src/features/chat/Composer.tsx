// Where the person writes: mentions with @, commands with /, attachments, tier, model, access.

import { ArrowUp, CornerDownRight, Paperclip, Square } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type DragEvent, type KeyboardEvent, type ReactNode } from "react";
import { Button, IconButton, Keys } from "../../components/Button";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { Mention } from "../../protocol/generated/Mention";
import { NextCost } from "../../protocol/nextCost";
import { useClient } from "../../protocol/queries";
import { onDropped, type DroppedFile } from "../../protocol/window";
import { interactive } from "../../vitals";
import { readFile } from "./attaching";
import { Attached, useEstimate } from "./Attached";
import { AccessMenu, ModelMenu, type Choices } from "./choices";
import { Completion } from "./Completion";
import { fileOptions, mentionedIn, wantedAt } from "./mentions";
import { handOver, historyFor, type Moment } from "./textHistory";
import { useDraft, type Written } from "./useDraft";
import { useOptions, type Command } from "./useOptions";

export interface Outgoing {
  content: string;
  attachments: Attachment[];
  mentions: Mention[];
}

/** How others put text into the field. */
export interface ComposerHandle {
  focus(): void;
  insert(text: string): void;
  /** What is written becomes this; what comes along too where it is named. */
  set(text: string, along?: Partial<Pick<Written, "attachments" | "mentions">>): void;
}

export function Composer(props: {
  sessionId: string | undefined;
  projectId: string | undefined;
  running: boolean;
  ready: boolean;
  choices: Choices;
  onChoices: (change: Partial<Choices>) => void;
  commands: readonly Command[];
  /** Messages of this session, newest first, for the arrow keys in an empty field. */
  said: () => readonly string[];
  /** Resolves once the engine has it; the text is kept where it rejects. */
  onSend: (message: Outgoing, begun: (sessionId: string) => void) => Promise<void>;
  /** False where the operation had just ended. */
  onSteer: (content: string) => Promise<boolean>;
  onStop: () => void;
  onSetUp: () => void;
  /** Hears how to reach the field, and `undefined` when it goes. */
  onHandle: (handle: ComposerHandle | undefined) => void;
  children?: ReactNode;
}) {
  useEffect(interactive, []);
  const { sessionId, projectId, running, commands } = props;
  const toasts = useToasts();
  const client = useClient();
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [history] = useState(() => historyFor(sessionId));
  const restored = useCallback(
    (text: string) => {
      history.note(text, text.length, true);
    },
    [history],
  );
  const [written, change] = useDraft(sessionId, projectId, restored);
  const [caret, setCaret] = useState(0);
  const [selected, setSelected] = useState(0);
  const [dismissed, setDismissed] = useState(false);
  const [dropping, setDropping] = useState(false);
  const [sending, setSending] = useState(false);
  const recalled = useRef(-1);
  /** Where the caret goes with text that did not come from a key. */
  const wantedCaret = useRef<number | undefined>(undefined);
  const { text, attachments } = written;

  const wanted = wantedAt(text, caret);
  const { options, waiting } = useOptions(dismissed ? undefined : wanted, { projectId, sessionId, commands });
  const listed = !dismissed && wanted !== undefined && (options.length > 0 || wanted.query.length > 0 || wanted.kind === "mention");
  const chosen = Math.min(selected, options.length - 1);
  const { tier, model } = props.choices;
  const estimated = useEstimate(written, { sessionId, projectId, tier, model });
  const refused = (estimated.estimate?.problems.length ?? 0) > 0;
  const empty = !text.trim() && attachments.length === 0;

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
    // Before the next key: whoever types on at once must not write in the wrong place.
    const at = wantedCaret.current;
    wantedCaret.current = undefined;
    if (at !== undefined) element.setSelectionRange(at, at);
  }, [text]);

  const place = useCallback((at: number) => {
    wantedCaret.current = at;
    setCaret(at);
  }, []);

  /** Text that does not come from a key. */
  const put = useCallback(
    (next: string, at: number, mention?: { word: string; mention: Mention }, along: Partial<Written> = {}) => {
      history.note(next, at, true);
      change({ text: next, ...(mention ? { mentions: [...written.mentions, mention] } : {}), ...along });
      place(at);
    },
    [change, history, place, written.mentions],
  );

  const latest = useRef({ text, put });
  useEffect(() => {
    latest.current = { text, put };
  });
  const { onHandle } = props;
  useEffect(() => {
    onHandle({
      focus: () => field.current?.focus(),
      insert: (piece) => {
        const before = latest.current.text;
        const next = before && !/\s$/.test(before) ? `${before} ${piece}` : before + piece;
        const word = piece.trim();
        const path = word.slice(1);
        latest.current.put(next, next.length, word.startsWith("@") ? { word, mention: { kind: "file", path } } : undefined);
        field.current?.focus();
      },
      set: (value, along) => {
        latest.current.put(value, value.length, undefined, along);
        // It is whole: nothing at its end waits to be completed, and Enter sends it.
        setDismissed(true);
        field.current?.focus();
      },
    });
    return () => {
      onHandle(undefined);
    };
  }, [onHandle]);

  const attach = async (list: Iterable<DroppedFile>) => {
    const read = await Promise.all([...list].map(readFile));
    const fresh: Attachment[] = [];
    for (const one of read) {
      if ("refused" in one) toasts.fail(one.refused);
      else fresh.push(one.attachment);
    }
    if (fresh.length > 0) change({ attachments: [...attachments, ...fresh] });
  };

  const runCommand = async (name: string, rest: string): Promise<boolean> => {
    const command = commands.find((one) => one.name === name);
    if (!command) return false;
    put("", 0);
    try {
      await command.run(rest);
    } catch (error) {
      put(text, text.length);
      toasts.fail(error instanceof Error ? error.message : String(error));
    }
    return true;
  };

  const complete = (index: number, run: boolean) => {
    const option = options[index];
    if (!option || !wanted) return;
    if (option.group === "command") {
      const command = commands.find((one) => `/${one.name}` === option.word);
      if (run && command && (!command.usage || wanted.query === command.name)) void runCommand(command.name, "");
      else put(`${option.word} `, option.word.length + 1);
      return;
    }
    const next = `${text.slice(0, wanted.from)}${option.word} ${text.slice(caret)}`;
    put(next, wanted.from + option.word.length + 1, option.mention ? { word: option.word, mention: option.mention } : undefined);
  };

  const send = async (how: "send" | "steer") => {
    const content = text.trim();
    if (sending || empty || refused) return;
    const slash = /^\/([\w:-]+)(?:\s+([\s\S]*))?$/.exec(content);
    if (slash && attachments.length === 0) {
      if (await runCommand(slash[1] ?? "", (slash[2] ?? "").trim())) return;
      // A path such as /etc/hosts is no command that was mistyped.
      if (!content.slice(1).includes("/")) {
        toasts.fail(t.talk.command.unknown({ name: slash[1] ?? "" }));
        return;
      }
    }
    setSending(true);
    try {
      const reached = how === "steer" && attachments.length === 0 && (await props.onSteer(content));
      if (!reached) {
        const mentions = mentionedIn(content, written.mentions).map((one) => one.mention);
        await props.onSend({ content, attachments: [...attachments], mentions }, (id) => {
          handOver(history, id);
        });
      }
      recalled.current = -1;
      history.note("", 0, true);
      change({ text: "", attachments: [], mentions: [] });
    } catch {
      // The caller has told why; the text stays.
    } finally {
      setSending(false);
    }
  };

  const step = (moment: Moment | undefined) => {
    if (!moment) return;
    change({ text: moment.text });
    place(moment.caret);
  };

  /** Earlier messages of this conversation, from an empty field or from one of them. */
  const recall = (direction: 1 | -1): boolean => {
    const said = props.said();
    const now = recalled.current < 0 ? "" : said[recalled.current];
    if (text !== (now ?? "")) return false;
    const next = recalled.current + direction;
    if (next >= said.length || (next < 0 && recalled.current < 0)) return false;
    recalled.current = Math.max(-1, next);
    const words = recalled.current < 0 ? "" : (said[recalled.current] ?? "");
    put(words, words.length);
    return true;
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    const mod = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (mod && !event.altKey && (key === "z" || key === "y")) {
      const redo = key === "y" || event.shiftKey;
      // With nothing to bring again and nothing written, the keys mean the operation's changes.
      if (redo && !history.canRedo && !text) return;
      event.preventDefault();
      step(redo ? history.redo() : history.undo());
      return;
    }
    if (listed && options.length > 0) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const by = event.key === "ArrowDown" ? 1 : -1;
        setSelected((chosen + by + options.length) % options.length);
        event.preventDefault();
        return;
      }
      if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
        complete(chosen, event.key === "Enter");
        event.preventDefault();
        return;
      }
    }
    if (event.key === "Escape" && listed) {
      setDismissed(true);
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !mod && !event.shiftKey && recall(event.key === "ArrowUp" ? 1 : -1)) {
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send(running && !event.altKey ? "steer" : "send");
    }
  };

  /** A folder of the project becomes a mention: its path is what the model can use. */
  const mentionFolder = async (name: string) => {
    const found = projectId ? await client.call("file.find", { project_id: projectId, query: `${name}/`, limit: 50 }) : undefined;
    const option = fileOptions(found?.entries ?? [], name).find(({ mention }) => mention?.kind === "folder" && `/${mention.path}`.endsWith(`/${name}`));
    if (!option?.mention) {
      toasts.fail(t.talk.attach.folder({ name }));
      return;
    }
    const before = latest.current.text;
    const next = `${before && !/\s$/.test(before) ? `${before} ` : before}${option.word} `;
    latest.current.put(next, next.length, { word: option.word, mention: option.mention });
  };

  const drop = (event: DragEvent) => {
    event.preventDefault();
    const folders = new Set([...event.dataTransfer.items].flatMap((item) => item.webkitGetAsEntry()).flatMap((entry) => (entry?.isDirectory ? entry.name : [])));
    takeDropped([...event.dataTransfer.files].filter((file) => !folders.has(file.name)), folders);
  };

  const takeDropped = (files: DroppedFile[], folders: Iterable<string>) => {
    setDropping(false);
    void attach(files);
    for (const name of folders) {
      mentionFolder(name).catch(() => {
        toasts.fail(t.talk.attach.folder({ name }));
      });
    }
    field.current?.focus();
  };
  const take = useRef(takeDropped);
  useEffect(() => {
    take.current = takeDropped;
  });
  useEffect(() => (client.kind === "window" ? onDropped((files, folders) => { take.current(files, folders); }) : undefined), [client]);

  return (
    <div className="composer">
      {props.children}
      {listed ? (
        <Completion
          options={options}
          selected={chosen}
          waiting={waiting}
          onChoose={(index) => {
            complete(index, true);
          }}
        />
      ) : null}
      <div
        className="composer-box"
        data-drop={dropping}
        onDragOver={(event) => {
          event.preventDefault();
          setDropping(true);
        }}
        onDragLeave={() => {
          setDropping(false);
        }}
        onDrop={drop}
      >
        <Attached
          written={written}
          estimated={estimated}
          onAttachments={(list) => {
            change({ attachments: list });
          }}
          onModels={() => document.getElementById("model-menu")?.click()}
        />
        <textarea
          ref={field}
          id="message"
          rows={1}
          value={text}
          aria-label={t.composer.label}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={listed && options.length > 0 ? "completion" : undefined}
          aria-activedescendant={listed && options.length > 0 ? `completion-${chosen}` : undefined}
          placeholder={dropping ? t.composer.drop : running ? t.composer.placeholderRunning : t.talk.mention.placeholder}
          onChange={(event) => {
            const { value, selectionStart } = event.target;
            recalled.current = -1;
            history.note(value, selectionStart);
            change({ text: value });
            setCaret(selectionStart);
            setSelected(0);
            setDismissed(false);
          }}
          onSelect={(event) => {
            setCaret(event.currentTarget.selectionStart);
          }}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            if (event.clipboardData.files.length === 0) return;
            event.preventDefault();
            void attach(event.clipboardData.files);
          }}
        />
        <div className="composer-bar">
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-hidden="true"
            onChange={(event) => {
              void attach([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
          <IconButton small label={t.composer.attach} onClick={() => picker.current?.click()}>
            <Paperclip size={14} />
          </IconButton>
          <ModelMenu choices={props.choices} onChoices={props.onChoices} ready={props.ready} onSetUp={props.onSetUp} />
          <AccessMenu choices={props.choices} onChoices={props.onChoices} />
          <span className="grow" />
          {text.startsWith("/") ? null : <NextCost content={text} files={attachments.length + mentionedIn(text, written.mentions).length} />}
          {running ? (
            <>
              {empty ? null : (
                <>
                  <Button small look="ghost" keys="alt+enter" title={t.composer.queueHint} disabled={refused} onClick={() => void send("send")}>
                    {t.composer.queue}
                  </Button>
                  {attachments.length > 0 ? null : (
                    <Button small look="primary" keys="enter" onClick={() => void send("steer")}>
                      <CornerDownRight size={13} aria-hidden="true" />
                      {t.composer.steer}
                    </Button>
                  )}
                </>
              )}
              <Button small keys="escape" onClick={props.onStop}>
                <Square size={11} fill="currentColor" aria-hidden="true" />
                {t.composer.stop}
              </Button>
            </>
          ) : (
            <Button small look="primary" disabled={sending || empty || refused} onClick={() => void send("send")}>
              <ArrowUp size={14} aria-hidden="true" />
              {t.composer.send}
              <Keys>enter</Keys>
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}
