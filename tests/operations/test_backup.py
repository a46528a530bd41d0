"""A backup of the tests' own house; and every archive that must be refused before anything is touched."""

import io
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.backup import database, files
from core.backup.archive import MANIFEST, MEDIA, SEAL, SECRET, Archive, Writer, is_allowed
from core.backup.errors import BackupError, BadArchive, CannotBackUp, CannotRestore
from core.backup.making import back_up
from core.backup.restoring import _put_files, restore
from jobs.announcements.models import Announcement
from jobs.runtime import clock, storage
from jobs.runtime.models import Upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path, settings):
    """An empty storage of one test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": str(tmp_path / "media")}},
    }
    return tmp_path / "media"


@pytest.fixture
def upload(owner, folder):
    def keep(data: bytes = b"sound") -> Upload:
        now = clock.now()
        name = default_storage.save("uploads/a/b", ContentFile(data))
        return Upload.objects.create(
            owner=owner, file=name, bytes=len(data), content_type="audio/ogg", seconds=1, sha256="0" * 64,
            created_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip

    return keep


def names_in(path):
    with tarfile.open(path) as tar:
        return tar.getnames()


def test_a_backup_holds_every_row_and_the_files_that_rows_name(upload, owner, folder, tmp_path):
    name = str(upload().file)
    default_storage.save("artifacts/nobody/names.this", ContentFile(b"x"))
    now = clock.now()
    Announcement.objects.create(
        user=owner, date=now.date(), announcement_at=now, created_at=now, file=f"{owner.pk}/weather/a.ogg"
    )
    storage.replace(f"{owner.pk}/weather/a.ogg", ContentFile(b"sun"))
    storage.replace(f"{owner.pk}/weather/latest.json", ContentFile(b"{}"))

    made = back_up(tmp_path / "a.tar", with_secrets=True)

    assert made.path.stat().st_mode & 0o777 == 0o600
    assert (made.files, made.missing) == (3, 0)
    stored = {each for each in names_in(made.path) if each.startswith(MEDIA)}
    assert stored == {MEDIA + each for each in (name, f"{owner.pk}/weather/a.ogg", f"{owner.pk}/weather/latest.json")}
    with made.path.open("rb") as file:
        archive = Archive(file)
        archive.verify()
        assert archive.manifest["rows"] == database.rows_of_tables("default")
    assert not any(folder.joinpath(files.HELD).glob("*/")), "the links are gone"


def test_of_a_bucket_names_and_sizes_are_written_down_and_looked_for_at_a_restore(owner, tmp_path, settings):
    # As a bucket: no folder of this machine.
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": memory}
    now = clock.now()
    for name in ("uploads/here", "uploads/shrinks", "uploads/goes", "uploads/never"):
        if name != "uploads/never":
            default_storage.save(name, ContentFile(b"sound"))
        Upload.objects.create(
            owner=owner, file=name, bytes=5, content_type="audio/ogg", seconds=1, sha256="0" * 64,
            created_at=now, expires_at=now,
        )  # fmt: skip

    made = back_up(tmp_path / "a.tar", with_secrets=False)
    default_storage.delete("uploads/goes")
    default_storage.delete("uploads/shrinks")
    default_storage.save("uploads/shrinks", ContentFile(b"so"))

    assert (made.in_bucket, made.files, made.missing) == (True, 3, 1)
    assert not [name for name in names_in(made.path) if name.startswith(MEDIA)]
    with made.path.open("rb") as file:
        archive = Archive(file)
        archive.verify()
        assert _put_files(archive) == (1, 2)


def test_a_file_that_goes_while_the_database_is_copied_is_in_the_backup_all_the_same(upload, folder, tmp_path):
    """As when a recording is encrypted again: the copied row names a file that is deleted right after."""
    name = str(upload(b"under the old key").file)
    with files.holding() as held:
        held.hold_early(files.names_in_rows("default"))
        default_storage.delete(name)
        held.hold(iter([name, "never/was"]))

        assert [(each, path.read_bytes()) for each, path in held.each()] == [(name, b"under the old key")]
        assert held.missing == 1


def test_two_backups_at_once_are_refused_and_a_killed_one_leaves_nothing(folder, tmp_path):
    left = folder / files.HELD / "deadbeef" / "kept"
    left.mkdir(parents=True)
    with files.holding():
        assert not left.exists()
        with pytest.raises(CannotBackUp, match="another backup"):
            back_up(tmp_path / "a.tar", with_secrets=True)
    assert list(tmp_path.glob("*.tar*")) == []


def test_the_key_is_in_the_file_only_when_the_house_made_it_and_it_is_wanted(folder, tmp_path, settings):
    settings.HOME.mkdir(parents=True, exist_ok=True)
    place = settings.HOME / "secret_key"
    before = place.read_bytes() if place.exists() else None
    place.write_text(settings.SECRET_KEY)
    try:
        with_key = back_up(tmp_path / "a.tar", with_secrets=True)
        without = back_up(tmp_path / "b.tar", with_secrets=False)
        place.write_text("another")
        from_outside = back_up(tmp_path / "c.tar", with_secrets=True)
    finally:
        place.unlink() if before is None else place.write_bytes(before)

    assert [SECRET in names_in(each.path) for each in (with_key, without, from_outside)] == [True, False, False]
    assert [each.with_key for each in (with_key, without, from_outside)] == [True, False, False]
    assert settings.SECRET_KEY.encode() not in without.path.read_bytes()


def test_a_backup_is_written_over_nothing_and_into_no_missing_folder(folder, tmp_path):
    taken = tmp_path / "taken.tar"
    taken.write_bytes(b"of yesterday")

    # Without its folder the archive of every night would be a file of the folder's name, and the next one refused.
    meant_as_folder = tmp_path / "backups"
    for place, words in (
        (taken, "exists"),
        (tmp_path / "no" / "a.tar", "does not exist"),
        (meant_as_folder, f"no folder {meant_as_folder}: make it"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("backup", str(place))

    assert list(tmp_path.iterdir()) == [taken]
    assert taken.read_bytes() == b"of yesterday"
    assert back_up(tmp_path, with_secrets=False).path.name.startswith("koebako-2")


def test_new_code_backs_up_no_database_that_it_has_not_migrated(folder, tmp_path):
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("jobs", "0001_initial")
    try:
        with pytest.raises(CommandError, match=r"lacks 1 migrations .* with the code that runs"):
            call_command("backup", str(tmp_path))
    finally:
        recorder.record_applied("jobs", "0001_initial")

    assert list(tmp_path.iterdir()) == []


def test_postgresqls_programs_are_named_where_they_are_missing_or_fail(monkeypatch):
    with pytest.raises(CannotBackUp, match=r"cat failed: .*no-such-option"):
        database._run([database._program("cat", CannotBackUp), "--no-such-option"], CannotBackUp)

    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotBackUp, match="pg_dump is not installed"):
        database._program("pg_dump", CannotBackUp)


# --- What is refused ---------------------------------------------------------


def rewritten(data: bytes, change) -> bytes:
    """Return the archive with `change` applied to its members: a list of (TarInfo, bytes)."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [(told, tar.extractfile(told).read()) for told in tar]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for told, content in change(members):
            told.size = len(content) if told.isreg() else 0
            tar.addfile(told, io.BytesIO(content))
    return out.getvalue()


