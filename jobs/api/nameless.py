"""Keep the files of a form without a name on the disk, so that they go with the request however that ends.

Django's own larger files have a name in the folder for temporary files until they are closed: a process that is killed
leaves a recording there, to be read by whoever comes by. Set as FILE_UPLOAD_HANDLERS.
"""

import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class NamelessFiles(FileUploadHandler):
    """Takes what is too large for memory."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 - closed with the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        self._file.seek(0)
        extra = self.content_type_extra
        return UploadedFile(self._file, self.file_name, self.content_type, file_size, self.charset, extra)

    def upload_interrupted(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
