"""Traces, by OpenTelemetry: from a request, through the queue, to an attempt and its calls to providers.

Off, and no package of it loaded, unless OTEL_EXPORTER_OTLP_ENDPOINT is set and OTEL_SDK_DISABLED is not. A task's row
keeps the W3C `traceparent` of whoever asked for it, so an attempt belongs to the trace however late it runs and
whatever Redis forgot. Nobody waits for the collector: spans go into a bounded queue, which a thread of each process
empties, and what does not fit is dropped. That thread starts with a process's first span, so never before a fork.

Spans hold names, ids and words of ours. Never a person's text, a name, an address, or the message of an error.

Called by core/traces.py (requests), invoke.py and preparing.py (tasks), worker.py (attempts), providers.py (calls) and
jobs/delivery/crew.py (deliveries).
"""

import atexit
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

logger = logging.getLogger(__name__)

SCOPE = "koebako"
# A process that ends waits so long for its last spans, whatever the collector does.
END_SECONDS = 2.0

Kind = Literal["server", "producer", "consumer", "client", "internal"]
Word = str | int | float | bool


class Nothing:
    """The span of a house that does not trace."""

    traceparent: str | None = None
    trace_id: str | None = None

    def tell(self, **words: Word | None) -> None:
        return

    def tell_standard(self, words: Mapping[str, Word]) -> None:
        return

    def name(self, name: str) -> None:
        return

    def failed(self, kind: str) -> None:
        return

    def log_words(self) -> dict[str, str]:
        """Return what a log line says of the trace."""
        return {"trace_id": self.trace_id} if self.trace_id else {}


class Traced(Nothing):
    """A span that is being measured."""

    def __init__(self, span: "Span") -> None:
        self._span = span
        here = span.get_span_context()
        self.trace_id = f"{here.trace_id:032x}"
        self.traceparent = f"00-{self.trace_id}-{here.span_id:016x}-{int(here.trace_flags):02x}"

    def tell(self, **words: Word | None) -> None:
        """Add attributes; `task_id=` is `koebako.task_id`. None says nothing."""
        self._span.set_attributes({f"koebako.{name}": word for name, word in words.items() if word is not None})

    def tell_standard(self, words: Mapping[str, Word]) -> None:
        """Add attributes of OpenTelemetry's own conventions, by their whole names."""
        self._span.set_attributes(words)

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def failed(self, kind: str) -> None:
        """Mark it as failed. kind: a word of ours or the name of a class; never the message of an error."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))


NOTHING = Nothing()
_NOTHING_HERE: AbstractContextManager[Nothing] = nullcontext(NOTHING)


class _Process:
    """What this process sends its spans by. failed: it could not be made, so nothing is measured here."""

    provider: "TracerProvider | None" = None
    failed = False
    lock = threading.Lock()


def _forget() -> None:
    # The parent's thread did not come along, and somebody may have held the lock.
    _Process.provider, _Process.lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def is_on() -> bool:
    return bool(settings.OTEL_EXPORTER_OTLP_ENDPOINT) and not _Process.failed


def load() -> None:
    """Load the packages, for a process that forks: its children share them. Starts nothing."""
    if is_on():
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace.export  # noqa: F401


def span(
    name: str, kind: Kind, *, parent: str | None = None, within: bool = False, **words: Word | None
) -> AbstractContextManager[Nothing]:
    """
    Measure a block, as a child of what is being measured around it.

    parent: the `traceparent` of what it belongs to instead. within: nothing is measured outside of a trace.
    """
    if not is_on():
        return _NOTHING_HERE
    return _measured(name, kind, parent, within, words)


def asked_for(function: str, source: str, *, count: int = 1) -> str | None:
    """
    Note that tasks were asked for; return the `traceparent` that their rows keep, None in a house that does not trace.

    It begins a trace where none is under way: a chat's message, a command, a schedule.
    """
    with span(f"enqueue {function}", "producer", function=function, source=str(source), count=count) as asked:
        return asked.traceparent


@contextmanager
def _measured(
    name: str, kind: Kind, parent: str | None, within: bool, words: Mapping[str, Word | None]
) -> Iterator[Nothing]:
    from opentelemetry import trace

    around = _context_of(parent)
    if within and not trace.get_current_span(around).get_span_context().is_valid:
        yield NOTHING
        return
    provider = _provider()
    if provider is None:
        yield NOTHING
        return
    with provider.get_tracer(SCOPE).start_as_current_span(
        name,
        context=around,
        kind=trace.SpanKind[kind.upper()],
        # An error's message may hold the person's words, and so may its lines.
        record_exception=False,
        set_status_on_exception=False,
    ) as measured:
        traced = Traced(measured)
        traced.tell(**words)
        try:
            yield traced
        except BaseException as error:
            traced.failed(type(error).__name__)
            raise


def _context_of(traceparent: str | None) -> Any:
    """Return the context that a `traceparent` names; None, the present one, for none or for one that is broken."""
    if not traceparent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent})


def _provider() -> "TracerProvider | None":
    with _Process.lock:
        if _Process.provider is None and not _Process.failed:
            try:
                _Process.provider = _new_provider()
            except Exception:
                # A value of OTEL_* that the SDK cannot use, for one; nobody's request fails for it.
                _Process.failed = True
                logger.exception("traces cannot be sent, and are not measured")
        return _Process.provider


def _new_provider() -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # OTEL_RESOURCE_ATTRIBUTES is added by the SDK, which also reads OTEL_TRACES_SAMPLER, OTEL_BSP_* and its timeouts.
    resource = Resource.create({"service.name": settings.OTEL_SERVICE_NAME, "process.pid": os.getpid()})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    endpoint = f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=settings.OTEL_EXPORTER_OTLP_HEADERS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    atexit.register(end)
    return provider


def end() -> None:
    """Send what is left, for END_SECONDS at most; a process that ends without it loses its last seconds of spans."""
    provider, _Process.provider = _Process.provider, None
    if provider is None:
        return
    # A thread, since the exporter's own end may wait for a collector that does not answer.
    last = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
    last.start()
    last.join(END_SECONDS)
