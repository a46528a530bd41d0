"""An app that lets speech fail for texts with a mark in them.

Loaded by tests.flow_settings when KOEBAKO_FAILING_SPEECH is set.
"""

import functools
from dataclasses import replace
from typing import Any

from django.apps import AppConfig

from jobs.engines.errors import EngineUnavailable, InputRejected
from jobs.runtime.context import Context

# In a text that can be read aloud otherwise, so that it is accepted and fails in the worker.
REFUSED = "無理です"  # fails for good in the first attempt
AWAY = "不在です"  # the engine is away in every attempt: fails after all retries


class Failing(AppConfig):
    name = "tests.benchmarks"
    label = "failing"

    def ready(self) -> None:
        from jobs.runtime import registry

        spec = registry.get("speech")

        @functools.wraps(spec.call)
        def call(inputs: Any, context: Context) -> Any:
            if REFUSED in inputs.text:
                raise InputRejected("text", "marked", "this text is to fail")
            if AWAY in inputs.text:
                raise EngineUnavailable("marked")
            return spec.call(inputs, context)

        registry._functions["speech"] = replace(spec, call=call)
