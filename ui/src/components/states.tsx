// What a place shows when it has nothing, waits, or failed.

import { CircleAlert, Copy, RotateCcw } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { t } from "../i18n";
import { clock, duration } from "../i18n/format";
import { speaking } from "../i18n/language";
import { asFailure } from "../protocol/client";
import type { Code } from "../protocol/generated/Code";
import { Button } from "./Button";
import { Said } from "./Said";

export function Empty(props: { title: string; children?: ReactNode; action?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="empty">
      {props.icon}
      <p className="empty-title">{props.title}</p>
      {props.children ? <p className="empty-text">{props.children}</p> : null}
      {props.action}
    </div>
  );
}

/** Says what it waits for; appears only when the wait is long enough to be noticed. */
export function Waiting({ what }: { what: string }) {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setVisible(true);
    }, 200);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return (
    <div className="empty" role="status">
      {visible ? (
        <span className="row-line">
          <span className="dot-pulse" aria-hidden="true" />
          {what}
        </span>
      ) : null}
    </div>
  );
}

interface FailureLike {
  message: string;
  /** What went wrong, in a word; named in languages that the engine does not speak. */
  code?: Code;
  hint?: string | null;
  detail?: string | null;
}

export function FailureCard(props: { failure: FailureLike; children?: ReactNode; title?: string }) {
  const { failure } = props;
  const title = props.title ?? (failure.code && speaking.get().language !== "en" ? t.failure.codes[failure.code] : undefined);
  return (
    <div className="failure" role="alert">
      <div className="failure-head">
        <CircleAlert size={15} aria-hidden="true" />
        <div className="grow">
          {title ? <strong>{title}</strong> : null}
          <p>
            <Said text={failure.message} />
          </p>
          {failure.hint ? (
            <p className="secondary">
              <Said text={failure.hint} />
            </p>
          ) : null}
        </div>
      </div>
      {props.children ? <div className="row-line wrap">{props.children}</div> : null}
      {failure.detail ? (
        <details>
          <summary className="secondary">{t.failure.detail}</summary>
          <pre>{failure.detail}</pre>
          <CopyButton text={failure.detail} label={t.failure.copyDetail} />
        </details>
      ) : null}
    </div>
  );
}

/** What was asked of the engine and failed, with a way to ask once more where that may help. */
export function Failed({ asked }: { asked: { error: unknown; isFetching: boolean; refetch: () => Promise<unknown> } }) {
  const failure = asFailure(asked.error);
  return (
    <FailureCard failure={failure}>
      {failure.code === "bad_params" ? null : (
        <Button small disabled={asked.isFetching} onClick={() => void asked.refetch()}>
          <RotateCcw size={13} aria-hidden="true" />
          {t.common.retry}
        </Button>
      )}
    </FailureCard>
  );
}

export function CopyButton(props: { text: string; label: string; iconOnly?: boolean }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => {
      setCopied(false);
    }, 1500);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);
  return (
    <Button
      look="ghost"
      small
      aria-label={props.label}
      onClick={() => {
        void copyText(props.text).then(setCopied);
      }}
    >
      <Copy size={12} aria-hidden="true" />
      <span aria-live="polite">{copied ? t.common.copied : props.iconOnly ? "" : t.common.copy}</span>
    </Button>
  );
}

/** Puts text on the clipboard; false where the host does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The present moment, renewed every `everyMs` while mounted. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return now;
}

/** Time since `since`, ticking. */
export function Elapsed({ since }: { since: number }) {
  const now = useNow(500);
  return <span className="num quiet">{duration(Math.max(0, Math.floor((now - since) / 1000) * 1000))}</span>;
}

/** Time until `until`, ticking down to zero. */
export function Countdown({ until }: { until: number }) {
  const now = useNow(500);
  return <span className="num">{clock(until - now + 500)}</span>;
}

export function Meter(props: { value: number; limit: number; label: string }) {
  const share = props.limit > 0 ? props.value / props.limit : 0;
  const level = share >= 1 ? "over" : share >= 0.8 ? "near" : "fine";
  return (
    <div
      className="meter"
      role="meter"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.limit}
      aria-valuenow={Math.min(props.value, props.limit)}
      data-level={level}
    >
      <span style={{ width: `${Math.min(100, share * 100)}%` }} />
    </div>
  );
}
