"""The file of a backup: a tar whose last members say what all others are, by size and SHA-256.

    database.sqlite3 | database.pgdump
    secret_key           unless it was left out, or comes from the environment
    media/NAME ...       in the order of files.jsonl
    files.jsonl          a line for each stored file: name, bytes, sha256
    manifest.json        versions, migrations, rows of each table, the members above
    manifest.sha256      of manifest.json

The digests find damage; they are no signature: whoever can write the file can write them too. Memory is bounded by
one line, whatever the number of files. Called by making.py and restoring.py.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ValidationError

from core.backup.errors import BadArchive

FORMAT = 1
MEDIA = "media/"
SECRET = "secret_key"  # noqa: S105 - a name
FILES, MANIFEST, SEAL = "files.jsonl", "manifest.json", "manifest.sha256"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
SINGLE = {SECRET, FILES, MANIFEST, SEAL, *DATABASES.values()}
CHUNK_BYTES = 1 << 20
LINE = {"name": str, "bytes": int, "sha256": str}
# Tables, migrations and a few names; a thousand times what ours has.
MAX_MANIFEST_BYTES = 10_000_000
# A name has 250 characters at most, four bytes each, perhaps escaped.
MAX_LINE_BYTES = 10_000


@dataclass(frozen=True)
class Member:
    """offset: of its first byte in the archive."""

    name: str
    offset: int
    size: int


class Server(BaseModel):
    engine: str
    server: str


class Keys(BaseModel):
    secret_key: str
    fallbacks: list[str] = []
    recordings: list[str]


class Stored(BaseModel):
    where: Literal["archive", "bucket"]
    count: int
    bytes: int
    missing: int


class Told(BaseModel):
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What must stand in manifest.json; more may."""

    format: int
    made_at: str
    koebako: str
    database: Server
    migrations: dict[str, list[str]]
    rows: dict[str, int]
    keys: Keys
    files: Stored
    members: dict[str, Told]


class HashingReader(io.RawIOBase):
    """Reads `file` and knows the digest of what was read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        data = self._file.read(-1 if size is None else size)
        self.digest.update(data)
        return data


class Writer:
    """Writes an archive into an open file. `members` are the single ones, for the manifest."""

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - close() ends it
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, source: BinaryIO, size: int) -> str:
        """Append `size` bytes of `source` under `name`; return their SHA-256. Raises OSError when it is shorter."""
        told = tarfile.TarInfo(name)
        told.size, told.mode = size, 0o600
        reader = HashingReader(source)
        self._tar.addfile(told, reader)
        # tarfile remembers each member for a list that nobody asks for.
        self._tar.members.clear()  # type: ignore[attr-defined]
        digest = reader.digest.hexdigest()
        if not name.startswith(MEDIA):
            self.members[name] = {"bytes": size, "sha256": digest}
        return digest

    def add_path(self, name: str, path: Path) -> str:
        with path.open("rb") as source:
            return self.add(name, source, path.stat().st_size)

    def add_bytes(self, name: str, data: bytes) -> str:
        return self.add(name, io.BytesIO(data), len(data))

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write the manifest and its digest, and end the archive; the file stays open."""
        text = json.dumps({**manifest, "members": dict(self.members)}, indent=1, sort_keys=True).encode()
        self.add_bytes(SEAL, self.add_bytes(MANIFEST, text).encode())
        self._tar.close()


def line_of(name: str, size: int, digest: str) -> bytes:
    return json.dumps({"name": name, "bytes": size, "sha256": digest}, ensure_ascii=False).encode() + b"\n"


