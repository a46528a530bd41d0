"""What a picture costs by its provider's list, in US dollars: an estimate for the history, and no bill.

A key is `MODEL/SIZE` as the size is asked for, or `MODEL` for every size. Gemini's as on Google's price page in
2026; OpenAI-compatible services bill by quality and tokens, so theirs are the operator's to name
(IMAGE_PRICES_USD). Called by gemini.py, openai_pictures.py and the settings.
"""

import math
from collections.abc import Iterable, Mapping

LIST_PRICES_USD: Mapping[str, float] = {
    "gemini-3.1-flash-image/1K": 0.067,
    "gemini-3.1-flash-image/2K": 0.101,
    "gemini-3.1-flash-image/4K": 0.151,
    "gemini-3-pro-image/1K": 0.134,
    "gemini-3-pro-image/2K": 0.134,
    "gemini-3-pro-image/4K": 0.24,
}


def cost_usd(prices: Mapping[str, float], model: str, size: str) -> float | None:
    """Return the price of one picture, None when it is not listed."""
    return prices.get(f"{model}/{size}", prices.get(model))


def read(words: Iterable[str]) -> dict[str, float]:
    """Return the list with `MODEL=0.04` or `MODEL/SIZE=0.04` added. Raises ValueError."""
    prices = dict(LIST_PRICES_USD)
    for word in words:
        name, _sign, amount = word.rpartition("=")
        price = float(amount)
        if not name.strip() or not math.isfinite(price) or price < 0:
            raise ValueError("a price needs a model and an amount")
        prices[name.strip()] = price
    return prices
