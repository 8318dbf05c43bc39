import { useCallback } from "react";
import { useToasts } from "../components/toasts";
import { told } from "../protocol/told";

export interface Attempts {
  /** Does it; where it fails, says why and what to do next. */
  attempt: (work: () => Promise<unknown>) => void;
  /** Says why and what to do next. */
  fail: (error: unknown) => void;
}

export function useAttempt(): Attempts {
  const toasts = useToasts();
  const fail = useCallback(
    (error: unknown) => {
      toasts.fail(told(error));
    },
    [toasts],
  );
  const attempt = useCallback(
    (work: () => Promise<unknown>) => {
      work().catch(fail);
    },
    [fail],
  );
  return { attempt, fail };
}
