"""Bring what is sealed under an older SECRET_KEY to the newest, so that the older one can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.access import two_factor
from jobs.delivery.webhook import resealing


class Command(BaseCommand):
    help = (
        "Seal again what lies under a key of SECRET_KEY_FALLBACKS: webhooks' signing secrets and second steps. Safe at "
        "any time, any number of times, while the house works. Recordings have a command of their own, "
        "reencrypt_recordings."
    )

    def handle(self, **options: Any) -> str:
        found = [resealing.reseal_all(), two_factor.reseal_all()]
        done, unreadable = (sum(counts) for counts in zip(*found, strict=True))
        if unreadable:
            raise CommandError(
                f"Sealed {done} secrets again; {unreadable} cannot be read: "
                "their key is neither SECRET_KEY nor among SECRET_KEY_FALLBACKS."
            )
        return f"Sealed {done} secrets again; all are under SECRET_KEY."
