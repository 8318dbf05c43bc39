import * as Tooltip from "@radix-ui/react-tooltip";
import type { ReactNode } from "react";
import { Keys } from "./Button";

/** A word of explanation on hover and focus. Needs `TipProvider` above. */
export function Tip(props: { text: ReactNode; keys?: string | undefined; side?: "top" | "bottom" | "left" | "right"; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{props.children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" side={props.side ?? "top"} sideOffset={6} collisionPadding={8}>
          {props.text}
          {props.keys ? <Keys>{props.keys}</Keys> : null}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function TipProvider({ children }: { children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={200} disableHoverableContent>
      {children}
    </Tooltip.Provider>
  );
}
