// Where the person writes: mentions with @, commands with /, attachments, tier, model, access.

import { ArrowUp, AtSign, CornerDownRight, Paperclip, Square, X } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type DragEvent, type KeyboardEvent, type ReactNode } from "react";
import { Button, IconButton, Keys } from "../../components/Button";
import { Menu, MenuChoice, MenuLabel, MenuLine } from "../../components/Menu";
import { read, write } from "../../components/store";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import type { Access } from "../../protocol/generated/Access";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { Tier } from "../../protocol/generated/Tier";
import { useRequest } from "../../protocol/queries";
import { interactive } from "../../vitals";

export interface Choices {
  tier: Tier | undefined;
  model: string | undefined;
  access: Access;
}

export interface Outgoing {
  content: string;
  attachments: Attachment[];
}

export interface SlashCommand {
  /** Without the stroke. */
  name: string;
  title: string;
  run: () => void;
}

/** How others put text into the field. */
export interface ComposerHandle {
  focus(): void;
  insert(text: string): void;
  set(text: string): void;
}

const LARGEST_BYTES = 10 * 1024 * 1024;
const TIERS: Tier[] = ["fast", "voice", "code", "agentic"];
const ACCESSES: Access[] = ["read", "project", "home", "system"];

type Completion = { kind: "file" | "command"; query: string; from: number };

