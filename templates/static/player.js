// The player: our controls over a plain <audio>, which stays for browsers without scripts.
// It plays when asked, never by itself.

import { Waveform } from "./waveform.js";

const STEPS = 1000; // of the seek bar
// A press of an arrow key moves by a twentieth of the sound, Page Up and Down by a fifth.
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -4, PageUp: 4 };
const KEY_SHARE = 1 / 20;

const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** Put our controls over every sound in `root` that has none yet. */
export function players(root) {
  for (const card of root.querySelectorAll("[data-sound]:not([data-ready])")) {
    card.dataset.ready = "";
    player(card);
  }
}

function player(card) {
  const audio = card.querySelector("audio");
  const seek = card.querySelector(".seek");
  const canvas = card.querySelector(".wave");
  const wave = canvas && new Waveform(canvas);
  const button = card.querySelector("button[data-play]");
  const [sign, word] = button.children;
  const length = card.querySelector("[data-length]");
  const whole = length?.textContent ?? "";
  // A stream's own length may be unknown until it is read to the end; the server knows it.
  const seconds = () => (Number.isFinite(audio.duration) ? audio.duration : Number(length?.dataset.length) || 0);
  let isSeeking = false;

  function draw() {
    const total = seconds();
    const at = isSeeking ? (seek.value / STEPS) * total : audio.currentTime;
    const share = total ? Math.min(1, at / total) : 0;
    if (!isSeeking) seek.value = String(Math.round(share * STEPS));
    seek.style.setProperty("--played", `${share * 100}%`);
    seek.setAttribute("aria-valuetext", `${at.toFixed(1)} / ${total.toFixed(1)} s`);
    wave?.show(share);
    if (length) length.textContent = at > 0 && at < total ? `${at.toFixed(1)} / ${whole}` : whole;
  }

  function frame() {
    draw();
    if (!audio.paused && !audio.ended && !lessMotion.matches) requestAnimationFrame(frame);
  }

  function label() {
    const isPlaying = !audio.paused && !audio.ended;
    sign.textContent = isPlaying ? "❚❚" : "▶";
    word.textContent = isPlaying ? button.dataset.pause : button.dataset.play;
    frame();
  }

  function moveTo(at) {
    audio.currentTime = Math.min(Math.max(0, at), seconds());
    draw();
  }

  function key(event) {
    if (!(event.key in KEYS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moveTo(audio.currentTime + KEYS[event.key] * KEY_SHARE * seconds());
  }

  audio.controls = false;
  audio.hidden = true;
  card.querySelector(".track").hidden = seek.hidden = button.hidden = false;
  if (wave) {
    canvas.hidden = false;
    seek.classList.add("over-wave");
  }
  button.addEventListener("click", () => (audio.paused ? audio.play().catch(() => {}) : audio.pause()));
  seek.addEventListener("input", () => { isSeeking = true; draw(); });
  seek.addEventListener("change", () => { isSeeking = false; moveTo((seek.value / STEPS) * seconds()); });
  seek.addEventListener("keydown", key);
  for (const kind of ["play", "pause", "ended"]) audio.addEventListener(kind, label);
  // `timeupdate` comes four times a second, which is motion enough for who asked for less.
  for (const kind of ["loadedmetadata", "durationchange", "seeked", "timeupdate"]) audio.addEventListener(kind, draw);
  function broken() {
    card.querySelector("[data-broken]").hidden = false;
    button.disabled = seek.disabled = true;
  }

  audio.addEventListener("error", broken);
  // It may have failed before this script ran.
  if (audio.error) broken();
  draw();
}
