"""Speech as a function: what is refused at once, what comes out, and the phrase that is not made twice."""

import io

import av
import pytest

from jobs.engines.speech.bilingual import Bilingual
from jobs.engines.speech.reading import normalise
from jobs.functions import phrases
from jobs.functions.phrases import Facts, Phrase
from jobs.functions.speech import SpeechInput, _most_moras, _plan
from jobs.runtime.errors import InvalidInput
from jobs.runtime.invoke import invoke
from jobs.runtime.models import Artifact, Result, Source
from tests.runtime.conftest import LocalWorker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(valkey):
    return LocalWorker("here:0:1:1")


@pytest.fixture
def speak(valkey, owner, worker):
    def speak(text="こんにちは。", **inputs):
        task = invoke("speech", {"text": text, **inputs}, owner=owner, source=Source.API).task
        worker.work()
        task.refresh_from_db()
        return task

    return speak


def sound_of(task):
    with Artifact.objects.get(task=task).file.open() as file:
        return file.read()


def seconds_of(data):
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.parametrize(
    ("inputs", "field", "code"),
    [
        ({"text": ""}, "text", "string_too_short"),
        ({"text": "   "}, "text", "empty_speech"),
        ({"text": "！！！…"}, "text", "empty_speech"),
        ({"text": "あ" * 10_001}, "text", "text_too_long"),
        ({"text": "かきくけこ" * 201}, "text", "text_too_long"),
        ({"text": "9" * 9_000}, "text", "text_too_long"),
        ({"text": "I have no end. " * 200}, "text", "text_too_long"),
        ({"text": "はい", "voice": "nobody"}, "voice", "unknown_voice"),
        ({"text": "はい", "speed": 2.1}, "speed", "less_than_equal"),
        ({"text": "はい", "pitch": -13}, "pitch", "greater_than_equal"),
        ({"text": "はい", "volume": 11}, "volume", "less_than_equal"),
        ({"text": "はい", "format": "flac"}, "format", "literal_error"),
        ({"text": "はい", "tempo": 1}, "tempo", "extra_forbidden"),
    ],
)
def test_what_cannot_be_read_aloud_is_refused_at_once_by_field_and_code(valkey, owner, inputs, field, code):
    with pytest.raises(InvalidInput) as caught:
        invoke("speech", inputs, owner=owner, source=Source.API)

    assert [(error.field, error.code) for error in caught.value.errors] == [(field, code)]


def test_the_limit_counts_moras_after_words_and_numbers_are_spelt_out(valkey, owner, settings):
    settings.SPEECH_MAX_MORAS = 40

    with pytest.raises(InvalidInput) as caught:
        invoke("speech", {"text": "9876543210 9876543210"}, owner=owner, source=Source.API)

    assert caught.value.errors[0].code == "text_too_long"


@pytest.mark.parametrize("text", ["この先の角を右に曲がって、三つ目の信号を左です。" * 5, "ゟ" * 400])
def test_a_chat_message_is_known_as_short_enough_without_a_dictionary(valkey, owner, monkeypatch, text):
    def analysed(*_args, **_options):
        raise AssertionError("the text was analysed before it was accepted")

    monkeypatch.setattr("jobs.functions.speech._plan", analysed)

    assert invoke("speech", {"text": text}, owner=owner, source=Source.DISCORD).task.pk


@pytest.mark.parametrize("text", ["竡", "ゟ", "志承", "Wwwww 9876543210", "明日の会議は、午後三時からです。"])
def test_what_is_told_without_a_dictionary_is_never_too_few(text):
    assert _most_moras(normalise(text)) >= _plan(SpeechInput(text=text)).mora_count


@pytest.mark.parametrize(
    ("kind", "name", "content_type"),
    [
        ("opus", "speech.ogg", "audio/ogg; codecs=opus"),
        ("wav", "speech.wav", "audio/wav"),
        ("mp3", "speech.mp3", "audio/mpeg"),
    ],
)
def test_a_sentence_becomes_a_file_of_the_asked_kind_and_length(speak, kind, name, content_type):
    task = speak("明日の会議は、午後三時から始まりますよ。", format=kind)

    artifact = Artifact.objects.get(task=task)
    output = Result.objects.get(task=task).output
    assert (task.status, artifact.name, artifact.content_type) == ("success", name, content_type)
    assert seconds_of(sound_of(task)) == pytest.approx(output["duration_seconds"], abs=0.1)
    assert output["credit"].startswith('HTS Voice "Mei"')


