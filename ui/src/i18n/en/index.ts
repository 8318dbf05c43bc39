// The English catalogue, which all others follow: same keys, same arguments.

import { around } from "./around";
import { budget } from "./budget";
import { chat } from "./chat";
import { code } from "./code";
import { review } from "./review";
import { router } from "./router";
import { talk } from "./talk";
import { trust } from "./trust";
import { vectors } from "./vectors";

export const en = { ...around, ...budget, ...chat, ...code, ...review, ...router, ...talk, ...trust, ...vectors } as const;
