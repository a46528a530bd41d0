"""Measure things side by side: round by round, each in turn, so that a noisy minute hits all of them."""

import math
import statistics
import time
from collections.abc import Callable


def interleaved(rounds: int, **things: Callable[[int], object]) -> dict[str, list[float]]:
    """Return the seconds each thing took in each round; a thing is called with the number of the round."""
    seconds: dict[str, list[float]] = {name: [] for name in things}
    for number in range(rounds):
        for name, thing in things.items():
            started = time.perf_counter()
            thing(number)
            seconds[name].append(time.perf_counter() - started)
    return seconds


def median_ratio(upper: list[float], lower: list[float]) -> float:
    """Return the median of the ratios of each round: what a slow round does to both cancels out."""
    return statistics.median(one / other for one, other in zip(upper, lower, strict=True))


def line(text: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{text:44s} median {statistics.median(ordered) * 1000:7.1f} ms   lowest {ordered[0] * 1000:7.1f} ms"


def percentile(values: list[float], percent: float) -> float:
    """Return the smallest value that `percent` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]
