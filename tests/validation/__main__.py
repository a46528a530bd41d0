"""Print how the pronunciation scores behave on readings that are wrong in a known way.

    uv run python -m tests.validation [--language ja|en] [--sentences N] [--gates N] [--jobs N] [--kept FOLDER]

All sentences of both languages take half an hour of one quiet core; a second time with the same folder, a minute.
Weights were chosen on the half `tuning`; both halves stand beside each other. --parts graded leaves out all but the
scores' own degradations.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

# Before numpy is imported: figures of speed are of one core.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")


def main():
    from tests.validation import sentences, table, trials

    names = [part.__name__ for part in trials.PARTS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=tuple(sentences.ALL))
    parser.add_argument("--sentences", type=int, default=100, help="of each half, at most")
    parser.add_argument("--gates", type=int, default=3, help="so many sentences of each half also meet the gates")
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    parser.add_argument("--half", nargs="+", choices=sentences.HALVES, default=sentences.HALVES)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--kept", type=Path, help="a folder for recordings and what was heard in them")
    asked = parser.parse_args()
    parts = [part for part in trials.PARTS if part.__name__ in asked.parts]
    for language in [asked.language] if asked.language else sentences.ALL:
        with ProcessPoolExecutor(asked.jobs, initializer=use, initargs=(asked.kept,)) as pool:
            halves = {
                half: table.measure(
                    language,
                    half,
                    parts=parts,
                    count=asked.sentences,
                    gate_count=asked.gates,
                    run=pool.map,
                    compared=len(parts) == len(trials.PARTS),
                )
                for half in asked.half
            }
            speed = pool.submit(table.realtime, language, "tuning").result()
        table.show(language, halves)
        print(f"{'processor seconds a second of recording':<44} | {speed:.3f}", flush=True)


def use(folder):
    from tests.validation import kept

    kept.folder = folder


if __name__ == "__main__":
    main()
