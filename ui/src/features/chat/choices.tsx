// Who answers, and how far its tools reach.

import { Button } from "../../components/Button";
import { Menu, MenuChoice, MenuLabel, MenuLine } from "../../components/Menu";
import { t } from "../../i18n";
import type { Access } from "../../protocol/generated/Access";
import type { Tier } from "../../protocol/generated/Tier";
import { useRequest } from "../../protocol/queries";

export interface Choices {
  tier: Tier | undefined;
  model: string | undefined;
  access: Access;
}

export const TIERS: Tier[] = ["fast", "voice", "code", "agentic"];
export const ACCESSES: Access[] = ["read", "project", "home", "system"];

export function ModelMenu(props: { choices: Choices; onChoices: (change: Partial<Choices>) => void; ready: boolean; onSetUp: () => void }) {
  const { choices, onChoices } = props;
  const models = useRequest("model.list", {});
  const tierModel = (tier: Tier) => models.data?.tiers.find((one) => one.tier === tier)?.model;
  const label = choices.model ?? (choices.tier ? (t.composer.tiers[choices.tier][0] ?? choices.tier) : t.composer.auto);
  if (!props.ready) {
    return (
      <Button small look="ghost" className="warn" onClick={props.onSetUp}>
        {t.composer.setUp}
      </Button>
    );
  }
  return (
    <Menu
      label={t.composer.tier}
      trigger={
        <Button id="model-menu" small look="ghost" aria-label={`${t.composer.tier}, ${t.composer.model}: ${label}`}>
          <span className="truncate">{label}</span>
        </Button>
      }
    >
      <MenuLabel>{t.composer.tier}</MenuLabel>
      <MenuChoice
        value={choices.tier ?? "auto"}
        onChange={(value) => {
          onChoices({ tier: value === "auto" ? undefined : value });
        }}
        options={[
          { value: "auto" as const, label: t.composer.auto, detail: t.composer.autoDetail },
          ...TIERS.map((tier) => ({
            value: tier,
            label: t.composer.tiers[tier][0] ?? tier,
            detail: [t.composer.tiers[tier][1], tierModel(tier)].filter(Boolean).join(" · "),
          })),
        ]}
      />
      <MenuLine />
      <MenuLabel>{t.composer.model}</MenuLabel>
      <MenuChoice
        value={choices.model ?? ""}
        onChange={(value) => {
          onChoices({ model: value || undefined });
        }}
        options={[
          { value: "", label: t.composer.modelDefault },
          ...(models.data?.models ?? [])
            .filter((model) => !model.shut_down)
            .map((model) => ({ value: model.id, label: model.id, detail: undefined })),
        ]}
      />
    </Menu>
  );
}

export function AccessMenu(props: { choices: Choices; onChoices: (change: Partial<Choices>) => void }) {
  const { access } = props.choices;
  const label = t.composer.accesses[access][0] ?? access;
  return (
    <Menu
      label={t.composer.access}
      trigger={
        <Button
          small
          look="ghost"
          className={access === "home" || access === "system" ? "warn" : undefined}
          aria-label={`${t.composer.access}: ${label}`}
        >
          {label}
        </Button>
      }
    >
      <MenuLabel>{t.composer.access}</MenuLabel>
      <MenuChoice
        value={access}
        onChange={(value) => {
          props.onChoices({ access: value });
        }}
        options={ACCESSES.map((one) => ({
          value: one,
          label: t.composer.accesses[one][0] ?? one,
          detail: t.composer.accesses[one][1],
        }))}
      />
    </Menu>
  );
}
