"""What a sentence's phones would cost a listener, summed over every way they can lie in time (CTC).

A frame's network output names a phone or the blank; a sentence is heard by every path through its phones, with blanks
anywhere between them. `Lattice` holds both halves of that sum, so "the same sentence with phone i changed" needs only
the short middle anew: all phones against all changes at once, without an alignment.

Everything is in natural logarithms. Sources: Graves et al. 2006 (CTC); Cao et al. 2025, arXiv 2507.16838 (goodness of
pronunciation without segmentation). Called by accuracy.py and timing.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
NEVER = -1e30  # stands for log 0: adding it to anything finite leaves nothing, and no NaN comes of it

# A changed phone is looked for so many frames to both sides of where the phone is heard: 1.2 s at 20 ms.
_REACH_FRAMES = 60
# Of a sentence with more states only so many are held at a frame, around the best path: the others are out of reach.
# Two minutes would take 0.17 GB a half of the sum, of which all but a strip is nothing. 127 phones are about 10 s.
_BAND_STATES = 255


@dataclass(frozen=True)
class Lattice:
    """
    frames: log probabilities, shape (T, symbols). labels: the sentence as symbol indices, shape (n,), n >= 1.

    before[t, j]: all paths that are in state low[t] + j at t; after[t, j]: all that are there and go on to the end, the
    frame t counted in both. State 2 i + 1 is phone i, the even ones are the blanks around them. low: ascending.
    """

    frames: Array
    labels: Array
    blank: int
    low: Array
    before: Array
    after: Array

    @property
    def total(self) -> float:
        """The log probability of the sentence; NEVER and below when there are too few frames for it."""
        return float(np.logaddexp(self.before[-1, -1], self.before[-1, -2]))

    def held(self, half: Array, times: Array | int, states: Array | int) -> Array:
        """Return `before` or `after` at frames and states, NEVER for what is not held or does not exist."""
        inside = np.clip(times, 0, len(half) - 1)
        columns = states - self.low[inside]
        known = (times == inside) & (columns >= 0) & (columns < half.shape[1])
        return np.where(known, half[inside, np.where(known, columns, 0)], NEVER)

    def moments(self, state: int) -> Array:
        """Return the frames at which a state is held."""
        width = self.before.shape[1]
        first, end = np.searchsorted(self.low, state - width, side="right"), np.searchsorted(self.low, state, "right")
        return np.arange(first, end)


def lattice(frames: Array, labels: Array, blank: int, near: Array | None = None) -> Lattice:
    """near: about where each phone is, in frames, shape (n,); a long sentence without it is held whole."""
    states = _states(labels, blank)
    width = len(states) if near is None else min(len(states), _BAND_STATES)
    low = _band(near, len(frames), len(states), width)
    before = _sweep(frames, states, _skips(labels), low, width)
    mirrored = len(states) - width - low[::-1]
    backwards = _sweep(frames[::-1], states[::-1], _skips(labels[::-1]), mirrored, width)
    return Lattice(frames, labels, blank, low, before, backwards[::-1, ::-1])


def _band(near: Array | None, length: int, states: int, width: int) -> Array:
    """Return the first state that is held at each frame, ascending, shape (length,)."""
    if near is None or width == states:
        return np.zeros(length, dtype=np.int64)
    likely = 2 * np.searchsorted(near, np.arange(length), side="right") - 1
    return np.clip(likely - width // 2, 0, states - width)


def _states(labels: Array, blank: int) -> Array:
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    return states


def _skips(labels: Array) -> Array:
    """Return 0 for states that may be entered from two before, and NEVER for the others."""
    skip = np.full(2 * len(labels) + 1, NEVER)
    skip[3::2] = np.where(labels[1:] != labels[:-1], 0.0, NEVER)
    return skip


def _sweep(frames: Array, states: Array, skip: Array, low: Array, width: int) -> Array:
    reached = np.full((len(frames), width), NEVER)
    reached[0, :2] = frames[0, states[:2]]
    # The last frame's row with room on both sides: two states before it, and what the band moves on.
    last = np.full(width + 2 + int(np.diff(low).max(initial=0)), NEVER)
    for t in range(1, len(frames)):
        first, moved = low[t], low[t] - low[t - 1]
        last[2 : width + 2] = reached[t - 1]
        sums = np.logaddexp(last[moved + 2 : moved + width + 2], last[moved + 1 : moved + width + 1])
        sums = np.logaddexp(sums, last[moved : moved + width] + skip[first : first + width])
        reached[t] = np.maximum(sums + frames[t, states[first : first + width]], NEVER)
    return reached


def totals(frames: Array, labels: Array, blank: int) -> Array:
    """Return the log probability of the sentence in each of several hearings, shape (hearings, T, symbols) in."""
    emitted = np.ascontiguousarray(frames[:, :, _states(labels, blank)].transpose(1, 2, 0))
    skip = _skips(labels)[2:, None]
    reached = np.full(emitted.shape[1:], NEVER)
    reached[:2] = emitted[0, :2]
    for now in emitted[1:]:
        sums = reached.copy()
        sums[1:] = np.logaddexp(sums[1:], reached[:-1])
        sums[2:] = np.logaddexp(sums[2:], reached[:-2] + skip)
        reached = np.maximum(sums + now, NEVER)
    return np.asarray(np.logaddexp(reached[-1], reached[-2]))


def best_path(frames: Array, labels: Array, blank: int) -> Array:
    """
    Return where the most likely path enters each phone, in frames, shape (n,), ascending (Viterbi).

    There must be at least as many frames as phones and repetitions.
    """
    states = _states(labels, blank)
    skip = _skips(labels)
    reached = np.full(len(states), NEVER)
    reached[:2] = frames[0, states[:2]]
    steps = np.zeros((len(frames), len(states)), dtype=np.int8)
    columns = np.arange(len(states))
    for t in range(1, len(frames)):
        ways = np.full((3, len(states)), NEVER)
        ways[0], ways[1, 1:], ways[2, 2:] = reached, reached[:-1], reached[:-2] + skip[2:]
        steps[t] = ways.argmax(axis=0)
        reached = ways[steps[t], columns] + frames[t, states]
    state = len(states) - (1 if reached[-1] >= reached[-2] else 2)
    entered = np.zeros(len(labels), dtype=np.int64)
    for t in range(len(frames) - 1, -1, -1):
        if state % 2:
            entered[state // 2] = t
        state -= int(steps[t, state])
    return entered


def spoken(frames: Array, labels: Array, blank: int, *, open_cost: float, step_cost: float) -> Array:
    """
    Return which phones the best path says when it may leave out whole runs of them, shape (n,), booleans.

    A run costs `open_cost` and `step_cost` for each phone in it, as gaps do in an alignment of sequences (Gotoh 1982).
    """
    states = _states(labels, blank)
    skip = _skips(labels)
    count = len(labels)
    columns = np.arange(len(states))
    # Leaving phone i behind, in it or in the blank after it; the blank before all counts as phone -1.
    behind = (columns[1::2] - 3) // 2
    reached = np.full(len(states), NEVER)
    reached[0] = frames[0, blank]
    reached[1::2] = frames[0, labels] - _gap(np.arange(count), open_cost, step_cost)
    # A sentence of 16,000 phones has no room in the recordings that are taken (hearing.has_room).
    came = np.zeros((len(frames), len(states)), dtype=np.int16)
    came[0] = -1
    for t in range(1, len(frames)):
        ways = np.full((4, len(states)), NEVER)
        ways[0], ways[1, 1:], ways[2, 2:] = reached, reached[:-1], reached[:-2] + skip[2:]
        sources = np.stack([columns, columns - 1, columns - 2, columns])
        best_left, left_at = _best_so_far(reached, step_cost)
        # Phone j from phone k < j - 1: everything up to the blank after phone j - 2.
        ways[3, 3::2] = best_left[behind[1:] + 1] - open_cost - step_cost * (np.arange(1, count) - 1)
        sources[3, 3::2] = left_at[behind[1:] + 1]
        pick = ways.argmax(axis=0)
        came[t] = sources[pick, columns]
        reached = np.maximum(ways[pick, columns] + frames[t, states], NEVER)
    ends = np.append(np.repeat(np.arange(count), 2) - np.tile([1, 0], count), count - 1)
    missing = count - 1 - ends
    state = int(np.argmax(reached - np.where(missing > 0, _gap(missing, open_cost, step_cost), 0.0)))
    said = np.zeros(count, dtype=bool)
    for t in range(len(frames) - 1, -1, -1):
        if state % 2:
            said[state // 2] = True
        state = int(came[t, state])
    return said


def _gap(phones: Array, open_cost: float, step_cost: float) -> Array:
    return np.where(phones > 0, open_cost + step_cost * phones, 0.0)


def _best_so_far(reached: Array, step_cost: float) -> tuple[Array, Array]:
    """
    Return for k = -1 .. n - 1 the best of all states up to the blank after phone k, and which state that is.

    The cost of the phones between is paid from phone 0 on, so that one running maximum serves every goal.
    """
    phone = reached[1::2]
    after = reached[2::2]
    best = np.maximum(phone, after)
    states = np.where(phone >= after, np.arange(1, len(reached), 2), np.arange(2, len(reached), 2))
    best = np.append(reached[0] - step_cost, best) + step_cost * np.arange(len(best) + 1)
    states = np.append(0, states)
    running = np.maximum.accumulate(best)
    where = np.maximum.accumulate(np.where(best >= running, np.arange(len(best)), 0))
    return running, states[where]


def changed(whole: Lattice, allowed: Array, near: Array) -> tuple[Array, Array]:
    """
    Return the sentence's log probability with phone i changed to each of `allowed`, shape (n, len(allowed)), and with
    it left out, shape (n,).

    near: about where each phone is, in frames, shape (n,).
    """
    return _replaced(whole, allowed, near), _left_out(whole)


def _left_out(whole: Lattice) -> Array:
    labels, last = whole.labels, len(whole.frames) - 1
    count = len(labels)
    out = np.full(count, NEVER)
    for i in range(count):
        # Paths that step from what stands before phone i straight to what stands behind it.
        times = whole.moments(2 * i)
        here = whole.held(whole.before, times, 2 * i)
        if i and (i + 1 == count or labels[i - 1] != labels[i + 1]):
            here = np.logaddexp(here, whole.held(whole.before, times, 2 * i - 1))
        if i + 1 == count:
            out[i] = here[-1]
            continue
        goes_on = times < last
        onward = np.logaddexp.reduce(here[goes_on] + whole.held(whole.after, times[goes_on] + 1, 2 * i + 3))
        out[i] = np.logaddexp(onward, whole.held(whole.after, 0, 2 * i + 3)) if i == 0 else onward
    return out


def _replaced(whole: Lattice, allowed: Array, near: Array) -> Array:
    frames, labels = whole.frames, whole.labels
    length, count = len(frames), len(labels)
    size = min(length, 2 * _REACH_FRAMES)
    start = np.clip(near - size // 2, 0, length - size)
    times, phones = start[:, None] + np.arange(size), np.arange(count)[:, None]
    from_blank, from_phone = _entries(whole, times, phones)
    to_blank, to_phone = _exits(whole, times, phones)
    after_same = np.where(allowed[None, :] == np.append(-1, labels[:-1])[:, None], NEVER, 0.0)
    before_same = np.where(allowed[None, :] == np.append(labels[1:], -1)[:, None], NEVER, 0.0)
    held = np.full((count, len(allowed)), NEVER)
    total = np.full((count, len(allowed)), NEVER)
    for step in range(size):
        at = slice(step, step + 1)
        enter = np.logaddexp(from_blank[:, at], from_phone[:, at] + after_same)
        held = np.maximum(np.logaddexp(held, enter) + frames[times[:, step]][:, allowed], NEVER)
        leave = np.logaddexp(to_blank[:, at], to_phone[:, at] + before_same)
        total = np.logaddexp(total, held + leave)
    return total


def _entries(whole: Lattice, times: Array, phones: Array) -> tuple[Array, Array]:
    """Return what has been said before each phone begins at its times: ending in a blank, and in the phone before."""
    from_blank = whole.held(whole.before, times - 1, 2 * phones)
    from_blank[(times == 0) & (phones == 0)] = 0.0  # the first phone may begin with the recording
    return from_blank, whole.held(whole.before, times - 1, 2 * phones - 1)


def _exits(whole: Lattice, times: Array, phones: Array) -> tuple[Array, Array]:
    """Return what is still to be said when each phone ends at its times: beginning with a blank, and with the next."""
    to_blank = whole.held(whole.after, times + 1, 2 * phones + 2)
    is_end = (times == len(whole.frames) - 1) & (phones == len(whole.labels) - 1)
    to_blank[is_end] = 0.0  # the last phone may end with the recording
    return to_blank, whole.held(whole.after, times + 1, 2 * phones + 3)