def resealed(data: bytes, change) -> bytes:
    """Return the archive with another manifest, and the digest that goes with it: a forger's, or a newer version's."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        kept = [(told, tar.extractfile(told).read()) for told in tar]
    manifest = json.loads({told.name: content for told, content in kept}[MANIFEST])
    change(manifest)
    writer = Writer(out)
    for told, content in kept:
        if told.name not in {MANIFEST, SEAL}:
            writer.add_bytes(told.name, content)
    manifest.pop("members", None)
    writer.finish(manifest)
    return out.getvalue()


def with_member(name: str, kind=tarfile.REGTYPE, link: str = ""):
    def change(members):
        told = tarfile.TarInfo(name)
        told.type, told.linkname = kind, link
        return [(told, b"x"), *members]

    return change


def damaged(data: bytes, inner: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        at = tar.getmember(inner).offset_data
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def hostile(data: bytes, database_name: str, stored: str):
    """Yield what is wrong, and an archive with it."""
    for part in (database_name, stored, MANIFEST, SEAL, "files.jsonl"):
        yield f"a bit of {part} flipped", damaged(data, part)
    for end in (0, 1, 511, len(data) // 3, len(data) - 10_240 - 600):
        yield f"cut off after {end} bytes", data[:end]
    yield "no archive", b"SQLite format 3\x00" * 100
    for name in (
        "media/../../etc/cron.d/x", "/etc/passwd", "media//etc/passwd", "../x", "media/a/../../x", "media/.writing/x",
        "media/.backup/x", "media/", "media/a\\..\\b", "x", "secret_key/x", "media/./a", "media/" + "a" * 600,
    ):  # fmt: skip
        yield f"a member {name[:40]!r}", rewritten(data, with_member(name))
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"S"):
        yield f"a member of type {kind!r}", rewritten(data, with_member("media/a", kind, "/etc/passwd"))
    for name in ("format", "made_at", "koebako", "database", "migrations", "rows", "keys", "files"):
        yield f"no {name} in the manifest", resealed(data, lambda manifest, name=name: manifest.pop(name))
        yield f"nonsense as {name}", resealed(data, lambda manifest, name=name: manifest.update({name: [None]}))
    yield "the key twice", rewritten(data, lambda members: [*with_member(SECRET)(members)][:1] + members[-2:])
    yield "a file more", rewritten(data, with_member("media/more"))
    yield "a file less", rewritten(data, lambda all_: [each for each in all_ if each[0].name != stored])
    yield "something behind the end", rewritten(data, lambda all_: [*all_, *with_member("media/late")([])])
    yield "files in another order", rewritten(data, lambda all_: [*all_[:1], *reversed(all_[1:3]), *all_[3:]])


def test_damaged_cut_and_forged_archives_are_refused_and_nothing_is_touched(upload, folder, tmp_path):
    upload(b"one")
    upload(b"two")
    made = back_up(tmp_path / "good.tar", with_secrets=True)
    data, names = made.path.read_bytes(), names_in(made.path)
    stored = next(name for name in names if name.startswith(MEDIA))
    before = database.rows_of_tables("default"), sorted(folder.rglob("*"))
    wrong = []

    for what, bad in hostile(data, names[0], stored):
        place = tmp_path / "bad.tar"
        place.write_bytes(bad)
        try:
            restore(place, replace=True, say=lambda _words: None)
        except BadArchive:
            continue
        except BackupError as error:
            wrong.append((what, f"refused for another reason: {error}"))
        else:
            wrong.append((what, "taken"))

    assert wrong == []
    assert before == (database.rows_of_tables("default"), sorted(folder.rglob("*")))


def test_archives_of_another_house_are_refused_by_reason(upload, folder, tmp_path, settings):
    upload()
    good = back_up(tmp_path / "good.tar", with_secrets=False).path.read_bytes()

    def change(**values):
        return lambda manifest: manifest.update(values)

    def newer(manifest):
        manifest["migrations"].setdefault("jobs", []).append("0999_of_tomorrow")

    reasons = [
        (newer, "newer version.*0999_of_tomorrow"),
        (lambda m: m["migrations"].update(strange=["0001_initial"]), "newer version.*strange"),
        (change(format=2), "has format 2"),
        (change(database={"engine": "oracle", "server": "1"}), "holds a oracle database"),
        (lambda m: m["keys"].update(secret_key="0" * 16), "SECRET_KEY is not the one"),
        (lambda m: m["keys"].update(recordings=["0" * 16]), "RECORDINGS_KEY lacks 1"),
        (lambda m: m["keys"].update(fallbacks=["0" * 16]), "SECRET_KEY_FALLBACKS lacks 1"),
        (lambda m: m["files"].update(where="bucket"), "STORAGE_URL as it was"),
    ]
    for act, words in reasons:
        place = tmp_path / "other.tar"
        place.write_bytes(resealed(good, act))
        with pytest.raises(BackupError, match=words):
            restore(place, replace=True, say=lambda _words: None)


def test_a_backup_of_before_a_change_of_the_key_fits_while_the_old_key_is_a_fallback(
    upload, folder, tmp_path, settings, monkeypatch
):
    upload()
    old = settings.SECRET_KEY
    made = back_up(tmp_path / "a.tar", with_secrets=False).path
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", []
    with pytest.raises(BackupError, match="SECRET_KEY is not the one"):
        restore(made, replace=True, say=lambda _words: None)

    settings.SECRET_KEY_FALLBACKS = [old]
    # Everything fits; what comes next is none of this test's.
    with pytest.raises(BackupError, match="give --yes"):
        restore(made, replace=False, say=lambda _words: None)


def test_a_house_with_data_is_not_replaced_unless_that_is_said(upload, folder, tmp_path):
    upload()
    made = back_up(tmp_path / "a.tar", with_secrets=False)

    with pytest.raises(CommandError, match=r"auth_user: 1 rows.*--yes"):
        call_command("restore", str(made.path))


def test_an_empty_house_that_was_only_migrated_holds_nothing(db):
    assert database.occupied() == {}


def test_a_house_that_runs_is_not_replaced(upload, folder, tmp_path, valkey):
    from core.up import preflight
    from jobs.runtime import stats

    upload()
    made = back_up(tmp_path / "a.tar", with_secrets=False)
    lock = preflight.take_lock(settings.HOME)
    with pytest.raises(CannotRestore, match="another `up`"):
        restore(made.path, replace=True, say=lambda _words: None)
    os.close(lock)

    stats.beat({"elsewhere:0:1:1": {"name": "elsewhere:0:1:1", "host": "elsewhere", "pid": 1}})
    with pytest.raises(CannotRestore, match="1 workers are alive"):
        restore(made.path, replace=True, say=lambda _words: None)


def test_a_database_that_others_hold_is_not_exchanged(tmp_path):
    """SQLite's own word for it: the log cannot be closed while another connection is open."""
    house, copy = tmp_path / "house.sqlite3", tmp_path / "copy.sqlite3"
    for place in (house, copy):
        with closing(sqlite3.connect(place)) as wire:
            wire.execute("PRAGMA journal_mode=WAL")
            wire.execute("CREATE TABLE t (a)")
            wire.commit()
    with closing(sqlite3.connect(house)) as other:
        other.execute("SELECT * FROM t").fetchall()
        with pytest.raises(CannotRestore, match="others use the database"):
            database._have_alone(house, busy_seconds=0)

    database._have_alone(house, busy_seconds=0)


def test_a_link_of_somebodys_in_the_storage_leads_nothing_out_of_it(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    folder.mkdir()
    (folder / "artifacts").symlink_to(tmp_path / "outside")

    with pytest.raises(CannotRestore, match="leads out"):
        files.put("artifacts/a", iter([b"x"]))

    assert list((tmp_path / "outside").iterdir()) == []


def test_names_that_may_stand_in_an_archive():
    good = ["media/a", "media/1/weather/2026-01-01.ogg", "media/recordings/ab/cd/ef", "media/絵.png", "media/a/.b"]

    assert all(map(is_allowed, good))
    assert not any(map(is_allowed, ["a", "media", "media/", "media/..", "media/a/", "media/a\x00b", "", "/media/a"]))
