// The receipt: what a request to the model was made of, in tokens and money.

import { ChevronLeft, ChevronRight, ReceiptText } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../../components/Button";
import { Empty, Meter } from "../../components/states";
import { t } from "../../i18n";
import { bytes, money, tokens } from "../../i18n/format";
import type { Receipt } from "../../protocol/generated/Receipt";
import "./context.css";

export function ContextPanel({ receipts }: { receipts: readonly Receipt[] }) {
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const index = Math.min(chosen ?? receipts.length - 1, receipts.length - 1);
  const receipt = receipts[index];
  if (!receipt) {
    return (
      <Empty icon={<ReceiptText size={22} className="quiet" aria-hidden="true" />} title={t.context.none}>
        {t.context.noneHint}
      </Empty>
    );
  }
  return (
    <div className="panel">
      <section>
        <div className="row-line">
          <strong className="receipt-total num">{t.context.total({ count: tokens(receipt.total_tokens) })}</strong>
          {receipt.context_limit_tokens ? <span className="quiet num">{t.context.of({ limit: tokens(receipt.context_limit_tokens) })}</span> : null}
          <span className="grow" />
          {receipts.length > 1 ? (
            <>
              <IconButton small label={t.context.previous} disabled={index === 0} onClick={() => { setChosen(index - 1); }}>
                <ChevronLeft size={14} />
              </IconButton>
              <span className="quiet num">{t.context.turn({ index: index + 1, of: receipts.length })}</span>
              <IconButton small label={t.context.next} disabled={index === receipts.length - 1} onClick={() => { setChosen(index + 1); }}>
                <ChevronRight size={14} />
              </IconButton>
            </>
          ) : null}
        </div>
        {receipt.context_limit_tokens ? (
          <Meter value={receipt.total_tokens} limit={receipt.context_limit_tokens} label={t.context.total({ count: tokens(receipt.total_tokens) })} />
        ) : null}
        <p className="quiet receipt-line">
          <span className="mono">{receipt.model}</span>
          {receipt.estimated_input_micro_usd !== null && receipt.estimated_input_micro_usd !== undefined
            ? ` · ${t.context.estimate({ cost: money(receipt.estimated_input_micro_usd) })}`
            : ""}
        </p>
      </section>
      <Fragments receipt={receipt} />
      <p className="quiet">{t.context.estimated}</p>
    </div>
  );
}

function Fragments({ receipt }: { receipt: Receipt }) {
  const largest = Math.max(1, ...receipt.fragments.map((fragment) => fragment.tokens));
  return (
    <table className="table receipt-table">
      <thead>
        <tr>
          <th>{t.context.fragment}</th>
          <th className="num">{t.context.tokens}</th>
        </tr>
      </thead>
      <tbody>
        {receipt.fragments.map((fragment, index) => (
          <tr key={index}>
            <td>
              <div>{fragment.name}</div>
              <div className="quiet receipt-detail">{fragment.detail}</div>
              <div className="receipt-bar" aria-hidden="true">
                <span style={{ width: `${(fragment.tokens / largest) * 100}%` }} />
              </div>
              {fragment.dropped ? (
                <div className="warn receipt-detail">
                  {t.context.dropped}: {fragment.dropped}
                </div>
              ) : null}
            </td>
            <td className="num" title={`${bytes(fragment.bytes)}${fragment.cap_tokens ? `, ${t.context.cap({ count: tokens(fragment.cap_tokens) })}` : ""}`}>
              {tokens(fragment.tokens)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
