// The admin, live: the rows of the task list, the page of one task, the figures of the dashboard.
// Messages only say that something changed; what is shown is always the server's own HTML, so a
// pill's word and its colour cannot come apart.

import { Line, fragment, keepingPlaces, oneAtATime, openAtEnd } from "./live.js";

const GATHER = 500; // milliseconds: changed rows are fetched together
const MAX_ROWS = 100; // of one fetch; the server refuses more
const LOOK_AGAIN = 10000; // rows that have not ended are looked at anyway: messages may be lost
const REFRESH = 5000; // the dashboard
const TICK = 20000; // "5 minutes ago" grows old

const live = document.getElementById("live");
const language = document.documentElement.lang || undefined;

function show(word) {
  if (!live) return;
  live.hidden = !word;
  live.className = `live live-${word}`;
  live.textContent = word ? live.dataset[word] : "";
}

/* Moments */

const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const axis = {
  time: new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }),
  day: new Intl.DateTimeFormat(language, { month: "numeric", day: "numeric" }),
};
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function moments(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    // In the reader's own zone, which is named.
    element.title = exact.format(moment);
    if (element.dataset.clock) element.textContent = axis[element.dataset.clock].format(moment);
    if (element.classList.contains("exact")) element.textContent = clock.format(moment);
    if (!element.classList.contains("when")) continue;
    const seconds = (moment.getTime() - Date.now()) / 1000;
    const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
    if (unit) element.textContent = relative.format(Math.round(seconds / unit[1]), unit[0]);
  }
}

/* The list */

function taskList(place) {
  const changed = new Map(); // task -> version of its newest message
  const cellsOf = (id) => document.querySelectorAll(`.cell[data-task="${CSS.escape(id)}"]`);
  const shown = (id) => Number(cellsOf(id)[0]?.dataset.version ?? -1);
  const openRows = () => [...document.querySelectorAll('.cell[data-cell="state"]')]
    .filter((cell) => ["pending", "processing", "retry"].includes(cell.dataset.status))
    .map((cell) => cell.dataset.task);
  let timer;

  function replace(id, cells) {
    for (const old of cellsOf(id)) {
      const html = cells[old.dataset.cell];
      if (!html) continue;
      const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
      // An answer that was under way when a newer one came must not turn the row back.
      if (fresh && Number(fresh.dataset.version) >= Number(old.dataset.version)) old.replaceWith(fresh);
    }
  }

  async function fetchRows(ids) {
    let answer;
    try {
      answer = await fetch(`${place.dataset.rows}?ids=${ids.join(",")}`, { credentials: "same-origin" });
    } catch {
      return; // the network is away; the next look will do
    }
    if (answer.status >= 500) return;
    if (!answer.ok || answer.redirected) {
      // Logged out, or not allowed to look any more.
      line.end();
      return;
    }
    const { rows } = await answer.json();
    for (const [id, cells] of Object.entries(rows)) {
      replace(id, cells);
      // Rows follow messages by up to a second; one that is behind is asked for again.
      if (shown(id) >= (changed.get(id) ?? -1)) changed.delete(id);
    }
    for (const id of ids) if (!(id in rows)) changed.delete(id); // it is gone
  }

  const update = oneAtATime(async () => {
    const ids = [...changed.keys()].slice(0, MAX_ROWS);
    if (ids.length) await fetchRows(ids);
    if (changed.size) later();
  });

  function later() {
    timer ??= setTimeout(() => {
      timer = undefined;
      update();
    }, GATHER);
  }

  function look() {
    for (const id of openRows()) if (!changed.has(id)) changed.set(id, -1);
    if (changed.size) later();
    return true;
  }

  // A quick task may have ended before anything is heard of it: its id (UUIDv7, RFC 9562) tells when it was accepted.
  const since = Number(place.dataset.since) * 1000;
  const acceptedAt = (id) => parseInt(id.replaceAll("-", "").slice(0, 12), 16);

  const newTasks = new Set();
  function announce(id) {
    newTasks.add(id);
    const link = document.querySelector("#fresh a");
    link.textContent = newTasks.size === 1 ? link.dataset.one : link.dataset.many;
    link.parentElement.hidden = false;
  }

  function hear(message) {
    const id = message.task_id;
    if (!cellsOf(id).length) {
      if (acceptedAt(id) >= since) announce(id);
      return;
    }
    if (message.version < shown(id) || message.version < (changed.get(id) ?? -1)) return;
    const bar = document.querySelector(`.cell[data-task="${CSS.escape(id)}"] .bar-processing`);
    if (bar && message.status === "processing") bar.value = message.progress;
    changed.set(id, message.version);
    later();
  }

  const line = new Line({ path: place.dataset.socket, hear, look, show: (word) => show(word || "offline") });
  setInterval(() => !document.hidden && !line.over && look(), LOOK_AGAIN);
}

