"""Which function draws a scene, on what it may stand, and whether it steams.

Called by renderer.py; the names are those of tables/scenes.tsv.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.engines.image.local.foods import (
    batter,
    breads,
    composed,
    confectionery,
    cups,
    frying,
    glasses,
    noodles,
    pasta,
    plates,
    rice,
    rice_bowls,
    shared,
    small_dishes,
    soups,
    standing,
    sushi,
    sweets,
    trays,
    wine,
)
from jobs.engines.image.local.stage import Stage

WARM = ("oak", "walnut", "ash", "linen", "charcoal")
JAPANESE = ("washi", "oak", "charcoal", "indigo", "walnut", "slate", "ash")
WESTERN = ("linen", "oak", "slate", "stone", "marble", "sage", "walnut")
SWEET = ("rose", "marble", "linen", "sage", "ash", "washi", "oak")
DEFAULT = "chefs_plate"


@dataclass(frozen=True)
class Scene:
    """seen_from: "above", or "side" for what stands before a wall."""

    draw: Callable[[Stage], None]
    surfaces: tuple[str, ...]
    steams: bool = False
    seen_from: str = "above"


def _side(draw: Callable[[Stage], None], surfaces: tuple[str, ...]) -> Scene:
    return Scene(draw, surfaces, seen_from="side")


SCENES: dict[str, Scene] = {
    "ramen": Scene(noodles.ramen, JAPANESE, steams=True),
    "udon": Scene(noodles.udon, JAPANESE, steams=True),
    "cold_noodles": Scene(noodles.cold_noodles, JAPANESE),
    "pasta": Scene(pasta.pasta, WESTERN, steams=True),
    "fried_noodles": Scene(noodles.fried_noodles, WARM, steams=True),
    "rice_bowl": Scene(rice_bowls.rice_bowl, JAPANESE),
    "curry": Scene(rice.curry, WESTERN, steams=True),
    "fried_rice": Scene(rice.fried_rice, WARM, steams=True),
    "omelette_rice": Scene(rice.omelette_rice, WESTERN),
    "rice_balls": Scene(rice.rice_balls, JAPANESE),
    "nigiri": Scene(sushi.nigiri, ("charcoal", "washi", "slate", "indigo", "stone")),
    "rolls": Scene(sushi.rolls, JAPANESE),
    "sashimi": Scene(sushi.sashimi, JAPANESE),
    "steak": Scene(plates.steak, WARM, steams=True),
    "hamburg": Scene(plates.hamburg, WARM, steams=True),
    "roast": Scene(plates.roast, WESTERN),
    "fish": Scene(plates.fish, JAPANESE),
    "fried": Scene(frying.fried, JAPANESE),
    "tempura": Scene(shared.tempura, JAPANESE),
    "gyoza": Scene(shared.gyoza, JAPANESE),
    "skewers": Scene(shared.skewers, JAPANESE),
    "hot_pot": Scene(shared.hot_pot, JAPANESE, steams=True),
    "pizza": Scene(shared.pizza, ("slate", "linen", "stone", "charcoal", "marble")),
    "okonomiyaki": Scene(batter.okonomiyaki, WARM, steams=True),
    "takoyaki": Scene(batter.takoyaki, WARM, steams=True),
    "miso_soup": Scene(soups.miso_soup, JAPANESE, steams=True),
    "soup": Scene(soups.soup, WESTERN, steams=True),
    "stew": Scene(soups.stew, WESTERN, steams=True),
    "gratin": Scene(soups.gratin, ("slate", "linen", "stone", "sage"), steams=True),
    "salad": Scene(composed.salad, WESTERN),
    "small_dish": Scene(small_dishes.small_dish, JAPANESE),
    "cake": Scene(sweets.cake, SWEET),
    "whole_cake": Scene(sweets.whole_cake, SWEET),
    "pancakes": Scene(sweets.pancakes, SWEET),
    "ice_cream": Scene(sweets.ice_cream, SWEET),
    "parfait": _side(standing.parfait, SWEET),
    "pudding": _side(standing.pudding, SWEET),
    "fruit": Scene(sweets.fruit, SWEET),
    "japanese_sweets": Scene(confectionery.japanese_sweets, ("washi", "indigo", "ash", "rose", "sage")),
    "biscuits": Scene(confectionery.biscuits, SWEET),
    "bread": Scene(breads.bread, ("linen", "ash", "sage", "marble", "stone")),
    "toast": Scene(breads.toast, SWEET),
    "sandwich": Scene(breads.sandwich, WESTERN),
    "burger": _side(standing.burger, WARM),
    "coffee": Scene(cups.coffee, WARM, steams=True),
    "tea": Scene(cups.tea, SWEET, steams=True),
    "beer": _side(glasses.beer, WARM),
    "wine": _side(wine.wine, WARM),
    "cocktail": _side(glasses.cocktail, ("slate", "walnut", "charcoal", "marble")),
    "cold_drink": _side(glasses.cold_drink, SWEET),
    "sake": Scene(cups.sake, JAPANESE),
    "set_meal": Scene(trays.set_meal, ("washi", "oak", "ash", "linen", "stone")),
    DEFAULT: Scene(composed.chefs_plate, WESTERN),
}
