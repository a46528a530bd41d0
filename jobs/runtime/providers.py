"""The providers of one engine port, in the order of preference, each behind its breaker.

    PROVIDERS = Providers("image", [Provider("gemini", Gemini()), Provider("local", Diffusers(), is_local=True)])
    answer = PROVIDERS.call(lambda engine: engine.draw(prompt))

A call goes to the first provider whose breaker lets it. `EngineUnavailable` counts against that
one and the next is asked; `EngineRefused` does not count, and the next is asked, who may be less
strict; `InputRejected` goes to the caller at once, since the input is bad anywhere. Any other
error is a fault of ours and goes to the caller too. A provider in this process (`is_local`) has
no breaker and costs no look at Redis: there is nothing to protect it from.

The work must be done when `call` returns: what an iterator raises later is not seen here.
Called by functions; admin/breakers.py shows `every()`.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from jobs.engines.errors import EngineError, EngineRefused, EngineUnavailable, InputRejected
from jobs.runtime import result_cache, tracing
from jobs.runtime.breaker import DEFAULT_RULES, Admission, Breaker, Rules

logger = logging.getLogger(__name__)

Engine = TypeVar("Engine")
Result = TypeVar("Result")

Why = Literal["open", "unavailable", "refused", "over_limit"]


class Skipped(BaseModel, frozen=True):
    provider: str
    why: Why = Field(
        description="open: left alone after failures; unavailable: did not answer; refused: would not; "
        "over_limit: has cost what a day may cost"
    )


class Served(BaseModel, frozen=True):
    """Who answered, for a function's output."""

    provider: str
    skipped: tuple[Skipped, ...] = Field(
        default=(), description="providers before it in the list, and why they did not"
    )
    cached: bool = Field(default=False, description="the answer was given earlier, to the same input")

    @property
    def is_degraded(self) -> bool:
        return bool(self.skipped)


@dataclass(frozen=True)
class Answer(Generic[Result]):
    value: Result
    served: Served


@dataclass(frozen=True)
class Provider(Generic[Engine]):
    """
    version: of model and code; another one makes other results, so it is part of a cached one's key.
    cache_seconds: how long a result may be given out again for the same input; 0 for never.
    may_ask: False while it is not to be asked, because it costs too much; None: always.
    """

    name: str
    engine: Engine
    version: str = ""
    is_local: bool = False
    cache_seconds: int = 0
    rules: Rules = DEFAULT_RULES
    may_ask: Callable[[], bool] | None = None


@dataclass
class _Round:
    """What one call has met so far."""

    skipped: list[Skipped] = field(default_factory=list)
    waits: list[float | None] = field(default_factory=list)  # of those that may answer later; None: at any time
    refusal: EngineRefused | None = None

    def skip(self, provider: str, why: Why, *, wait_seconds: float | None = None) -> None:
        self.skipped.append(Skipped(provider=provider, why=why))
        if why != "refused":
            self.waits.append(wait_seconds)


@dataclass(frozen=True)
class Cached(Generic[Result]):
    """
    How a result is kept for the same input.

    inputs: JSON-ready and normalised, with all that the result depends on but the provider.
    dump, load: the result as bytes and back; `load` raises ValueError for bytes it does not know.
    """

    inputs: Any
    dump: Callable[[Result], bytes]
    load: Callable[[bytes], Result]


