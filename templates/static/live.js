// Stay connected to one socket: reconnect with growing pauses, and poll as the last resort.

const FIRST_PAUSE = 500, LONGEST_PAUSE = 15000; // milliseconds
const FAILURES_BEFORE_POLLING = 3;
const POLL_EVERY = 3000;
const HELD = 5000;
const DONE = 1000, UNKNOWN_CALLER = 4401, NOT_FOUND = 4404;

/**
 * path: of the socket; hear(message): each JSON message; look(): fetch the state by HTTP, called
 * after a reconnection and while polling; it answers false when there is nothing more to come;
 * show(word): "live", "reconnecting", "polling" or "" when it is over; ofList: a task's socket begins with its
 * state, that of a list tells only what comes, so what came between the page and the socket is looked at.
 */
export class Line {
  constructor({ path, hear, look, show, ofList = false }) {
    Object.assign(this, { path, hear, look, show, ofList });
    this.failures = 0;
    this.over = false;
    addEventListener("online", () => this.again(0));
    document.addEventListener("visibilitychange", () => !document.hidden && this.again(0));
    this.connect();
  }

  connect() {
    if (this.over || this.socket) return;
    clearTimeout(this.timer);
    const address = new URL(this.path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.socket = new WebSocket(address));
    socket.addEventListener("open", () => this.opened(socket));
    socket.addEventListener("message", (event) => this.hear(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.closed(socket, event.code));
  }

  opened(socket) {
    if (socket !== this.socket) return;
    this.openedAt = Date.now();
    this.stopPolling();
    this.show("live");
    if (this.failures || this.ofList) this.look();
  }

  closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    if (this.over) return;
    if (code === DONE || code === UNKNOWN_CALLER || code === NOT_FOUND) {
      // Told everything, or not allowed any more: one last look, which says so too.
      this.end();
      this.look();
      return;
    }
    // A line that held for a while starts anew with short pauses.
    this.failures = Date.now() - this.openedAt > HELD ? 1 : this.failures + 1;
    if (this.failures >= FAILURES_BEFORE_POLLING) this.startPolling();
    else this.show("reconnecting");
    this.again(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (this.failures - 1)) * (0.75 + Math.random() / 2));
  }

  again(pause) {
    if (this.over || this.socket) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), pause);
  }

  startPolling() {
    this.show("polling");
    this.polling ??= setInterval(() => this.poll(), POLL_EVERY);
  }

  async poll() {
    if (document.hidden) return;
    if ((await this.look()) === false) this.end();
  }

  stopPolling() {
    clearInterval(this.polling);
    this.polling = undefined;
  }

  /** There is nothing more to hear. */
  end() {
    this.over = true;
    clearTimeout(this.timer);
    this.stopPolling();
    this.socket?.close();
    this.show("");
  }
}

/** Return the server's fragment at `path` as elements, null when it is not there or not ours to see. */
export async function fragment(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  } catch {
    return undefined; // the network is away; another look will do
  }
  if (answer.status >= 500) return undefined;
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

/** Wrap `work` so that it never runs twice at a time, and once more when it was asked for meanwhile. */
export function oneAtATime(work) {
  let running = null, asked = false;
  return function run() {
    if (running) { asked = true; return running; }
    running = (async () => {
      try {
        let answer;
        do { asked = false; answer = await work(); } while (asked);
        return answer;
      } finally { running = null; }
    })();
    return running;
  };
}

/**
 * Run `replace`, which puts fresh elements into `place`, and leave what the reader opened and where
 * they had scrolled to. A list of a running attempt follows its end unless one has scrolled up.
 */
export function keepingPlaces(place, replace) {
  const open = new Map([...place.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  const scrolled = new Map([...place.querySelectorAll(".log-lines")].map((list) => [list.id, [list.scrollTop, isAtEnd(list)]]));
  replace();
  // What was not there before is as the server sent it.
  for (const details of place.querySelectorAll("details[id]")) details.open = open.get(details.id) ?? details.open;
  for (const list of place.querySelectorAll(".log-lines")) {
    const [top, atEnd] = scrolled.get(list.id) ?? [0, true];
    list.scrollTop = atEnd && list.closest("[data-running]") ? list.scrollHeight : top;
  }
}

const isAtEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 24;

/** Show the end of a running attempt's lines when a reader opens them. */
export function openAtEnd(place) {
  // Not "toggle": that comes as well when a script opens a fresh element.
  place.addEventListener("click", ({ target }) => {
    const list = target.closest("summary")?.parentElement.querySelector(":scope > .log-lines");
    if (list?.closest("[data-running]")) requestAnimationFrame(() => (list.scrollTop = list.scrollHeight));
  });
}
