/** A few exclusive values side by side, as radio buttons. */
export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
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
}
