from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.access import two_factor


class Command(BaseCommand):
    help = (
        "Take the second step from a user's login, for one who lost the phone and the backup codes. Written into the "
        "audit book. Safe to repeat. Exit code 2 for a user who does not exist."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> str:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"there is no user {options['user']!r}", returncode=2)
        if two_factor.switch_off(user, actor=None):
            return f"{user.get_username()} logs in with the password alone."
        return f"{user.get_username()} had no second step."
