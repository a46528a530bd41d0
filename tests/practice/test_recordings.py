"""Recordings between their coming and their end: keys that change, time that passes, people who are forgotten."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction

from bots.guilds.forget import forget_member
from jobs.access import accounts
from jobs.access.models import Platform
from jobs.engines.media.kinds import MP4
from jobs.practice import keys, left_over, recordings, retention
from jobs.practice.errors import RecordingDamaged, RecordingGone
from jobs.practice.models import PracticeRecord, PracticeSession
from jobs.runtime import clock, storage
from jobs.runtime.errors import InvalidInput
from jobs.runtime.identity import new_task_id
from jobs.runtime.retention import cleaners
from jobs.runtime.storage import StorageUnreachable
from jobs.runtime.storage.disk import DiskStorage
from tests.practice.conftest import BEEP

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_storage(settings, tmp_path):
    """Give each test a storage of its own: others leave recordings whose records went with their database."""
    default = settings.STORAGES["default"]
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": {"location": str(tmp_path)}}}


def files_of(record):
    try:
        return default_storage.listdir(str(record.recording.name).rpartition("/")[0])[1]
    except FileNotFoundError:
        return []


def away(_storage, _name):
    raise OSError("the storage is away")


def heard(record):
    with recordings.opened(record) as opened:
        return opened.read()


def test_the_decoder_gets_it_as_a_file_without_a_place(record):
    with recordings.in_plain(record) as (file, kind):
        assert (file.read(), kind) == (BEEP, MP4)
        assert file.fileno() > 2
        assert str(Path(f"/proc/self/fd/{file.fileno()}").readlink()).startswith("/memfd:")


def test_a_recording_belongs_to_its_record(record, make_record):
    other = make_record()
    other.recording.name = record.recording.name

    with pytest.raises(RecordingDamaged):
        heard(other)


def test_a_file_that_is_away_is_gone(record):
    default_storage.delete(record.recording.name)

    with pytest.raises(RecordingGone):
        heard(record)


def test_a_session_that_was_deleted_meanwhile_leaves_nothing(session, make_record, monkeypatch):
    stored = []
    keep = recordings._store

    def store_and_lose(record, plain):
        keep(record, plain)
        stored.append(record)
        PracticeSession.objects.filter(pk=session.pk).delete()

    monkeypatch.setattr(recordings, "_store", store_and_lose)

    with pytest.raises(PracticeSession.DoesNotExist):
        make_record()

    assert files_of(stored[0]) == []
    assert not PracticeRecord.objects.exists()


def test_a_refused_recording_leaves_no_file(make_record, settings):
    settings.PRACTICE_OWNER_BYTES = 10

    with pytest.raises(InvalidInput):
        make_record()

    assert not PracticeRecord.objects.exists()


# Keys


def test_a_new_key_reads_what_is_there_and_takes_it_over(make_record, settings, capsys):
    old = [make_record(), make_record()]
    settings.RECORDINGS_KEYS = ["a new key " * 4]
    new = make_record()
    assert [heard(each) for each in (*old, new)] == [BEEP] * 3

    call_command("reencrypt_recordings")

    assert "Encrypted 2 recordings again" in capsys.readouterr().out
    for record in PracticeRecord.objects.all():
        assert (record.key_id, heard(record), len(files_of(record))) == (keys.newest().id, BEEP, 1)
    settings.SECRET_KEY = "another one altogether, so that only RECORDINGS_KEY can read them"
    assert [heard(each) for each in PracticeRecord.objects.all()] == [BEEP] * 3


def test_it_goes_on_where_it_was_stopped(make_record, settings, monkeypatch):
    records = [make_record(), make_record()]
    settings.RECORDINGS_KEYS = ["a new key " * 4]
    with monkeypatch.context() as outage:
        outage.setattr(DiskStorage, "delete", away)
        with pytest.raises(OSError, match="away"):
            call_command("reencrypt_recordings")

    call_command("reencrypt_recordings")

    for record in PracticeRecord.objects.all():
        assert (record.key_id, heard(record)) == (keys.newest().id, BEEP)
    # What lay in the folder when it died goes with the record.
    for record in records:
        retention.delete_record(PracticeRecord.objects.get(pk=record.pk))
        assert files_of(record) == []


def test_what_cannot_be_read_is_counted_and_left(make_record, settings):
    settings.RECORDINGS_KEYS = ["a lost key " * 4]
    lost = make_record()
    settings.RECORDINGS_KEYS = []
    make_record()

    with pytest.raises(CommandError, match="1 cannot be read"):
        call_command("reencrypt_recordings")

    assert files_of(lost)


# The end


def test_recordings_go_by_age_and_their_records_stay(make_record, analyse, worker, settings):
    old, new, busy = make_record(), make_record(), make_record()
    analyse(old)
    worker.work()
    analyse(busy)
    long_ago = clock.now() - timedelta(days=settings.RECORDINGS_DAYS, minutes=1)
    PracticeRecord.objects.filter(pk__in=[old.pk, busy.pk]).update(created_at=long_ago)

    assert cleaners()["recordings"](clock.now(), 10) == 1
    assert cleaners()["recordings"](clock.now(), 10) == 0

    assert [bool(files_of(each)) for each in (old, new, busy)] == [False, True, True]
    old.refresh_from_db()
    assert (old.recording.name, old.key_id, old.status, old.results.count()) == ("", "", "ai_analyzed", 1)
    with pytest.raises(InvalidInput) as refused:
        analyse(old)
    assert refused.value.errors[0].code == "recording_gone"


def test_a_deletion_that_is_rolled_back_keeps_the_recording(make_record):
    records = [make_record(), make_record()]

    with transaction.atomic():
        retention.delete_record(records[0])
        recordings.erase([records[1]])
        retention.erase_of(records[0].session.owner)
        assert not PracticeRecord.objects.exists()
        transaction.set_rollback(True)

    assert [heard(each) for each in PracticeRecord.objects.all()] == [BEEP] * 2


class Killed(BaseException):
    """The process ends here; nothing of ours catches it."""


@pytest.mark.parametrize(
    "end", [retention.delete_record, lambda record: recordings.erase([record])], ids=["deleted", "erased"]
)
def test_who_dies_between_the_commit_and_the_storage_leaves_it_to_the_clean_up(make_record, monkeypatch, end):
    record, kept = make_record(), make_record()

    def die(_folder):
        raise Killed

    with monkeypatch.context() as death:
        death.setattr(storage, "delete_folder", die)
        with pytest.raises(Killed):
            end(record)

    assert not PracticeRecord.objects.filter(pk=record.pk).exclude(recording="").exists()
    assert files_of(record)
    assert clean_up_a_round() == 1
    assert files_of(record) == []
    assert heard(kept) == BEEP


def test_a_recording_whose_record_was_never_written_is_taken_once_it_is_old(session, record):
    lost = PracticeRecord(id=new_task_id(), session=session)
    recordings._store(lost, io.BytesIO(BEEP))

    assert left_over.erase(clock.now(), 10) == 0
    assert clean_up_a_round(clock.now() - timedelta(days=2)) == 0, "its record may be on the way"
    assert files_of(lost)

    assert clean_up_a_round() == 1
    assert (files_of(lost), heard(record)) == ([], BEEP)


def test_what_no_key_of_this_house_opens_is_left_alone(make_record, settings):
    settings.RECORDINGS_KEYS = ["the key of another house " * 2]
    theirs = make_record()
    settings.RECORDINGS_KEYS = []
    PracticeRecord.objects.all().delete()
    default_storage.save(f"recordings/{theirs.pk.hex[-2:]}/notes/readme", ContentFile(b"by hand"))

    assert clean_up_a_round() == 0

    assert files_of(theirs)


def test_a_storage_that_does_not_answer_is_made_up_for_by_the_clean_up(make_record, monkeypatch, caplog):
    records = [make_record() for _ in range(3)]
    asked = []

    def away_and_counted(_storage, name):
        asked.append(name)
        raise StorageUnreachable("SlowDown")

    with monkeypatch.context() as outage:
        outage.setattr(DiskStorage, "delete", away_and_counted)
        retention.delete_session(records[0].session)
        assert clean_up_a_round() == 0

    assert not PracticeRecord.objects.exists()
    # Each would have waited as long as the first: one for the session, then one for each folder's turn.
    assert len(asked) == 1 + len({each.pk.hex[-2:] for each in records})
    assert "recordings are left to the clean-up" in caplog.text
    assert [bool(files_of(each)) for each in records] == [True] * 3
    assert clean_up_a_round() == 3
    assert [files_of(each) for each in records] == [[]] * 3


def clean_up_a_round(first=None):
    """Run the clean-up at each minute of a round, a day from now; return how many recordings it erased."""
    first = first or clock.now() + timedelta(days=1)
    clean = cleaners()["recordings without a record"]
    return sum(clean(first + timedelta(minutes=minute), 10) for minute in range(left_over.FOLDERS))


def test_who_is_forgotten_leaves_no_voice(make_record, valkey):
    account = accounts.first_contact(Platform.JWT, "user-1")
    theirs = PracticeSession.objects.create(owner=account.user, created_at=clock.now())
    gone, kept = make_record(within=theirs), make_record()

    assert forget_member(Platform.JWT, "user-1") >= 2

    assert files_of(gone) == []
    assert list(PracticeRecord.objects.all()) == [kept]
    assert not PracticeSession.objects.filter(pk=theirs.pk).exists()