class Providers(Generic[Engine]):
    def __init__(self, port: str, providers: Sequence[Provider[Engine]]) -> None:
        names = [provider.name for provider in providers]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"{port}: at least one provider, each with a name of its own")
        self.port = port
        self.providers = tuple(providers)
        self.breakers: dict[str, Breaker] = {
            provider.name: Breaker(port, provider.name, provider.rules)
            for provider in providers
            if not provider.is_local
        }
        self._first_alone = Served(provider=providers[0].name)
        # Declared again, as by a test or a changed setting: the last list counts.
        _ports[port] = self

    def call(self, work: Callable[[Engine], Result], *, cached: Cached[Result] | None = None) -> Answer[Result]:
        """
        Return what the first provider made that could.

        Raises EngineUnavailable, with the seconds until the first of them may be asked again, when
        none answered and one of them may later; EngineRefused when all refused; InputRejected.
        """
        met = _Round()
        for provider in self.providers:
            found = self._found(provider, cached)
            if found is not None:
                return Answer(found[0], Served(provider=provider.name, skipped=tuple(met.skipped), cached=True))
            made = self._ask(provider, work, met)
            if made is not None:
                self._keep(provider, cached, made[0])
                return Answer(made[0], self._served(provider.name, met))
        raise self._nobody(met)

    def _ask(self, provider: Provider[Engine], work: Callable[[Engine], Result], met: _Round) -> tuple[Result] | None:
        """Return what one provider made, None when it was skipped."""
        if provider.may_ask is not None and not provider.may_ask():
            met.skip(provider.name, "over_limit")
            return None
        breaker = self.breakers.get(provider.name)
        admission = breaker.admit() if breaker else _UNGUARDED
        if not admission.is_through:
            met.skip(provider.name, "open", wait_seconds=admission.wait_seconds)
            return None
        try:
            # Threads that a function starts itself are measured when it hands them its context.
            with tracing.span(
                f"{self.port} {provider.name}",
                "internal" if provider.is_local else "client",
                within=True,
                port=self.port,
                provider=provider.name,
            ):
                value = _watched(work, provider.engine, breaker, admission)
        except EngineUnavailable as error:
            wait = error.wait_seconds
            if breaker is not None:
                wait = breaker.failed(admission, error=type(error).__name__, wait_seconds=wait) or wait
            met.skip(provider.name, "unavailable", wait_seconds=wait)
            return None
        except EngineRefused as error:
            met.skip(provider.name, "refused")
            met.refusal = met.refusal or error
            return None
        return (value,)

    def _served(self, name: str, met: _Round) -> Served:
        if not met.skipped:
            return self._first_alone
        logger.info(
            "another provider answered", extra={"port": self.port, "provider": name, "skipped": len(met.skipped)}
        )
        return Served(provider=name, skipped=tuple(met.skipped))

    def _nobody(self, met: _Round) -> EngineError:
        if met.refusal is not None and not met.waits:
            return met.refusal
        # One that failed and may be asked again at any time leaves the moment to the function's own retry.
        known = [wait for wait in met.waits if wait is not None]
        return EngineUnavailable(self.port, wait_seconds=min(known) if len(known) == len(met.waits) else None)

    def _found(self, provider: Provider[Engine], cached: Cached[Result] | None) -> tuple[Result] | None:
        if cached is None or not provider.cache_seconds:
            return None
        data = result_cache.find(self._entry(provider, cached))
        try:
            return None if data is None else (cached.load(data),)
        except ValueError:
            logger.info("cached result not understood", extra={"port": self.port, "provider": provider.name})
            return None

    def _keep(self, provider: Provider[Engine], cached: Cached[Result] | None, value: Result) -> None:
        if cached is not None and provider.cache_seconds:
            entry = self._entry(provider, cached)
            result_cache.keep(entry, cached.dump(value), cache_seconds=provider.cache_seconds)

    def _entry(self, provider: Provider[Engine], cached: Cached[Result]) -> str:
        return result_cache.entry_name(self.port, f"{provider.name} {provider.version}", cached.inputs)


# Of a local provider.
_UNGUARDED = Admission(True)


def _watched(work: Callable[[Engine], Result], engine: Engine, breaker: Breaker | None, admission: Admission) -> Result:
    """Call, and tell the breaker what came of it, but for EngineUnavailable."""
    if breaker is None:
        return work(engine)
    try:
        value = work(engine)
    except EngineUnavailable:
        raise
    except (EngineRefused, InputRejected):
        # It answered, so it is there.
        breaker.succeeded(admission)
        raise
    except Exception:
        breaker.released(admission)
        raise
    except BaseException as error:
        # The alarm of the function's time limit: the provider hung past its own timeout.
        breaker.failed(admission, error=type(error).__name__)
        raise
    breaker.succeeded(admission)
    return value


_ports: dict[str, Providers[Any]] = {}


def every() -> list[Providers[Any]]:
    """Return the ports that this process knows, by name."""
    return [_ports[port] for port in sorted(_ports)]


def json_bytes(value: Any) -> bytes:
    """Return a JSON-ready result as bytes, for `Cached.dump`; `json.loads` is its `load`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
