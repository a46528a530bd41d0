"""A chat user's first word makes an account; all later ones find it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import IntegrityError, connection

from jobs.access.accounts import first_contact
from jobs.access.models import ChatAccount, Platform


@pytest.mark.django_db
def test_the_first_contact_makes_a_user_who_cannot_log_in():
    account = first_contact(Platform.TELEGRAM, "4711")

    assert account.user.has_usable_password() is False
    assert account.user.is_staff is False
    assert account.user.is_superuser is False
    assert authenticate(username=account.user.username, password="") is None


@pytest.mark.django_db
def test_the_second_contact_finds_the_same_user():
    first = first_contact(Platform.DISCORD, "4711")

    again = first_contact(Platform.DISCORD, "4711")

    assert again == first
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_same_number_elsewhere_is_somebody_else():
    users = {first_contact(platform, "4711").user_id for platform in Platform}

    assert len(users) == 3


@pytest.mark.django_db
def test_nobody_can_prepare_a_name_to_be_taken_for_a_chat_user(owner):
    User.objects.create_user("telegram-4711", password="correct horse battery")

    account = first_contact(Platform.TELEGRAM, "4711")

    assert account.user.has_usable_password() is False


@pytest.mark.django_db
def test_the_database_knows_no_other_platform(owner):
    from django.utils import timezone

    with pytest.raises(IntegrityError):
        ChatAccount.objects.create(platform="irc", external_id="1", user=owner, created_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_ten_first_contacts_at_once_make_one_account():
    together = Barrier(10)

    def contact(_number):
        together.wait(timeout=30)
        try:
            return first_contact(Platform.JWT, "sub|of another house").user_id
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        users = set(pool.map(contact, range(10)))

    assert len(users) == 1
    assert ChatAccount.objects.count() == 1
    assert User.objects.count() == 1