def test_raw_pcm_is_24_khz_16_bit_mono(speak):
    task = speak(format="pcm")

    seconds = len(sound_of(task)) / 2 / 24_000
    assert seconds == pytest.approx(Result.objects.get(task=task).output["duration_seconds"], abs=0.05)


def test_the_parts_are_the_file(speak, valkey):
    task = speak("一つ目です。二つ目です。三つ目です。")

    entries = valkey.xrange(f"koebako:parts:{task.pk.hex}")
    pieces = [fields[b"d"] for _, fields in entries if b"d" in fields]
    assert len(pieces) == Result.objects.get(task=task).output["parts"] == 3
    assert b"".join(pieces) == sound_of(task)
    assert entries[-1][1] == {b"e": b"success", b"n": b"3"}


def test_the_same_words_come_from_the_cache_in_the_same_parts(speak, valkey, monkeypatch):
    first = speak("一つ目です。二つ目です。")

    def never(*_, **__):
        raise AssertionError("made twice")

    monkeypatch.setattr(Bilingual, "synthesize", never)
    second = speak("一つ目です。二つ目です。")

    assert (second.status, Result.objects.get(task=second).output["cached"]) == ("success", True)
    assert sound_of(first) == sound_of(second)
    first_parts, second_parts = (
        [fields for _, fields in valkey.xrange(f"koebako:parts:{task.pk.hex}")] for task in (first, second)
    )
    assert first_parts == second_parts
    outputs = [Result.objects.get(task=task).output for task in (first, second)]
    assert outputs[0]["peaks"] == outputs[1]["peaks"] != []


def test_an_english_sentence_within_japanese_has_a_voice_of_its_own_and_both_are_credited(speak):
    task = speak("今日は I have a meeting today. です。")

    output = Result.objects.get(task=task).output
    assert (task.status, output["parts"], output["voices"]) == ("success", 3, ["mei_normal", "hibari_heart"])
    assert output["credit"].startswith('HTS Voice "Mei"')
    assert 'hibari voice "heart" (Apache-2.0)' in output["credit"]
    assert "openjtalk" in output["model_version"]
    assert "hibari" in output["model_version"]
    assert seconds_of(sound_of(task)) == pytest.approx(output["duration_seconds"], abs=0.1)


def test_the_bars_of_a_waveform_come_with_the_result(speak):
    peaks = Result.objects.get(task=speak("明日の会議は、午後三時から始まりますよ。")).output["peaks"]

    assert len(peaks) == 200
    assert (min(peaks), max(peaks)) == (0, 100)


@pytest.mark.parametrize(
    "other", [{"speed": 1.1}, {"pitch": 1}, {"volume": 1}, {"format": "wav"}, {"text": "こんばんは。"}]
)
def test_other_words_or_another_way_of_saying_them_are_not_the_same_phrase(speak, other):
    speak()

    task = speak(**other)

    assert Result.objects.get(task=task).output["cached"] is False


def test_the_cache_is_bounded_and_lets_go_of_what_was_unused_longest(valkey, settings):
    settings.SPEECH_CACHE_MEGABYTES = 1
    phrase = Phrase(b"x" * 100_000, Facts([100_000], 1.0, "audio/wav", "wav", []))
    names = [phrases.entry_name(number) for number in range(12)]

    for name in names:
        phrases.keep(name, phrase)

    found = [phrases.find(name) is not None for name in names]
    assert found == [False, False] + [True] * 10
    assert int(valkey.get("koebako:phrases_bytes")) == 1_000_000


def test_a_phrase_too_large_for_the_cache_is_not_kept(valkey, settings):
    settings.SPEECH_CACHE_MEGABYTES = 1

    phrases.keep("koebako:phrase:large", Phrase(b"x" * 200_000, Facts([200_000], 1.0, "audio/wav", "wav", [])))

    assert phrases.find("koebako:phrase:large") is None


def test_no_words_can_be_read_off_the_keys_of_redis(speak, valkey):
    speak("ひみつのことば。")

    assert not any("ひみつ".encode() in key for key in valkey.scan_iter())
