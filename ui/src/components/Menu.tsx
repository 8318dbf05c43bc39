import * as Dropdown from "@radix-ui/react-dropdown-menu";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { Keys } from "./Button";

// `modal={false}`: a modal menu would write a style element, which the security policy forbids.

export function Menu(props: { trigger: ReactNode; align?: "start" | "end" | "center"; label?: string; children: ReactNode }) {
  return (
    <Dropdown.Root modal={false}>
      <Dropdown.Trigger asChild>{props.trigger}</Dropdown.Trigger>
      <Dropdown.Portal>
        <Dropdown.Content className="menu" align={props.align ?? "start"} sideOffset={4} collisionPadding={8} aria-label={props.label}>
          {props.children}
        </Dropdown.Content>
      </Dropdown.Portal>
    </Dropdown.Root>
  );
}

export function MenuItem(props: {
  onSelect: () => void;
  icon?: ReactNode;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  /** A word at the end of the line: what it costs. */
  note?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Dropdown.Item
      className={props.danger ? "menu-item danger" : "menu-item"}
      disabled={props.disabled ?? false}
      onSelect={props.onSelect}
    >
      {props.icon}
      <span className="grow">{props.children}</span>
      {props.note ? <span className="end">{props.note}</span> : null}
      {props.keys ? (
        <span className="end">
          <Keys>{props.keys}</Keys>
        </span>
      ) : null}
    </Dropdown.Item>
  );
}

export function MenuChoice<T extends string>(props: {
  value: T;
  onChange: (value: T) => void;
  options: { value: T; label: string; detail?: string | undefined; disabled?: boolean }[];
}) {
  return (
    <Dropdown.RadioGroup
      value={props.value}
      onValueChange={(value) => {
        props.onChange(value as T);
      }}
    >
      {props.options.map((option) => (
        <Dropdown.RadioItem
          key={option.value}
          value={option.value}
          className="menu-item"
          disabled={option.disabled ?? false}
        >
          <span className="check" aria-hidden="true">
            <Dropdown.ItemIndicator>
              <Check size={13} />
            </Dropdown.ItemIndicator>
          </span>
          <span className="grow">
            {option.label}
            {option.detail ? <span className="menu-detail">{option.detail}</span> : null}
          </span>
        </Dropdown.RadioItem>
      ))}
    </Dropdown.RadioGroup>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Dropdown.Label className="menu-label">{children}</Dropdown.Label>;
}

export function MenuLine() {
  return <Dropdown.Separator className="menu-line" />;
}
