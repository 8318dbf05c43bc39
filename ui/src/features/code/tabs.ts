export const CODE_TABS = ["search", "element", "quality", "hotspots", "concepts", "structure", "deps", "map", "index"] as const;
export type CodeTab = (typeof CODE_TABS)[number];
