import { useEffect, useId, useRef, type ReactNode } from "react";

/** A modal question or form. The browser's own dialog keeps focus inside and gives it back. */
export function Dialog(props: { title: string; onClose: () => void; className?: string; children: ReactNode; actions?: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector<HTMLElement>("input, textarea, button")?.focus();
    return () => {
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${props.className ?? ""}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) props.onClose();
      }}
    >
      <div className="dialog-body">
        <h2 className="dialog-title" id={id}>
          {props.title}
        </h2>
        {props.children}
        {props.actions ? <div className="dialog-actions">{props.actions}</div> : null}
      </div>
    </dialog>
  );
}
