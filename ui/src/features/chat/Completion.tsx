import { AtSign, Braces, Folder, GitCommitHorizontal, MessageSquare, TerminalSquare } from "lucide-react";
import { useEffect, useRef } from "react";
import { t } from "../../i18n";
import type { Group, Option } from "./mentions";

const ICONS: Record<Group, typeof AtSign> = {
  file: AtSign,
  symbol: Braces,
  session: MessageSquare,
  commit: GitCommitHorizontal,
  command: TerminalSquare,
};

/** The list above the message field. The focus stays in the field, which says what is selected. */
export function Completion(props: { options: readonly Option[]; selected: number; waiting: boolean; onChoose: (index: number) => void }) {
  const { options, selected } = props;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (chosen && typeof chosen.scrollIntoView === "function") chosen.scrollIntoView({ block: "nearest" });
  }, [selected, options]);
  if (options.length === 0) {
    return props.waiting ? null : (
      <div className="completion">
        <p className="menu-label">{t.talk.mention.none}</p>
      </div>
    );
  }
  return (
    <div className="completion">
      <ul id="completion" ref={list} role="listbox" aria-label={t.talk.mention.groups[options[0]?.group ?? "file"]}>
        {options.map((option, index) => (
          <Row key={option.key} option={option} index={index} before={options[index - 1]?.group} selected={index === selected} onChoose={props.onChoose} />
        ))}
      </ul>
    </div>
  );
}

function Row(props: { option: Option; index: number; before: Group | undefined; selected: boolean; onChoose: (index: number) => void }) {
  const { option, index } = props;
  const Icon = option.mention?.kind === "folder" ? Folder : ICONS[option.group];
  const path = option.group === "file" || option.group === "symbol";
  return (
    <>
      {option.group === props.before ? null : (
        <li className="menu-label" role="presentation">
          {t.talk.mention.groups[option.group]}
        </li>
      )}
      <li
        id={`completion-${index}`}
        role="option"
        aria-selected={props.selected}
        className="menu-item"
        onMouseDown={(event) => {
          event.preventDefault();
          props.onChoose(index);
        }}
      >
        <Icon size={13} className="quiet" aria-hidden="true" />
        {option.group === "command" ? <span className="mono">{option.word}</span> : null}
        <span className={path ? "mono truncate" : option.group === "command" ? "secondary truncate" : "truncate"}>{option.title}</span>
        {option.detail ? <span className="quiet mono completion-detail">{option.detail}</span> : null}
      </li>
    </>
  );
}
