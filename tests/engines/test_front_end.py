"""What pyopenjtalk-plus must go on doing, and must not do, in our workers."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jobs.engines.speech.front_end import MAX_CHUNK_CHARACTERS, FrontEnd, chunks
from jobs.engines.speech.openjtalk import MEI
from tests.waits import in_a_fork

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def front_end() -> FrontEnd:
    return FrontEnd()


def said(front_end: FrontEnd, text: str) -> str:
    return "".join(word["pron"] for word in front_end.words(text))


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `program` in a new interpreter, because what is imported there stays imported."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("東京に行った。", "トーキョーニイッタ、"),
        ("実験を行った。", "ジッケンヲオコナッタ、"),
        ("こちらの方がいい。", "コチラノホーガイイ、"),
        ("風が強い。", "カゼガツヨイ、"),
        ("お金がない。", "オカネガナイ、"),
        ("今日は人気の市場に行く。", "キョーワニンキノシジョーニイク、"),
        ("歌が上手だ。", "ウタガジョーズダ、"),
    ],
)
def test_words_with_several_readings_are_read_as_people_do(front_end, text, reading):
    assert said(front_end, text).replace("’", "") == reading


def test_nothing_needs_sudachidict_not_even_kanji_that_no_dictionary_has():
    finished = run(
        "import sys; sys.modules['sudachidict_core'] = None\n"
        "from jobs.engines.speech.front_end import FrontEnd\n"
        "print(''.join(word['pron'] for word in FrontEnd().words('鱻と您')))"
    )

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("セント")


def test_loading_opens_no_onnx_session_and_prints_nothing():
    finished = run(
        "import sys\n"
        "class Trap:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        assert name.split('.')[0] != 'onnxruntime', 'imported'\n"
        "sys.meta_path.insert(0, Trap())\n"
        "from jobs.engines.speech.openjtalk import OpenJTalk\n"
        "OpenJTalk().load()"
    )

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_an_engine_without_its_dictionary_is_unavailable_and_may_come_back():
    finished = run(
        "from jobs.engines.errors import EngineUnavailable\n"
        "from jobs.engines.speech.openjtalk import OpenJTalk\n"
        "try: OpenJTalk().load()\n"
        "except EngineUnavailable as error: print(error, error.retryable)",
        OPEN_JTALK_DICT_DIR="/nowhere",
    )

    assert finished.stdout.strip() == "openjtalk did not answer True"


def test_the_dictionaries_are_read_only_when_asked_for():
    finished = run("import sys, jobs.engines.speech.openjtalk; print('pyopenjtalk' in sys.modules)")

    assert finished.stdout.strip() == "False"


def test_a_forked_worker_reads_what_its_parent_loaded_even_in_the_middle_of_a_call(openjtalk):
    def read() -> bytes:
        return b"".join(part.tobytes() for part in openjtalk.synthesize(openjtalk.plan("はい。", voice=MEI.name)))

    expected = read()
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            openjtalk.plan("東京都、大阪府、京都府、北海道、沖縄県。", voice=MEI.name)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        exits = [in_a_fork(lambda: read() == expected, what="read a sentence")[1] for _ in range(5)]
    finally:
        stop.set()
        busy.join()

    assert exits == [0] * 5


def test_a_text_goes_in_by_sentences():
    text = "短い文です。" * 100

    pieces = list(chunks(text))

    assert "".join(pieces) == text
    assert all(len(piece) <= MAX_CHUNK_CHARACTERS and piece.endswith("。") for piece in pieces)


def test_a_sentence_without_end_is_cut_at_a_comma_or_anywhere():
    with_commas, without = "あいうえお、" * 100, "あ" * 1000

    for text in (with_commas, without):
        pieces = list(chunks(text))
        assert "".join(pieces) == text
        assert max(map(len, pieces)) <= MAX_CHUNK_CHARACTERS
    assert all(piece.endswith("、") for piece in chunks(with_commas))
