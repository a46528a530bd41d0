"""The short form of `python -m tests.validation`: one held-out sentence, every score, in seconds."""

from itertools import takewhile

import pytest

from tests.validation import readings, sentences, table, trials
from tests.validation.measures import auc, spearman


def graded(text, language, kinds, levels=None):
    return [
        trials.judged(wave, text, language, kind, level, wrong)
        for kind, level, wave, wrong in takewhile(lambda made: made[0] in kinds, readings.graded(text, language))
        if levels is None or level in levels
    ]


@pytest.fixture(scope="module")
def japanese():
    return table.Figures(readings=[graded(sentences.of_half("ja", "held_out")[0], "ja", readings.GRADED)])


@pytest.mark.parametrize("kind", trials.AIMED)
def test_each_score_falls_with_what_it_is_about(japanese, kind):
    [rho] = table.correlations(japanese, kind)

    assert rho <= -0.7


@pytest.mark.parametrize("kind", ["pauses", "flat"])
def test_the_other_scores_fall_less(japanese, kind):
    assert max(table.leaks(japanese, kind).values()) <= 0.3


@pytest.mark.parametrize("language", ["ja", "en"])
def test_wrong_phones_are_told_from_right_ones(japanese, language):
    if language == "ja":
        [readings] = japanese.readings
    else:
        readings = graded(sentences.of_half("en", "held_out")[0], "en", ("clean", "wrong"), (0.0, 0.2, 0.7))

    [fifth] = [trial for trial in readings if (trial.kind, trial.level) == ("wrong", 0.2)]
    assert auc(fifth.phones[~fifth.wrong], fifth.phones[fifth.wrong]) >= 0.8
    falling = [trial.scores["accuracy"] for trial in readings if trial.kind in ("clean", "wrong")]
    assert spearman(range(len(falling)), falling) <= -0.9


def test_a_sentence_never_changes_its_half():
    assert sentences.half_of("駅まで歩いて、電車に乗りました。") == "tuning"
    for language in sentences.ALL:
        halves = [sentences.of_half(language, half) for half in sentences.HALVES]
        assert all(halves)
        assert sorted(halves[0] + halves[1]) == sorted(sentences.ALL[language])


def test_the_measures_are_what_their_names_say():
    assert auc([3, 4], [1, 2]) == 1.0
    assert auc([1, 2], [1, 2]) == 0.5
    assert spearman([1, 2, 3], [9, 4, 1]) == pytest.approx(-1.0)
    assert spearman([1, 2, 3], [5, 5, 5]) == 0.0
