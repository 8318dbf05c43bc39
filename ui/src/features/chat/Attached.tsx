// What goes along with a message that is not sent yet: how large it is, what it would cost, and
// whether the model that would answer can see it.

import { CircleAlert, File as FileIcon, X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "../../components/Button";
import { Tip } from "../../components/Tip";
import { t } from "../../i18n";
import { bytes, money, tokens } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { MessageEstimate } from "../../protocol/generated/MessageEstimate";
import { useClient } from "../../protocol/queries";
import { isImage, sizeOf } from "./attaching";
import { mentionedIn } from "./mentions";
import type { Written } from "./useDraft";

const WAIT_MS = 350;

export interface Estimated {
  estimate: MessageEstimate | undefined;
  /** Why it cannot be asked for now: no key, no server. */
  failure: string | undefined;
}

/** Asks the engine what the message would be, a moment after the last change. */
export function useEstimate(
  written: Written,
  at: { sessionId: string | undefined; projectId: string | undefined; tier: string | undefined; model: string | undefined },
): Estimated {
  const client = useClient();
  const { sessionId, projectId, tier, model } = at;
  const [known, setKnown] = useState<Estimated>({ estimate: undefined, failure: undefined });
  const mentions = mentionedIn(written.text, written.mentions);
  // Plain text costs little; what comes along is worth a look before it is sent.
  const asks = written.attachments.length > 0 || mentions.length > 0;
  const request = asks
    ? JSON.stringify({
        content: written.text,
        session_id: sessionId,
        project_id: projectId,
        attachments: written.attachments.map(sizeOf),
        mentions: mentions.map((one) => one.mention),
        tier,
        model,
      })
    : undefined;
  useEffect(() => {
    if (request === undefined) return undefined;
    let live = true;
    const timer = setTimeout(() => {
      client.call("operation.estimate", JSON.parse(request) as Parameters<typeof client.call<"operation.estimate">>[1]).then(
        (estimate) => {
          if (live) setKnown({ estimate, failure: undefined });
        },
        (error: unknown) => {
          if (live) setKnown({ estimate: undefined, failure: error instanceof Error ? error.message : String(error) });
        },
      );
    }, WAIT_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [client, request]);
  return asks ? known : { estimate: undefined, failure: undefined };
}

export function Attached(props: {
  written: Written;
  estimated: Estimated;
  onAttachments: (attachments: Attachment[]) => void;
  onModels: () => void;
}) {
  const { written, estimated, onAttachments } = props;
  const { attachments } = written;
  const { estimate, failure } = estimated;
  const mentions = mentionedIn(written.text, written.mentions);
  if (attachments.length === 0 && mentions.length === 0) return null;
  const problems = estimate?.problems ?? [];
  const blind = attachments.some(isImage) && estimate?.accepts_images === false;
  return (
    <div className="attached">
      {attachments.length > 0 ? (
        <ul className="draft-attachments" aria-label={t.chat.attachments}>
          {attachments.map((attachment, index) => (
            <li key={index} className="badge" data-problem={isImage(attachment) && blind}>
              {isImage(attachment) && attachment.data_base64 ? (
                <img src={`data:${attachment.media_type};base64,${attachment.data_base64}`} alt={t.chat.image({ name: attachment.name })} />
              ) : (
                <FileIcon size={12} aria-hidden="true" />
              )}
              <span className="truncate">{attachment.name}</span>
              <span className="quiet num">
                {bytes(sizeOf(attachment).size_bytes)}
                {estimate?.parts[index] ? ` · ${t.talk.attach.tokens({ tokens: tokens(estimate.parts[index].tokens) })}` : ""}
              </span>
              <button
                type="button"
                aria-label={t.composer.remove({ name: attachment.name })}
                onClick={() => {
                  onAttachments(attachments.filter((_, other) => other !== index));
                }}
              >
                <X size={12} />
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      {estimate ? (
        <Tip text={t.talk.attach.totalTip({ reason: inWords(estimate.reason) })}>
          <span className="quiet num attached-total">
            {t.talk.attach.total({
              tokens: tokens(estimate.message_tokens),
              cost: estimate.input_micro_usd === null || estimate.input_micro_usd === undefined ? "none" : money(estimate.input_micro_usd),
              model: estimate.model,
            })}
          </span>
        </Tip>
      ) : null}
      {failure ? <p className="attached-problem secondary">{inWords(failure)}</p> : null}
      {problems.length > 0 ? (
        <div className="attached-problem" role="alert">
          <CircleAlert size={14} aria-hidden="true" />
          <span className="grow">
            {t.talk.attach.refused}: {problems.map(inWords).join(" ")}
          </span>
          {blind ? (
            <>
              <Button small onClick={props.onModels}>
                {t.talk.attach.chooseModel}
              </Button>
              <Button
                small
                onClick={() => {
                  onAttachments(attachments.filter((one) => !isImage(one)));
                }}
              >
                {t.talk.attach.withoutImages}
              </Button>
            </>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
