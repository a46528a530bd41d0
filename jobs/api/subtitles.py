"""Segments with times as the two files that players read: SubRip and WebVTT.

Called by openai_transcriptions.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Segments = Iterable[Mapping[str, Any]]  # start_seconds, end_seconds, text


def srt(segments: Segments) -> str:
    """Return the segments as SubRip, numbered from 1."""
    cues = [
        f"{number}\n{_span(segment, mark=',')}\n{_one_line(segment['text'])}\n"
        for number, segment in enumerate(segments, start=1)
    ]
    return "\n".join(cues)


def vtt(segments: Segments) -> str:
    """Return the segments as WebVTT. Source: W3C WebVTT, section 4: `&` and `<` are escaped, and `-->` with them."""
    cues = [f"{_span(segment, mark='.')}\n{_escaped(_one_line(segment['text']))}\n" for segment in segments]
    return "\n".join(["WEBVTT\n", *cues])


def _span(segment: Mapping[str, Any], *, mark: str) -> str:
    return f"{_clock(segment['start_seconds'], mark)} --> {_clock(segment['end_seconds'], mark)}"


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def _one_line(text: str) -> str:
    # An empty line would end the cue.
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
