"""Read a Dockerfile and a .dockerignore: as much of their languages as ours use, anything else is refused."""

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
KNOWN = {"FROM", "ARG", "ENV", "COPY", "RUN", "WORKDIR", "USER", "LABEL", "EXPOSE", "VOLUME", "HEALTHCHECK"} | {
    "ENTRYPOINT",
    "CMD",
}


@dataclass(frozen=True)
class Step:
    word: str
    text: str

    def exec_form(self) -> list[str]:
        """Return the words of `["a", "b"]`. Raises ValueError when a shell would read the text."""
        return list(json.loads(self.text[self.text.index("[") :]))


@dataclass
class Stage:
    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def last(self, word: str) -> Step:
        return [step for step in self.steps if step.word == word][-1]

    def environment(self) -> dict[str, str]:
        pairs = [pair for step in self.steps if step.word == "ENV" for pair in shlex.split(step.text)]
        return dict(pair.split("=", 1) for pair in pairs)


def steps(text: str) -> list[Step]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = [Step(*line.split(None, 1)) for line in whole.splitlines()]
    if unknown := {step.word for step in found} - KNOWN:
        raise ValueError(f"the tests cannot read {sorted(unknown)}")
    return found


def stages(text: str) -> list[Stage]:
    """Return the stages, with the arguments before the first one filled in."""
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for step in steps(text):
        if step.word == "ARG":
            name, _equals, value = step.text.partition("=")
            arguments[name] = value
        elif step.word == "FROM":
            base, *rest = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], step.text).split()
            found.append(Stage(base, rest[1] if rest else ""))
        else:
            found[-1].steps.append(step)
    return found


# --- What reaches the builder ---------------------------------------------------


def _pattern(line: str) -> re.Pattern[str]:
    """Return what matches a path or anything below it, as moby's patternmatcher does."""
    known = {"**/": "(?:.*/)?", "*": "[^/]*"}
    parts = [known.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*)", line.rstrip("/"))]
    return re.compile("".join(parts) + "(?:/.*)?")


def _let_in(root: Path) -> list[str]:
    """Return what .dockerignore takes in again; it begins with `*`, so there is nothing else."""
    lines = (root / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def _files(place: Path, top: set[str]) -> Iterator[Path]:
    for folder, folders, names in os.walk(place):
        if Path(folder) == ROOT:
            # What cannot get in need not be looked at: packages and caches are 60,000 files.
            folders[:] = [name for name in folders if name in top]
        yield from (Path(folder) / name for name in names)


def context(root: Path, folder: str = ".") -> list[Path]:
    """Return the files of `root` below `folder` that .dockerignore lets through, relative to `root`."""
    lines = [line for line in (root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    rules = [(not line.startswith("!"), _pattern(line.removeprefix("!"))) for line in lines]
    place = root / folder
    files = [place] if place.is_file() else sorted(_files(place, {text.split("/")[0] for text in _let_in(root)}))
    kept = []
    for path in files:
        name = path.relative_to(root).as_posix()
        ignored = False
        for ignores, pattern in rules:
            if pattern.fullmatch(name):
                ignored = ignores
        if not ignored:
            kept.append(path.relative_to(root))
    return kept
