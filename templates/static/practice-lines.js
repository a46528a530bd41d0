// How a sentence's drawing is broken into lines: at long pauses, and else so that all are about as long as each other and
// a usual sound is as wide as a thumb.

// In CSS pixels: how wide a usual sound is drawn; narrower in long recordings, whose page would have no end.
const SOUND_WIDE = 46, SOUND_WIDE_IN_LONG = 30;
const LONG_SECONDS = 20;
// Seconds shown before the first sound and after the last.
const MARGIN = 0.08;
// Of a line, that a pause may take; the rest of it is cut off, its length stands in words.
const PAUSE_SHARE = 0.2;
// Seconds between two sounds that are drawn side by side.
export const TOGETHER = 0.06;

/** Return the lines of a drawing: each with its start and end in seconds, its units by number, its pauses. */
export function broken({ units, pauses, seconds }, width) {
  const lengths = units.map((unit) => unit.end - unit.start).filter((length) => length > 0).sort((a, b) => a - b);
  const usual = lengths[Math.floor(lengths.length / 2)] || 0.15;
  const wide = units.at(-1).end - units[0].start > LONG_SECONDS ? SOUND_WIDE_IN_LONG : SOUND_WIDE;
  const most = Math.max((width / wide) * usual, 2 * usual);
  const lines = stretches(units, pauses, most).flatMap((stretch) => evenly(stretch, units, most, usual));
  lines[0].start = Math.max(0, lines[0].start - MARGIN);
  lines.at(-1).end = Math.min(seconds || Infinity, lines.at(-1).end + MARGIN);
  for (const line of lines) line.pauses = pauses.filter((pause) => pause.start < line.end - 0.01 && pause.end > line.start + 0.01);
  return lines;
}

/** Return runs of units between long pauses; `tail`: how much of the pause after it is drawn, in seconds. */
function stretches(units, pauses, most) {
  const found = [{ numbers: [], tail: 0 }];
  units.forEach((unit, number) => {
    const before = number && pauses.find((pause) => pause.start >= units[number - 1].end - TOGETHER && pause.end <= unit.start + TOGETHER);
    if (before && before.end - before.start > PAUSE_SHARE * most) {
      found.at(-1).tail = PAUSE_SHARE * most;
      found.push({ numbers: [], tail: 0 });
    }
    found.at(-1).numbers.push(number);
  });
  return found;
}

/** Return a run's lines, all about as long as each other. */
function evenly({ numbers, tail }, units, most, usual) {
  const last = units[numbers.at(-1)];
  const start = units[numbers[0]].start;
  const whole = Math.max(last.end, last.start + usual / 2) - start, part = whole / Math.ceil(whole / most);
  const lines = [];
  for (const number of numbers) {
    const unit = units[number];
    // By its middle: filled one after the other, the lines before leave a single sound to the last.
    if (!lines.length || (unit.start + unit.end) / 2 - start >= part * lines.length) lines.push({ start: unit.start, units: [] });
    lines.at(-1).units.push(number);
    lines.at(-1).end = Math.max(unit.end, unit.start + usual / 2);
  }
  lines.at(-1).end += tail;
  return lines;
}
