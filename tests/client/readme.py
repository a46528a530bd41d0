"""README.md's examples, cut out as they stand."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    """Return what stands below `## heading`."""
    text = README.read_text()
    begin = text.index(f"\n## {heading}\n")
    end = text.find("\n## ", begin + 1)
    return text[begin : end if end > 0 else None]


def blocks(language: str, text: str) -> list[str]:
    return [code for kind, code in BLOCK.findall(text) if kind == language]


def example(language: str, heading: str, *, having: str) -> str:
    """Return the one block of a section that has these words."""
    [found] = [code for code in blocks(language, section(heading)) if having in code]
    return found


def commands(block: str) -> list[str]:
    """Return the commands of a block of shell, each with the lines it goes on in."""
    return [line for line in re.sub(r"\\\n\s*", " ", block).splitlines() if line.strip()]
