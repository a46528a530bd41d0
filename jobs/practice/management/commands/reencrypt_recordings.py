"""Bring every recording to the newest key, after RECORDINGS_KEY or SECRET_KEY was changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jobs.practice import rotation


class Command(BaseCommand):
    help = (
        "Encrypt recordings again that lie under an older key. Safe at any time, any number of times, "
        "while the house works; an older key may be taken away once nothing is left."
    )

    def handle(self, **options: Any) -> str:
        done, unreadable = rotation.reencrypt_all()
        if unreadable:
            raise CommandError(
                f"Encrypted {done} recordings again; {unreadable} cannot be read: "
                "their key is in neither RECORDINGS_KEY nor SECRET_KEY, or they were damaged."
            )
        return f"Encrypted {done} recordings again; all are under the newest key."
