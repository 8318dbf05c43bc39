import { useCallback } from "react";
import { useToasts } from "../components/toasts";
import { asFailure } from "../protocol/client";

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
      const failure = asFailure(error);
      toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
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
