"""Charts as plain SVG that the server draws: what ended, how long runs took, failures by type.

No script draws them, so they stand without one, are put in place whole and do not flash; each is also a table.
The drawing is stretched to the page's width, so it holds no words: those stand around it in HTML. Colour is
never the only sign: failures are striped, the 95th percentile is dashed, each type of error has a line of its own.

Called by the dashboard and the page of a function; templates/admin/chart.html lays it out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor, log10

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from jobs.runtime.admin import cells, figures, measured
from jobs.runtime.admin.measured import Moment
from jobs.runtime.models import Status
from jobs.runtime.tally import Span

# Units of the drawing: a slot's width, and the height of a chart and of a strip, which are those of the style sheet.
SLOT, HEIGHT, STRIP = 10, 160, 24
# A bar's share of its slot; something that happened is seen, however little of the whole it is.
BAR, LEAST = 8, 2.0
# Words under a chart: at every quarter of an hour or a day, at every day of a week.
TICKS: dict[str, int] = {"hour": 4, "day": 4, "week": 7}

# From the ground up.
OUTCOMES = (Status.SUCCESS, Status.CANCELLED, Status.FAILURE)


@dataclass(frozen=True)
class Bar:
    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One slot: its bars, and what it says when a pointer rests on it."""

    x: int
    bars: tuple[Bar, ...]
    words: str


@dataclass(frozen=True)
class Line:
    kind: str
    path: str


@dataclass(frozen=True)
class Key:
    """A line of the legend."""

    kind: str
    word: str
    figure: str


@dataclass(frozen=True)
class Tick:
    x: int
    at: datetime
    word: str
    clock: str  # how a script writes it: `time` or `day`


@dataclass(frozen=True)
class Chart:
    """name: unique on its page. ceiling, half: the words of the axis. rows: what a table says, empty slots left out."""

    name: str
    title: str
    width: int
    columns: list[Column]
    lines: list[Line]
    keys: list[Key]
    ceiling: str
    half: str
    ticks: list[Tick]
    head: list[str]
    rows: list[tuple[str, list[str]]]

    @property
    def bar(self) -> int:
        return BAR

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def strip(self) -> int:
        return STRIP

    @property
    def bars(self) -> str:
        """Return the columns as SVG; a template would take three times as long for a week of them."""
        hit = format_html('<rect class="chart-hit" width="{}" height="{}"', SLOT, HEIGHT)
        stripes = format_html(' fill="url(#stripes-{})"', self.name)
        return format_html_join(
            "",
            '<g class="chart-column">{} x="{}"/>{}<title>{}</title></g>',
            ((hit, each.x, _rects(each, stripes), each.words) for each in self.columns),
        )

    @property
    def lines_of_table(self) -> str:
        """Return the rows as HTML, for the same reason."""
        cells = '<td class="figure">{}</td>'
        return format_html_join(
            "",
            '<tr><th scope="row">{}</th>{}</tr>',
            ((when, format_html_join("", cells, ((cell,) for cell in each))) for when, each in self.rows),
        )


def _rects(column: Column, stripes: str) -> str:
    return format_html_join(
        "",
        '<rect class="chart-{}"{} x="{}" y="{}" width="{}" height="{}"/>',
        (
            (bar.kind, stripes if bar.kind == Status.FAILURE else "", column.x, bar.y, BAR, bar.height)
            for bar in column.bars
        ),
    )


@dataclass(frozen=True)
class Strip:
    """One type of error over the span."""

    word: str
    total: int
    columns: list[Column]


@dataclass(frozen=True)
class Strips:
    chart: Chart  # its words, ticks and table; it has no columns of its own
    strips: list[Strip]


@dataclass(frozen=True)
class Charts:
    throughput: Chart
    latency: Chart
    errors: Strips


def draw(span: Span, found: Sequence[Moment]) -> Charts:
    """Return the three charts of a span. found: one for each slot, the oldest first."""
    return Charts(throughput(span, found), latency(span, found), errors(span, found))


