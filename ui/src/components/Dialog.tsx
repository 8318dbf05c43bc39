import { useId, type ReactNode } from "react";
import { useModal } from "./useModal";

/** A modal question or form. The browser's own dialog keeps focus inside and gives it back. */
export function Dialog(props: { title: string; onClose: () => void; className?: string; children: ReactNode; actions?: ReactNode }) {
  const ref = useModal("input, textarea, button");
  const id = useId();
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
