"""Menu pictures: 60 dishes drawn by a service that answers in a second, through a real `up` with the default settings.

The ideal: MAX_IMAGE_WORKERS calls in flight without a pause between them, 20 s. The service is tests/gemini_service.py,
spoken to by the real client over HTTP. The first picture is there when the status says so, asked ten times a second.

With --local, --memory or --sheet FILE only the renderer of this house, without a house (pictures.py).
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import gemini_service
from tests.benchmarks.table import say
from tests.flows.house import Stack, eventually

DISHES = 60
IN_FLIGHT = 3
ANSWER_SECONDS = 1.0
AIM = 1.15
LOOK_SECONDS = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dishes", type=int, default=DISHES)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--local", action="store_true", help="the renderer's CPU over 100 dishes of all kinds")
    parser.add_argument("--memory", action="store_true", help="the renderer's memory over 1,000 pictures")
    parser.add_argument("--sheet", metavar="FILE", help="forty of its pictures on one PNG")
    parser.add_argument("--first", type=int, default=0, help="dishes that the sheet leaves out")
    chosen = parser.parse_args()
    if chosen.local or chosen.memory or chosen.sheet:
        _renderer_alone(chosen)
        return
    with tempfile.TemporaryDirectory() as folder, gemini_service.serving() as service:
        service.delay_seconds = ANSWER_SECONDS
        # The same length of lease as in production; the tests shorten it.
        house = Stack(
            Path(folder),
            GEMINI_API_KEY=gemini_service.KEY,
            GEMINI_API_BASE=service.url,
            LEASE_SECONDS="10",
            LOG_LEVEL="warning",
        )
        try:
            house.start()
            draw(house, 6)  # every worker has loaded the client
            for _round in range(chosen.rounds):
                measure(house, chosen.dishes)
        finally:
            house.stop()


def _renderer_alone(chosen: argparse.Namespace) -> None:
    from tests.benchmarks import pictures

    if chosen.local:
        pictures.measure_cpu(100)
    if chosen.memory:
        pictures.measure_memory()
    if chosen.sheet:
        pictures.draw_sheet(chosen.sheet, first=chosen.first)


def measure(house: Stack, dishes: int) -> None:
    first, whole, ended = draw(house, dishes)
    drawn = [each for each in ended["images_generated"]["主菜"] if each["provider"] == "gemini"]
    if len(drawn) != dishes:
        raise RuntimeError(f"the service drew {len(drawn)} of {dishes}")
    ideal = dishes * ANSWER_SECONDS / IN_FLIGHT
    print(f"{dishes} dishes in {whole:.1f} s; the ideal is {ideal:.1f} s")
    say(f"{dishes} dishes, times the ideal", whole / ideal, at_most=AIM, unit="")
    print(f"the first picture after {first:.2f} s, of which {ANSWER_SECONDS:.0f} s are the service's")


def draw(house: Stack, dishes: int) -> tuple[float, float, dict[str, Any]]:
    """Return the seconds until the first picture and until the end, and what the status said then."""
    token = house.token()
    menu = {"主菜": [{"japanese_name": f"料理{number}", "english_name": f"Dish {number}"} for number in range(dishes)]}
    started = time.perf_counter()
    accepted = house.post("/api/v1/image/generate-async", {"final_menu": menu}, token=token)
    if accepted.status != 202:
        raise RuntimeError(f"{accepted.status}: {accepted.body[:200]!r}")
    path = accepted.json["status_endpoint"]

    def status() -> dict[str, Any]:
        said: dict[str, Any] = house.get(path, token=token).json
        return said

    eventually(lambda: status()["processing_info"]["completed_items"], what="a picture is there", every=LOOK_SECONDS)
    first = time.perf_counter() - started
    eventually(lambda: status()["status"] == "completed", what="all are there", seconds=300, every=LOOK_SECONDS)
    return first, time.perf_counter() - started, status()
