export const CODE_TABS = ["search", "element", "deps", "map", "index"] as const;
export type CodeTab = (typeof CODE_TABS)[number];
