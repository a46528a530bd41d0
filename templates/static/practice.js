// The page of a session: the recorder in the form, and the list of records, fetched again when one of them changes.

import { Line, fragment, keepingPlaces, oneAtATime } from "./live.js";
import { localTimes } from "./page.js";
import { Recorder, canRecord } from "./practice-recorder.js";

// How long it may still take changes without any message.
const LOOK_AGAIN = 5000;

const place = document.getElementById("records");
const said = document.getElementById("said");
const form = document.getElementById("record-form");
const file = document.getElementById("recording");

if (canRecord()) new Recorder(document.getElementById("recorder"), file);
else document.getElementById("no-microphone").hidden = window.isSecureContext;

file.addEventListener("change", () => {
  const [chosen] = file.files;
  const isTooLarge = chosen && chosen.size > Number(file.dataset.maxBytes);
  file.setCustomValidity(isTooLarge ? file.dataset.tooLarge : "");
});
document.getElementById("language").addEventListener("change", ({ target }) => {
  document.getElementById("sentence").lang = target.value;
});
// A second press would send the recording twice.
form.addEventListener("submit", () => setTimeout(() => (document.getElementById("send").disabled = true)));
addEventListener("pageshow", () => (document.getElementById("send").disabled = false));

const states = new Map();
const running = () => Number(place.querySelector("[data-running]").dataset.running);
const row = (task) => place.querySelector(`[data-task="${CSS.escape(task)}"]`);

const look = oneAtATime(async () => {
  const fresh = await fragment(place.dataset.list);
  if (fresh === null) return false;
  if (fresh === undefined || !fresh.querySelector("[data-running]")) return true;
  const before = running();
  const focused = document.activeElement?.getAttribute("href");
  keepingPlaces(place, () => place.replaceChildren(...fresh.childNodes));
  localTimes(place);
  if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  if (before > running()) said.textContent = place.querySelector(".records .record-facts")?.textContent.trim() ?? "";
  return true;
});

function hear(message) {
  const bar = row(message.task_id)?.querySelector("progress");
  if (bar) {
    bar.value = message.progress;
    bar.setAttribute("aria-valuenow", String(message.progress));
  }
  const state = `${message.status} ${message.current_step}`;
  if (states.get(message.task_id) === state) return;
  states.set(message.task_id, state);
  look();
}

new Line({ path: place.dataset.socket, hear, look, show: () => {}, ofList: true });
setInterval(() => document.hidden || !running() || look(), LOOK_AGAIN);
