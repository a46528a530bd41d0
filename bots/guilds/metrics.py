"""The Discord bot as a source of metrics: where it should be, and what waits to be said. Read from the rows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bots.guilds.models import Guild, State, Utterance, VoiceSession
from jobs.runtime.identity import age_seconds
from jobs.runtime.metrics import count_rows

if TYPE_CHECKING:
    from prometheus_client import Metric


def collect() -> "Iterable[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    sessions = count_rows(VoiceSession.objects.all())
    yield GaugeMetricFamily(
        "koebako_voice_sessions", "Voice channels that the Discord bot should be in.", value=sessions
    )
    yield GaugeMetricFamily(
        "koebako_guilds", "Discord servers that the bot knows.", value=count_rows(Guild.objects.all())
    )
    utterances = GaugeMetricFamily(
        "koebako_utterances", "Utterances of the Discord bot by state; counted up to 10,000.", labels=["state"]
    )
    for state in (State.WAITING, State.PLAYING):
        utterances.add_metric([state.value], count_rows(Utterance.objects.filter(state=state)))
    yield utterances
    first = Utterance.objects.filter(state=State.WAITING).order_by("id").values_list("pk", flat=True).first()
    yield GaugeMetricFamily(
        "koebako_utterance_oldest_seconds",
        "Age of the oldest utterance that has not been said; 0 without one.",
        value=age_seconds(first) if first else 0.0,
    )
