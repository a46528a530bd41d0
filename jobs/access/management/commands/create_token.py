from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.access import tokens
from jobs.access.caller import DEFAULT_SCOPES, SCOPES
from jobs.access.errors import AccessError


class Command(BaseCommand):
    help = (
        "Make an API token and print it, alone, on standard output: this once, it is stored nowhere. "
        "Every call makes one more. Exit code 2 for a value that cannot be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="the user the token acts for")
        parser.add_argument("--create", action="store_true", help="make the user when missing, without a password")
        parser.add_argument("--name", default="command", help="what the token is for (default: %(default)s)")
        parser.add_argument(
            "--days", type=int, default=tokens.DEFAULT_DAYS, help="until it ends (default: %(default)s)"
        )
        parser.add_argument(
            "--scope",
            nargs="+",
            action="extend",
            metavar="S",
            help=f"what it may do: {', '.join(SCOPES)} (default: {', '.join(DEFAULT_SCOPES)})",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        user = self._user(options["user"], create=options["create"])
        try:
            token, secret = tokens.issue(
                user, name=options["name"], days=options["days"], scopes=options["scope"] or DEFAULT_SCOPES
            )
        except AccessError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stderr.write(
            f"Token for {user.get_username()}, {', '.join(token.scopes)}, until {token.expires_at:%Y-%m-%d}."
        )
        return secret

    def _user(self, name: str, *, create: bool) -> User:
        user = User.objects.filter(username=name).first()
        if user is None and not create:
            raise CommandError(f"there is no user {name!r}; --create makes one", returncode=2)
        if user is None:
            try:
                User._meta.get_field("username").clean(name, None)
            except ValidationError as error:
                raise CommandError(f"{name!r} is no username: {' '.join(error.messages)}", returncode=2) from error
            # Another call may be making the same user now; both get the one that was made.
            user, _made = User.objects.get_or_create(username=name, defaults={"password": make_password(None)})
        return user
