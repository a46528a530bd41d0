"""`/metrics` for Prometheus: what the rooms registered, read when it is asked for (jobs/runtime/metrics.py).

With METRICS_TOKEN whoever brings it as a bearer token may look. Without one only who calls from this machine itself,
and nobody once PUBLIC_URL is set: then a proxy stands in front, whose every request comes from this machine too.
The answer is 200 within seconds whatever is away; koebako_scrape_errors names what could not be read and is left out.
"""

import hmac
import ipaddress
import platform
import shutil
import time
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from core.proxies import was_forwarded
from jobs.api.house import VERSION
from jobs.live.page_limits import not_counted
from jobs.runtime import metrics
from jobs.runtime.connection import client


class House(Collector):
    """All that is registered, and how reading it went."""

    def collect(self) -> Iterable[Metric]:
        started = time.perf_counter()
        reading = metrics.read()
        yield from reading.found
        errors = GaugeMetricFamily(
            "koebako_scrape_errors", "1 for a part of this answer that could not be read.", labels=["source"]
        )
        for source, error in sorted(reading.errors.items()):
            errors.add_metric([source], error)
        yield errors
        yield GaugeMetricFamily(
            "koebako_scrape_seconds", "How long this answer took to read.", value=time.perf_counter() - started
        )


REGISTRY = CollectorRegistry(auto_describe=False)
REGISTRY.register(House())


# --- The house's own sources ---------------------------------------------------


def build() -> Iterable[Metric]:
    facts = {"version": VERSION, "python": platform.python_version(), "database": connection.vendor}
    yield InfoMetricFamily("koebako_build", "What runs here.", value=facts)


def database() -> Iterable[Metric]:
    """Fails when the database does not answer: an alert is on that."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    seconds = time.perf_counter() - began
    yield GaugeMetricFamily("koebako_database_seconds", "How long the database took to answer.", value=seconds)


def redis() -> Iterable[Metric]:
    """Fails when Redis does not answer: an alert is on that."""
    began = time.perf_counter()
    client().ping()
    seconds = time.perf_counter() - began
    yield GaugeMetricFamily("koebako_redis_seconds", "How long Redis took to answer.", value=seconds)


def redis_memory() -> Iterable[Metric]:
    """By itself: an ACL may refuse INFO, and everything else works without it."""
    facts = client().info("memory")
    used = facts["used_memory"]
    yield GaugeMetricFamily("koebako_redis_memory_bytes", "Memory that Redis uses.", value=used)
    yield GaugeMetricFamily(
        "koebako_redis_memory_limit_bytes", "Memory that Redis may use; 0 for no limit.", value=facts["maxmemory"]
    )


def disk() -> Iterable[Metric]:
    room = shutil.disk_usage(settings.HOME)
    yield GaugeMetricFamily("koebako_disk_free_bytes", "Free room where KOEBAKO_HOME lies.", value=room.free)
    yield GaugeMetricFamily("koebako_disk_bytes", "All room where KOEBAKO_HOME lies.", value=room.total)


# --- Address -------------------------------------------------------------------


@not_counted
@never_cache
@require_safe
def answer(request: HttpRequest) -> HttpResponse:
    if settings.METRICS_TOKEN:
        word, _space, token = request.headers.get("Authorization", "").partition(" ")
        # Bytes, because compare_digest refuses text that is not ASCII.
        if word.lower() != "bearer" or not hmac.compare_digest(
            token.strip().encode("utf-8", "replace"), settings.METRICS_TOKEN.encode()
        ):
            return _plain(
                "Bring METRICS_TOKEN as a bearer token.\n", 401, {"WWW-Authenticate": 'Bearer realm="metrics"'}
            )
    elif not _is_here(request):
        return _plain("Set METRICS_TOKEN to look from elsewhere than the machine itself.\n", 403, {})
    encode, content_type = _encoder(request)
    answered = HttpResponse(encode(REGISTRY), content_type=content_type)
    # Prometheus comes every few seconds; Django's mark for "logged already" keeps that out of the log.
    answered._has_been_logged = True  # type: ignore[attr-defined]
    return answered


def _encoder(request: HttpRequest) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return choose_encoder(request.headers.get("Accept", ""))
    except (ValueError, TypeError):
        # The library compares a version that is no number with one that is.
        return choose_encoder("")


def _is_here(request: HttpRequest) -> bool:
    """Return whether the caller is on this machine, and no proxy on it speaks for somebody else."""
    if settings.PUBLIC_URL or was_forwarded(request):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _plain(words: str, status: int, headers: dict[str, str]) -> HttpResponse:
    return HttpResponse(words, status=status, headers=headers, content_type="text/plain; charset=utf-8")


urlpatterns = [path("metrics", answer)]
