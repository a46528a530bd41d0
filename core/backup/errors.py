"""What stops a backup or a restore; each message is a sentence for the operator."""


class BackupError(Exception):
    """The root of this room's errors. Nothing was changed unless the message says so."""


class CannotBackUp(BackupError):
    """No backup was written."""


class BadArchive(BackupError):
    """The file is none of ours, was damaged, or holds what no backup of ours holds."""


class CannotRestore(BackupError):
    """This house cannot become the one in the archive."""
