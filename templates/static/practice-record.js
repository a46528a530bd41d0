// The page of one record. While it waits task.js keeps it up to date; whatever result comes is drawn here.

import { strips } from "./practice-strip.js";

const place = document.getElementById("task");

strips(place);
new MutationObserver(() => strips(place)).observe(place, { childList: true });
