// Record in the browser: a level to see, a limit to stop at, and the file in the form's own field, as if it were chosen.

import { Sound, decoded } from "./practice-sound.js";

// The first that the browser can write; the server knows each by its content.
const KINDS = [["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"], ["audio/ogg;codecs=opus", "ogg"]];
// Peak levels, of full scale.
const QUIET = 0.05, LOUD = 0.98;
// For how long a level is remembered, or the words beside it would flicker.
const MEMORY_SECONDS = 1.5;

export class Recorder {
  /** place: #recorder; file: the input that takes the recording. */
  constructor(place, file) {
    Object.assign(this, { place, file, words: place.dataset });
    this.button = place.querySelector("#record");
    this.listen = place.querySelector("#listen");
    this.level = place.querySelector("#level");
    this.state = place.querySelector("#recorder-state");
    this.button.addEventListener("click", () => (this.recorder ? this.stop() : this.start()));
    this.listen.addEventListener("click", () => this.play());
    file.addEventListener("change", () => this.chosen());
    place.hidden = false;
  }

  async start() {
    this.sound?.stop();
    this.state.textContent = this.words.waiting;
    try {
      // What a browser does against echo and noise bends the very sounds that are to be judged.
      const wishes = { echoCancellation: false, noiseSuppression: false, autoGainControl: true };
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: wishes });
    } catch (error) {
      this.state.textContent = error.name === "NotFoundError" ? this.words.missing : this.words.denied;
      return;
    }
    const kind = KINDS.find(([type]) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(this.stream, kind && { mimeType: kind[0], audioBitsPerSecond: 96_000 });
    const pieces = [];
    this.recorder.addEventListener("dataavailable", ({ data }) => data.size && pieces.push(data));
    this.recorder.addEventListener("stop", () => this.done(pieces, kind?.[1] ?? "webm"));
    this.recorder.start(1000);
    this.began = performance.now();
    this.label(this.words.stop);
    this.place.classList.add("is-recording");
    this.listen.hidden = true;
    this.watch();
  }

  // The meter follows the level; the words say what is wrong with it.
  watch() {
    this.context = new AudioContext();
    const analyser = new AnalyserNode(this.context, { fftSize: 2048 });
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const bar = this.level.firstElementChild;
    let remembered = 0, rememberedAt = 0, shown = "";
    this.level.hidden = false;
    const look = () => {
      if (!this.recorder) return;
      analyser.getFloatTimeDomainData(samples);
      const now = performance.now(), seconds = (now - this.began) / 1000;
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      if (peak >= remembered || now - rememberedAt > MEMORY_SECONDS * 1000) [remembered, rememberedAt] = [peak, now];
      // Decibels, of which 50 fill the meter.
      bar.style.width = `${Math.max(0, 100 + 40 * Math.log10(Math.max(peak, 1e-4)))}%`;
      const kind = remembered < QUIET ? "quiet" : remembered > LOUD ? "loud" : "fine";
      this.level.dataset.kind = kind;
      const words = `${this.words.recording} ${Math.floor(seconds)} / ${this.words.maxSeconds} s · ${this.words[kind]}`;
      if (words !== shown) this.state.textContent = shown = words;
      if (seconds >= Number(this.words.maxSeconds)) this.stop(true);
      else requestAnimationFrame(look);
    };
    look();
    // In a tab that is not seen no frame is drawn.
    this.limit = setTimeout(() => this.stop(true), Number(this.words.maxSeconds) * 1000);
  }

  stop(isAtLimit = false) {
    if (!this.recorder) return;
    clearTimeout(this.limit);
    this.isAtLimit = isAtLimit;
    this.recorder.stop();
    this.recorder = undefined;
    for (const track of this.stream.getTracks()) track.stop();
    this.context.close();
    this.level.hidden = true;
    this.place.classList.remove("is-recording");
    this.label(this.words.record);
  }

  done(pieces, ending) {
    const recording = new File(pieces, `recording.${ending}`, { type: pieces[0]?.type ?? "" });
    const chosen = new DataTransfer();
    chosen.items.add(recording);
    this.file.files = chosen.files;
    this.file.dispatchEvent(new Event("change", { bubbles: true }));
    const seconds = ((performance.now() - this.began) / 1000).toFixed(1);
    const limit = this.isAtLimit ? ` ${this.words.limit}` : "";
    this.state.textContent = `${this.words.recorded}: ${seconds} s.${limit}`;
  }

  // A file of whatever origin can be listened to before it is sent.
  chosen() {
    const [file] = this.file.files;
    this.sound?.stop();
    this.sound = file && new LocalSound(file);
    this.listen.hidden = !file;
    this.state.textContent = "";
  }

  play() {
    if (this.sound?.playing) return this.sound.stop();
    const [sign, word] = this.listen.children;
    const show = (isPlaying) => {
      sign.textContent = isPlaying ? "■" : "▶";
      word.textContent = isPlaying ? this.words.stop : this.words.listen;
    };
    show(true);
    this.sound.play(0, { end: () => show(false) }).catch(() => show(false));
  }

  label(words) {
    this.button.lastElementChild.textContent = words;
  }
}

class LocalSound extends Sound {
  async fetched() {
    const buffer = await decoded(await this.address.arrayBuffer());
    if (!buffer) throw new Error("this browser cannot play it");
    return buffer;
  }
}

/** Return whether this browser can record on this page. */
export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
