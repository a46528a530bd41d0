"""The joints between breath groups, which a listener must not hear."""

from itertools import pairwise

import numpy as np
import pytest

from jobs.engines.speech.front_end import FrontEnd
from jobs.engines.speech.labels import MAX_GROUP_MORAS, write_breath_groups
from jobs.engines.speech.openjtalk import MEI
from jobs.engines.speech.port import SAMPLE_RATE_HZ

MANY_BREATHS = "えっと、うん、そうだね！本当に？はい。"
WITHOUT_PAUSE = (
    "今日は朝早く起きて近所の公園まで散歩に行ってから家に戻って朝ご飯を食べて仕事に出かける準備をしてから"
    "駅まで歩いて電車に乗って会社に着いたら同僚に挨拶をして席に座ってパソコンの電源を入れました"
)


@pytest.fixture(scope="module")
def front_end() -> FrontEnd:
    return FrontEnd()


def read(openjtalk, text: str, **settings: float) -> list[np.ndarray]:
    return list(openjtalk.synthesize(openjtalk.plan(text, voice=MEI.name), **settings))


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_the_parts_are_together_as_long_as_the_whole(openjtalk, front_end, speed):
    voice = front_end.open_voice()
    voice.set_speed(speed)
    whole = voice.synthesize(front_end.labels(front_end.words(MANY_BREATHS)))

    parts = read(openjtalk, MANY_BREATHS, speed=speed)

    assert len(parts) == 5
    assert sum(map(len, parts)) == pytest.approx(len(whole), abs=0.04 * SAMPLE_RATE_HZ)


def test_parts_meet_in_silence(openjtalk):
    parts = read(openjtalk, "犬、雨、海、円、音、蟹、魚、竹。")

    for before, after in pairwise(parts):
        joint = np.concatenate([before[-96:], after[:96]]).astype(int)  # 2 ms on either side
        assert np.abs(joint).max() < 200  # 44 dB below full scale; a vowel reaches 20,000
        assert abs(joint[96] - joint[95]) < 100


def test_accents_do_not_know_of_the_cut(front_end):
    words = front_end.words(MANY_BREATHS)

    groups = write_breath_groups(words, front_end)

    assert [label for group in groups for label in group.labels] == front_end.labels(words)


def test_a_sentence_that_nobody_says_in_one_breath_gets_one(openjtalk):
    script = openjtalk.plan(WITHOUT_PAUSE, voice=MEI.name)

    assert len(script.groups) == 2
    assert all(MAX_GROUP_MORAS // 2 < group.mora_count <= MAX_GROUP_MORAS for group in script.groups)
    assert "-pau+" in script.groups[0].labels[-1]


@pytest.mark.parametrize("text", ["アカサタナハマヤラワ" * 40, "一二三四五六七八九" * 40, "ぱぴぷぺぽ" * 80])
def test_no_text_makes_a_group_without_end(openjtalk, text):
    script = openjtalk.plan(text, voice=MEI.name)

    assert max(group.mora_count for group in script.groups) <= MAX_GROUP_MORAS


def test_a_long_text_is_planned_as_its_sentences_are(openjtalk):
    sentence = "明日の会議は、午後三時から始まります。"

    once = openjtalk.plan(sentence, voice=MEI.name)
    often = openjtalk.plan(sentence * 60, voice=MEI.name)

    assert often.mora_count == 60 * once.mora_count
    assert len(often.groups) == 60 * len(once.groups)


def test_a_sound_that_no_word_starts_with_does_not_shift_its_neighbours(front_end):
    words = front_end.words("犬、") + front_end.words("ー、") + front_end.words("猫。")

    groups = write_breath_groups(words, front_end)

    assert [group.mora_count for group in groups] == [2, 2]


def test_morae_are_counted_as_they_are_spoken(openjtalk):
    assert openjtalk.plan("3回", voice=MEI.name).mora_count == 4  # サンカイ
    assert openjtalk.plan("API", voice=MEI.name).mora_count == 6  # エーピーアイ
    assert openjtalk.plan("きゃっと", voice=MEI.name).mora_count == 3