class Archive:
    """An archive that was looked through once: every name and kind is allowed, and the last member is the seal."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises BadArchive."""
        self._file = file
        self.single: dict[str, Member] = {}
        last = ""
        for member in self._headers():
            last = member.name
            if not last.startswith(MEDIA):
                if last in self.single:
                    raise BadArchive(f"the archive has {last} twice")
                self.single[last] = member
        if last != SEAL or MANIFEST not in self.single or FILES not in self.single:
            raise BadArchive("the archive was cut off or damaged: its end is missing")
        self.manifest = self._read_manifest()

    def _headers(self) -> Iterator[Member]:
        self._file.seek(0)
        try:
            with tarfile.open(fileobj=self._file, mode="r:") as tar:
                while (told := tar.next()) is not None:
                    tar.members.clear()  # type: ignore[attr-defined]
                    # Asked by its type: `isreg` would let a sparse file through, which claims any size.
                    if told.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or not is_allowed(told.name):
                        raise BadArchive(f"the archive holds {told.name[:200]!r}, which no backup of ours does")
                    yield Member(told.name, told.offset_data, told.size)
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            raise BadArchive("this is no backup, or it was damaged: it cannot be read as a tar file") from error

    def _read_manifest(self) -> dict[str, Any]:
        member = self.single[MANIFEST]
        if member.size > MAX_MANIFEST_BYTES:
            raise BadArchive("the archive was damaged: its manifest is too large")
        text = self.bytes_of(MANIFEST)
        if hashlib.sha256(text).hexdigest().encode() != self.bytes_of(SEAL)[:64]:
            raise BadArchive("the archive was damaged: its manifest is not what was written")
        try:
            manifest = Manifest.model_validate_json(text)
        except ValidationError:
            raise BadArchive("the archive's manifest cannot be read") from None
        if manifest.format != FORMAT:
            raise BadArchive(f"the archive has format {manifest.format}; this version reads {FORMAT}")
        if set(manifest.members) != set(self.single) - {MANIFEST, SEAL}:
            raise BadArchive("the archive was damaged: its members are not those of its manifest")
        return manifest.model_dump()

    def bytes_of(self, name: str) -> bytes:
        """Return a small member as a whole."""
        member = self.single[name]
        if member.size > MAX_MANIFEST_BYTES:
            raise BadArchive(f"the archive was damaged: {name} is too large")
        return b"".join(self.pieces(member))

    def pieces(self, member: Member) -> Iterator[bytes]:
        """Yield the member's bytes. Raises BadArchive when the file ends before it."""
        at, left = member.offset, member.size
        while left:
            self._file.seek(at)
            piece = self._file.read(min(left, CHUNK_BYTES))
            if not piece:
                raise BadArchive(f"the archive was cut off within {member.name}")
            at, left = at + len(piece), left - len(piece)
            yield piece

    def media(self) -> Iterator[tuple[Member, dict[str, Any]]]:
        """Yield each stored file with its line of the list. Raises BadArchive where the two do not go together."""
        lines = self._lines()
        for member in self._headers():
            if not member.name.startswith(MEDIA):
                continue
            told = next(lines, None)
            if told is None or (told["name"], told["bytes"]) != (member.name.removeprefix(MEDIA), member.size):
                raise BadArchive(f"the archive was damaged: {member.name} is not what its list says")
            yield member, told
        if self.manifest["files"]["where"] == "archive" and next(lines, None) is not None:
            raise BadArchive("the archive was damaged: files of its list are missing")

    def listed(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of the list of files, those of a bucket too."""
        return self._lines()

    def _lines(self) -> Iterator[dict[str, Any]]:
        rest = b""
        for piece in self.pieces(self.single[FILES]):
            *whole, rest = (rest + piece).split(b"\n")
            if len(rest) > MAX_LINE_BYTES:
                raise BadArchive("the archive was damaged: a line of its list is too long")
            yield from map(_line, whole)
        if rest:
            raise BadArchive("the archive was damaged: its list was cut off")

    def verify(self) -> None:
        """Read everything once and compare each digest. Raises BadArchive naming the first that differs."""
        for name, told in self.manifest["members"].items():
            if self._digest(self.single[name]) != told["sha256"]:
                raise BadArchive(f"the archive was damaged: {name} is not what was written")
        count = 0
        for member, told in self.media():
            count += 1
            if self._digest(member) != told["sha256"]:
                raise BadArchive(f"the archive was damaged: {member.name} is not what was written")
        if self.manifest["files"]["where"] == "archive" and count != self.manifest["files"]["count"]:
            raise BadArchive("the archive was damaged: it does not hold as many files as were written")

    def _digest(self, member: Member) -> str:
        digest = hashlib.sha256()
        for piece in self.pieces(member):
            digest.update(piece)
        return digest.hexdigest()


def _line(text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    if not isinstance(line, dict) or {key: type(line[key]) for key in line} != LINE:
        raise BadArchive("the archive was damaged: a line of its list cannot be read")
    return line


def is_allowed(name: str) -> bool:
    """Return whether a backup of ours may hold a member of this name: nothing that leads out of a folder."""
    if name in SINGLE:
        return True
    inner = name.removeprefix(MEDIA)
    if inner == name or not inner or "\\" in inner or "\x00" in inner or len(inner) > 500:
        return False
    path = PurePosixPath(inner)
    # A hidden first folder is the storage's own: what is being written, what is being backed up.
    plain = not path.is_absolute() and ".." not in path.parts and str(path) == inner
    return plain and not path.parts[0].startswith(".")
