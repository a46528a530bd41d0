"""A file that somebody sent for a function to work on. Its bytes lie in Django's default storage, under a name of ours.

It goes when it has expired and nothing that is still to run needs it, and with the content of the tasks that used it;
see uploads.py.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.runtime.identity import new_task_id


class Upload(models.Model):
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads", verbose_name=_("owner")
    )
    file = models.FileField(max_length=250)
    bytes = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=100, help_text=_("by its content, whatever the sender said"))
    seconds = models.FloatField(help_text=_("length of the recording"))
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        # The clean-up reads what has expired, oldest first.
        indexes = [models.Index(fields=["expires_at"], name="upload_expires")]

    def __str__(self) -> str:
        return str(self.pk)
