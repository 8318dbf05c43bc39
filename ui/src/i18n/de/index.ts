// Der deutsche Katalog: dieselben Schlüssel und Argumente wie der englische.

import type { en } from "../en";
import type { Translation } from "../message";
import { around } from "./around";
import { budget } from "./budget";
import { chat } from "./chat";
import { code } from "./code";
import { review } from "./review";
import { router } from "./router";
import { talk } from "./talk";
import { trust } from "./trust";
import { vectors } from "./vectors";

export const de: Translation<typeof en> = { ...around, ...budget, ...chat, ...code, ...review, ...router, ...talk, ...trust, ...vectors };
export { said } from "./said";
