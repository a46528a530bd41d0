// The list of one's own last tasks on the start page: fetched again when one of them changes its state.

import { Line, fragment, oneAtATime } from "./live.js";
import { localTimes } from "./page.js";

const place = document.getElementById("recent");
// How long it may still take changes without any message.
const LOOK_AGAIN = 5000;
const running = () => place.querySelector("[data-open]");
const states = new Map();

const look = oneAtATime(async () => {
  const fresh = await fragment(place.dataset.list);
  if (fresh === null) return false;
  if (fresh !== undefined) {
    const focused = document.activeElement?.getAttribute("href");
    place.replaceChildren(...fresh.childNodes);
    localTimes(place);
    if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
  return true;
});

function hear(message) {
  if (states.get(message.task_id) === message.status) return;
  states.set(message.task_id, message.status);
  look();
}

new Line({ path: place.dataset.socket, hear, look, show: () => {}, ofList: true });
setInterval(() => document.hidden || !running() || look(), LOOK_AGAIN);
