"""Run the trials of both halves and print one table of each language. Called by __main__.py and the short test."""

import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tests.validation import doubtful, sentences, trials
from tests.validation.measures import auc, spearman

AIMS = {"rho mean": -0.9, "rho worst": -0.7, "leak": 0.3, "invariance": 8.0, "auc": 0.97, "phone auc": 0.85}


# What does not change how the sentence is pronounced: the first are to move accuracy little, the others are told.
MOVING = (*trials.INVARIANT, "far key", "lively", "noise", "room", "hum", "clipping")


@dataclass
class Figures:
    """Of one language and half. Each trial list is of one sentence."""

    readings: list[list[trials.Trial]] = field(default_factory=list)
    own: list[tuple[float, float]] = field(default_factory=list)
    gates: dict[str, list[trials.Trial]] = field(default_factory=lambda: defaultdict(list))
    must_refuse: dict[str, bool] = field(default_factory=dict)
    realtime: float = float("nan")  # processor seconds a second of recording, reference kept


def measure(language, half, *, parts, count, gate_count, run, compared=True):
    """run: how a function is called with each of several arguments, as `map` does or a pool."""
    chosen = sentences.of_half(language, half)[:count]
    gated = [number < gate_count for number in range(len(chosen))]
    figures = Figures()
    one = partial(_measured, language=language, parts=parts, compared=compared)
    for found in run(one, chosen, gated):
        figures.readings.append(found.trials)
        figures.own += found.own
        for trial, must in found.gates:
            figures.gates[trial.kind].append(trial)
            figures.must_refuse[trial.kind] = must
    return figures


def _measured(text, gated, *, language, parts, compared):
    return trials.of_sentence(text, language, parts, compared=compared, gated=gated)


def realtime(language, half):
    """Return processor seconds for a second of recording: listening and judging, the reference kept."""
    from jobs.engines.pronunciation import analyser
    from tests.validation import degrade, readings

    waves = [(readings.source(text, language).wave, text) for text in sentences.of_half(language, half)[:3]]
    started = time.process_time()
    for wave, text in waves:
        analyser.measure(wave, text, language, lambda *_: None)
    return (time.process_time() - started) / sum(len(wave) / degrade.RATE_HZ for wave, _ in waves)


def mean_scores(figures):
    """Return {(kind, level): {score: (mean, lowest, highest)}} over sentences, in the order they were made."""
    gathered = defaultdict(list)
    for of_sentence in figures.readings:
        for trial in of_sentence:
            gathered[trial.kind, trial.level].append(trial)
    return {
        key: {
            name: (np.mean(values), min(values), max(values))
            for name in trials.SCORES
            for values in [[trial.scores[name] for trial in group]]
        }
        for key, group in gathered.items()
    }


def correlations(figures, kind):
    """Return Spearman's rho between level and aimed score for each sentence; -1 is perfect."""
    kinds = (kind,) if kind == "far warp" else ("clean", kind)
    aimed = "rhythm" if kind == "far warp" else trials.AIMED[kind]
    return [
        spearman([trial.level for trial in graded], [trial.scores[aimed] for trial in graded])
        for of_sentence in figures.readings
        for graded in [[trial for trial in of_sentence if trial.kind in kinds]]
    ]


def levels_of(every):
    return sorted({trial.level for trial in every})


def leaks(figures, kind):
    """
    Return by how much each other score falls, as a share of the aimed one's fall.

    At the worst level that people get to see: 70 % of the phones wrong make another sentence, and most are refused.
    """
    means = mean_scores(figures)
    every = [trial for of_sentence in figures.readings for trial in of_sentence if trial.kind == kind]
    refused = {
        level: np.mean([bool(trial.refused) for trial in every if trial.level == level]) for level in levels_of(every)
    }
    worst = means[kind, max(level for level, share in refused.items() if share < 0.5)]
    fall = {name: means["clean", 0.0][name][0] - worst[name][0] for name in trials.SCORES if name != "overall"}
    aimed = fall.pop(trials.AIMED[kind])
    return {name: value / aimed for name, value in fall.items()}


def invariance(figures, kinds=trials.INVARIANT):
    """Return for each kind the largest mean move of accuracy over its levels, and the largest of a single recording."""
    found = {}
    for kind in kinds:
        moves = defaultdict(list)
        for of_sentence in figures.readings:
            clean = next(trial.scores["accuracy"] for trial in of_sentence if trial.kind == "clean")
            for trial in of_sentence:
                if trial.kind == kind:
                    moves[trial.level].append(abs(clean - trial.scores["accuracy"]))
        found[kind] = (
            max(float(np.mean(values)) for values in moves.values()),
            max(max(values) for values in moves.values()),
        )
    return found


