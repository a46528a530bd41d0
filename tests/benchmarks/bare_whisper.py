"""faster-whisper's own `transcribe` in a warm process of its own: what a recording takes without a house around it.

The packaged model, the safe options of the manual, its own decoding of the file. Called by telegram.py.
"""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from jobs.engines.transcription import base_model

THREADS = 2  # as the house's default


class Bare:
    """`with Bare(folder) as bare: seconds = bare.hear(file)`. folder: where the model is, or will be."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.benchmarks.bare_whisper", str(self._folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def hear(self, file: Path) -> float:
        """Return the seconds that the call took, the process and its model being there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file, file=self._process.stdin, flush=True)
        seconds, _tab, text = self._process.stdout.readline().partition("\t")
        assert text.strip(), "the bare engine heard nothing"
        return float(seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def main() -> None:
    from faster_whisper import WhisperModel

    folder = str(base_model.model_folder(Path(sys.argv[1])))
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=THREADS)
    for line in sys.stdin:
        started = time.perf_counter()
        segments, _facts = model.transcribe(
            line.strip(),
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            vad_filter=True,
            max_new_tokens=128,
        )
        text = "".join(segment.text for segment in segments)
        print(f"{time.perf_counter() - started:.6f}\t{text}", flush=True)


if __name__ == "__main__":
    main()
