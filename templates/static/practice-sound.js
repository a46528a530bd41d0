// A sound that is played from any moment: decoded once, so that it starts exactly there, whatever its container says of
// itself. What a browser cannot decode is played by a plain <audio>. It plays when asked, never by itself.

const LOOK_EVERY = 400, LOOKS = 75; // milliseconds, and half a minute of them

let context;

export class Sound {
  /** address: of the file, or a promise of it. */
  constructor(address) {
    this.address = address;
  }

  /** Return the decoded sound, undefined when the browser cannot decode it. Rejects when it cannot be fetched. */
  load() {
    this.loading ??= this.fetched().catch((error) => {
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  async fetched() {
    const address = await this.address;
    this.element = new Audio(address);
    this.element.preload = "none";
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return decoded(await answer.arrayBuffer());
  }

  /** Play from `from` seconds on; tell(at) at each frame, end() once, also when it was stopped. */
  async play(from, { tell = () => {}, end = () => {} } = {}) {
    this.stop();
    context ??= new AudioContext();
    // Within the press of the key or button, or the browser stays silent.
    context.resume();
    const turn = (this.turn = {});
    const buffer = await this.load();
    if (this.turn !== turn) return end();
    this.playing = buffer ? this.fromBuffer(buffer, from) : await this.fromElement(from);
    const { playing } = this;
    playing.done.then(() => {
      if (this.playing === playing) this.playing = undefined;
      end();
    });
    const frame = () => {
      if (this.playing !== playing) return;
      tell(playing.at());
      requestAnimationFrame(frame);
    };
    frame();
  }

  fromBuffer(buffer, from) {
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    const began = context.currentTime;
    const done = new Promise((resolve) => source.addEventListener("ended", resolve));
    source.start(0, Math.min(from, buffer.duration));
    return { done, stop: () => source.stop(), at: () => from + context.currentTime - began };
  }

  async fromElement(from) {
    const { element } = this;
    element.currentTime = from;
    await element.play();
    const done = new Promise((resolve) => {
      for (const kind of ["pause", "ended", "error"]) element.addEventListener(kind, resolve, { once: true });
    });
    return { done, stop: () => element.pause(), at: () => element.currentTime };
  }

  stop() {
    this.turn = undefined;
    this.playing?.stop();
    this.playing = undefined;
  }
}

/** Have a sound made by the form's action `path`, and return its address once it is there. Rejects when it never is. */
export async function made(path, form) {
  const body = new FormData(form);
  for (let looks = 0; looks < LOOKS; looks++) {
    const answer = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const { url, isOver } = await answer.json();
    if (url) return url;
    if (isOver) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
  throw new Error("it was not made");
}

/** Return a file's sound, undefined when the browser cannot read it. */
export async function decoded(bytes) {
  try {
    // It needs no press of a button, as one that plays does.
    return await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes);
  } catch {
    return undefined;
  }
}

/** Return how loud each of `count` equal spans between two moments is, 0 to 1 of the loudest of the whole. */
export function peaks(buffer, from, to, count) {
  const samples = buffer.getChannelData(0);
  buffer.loudest ??= Math.max(0.01, loudest(samples, 0, samples.length));
  const rate = buffer.sampleRate, wide = ((to - from) * rate) / count;
  return Array.from({ length: count }, (_, number) => {
    const first = Math.floor(from * rate + number * wide);
    return loudest(samples, first, first + wide) / buffer.loudest;
  });
}

function loudest(samples, first, end) {
  let most = 0;
  for (let place = Math.max(0, first); place < Math.min(end, samples.length); place++) {
    most = Math.max(most, Math.abs(samples[place]));
  }
  return most;
}
