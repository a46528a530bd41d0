"""Recordings in a bucket: encrypted there too, played through the house alone, and gone when they must go."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from jobs.access.models import Action, AuditEntry
from jobs.engines.media.kinds import MP4
from jobs.practice import keys, links, recordings, retention, sealing
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock
from jobs.runtime.errors import InvalidInput
from jobs.runtime.retention import cleaners
from tests.engines.recordings import sound, tone
from tests.practice.conftest import BEEP, turn_of
from tests.s3_service import BUCKET

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("house_in_moto")]


@pytest.fixture
def objects(bucket):
    """What lies in the bucket under our prefix, by key."""

    def objects() -> dict[str, bytes]:
        listed = bucket.client.list_objects_v2(Bucket=BUCKET, Prefix="house/").get("Contents", [])
        return {each["Key"]: bucket.client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed}

    return objects


def test_it_lies_encrypted_there_too(make_record, objects):
    data = sound(tone(2.0), "wav")

    record = make_record(data)

    [(key, stored)] = objects().items()
    assert key == f"house/recordings/{record.pk.hex[-2:]}/{record.pk.hex}/{keys.newest().id}"
    assert stored.startswith(sealing.MAGIC)
    assert not any(data[at : at + 64] in stored for at in range(0, len(data) - 64, 9973))
    with recordings.in_plain(record) as (file, _kind):
        assert file.read() == data


def test_it_is_played_by_an_address_of_the_house_whole_and_in_part_and_for_a_while(
    client, make_record, owner, monkeypatch
):
    record = make_record()
    url = links.recording_url(record, owner)

    whole, part = client.get(url), client.get(url, headers={"range": "bytes=100-299"})

    assert not urlsplit(url).netloc
    assert (whole.status_code, whole.content) == (200, BEEP)
    assert (part.status_code, part.content) == (206, BEEP[100:300])
    told = AuditEntry.objects.filter(action=Action.RECORDING_PLAYED).order_by("id")
    assert [(entry.actor, entry.details["part"]) for entry in told] == [(owner, ""), (owner, "bytes=100-299")]
    later = clock.now() + timedelta(seconds=links.LINK_SECONDS + links.STEP_SECONDS)
    monkeypatch.setattr(links.clock, "now", lambda: later)
    assert client.get(url).status_code == 403


def test_it_is_analysed_from_there(analyse, make_record, ear, worker):
    task = analyse(make_record()).task

    worker.work()

    task.refresh_from_db()
    assert task.status == "success"
    assert ear.heard[0][0] == pytest.approx(16_000, rel=0.1)


def test_what_is_deleted_leaves_no_object(make_record, objects):
    gone, kept = make_record(), make_record()

    retention.delete_record(gone)

    assert [gone.pk.hex in key for key in objects()] == [False]
    assert list(PracticeRecord.objects.all()) == [kept]


def test_one_that_no_record_names_is_taken_by_the_clean_up(make_record, objects):
    lost, kept = make_record(), make_record()
    PracticeRecord.objects.filter(pk=lost.pk).delete()

    assert cleaners()["recordings without a record"](turn_of(lost), 10) == 1
    assert cleaners()["recordings without a record"](turn_of(kept), 10) == 0

    assert [kept.pk.hex in key for key in objects()] == [True]


def test_it_goes_by_age_and_its_record_stays(make_record, objects, settings):
    old = make_record()
    long_ago = clock.now() - timedelta(days=settings.RECORDINGS_DAYS, minutes=1)
    PracticeRecord.objects.filter(pk=old.pk).update(created_at=long_ago)

    assert cleaners()["recordings"](clock.now(), 10) == 1

    assert objects() == {}
    assert PracticeRecord.objects.get(pk=old.pk).recording == ""


def test_a_new_key_takes_it_over_and_nothing_of_the_old_one_stays(make_record, objects, settings):
    record = make_record()
    before = keys.newest().id
    settings.RECORDINGS_KEYS = ["a new key " * 4]

    call_command("reencrypt_recordings")

    [(key, stored)] = objects().items()
    assert (key.rpartition("/")[2], sealing.key_id_of(stored[: sealing.HEAD_BYTES])) == (keys.newest().id,) * 2
    assert keys.newest().id != before
    settings.SECRET_KEY = "another one altogether, so that only RECORDINGS_KEY can read it"
    with recordings.in_plain(PracticeRecord.objects.get(pk=record.pk)) as (file, kind):
        assert (file.read(), kind) == (BEEP, MP4)


def test_a_refused_one_leaves_no_object(make_record, objects, session):
    PracticeSession.objects.filter(pk=session.pk).delete()

    with pytest.raises(PracticeSession.DoesNotExist):
        make_record()
    with pytest.raises(InvalidInput):
        make_record(b"no sound")

    assert objects() == {}
