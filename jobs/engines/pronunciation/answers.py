"""An Analysis from JSON: what `dataclasses.asdict` wrote, or what another service says.

Every field is checked for its type and scores for their range, because what comes from outside is stored and shown.
Called by http_provider.py.
"""

import dataclasses
import math
import types
from typing import Any, Literal, get_args, get_origin, get_type_hints

from jobs.engines.pronunciation.port import MAX_CURVE_POINTS, Analysis

# Nobody says more phones than this in two minutes.
_MAX_ITEMS = max(MAX_CURVE_POINTS, 4_000)
_MAX_TEXT_CHARACTERS = 2_000
_SCORES = (
    "overall_score",
    "pronunciation_accuracy",
    "fluency_score",
    "rhythm_score",
    "pitch_score",
    "completeness",
)


def analysis_from(told: dict[str, Any]) -> Analysis:
    """Raises ValueError, TypeError or KeyError for anything that is no Analysis."""
    analysis: Analysis = _made(Analysis, told)
    if not all(0.0 <= getattr(analysis, name) <= 100.0 for name in _SCORES):
        raise ValueError("a score lies outside of 0 to 100")
    return analysis


def _made(kind: type[Any], told: Any) -> Any:
    if not isinstance(told, dict):
        raise TypeError(f"expected the fields of {kind.__name__}")
    hints = get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):
        if field.name in told:
            values[field.name] = _value(hints[field.name], told[field.name])
        elif field.default is dataclasses.MISSING:
            raise KeyError(field.name)
    return kind(**values)


def _value(hint: Any, told: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return told
    if origin is types.UnionType:
        return None if told is None else _value(next(each for each in arguments if each is not types.NoneType), told)
    if origin is Literal:
        if told not in arguments:
            raise ValueError(f"{told!r} is none of {arguments}")
        return told
    if origin is tuple:
        return _tuple(arguments, told)
    if dataclasses.is_dataclass(hint):
        return _made(hint, told)  # type: ignore[arg-type]
    return _plain(hint, told)


def _tuple(arguments: tuple[Any, ...], told: Any) -> tuple[Any, ...]:
    if not isinstance(told, list | tuple) or len(told) > _MAX_ITEMS:
        raise TypeError("expected a list that is not too long")
    if arguments[-1] is Ellipsis:
        return tuple(_value(arguments[0], each) for each in told)
    return tuple(_value(hint, each) for hint, each in zip(arguments, told, strict=True))


def _plain(hint: Any, told: Any) -> Any:
    if hint is float and isinstance(told, int | float) and not isinstance(told, bool):
        if not math.isfinite(told):
            raise ValueError("a figure is not finite")
        return float(told)
    if type(told) is not hint:
        raise TypeError(f"expected {hint.__name__}")
    if hint is str and len(told) > _MAX_TEXT_CHARACTERS:
        raise ValueError("a text is too long")
    return told