def throughput(span: Span, found: Sequence[Moment]) -> Chart:
    """Return what ended in each slot, stacked by how."""
    counts = [[moment.counted.ended.get(status, 0) for status in OUTCOMES] for moment in found]
    top = _even(max((sum(each) for each in counts), default=0))
    words = [str(status.label) for status in OUTCOMES]
    totals = [sum(each[index] for each in counts) for index in range(len(OUTCOMES))]
    return Chart(
        name="throughput",
        title=_("Tasks ended, %(each)s") % {"each": measured.EACH[span]},
        width=len(found) * SLOT,
        columns=[_stacked(n, at.at, each, words, top) for n, (at, each) in enumerate(zip(found, counts, strict=True))],
        lines=[],
        keys=[
            Key(status.value, word, str(total)) for status, word, total in zip(OUTCOMES, words, totals, strict=True)
        ],
        ceiling=str(top),
        half=str(top // 2),
        ticks=_ticks(span, found),
        head=words,
        rows=_rows(span, found, lambda moment: [str(moment.counted.ended.get(status, 0)) for status in OUTCOMES],
                   lambda moment: any(moment.counted.ended.values())),
    )  # fmt: skip


def _stacked(n: int, at: datetime, counts: Sequence[int], words: Sequence[str], top: int) -> Column:
    bars, ground = [], float(HEIGHT)
    for status, count in zip(OUTCOMES, counts, strict=True):
        if count:
            height = max(count / top * HEIGHT, LEAST)
            ground -= height
            bars.append(Bar(status.value, round(max(ground, 0.0), 2), round(height, 2)))
    said = ", ".join(f"{word} {count}" for word, count in zip(words, counts, strict=True) if count)
    return Column(n * SLOT, tuple(bars), f"{_exact(at)}: {said or figures.NOTHING}")


def latency(span: Span, found: Sequence[Moment]) -> Chart:
    """Return the median and the 95th percentile of the runs that succeeded in each slot."""
    each = [(moment.counted.runs.percentile(0.5), moment.counted.runs.percentile(0.95)) for moment in found]
    highest = max((value for pair in each for value in pair if value is not None), default=0.0)
    top = _round(highest)
    whole = measured.measure(span, found)
    words = ["p50", "p95"]
    columns = [
        Column(n * SLOT, (), f"{_exact(moment.at)}: p50 {measured.seconds(p50)}, p95 {measured.seconds(p95)}")
        for n, (moment, (p50, p95)) in enumerate(zip(found, each, strict=True))
        if p50 is not None
    ]
    return Chart(
        name="latency",
        title=_("Time of a run that succeeded"),
        width=len(found) * SLOT,
        columns=columns,
        lines=[Line(word, _path([pair[index] for pair in each], top)) for index, word in enumerate(words)],
        keys=[Key("p50", "p50", whole.p50), Key("p95", "p95", whole.p95)],
        ceiling=figures.seconds(top),
        half=figures.seconds(top / 2),
        ticks=_ticks(span, found),
        head=words,
        rows=_rows(span, found, lambda moment: [measured.seconds(moment.counted.runs.percentile(q))
                                                for q in (0.5, 0.95)],
                   lambda moment: moment.counted.runs.total > 0),
    )  # fmt: skip


def _path(values: Sequence[float | None], top: float) -> str:
    """Return steps, one for each slot; where nothing ran the line is broken, so that a single slot is seen too."""
    parts, is_drawn = [], False
    for n, value in enumerate(values):
        if value is not None:
            y = round(HEIGHT - value / top * HEIGHT, 2)
            parts.append(f"{'V' if is_drawn else f'M{n * SLOT} '}{y}H{(n + 1) * SLOT}")
        is_drawn = value is not None
    return "".join(parts)


def errors(span: Span, found: Sequence[Moment]) -> Strips:
    """Return the failed attempts in each slot, a line for each type that occurred, the most frequent first."""
    totals = measured.together(moment.counted for moment in found).errors
    kinds = sorted((kind for kind, count in totals.items() if count), key=lambda kind: -totals[kind])
    head = [cells.error_word(kind) for kind in kinds]
    top = max((count for moment in found for count in moment.counted.errors.values()), default=0)
    chart = Chart(
        name="errors",
        title=_("Failed attempts by type, %(each)s") % {"each": measured.EACH[span]},
        width=len(found) * SLOT,
        columns=[],
        lines=[],
        keys=[],
        ceiling=str(top),
        half="",
        ticks=_ticks(span, found),
        head=head,
        rows=_rows(span, found, lambda moment: [str(moment.counted.errors.get(kind, 0)) for kind in kinds],
                   lambda moment: any(moment.counted.errors.values())),
    )  # fmt: skip
    return Strips(
        chart, [Strip(cells.error_word(kind), totals[kind], list(_strip(kind, found, top))) for kind in kinds]
    )


def _strip(kind: str, found: Sequence[Moment], top: int) -> Iterable[Column]:
    for n, moment in enumerate(found):
        if count := moment.counted.errors.get(kind, 0):
            height = round(max(count / top * STRIP, LEAST), 2)
            words = f"{_exact(moment.at)}: {cells.error_word(kind)} {count}"
            yield Column(n * SLOT, (Bar("failure", STRIP - height, height),), words)


# --- Axes and tables ---------------------------------------------------------


def _even(highest: int) -> int:
    """Return an even number at the top of an axis, so that its half is a number of tasks too."""
    scale = 10 ** max(floor(log10(highest)), 0) if highest else 1
    return next(top for step in (1, 2, 4, 6, 8, 10) if (top := step * scale) >= highest and top % 2 == 0)


def _round(highest: float) -> float:
    """Return a round number of seconds at the top of an axis."""
    scale = 10.0 ** floor(log10(highest)) if highest > 0 else 1.0
    return float(next(step * scale for step in (1, 2, 4, 6, 8, 10, 20) if step * scale >= highest))


def _ticks(span: Span, found: Sequence[Moment]) -> list[Tick]:
    step = len(found) // TICKS[span]
    clock, form = ("day", "m-d") if span == "week" else ("time", "H:i")
    return [
        Tick(n * SLOT, found[n].at, date_format(timezone.localtime(found[n].at), form), clock)
        for n in range(0, step * TICKS[span], step)
    ]


def _rows(
    span: Span, found: Sequence[Moment], cells: Callable[[Moment], list[str]], happened: Callable[[Moment], bool]
) -> list[tuple[str, list[str]]]:
    # The newest first: who opens the table asks what has just happened.
    return [(_exact(moment.at), cells(moment)) for moment in reversed(found) if happened(moment)]


def _exact(at: datetime) -> str:
    # Asked for hundreds of times a page: Django's own formatter takes ten times as long.
    return timezone.localtime(at).strftime("%m-%d %H:%M %Z")
