"""The admin of practice: looked at, and that it was is written down."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from jobs.access.models import Action, AuditEntry
from tests.practice.conftest import BEEP, SENTENCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_record_is_shown_and_that_stands_in_the_book(client, staff, analyse, record, worker):
    analyse(record)
    worker.work()
    client.force_login(staff)

    for name, row in (
        ("practicesession", record.session),
        ("practicerecord", record),
        ("analysisresult", record.results.get()),
    ):
        assert client.get(reverse(f"admin:practice_{name}_changelist")).status_code == 200
        page = client.get(reverse(f"admin:practice_{name}_change", args=[row.pk]))
        assert page.status_code == 200
        entry = AuditEntry.objects.get(action=Action.PRACTICE_VIEWED, object_type=name)
        assert (entry.actor, entry.object_id) == (staff, str(row.pk))


def test_a_records_scores_are_named(client, staff, analyse, record, worker):
    analyse(record)
    worker.work()
    client.force_login(staff)

    page = client.get(
        reverse("admin:practice_practicerecord_change", args=[record.pk]), headers={"accept-language": "en"}
    )

    table = page.content.decode().partition('<table class="house-table"><thead>')[2].partition("</table>")[0]
    names = [cell.partition("</th>")[0] for cell in table.split('<th scope="col">')[1:]]
    assert names == ["completed", "overall", "accuracy", "fluency", "rhythm"]
    assert table.count("<td>") == len(names)


def test_who_may_listen_hears_it_and_stands_in_the_book(client, staff, record):
    client.force_login(staff)
    page = client.get(reverse("admin:practice_practicerecord_change", args=[record.pk])).content.decode()
    url = page.partition('preload="none" src="')[2].partition('"')[0].replace("&amp;", "&")

    assert SENTENCE in page
    assert client.get(url).content == BEEP
    entry = AuditEntry.objects.get(action=Action.RECORDING_PLAYED)
    assert (entry.actor, entry.details["own"]) == (staff, False)


def test_looking_is_not_listening(client, stranger, record):
    stranger.is_staff = True
    stranger.save()
    stranger.user_permissions.add(Permission.objects.get(codename="view_practicerecord"))
    client.force_login(stranger)

    page = client.get(reverse("admin:practice_practicerecord_change", args=[record.pk]))

    assert page.status_code == 200
    assert "<audio" not in page.content.decode()
    assert client.get(reverse("admin:practice_practicesession_changelist")).status_code == 403
