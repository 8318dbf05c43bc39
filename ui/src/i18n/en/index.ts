// The English catalogue, which all others follow: same keys, same arguments.

import { around } from "./around";
import { chat } from "./chat";
import { review } from "./review";
import { trust } from "./trust";

export const en = { ...around, ...chat, ...review, ...trust } as const;
