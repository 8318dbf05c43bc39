import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Tip } from "./Tip";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "ghost" | "danger";
  small?: boolean;
  /** Shown beside the words. */
  keys?: string | undefined;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "plain", small, keys, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={join("button", look, small && "small", className)} {...rest}>
      {children}
      {keys ? <Keys>{keys}</Keys> : null}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "children"> {
  /** What it does: its name and its tooltip. */
  label: string;
  children: ReactNode;
}

export function IconButton({ label, keys, look = "ghost", small, className, children, ...rest }: IconButtonProps) {
  return (
    <Tip text={label} keys={keys}>
      <button type="button" aria-label={label} className={join("button icon", look, small && "small", className)} {...rest}>
        {children}
      </button>
    </Tip>
  );
}

/** A shortcut, as printed on this machine's keys. */
export function Keys({ children }: { children: string }) {
  return (
    <kbd className="kbd" aria-hidden="true">
      {shown(children)}
    </kbd>
  );
}

export const onMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** "mod+shift+k" as "⌘⇧K" or "Ctrl+Shift+K". */
export function shown(keys: string): string {
  const parts = keys.split("+").map((part) => {
    const known: Record<string, [string, string]> = {
      mod: ["⌘", "Ctrl"],
      shift: ["⇧", "Shift"],
      alt: ["⌥", "Alt"],
      enter: ["⏎", "Enter"],
      escape: ["Esc", "Esc"],
      arrowup: ["↑", "↑"],
      arrowdown: ["↓", "↓"],
      arrowleft: ["←", "←"],
      arrowright: ["→", "→"],
    };
    return known[part]?.[onMac ? 0 : 1] ?? (part.length === 1 ? part.toUpperCase() : part);
  });
  return parts.join(onMac ? "" : "+");
}

export function join(...names: (string | false | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}
