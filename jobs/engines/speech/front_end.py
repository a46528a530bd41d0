"""Turn Japanese text into words with readings and accents: pyopenjtalk-plus, made safe for our workers.

What is changed and why (the package is pinned; tests/engines/test_front_end.py holds every private name used here):

- Its guess for the word 何 opens two ONNX sessions at import when onnxruntime is installed. Their threads do not
  survive a fork, and a forked child then hangs when it exits. So that module is never loaded; `reading/` decides 何.
- SudachiDict (193 MB) is never asked. It corrects as many readings as it spoils (風 and 方 against 金 and 種), and
  without it the package fails on every kanji it does not know; here those get their Unihan reading instead.
- The cost of one call grows with the square of the length, and near 8,000 bytes it fails. Text goes in by sentences.

One front end serves all threads of a process. Called by openjtalk.py.
"""

import importlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

# One word: its spelling, reading, accent, number of morae and whether it joins the accent phrase before it.
Word = dict[str, Any]

# Long enough for nearly every sentence, short enough that the quadratic parts stay below 10 ms.
MAX_CHUNK_CHARACTERS = 200

_SENTENCE = re.compile(r"[^。！？]*[。！？]*")

# Held while the front end works and while a fork happens: a child made in the middle of a call would
# inherit pyopenjtalk's own locks in their locked state and wait for ever.
_lock = threading.Lock()
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


class FrontEnd:
    """Dictionaries and rules of pyopenjtalk-plus. Safe for threads and for forks."""

    def __init__(self) -> None:
        """Map the dictionary into memory: about 0.5 s for the first instance of a process."""
        self._package = _import_package()
        self._analyser = self._package.OpenJTalk(dn_mecab=self._package.OPEN_JTALK_DICT_DIR)
        with _lock:
            self._analyse("準備")  # the first call reads the dictionary's pages in

    def open_voice(self) -> Any:
        """Return a new HTS engine with mei_normal loaded: 4 ms, 1.1 MB, for one thread."""
        return self._package.HTSEngine(self._package.DEFAULT_HTS_VOICE)

    def words(self, text: str) -> list[Word]:
        """Return the words of `text` in order, pauses among them. Cost is linear in its length."""
        words: list[Word] = []
        for chunk in chunks(text):
            with _lock:
                words.extend(self._analyse(chunk))
        return words

    def labels(self, words: list[Word]) -> list[str]:
        """Return HTS full-context labels, one a phoneme, with `sil` at both ends. At least one mora is needed."""
        with _lock:
            labels: list[str] = self._analyser.make_label(words)
        return labels

    def _analyse(self, text: str) -> list[Word]:
        words: list[Word] = self._package.run_frontend(
            text, use_sudachi_kanji_yomi=False, predict_nani=False, jtalk=self._analyser
        )
        return words


def chunks(text: str) -> Iterator[str]:
    """
    Yield `text` in pieces of at most MAX_CHUNK_CHARACTERS, cut after sentences where it has any.

    A sentence that is longer is cut at its last comma or space, and only without those anywhere.
    """
    waiting = ""
    for sentence in _SENTENCE.findall(text):
        if waiting and len(waiting) + len(sentence) > MAX_CHUNK_CHARACTERS:
            yield waiting
            waiting = ""
        waiting += sentence
        while len(waiting) > MAX_CHUNK_CHARACTERS:
            head = waiting[:MAX_CHUNK_CHARACTERS]
            cut = max(head.rfind("、"), head.rfind(" ")) + 1 or MAX_CHUNK_CHARACTERS
            yield waiting[:cut]
            waiting = waiting[cut:]
    if waiting:
        yield waiting


def _import_package() -> ModuleType:
    """Import pyopenjtalk without onnxruntime and without SudachiDict, and say nothing on stdout."""
    name = "pyopenjtalk.yomi_model.nani_predict"
    if name not in sys.modules:
        stand_in = ModuleType(name)
        stand_in.predict = _no_guess  # type: ignore[attr-defined]
        sys.modules[name] = stand_in
    package = importlib.import_module("pyopenjtalk")
    unknown_kanji = importlib.import_module("pyopenjtalk._unknown_kanji")
    unknown_kanji.get_sudachi_tokenizer = _NoWords  # type: ignore[attr-defined]
    return package


def _no_guess(_following: object) -> int:
    """Stand where the guess for 何 would be. It is never asked: predict_nani is False."""
    return 0


class _NoWords:
    """Stands where SudachiPy's tokenizer would be asked for the words around an unknown kanji."""

    def tokenize(self, _text: str, _mode: object) -> list[object]:
        return []