def separations(figures):
    """Return the areas under the curve: whole recordings (clean and invariant against 20 % wrong), and phones."""
    every = [trial for of_sentence in figures.readings for trial in of_sentence]
    good = [trial.scores["accuracy"] for trial in every if trial.kind in ("clean", *trials.INVARIANT)]
    graded = [trial for trial in every if trial.kind == "wrong" and trial.level == 0.2 and len(trial.phones)]
    bad = [trial.scores["accuracy"] for trial in graded]
    right = np.concatenate([trial.phones[~trial.wrong] for trial in graded])
    wrong = np.concatenate([trial.phones[trial.wrong] for trial in graded])
    return auc(good, bad), auc(right, wrong)


def show(language, halves, out=sys.stdout):
    """Print all figures of a language, both halves beside each other, and which aims are missed."""
    sizes = ", ".join(f"{half} {len(figures.readings)} sentences" for half, figures in halves.items())
    print(f"\n== {language}: {sizes}; mean score (lowest)", file=out)
    for key in mean_scores(next(iter(halves.values()))):
        cells = []
        for figures in halves.values():
            means = mean_scores(figures)[key]
            cells.append(
                "  ".join(f"{name[:3]} {means[name][0]:5.1f} ({means[name][1]:3.0f})" for name in trials.SCORES)
            )
        print(f"{key[0]:>9} {key[1]:5g} | " + " | ".join(cells), file=out)
    rows = [list(lines(figures)) for figures in halves.values()]
    print(f"\n{language:<44} | " + " | ".join(f"{half:<26}" for half in halves), file=out)
    for cells in zip(*rows, strict=True):
        print(f"{cells[0][0]:<44} | " + " | ".join(f"{_marked(*cell[1:]):<26}" for cell in cells), file=out)


def _marked(told, is_met):
    return told + {True: "  ok", False: "  MISSED", None: ""}[is_met]


def lines(figures):
    """Yield (what, its figure, whether the aim is met; None without an aim)."""
    kinds = {trial.kind for of_sentence in figures.readings for trial in of_sentence}
    for kind, aimed in trials.AIMED.items():
        yield from _falls(figures, kind, aimed)
    if "far warp" in kinds:
        rho = correlations(figures, "far warp")
        yield "rho of rhythm, by another voice (mean / worst)", f"{np.mean(rho):.2f} / {max(rho):.2f}", None
    for kind, (mean, worst) in invariance(figures, [each for each in MOVING if each in kinds]).items():
        is_met = mean <= AIMS["invariance"] if kind in trials.INVARIANT else None
        yield f"accuracy moved by {kind} (mean / worst)", f"{mean:.1f} / {worst:.1f}", is_met
    whole, phone = separations(figures)
    yield "AUC, clean and moved against 20 % wrong", f"{whole:.3f}", whole >= AIMS["auc"]
    yield "AUC of single phones", f"{phone:.3f}", phone >= AIMS["phone auc"]
    if figures.own:
        beaten = sum(own > other for own, other in figures.own)
        nearest = min(own - other for own, other in figures.own)
        told = f"{beaten} of {len(figures.own)}, by {nearest:.0f} points"
        yield "own sentence before the others", told, beaten == len(figures.own)
    yield from _voices(figures)
    for gate, found in figures.gates.items():
        told = ", ".join(sorted({trial.refused or f"overall {trial.scores['overall']:.0f}" for trial in found}))
        yield f"gate: {gate}", told, holds(gate, found, figures)


def _falls(figures, kind, aimed):
    rho = correlations(figures, kind)
    is_met = bool(np.mean(rho) <= AIMS["rho mean"] and max(rho) <= AIMS["rho worst"])
    yield f"rho of {aimed} with {kind} (mean / worst)", f"{np.mean(rho):.2f} / {max(rho):.2f}", is_met
    for name, share in leaks(figures, kind).items():
        yield f"    {name} falls as well", f"{100 * share:.0f} %", bool(share <= AIMS["leak"])


def _voices(figures):
    """Yield how often two voices are told, and how often of one it is said that it is two."""
    every = [trial for of_sentence in figures.readings for trial in of_sentence]
    for kind, level in dict.fromkeys((t.kind, t.level) for t in every if t.kind in ("in turn", "at once")):
        found = [t for t in every if (t.kind, t.level) == (kind, level)]
        told = sum(bool(t.refused) or "two_voices" in t.caps for t in found)
        yield f"two voices {kind} ({level:g}): told", f"{told} of {len(found)}", told == len(found)
    single = [t for t in every if t.kind not in ("in turn", "at once") and not t.refused]
    false = sum("two_voices" in t.caps for t in single)
    yield "one voice: called two", f"{false} of {len(single)}", false == 0


def holds(gate, found, figures):
    if figures.must_refuse[gate]:
        return all(trial.refused for trial in found)
    return all(trial.refused or trial.scores["overall"] <= doubtful.HIGHEST[gate] for trial in found)
