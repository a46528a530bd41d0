"""The few statistics that the table needs. Called by table.py."""

import numpy as np


def auc(good, bad):
    """Return how often a good one lies above a bad one, ties counted half. NaN when one side is empty."""
    good, bad = np.asarray(good, dtype=float), np.sort(np.asarray(bad, dtype=float))
    if not len(good) or not len(bad):
        return float("nan")
    below, up_to = np.searchsorted(bad, good, "left"), np.searchsorted(bad, good, "right")
    return float(((below + up_to) / 2).mean() / len(bad))


def spearman(first, second):
    """Return the rank correlation, ties at their mean rank; 0 when one side never changes."""
    ranks = [_ranks(np.asarray(side, dtype=float)) for side in (first, second)]
    if any(np.ptp(side) == 0 for side in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _ranks(values):
    _distinct, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[where]