/** What the word before the caret asks to complete. */
export function completionAt(text: string, caret: number): Completion | undefined {
  const before = text.slice(0, caret);
  const command = /^\/([\w-]*)$/.exec(before);
  if (command) return { kind: "command", query: command[1] ?? "", from: 0 };
  const mention = /(?:^|[\s(])@([^\s@]*)$/.exec(before);
  if (mention) return { kind: "file", query: mention[1] ?? "", from: caret - (mention[1]?.length ?? 0) - 1 };
  return undefined;
}

/** Paths that the text still mentions, of those that were chosen. */
export function mentioned(text: string, chosen: ReadonlySet<string>): string[] {
  return [...chosen].filter((path) => new RegExp(`(^|[\\s(])@${escape(path)}(?=$|[\\s,;:!?)]|\\.(?:\\s|$))`).test(text));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export function Composer(props: {
  /** Drafts are kept under this name. */
  draftKey: string;
  projectId: string | undefined;
  running: boolean;
  ready: boolean;
  disabled: boolean;
  choices: Choices;
  onChoices: (change: Partial<Choices>) => void;
  commands: SlashCommand[];
  /** Resolves once the engine has it; the text is kept where it rejects. */
  onSend: (message: Outgoing) => Promise<void>;
  onSteer: (content: string) => Promise<void>;
  onStop: () => void;
  onSetUp: () => void;
  /** Hears how to reach the field, and `undefined` when it goes. */
  onHandle: (handle: ComposerHandle | undefined) => void;
  children?: ReactNode;
}) {
  useEffect(interactive, []);
  const { draftKey, running, commands } = props;
  const toasts = useToasts();
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(() => draftOf(draftKey));
  const [attachments, setAttachments] = useState<Attachment[]>([]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set());
  const [caret, setCaret] = useState(0);
  const [selected, setSelected] = useState(0);
  const [dismissed, setDismissed] = useState(false);
  const [dropping, setDropping] = useState(false);
  const [sending, setSending] = useState(false);

  const wanted = completionAt(text, caret);
  const completion = dismissed ? undefined : wanted;
  const files = useRequest(
    "file.find",
    completion?.kind === "file" && props.projectId ? { project_id: props.projectId, query: completion.query, limit: 12 } : undefined,
  );
  const matches =
    completion?.kind === "file"
      ? (files.data?.entries ?? []).filter((entry) => !entry.is_dir).map((entry) => ({ name: entry.path, title: "" }))
      : completion
        ? commands.filter((command) => command.name.startsWith(completion.query.toLowerCase()))
        : [];

  useEffect(() => {
    write(`mira.draft.${draftKey}`, text ? { text } : {});
  }, [draftKey, text]);

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const { onHandle } = props;
  useEffect(() => {
    onHandle({
      focus: () => field.current?.focus(),
      insert: (piece) => {
        setText((before) => (before && !before.endsWith(" ") ? `${before} ${piece}` : before + piece));
        if (piece.startsWith("@")) setChosen((before) => new Set(before).add(piece.slice(1).trim()));
        field.current?.focus();
      },
      set: (value) => {
        setText(value);
        field.current?.focus();
      },
    });
    return () => {
      onHandle(undefined);
    };
  }, [onHandle]);

  const attach = async (list: Iterable<File>) => {
    for (const file of list) {
      if (file.size > LARGEST_BYTES) {
        toasts.fail(t.composer.tooLarge({ name: file.name }));
        continue;
      }
      const data = await base64(file);
      setAttachments((all) => [
        ...all,
        { name: file.name || "image.png", media_type: file.type || "text/plain", data_base64: data },
      ]);
    }
  };

  const complete = (index: number) => {
    const match = matches[index];
    if (!match || !completion) return;
    if (completion.kind === "command") {
      setText("");
      commands.find((command) => command.name === match.name)?.run();
      return;
    }
    const next = `${text.slice(0, completion.from)}@${match.name} ${text.slice(caret)}`;
    const at = completion.from + match.name.length + 2;
    setChosen((before) => new Set(before).add(match.name));
    setText(next);
    requestAnimationFrame(() => {
      field.current?.setSelectionRange(at, at);
      setCaret(at);
    });
  };

  const send = async (how: "send" | "steer") => {
    const content = text.trim();
    if (sending || (!content && attachments.length === 0)) return;
    setSending(true);
    try {
      if (how === "steer" && attachments.length === 0) await props.onSteer(content);
      else {
        const paths = mentioned(content, chosen).map(
          (path): Attachment => ({ name: path.slice(path.lastIndexOf("/") + 1), media_type: "text/plain", path }),
        );
        await props.onSend({ content, attachments: [...attachments, ...paths] });
      }
      setText("");
      setAttachments([]);
      setChosen(new Set());
    } catch {
      // The caller has told why; the text stays.
    } finally {
      setSending(false);
    }
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (completion && matches.length > 0) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const step = event.key === "ArrowDown" ? 1 : -1;
        setSelected((at) => (at + step + matches.length) % matches.length);
        event.preventDefault();
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        complete(Math.min(selected, matches.length - 1));
        event.preventDefault();
        return;
      }
    }
    if (event.key === "Escape" && completion) {
      setDismissed(true);
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send(running && !event.altKey ? "steer" : "send");
    }
  };

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setDropping(false);
    void attach(event.dataTransfer.files);
  };

  return (
    <div className="composer">
      {props.children}
      {completion ? (
        <CompletionList
          kind={completion.kind}
          matches={matches}
          selected={Math.min(selected, matches.length - 1)}
          waiting={completion.kind === "file" && files.isFetching}
          onChoose={complete}
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
        {attachments.length > 0 ? (
          <ul className="draft-attachments" aria-label={t.chat.attachments}>
            {attachments.map((attachment, index) => (
              <li key={index} className="badge">
                {attachment.media_type.startsWith("image/") && attachment.data_base64 ? (
                  <img src={`data:${attachment.media_type};base64,${attachment.data_base64}`} alt="" />
                ) : null}
                {attachment.name}
                <button
                  type="button"
                  aria-label={t.composer.remove({ name: attachment.name })}
                  onClick={() => {
                    setAttachments((all) => all.filter((_, other) => other !== index));
                  }}
                >
                  <X size={12} />
                </button>
              </li>
            ))}
          </ul>
        ) : null}
        <textarea
          ref={field}
          id="message"
          rows={1}
          value={text}
          disabled={props.disabled}
          aria-label={t.composer.label}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={completion ? "completion" : undefined}
          aria-activedescendant={completion && matches.length > 0 ? `completion-${Math.min(selected, matches.length - 1)}` : undefined}
          placeholder={dropping ? t.composer.drop : running ? t.composer.placeholderRunning : t.composer.placeholder}
          onChange={(event) => {
            setText(event.target.value);
            setCaret(event.target.selectionStart);
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
              void attach(event.target.files ?? []);
              event.target.value = "";
            }}
          />
          <IconButton small label={t.composer.attach} onClick={() => picker.current?.click()}>
            <Paperclip size={14} />
          </IconButton>
          <ModelMenu choices={props.choices} onChoices={props.onChoices} ready={props.ready} onSetUp={props.onSetUp} />
          <AccessMenu choices={props.choices} onChoices={props.onChoices} />
          <span className="grow" />
          {running ? (
            <>
              {text.trim() ? (
                <>
                  <Button small look="ghost" keys="alt+enter" title={t.composer.queueHint} onClick={() => void send("send")}>
                    {t.composer.queue}
                  </Button>
                  <Button small look="primary" keys="enter" onClick={() => void send("steer")}>
                    <CornerDownRight size={13} aria-hidden="true" />
                    {t.composer.steer}
                  </Button>
                </>
              ) : null}
              <Button small keys="escape" onClick={props.onStop}>
                <Square size={11} fill="currentColor" aria-hidden="true" />
                {t.composer.stop}
              </Button>
            </>
          ) : (
            <Button
              small
              look="primary"
              disabled={sending || props.disabled || (!text.trim() && attachments.length === 0)}
              onClick={() => void send("send")}
            >
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

function CompletionList(props: {
  kind: Completion["kind"];
  matches: { name: string; title: string }[];
  selected: number;
  waiting: boolean;
  onChoose: (index: number) => void;
}) {
  const { kind, matches } = props;
  return (
    <div className="completion">
      <div className="menu-label">{kind === "file" ? t.composer.mentions : t.composer.commands}</div>
      <ul id="completion" role="listbox" aria-label={kind === "file" ? t.composer.mentions : t.composer.commands}>
        {matches.map((match, index) => (
          <li
            key={match.name}
            id={`completion-${index}`}
            role="option"
            aria-selected={index === props.selected}
            className="menu-item"
            onMouseDown={(event) => {
              event.preventDefault();
              props.onChoose(index);
            }}
          >
            {kind === "file" ? <AtSign size={13} className="quiet" aria-hidden="true" /> : null}
            <span className={kind === "file" ? "mono truncate" : "mono"}>{kind === "file" ? match.name : `/${match.name}`}</span>
            {match.title ? <span className="secondary truncate">{match.title}</span> : null}
          </li>
        ))}
      </ul>
      {matches.length === 0 && !props.waiting ? (
        <p className="menu-label">{kind === "file" ? t.composer.noFiles : t.composer.noCommands}</p>
      ) : null}
    </div>
  );
}

function ModelMenu(props: { choices: Choices; onChoices: (change: Partial<Choices>) => void; ready: boolean; onSetUp: () => void }) {
  const { choices, onChoices } = props;
  const models = useRequest("model.list", {});
  const tierModel = (tier: Tier) => models.data?.tiers.find((one) => one.tier === tier)?.model;
  const label = choices.model ?? (choices.tier ? (t.composer.tiers[choices.tier][0] ?? choices.tier) : t.composer.auto);
  if (!props.ready) {
    return (
      <Button small look="ghost" className="warn" onClick={props.onSetUp}>
        {t.composer.setUp}
      </Button>
    );
  }
  return (
    <Menu
      label={t.composer.tier}
      trigger={
        <Button small look="ghost" aria-label={`${t.composer.tier}, ${t.composer.model}: ${label}`}>
          <span className="truncate">{label}</span>
        </Button>
      }
    >
      <MenuLabel>{t.composer.tier}</MenuLabel>
      <MenuChoice
        value={choices.tier ?? "auto"}
        onChange={(value) => {
          onChoices({ tier: value === "auto" ? undefined : value });
        }}
        options={[
          { value: "auto" as const, label: t.composer.auto, detail: t.composer.autoDetail },
          ...TIERS.map((tier) => ({
            value: tier,
            label: t.composer.tiers[tier][0] ?? tier,
            detail: [t.composer.tiers[tier][1], tierModel(tier)].filter(Boolean).join(" · "),
          })),
        ]}
      />
      <MenuLine />
      <MenuLabel>{t.composer.model}</MenuLabel>
      <MenuChoice
        value={choices.model ?? ""}
        onChange={(value) => {
          onChoices({ model: value || undefined });
        }}
        options={[
          { value: "", label: t.composer.modelDefault },
          ...(models.data?.models ?? [])
            .filter((model) => !model.shut_down)
            .map((model) => ({ value: model.id, label: model.id, detail: undefined })),
        ]}
      />
    </Menu>
  );
}

function AccessMenu(props: { choices: Choices; onChoices: (change: Partial<Choices>) => void }) {
  const { access } = props.choices;
  const label = t.composer.accesses[access][0] ?? access;
  return (
    <Menu
      label={t.composer.access}
      trigger={
        <Button
          small
          look="ghost"
          className={access === "home" || access === "system" ? "warn" : undefined}
          aria-label={`${t.composer.access}: ${label}`}
        >
          {label}
        </Button>
      }
    >
      <MenuLabel>{t.composer.access}</MenuLabel>
      <MenuChoice
        value={access}
        onChange={(value) => {
          props.onChoices({ access: value });
        }}
        options={ACCESSES.map((one) => ({
          value: one,
          label: t.composer.accesses[one][0] ?? one,
          detail: t.composer.accesses[one][1],
        }))}
      />
    </Menu>
  );
}

function draftOf(key: string): string {
  const text = read(`mira.draft.${key}`)["text"];
  return typeof text === "string" ? text : "";
}

async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
