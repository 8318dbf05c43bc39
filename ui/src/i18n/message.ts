// The types of messages: which arguments an ICU message of the English catalogue takes.

/** A catalogue as it is written: names to ICU messages, in groups. */
export type Catalogue = { readonly [key: string]: string | readonly string[] | Catalogue };

/** The same keys with any wording: what a translation must have. */
export type Translation<T> = {
  readonly [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends readonly string[]
      ? Texts<T[K]>
      : Translation<T[K]>;
};

/** As many texts as there are, each with any wording. */
type Texts<A extends readonly string[]> = { readonly [I in keyof A]: string };

/** What the screens use: text where there is nothing to fill in, else a function of the arguments. */
export type Messages<T> = {
  readonly [K in keyof T]: T[K] extends string ? Message<T[K]> : T[K] extends readonly string[] ? readonly string[] : Messages<T[K]>;
};

export type Message<S extends string> = [Argument<S>] extends [never] ? string : (args: Arguments<Argument<S>>) => string;

/** Names with what may be given for them. A plural decides by a number; text may be anything shown. */
type Arguments<A extends [string, unknown]> = { [P in A as P[0]]: P[1] };

/** Each `{name}` and `{name, kind, …}` of a message. Bodies of a plural are skipped: they have spaces or `#`. */
type Argument<S extends string> = S extends `${string}{${infer Rest}` ? Head<Rest> | Argument<Rest> : never;

type Head<S extends string> = S extends `${infer Inner}}${string}`
  ? Inner extends `${infer Name}, ${infer Kind}`
    ? Kind extends `${"plural" | "number" | "selectordinal"}${string}`
      ? [Name, number]
      : Kind extends `select,${string}`
        ? [Name, string | number]
        : never
    : Inner extends "" | `${string}${" " | "#" | "{" | ","}${string}`
      ? never
      : [Inner, string | number]
  : never;
