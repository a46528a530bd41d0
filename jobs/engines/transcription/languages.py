"""The languages that may be named, as Whisper knows them; a program may write them in other ways.

Called by the engines and the function. Source: openai/whisper, tokenizer.py.
"""

from jobs.engines.errors import InputRejected

_WRITTEN = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr
ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc
pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh
yue
"""
CODES = frozenset(_WRITTEN.split())
# As the house's analysis and OpenAI's whisper-1 write them.
_OTHERWISE = {"japanese": "ja", "english": "en", "chinese": "zh", "mandarin": "zh", "korean": "ko", "jv": "jw"}


def code_of(written: str) -> str | None:
    """Return the ISO 639-1 code; None for "auto". `ja-JP` is `ja`. Raises InputRejected (unknown_language)."""
    word = written.strip().lower()
    if word in ("auto", ""):
        return None
    found = _OTHERWISE.get(word, word.replace("_", "-").partition("-")[0])
    if found not in CODES:
        raise InputRejected("language", "unknown_language", f"no language is written {written[:20]!r}")
    return found
