import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.runtime import registry


class Command(BaseCommand):
    help = "Print what can be invoked, with queue, limits and input. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON with the input schemas")

    def handle(self, *args: Any, **options: Any) -> None:
        found = registry.offered()
        if options["as_json"]:
            self.stdout.write(json.dumps([_described(spec) for spec in found], ensure_ascii=False, indent=2))
            return
        for spec in found:
            fields = ", ".join(spec.input_type.model_fields)
            self.stdout.write(f"{spec.name}({fields})  {spec.queue}, {spec.timeout_seconds} s  {spec.summary}")


def _described(spec: registry.Function) -> dict[str, Any]:
    return {
        "name": spec.name,
        "summary": spec.summary,
        "queue": spec.queue,
        "timeout_seconds": spec.timeout_seconds,
        "soft_timeout_seconds": spec.soft_timeout_seconds,
        "max_running": spec.max_running,
        "max_running_per_key": spec.max_running_per_key,
        "rate": asdict(spec.rate) if spec.rate else None,
        "max_memory_megabytes": spec.max_memory_megabytes,
        "max_output_bytes": spec.max_output_bytes,
        "max_retries": spec.retry.maximum if spec.retry else None,
        "retention_seconds": spec.retention.row_seconds,
        "staff_only": spec.staff_only,
        "every_seconds": spec.every_seconds,
        "input_schema": spec.input_type.model_json_schema(),
        "output_schema": spec.output_type.model_json_schema(),
    }
