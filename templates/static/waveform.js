// A sound as bars on one canvas, the part that was played in blue. It draws; the seek bar that lies
// over it, invisible, takes clicks, keys and the screen reader's questions.

// In CSS pixels: the narrowest bar with its gap, and how many bars a wide page shows.
const LEAST_PITCH = 3, MOST_BARS = 100;
const BAR_SHARE = 0.62; // of the pitch; the rest is the gap
const LEAST_HEIGHT = 4; // a bar of silence is a dot
const UNPLAYED_ALPHA = 0.38;
const FELT = 0.7; // levels are drawn as the ear compares them, or one loud consonant makes a flat line of the rest

export class Waveform {
  /** canvas: with data-peaks, numbers from 0 to 100 divided by spaces. */
  constructor(canvas) {
    this.canvas = canvas;
    this.peaks = canvas.dataset.peaks.split(" ").map(Number);
    this.share = 0;
    new ResizeObserver(() => this.fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.fit());
  }

  /** Colour the bars up to `share` (0 to 1) of the sound as played. */
  show(share) {
    const before = this.played;
    this.share = share;
    this.played = this.bars ? Math.round(share * this.bars.length) : undefined;
    if (this.bars && before !== this.played) this.draw();
  }

  /** Take the canvas's size and colours of this moment. */
  fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const dots = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * dots);
    this.canvas.height = Math.round(height * dots);
    this.bars = bars(this.peaks, Math.min(MOST_BARS, Math.floor(width / LEAST_PITCH)));
    const style = getComputedStyle(this.canvas);
    this.colours = { played: style.color, unplayed: style.outlineColor };
    this.played = Math.round(this.share * this.bars.length);
    this.draw();
  }

  draw() {
    const { width, height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    const pitch = width / this.bars.length, thick = pitch * BAR_SHARE;
    const least = Math.min(height, LEAST_HEIGHT * (devicePixelRatio || 1));
    pen.clearRect(0, 0, width, height);
    this.bars.forEach((peak, number) => {
      const isPlayed = number < this.played;
      const tall = Math.max(least, (peak / 100) ** FELT * height);
      pen.globalAlpha = isPlayed ? 1 : UNPLAYED_ALPHA;
      pen.fillStyle = isPlayed ? this.colours.played : this.colours.unplayed;
      pen.beginPath();
      pen.roundRect(number * pitch + (pitch - thick) / 2, (height - tall) / 2, thick, tall, thick / 2);
      pen.fill();
    });
    this.canvas.dataset.played = String(this.played);
    this.canvas.dataset.bars = String(this.bars.length);
  }
}

/** Return `count` bars, each as high as the highest of the peaks it stands for; never more than there are peaks. */
function bars(peaks, count) {
  const size = Math.min(count, peaks.length);
  return Array.from({ length: size }, (_, number) => {
    const first = Math.floor((number * peaks.length) / size);
    return Math.max(...peaks.slice(first, Math.max(first + 1, Math.floor(((number + 1) * peaks.length) / size))));
  });
}
