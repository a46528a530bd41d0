"""Who follows tasks live, as a source of metrics: of this web process alone, whose memory they take."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from jobs.access import open_lines

if TYPE_CHECKING:
    from prometheus_client import Metric


def collect() -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    yield GaugeMetricFamily(
        "koebako_live_lines",
        "Sockets and event streams that are open in the web process that was asked.",
        value=open_lines.all_held(),
    )
