"""The first staff login, made when there is no superuser; its password is printed once and kept nowhere.

Called by the herald, beside the start of the others: a password hash is made slow on purpose.
"""

import secrets

from core.up.console import Console

NAME = "staff"


def make_first_login(console: Console) -> None:
    from django.contrib.auth.models import User

    if User.objects.filter(is_superuser=True).exists():
        return
    if User.objects.filter(username=NAME).exists():
        console.warn(f"there is no superuser, and {NAME} is somebody else: make one with `manage.py createsuperuser`")
        return
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(NAME, password=password)
    console.say(f"first staff login: {NAME}   password: {password}   (shown this once)")
