"""A process that has nothing to do opens what will judge the next recording, where recordings come."""

import fcntl
import os
import time

import pytest

from jobs.engines.errors import EngineUnavailable
from jobs.engines.pronunciation import readiness, reference, vad
from jobs.engines.speech import shared


@pytest.fixture(autouse=True)
def _nothing_is_ready(monkeypatch):
    for name, value in (("_ready", {}), ("_not_before", {}), ("_thread", None)):
        monkeypatch.setattr(readiness, name, value)


@pytest.fixture
def practised(monkeypatch):
    """Which languages were gone through; with an error in it, that is raised."""
    seen = []
    monkeypatch.setattr(readiness, "_practise", seen.append)
    return seen


def rest(folder, *, seconds=3600, times=1):
    for _time in range(times):
        readiness.stay_ready(folder, used_within_seconds=seconds)
        if readiness._thread is not None:
            readiness._thread.join()


def test_only_what_is_practised_here_is_made_ready_and_once(tmp_path, practised):
    rest(tmp_path, times=3)
    assert practised == []

    readiness.note_use(tmp_path, "en")
    readiness.note_use(tmp_path, "ja")
    rest(tmp_path, times=4)

    assert sorted(practised) == ["en", "ja"]
    assert readiness._ready == {"en": os.getpid(), "ja": os.getpid()}


def test_what_was_practised_long_ago_is_not(tmp_path, practised):
    readiness.note_use(tmp_path, "ja")
    long_ago = time.time() - 7200
    os.utime(tmp_path / "used-ja", (long_ago, long_ago))

    rest(tmp_path, seconds=3600)

    assert practised == []


def test_a_child_of_a_ready_process_is_not_ready(tmp_path, practised):
    readiness.note_use(tmp_path, "ja")
    readiness._ready["ja"] = os.getpid() + 1

    rest(tmp_path)

    assert practised == ["ja"]


def test_it_waits_for_its_turn(tmp_path, practised):
    readiness.note_use(tmp_path, "ja")
    with (tmp_path / ".readying").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        rest(tmp_path)
        assert practised == []

    rest(tmp_path)

    assert practised == ["ja"]


def test_what_cannot_be_opened_is_not_tried_each_second(tmp_path, monkeypatch):
    tried = []

    def fail(language):
        tried.append(language)
        raise EngineUnavailable("snfa")

    monkeypatch.setattr(readiness, "_practise", fail)
    readiness.note_use(tmp_path, "ja")

    rest(tmp_path, times=3)

    assert tried == ["ja"]


def test_a_ready_process_has_all_open_that_a_recording_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(vad, "_open", None)
    monkeypatch.setattr(reference, "_kept", type(reference._kept)())
    readiness.note_use(tmp_path, "ja")

    rest(tmp_path)

    assert vad._open is not None
    assert vad._open.pid == os.getpid()
    assert [language for language, _text in reference._kept] == ["ja"]


def test_what_all_workers_share_is_read_before_they_are_forked_where_it_is_practised(tmp_path, monkeypatch):
    read = []

    def refuse(language):
        read.append(language)
        raise EngineUnavailable("snfa")

    monkeypatch.setattr(readiness, "_read", refuse)
    readiness.load(tmp_path, used_within_seconds=3600)
    assert read == []

    readiness.note_use(tmp_path, "ja")
    readiness.note_use(tmp_path, "zh-TW")
    readiness.load(tmp_path, used_within_seconds=3600)

    # One that is not there keeps no worker from starting, and no other language from being read.
    assert read == ["ja", "zh-TW"]


def test_the_voices_that_compare_are_those_that_speak():
    assert reference._voice("ja")[0] is shared.japanese()
    assert set(shared.bilingual()._engines.values()) == {shared.japanese(), shared.english()}
