"""Say what came with a message: files by kind and number, stickers by name. Called by rules.py."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from bots.guilds.reading.message import Attachment
from bots.guilds.reading.words import Words

# Discord allows three stickers and ten files; nobody else's word is taken for it.
_MAX_STICKERS = 3
_MAX_ATTACHMENTS = 99

_ENDINGS = {
    "image": "avif bmp gif heic jpeg jpg png svg tif tiff webp",
    "video": "avi m4v mkv mov mp4 mpeg mpg webm wmv",
    "audio": "aac flac m4a mp3 oga ogg opus wav wma",
}
_TELLS_NOTHING = ("", "application/octet-stream", "application/ogg")
_KINDS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}


def describe_attachments(attachments: Sequence[Attachment], words: Words) -> Iterator[str]:
    """Yield a phrase for each kind of file, in a fixed order."""
    counts = Counter(_kind(attachment) for attachment in attachments[:_MAX_ATTACHMENTS])
    for kind, (one, several) in words.kinds.items():
        if counts[kind]:
            yield one if counts[kind] == 1 else several.format(count=counts[kind])


def describe_stickers(stickers: Sequence[str], words: Words) -> Iterator[str]:
    for sticker in stickers[:_MAX_STICKERS]:
        name = words.title(sticker)
        yield f"{words.sticker} {name}" if name else words.sticker


def _kind(attachment: Attachment) -> str:
    kind = attachment.content_type.partition("/")[0].lower()
    if kind in _ENDINGS:
        return kind
    if attachment.content_type not in _TELLS_NOTHING:
        return "file"
    return _KINDS.get(PurePath(attachment.filename).suffix[1:].lower(), "file")
