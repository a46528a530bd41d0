"""An hour of practice: what one learner recorded in one go."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs.runtime.identity import new_task_id

TITLE_CHARACTERS = 120


class PracticeSession(models.Model):
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    owner = models.ForeignKey(
        # Recordings lie in the storage: a user who went by a cascade would leave them behind (retention.py).
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="practice_sessions",
        verbose_name=_("owner"),
    )
    title = models.CharField(_("title"), max_length=TITLE_CHARACTERS, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("practice session")
        verbose_name_plural = _("practice sessions")
        ordering = ["-pk"]
        # GET /practice/sessions: ids sort by creation.
        indexes = [models.Index(fields=["owner", "-id"], name="practice_session_owner")]

    def __str__(self) -> str:
        return str(self.pk)
