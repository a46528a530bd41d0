"""The renderer of this house alone, in this process: what a picture costs a core, what a thousand leave in memory.

Run by images.py: --local, --memory, --sheet FILE. No house is started and nothing is stored. CPU time is that of the
thread, which moves little with what else the machine does.
"""

import io
import statistics
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PIL import Image

from jobs.engines.image.local import LocalRenderer
from jobs.engines.image.local.chooser import read_table, scene_of
from jobs.engines.image.port import Dish
from tests.benchmarks.rounds import percentile
from tests.benchmarks.table import say

AIM_SECONDS = 0.25
# Of what 100 pictures left in memory, the most that 900 more may add.
AIM_GROWTH_MB = 3.0
MARKS = (100, 500, 1000)
SHEET_COLUMNS, SHEET_PIXELS = 8, 320

# What people really send, beside the words of the table.
ODD = (
    Dish("🍣🍜🎉", "Chef's surprise", category="前菜"),
    Dish("シェフのおまかせ 季節の食材を使った八寸と旬の魚介の盛り合わせ 〜 朝採れ野菜のジュレ添え 〜",
         "Chef's choice of seasonal appetizers with a jelly of vegetables picked this morning", category="コース"),
    Dish("Grandma's Old-Fashioned Slow-Braised Short Ribs of Beef", "", "with root vegetables and red wine", "Mains"),
    Dish("本日の一品", "", category="アラカルト"),
    Dish("<b>特選</b> 海鮮丼 & 味噌汁", "Seafood bowl", category="丼"),
    Dish("Crème brûlée à la vanille", "Crème brûlée", category="Desserts"),
)  # fmt: skip


def dishes() -> Iterator[Dish]:
    """Yield dishes of all kinds without end, none twice: one of each scene, and again, by other words."""
    by_scene: dict[str, list[str]] = {}
    for word, scene in read_table("scenes"):
        by_scene.setdefault(scene, []).append(word)
    turn = 0
    while True:
        for scene, words in by_scene.items():
            word = words[turn % len(words)]
            number = f" {turn // len(words)}" if turn >= len(words) else ""
            yield Dish(f"{word}{number}", words[-1 - turn % len(words)].title(), category=scene)
        yield from (Dish(f"{each.name} {turn or ''}", each.english_name, each.description, each.category)
                    for each in ODD)  # fmt: skip
        turn += 1


def measure_cpu(count: int) -> None:
    """Print what the first picture of a fresh process costs, then median, p95 and worst of `count` varied ones."""
    renderer = LocalRenderer()
    spent: list[tuple[float, Dish]] = []
    for dish in islice(dishes(), 2 * count):
        started = time.thread_time()
        renderer.draw(dish)
        spent.append((time.thread_time() - started, dish))
    cold, warm = spent[:count], spent[count:]
    seconds = sorted(each for each, _dish in warm)
    print(f"the first {count} of a process: {sum(each for each, _ in cold):.1f} s of a core, of them the worst:")
    _name(cold)
    say(f"{count} dishes more, CPU of a picture, median", statistics.median(seconds), at_most=AIM_SECONDS, unit=" s")
    say("p95", percentile(seconds, 95), at_most=AIM_SECONDS, unit=" s")
    say("worst", seconds[-1], at_most=AIM_SECONDS, unit=" s")
    _name(warm)


def _name(spent: list[tuple[float, Dish]], most: int = 6) -> None:
    for seconds, dish in sorted(spent, key=lambda each: -each[0])[:most]:
        print(f"  {seconds:.3f} s  {scene_of(dish)}: {dish.name[:40]}")


def measure_memory(marks: tuple[int, ...] = MARKS) -> None:
    """Print resident and unshared memory after so many pictures; after the first hundred it must stay."""
    renderer, unshared = LocalRenderer(), []
    for number, dish in enumerate(islice(dishes(), marks[-1]), start=1):
        renderer.draw(dish)
        if number in marks:
            held = _memory()
            unshared.append(held["USS"])
            print(f"after {number} pictures: " + ", ".join(f"{name} {size:.1f} MB" for name, size in held.items()))
    say("grown after that", unshared[-1] - unshared[0], at_most=AIM_GROWTH_MB, unit=" MB")


def _memory() -> dict[str, float]:
    """Return RSS and USS, in MB (smaps_rollup of proc(5))."""
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    sizes = {words[0].rstrip(":"): int(words[1]) / 1000 * 1.024 for words in lines}
    return {"RSS": sizes["Rss"], "USS": sizes["Private_Clean"] + sizes["Private_Dirty"]}


def draw_sheet(place: str, *, first: int = 0, count: int = 40) -> None:
    """Draw so many on one sheet, to be looked at."""
    renderer, rows = LocalRenderer(), -(-count // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * SHEET_PIXELS, rows * SHEET_PIXELS))
    for number, dish in enumerate(islice(dishes(), first, first + count)):
        picture = Image.open(io.BytesIO(renderer.draw(dish).png)).resize((SHEET_PIXELS, SHEET_PIXELS))
        sheet.paste(picture, (number % SHEET_COLUMNS * SHEET_PIXELS, number // SHEET_COLUMNS * SHEET_PIXELS))
    sheet.save(place)
    print(f"{count} pictures on {place}")
