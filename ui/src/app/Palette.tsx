import { Command } from "cmdk";
import { Keys } from "../components/Button";
import { useModal } from "../components/useModal";
import { t } from "../i18n";
import { isEnabled, type Action, type ActionGroup } from "./actions";

const GROUPS = Object.keys(t.palette.groups) as ActionGroup[];

export function Palette(props: { actions: readonly Action[]; onClose: () => void }) {
  const ref = useModal("input");
  return (
    <dialog
      ref={ref}
      className="dialog palette"
      aria-label={t.palette.label}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) props.onClose();
      }}
    >
      <Command label={t.palette.label} loop>
        <Command.Input className="palette-input" placeholder={t.palette.placeholder} autoFocus />
        <Command.List className="palette-list">
          <Command.Empty className="quiet palette-empty">{t.palette.none}</Command.Empty>
          {GROUPS.map((group) => {
            const own = props.actions.filter((action) => action.group === group && isEnabled(action));
            return own.length === 0 ? null : (
              <Command.Group key={group} heading={<span className="menu-label">{t.palette.groups[group]}</span>}>
                {own.map((action) => (
                  <Command.Item
                    key={action.id}
                    className="menu-item"
                    value={action.title}
                    keywords={[action.words ?? "", action.slash ?? ""]}
                    onSelect={() => {
                      props.onClose();
                      action.run();
                    }}
                  >
                    <span className="grow">{action.title}</span>
                    {action.slash ? <span className="quiet mono">/{action.slash}</span> : null}
                    {action.keys ? <Keys>{action.keys}</Keys> : null}
                  </Command.Item>
                ))}
              </Command.Group>
            );
          })}
        </Command.List>
      </Command>
    </dialog>
  );
}
