// The page of one task. Bar and marks follow each message; every word comes from the server's
// card, which is fetched again whenever a message changes more than the percentage.

import { Line, fragment, keepingPlaces, oneAtATime, openAtEnd } from "./live.js";
import { localTimes } from "./page.js";
import { players } from "./player.js";

const place = document.getElementById("task");
const live = document.getElementById("live");
const said = document.getElementById("said");
// Rows follow messages by up to a second; a card older than its message is fetched again.
const CATCH_UP = 700;
// How long it may still take changes without any message.
const LOOK_AGAIN = 5000;
// A run may say something four times a second; its lines are fetched this often.
const READ_LOG = 1000;

let newest = -1, last, catchUp, lines = "", readLog;

const card = () => document.getElementById("state");
const isOver = () => "final" in card().dataset;
const words = (message) => [message.status, message.current_step, message.step, message.attempt, message.queue_position].join();
let shownWords = "";

// What the newest message says beyond the card.
function showNewest() {
  const bar = card().querySelector("progress");
  if (isOver() || Number(card().dataset.version) >= newest) return;
  bar.value = last.progress;
  bar.setAttribute("aria-valuenow", String(last.progress));
  showStep(last);
}

// A step that began since the card was made: its words stand in the card already.
function showStep({ status, attempt, current_step: step, step: count, total_steps: total }) {
  const data = card().dataset;
  if (status !== "processing" || data.status !== status || Number(data.attempt) !== attempt) return;
  const rows = [...card().querySelectorAll(".step")];
  const now = rows.find((row) => row.dataset.step === step);
  if (!now) return;
  // Steps that stand before it are over, also one that came and went between two messages.
  for (const row of rows.slice(0, rows.indexOf(now))) if (row.dataset.step) mark(row, "done", "✓");
  mark(now, "now", "●");
  const line = document.getElementById("happening");
  const places = { what: now.dataset.happening, step: count, total };
  line.textContent = total > 1 ? line.dataset.counted.replace(/%\((\w+)\)s/g, (_, name) => places[name]) : places.what;
  now.querySelector(".label").textContent = total > 1 ? `${now.dataset.label} ${count} / ${total}` : now.dataset.label;
}

function mark(row, state, sign) {
  row.className = `step step-${state}`;
  if (state === "now") row.setAttribute("aria-current", "step");
  else row.removeAttribute("aria-current");
  row.querySelector(".mark").textContent = sign;
  row.querySelector(".label").textContent = row.dataset.label;
}

function replace(fresh) {
  const focused = document.activeElement?.id;
  const before = card().dataset.status;
  keepingPlaces(place, () => place.replaceChildren(...fresh.childNodes));
  if (focused) document.getElementById(focused)?.focus();
  showNewest();
  localTimes(place);
  players(place);
  // Read out changes of state, not every percent.
  if (before !== card().dataset.status) {
    said.textContent = `${card().querySelector(".pill").textContent} ${document.getElementById("happening").textContent}`;
  }
}

const look = oneAtATime(async () => {
  const fresh = await fragment(place.dataset.card);
  if (fresh === null) return false;
  if (fresh === undefined || !fresh.querySelector("#state")) return true;
  // An answer that was under way when a newer one came must not turn the page back.
  if (Number(fresh.querySelector("#state").dataset.version) >= Number(card().dataset.version)) replace(fresh);
  clearTimeout(catchUp);
  if (!isOver() && Number(card().dataset.version) < newest) catchUp = setTimeout(look, CATCH_UP);
  return !isOver();
});

function hear(message) {
  if (message.version < newest) return;
  newest = message.version;
  last = message;
  showNewest();
  const now = words(message);
  if (now !== shownWords) {
    shownWords = now;
    look();
  }
  const said = message.log_lines ? `${message.attempt} ${message.log_lines}` : "";
  if (said && said !== lines) {
    lines = said;
    readLog ??= setTimeout(() => {
      readLog = undefined;
      look();
    }, READ_LOG);
  }
}

function show(word) {
  live.hidden = !word;
  live.className = `live live-${word}`;
  live.textContent = word ? live.dataset[word] : "";
}

players(place);
openAtEnd(place);
if (!isOver()) {
  new Line({ path: place.dataset.socket, hear, look, show });
  const timer = setInterval(() => (isOver() ? clearInterval(timer) : document.hidden || look()), LOOK_AGAIN);
}