/* The page of one task */

function taskPage(place) {
  const state = () => document.getElementById("state");
  const isOver = () => "final" in state().dataset;
  let newest = -1, timer;

  const look = oneAtATime(async () => {
    const fresh = await fragment(place.dataset.card);
    if (fresh === null) return false;
    if (fresh === undefined || !fresh.querySelector("#state")) return true;
    if (Number(fresh.querySelector("#state").dataset.version) >= Number(state().dataset.version)) {
      const focused = document.activeElement?.id;
      const others = () => place.querySelectorAll("details:not([id])");
      const open = [...others()].map((details) => details.open);
      keepingPlaces(place, () => place.replaceChildren(...fresh.childNodes));
      others().forEach((details, index) => (details.open = open[index] ?? false));
      if (focused) document.getElementById(focused)?.focus();
      moments(place);
    }
    if (!isOver() && Number(state().dataset.version) < newest) later();
    return !isOver();
  });

  function later() {
    timer ??= setTimeout(() => {
      timer = undefined;
      look();
    }, GATHER);
  }

  function hear(message) {
    if (message.version < newest) return;
    newest = message.version;
    const bar = place.querySelector(".bar-processing");
    if (bar && message.status === "processing") bar.value = message.progress;
    later();
  }

  openAtEnd(place);
  if (isOver()) return;
  const line = new Line({ path: place.dataset.socket, hear, look, show });
  setInterval(() => !document.hidden && !line.over && look(), LOOK_AGAIN);
}

/* The dashboard, and the other pages that are one board of parts */

function dashboard(place) {
  // A part that says the same is left alone: who reads it, marks text in it or stands on a button of it keeps their place.
  const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  const said = (part) => part.outerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  let last = new Map([...parts(place)].map(([name, part]) => [name, said(part)]));

  function put(fresh) {
    const words = new Map([...parts(fresh)].map(([name, part]) => [name, said(part)]));
    const shown = parts(place);
    const isSame = words.size === shown.size && [...words.keys()].every((name) => shown.has(name));
    const changed = isSame ? [...words.keys()].filter((name) => words.get(name) !== last.get(name)) : [];
    last = words;
    if (isSame && !changed.length) return;
    const focused = document.activeElement;
    const key = place.contains(focused) ? focusKey(focused) : null;
    const scrolled = [...place.querySelectorAll("[id][tabindex]")].map((box) => [box.id, box.scrollTop]);
    keepingPlaces(place, () => {
      if (!isSame) return place.replaceChildren(...fresh.childNodes);
      const arrived = parts(fresh);
      for (const name of changed) shown.get(name).replaceWith(arrived.get(name));
    });
    for (const [id, top] of scrolled) document.getElementById(id)?.scrollTo({ top, behavior: "instant" });
    if (key && !document.contains(focused)) place.querySelector(key)?.focus({ preventScroll: true });
    moments(place);
  }

  // By its id; a link by where it leads.
  const focusKey = (element) => element.id ? `#${CSS.escape(element.id)}`
    : element.matches("a[href]") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]`
    : element.matches("summary") ? `#${CSS.escape(element.parentElement.id)} > summary` : null;

  const refresh = oneAtATime(async () => {
    if (document.hidden) return;
    const fresh = await fragment(`${place.dataset.refresh}${location.search}`);
    show(fresh ? "live" : "offline");
    if (fresh) put(fresh);
  });

  place.addEventListener("click", (event) => {
    const choice = event.target.closest("a[data-span]");
    if (!choice || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    history.replaceState(null, "", choice.getAttribute("href"));
    refresh();
  });
  setInterval(refresh, REFRESH);
  document.addEventListener("visibilitychange", refresh);
  show("live");
}

/* Emptying a queue goes on piece by piece; the button does the same without a script. */

function purge(form) {
  setTimeout(() => form.requestSubmit(), GATHER);
}

setInterval(moments, TICK);
const parts = { "task-list": taskList, "task-page": taskPage, overview: dashboard, breakers: dashboard, board: dashboard, "purge-run": purge };
for (const [id, start] of Object.entries(parts)) {
  const place = document.getElementById(id);
  if (place) start(place);
}
// After they have noted what the server said.
moments();
