"""What was measured of each engine, and the table of it, ready for the README."""

import statistics
from dataclasses import dataclass, field

NOTHING = "-"


@dataclass
class Row:
    """All rounds of one engine, in the order of the rounds."""

    title: str
    installed: bool
    note: str
    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    single_us: list[float] = field(default_factory=list)
    batch_us: list[float] = field(default_factory=list)
    batch_way: str = ""
    megabytes: float = 0.0
    process_killed: str = NOTHING
    node_killed: str = NOTHING

    def newest(self) -> str:
        words = []
        for text, values in (
            ("{:.0f} jobs/s", self.per_second),
            ("{:.2f} ms CPU a job", self.cpu_ms),
            ("p50 {:.2f} ms", self.p50_ms),
            ("p99 {:.2f} ms", self.p99_ms),
            ("enqueue {:.0f} us", self.single_us),
            ("in batches {:.0f} us", self.batch_us),
        ):
            if values:
                words.append(text.format(values[-1]))
        return ", ".join(words)


def ratio(values: list[float], stock: list[float]) -> float | None:
    """Return the median of the ratios of each round."""
    if not values or len(values) != len(stock):
        return None
    return statistics.median(one / other for one, other in zip(values, stock, strict=True))


def print_table(rows: list[Row], *, stock: int | None) -> None:
    print()
    print("| engine | throughput, x stock | idle start p50, p99, x stock | enqueue, batches of 100, x stock |"
          " rerun after kill -9 of the process, of the node | CPU ms a job | PSS, MB |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- |")
    base = rows[stock] if stock is not None else Row("none", installed=False, note="")
    for row in rows:
        print(_line(row, base) if row.installed else f"| {row.title} | not installed | | | | | |")
    for row in rows:
        print(f"{row.title}: {row.note}")
    _aims(rows[0], base, rows[1:])


def _line(row: Row, base: Row) -> str:
    cells = [
        row.title,
        _times(row.per_second, base.per_second, "{:.0f}/s"),
        _times(row.p50_ms, base.p50_ms, "{:.2f} ms") + ", " + _times(row.p99_ms, base.p99_ms, "{:.2f} ms"),
        _times(row.single_us, base.single_us, "{:.0f} us")
        + ", "
        + _times(row.batch_us, base.batch_us, "{:.0f} us")
        + (f" ({row.batch_way})" if row.batch_way else ""),
        f"{row.process_killed}, {row.node_killed}",
        f"{statistics.median(row.cpu_ms):.2f}" if row.cpu_ms else NOTHING,
        f"{row.megabytes:.0f}" if row.megabytes else NOTHING,
    ]
    return "| " + " | ".join(cells) + " |"


def _times(values: list[float], stock: list[float], text: str) -> str:
    if not values:
        return NOTHING
    own = text.format(statistics.median(values))
    found = ratio(values, stock)
    return own if found is None else f"**{found:.2f}** ({own})"


def _aims(ours: Row, base: Row, others: list[Row]) -> None:
    """Say which aims of DESIGN.md the first row meets."""
    found = ratio(ours.p50_ms, base.p50_ms)
    if found is not None:
        say("idle start p50 against stock", found, at_most=1.2)
    found = ratio(ours.p99_ms, base.p99_ms)
    if found is not None:
        say("idle start p99 against stock", found, at_most=1.2)
    for other in others:
        found = ratio(ours.per_second, other.per_second)
        if found is not None:
            print(f"throughput of ours against {other.title}: {found:.2f}")


def say(what: str, value: float, *, at_most: float, unit: str = "") -> None:
    print(f"{what}: {value:.2f}{unit}, aim at most {at_most}{unit}: {'met' if value <= at_most else 'NOT MET'}")
