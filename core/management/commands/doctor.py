import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from core import doctor


class Command(BaseCommand):
    help = (
        "Check the configuration and each dependency; exit 0 only when all is well. "
        "Safe at any time: it writes one small file to the storage and deletes it."
    )
    # It runs them itself, and shows them with the rest instead of stopping at the first.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def handle(self, **options: Any) -> None:
        found = []
        for name, outcome in doctor.examine():
            found.append({"name": name, **asdict(outcome)})
            if not options["json"]:
                mark = self.style.SUCCESS("ok  ") if outcome.ok else self.style.ERROR("FAIL")
                self.stdout.write(f"{mark}  {name:<13} {outcome.seconds:6.2f} s  {outcome.detail}")
        broken = sum(not row["ok"] for row in found)
        if options["json"]:
            rows = [{**row, "seconds": round(float(row["seconds"]), 3)} for row in found]
            self.stdout.write(json.dumps({"ok": not broken, "checks": rows}, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(
                f"{broken} of {len(found)} checks failed" if broken else f"all {len(found)} checks passed"
            )
        sys.exit(1 if broken else 0)
