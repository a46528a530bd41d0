"""What is heard: words, times, languages, silence; the packaged model joined and compared."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.engines.media.kinds import KINDS as TAKEN
from jobs.engines.media.reading import SAMPLE_RATE_HZ
from jobs.engines.transcription import base_model
from jobs.engines.transcription.languages import CODES, code_of
from jobs.engines.transcription.port import Segment, joined
from jobs.engines.transcription.recording import Recording
from jobs.engines.transcription.whisper import Whisper
from jobs.engines.transcription.windows import Window, windows
from tests.engines.recordings import RATE_HZ, said, sound, spoken, tone

SECOND = SAMPLE_RATE_HZ
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def whisper(model_folder):
    return Whisper("base", folder=model_folder)


@pytest.fixture
def recording():
    with tempfile.TemporaryFile() as file:

        def make(data, content_type="audio/ogg"):
            file.seek(0)
            file.truncate()
            file.write(data)
            file.flush()
            return Recording(file, TAKEN[content_type], field="recording", max_seconds=3600)

        yield make


def silence(seconds):
    return np.zeros(int(seconds * RATE_HZ))


def test_two_sentences_with_a_pause_have_their_times(whisper, recording):
    first, second = spoken("今日はいい天気です。"), spoken("駅まで歩きました。")
    data = sound(np.concatenate([silence(2), first, silence(3), second]))

    heard = whisper.transcribe(recording(data))

    assert heard.language == "ja"
    assert heard.language_confidence > 0.9
    assert "天気" in heard.segments[0].text
    assert "駅" in heard.segments[-1].text
    begin_of_second = 2 + len(first) / RATE_HZ + 3
    assert 1.5 <= heard.segments[0].start_seconds <= 3
    assert begin_of_second - 0.7 <= heard.segments[-1].start_seconds <= begin_of_second + 1
    assert heard.segments[-1].end_seconds <= heard.duration_seconds
    assert [each.start_seconds for each in heard.segments] == sorted(each.start_seconds for each in heard.segments)


def test_speech_after_five_minutes_of_silence_has_its_time(whisper, recording):
    data = sound(np.concatenate([silence(299), spoken("駅まで歩きました。")]), "flac")

    [segment] = whisper.transcribe(recording(data, "audio/flac")).segments

    # One word alone may be heard as another; where it was said is what counts.
    assert "歩きました" in segment.text
    assert 298.5 <= segment.start_seconds < segment.end_seconds <= 302


def test_english_is_found_and_heard(whisper, recording):
    heard = whisper.transcribe(recording(said("The meeting starts at three in the afternoon.", "hibari_heart")))

    assert heard.language == "en"
    assert "meeting starts at" in heard.text


def test_a_language_that_is_given_is_not_looked_for(whisper, recording):
    heard = whisper.transcribe(recording(said("はい、わかりました。")), language="ja")

    assert (heard.language, heard.language_confidence) == ("ja", None)
    assert "わかりました" in heard.text or "分かりました" in heard.text


def noise(seconds):
    return np.random.default_rng(1).normal(0, 1000, int(seconds * RATE_HZ))


@pytest.mark.parametrize(
    "samples", [silence(0.02), silence(3), noise(3), tone(3)], ids=["blip", "zeros", "noise", "tone"]
)
def test_where_nobody_speaks_nothing_is_heard(whisper, recording, samples):
    heard = whisper.transcribe(recording(sound(samples, "wav"), "audio/wav"))

    assert (heard.text, heard.segments, heard.language) == ("", (), "")


def test_progress_never_goes_back_and_may_end_the_work(whisper, recording):
    class Stop(Exception):
        pass

    told = []

    def stop_at_the_end(done):
        told.append(done)
        if done >= 1:
            raise Stop

    with pytest.raises(Stop):
        whisper.transcribe(recording(said("はい、わかりました。")), progress=stop_at_the_end)

    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_model_that_is_not_there_is_unavailable(recording, tmp_path):
    engine = Whisper(str(tmp_path / "nothing"), folder=tmp_path)

    with pytest.raises(EngineUnavailable):
        engine.transcribe(recording(said("はい、わかりました。")))


def test_a_model_by_its_folder_hears_as_well(whisper, recording, model_folder):
    by_path = Whisper(str(base_model.model_folder(model_folder)), folder=model_folder)

    heard = by_path.transcribe(recording(said("はい、わかりました。")), language="ja")

    assert heard.text == whisper.transcribe(recording(said("はい、わかりました。")), language="ja").text
    assert "whisper-base" in by_path.version


# The packaged model


def test_halves_that_are_not_the_ones_that_were_tried_are_not_opened(tmp_path, monkeypatch):
    monkeypatch.setitem(base_model.SHA256, "config.json", "0" * 64)

    with pytest.raises(EngineUnavailable):
        base_model.model_folder(tmp_path)

    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_model_that_was_cut_off_is_joined_again(model_folder, tmp_path):
    place = base_model.model_folder(model_folder)
    copy = tmp_path / place.name
    shutil.copytree(place, copy)
    os.truncate(copy / "model.bin", 1000)

    assert (base_model.model_folder(tmp_path) / "model.bin").stat().st_size > 100_000_000


def test_a_disk_that_takes_no_model_is_unavailable(tmp_path):
    (tmp_path / "models").write_text("a file, no folder")

    with pytest.raises(EngineUnavailable):
        base_model.model_folder(tmp_path / "models")


def test_the_lock_is_free_after_a_failure(tmp_path, monkeypatch):
    monkeypatch.setitem(base_model.SHA256, "config.json", "0" * 64)
    with pytest.raises(EngineUnavailable):
        base_model.model_folder(tmp_path)

    with (tmp_path / ".joining").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


# Portions


def test_speech_is_heard_in_portions_of_28_seconds_at_most():
    spans = [(0, 20 * SECOND), (21 * SECOND, 26 * SECOND), (40 * SECOND, 100 * SECOND)]

    portions = list(windows(spans))

    assert all(each.seconds <= 28 for each in portions)
    assert sum(each.seconds for each in portions) == 85
    assert portions[0].spans == ((0, 20 * SECOND), (21 * SECOND, 26 * SECOND))
    assert portions[1].spans == ((40 * SECOND, 68 * SECOND),)


def test_a_moment_in_a_portion_is_told_in_the_time_of_the_recording():
    window = Window(((2 * SECOND, 4 * SECOND), (10 * SECOND, 11 * SECOND)))

    assert [window.moment(seconds) for seconds in (0, 1.5, 2, 2.5, 9)] == [2, 3.5, 10, 10.5, 11]
    # The end of a word that a pause follows stands before the pause.
    assert window.moment(2, is_end=True) == 4


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["今日は。", "いい天気。"], "今日は。いい天気。"),
        (["Good day.", "Goodbye."], "Good day. Goodbye."),
        (["これは", "API です"], "これはAPI です"),
        ([], ""),
    ],
)
def test_segments_are_joined_as_their_script_is_written(parts, text):
    assert joined(tuple(Segment(0, 1, part) for part in parts)) == text


@pytest.mark.parametrize(
    ("written", "code"),
    [("auto", None), ("ja", "ja"), ("ja-JP", "ja"), ("zh_TW", "zh"), ("English", "en"), (" JA ", "ja")],
)
def test_a_language_is_known_as_programs_write_it(written, code):
    assert code_of(written) == code


def test_the_languages_are_those_that_the_package_knows():
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert set(_LANGUAGE_CODES) == CODES


def test_an_unknown_language_is_refused():
    with pytest.raises(InputRejected) as refused:
        code_of("klingon")

    assert (refused.value.field, refused.value.code) == ("language", "unknown_language")


def held_in(program, folder):
    """Run a program in a process of its own that holds no model yet; return what it prints."""
    begin = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import json, time
from pathlib import Path
from jobs.engines.transcription import held
from jobs.engines.transcription.whisper import Whisper
whisper = Whisper("base", folder=Path({str(folder)!r}))
def ready(seconds):
    whisper.stay_ready(used_within_seconds=seconds)
    if held._readying is not None:
        held._readying.join()
    return held._held is not None
"""
    done = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(program)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_an_idle_process_opens_the_model_only_where_recordings_come(model_folder, tmp_path):
    program = """
    told = [ready(3600)]
    held.note_use(whisper._wanted.folder)
    told.append(ready(0))
    told.append(ready(3600))
    told.append(held.model(whisper._wanted) is held._held.model)
    print(json.dumps(told))
    """
    folder = tmp_path / "models"
    shutil.copytree(model_folder, folder)
    (folder / "used").unlink(missing_ok=True)

    assert held_in(program, folder) == [False, False, True, True]


def test_a_process_waits_for_its_turn_to_open_the_model(model_folder, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(model_folder, folder)
    (folder / "used").touch()

    with (folder / ".readying").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)

        told = held_in("print(json.dumps([ready(3600), held._not_before]))", folder)

    assert told == [False, 0.0]


def test_a_model_that_cannot_be_opened_is_not_tried_each_second(tmp_path):
    (tmp_path / "used").touch()
    program = """
    whisper = Whisper("/nowhere", folder=Path(FOLDER))
    first = ready(3600), held._readying
    again = ready(3600), held._readying
    print(json.dumps([first[0], again[0], first[1] is again[1], held._not_before > time.monotonic()]))
    """

    assert held_in(program.replace("FOLDER", repr(str(tmp_path))), tmp_path) == [False, False, True, True]


def test_the_use_of_a_recording_is_noted(whisper, recording, model_folder):
    (model_folder / "used").unlink(missing_ok=True)

    whisper.transcribe(recording(said("今日はいい天気です。")))

    assert (model_folder / "used").exists()
