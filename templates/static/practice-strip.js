// The drawing of a result: waveform, a bar for each sound, pauses as gaps, both pitch curves, in lines like those of a
// score, as wide as the page and with room for a thumb on each bar. Bars are buttons; everything else is behind them.

import { element, shape, svg } from "./practice-elements.js";
import { TOGETHER, broken } from "./practice-lines.js";
import { Sound, made, peaks } from "./practice-sound.js";

// In CSS pixels: the narrowest bar of a sound, and the narrowest that has room for what was heard beside its figure.
const LEAST_WIDE = 20, HEARD_WIDE = 50;
const WAVE_PIXELS = 3;
const PITCH_HEIGHT = 60, WAVE_HEIGHT = 40;

export function strips(root) {
  for (const place of root.querySelectorAll("[data-strip]:not([data-ready])")) {
    place.dataset.ready = "";
    place.hidden = false;
    new Strip(place);
    // Its buttons play the same recording, from wherever one likes.
    if (place.dataset.recording) document.getElementById("plain-sound")?.remove();
  }
}

class Strip {
  constructor(place) {
    this.place = place;
    this.words = place.dataset;
    this.drawn = JSON.parse(place.dataset.strip);
    this.lines = place.querySelector(".strip-lines");
    this.said = place.querySelector(".strip-said");
    this.chosen = 0;
    if (this.words.recording) this.recording = new Sound(this.words.recording);
    // Made when it is first asked for.
    if (this.words.reference) this.reference = new Sound();
    this.controls();
    if (this.recording) this.advice();
    this.lines.addEventListener("click", (event) => this.press(event));
    this.lines.addEventListener("focusin", ({ target }) => target.matches(".sound") && this.choose(Number(target.dataset.unit)));
    place.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.fit()).observe(this.lines);
    if (this.recording && !("onDemand" in this.words)) this.draw();
    this.choose(0);
  }

  // Load the recording, and draw its waveform behind the bars.
  draw() {
    return this.recording.load().then(
      (buffer) => {
        this.buffer = buffer;
        this.fit(true);
      },
      () => this.tell(this.words.failed),
    );
  }

  fit(anew = false) {
    const width = this.lines.clientWidth;
    if (!width || (width === this.width && !anew)) return;
    this.width = width;
    const lines = broken(this.drawn, width);
    const scale = width / Math.max(...lines.map((line) => line.end - line.start));
    const focused = document.activeElement?.matches?.(".strip-lines .sound");
    this.lines.replaceChildren(...lines.map((line) => this.line(line, scale)));
    this.choose(this.chosen, focused);
  }

  line(line, scale) {
    const place = element("div", "strip-line");
    place.style.width = `${(line.end - line.start) * scale}px`;
    place.append(this.wave(line, scale), this.pitch(line));
    for (const pause of line.pauses) place.append(this.pause(pause, line, scale));
    const bars = element("div", "strip-bars");
    bars.setAttribute("role", "group");
    bars.setAttribute("aria-label", this.words.group);
    bars.lang = this.words.language;
    line.units.forEach((number, index) => bars.append(this.bar(number, line, scale, line.units[index + 1])));
    const head = element("span", "strip-head");
    head.hidden = true;
    place.append(bars, head);
    Object.assign(head, { line, scale });
    return place;
  }

  bar(number, line, scale, next) {
    const unit = this.drawn.units[number];
    const button = element("button", "sound");
    button.classList.toggle("left-out", unit.leftOut);
    button.type = "button";
    button.dataset.unit = String(number);
    button.tabIndex = number === this.chosen ? 0 : -1;
    const left = (unit.start - line.start) * scale;
    // Up to the next one when that follows at once, so that no thumb falls between.
    const follows = next !== undefined && this.drawn.units[next].start - unit.end < TOGETHER ? this.drawn.units[next].start : 0;
    const wide = Math.max(LEAST_WIDE, (Math.max(unit.end, follows) - unit.start) * scale);
    button.style.left = `${Math.min(left, (line.end - line.start) * scale - wide)}px`;
    button.style.width = `${wide}px`;
    button.setAttribute("aria-label", this.describe(unit));
    const parts = unit.parts.length ? unit.parts : [unit];
    const row = element("span", "sound-bars");
    for (const part of parts) {
      const one = element("span", `sound-part score-${part.level}`);
      // Shares of the whole: under 1 together they would not fill it.
      one.style.flexGrow = String(1000 * Math.max(0.02, part.end - part.start));
      const column = element("span", "sound-column");
      column.style.height = `${Math.max(5, part.score)}%`;
      one.append(column);
      row.append(one);
    }
    const label = element("span", "sound-label", unit.label);
    const score = element("span", `sound-score score-${unit.level}`);
    // What was heard instead stands beside the figure, or where there is no room in its place.
    if (!unit.heard || wide >= HEARD_WIDE) score.append(element("span", "", String(unit.score)));
    if (unit.heard) score.append(element("span", "sound-heard", `→${unit.heard}`));
    button.append(row, label, score);
    return button;
  }

  describe(unit) {
    const context = unit.context ? `, ${this.words.in.replace("{word}", unit.context)}` : "";
    const score = `${this.words.points.replace("{score}", unit.score)} ${unit.word}`;
    return `${unit.label}${context}: ${score}${unit.said ? `, ${unit.said}` : ""}`;
  }

  wave(line, scale) {
    const wide = Math.round((line.end - line.start) * scale);
    const drawing = svg("strip-wave", wide, WAVE_HEIGHT);
    if (!this.buffer) return drawing;
    const count = Math.max(2, Math.floor(wide / WAVE_PIXELS));
    const path = peaks(this.buffer, line.start, line.end, count).map((peak, number) => {
      const tall = Math.max(1, peak ** 0.7 * WAVE_HEIGHT);
      return `M${((number + 0.5) * wide) / count} ${(WAVE_HEIGHT - tall) / 2}v${tall}`;
    });
    drawing.append(shape("wave-bars", path.join("")));
    return drawing;
  }

  pitch(line) {
    const drawing = svg("strip-pitch", 1000, PITCH_HEIGHT);
    const { pitch } = this.drawn;
    const all = [...pitch.recording, ...pitch.reference].filter((value) => value !== null);
    if (!all.length || !pitch.step) return drawing;
    const sorted = [...all].sort((a, b) => a - b);
    // A creak of a moment must not make the melody flat: the outermost hundredth is drawn at the edge.
    const low = sorted[Math.floor(sorted.length * 0.01)], high = sorted[Math.ceil(sorted.length * 0.99) - 1];
    const down = Math.min(low, -3), up = Math.max(high, 3);
    const place = (value) => PITCH_HEIGHT - 4 - ((Math.min(up, Math.max(down, value)) - down) / (up - down)) * (PITCH_HEIGHT - 8);
    const curve = (values) => {
      let path = "", isOn = false;
      values.forEach((value, index) => {
        const at = pitch.start + index * pitch.step;
        if (value === null || at < line.start || at > line.end) return (isOn = false);
        path += `${isOn ? "L" : "M"}${(((at - line.start) / (line.end - line.start)) * 1000).toFixed(1)} ${place(value).toFixed(1)}`;
        isOn = true;
      });
      return path;
    };
    drawing.append(shape("pitch-reference", curve(pitch.reference)), shape("pitch-own", curve(pitch.recording)));
    return drawing;
  }

  pause(pause, line, scale) {
    const gap = element("span", `strip-pause${pause.isExpected ? " is-expected" : ""}`);
    const start = Math.max(pause.start, line.start), end = Math.min(pause.end, line.end);
    gap.style.left = `${(start - line.start) * scale}px`;
    gap.style.width = `${Math.max(3, (end - start) * scale)}px`;
    const length = `${(pause.end - pause.start).toFixed(1)} s`;
    gap.title = `${this.words.pause} ${length}`;
    gap.append(element("span", "", length));
    return gap;
  }

  controls() {
    const place = this.place.querySelector(".actions");
    const add = (sign, word, act) => {
      const button = element("button", "button");
      button.type = "button";
      const mark = element("span", "", sign);
      mark.setAttribute("aria-hidden", "true");
      button.append(mark, element("span", "", word));
      button.addEventListener("click", act);
      place.append(button);
      return button;
    };
    if (this.recording) add("▶", this.words.play, () => this.play("recording"));
    if (this.reference) add("▷", this.words.playReference, () => this.play("reference"));
    this.stopper = add("■", this.words.stop, () => this.stop());
    this.stopper.classList.add("stopper");
    this.stopper.hidden = true;
  }

  // Beside each sentence of advice that is about one sound: a button that plays it.
  advice() {
    for (const line of document.querySelectorAll(".advice-line[data-unit]")) {
      const button = element("button", "button", "▶");
      button.type = "button";
      button.setAttribute("aria-label", `${this.words.hear}: ${line.textContent.trim()}`);
      button.lang = document.documentElement.lang;
      button.addEventListener("click", () => {
        this.choose(Number(line.dataset.unit));
        this.play("recording");
      });
      line.append(button);
    }
  }

  press(event) {
    const button = event.target.closest(".sound");
    if (!button) return;
    this.choose(Number(button.dataset.unit), true);
    if (this.recording) this.play("recording");
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return this.stop();
    if (!event.target.matches(".sound")) return;
    const last = this.drawn.units.length - 1;
    const to = { ArrowRight: this.chosen + 1, ArrowLeft: this.chosen - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.choose(Math.min(last, Math.max(0, to)), true);
    } else if (event.key.toLowerCase() === "r" && this.reference) {
      this.play("reference");
    }
  }

  button(number) {
    return this.lines.querySelector(`[data-unit="${number}"]`);
  }

  choose(number, isFocused = false) {
    this.chosen = number;
    const unit = this.drawn.units[number];
    for (const one of this.lines.querySelectorAll(".sound")) {
      one.tabIndex = Number(one.dataset.unit) === number ? 0 : -1;
      one.classList.toggle("chosen", one.tabIndex === 0);
    }
    if (isFocused && document.activeElement !== this.button(number)) this.button(number)?.focus();
    const parts = unit.parts.length > 1 ? ` (${unit.parts.map((part) => `${part.label} ${part.score}`).join(", ")})` : "";
    this.tell(this.describe(unit) + parts);
  }

  tell(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
  }

  async play(which) {
    this.stop();
    const sound = this[which];
    const unit = this.drawn.units[this.chosen];
    const from = Math.max(0, (which === "recording" ? unit.start : unit.reference) - 0.02);
    this.stopper.hidden = false;
    if (which === "reference" && !sound.address) {
      this.tell(this.words.making);
      sound.address = made(this.words.reference, document.getElementById("reference-form"));
    }
    const tell = which === "recording" ? (at) => this.follow(at) : () => {};
    try {
      await sound.play(from, { tell, end: () => this.ended() });
      this.stopper.hidden = !sound.playing;
      if (which === "recording" && !this.buffer) this.draw();
      if (this.said.textContent === this.words.making) this.choose(this.chosen);
    } catch {
      sound.address = which === "reference" ? undefined : sound.address;
      this.ended();
      this.tell(this.words.failed);
    }
  }

  stop() {
    this.recording?.stop();
    this.reference?.stop();
    this.ended();
  }

  ended() {
    if (this.recording?.playing || this.reference?.playing) return;
    this.stopper.hidden = true;
    for (const head of this.lines.querySelectorAll(".strip-head")) head.hidden = true;
    for (const one of this.lines.querySelectorAll(".sounding")) one.classList.remove("sounding");
  }

  // The moment that is heard: a line over the drawing, and the bar it is in.
  follow(at) {
    for (const head of this.lines.querySelectorAll(".strip-head")) {
      const { line, scale } = head;
      head.hidden = at < line.start || at > line.end;
      head.style.left = `${(at - line.start) * scale}px`;
    }
    this.drawn.units.forEach((unit, number) => {
      this.button(number)?.classList.toggle("sounding", at >= unit.start && at < unit.end);
    });
  }
}
