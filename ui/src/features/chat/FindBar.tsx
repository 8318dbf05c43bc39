import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { IconButton } from "../../components/Button";
import { t } from "../../i18n";

export function FindBar(props: {
  words: string;
  onWords: (words: string) => void;
  count: number;
  /** From 0; −1 where nothing is found. */
  at: number;
  loading: boolean;
  onStep: (step: 1 | -1) => void;
  onClose: () => void;
}) {
  const f = t.talk.find;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  return (
    <div
      role="search"
      className="find-bar"
      aria-label={f.title}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        props.onClose();
      }}
    >
      <input
        ref={field}
        id="find-words"
        type="search"
        className="input"
        aria-label={f.label}
        placeholder={f.label}
        value={props.words}
        onChange={(event) => {
          props.onWords(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          props.onStep(event.shiftKey ? -1 : 1);
        }}
      />
      <span className="quiet num find-count" role="status">
        {props.words.trim() === ""
          ? ""
          : props.count === 0
            ? props.loading
              ? f.loading
              : f.none
            : f.count({ at: props.at + 1, count: props.count })}
      </span>
      <IconButton
        small
        label={f.previous}
        keys="shift+enter"
        disabled={props.count === 0}
        onClick={() => {
          props.onStep(-1);
        }}
      >
        <ChevronUp size={14} />
      </IconButton>
      <IconButton
        small
        label={f.next}
        keys="enter"
        disabled={props.count === 0}
        onClick={() => {
          props.onStep(1);
        }}
      >
        <ChevronDown size={14} />
      </IconButton>
      <IconButton small label={f.close} keys="escape" onClick={props.onClose}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
