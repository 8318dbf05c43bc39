// The pages of the view about trust. Apart from the view, which is loaded when it is first shown.

export const TRUST_TABS = ["rules", "folder", "hooks", "elevation", "checkpoints", "egress"] as const;
export type TrustTab = (typeof TRUST_TABS)[number];
