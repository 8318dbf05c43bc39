import { useLayoutEffect, useRef, type RefObject } from "react";

/**
 * Shows the browser's own dialog while mounted, with the keys in the first element that `first` finds. It keeps them
 * inside; where it goes, they are where they were before.
 */
export function useModal(first: string): RefObject<HTMLDialogElement | null> {
  const ref = useRef<HTMLDialogElement>(null);
  // Before the dialog leaves the page: one that is gone gives no focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector<HTMLElement>(first)?.focus();
    return () => {
      dialog?.close();
    };
  }, [first]);
  return ref;
}
