import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** Features stand side by side: what they share lives in components, protocol or i18n. */
const features = [
  "activity",
  "approvals",
  "budget",
  "changes",
  "chat",
  "context",
  "cost",
  "files",
  "health",
  "projects",
  "router",
  "search",
  "sessions",
  "settings",
  "trust",
  "welcome",
];

const boundary = (name) => ({
  files: [`src/features/${name}/**/*.{ts,tsx}`, `ui/src/features/${name}/**/*.{ts,tsx}`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          { group: ["**/app/*"], message: "A feature does not know the shell." },
          {
            group: features.filter((other) => other !== name).map((other) => `../${other}/*`),
            message: "Features never import each other.",
          },
        ],
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ["**/dist/**", "**/protocol/generated/**"] },
  ...tseslint.configs.strict,
  {
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-dynamic-delete": "off",
      eqeqeq: ["error", "always"],
      "no-console": ["error", { allow: ["error", "warn"] }],
    },
  },
  { files: ["**/e2e/**", "**/*.mjs"], rules: { "no-console": "off" } },
  {
    files: ["src/components/**/*.{ts,tsx}", "ui/src/components/**/*.{ts,tsx}"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["**/features/*", "**/app/*"], message: "Components know no product words." }] },
      ],
    },
  },
  ...features.map(boundary),
);
