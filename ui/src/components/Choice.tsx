/** A few exclusive values side by side, as radio buttons. */
export function Choice<T extends string>(props: {
  label: string;
  /** The label stands before it; without, something around says what is chosen. */
  shown?: boolean;
  value: T;
  options: { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  const choice = (
    <div className="choice" role="radiogroup" aria-label={props.label}>
      {props.options.map((option) => (
        <label key={option.value} className="choice-option" data-checked={option.value === props.value}>
          <input
            type="radio"
            className="hidden-text"
            name={props.label}
            checked={option.value === props.value}
            onChange={() => {
              props.onChange(option.value);
            }}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
  if (!props.shown) return choice;
  return (
    <div className="row-line">
      <span className="quiet" aria-hidden="true">
        {props.label}
      </span>
      {choice}
    </div>
  );
}
