import { Component, type ReactNode } from "react";
import { Button } from "../components/Button";
import { FailureCard } from "../components/states";
import { t } from "../i18n";

/** Catches what breaks while drawing: the engine and its work are not touched by it. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="empty">
        <FailureCard failure={{ message: t.app.broken, detail: error.stack ?? error.message }}>
          <Button
            small
            onClick={() => {
              location.reload();
            }}
          >
            {t.app.reload}
          </Button>
        </FailureCard>
      </div>
    );
  }
}
