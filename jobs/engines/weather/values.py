"""Types for the values of weather services: what is missing or cannot be true becomes None, and nothing is guessed.

Called by the engines of this room, in their pydantic models.
"""

from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, bool):
        return None
    try:
        return read(value)
    except ValidationError:
        return None


def _or_empty(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return []


# The records are -89.2 and 56.7.
Celsius = Annotated[float | None, Field(ge=-90, le=60, allow_inf_nan=False), WrapValidator(_or_none)]
Percent = Annotated[int | None, Field(ge=0, le=100), WrapValidator(_or_none)]
# The strongest mean wind ever measured was of 86 metres a second.
MetresPerSecond = Annotated[float | None, Field(ge=0, le=120, allow_inf_nan=False), WrapValidator(_or_none)]
WmoCode = Annotated[int | None, Field(ge=0, le=99), WrapValidator(_or_none)]
Text = Annotated[str | None, Field(max_length=500), WrapValidator(_or_none)]

Celsiuses = Annotated[list[Celsius], WrapValidator(_or_empty)]
Percents = Annotated[list[Percent], WrapValidator(_or_empty)]
Winds = Annotated[list[MetresPerSecond], WrapValidator(_or_empty)]
WmoCodes = Annotated[list[WmoCode], WrapValidator(_or_empty)]
Texts = Annotated[list[Text], WrapValidator(_or_empty)]


def plausible(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Return both temperatures, or neither when the lowest is above the highest."""
    return (None, None) if low is not None and high is not None and low > high else (low, high)
